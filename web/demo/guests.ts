import type { HoldfastError } from "holdfast";
import { isGuest, join, type Guest } from "holdfast/guest";
import { at } from "./dom.ts";

const titles: Record<string, string> = {
  link_unknown: "There is no such link",
  link_expired: "This link has expired",
  link_revoked: "This link was revoked",
  link_used_up: "This link is used up",
  guest_revoked: "You were put out of this document",
};

/** Says of a guest that it is one: its name is its own word, and may be anybody's. */
export const shownName = (userId: string, name: string): string => (isGuest(userId) ? `${name} (guest)` : name);

/** Wires the form by which somebody joins with a link. It calls `done` with the guest. */
export function joinForm(link: () => string, done: (guest: Guest) => Promise<void>): { begin(): Promise<void>; show(problem?: HoldfastError): void } {
  const name = at<HTMLInputElement>("join-name");
  const submit = at<HTMLButtonElement>("join-submit");
  const problem = at("join-problem");

  const show = (error?: HoldfastError): void => {
    const over = titles[error?.reason ?? ""] ?? (error?.code === "TOKEN_REVOKED" ? "Your access has ended" : undefined);
    document.body.dataset.view = "join";
    document.title = "Join as a guest · Holdfast";
    at("join-title").textContent = over ?? "Join as a guest";
    at("join-lead").textContent = over ? (error!.reason && titles[error!.reason] ? error!.message : "Whoever shared the document has ended it. Ask for another link.") : "You have a link to one document. Say how you want to be called: the others see the name, and that you are a guest.";
    at("join-fields").hidden = submit.hidden = Boolean(over);
    problem.hidden = !error || Boolean(over);
    problem.textContent = error && !over ? error.message : "";
    if (!over) name.focus({ preventScroll: true });
  };
  const enter = async (called?: string): Promise<void> => done(await join({ url: location.href, link: link(), name: called }));
  at<HTMLFormElement>("join-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await enter(name.value);
    } catch (error) {
      show(error as HoldfastError);
    } finally {
      submit.disabled = false;
    }
  });
  return {
    show,
    // Who was here before in this browser goes straight in.
    async begin() {
      try {
        await enter();
      } catch (error) {
        show((error as HoldfastError).reason === "bad_field" ? undefined : (error as HoldfastError));
      }
    },
  };
}
