import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, placeholder } from "@codemirror/view";
import type { HoldfastError, PresenceDetail, Session } from "holdfast";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import { colours, cursors, showCursors } from "./cursors.ts";
import { hue } from "./dom.ts";

/** An operation of the demo: one Yjs update in base64. */
export interface TextOp {
  y: string;
}

/** Where someone's caret is, in positions that survive edits. */
export interface Place {
  tab: string;
  anchor?: unknown;
  head?: unknown;
}

/** Someone else on the document. */
export interface Person {
  key: string;
  name: string;
  colour: number;
}

/** What the page around the editor is told. */
export interface EditorEvents {
  /** So many changes are not stored yet. */
  saved(unsaved: number): void;
  refused(error: HoldfastError): void;
  people(people: Person[]): void;
}

type DemoSession = Session<TextOp, Place>;

const remote = Symbol("remote");
const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "inherit", color: "var(--ink)", background: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "inherit", lineHeight: "1.7", overflow: "auto" },
  ".cm-content": { padding: "28px 0 64px", maxWidth: "68ch", margin: "0 auto", width: "100%", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 28px" },
  ".cm-line:first-child": { fontSize: "1.45em", fontWeight: "650", lineHeight: "1.4", letterSpacing: "-.02em" },
  ".cm-cursor": { borderLeft: "2px solid var(--accent)" },
  ".cm-placeholder": { color: "var(--muted)", font: "400 17px/1.7 var(--sans)", letterSpacing: "0" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
});

/** The text of one document, kept in step with a session. */
export class Editor {
  #session: DemoSession;
  #doc = new Y.Doc();
  #text = this.#doc.getText("text");
  #view: EditorView;
  #writable = new Compartment();
  #people = new Map<string, PresenceDetail<Place>>();
  #unsaved = 0;
  #moved?: ReturnType<typeof setTimeout>;
  #heard: EditorEvents;
  #gone = false;
  #refused = false;

  constructor(parent: HTMLElement, session: DemoSession, label: string, heard: EditorEvents) {
    this.#session = session;
    this.#heard = heard;
    // In a shadow root CodeMirror adds its styles as sheets, not as elements,
    // which a strict style-src would block.
    const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
    const mount = document.createElement("div");
    mount.style.height = "100%";
    root.replaceChildren(mount);
    this.#view = new EditorView({
      root,
      parent: mount,
      state: EditorState.create({
        extensions: [
          keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
          drawSelection(),
          EditorView.lineWrapping,
          placeholder("Nothing here yet. What you type reaches everyone on this document."),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true" }),
          this.#writable.of(access(false)),
          theme,
          cursors,
          yCollab(this.#text, null, { undoManager: new Y.UndoManager(this.#text) }),
          EditorView.updateListener.of((update) => {
            if (update.selectionSet || update.docChanged || update.focusChanged) this.#tellPlace();
          }),
        ],
      }),
    });
    this.#doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== remote) this.#send(update);
    });
    session.addEventListener("operation", ({ detail }) => {
      if (!detail.own) this.#apply(detail.op);
    });
    session.addEventListener("presence", ({ detail }) => this.#present(detail));
    session.addEventListener("permissionchange", () => this.refreshAccess());
    session.addEventListener("state", ({ detail }) => {
      this.refreshAccess();
      if (detail.state === "connected") this.#tellPlace();
    });
  }

  /** The whole text. */
  get text(): string {
    return this.#text.toString();
  }

  /** Lets the user type or not, as the session's permissions say. */
  refreshAccess(): void {
    const may = !this.#refused && this.#session.can("write") && !this.#session.locked && this.#session.state !== "closed";
    if (may === !this.#view.state.readOnly) return;
    this.#view.dispatch({ effects: this.#writable.reconfigure(access(may)) });
  }

  /** Takes the editor out of the page. */
  destroy(): void {
    clearTimeout(this.#moved);
    this.#gone = true;
    this.#view.destroy();
    this.#doc.destroy();
  }

  #send(update: Uint8Array): void {
    this.#count(+1);
    this.#session.send({ y: encode(update) }).then(
      () => this.#count(-1),
      (error: HoldfastError) => {
        this.#count(-1);
        if (error.code === "CLOSED" || this.#gone) return;
        this.#refused = true;
        this.refreshAccess();
        this.#heard.refused(error);
      },
    );
  }

  #count(by: number): void {
    this.#unsaved += by;
    if (!this.#gone && !this.#refused) this.#heard.saved(this.#unsaved);
  }

  #apply(op: unknown): void {
    const y = (op as Partial<TextOp> | null)?.y;
    if (typeof y !== "string") return; // another kind of client wrote this entry
    try {
      Y.applyUpdate(this.#doc, decode(y), remote);
    } catch {} // not a Yjs update: the same
    this.#draw();
  }

  // The last place wins, and a burst of typing is one message.
  #tellPlace(): void {
    this.#moved ??= setTimeout(() => {
      this.#moved = undefined;
      if (this.#session.state !== "connected" || !this.#session.can("write")) return;
      const { anchor, head } = this.#view.state.selection.main;
      const at = (index: number): unknown => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.#text, index));
      this.#session.presence({ tab: this.#session.tabId, ...(this.#view.hasFocus && { anchor: at(anchor), head: at(head) }) });
    }, 60);
  }

  #present(detail: PresenceDetail<Place>): void {
    const key = detail.clientId;
    if (key === this.#session.clientId && (!detail.data?.tab || detail.data.tab === this.#session.tabId)) return;
    if (detail.state === "leave") this.#people.delete(key);
    else this.#people.set(key, { ...this.#people.get(key), ...detail });
    if (detail.state === "join") this.#tellPlace(); // a newcomer has not heard where this caret is
    this.#draw();
  }

  #draw(): void {
    const people: Person[] = [];
    const taken = new Set<number>();
    const shown = [...this.#people].flatMap(([key, { name, userId, data }]) => {
      // Their own colour, or the next that nobody else here has.
      let colour = hue(key, colours);
      while (taken.has(colour) && taken.size < colours) colour = (colour + 1) % colours;
      taken.add(colour);
      const person = { key, name: name || userId, colour };
      people.push(person);
      const [anchor, head] = [this.#index(data?.anchor), this.#index(data?.head)];
      return anchor === undefined || head === undefined ? [] : [{ ...person, anchor, head }];
    });
    showCursors(this.#view, shown);
    this.#heard.people(people);
  }

  #index(place: unknown): number | undefined {
    if (!place) return;
    try {
      return Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(place), this.#doc)?.index;
    } catch {
      return; // not a position
    }
  }
}

const access = (may: boolean) => [
  EditorState.readOnly.of(!may),
  EditorView.editable.of(may),
  EditorView.contentAttributes.of({ "aria-readonly": String(!may), tabindex: "0" }),
];

function encode(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const decode = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
