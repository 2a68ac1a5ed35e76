import { HoldfastError } from "holdfast";
import { at, make } from "./dom.ts";
import { login } from "./issuer.ts";

const password = "holdfast-demo";
const accounts = [
  ["owner@example.com", "Owner", "Everything, on every document"],
  ["editor@example.com", "Editor", "Writes; may only comment on notes"],
  ["viewer@example.com", "Viewer", "Reads along"],
  ["outsider@example.com", "Outsider", "Not a member: is refused"],
] as const;

/** Wires the sign-in form. It calls `done` once somebody is signed in. */
export function signInForm(done: () => void): { show(problem?: string): void } {
  const email = at<HTMLInputElement>("login-email");
  const secret = at<HTMLInputElement>("login-password");
  const problem = at("login-problem");
  const submit = at<HTMLButtonElement>("login-submit");

  const pick = (address: string): void => {
    email.value = address;
    secret.value = password;
  };
  accounts.forEach(([address, name, what], i) => {
    const radio = make("input", "");
    Object.assign(radio, { type: "radio", name: "account", value: address, checked: i === 0 });
    radio.addEventListener("change", () => pick(address));
    at("accounts").append(make("label", "account-choice", radio, make("span", "who", name), make("span", "what", what)));
  });
  pick(accounts[0][0]);
  email.addEventListener("input", () => {
    for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=account]")) radio.checked = radio.value === email.value;
  });

  const say = (text = ""): void => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  at<HTMLFormElement>("sign-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    say();
    submit.disabled = true;
    try {
      await login(email.value.trim(), secret.value);
      done();
    } catch (error) {
      submit.disabled = false;
      submit.focus(); // a disabled button loses it
      say(error instanceof HoldfastError ? error.message : "Something went wrong. Try again.");
    } finally {
      submit.disabled = false;
    }
  });

  return {
    show(text) {
      say(text);
      document.body.dataset.view = "sign-in";
      if (text) submit.focus({ preventScroll: true });
    },
  };
}
