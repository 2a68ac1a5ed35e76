// The client of web/examples/wire.mjs, which was written from shared/PROTOCOL.md alone, against the built
// Worker: what that page says is enough to lose nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { open } from "../examples/wire.mjs";
import { startServer } from "./server.mjs";

const options = { timeout: 120_000, skip: !globalThis.WebSocket && "it needs a WebSocket of the platform's (Node 22)" };
let server;
before(async () => (server = await startServer({ ACCESS_TOKEN_TTL_S: 20 })));
after(() => server?.stop());

async function until(condition, otherwise, patience = 20_000) {
  for (const end = Date.now() + patience; !condition(); await setTimeout(20)) assert.ok(Date.now() < end, otherwise);
}

/** Somebody with a client on a document, and what that has applied. */
async function join(email, document) {
  let cookie = "";
  const ask = async (path, body) => {
    const answer = await fetch(`${server.url}auth/${path}`, { method: "POST", headers: { "content-type": "application/json", cookie }, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, path);
    cookie = answer.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ") || cookie;
    return (await answer.json()).access_token;
  };
  let token = await ask("login", { email, password: "holdfast-demo" });
  const person = { ops: [], states: [], tokens: 0 };
  person.client = open({
    url: server.url, document,
    getToken: async () => (person.tokens++ ? ask("refresh", {}) : token),
    onOp: (version, op) => person.ops.push([version, op]),
    onState: (state, why) => person.states.push([state, why]),
  });
  await until(() => person.states.at(-1)?.[0] === "connected", "it is not connected");
  return person;
}

test("a client written from the protocol's page loses nothing and applies nothing twice", options, async () => {
  const document = "wire";
  await server.document(document);
  const ann = await join("owner@example.com", document);
  for (let n = 1; n <= 3; n++) ann.client.send({ ann: n });
  await until(() => ann.client.unacknowledged === 0, "nothing is acknowledged");

  // One that comes later loads the document.
  const bob = await join("editor@example.com", document);
  bob.client.send({ bob: 1 });
  await until(() => bob.ops.length === 4 && ann.ops.length === 4, "they do not meet");

  // A dropped line, on which both go on.
  ann.client.drop();
  ann.client.send({ ann: "while the line was down" });
  bob.client.send({ bob: "meanwhile" });
  await until(() => ann.ops.length === 6 && bob.ops.length === 6, "a drop is not caught up with");
  assert.equal(ann.states.at(-1)[1].resumed, true);

  // The server's death.
  await server.kill();
  ann.client.send({ ann: "while the server was down" });
  await server.start();
  await until(() => ann.ops.length === 7 && bob.ops.length === 7, "a restart is not survived", 60_000);

  // The token's end, on the open connection: the server asks at half of its life.
  const connects = ann.states.filter(([state]) => state === "connected").length;
  const tokens = ann.tokens;
  await until(() => ann.tokens > tokens, "no new token is asked for", 40_000);
  ann.client.send({ ann: "with a new token" });
  await until(() => bob.ops.length === 8, "the new token does not serve");
  assert.equal(ann.states.filter(([state]) => state === "connected").length, connects);

  assert.deepEqual(ann.ops, bob.ops);
  assert.deepEqual(ann.ops.map(([version]) => version), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(ann.client.unacknowledged + bob.client.unacknowledged, 0);
  ann.client.close();
  bob.client.close();
});

test("a final refusal ends it, and says why", options, async () => {
  await server.document("held");
  const ann = await join("owner@example.com", "held");
  const phone = await join("owner@example.com", "held");
  await until(() => ann.states.at(-1)[0] === "over", "it does not stop");
  assert.equal(ann.states.at(-1)[1].error_code, "CONNECTION_REPLACED");
  phone.client.close();
});
