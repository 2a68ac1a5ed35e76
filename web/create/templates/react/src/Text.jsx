// The editor: Tiptap on a Yjs document, with the others' carets.
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { EditorContent, useEditor, useEditorState } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import { useEffect } from "react";
import { colour } from "./status.js";

const tools = [
  ["heading", "Heading", "H", (chain) => chain.toggleHeading({ level: 2 })],
  ["bold", "Bold", <b>B</b>, (chain) => chain.toggleBold()],
  ["italic", "Italic", <i>I</i>, (chain) => chain.toggleItalic()],
  ["bulletList", "List", "•", (chain) => chain.toggleBulletList()],
];

export function Text({ doc, provider, title, user, editable }) {
  const editor = useEditor({
    editable,
    editorProps: { attributes: { "aria-label": `Text of ${title}`, role: "textbox", "aria-multiline": "true" } },
    extensions: [
      // Collaboration has its own undo, which takes back only what this user did.
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Collaboration.configure({ document: doc }),
      CollaborationCaret.configure({ provider, user: { name: user.name, color: colour(user.id) } }),
    ],
  });
  useEffect(() => editor.setEditable(editable, false), [editor, editable]);
  const active = useEditorState({ editor, selector: ({ editor }) => tools.map(([mark]) => editor.isActive(mark)) });

  return (
    <>
      <div className="head">
        <h1>{title}</h1>
        <div className="tools" role="group" aria-label="Text">
          {tools.map(([mark, name, label, toggle], i) => (
            <button key={mark} title={name} disabled={!editable} aria-pressed={active[i]} onClick={() => toggle(editor.chain().focus()).run()}>{label}</button>
          ))}
        </div>
      </div>
      <EditorContent className="editor" editor={editor} />
    </>
  );
}
