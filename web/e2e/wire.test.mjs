// The client of web/examples/wire.mjs, which was written from shared/PROTOCOL.md alone, against the built
// Worker: what that page says is enough to lose nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { open } from "../examples/wire.mjs";
import { startServer } from "./server.mjs";

const options = { timeout: 120_000, skip: !globalThis.WebSocket && "it needs a WebSocket of the platform's (Node 22)" };
let server;
before(async () => (server = await startServer({ ACCESS_TOKEN_TTL_S: 20, KEEP_OPS: 1 })));
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
  const person = { ops: [], parts: [], states: [], tokens: 0, token };
  person.client = open({
    url: server.url, document,
    getToken: async () => (person.tokens++ ? ask("refresh", {}) : token),
    onOp: (version, op, entry) => (entry.snapshot ? person.parts.push([version, entry.snapshot.part, op]) : person.ops.push([version, op])),
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

test("a snapshot in parts, of which no answer holds all, is read to its end, and what is newer", options, async () => {
  await server.document("long");
  const ann = await join("owner@example.com", "long");
  for (let n = 1; n <= 5; n++) ann.client.send(n);
  await until(() => ann.client.unacknowledged === 0, "nothing is acknowledged");

  // Another user posts it, as the page says: each part once the one before is acknowledged, again when it is told to wait.
  const { token } = await join("editor@example.com", "long");
  const socket = new WebSocket(`${server.url.replace("http", "ws")}v1/ws/documents/long?client_id=poster`, ["holdfast.v1", `bearer.${token}`]);
  const say = (frame) => socket.send(JSON.stringify(frame));
  const data = Array.from({ length: 12 }, (_, part) => String.fromCharCode(97 + part).repeat(60_000));
  const post = (part) => say({ type: "operation", event: "snapshot", message_id: `s${part}`, data: { document_version: 5, part, parts: data.length, data: data[part] } });
  const told = [];
  await new Promise((resolve, reject) => {
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    socket.onmessage = async ({ data: text }) => {
      const { event, data: said } = JSON.parse(text);
      if (event === "connection_ack") post(0);
      if (event === "error") told.push(said.details.reason), setTimeout(said.details.retry_after).then(() => post(Number(said.details.message_id.slice(1))));
      if (event === "snapshot_ack") said.complete ? resolve() : post(said.part + 1);
    };
  });
  assert.deepEqual(told.filter((reason) => reason !== "snapshot_unconfirmed"), []);
  ann.client.send(6);
  await until(() => ann.client.unacknowledged === 0, "it is not acknowledged");

  const vera = await join("viewer@example.com", "long");
  await until(() => vera.ops.some(([version]) => version === 6), "it does not get to the end");
  assert.deepEqual(vera.parts, data.map((text, part) => [5, part, text]));
  assert.deepEqual(vera.ops, [[6, 6]]);
});
