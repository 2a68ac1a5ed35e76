// The app's own tests: `npm test`. They need no server and no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeServer } from "holdfast/testing";
import { HoldfastProvider } from "holdfast/yjs";
import { Doc } from "yjs";
import { documentId, status } from "../src/status.js";
import { permissions } from "../worker/permissions.js";

test("everybody who is signed in may write", async () => {
  assert.deepEqual(await permissions({ user_id: "ann", document: "plans" }, {}), { workspace_id: "main", workspace_role: "member" });
});

test("what one writes the other has, also what was written without a connection", async () => {
  const server = new FakeServer();
  const [ann, bob] = ["ann", "bob"].map((user) => {
    const session = server.open("plans", { user });
    const doc = new Doc();
    return { session, doc, provider: new HoldfastProvider(session, doc), text: doc.getText("text") };
  });
  await server.settle();
  ann.text.insert(0, "Hello");
  await server.settle();
  assert.equal(bob.text.toString(), "Hello");

  server.drop(bob.session);
  bob.text.insert(5, ", Ann");
  await server.settle();
  assert.match(status(bob.session).text, /^No connection\. 1 change waits/);
  assert.equal(ann.text.toString(), "Hello");
  server.restore(bob.session);
  await server.settle();
  assert.equal(ann.text.toString(), "Hello, Ann");
  for (const { provider } of [ann, bob]) provider.destroy();
});

test("an address names a document, or the first one", () => {
  assert.equal(documentId("?document=plans"), "plans");
  assert.equal(documentId("?document=no%20such%2Fid"), "welcome");
  assert.equal(documentId(""), "welcome");
});
