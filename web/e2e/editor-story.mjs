// What two users with two tabs each, and one who may only read, do in an editor.
import assert from "node:assert/strict";
import { serve, signIn } from "./apps.mjs";
import { Person, launch } from "./browser.mjs";
import { bundle, Tab } from "./editors.mjs";
import { startServer } from "./server.mjs";

let server, browser, bundled;

/** Starts one Worker and one Chromium for these editors. */
export async function startEditors(editors) {
  [server, browser, bundled] = await Promise.all([startServer(), launch(), bundle(editors)]);
}
export async function stopEditors() {
  await browser?.close();
  await server?.stop();
  await bundled?.remove();
}

const colors = { Olive: "#2f9e44", Oscar: "#1971c2", Edgar: "#c2255c", Emma: "#e8590c", Emil: "#5f3dc4", Vera: "#0b7285" };
const each = (tabs, what) => Promise.all(tabs.map(what));
/** All tabs show this text. */
const all = (tabs, text) => each(tabs, (tab) => tab.shows({ text }));
/** Each tab shows the carets of the others, with their names, and none besides. */
const carets = (tabs) => each(tabs, (tab) => tab.shows({ names: tabs.filter((other) => other !== tab).map(({ name }) => name).sort() }));
/** All tabs show one text, with these words in it; returns it. */
async function agree(tabs, ...words) {
  for (const word of words) await each(tabs, (tab) => tab.contains(word));
  const { text } = await tabs[0].read();
  await all(tabs, text);
  return text;
}

/** All that they do, in order. */
export async function story(t, editor) {
  await server.document(editor.toLowerCase());
  const site = await serve(server.url);
  t.after(() => site.stop());
  site.show("/editors/", bundled.out);
  const people = [];
  const arrive = async (account) => {
    const person = people[people.push(await Person.arrive(browser, site.url)) - 1];
    t.after(() => person.close());
    await signIn(person, account);
    return person;
  };
  const [owner, other, viewer] = await each(["owner", "editor", "viewer"], arrive);
  const open = (person, name, query) => Tab.open(person, site, editor, name, colors[name], query);

  // Who may only read opens what is empty.
  const early = await open(viewer, "Vera");
  await early.synced();
  await early.page.close();

  // React's Strict Mode destroys the UndoManager of BlockNote, whatever the provider: there, who takes back has it off.
  const lax = editor === "BlockNote" ? "&lax" : "";
  // Each types in turn, at the end of what the others typed.
  const olive = await open(owner, "Olive");
  await olive.synced();
  await olive.type("one");
  const [oscar, edgar, emma] = await each([[owner, "Oscar"], [other, "Edgar", lax], [other, "Emma"]], (tab) => open(...tab));
  const tabs = [olive, oscar, edgar, emma];
  await all(tabs, "one");
  let text = "one";
  for (const tab of tabs) {
    await tab.type(` ${tab.name}`);
    await all(tabs, (text += ` ${tab.name}`));
  }
  await carets(tabs);
  // With SHOTS=DIR a picture of each tab.
  if (process.env.SHOTS) await each(tabs, (tab) => tab.page.screenshot({ path: `${process.env.SHOTS}/${editor}-${tab.name}.png`, clip: { x: 0, y: 0, width: 640, height: 220 } }));

  // One takes back all that they typed, and nothing else; and does it again.
  await edgar.press("Control+z", 8);
  await all(tabs, "one Olive Oscar Emma");
  await edgar.press("Control+Shift+Z", 8);
  await all(tabs, text);

  // All type at once.
  await each(tabs, (tab) => tab.type(`<${tab.name}>`));
  const letters = (text) => [...text].sort().join("");
  await each(tabs, (tab) => tab.holds(letters(`${text}${tabs.map(({ name }) => `<${name}>`).join("")}`)));
  text = await agree(tabs);

  // The line drops, two people type, and it is there again.
  site.drop();
  await each(tabs, (tab) => tab.offline());
  await each([oscar, edgar], (tab) => tab.type(`[${tab.name}]`));
  site.resume();
  text = await agree(tabs, "[Oscar]", "[Edgar]");
  await carets(tabs);

  // An editor that is loaded when its session has long received the document.
  const emil = await open(other, "Emil", "&late");
  await emil.shows({ text });
  await emil.type(" late");
  await all([...tabs, emil], (text += " late"));
  await carets([...tabs, emil]);
  await emil.page.close();
  await carets(tabs);

  // Reloaded, a tab shows the same and stores nothing; and who may only read has it too.
  const version = await olive.version();
  for (const tab of [olive, emma]) {
    await tab.page.reload();
    await tab.shows({ text });
    await tab.page.locator(tab.parts.root).focus();
    await carets(tabs);
  }
  const vera = await open(viewer, "Vera");
  await vera.shows({ text, names: tabs.map(({ name }) => name).sort() });
  assert.deepEqual(await each([...tabs, vera], (tab) => tab.version()), Array(5).fill(version), "a reload stored something");
  await emma.type(" end");
  await all([...tabs, vera], `${text} end`);

  if (editor === "Tiptap") assert.equal(await vera.page.locator(vera.parts.root).getAttribute("contenteditable"), "false");
  assert.deepEqual(await each([...tabs, vera], (tab) => tab.page.evaluate(() => globalThis.refused)), Array(5).fill([]));
  for (const person of people) {
    assert.deepEqual(person.console.filter((line) => !/WebSocket connection to .* failed|^(info|debug):/.test(line)), []);
  }
}
