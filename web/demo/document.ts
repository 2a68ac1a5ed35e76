import { Editor } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { StarterKit } from "@tiptap/starter-kit";
import { connect, type ConnectOptions } from "holdfast";
import { HoldfastProvider, type YOp, type YPresence } from "holdfast/yjs";
import { Doc } from "yjs";
import { Carets } from "./carets.ts";
import { sectionOf } from "./places.ts";

/** Opens a document: a session, a provider on it, and an editor on that. */
export async function openDocument(element: HTMLElement, options: ConnectOptions) {
  const session = await connect<YOp, YPresence>(options);
  const doc = new Doc();
  // The server lets nobody write in a section that another user has locked, so it is told where a change is.
  const provider = new HoldfastProvider(session, doc, { section: () => sectionOf(editor.state).id });
  const editor: Editor = new Editor({
    element,
    editable: false,
    injectCSS: false, // this page's policy allows no style elements
    extensions: [
      // Collaboration has its own undo; and an editor that adds a last line does so in everybody's text.
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Collaboration.configure({ document: doc }),
      Carets.configure({ provider, session }),
    ],
  });
  const mayWrite = (): void => editor.setEditable(session.can("write") && !session.locked && session.state !== "closed", false);
  for (const event of ["state", "permissionchange", "locks"]) session.addEventListener(event, mayWrite);
  return { session, doc, provider, editor };
}
