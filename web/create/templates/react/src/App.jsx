// The page: a sign-in form, or one document.
import { useState } from "react";
import { account, forget } from "./account.js";
import { SignIn } from "./SignIn.jsx";
import { documentId } from "./status.js";
import { Workspace } from "./Workspace.jsx";

export function App() {
  const [user, setUser] = useState(account);
  const [problem, setProblem] = useState("");

  if (!user) return <SignIn problem={problem} onSignedIn={() => setUser(account())} />;
  return (
    <Workspace
      user={user}
      document={documentId()}
      onSignedOut={(why = "") => {
        forget();
        setProblem(why);
        setUser(undefined);
      }}
    />
  );
}
