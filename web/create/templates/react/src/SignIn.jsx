import { useState } from "react";
import { signIn } from "./account.js";

export function SignIn({ problem, onSignedIn }) {
  const [said, setSaid] = useState(problem);
  const [busy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    const { email, password } = event.currentTarget.elements;
    setBusy(true);
    try {
      await signIn(email.value, password.value);
      onSignedIn();
    } catch (error) {
      setSaid(error.message);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit}>
        <img className="mark" src="/icon.svg" alt="" width="40" height="40" />
        <h1>Sign in to {{title}}</h1>
        <label>E-mail <input name="email" type="email" autoComplete="username" required autoFocus /></label>
        <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
        {said && <p className="problem" role="alert">{said}</p>}
        <button className="primary" disabled={busy}>Sign in</button>
      </form>
    </main>
  );
}
