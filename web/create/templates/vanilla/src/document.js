// One document: a session, Yjs on it, and a Tiptap editor on that.
import { Editor } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { StarterKit } from "@tiptap/starter-kit";
import { connect } from "holdfast";
import { HoldfastProvider } from "holdfast/yjs";
import { Doc } from "yjs";
import { getToken, signOut } from "./account.js";
import { colour } from "./status.js";

export async function openDocument(element, { document, user }) {
  const session = await connect({
    document,
    user: user.id,
    getToken,
    logout: signOut,
    warnUnsent: true, // the browser asks before a page is left whose changes are not stored
  });
  const doc = new Doc();
  const provider = new HoldfastProvider(session, doc);
  const editor = new Editor({
    element,
    editable: false, // until the session says what this user may do
    editorProps: { attributes: { "aria-label": `Text of ${document}`, role: "textbox", "aria-multiline": "true" } },
    extensions: [
      // Collaboration has its own undo, which takes back only what this user did.
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Collaboration.configure({ document: doc }),
      CollaborationCaret.configure({ provider, user: { name: user.name, color: colour(user.id) } }),
    ],
  });
  return {
    session, provider, editor,
    close() {
      provider.destroy();
      editor.destroy();
      doc.destroy();
      session.close();
    },
  };
}
