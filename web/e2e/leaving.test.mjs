// What an app sends in the last events of its page is stored or handed to another tab, whenever
// the app added its listeners; and the page still goes into the back-forward cache.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { connected, leader, outOfOrder, receives, role, startRig } from "./rig.mjs";

let rig, reader, person;

before(async () => {
  rig = await startRig();
  reader = await rig.person("owner", 1);
});
afterEach(async () => {
  const left = person;
  person = undefined;
  await left?.profile.close();
  if (left) assert.deepEqual(left.profile.console, [], "the pages have nothing to complain of");
});
after(() => rig?.stop());

// An app that saves in each of a page's last events; in one of them after its promises have
// run, as the Yjs provider does.
const saves = (name) => {
  const send = (event) => globalThis.leaving && session.send(`${name} ${event}`);
  addEventListener("beforeunload", () => send("beforeunload"));
  addEventListener("pagehide", () => send("pagehide"));
  addEventListener("pagehide", () => queueMicrotask(() => send("a microtask of pagehide")));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send("visibilitychange"));
};
const events = ["beforeunload", "pagehide", "a microtask of pagehide", "visibilitychange"];

// Holds: "what an app sends in its page's last events is stored, or handed to another tab"
for (const early of [true, false]) {
  for (const others of ["alone", "the leader of two", "the follower of two"]) {
    test(`the listeners are ${early ? "older" : "newer"} than the session, the page is ${others}`, { timeout: 60_000 }, async () => {
      const name = `${early} ${others}`;
      person = await rig.person("editor", others === "alone" ? 1 : 2, "welcome", early ? `(${saves})(${JSON.stringify(name)})` : "");
      const [first, second] = person.tabs;
      const tab = others === "the follower of two" ? second : first;
      await leader(person.tabs);
      assert.equal(await role(tab), others === "the follower of two" ? "follower" : "leader");
      await tab.show();
      if (!early) await tab.evaluate(saves, name);
      await tab.evaluate(() => (globalThis.leaving = true));
      await tab.goto(`${rig.gateway.url}/elsewhere`);
      for (const event of events) await receives(reader.tabs[0], `${name} ${event}`);
      assert.equal(await tab.back(), true, "the page was in the back-forward cache");
      await tab.evaluate(() => (globalThis.leaving = false));
      await connected(tab);
      for (const event of events) await receives(tab, `${name} ${event}`);
      await tab.until(() => session.unsent === 0);
      assert.deepEqual(await outOfOrder(tab), []);
      assert.deepEqual(await outOfOrder(reader.tabs[0]), []);
    });
  }
}

test("a hidden tab that is left saves in pagehide", { timeout: 60_000 }, async () => {
  person = await rig.person("editor", 2);
  const [first, second] = person.tabs;
  await first.show();
  await first.evaluate(saves, "hidden");
  await first.evaluate(() => (globalThis.leaving = true));
  await second.show();
  await first.until(() => document.visibilityState === "hidden");
  await first.goto(`${rig.gateway.url}/elsewhere`);
  for (const event of ["visibilitychange", "pagehide", "a microtask of pagehide"]) await receives(reader.tabs[0], `hidden ${event}`);
  await leader([second]);
});
