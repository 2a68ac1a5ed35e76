// Who may do what. Holdfast asks when somebody opens a document, and again later on.
//
// Return what this user is to this document, or nothing if there is no such document:
//   { workspace_id, workspace_role?, document_role?, restricted?, locked? }
// workspace_role:  "owner", "admin", "member" or "viewer"
// document_role:   "full_access", "edit", "comment" or "view": for this document alone
// restricted:      the workspace's role does not count, only the document's
// locked:          nobody writes
// `env` has your bindings: a database, a service, a secret.
export async function permissions({ user_id, document }, env) {
  // Everybody who is signed in writes in every document, which is there on its first use.
  return { workspace_id: "main", workspace_role: "member" };
}
