import type { Editor } from "@tiptap/core";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import type { CommentDetail, HoldfastError } from "holdfast";
import { at, make } from "./dom.ts";
import type { DemoSession } from "./editor.ts";
import { anchorOf, placeOf, type Anchor } from "./places.ts";

interface Remark {
  userId: string;
  text: string;
}

interface Thread extends Remark {
  anchor: unknown;
  replies: Remark[];
}

/** The open comments, at the text they belong to and beside it. */
export class Comments {
  #editor: Editor;
  #session: DemoSession;
  #name: (userId: string) => string;
  #say: (text: string) => void;
  #open = new Map<string, Thread>();
  #drawn = new Map<string, HTMLElement>();
  #key = new PluginKey("comments");
  #anchor?: Anchor; // of the comment that is being written

  constructor(editor: Editor, session: DemoSession, name: (userId: string) => string, say: (text: string) => void) {
    this.#editor = editor;
    this.#session = session;
    this.#name = name;
    this.#say = say;
    session.addEventListener("comment", ({ detail }) => this.#receive(detail));
    session.addEventListener("snapshot", () => {
      this.#open.clear(); // those that are still open follow
      this.#changed();
    });
    editor.on("selectionUpdate", () => this.refresh());
    editor.registerPlugin(
      new Plugin({
        key: this.#key,
        props: {
          decorations: (state) => DecorationSet.create(state.doc, [...this.#open.values()].flatMap(({ anchor }) => {
            const place = placeOf(state, anchor);
            return place ? [Decoration.inline(place.from, place.to, { class: "remarked" })] : [];
          })),
        },
      }),
    );
    this.cancel();
    this.#changed();
  }

  /** Allows or forbids commenting, as the permissions and the selection say. */
  refresh(): void {
    const may = this.#session.can("comment") && this.#session.state !== "closed";
    at<HTMLButtonElement>("comment").disabled = !may || this.#editor.state.selection.empty;
    for (const form of at("threads").querySelectorAll("form")) form.hidden = !may;
    for (const button of at("threads").querySelectorAll<HTMLButtonElement>(".resolve")) button.hidden = !this.#session.can("moderate");
  }

  /** Opens the field for a comment on the selection. */
  begin(): void {
    this.#anchor = anchorOf(this.#editor.state);
    const { from, to } = this.#editor.state.selection;
    at("remark-about").textContent = `On “${this.#editor.state.doc.textBetween(from, to, " ").slice(0, 60)}”`;
    at("remark-form").hidden = false;
    at("margin").hidden = false;
    at("remark").focus();
  }

  /** Stores the comment that was written. */
  async store(): Promise<void> {
    const field = at<HTMLTextAreaElement>("remark");
    const text = field.value.trim();
    if (!text) return field.focus();
    if (!(await this.#attempt(this.#session.comment({ text }, this.#anchor)))) return; // the words stay in the field
    field.value = "";
    this.cancel();
    this.#editor.view.dom.focus();
  }

  /** Closes the field. */
  cancel(): void {
    at("remark-form").hidden = true;
    at("margin").hidden = this.#open.size === 0;
  }

  #receive({ event, commentId, body, anchor, userId }: CommentDetail): void {
    const text = textOf(body);
    const thread = this.#open.get(commentId);
    if (event === "create") this.#open.set(commentId, { userId, text, anchor, replies: [] });
    else if (event === "resolve") this.#open.delete(commentId);
    else thread?.replies.push({ userId, text });
    this.#drawn.get(commentId)?.querySelector(".replies")?.replaceChildren(...(thread?.replies ?? []).map((reply) => this.#remark(reply)));
    this.#changed();
  }

  // Threads that are on the page stay the same elements: somebody may be writing in one.
  #changed(): void {
    for (const [id, element] of this.#drawn) {
      if (this.#open.has(id)) continue;
      if (element.contains(document.activeElement)) this.#editor.view.dom.focus();
      element.remove();
      this.#drawn.delete(id);
    }
    for (const [id, thread] of this.#open) {
      if (this.#drawn.has(id)) continue;
      const element = this.#thread(id, thread);
      this.#drawn.set(id, element);
      at("threads").append(element);
    }
    at("margin").hidden = this.#open.size === 0 && at("remark-form").hidden;
    if (!this.#editor.isDestroyed) this.#editor.view.dispatch(this.#editor.state.tr.setMeta(this.#key, true));
    this.refresh();
  }

  #thread(id: string, thread: Thread): HTMLElement {
    const show = make("button", "quiet", "Show");
    const resolve = make("button", "quiet resolve", "Resolve");
    const field = make("input", "");
    Object.assign(field, { type: "text", required: true, placeholder: "Reply" });
    field.setAttribute("aria-label", `Reply to ${this.#name(thread.userId)}`);
    const form = make("form", "reply", field, make("button", "", "Reply"));
    show.type = resolve.type = "button";
    show.addEventListener("click", () => {
      const place = placeOf(this.#editor.state, thread.anchor);
      if (place) this.#editor.chain().focus().setTextSelection(place).scrollIntoView().run();
      else this.#say("The text that this comment was on is gone.");
    });
    resolve.addEventListener("click", () => void this.#attempt(this.#session.resolve(id)));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text && (await this.#attempt(this.#session.reply(id, { text })))) field.value = "";
    });
    return make("li", "thread", this.#remark(thread), make("div", "replies", ...thread.replies.map((reply) => this.#remark(reply))), form, make("div", "choices", show, resolve));
  }

  #remark = ({ userId, text }: Remark): HTMLElement => make("p", "remark", make("b", "", this.#name(userId)), ` ${text}`);

  async #attempt(stored: Promise<unknown>): Promise<boolean> {
    try {
      await stored;
      return true;
    } catch (error) {
      this.#say((error as HoldfastError).message);
      return false;
    }
  }
}

// Other programs comment on these documents too.
function textOf(body: unknown): string {
  const text = typeof body === "string" ? body : (body as { text?: unknown } | null)?.text;
  return typeof text === "string" ? text : JSON.stringify(body) ?? "";
}
