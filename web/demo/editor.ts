import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, placeholder } from "@codemirror/view";
import type { HoldfastError, PresenceDetail, Session } from "holdfast";
import { HoldfastProvider, type Who, type YOp, type YPresence } from "holdfast/yjs";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { colours, cursors, showCursors } from "./cursors.ts";
import { hue } from "./dom.ts";

/** The demo's session: Yjs over Holdfast. */
export type DemoSession = Session<YOp, YPresence>;

/** A selection, in positions that survive edits. */
interface Place {
  anchor?: unknown;
  head?: unknown;
}

/** Another member of the document. */
export interface Person {
  key: string;
  name: string;
  colour: number;
}

/** What the editor reports to the page around it. */
export interface EditorEvents {
  refused(error: HoldfastError): void;
  unreadable(error: HoldfastError): void;
  people(people: Person[]): void;
}

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
  #awareness = new Awareness(this.#doc);
  #provider: HoldfastProvider;
  #view: EditorView;
  #writable = new Compartment();
  #people = new Map<string, PresenceDetail>();
  #events: EditorEvents;
  #refused = false;
  #gone = false;

  constructor(parent: HTMLElement, session: DemoSession, label: string, events: EditorEvents) {
    this.#session = session;
    this.#events = events;
    this.#provider = new HoldfastProvider(session, this.#doc, { awareness: this.#awareness });
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
    this.#provider.addEventListener("refused", ({ detail }) => {
      this.#refused = true;
      this.refreshAccess();
      events.refused(detail);
    });
    this.#provider.addEventListener("synced", ({ detail }) => {
      if (detail) this.#refused = false; // the rights are back, and all of it is stored
      this.refreshAccess();
    });
    this.#provider.addEventListener("error", ({ detail }) => events.unreadable(detail));
    this.#awareness.on("change", () => this.#draw());
    this.#text.observe(() => this.#draw());
    session.addEventListener("presence", ({ detail }) => this.#present(detail));
    for (const type of ["permissionchange", "state"]) session.addEventListener(type, () => this.refreshAccess());
  }

  /** Returns the whole text. */
  get text(): string {
    return this.#text.toString();
  }

  /** Allows or forbids typing, as the session's permissions say. */
  refreshAccess(): void {
    const may = !this.#refused && this.#session.can("write") && !this.#session.locked && this.#session.state !== "closed";
    if (may === !this.#view.state.readOnly) return;
    this.#view.dispatch({ effects: this.#writable.reconfigure(access(may)) });
  }

  /** Removes the editor from the page. */
  destroy(): void {
    this.#gone = true;
    this.#provider.destroy();
    this.#awareness.destroy();
    this.#view.destroy();
    this.#doc.destroy();
  }

  #tellPlace(): void {
    const { anchor, head } = this.#view.state.selection.main;
    const at = (index: number): unknown => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.#text, index));
    this.#awareness.setLocalState(this.#view.hasFocus ? { anchor: at(anchor), head: at(head) } : {});
  }

  // The server says who is here; a peer says where its cursor is.
  #present(detail: PresenceDetail): void {
    if (nameOf(detail) === nameOf(this.#session)) return;
    const key = nameOf(detail);
    if (detail.state === "leave") this.#people.delete(key);
    else this.#people.set(key, detail);
    this.#draw();
  }

  #draw(): void {
    // The user's own colour, or the next that nobody else here has.
    const taken = new Map<string, number>();
    const colourOf = (key: string): number => {
      let colour = taken.get(key) ?? hue(key, colours);
      if (!taken.has(key)) {
        const used = new Set(taken.values());
        while (used.has(colour) && used.size < colours) colour = (colour + 1) % colours;
        taken.set(key, colour);
      }
      return colour;
    };
    const people = [...this.#people].map(([key, { name, userId }]) => ({ key, name: name || userId, colour: colourOf(key) }));
    const shown = [...this.#awareness.getStates()].flatMap(([id, place]) => {
      const who = this.#provider.who(id);
      const [anchor, head] = [this.#index((place as Place).anchor), this.#index((place as Place).head)];
      if (!who || anchor === undefined || head === undefined) return [];
      return [{ name: who.name || who.userId, colour: colourOf(nameOf(who)), anchor, head }];
    });
    // Never inside the editor's own update, which may be what moved something.
    queueMicrotask(() => this.#gone || showCursors(this.#view, shown));
    if (!this.#gone) this.#events.people(people);
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

// A client id alone names nobody: another user may connect with the same.
const nameOf = ({ userId, clientId }: Who): string => `${userId}\n${clientId}`;

const access = (may: boolean) => [
  EditorState.readOnly.of(!may),
  EditorView.editable.of(may),
  EditorView.contentAttributes.of({ "aria-readonly": String(!may), tabindex: "0" }),
];
