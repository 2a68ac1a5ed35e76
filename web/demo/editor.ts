import { Plugin } from "@tiptap/pm/state";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import type { ConnectOptions, HoldfastError, PresenceDetail, Session } from "holdfast";
import type { YOp, YPresence } from "holdfast/yjs";
import { colourOf, leaveColour, nameOf } from "./carets.ts";
import { Comments } from "./comments.ts";
import { openDocument } from "./document.ts";
import { at, short } from "./dom.ts";
import { shownName } from "./guests.ts";
import { Locks } from "./locks.ts";

/** The demo's session: Yjs over Holdfast. */
export type DemoSession = Session<YOp, YPresence>;

/** Another member of the document. */
export interface Person {
  key: string;
  name: string;
  colour: number;
}

/** What the editor reports to the page around it. */
export interface EditorEvents {
  refused(error: HoldfastError): void;
  restored(): void;
  unreadable(error: HoldfastError): void;
  people(people: Person[]): void;
  say(text: string): void;
}

type Opened = Awaited<ReturnType<typeof openDocument>>;

/** The text of one document, with its comments and locks, kept in step with a session. */
export class Editor {
  readonly session: DemoSession;
  readonly comments: Comments;
  readonly locks: Locks;
  /** Whether the server has refused a change: what is typed after it is on this page alone. */
  refused = false;
  #opened: Opened;
  #people = new Map<string, PresenceDetail>();
  #names = new Map<string, string>(); // of users, those who have left too
  #events: EditorEvents;

  /** Opens a document in an element. */
  static async open(element: HTMLElement, options: ConnectOptions, events: EditorEvents): Promise<Editor> {
    return new Editor(await openDocument(element, options), `Text of ${options.document}`, events);
  }

  private constructor(opened: Opened, label: string, events: EditorEvents) {
    const { session, provider, editor } = (this.#opened = opened);
    this.session = session;
    this.#events = events;
    editor.registerPlugin(
      new Plugin({
        props: {
          attributes: () => ({
            "aria-label": label, "aria-multiline": "true", "aria-readonly": String(!editor.isEditable), role: "textbox", spellcheck: "true", tabindex: "0",
          }),
        },
      }),
    );
    const name = (userId: string): string => (userId === session.userId ? "You" : (this.#names.get(userId) ?? short(userId)));
    this.comments = new Comments(editor, session, name, events.say);
    this.locks = new Locks(editor, session, name, events.say);
    provider.on("refused", (error) => {
      this.refused = true;
      events.refused(error);
    });
    provider.on("synced", (all) => {
      if (!all || !this.refused) return;
      this.refused = false; // the rights are back, and all of it is stored
      events.restored();
    });
    provider.on("error", events.unreadable);
    session.addEventListener("presence", ({ detail }) => this.#present(detail));
    for (const type of ["permissionchange", "state"]) session.addEventListener(type, () => this.draw());
    editor.on("transaction", () => this.#marks());
    editor.on("update", ({ transaction }) => transaction.getMeta(ySyncPluginKey) || events.say("")); // what was said of the last try
    this.draw();
  }

  /** Returns the whole text, a line for each block. */
  get text(): string {
    return this.#opened.editor.getText({ blockSeparator: "\n" });
  }

  /** Puts the focus into the text, even where it may only be read. */
  focus(): void {
    this.#opened.editor.view.dom.focus({ preventScroll: true });
  }

  /** Does what a button of the toolbar says. */
  format(mark: string): void {
    const chain = this.#opened.editor.chain().focus();
    if (mark === "heading") chain.toggleHeading({ level: 2 }).run();
    else if (mark === "bold") chain.toggleBold().run();
    else if (mark === "italic") chain.toggleItalic().run();
    else chain.toggleBulletList().run();
  }

  /** Draws the toolbar again. */
  draw(): void {
    this.#marks();
    this.comments.refresh();
    this.locks.draw();
  }

  /** Removes the editor from the page. */
  destroy(): void {
    this.#opened.provider.destroy();
    this.#opened.editor.destroy();
    this.#opened.doc.destroy();
  }

  #marks(): void {
    const { editor } = this.#opened;
    for (const button of at("toolbar").querySelectorAll<HTMLButtonElement>("[data-mark]")) {
      button.disabled = !editor.isEditable;
      button.setAttribute("aria-pressed", String(editor.isActive(button.dataset.mark!)));
    }
  }

  #present(detail: PresenceDetail): void {
    const key = nameOf(detail);
    if (detail.name) this.#names.set(detail.userId, shownName(detail.userId, detail.name));
    if (key === nameOf(this.session)) return;
    if (detail.state !== "leave") this.#people.set(key, detail);
    else if (this.#people.delete(key)) leaveColour(detail);
    this.#events.people([...this.#people].map(([key, one]) => ({ key, name: shownName(one.userId, one.name || one.userId), colour: colourOf(one) })));
  }
}
