// The page: a sign-in form, and one document with the people in it.
import { account, forget, signIn } from "./account.js";
import { openDocument } from "./document.js";
import { actions, colour, documentId, status } from "./status.js";

const at = (id) => document.getElementById(id);
let open; // the document on the page

function showSignIn(problem) {
  close();
  at("workspace").hidden = true;
  at("sign-in").hidden = false;
  at("problem").hidden = !problem;
  at("problem").textContent = problem ?? "";
  at("email").focus();
}

async function showDocument() {
  const id = documentId();
  close();
  at("sign-in").hidden = true;
  at("workspace").hidden = false;
  at("document").textContent = document.title = id;
  at("me").textContent = account().name;
  at("people").replaceChildren();
  showStatus({ state: "connecting" });
  try {
    open = await openDocument(at("editor"), { document: id, user: account() });
  } catch (error) {
    return showStatus({ state: "closed", error }); // the page could not load all of Holdfast
  }
  const { session, provider, editor } = open;
  const others = new Map();
  let error;

  const draw = () => {
    const writes = session.can("write") && !session.locked;
    editor.setEditable(writes && session.state !== "closed", false);
    for (const button of at("tools").children) {
      button.disabled = !editor.isEditable;
      button.setAttribute("aria-pressed", String(editor.isActive(button.dataset.mark)));
    }
    showStatus({ state: session.state, unsent: session.unsent, writes, error });
  };
  session.addEventListener("state", () => {
    if (session.state === "connected") error = undefined;
    draw();
  });
  for (const type of ["permissionchange", "unsent", "locks"]) session.addEventListener(type, draw);
  session.addEventListener("error", ({ detail }) => {
    error = detail;
    draw();
  });
  session.addEventListener("autherror", ({ detail }) => {
    if (detail.recoverable) return; // it still has a token, and asks again
    forget();
    showSignIn("Your sign-in has ended. Sign in again.");
  });
  session.addEventListener("presence", ({ detail: { userId, clientId, name, state } }) => {
    if (userId === session.userId) return;
    const one = `${userId} ${clientId}`;
    if (state === "leave") others.delete(one);
    else others.set(one, { userId, name: name || others.get(one)?.name || userId });
    at("people").replaceChildren(...[...others.values()].map(face));
  });
  // The server stored no more of this document: what is typed from here on is on this page alone.
  provider.on("refused", (refusal) => {
    error = refusal;
    editor.setEditable(false, false);
    showStatus({ state: "closed", error });
  });
  editor.on("transaction", draw);
  draw();
}

function close() {
  open?.close();
  open = undefined;
}

function showStatus(about) {
  const { text, tone, action } = status(about);
  if (at("state").textContent !== text) at("state").textContent = text;
  at("state").dataset.tone = tone;
  at("act").hidden = !action;
  at("act").textContent = actions[action] ?? "";
  at("act").onclick = () => (action === "reopen" ? showDocument() : open.session[action]());
}

function face({ userId, name }) {
  const item = document.createElement("li");
  item.textContent = name.slice(0, 1).toUpperCase();
  item.title = name;
  item.style.background = colour(userId);
  return item;
}

at("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("submit").disabled = true;
  try {
    await signIn(at("email").value, at("password").value);
    at("password").value = "";
    await showDocument();
    open?.editor.commands.focus("end");
  } catch (error) {
    showSignIn(error.message);
  } finally {
    at("submit").disabled = false;
  }
});
at("sign-out").addEventListener("click", async () => {
  await open?.session.signOut().catch(() => {}); // all tabs, and the cookie
  forget();
  showSignIn();
});
for (const button of at("tools").children) {
  button.addEventListener("click", () => {
    const chain = open.editor.chain().focus();
    const mark = button.dataset.mark;
    if (mark === "heading") chain.toggleHeading({ level: 2 }).run();
    else if (mark === "bold") chain.toggleBold().run();
    else if (mark === "italic") chain.toggleItalic().run();
    else chain.toggleBulletList().run();
  });
}

// When the development server is stopped, Vite waits for it and reloads the page, and what was
// typed meanwhile would go with it. So it waits; reload the page by hand for its hot reload.
import.meta.hot?.on("vite:ws:disconnect", () => new Promise(() => {}));

if (account()) showDocument();
else showSignIn();
