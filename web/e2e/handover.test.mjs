// Whatever becomes of the tab that leads, another one leads on: nothing is lost,
// nothing comes twice, and everybody knows who is there.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { begin, connected, receives, leader, outOfOrder, role, send, startRig, state } from "./rig.mjs";

let rig, person;

before(async () => (rig = await startRig({ vars: { MESSAGES_PER_S: 100000, MESSAGES_BURST: 100000 } })));
afterEach(async () => {
  rig.gateway.down = false; // or a test that failed would fail all that come after it
  rig.gateway.release();
  const left = person;
  person = undefined;
  await left?.profile.close();
  if (left) assert.deepEqual(left.profile.console, [], "the pages have nothing to complain of");
});
after(() => rig?.stop());

// Counts how often a page robs another of the lock: only one that just stopped, without
// an event of the page's or a word of the browser's, is asked for signs of life and robbed.
const watchLocks = `
  globalThis.robbed = 0;
  const request = globalThis.LockManager?.prototype.request; // a data: page has none
  if (request) LockManager.prototype.request = function (name, options, ...rest) {
    if (options?.steal) robbed++;
    return request.call(this, name, options, ...rest);
  };
`;
const robberies = async (tabs) => (await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.robbed)))).reduce((a, b) => a + b);

// How a leader goes.
const ways = {
  close: { go: (tab) => tab.close() },
  crash: { go: (tab) => tab.crash(), silent: true },
  reload: { go: (tab) => tab.reload(), returns: (tab) => tab },
  navigate: { go: (tab) => tab.goto(`${rig.gateway.url}/elsewhere`), returns: async (tab) => assert.equal(await tab.back(), true, "it was in the back-forward cache") },
  "navigate to another site": { go: (tab) => tab.goto("data:text/html,elsewhere") },
  freeze: { go: (tab) => tab.freeze(), returns: (tab) => tab.thaw() },
  "a busy main thread": { go: (tab) => void tab.evaluate(() => { for (const end = performance.now() + 12_000; performance.now() < end;); }), robbed: true, returns: () => {} },
};

for (const [way, { go, returns, robbed = false, silent }] of Object.entries(ways)) {
  test(`the leader goes: ${way}`, { timeout: 90_000 }, async () => {
    person = await rig.person("owner", 3, "welcome", watchLocks);
    const [first, ...others] = person.tabs;
    assert.equal(await leader(person.tabs), first);
    for (const tab of others) await tab.until(() => tabs.length === 3);
    const names = [`${way} 1`, `${way} 2`, `${way} 3`];
    await send(first, names[0]);
    await others[1].show(); // the leader is hidden, as a tab is that the browser lets go of
    await begin(others[0], names[1]); // on its way through the leader while that goes
    await go(first);
    await begin(others[1], names[2]);
    for (const [tab, op] of [[others[0], names[1]], [others[1], names[2]]]) await tab.until((op) => sent[op] > 0, op);
    const next = await leader(others);
    assert.equal(await robberies(others), robbed ? 1 : 0);
    for (const tab of others) for (const op of names) await receives(tab, op);

    if (returns) {
      const tab = (await returns(first), first);
      await connected(tab);
      assert.equal(await leader([...others, tab]), next, "it does not take the lead back");
      await send(tab, `${way} 4`);
      for (const each of [tab, ...others]) await receives(each, `${way} 4`);
      for (const each of [tab, ...others]) await each.until(() => tabs.length === 3);
      assert.deepEqual(await outOfOrder(tab), []);
    } else {
      // A crash sends nothing to anybody: the roll call finds it.
      for (const tab of others) await tab.until(() => tabs.length === 2, undefined, silent ? 25_000 : 10_000);
    }
    for (const tab of others) assert.deepEqual(await outOfOrder(tab), []);
  });
}

test("a follower that crashed goes from everybody's list", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 3, "welcome");
  const [first, second, third] = person.tabs;
  for (const tab of [first, third]) await tab.until(() => tabs.length === 3);
  await second.crash();
  for (const tab of [first, third]) await tab.until(() => tabs.length === 2, undefined, 25_000);
  assert.deepEqual(await Promise.all([role(first), role(third)]), ["leader", "follower"]);
});

for (const [way, sleep] of [["frozen", (tab) => tab.freeze()], ["in the back-forward cache", (tab) => tab.goto(`${rig.gateway.url}/elsewhere`)]]) {
  test(`the next in the queue is ${way}: the one behind it leads`, { timeout: 60_000 }, async () => {
    person = await rig.person("owner", 3, "welcome", watchLocks);
    const [first, second, third] = person.tabs;
    await sleep(second);
    // The command is answered before the browser has let go of what the sleeper waited for.
    await third.until(() => navigator.locks.query().then(({ pending }) => pending.length === 1));
    await begin(third, `past the sleeper, ${way}`);
    await first.close();
    await third.until((op) => sent[op] > 0, `past the sleeper, ${way}`); // the one that closes may still have seen to it
    await third.until(() => session.role === "leader");
    assert.equal(await robberies([third]), 0);
  });
}

test("what a page had not seen stored when it was left is stored all the same", { timeout: 60_000 }, async () => {
  for (const leaves of [0, 1]) {
    person = await rig.person("owner", 2, "welcome");
    const [gone, left] = leaves ? [person.tabs[1], person.tabs[0]] : person.tabs;
    // Not the browser's own offline, which sometimes hides the end of a connection meanwhile.
    rig.gateway.down = true;
    rig.gateway.cut();
    await left.until(() => session.state === "reconnecting");
    const mine = [1, 2, 3].map((n) => `left by ${leaves ? "a follower" : "the leader"}, ${n}`);
    for (const op of mine) await begin(gone, op);
    assert.equal(await gone.evaluate(() => session.unsent), 3, "and a page can know");
    await gone.goto(`${rig.gateway.url}/elsewhere`);
    rig.gateway.down = false;
    for (const op of mine) await receives(left, op);
    assert.deepEqual(await outOfOrder(left), []);
    assert.deepEqual(await left.evaluate((mine) => ops.filter((op) => mine.includes(op)), mine), mine, "in their order");
    await person.profile.close();
    person = undefined;
  }
});

test("two sessions in one page are two tabs: one leads, one follows, and the other goes on when it is closed", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 1, "welcome");
  const [tab] = person.tabs;
  await tab.evaluate(() => join("welcome").then((second) => void (globalThis.second = second)));
  await tab.until(() => second.session.state === "connected");
  assert.deepEqual(await tab.evaluate(() => [session.role, second.session.role]), ["leader", "follower"]);
  assert.equal(await tab.evaluate(() => second.session.send("by the second").then(() => "stored")), "stored");
  await tab.evaluate(() => session.close());
  await tab.until(() => second.session.role === "leader" && second.session.state === "connected");
  assert.equal(await tab.evaluate(() => second.session.send("by the one left").then(() => "stored")), "stored");
  assert.equal(await tab.evaluate(() => globalThis.asked), 1, "with the token it was given");
});

test("mounted, unmounted and mounted again, as React does in development: one session is left, and one lock", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 1, "notes");
  const [tab] = person.tabs;
  await tab.evaluate(async () => {
    session.close();
    for (let i = 0; i < 3; i++) join("welcome").then(({ session }) => session.close());
    globalThis.kept = await join("welcome");
  });
  await tab.until(() => kept.session.state === "connected" && kept.session.role === "leader");
  assert.equal(await tab.evaluate(() => kept.session.send("mounted").then(() => "stored")), "stored");
  await tab.until(() => kept.tabs.length === 1);
  const locks = () => tab.evaluate(() => navigator.locks.query().then(({ held, pending }) => [held.length, pending.length]));
  assert.deepEqual(await locks(), [1, 0]);
  await tab.evaluate(() => kept.session.close());
  assert.deepEqual(await locks(), [0, 0]);
});

for (const [what, before] of [
  ["Web Locks", "delete Navigator.prototype.locks"],
  ["a broadcast channel", "globalThis.BroadcastChannel = class { constructor() { throw new DOMException('no', 'SecurityError'); } }"],
]) {
  // One connection per user and document is the server's rule: the newest has it.
  test(`without ${what} each tab is a client of its own: the newest works, the older one says why not`, { timeout: 60_000 }, async () => {
    person = await rig.person("owner", 1, "welcome", before);
    const [first] = person.tabs;
    await send(first, `alone without ${what}`);
    const second = await person.join();
    await send(second, `the newest without ${what}`);
    assert.equal(await role(second), "leader");
    assert.notEqual(await first.evaluate(() => session.clientId), await second.evaluate(() => session.clientId));
    await first.until(() => session.state === "replaced");
    const said = await first.evaluate(() => events.filter(([kind]) => kind === "error").map(([, { code }]) => code));
    assert.deepEqual(said, ["CONNECTION_REPLACED"]);
    const sockets = rig.gateway.paths.filter((path) => path.startsWith("/v1/ws/")).length;
    await second.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1500)));
    assert.equal(rig.gateway.paths.filter((path) => path.startsWith("/v1/ws/")).length, sockets, "and they do not take it from each other in turn");
    assert.equal(await state(second), "connected");
  });
}
