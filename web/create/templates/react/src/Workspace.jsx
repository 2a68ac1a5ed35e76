// One document: the session, the people in it, the text, and what the page says about the line.
import { HoldfastProvider } from "holdfast/yjs";
import { useHoldfast } from "holdfast/react";
import { useEffect, useState } from "react";
import { Doc } from "yjs";
import { getToken, signOut } from "./account.js";
import { actions, colour, status } from "./status.js";
import { Text } from "./Text.jsx";

export function Workspace({ user, document, onSignedOut }) {
  const [people, setPeople] = useState({});
  const holdfast = useHoldfast({
    document,
    user: user.id,
    getToken,
    logout: signOut,
    warnUnsent: true, // the browser asks before a page is left whose changes are not stored
    on: {
      autherror: ({ detail }) => detail.recoverable || onSignedOut("Your sign-in has ended. Sign in again."),
      presence: ({ detail }, session) => detail.userId === session.userId || setPeople((people) => present(people, detail)),
    },
  });
  const { session, state, permissions, locked, unsent, error } = holdfast;
  const { yjs, refusal } = useYjs(session);
  const writes = permissions.includes("write") && !locked;
  // Once something is refused for good, what is typed after it is on this page alone.
  const { text, tone, action } = status(refusal ? { state: "closed", error: refusal } : { state, unsent, writes, error });

  function act() {
    if (refusal) location.reload();
    else if (action === "reopen") holdfast.reopen();
    else session[action]();
  }
  async function leave() {
    await holdfast.signOut().catch(() => {}); // all tabs, and the cookie
    onSignedOut();
  }

  return (
    <div className="workspace">
      <header className="bar">
        <a className="home" href="/"><img src="/icon.svg" alt="" width="26" height="26" /> {{title}}</a>
        <ul className="people" aria-label="Others on this document">
          {Object.entries(people).map(([key, { userId, name }]) => (
            <li key={key} title={name} style={{ background: colour(userId) }}>{name.slice(0, 1).toUpperCase()}</li>
          ))}
        </ul>
        <span className="me">{user.name}</span>
        <button className="quiet" onClick={leave}>Sign out</button>
      </header>
      <main className="sheet">
        {yjs ? <Text key={yjs.doc.guid} {...yjs} title={document} user={user} editable={writes && state !== "closed" && !refusal} /> : <div className="head"><h1>{document}</h1></div>}
        <footer className="foot">
          <span className="state" role="status" data-tone={tone}>{text}</span>
          {action && <button onClick={act}>{actions[action]}</button>}
        </footer>
      </main>
    </div>
  );
}

/** Returns a Yjs document on a session, and what the server refused to store of it. */
function useYjs(session) {
  const [yjs, setYjs] = useState();
  const [refusal, setRefusal] = useState();
  useEffect(() => {
    if (!session) return;
    const doc = new Doc();
    const provider = new HoldfastProvider(session, doc);
    provider.on("refused", setRefusal);
    provider.on("synced", (all) => all && setRefusal(undefined));
    setYjs({ doc, provider });
    return () => {
      setYjs(undefined);
      setRefusal(undefined);
      provider.destroy();
      doc.destroy();
    };
  }, [session]);
  return { yjs, refusal };
}

function present(people, { userId, clientId, name, state }) {
  const key = `${userId} ${clientId}`;
  const { [key]: before, ...others } = people;
  return state === "leave" ? others : { ...others, [key]: { userId, name: name || before?.name || userId } };
}
