import type { Editor } from "@tiptap/core";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import type { HoldfastError, LocksDetail } from "holdfast";
import { at, make } from "./dom.ts";
import type { DemoSession } from "./editor.ts";
import { sectionOf, sections, type Section } from "./places.ts";

type Lock = LocksDetail["sections"][number];

/** The sections that somebody has locked: shown, and kept from being written by the others. */
export class Locks {
  #editor: Editor;
  #session: DemoSession;
  #locks = new Map<string, Lock>();
  #name: (userId: string) => string;
  #say: (text: string) => void;
  #key = new PluginKey("locks");

  constructor(editor: Editor, session: DemoSession, name: (userId: string) => string, say: (text: string) => void) {
    this.#editor = editor;
    this.#session = session;
    this.#name = name;
    this.#say = say;
    session.addEventListener("locks", ({ detail }) => {
      this.#locks = new Map(detail.sections.map((lock) => [lock.section, lock]));
      if (!editor.isDestroyed) editor.view.dispatch(editor.state.tr.setMeta(this.#key, true));
      this.draw();
    });
    editor.registerPlugin(this.#plugin());
    editor.on("selectionUpdate", () => this.draw());
  }

  /** Draws the button and the list again. */
  draw(): void {
    const session = this.#session;
    const button = at<HTMLButtonElement>("lock");
    const section = sectionOf(this.#editor.state);
    const lock = section && this.#locks.get(section.id);
    button.disabled = session.state !== "connected" || !session.can("moderate") || Boolean(lock && !this.#may(lock));
    button.textContent = lock && this.#may(lock) ? "Unlock this section" : "Lock this section";
    const all = sections(this.#editor.state);
    const locked = [...this.#locks.values()].flatMap((one) => {
      const title = all.find(({ id }) => id === one.section)?.title;
      return title ? [make("li", "", `“${title}” is locked by ${this.#owner(one)}`)] : [];
    });
    at("locks").replaceChildren(...locked);
    at("locks").hidden = locked.length === 0;
  }

  /** Locks the section of the caret, or unlocks it. */
  async toggle(): Promise<void> {
    const section = sectionOf(this.#editor.state);
    if (!section) return;
    const lock = this.#locks.get(section.id);
    try {
      if (lock) await this.#session.unlock(section.id);
      else await this.#session.lock(section.id);
    } catch (error) {
      this.#say((error as HoldfastError).message);
    }
  }

  #may = (lock: Lock): boolean => lock.own || lock.userId === this.#session.userId;

  #owner = (lock: Lock): string => (this.#may(lock) ? "you" : this.#name(lock.userId));

  #plugin(): Plugin {
    const held = (state: Parameters<typeof sections>[0]): [Section, Lock][] =>
      this.#locks.size === 0 ? [] : sections(state).flatMap((section) => {
        const lock = this.#locks.get(section.id);
        return lock ? [[section, lock] as [Section, Lock]] : [];
      });
    return new Plugin({
      key: this.#key,
      props: {
        decorations: (state) => DecorationSet.create(state.doc, held(state).flatMap(([{ from, to }, lock]) => {
          const drawn: Decoration[] = [];
          state.doc.nodesBetween(from, to, (node, start, parent) => {
            if (parent === state.doc) drawn.push(Decoration.node(start, start + node.nodeSize, { class: this.#may(lock) ? "held" : "held by-another" }));
            return false;
          });
          return drawn;
        })),
      },
      // What others wrote comes through, and undo: Yjs has both already.
      filterTransaction: (transaction, state) => {
        if (!transaction.docChanged || transaction.getMeta(ySyncPluginKey)) return true;
        const others = held(state).filter(([, lock]) => !this.#may(lock));
        if (others.length === 0) return true;
        let hit: Lock | undefined;
        transaction.mapping.maps.forEach((map, i) => map.forEach((start, end) => {
          const back = transaction.mapping.slice(0, i).invert();
          const [from, to] = [back.map(start, 1), back.map(end, -1)];
          hit ??= others.find(([section]) => from < section.to && to > section.from || from === to && from > section.from && from < section.to)?.[1];
        }));
        if (hit) this.#say(`${this.#owner(hit)} has locked this section. What you wrote was not entered: write elsewhere, or wait until it is unlocked.`);
        return !hit;
      },
    });
  }
}
