// What the tabs of one profile share of one server: a client id and a token, whatever document
// they show, and nothing of another server below the same origin.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { connected, leader, send, startRig } from "./rig.mjs";
import { startServer } from "./server.mjs";

let rig, other, person;

before(async () => {
  rig = await startRig({ vars: { ACCESS_TOKEN_TTL_S: 16 } });
  other = await startServer();
  rig.gateway.below["/b"] = other.url;
});
afterEach(async () => {
  rig.gateway.routes = {};
  const left = person;
  person = undefined;
  await left?.profile.close();
  if (left) assert.deepEqual(left.profile.console, [], "the pages have nothing to complain of");
});
after(async () => {
  await rig?.stop();
  await other?.stop();
});

test("two servers below one origin are two scopes: no tab follows, hears or signs out one of the other", { timeout: 60_000 }, async () => {
  person = await rig.person("editor", 1);
  const [a] = person.tabs;
  const b = await person.profile.open(`${rig.gateway.url}/tab`);
  await b.evaluate(async () => {
    const { connect } = await import("/holdfast.js");
    const body = JSON.stringify({ email: "editor@example.com", password: "holdfast-demo" });
    await fetch("/b/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body });
    globalThis.asked = 0;
    const getToken = async () => {
      globalThis.asked++;
      return (await (await fetch("/b/auth/refresh", { method: "POST", keepalive: true })).json()).access_token;
    };
    globalThis.session = await connect({ document: "welcome", url: `${location.origin}/b`, getToken });
  });
  await connected(b);
  assert.deepEqual(await b.evaluate(() => [session.role, globalThis.asked]), ["leader", 1]);
  assert.notEqual(await b.evaluate(() => session.clientId), await a.evaluate(() => session.clientId));
  assert.equal(await send(b, "for b"), 1);
  assert.equal(await send(a, "for a"), 1, "it is the first one there");
  assert.deepEqual(await a.evaluate(() => ops), ["for a"]);
  await b.evaluate(() => session.signOut());
  await send(a, "still here");
  assert.deepEqual(await a.evaluate(() => events.filter(([kind]) => kind === "autherror")), []);
});

test("storage that is cleared, full or absent: the tabs are one client, and an op is stored once", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 1, "notes");
  const [first] = person.tabs;
  const tabs = [first];
  for (const script of [
    "localStorage.clear();",
    "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; Storage.prototype.getItem = () => null;",
    "Object.defineProperty(globalThis, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });",
  ]) {
    const tab = await person.profile.open(`${rig.gateway.url}/tab?document=notes`, script);
    await connected(tab);
    tabs.push(tab);
    assert.equal(await tab.evaluate(() => session.clientId), await first.evaluate(() => session.clientId));
    await send(tab, `from tab ${tabs.length}`);
    assert.equal(await tab.evaluate(() => session.unsent), 0);
  }
  const all = ["from tab 2", "from tab 3", "from tab 4", "at last"];
  const id = await first.evaluate(() => session.clientId);
  await first.close();
  const rest = tabs.slice(1);
  const next = await leader(rest);
  assert.equal(await next.evaluate(() => session.clientId), id, "the next leader is the same client");
  await send(rest.find((tab) => tab !== next), "at last");
  for (const tab of rest) await tab.until(() => ops.includes("at last"));
  const late = await person.join();
  await late.until((n) => ops.length >= n, all.length);
  assert.deepEqual(await late.evaluate(() => ops), all);
});

// Takes each refresh token once; the second time it signs the user out.
async function strictIssuer() {
  const login = await fetch(new URL("/auth/login", rig.server.url), {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email: "owner@example.com", password: "holdfast-demo" }),
  });
  let cookie = login.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  const issuer = { calls: 0, under: 0, most: 0, newest: 0, reused: 0 };
  rig.gateway.routes["/strict"] = async (from, to) => {
    issuer.calls++;
    issuer.most = Math.max(issuer.most, ++issuer.under);
    const token = Number(/rt=(\d+)/.exec(from.headers.cookie ?? "")?.[1] ?? 0);
    await pause(60); // the network
    issuer.under--;
    if (token !== issuer.newest) issuer.reused++;
    if (issuer.reused) return to.writeHead(401).end("{}");
    const answer = await fetch(new URL("/auth/refresh", rig.server.url), { method: "POST", headers: { cookie } });
    cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ") || cookie;
    to.writeHead(200, { "content-type": "application/json", "set-cookie": `rt=${++issuer.newest}; Path=/` }).end(await answer.text());
  };
  return issuer;
}

test("six documents in four pages and an issuer that takes a refresh token once: one call a period", { timeout: 90_000 }, async () => {
  const issuer = await strictIssuer();
  const profile = await rig.chrome.profile();
  person = { profile };
  const open = async (...documents) => {
    const tab = await profile.open(`${rig.gateway.url}/tab`);
    await tab.evaluate(async (documents) => {
      const { connect } = await import("/holdfast.js");
      const getToken = async () => {
        const answer = await fetch("/strict", { method: "POST", keepalive: true });
        if (!answer.ok) throw answer;
        return (await answer.json()).access_token;
      };
      globalThis.said = [];
      globalThis.all = await Promise.all(documents.map((document) => connect({ document, url: location.origin, getToken })));
      for (const session of all) for (const kind of ["autherror", "error"]) session.addEventListener(kind, ({ detail }) => said.push(`${session.document} ${detail.code} ${detail.reason}`));
    }, documents);
    return tab;
  };
  const tabs = [await open("welcome", "notes", "secret")];
  await tabs[0].until(() => all.every(({ state }) => state === "connected"));
  assert.equal(issuer.calls, 1, "three documents that open at once");
  for (const document of ["locked", "d1", "d2"]) tabs.push(await open(document));
  for (const tab of tabs.slice(1, 2)) await tab.until(() => all.every(({ state }) => state === "connected"));
  assert.equal(issuer.calls, 1, "and those in other tabs");
  const until = Date.now() + 18_000; // two renewals, at half of a life that short
  while (Date.now() < until) {
    await pause(500);
    assert.deepEqual([issuer.most, issuer.reused], [1, 0]);
  }
  assert.ok(issuer.calls >= 3 && issuer.calls <= 4, `${issuer.calls} calls`);
  for (const tab of tabs.slice(0, 2)) assert.deepEqual(await tab.evaluate(() => [said, all.filter(({ state }) => state !== "connected").length]), [[], 0]);
  // The lot of them asks at once.
  const before = issuer.calls;
  for (const tab of tabs) await tab.evaluate(() => all.forEach((session) => session.refresh()));
  await tabs[0].until((n) => all.every(({ expiresAt }) => expiresAt > n), Date.now() + 12_000);
  assert.deepEqual([issuer.most, issuer.reused], [1, 0]);
  assert.ok(issuer.calls - before <= tabs.length, `${issuer.calls - before} calls for a refresh in ${tabs.length} pages`);
});
