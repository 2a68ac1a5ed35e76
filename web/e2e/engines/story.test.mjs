// One person's tabs, in each engine: sign in, a second tab, text across, the leader closed,
// a reload, a line that drops, a new token, offline and back, a page that is left and found again.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { begin, connected, leader, outOfOrder, receives, role, send, startRig } from "../rig.mjs";
import { startServer } from "../server.mjs";
import { engines } from "./engines.mjs";

// The provider and Yjs, as one script that a page imports.
const yjs = build({
  stdin: { contents: `export { HoldfastProvider } from "./src/yjs.ts"; export * as Y from "yjs";`, resolveDir: fileURLToPath(new URL("../..", import.meta.url)), loader: "ts" },
  bundle: true, format: "esm", target: "es2022", write: false, logLevel: "warning",
});

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

for (const [i, { name, skip, cannot, path, launch }] of engines.entries()) {
  if (skip) {
    test(`tabs in ${name}`, { skip }, () => {});
    continue;
  }
  describe(`tabs in ${name}`, () => {
    const document = ["welcome", "notes", "secret"][i];
    let rig, profile;
    const tabs = [];
    const everybody = async (test, arg) => Promise.all(tabs.map((tab) => tab.until(test, arg)));
    const sockets = () => rig.gateway.paths.filter((path) => path.startsWith("/v1/ws/")).length;
    /** A tab more, once all tabs know of it. */
    const join = async (query = "") => {
      const tab = await profile.open(`${rig.gateway.url}/tab?document=${document}${query}`);
      await connected(tab);
      tabs.push(tab);
      await everybody((count) => globalThis.tabs?.length === count, tabs.length);
      return tab;
    };
    /** What every tab received: each version once, in order, to the same last one. */
    const agree = async () => {
      const last = Math.max(...(await Promise.all(tabs.map((tab) => tab.evaluate(() => session.version)))));
      await everybody((last) => session.version >= last, last);
      for (const tab of tabs) assert.deepEqual(await outOfOrder(tab), []);
    };

    before(async () => {
      rig = await startRig({ server, launch: () => launch(path) });
      rig.gateway.scripts["/yjs.js"] = (await yjs).outputFiles[0].contents;
      profile = await rig.chrome.profile();
    }, { timeout: 120_000 });
    after(() => rig?.stop());

    test("sign in, and a second tab: one leads, one follows, on one socket with one token", { timeout: 60_000 }, async (t) => {
      t.diagnostic(rig.chrome.version);
      const first = await join("&email=owner");
      const second = await join();
      assert.deepEqual([await role(first), await role(second)], ["leader", "follower"]);
      assert.equal(sockets(), 1);
      assert.equal(rig.gateway.refreshes, 1);
      assert.equal(await first.evaluate(() => session.sessionId), await second.evaluate(() => session.sessionId));
      await send(first, "by the leader");
      await send(second, "by the follower");
      for (const tab of tabs) for (const op of ["by the leader", "by the follower"]) await receives(tab, op);
      await agree();
    });

    test("what is typed in one tab is in the other, both ways, and at the same moment", { timeout: 60_000 }, async () => {
      for (const tab of tabs) {
        await tab.evaluate(async () => {
          const { HoldfastProvider, Y } = await import("/yjs.js");
          const doc = new Y.Doc();
          globalThis.provider = new HoldfastProvider(session, doc);
          globalThis.text = doc.getText("text");
        });
      }
      await everybody(() => provider.synced);
      const type = (tab, what) => tab.evaluate((what) => [...what].forEach((letter) => text.insert(text.length, letter)), what);
      const [first, second] = tabs;
      await type(first, "Grüße, 世界 🌍. ");
      await second.until(() => text.toString() === "Grüße, 世界 🌍. ");
      await type(second, "And back. ");
      await first.until(() => text.toString().endsWith("And back. "));
      const length = (await second.evaluate(() => text.length)) + "onetwo".length;
      await Promise.all([type(first, "one"), type(second, "two")]);
      await everybody((length) => text.length === length, length);
      const [one, other] = await Promise.all(tabs.map((tab) => tab.evaluate(() => text.toString())));
      assert.equal(one, other);
    });

    test("the leading tab is closed: the other leads on, with what was on its way", { timeout: 60_000 }, async () => {
      const [first, second] = tabs;
      await begin(second, "on its way");
      const gone = first.close();
      await begin(second, "after it");
      await gone;
      tabs.shift();
      for (const op of ["on its way", "after it"]) await second.until((op) => sent[op] > 0, op);
      assert.equal(await leader(tabs), second);
      await second.until(() => globalThis.tabs.length === 1);
      assert.equal(rig.gateway.refreshes, 1, "and the token was handed over");
      await join();
      for (const op of ["on its way", "after it"]) await receives(tabs[1], op);
      await agree();
    });

    test("a reload of the leader: the other leads, the page comes back and has everything", { timeout: 60_000 }, async () => {
      const [first, second] = tabs;
      assert.equal(await leader(tabs), first);
      await first.reload();
      await connected(first);
      assert.equal(await leader(tabs), second);
      await everybody(() => globalThis.tabs?.length === 2);
      await send(first, "after the reload");
      for (const tab of tabs) for (const op of ["by the leader", "on its way", "after the reload"]) await receives(tab, op);
      await agree();
    });

    test("a dropped line is resumed: the same session, and nothing lost or twice", { timeout: 60_000 }, async () => {
      const before = await tabs[0].evaluate(() => session.sessionId);
      rig.gateway.down = true;
      rig.gateway.cut();
      await everybody(() => session.state === "reconnecting");
      for (const [i, tab] of tabs.entries()) await begin(tab, `while it was down, ${i}`);
      rig.gateway.down = false;
      for (const tab of tabs) for (const i of tabs.keys()) await receives(tab, `while it was down, ${i}`);
      await everybody(() => session.state === "connected");
      for (const tab of tabs) assert.equal(await tab.evaluate(() => session.sessionId), before);
      const [connection] = await (await leader(tabs)).evaluate(() => events.filter(([kind, { state }]) => kind === "state" && state === "connected").slice(-1).map(([, detail]) => detail));
      assert.equal(connection.resumed, true);
      await agree();
    });

    test("a token is refreshed once, for both tabs, on the open socket", { timeout: 60_000 }, async () => {
      const [open, fetched] = [sockets(), rig.gateway.refreshes];
      const follower = (await role(tabs[0])) === "follower" ? tabs[0] : tabs[1];
      const heard = await Promise.all(tabs.map((tab) => tab.evaluate(() => events.filter(([kind]) => kind === "tokenrefresh").length)));
      await follower.evaluate(() => session.refresh());
      for (const [i, tab] of tabs.entries()) await tab.until((heard) => events.filter(([kind]) => kind === "tokenrefresh").length > heard, heard[i]);
      assert.equal(rig.gateway.refreshes, fetched + 1);
      assert.equal(sockets(), open);
      await send(follower, "with the new token");
    });

    test("offline and back: what was written meanwhile is stored once", { timeout: 60_000 }, async () => {
      rig.gateway.down = true;
      rig.gateway.cut();
      for (const tab of tabs) await tab.offline(true);
      await everybody(() => session.state !== "connected" && !navigator.onLine);
      for (const [i, tab] of tabs.entries()) await begin(tab, `offline, ${i}`);
      assert.equal(await tabs[0].evaluate(() => session.unsent), 1);
      rig.gateway.down = false;
      for (const tab of tabs) await tab.offline(false);
      for (const tab of tabs) for (const i of tabs.keys()) await receives(tab, `offline, ${i}`);
      await everybody(() => session.state === "connected" && session.unsent === 0);
      await agree();
    });

    test("the leader goes to another page and comes back by the history", { timeout: 60_000 }, async (t) => {
      const first = await leader(tabs);
      const other = tabs.find((tab) => tab !== first);
      await first.goto(`${rig.gateway.url}/elsewhere`);
      await other.until(() => session.role === "leader" && session.state === "connected");
      await send(other, "while it was away");
      t.diagnostic((await first.back()) ? "it was kept in the back-forward cache" : "it was loaded anew");
      await connected(first);
      await receives(first, "while it was away");
      assert.equal(await leader(tabs), other, "it does not take the lead back");
      await send(first, "back again");
      for (const tab of tabs) await receives(tab, "back again");
      await agree();
    });

    test("a frozen leader is followed by the other tab", { timeout: 60_000, skip: cannot.freeze }, async () => {
      const first = await leader(tabs);
      const other = tabs.find((tab) => tab !== first);
      await other.show();
      await first.freeze();
      await other.until(() => session.role === "leader" && session.state === "connected");
      await send(other, "while it was frozen");
      await first.thaw();
      await connected(first);
      await receives(first, "while it was frozen");
      await agree();
    });

    test("the pages had nothing to complain of", { skip: cannot.console }, () => {
      assert.deepEqual(profile.console, []);
    });
  });
}
