// A whole run, with every place watched where a token could be picked up.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connected, send, startRig } from "./rig.mjs";

let rig;
before(async () => (rig = await startRig()));
after(() => rig?.stop());

// Notes what a page puts on its channels and into its storage, and which tokens it is given.
const watch = `
  globalThis.seen = { posted: [], stored: [], tokens: [] };
  const post = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (data) { seen.posted.push([this.name, data]); return post.call(this, data); };
  const set = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, value) { seen.stored.push(key + "=" + value); return set.call(this, key, value); };
  const ask = globalThis.fetch;
  globalThis.fetch = async (...what) => {
    const answer = await ask(...what);
    if (String(what[0]).startsWith("/auth/")) answer.clone().json().then(({ access_token: token }) => token && seen.tokens.push(token), () => {});
    return answer;
  };
`;

test("a token is in the subprotocol, in a token_refresh frame and in two kinds of message between tabs, and nowhere else", { timeout: 90_000 }, async () => {
  const person = await rig.person("owner", 2, "welcome", watch);
  const tabs = [...person.tabs, await person.join("notes")];
  const collected = [];
  const collect = async (tab) => collected.push(await tab.evaluate(async () => ({
    ...seen,
    places: [
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), await indexedDB.databases(), await caches.keys().catch(() => [])]),
      JSON.stringify([location.href, document.cookie, document.documentElement.outerHTML, history.state, name, (await navigator.locks.query())]),
      JSON.stringify(performance.getEntries().map(({ name }) => name)),
      JSON.stringify(Object.getOwnPropertyNames(globalThis).filter((key) => key !== "seen").map((key) => { try { return JSON.stringify(globalThis[key]); } catch { return ""; } })),
      JSON.stringify([events, ops]),
      JSON.stringify(events.map(([, detail]) => [detail.message, detail.stack, String(detail.cause)])),
    ],
  })));
  // What a session lives through, and what goes wrong in it.
  await tabs[1].evaluate(() => session.refresh());
  for (const tab of tabs.slice(0, 2)) await tab.until(() => events.some(([kind]) => kind === "tokenrefresh"));
  const given = await tabs[0].evaluate(() => seen.tokens.length);
  rig.gateway.refuse = [401, 503];
  await tabs[0].evaluate(() => session.refresh());
  await tabs[0].until(() => events.some(([kind]) => kind === "error"));
  await tabs[0].until((given) => seen.tokens.length > given, given);
  rig.gateway.cut();
  for (const tab of tabs) await connected(tab);
  await send(tabs[1], "x");
  await tabs[1].evaluate(() => session.send("[".repeat(40)).catch(() => {}));
  await tabs[1].show();
  await tabs[0].freeze();
  await tabs[1].until(() => session.role === "leader" && session.state === "connected");
  await tabs[0].thaw();
  await connected(tabs[0]);
  for (const tab of tabs) await collect(tab);
  await tabs[2].evaluate(() => session.signOut());
  for (const tab of tabs) await tab.until(() => session.state === "closed");
  for (const tab of tabs) await collect(tab);

  const tokens = [...new Set(collected.flatMap(({ tokens }) => tokens))];
  assert.ok(tokens.length > given, `${tokens.length} tokens were given out`);
  const parts = tokens.flatMap((token) => [token, ...token.split(".").slice(1)]);
  const holds = (text) => parts.some((part) => text.includes(part));
  const places = [...person.profile.urls, ...person.profile.console, ...rig.gateway.paths, ...collected.flatMap(({ stored, places }) => [...stored, ...places])];
  for (const place of places) assert.ok(!holds(place), `a token in ${place.slice(0, 300)}`);
  let shared = 0;
  for (const [channel, text] of collected.flatMap(({ posted }) => posted)) {
    if (!holds(text)) continue;
    shared++;
    // On the scope's own channel for its token, or on a document's.
    const [, , kind, id] = channel.split("/");
    assert.equal(JSON.parse(text).type, kind === "token" && !id ? "token" : "token_refreshed", text.slice(0, 300));
    assert.ok(kind === "token" || kind === "documents" && id, `on ${channel}, where all else is said`);
  }
  assert.ok(shared > 0, "or the probe does not see what it looks for");
  assert.deepEqual(person.profile.console, []);
});
