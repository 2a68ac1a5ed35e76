// What the page says about the connection: one sentence, how grave it is, and what a button
// can do about it ("reconnect", "takeOver", "reopen").

/** Returns `{ text, tone, action }` for a session. `error` is what last went wrong, if anything did. */
export function status({ state, unsent = 0, writes = true, error }) {
  const waiting = unsent > 0 ? `${unsent} ${unsent === 1 ? "change waits" : "changes wait"}` : "";
  switch (state) {
    case "connected":
      if (waiting) return { text: `${waiting}…`, tone: "busy" };
      return { text: writes ? "All changes stored" : "You may read this document", tone: "good" };
    case "reconnecting":
      return { text: `No connection. ${waiting ? `${waiting} here` : "You can go on"}`, tone: "warn", action: "reconnect" };
    case "replaced":
      return { text: "Open on another of your devices", tone: "warn", action: "takeOver" };
    case "closed":
      return { text: error?.message ?? "The session has ended.", tone: "bad", action: "reopen" };
    default:
      return { text: "Connecting…", tone: "busy" };
  }
}

/** The words on the button. */
export const actions = { reconnect: "Connect now", takeOver: "Use it here", reopen: "Open again" };

/** Returns the document in the page's address: ?document=…, or "welcome". */
export function documentId(search = location.search) {
  const id = new URLSearchParams(search).get("document") ?? "";
  // The characters that a document's id may have.
  return /^[A-Za-z0-9\-._~]{1,128}$/.test(id) && id !== "." && id !== ".." ? id : "welcome";
}

/** Returns a colour for a person: the same for the same id. */
export function colour(id) {
  const colours = ["#7a4fb5", "#b0447c", "#2f6db8", "#a35a1c", "#4f7a28", "#0f6b62"];
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return colours[sum % colours.length];
}
