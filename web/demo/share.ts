import type { HoldfastError } from "holdfast";
import { at, make } from "./dom.ts";
import type { DemoSession } from "./editor.ts";
import { asUser } from "./issuer.ts";

interface Link {
  link_id: string;
  link?: string;
  role: "view" | "comment" | "edit";
  uses: number;
  used: number;
  expires_at: string;
  revoked_at?: string;
}

const roles = { view: "Can read", comment: "Can comment", edit: "Can write" };

/** The panel by which who may manage a document makes links to it, and revokes them. */
export class Share {
  #session: DemoSession | undefined;

  constructor() {
    at("share").addEventListener("click", () => {
      at<HTMLDialogElement>("share-panel").showModal();
      at("share-made").hidden = true;
      void this.#list();
    });
    at("share-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#make();
    });
    at("share-copy").addEventListener("click", () => void this.#copy());
  }

  /** Shows the button to whoever may use it. */
  draw(session: DemoSession | undefined): void {
    this.#session = session;
    const may = Boolean(session?.can("admin"));
    at("share").hidden = !may;
    if (!may && at<HTMLDialogElement>("share-panel").open) at<HTMLDialogElement>("share-panel").close();
  }

  async #make(): Promise<void> {
    const seconds = Number(at<HTMLSelectElement>("share-time").value);
    const made = await this.#ask("", { method: "POST", body: JSON.stringify({ role: at<HTMLSelectElement>("share-role").value, expires: Math.floor(Date.now() / 1000) + seconds, uses: 20 }) });
    if (!made) return;
    const address = new URL(location.href);
    address.search = "";
    address.hash = `link=${(made as unknown as Link).link}`; // a fragment is sent to no server
    at<HTMLInputElement>("share-link").value = address.href;
    at("share-copy").textContent = "Copy";
    at("share-made").hidden = false;
    at<HTMLInputElement>("share-link").select();
    await this.#list();
  }

  async #copy(): Promise<void> {
    const field = at<HTMLInputElement>("share-link");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      at("share-copy").textContent = "Copied";
    } catch {} // it is selected, at least
  }

  async #list(): Promise<void> {
    const answer = (await this.#ask("")) as { links: Link[] } | undefined;
    const good = (answer?.links ?? []).filter(({ revoked_at: revoked, expires_at: end }) => !revoked && Date.parse(end) > Date.now());
    at("share-links").replaceChildren(...good.map((link) => this.#item(link)));
    at("share-none").hidden = good.length > 0;
  }

  #item({ link_id: id, role, used, uses, expires_at: end }: Link): HTMLLIElement {
    const stop = make("button", "quiet", "Revoke");
    stop.type = "button";
    const until = new Date(end).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    stop.setAttribute("aria-label", `Revoke the link ${id.slice(0, 4)}`);
    stop.addEventListener("click", async () => {
      stop.disabled = true;
      if (await this.#ask(`/${id}`, { method: "DELETE" })) await this.#list();
      else stop.disabled = false;
    });
    return make("li", "shared", make("span", "", make("b", "", roles[role]), make("span", "muted", ` · ${used} of ${uses} guests · until ${until}`)), stop);
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Record<string, unknown> | undefined> {
    at("share-problem").hidden = true;
    try {
      return await asUser(`/v1/documents/${encodeURIComponent(this.#session!.document)}/links${path}`, init);
    } catch (error) {
      at("share-problem").textContent = (error as HoldfastError).message;
      at("share-problem").hidden = false;
      return;
    }
  }
}
