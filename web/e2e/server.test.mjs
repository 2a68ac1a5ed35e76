// The server stops, and tokens end, under open tabs.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Person, inState, launch, note, noted, property, shows, text, type, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const browser = await launch();
after(() => browser.close());

test("the server is killed and started: both tabs resume, the text is whole", { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const owner = await Person.arrive(browser, server.url);
  const first = await owner.signIn("owner");
  await inState(first, "connected");
  const second = await owner.tab();
  await inState(second, "connected");
  await type(first, "before. ");
  await shows(second, "before. ");
  await Promise.all([note(first), note(second)]);
  const session = await property(first, "sessionId");

  await server.kill();
  await inState(first, "reconnecting");
  await inState(second, "reconnecting");
  await type(first, "first while down. ");
  await type(second, "second while down. ");
  await server.start();

  for (const tab of [first, second]) {
    await inState(tab, "connected");
    await until(tab, () => document.querySelector("#saved").textContent === "All changes stored");
  }
  assert.equal(await property(first, "sessionId"), session, "within the grace period it is the same session");
  assert.match(await first.locator("#resumed").textContent(), /^yes/);
  for (const tab of [first, second]) {
    await until(tab, ({ length }) => globalThis.demo.text().length === length, { length: "before. first while down. second while down. ".length });
    const { versions, right } = await noted(tab);
    assert.deepEqual(versions, right);
  }
  assert.equal(await text(first), await text(second));
  const fresh = await Person.arrive(browser, server.url);
  const reader = await fresh.signIn("viewer");
  await inState(reader, "connected");
  await until(reader, (want) => globalThis.demo.text() === want, await text(first));
});

test("short tokens: three tabs, one refresh each time, on the open socket", { timeout: 120_000 }, async (t) => {
  const server = await startServer({ ACCESS_TOKEN_TTL_S: 16 });
  t.after(() => server.stop());
  const owner = await Person.arrive(browser, server.url);
  const tabs = [await owner.signIn("owner")];
  await inState(tabs[0], "connected");
  for (let i = 0; i < 2; i++) {
    tabs.push(await owner.tab());
    await inState(tabs.at(-1), "connected");
  }
  const before = owner.refreshes;
  for (const tab of tabs) {
    await tab.evaluate(() => {
      globalThis.refreshed = [];
      globalThis.demo.session.addEventListener("tokenrefresh", ({ detail }) => globalThis.refreshed.push(detail.expiresAt));
    });
  }
  for (const tab of tabs) await tab.waitForFunction(() => globalThis.refreshed.length >= 2, undefined, { timeout: 40_000 });
  const received = await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.refreshed)));
  assert.ok(owner.refreshes - before <= Math.max(...received.map(({ length }) => length)), `${owner.refreshes - before} refreshes for ${received[0].length} tokens`);
  // The same two tokens, each tab counting on its own clock.
  for (const other of received.slice(1)) for (const i of [0, 1]) assert.ok(Math.abs(received[0][i] - other[i]) < 500, `${received}`);
  assert.equal(owner.sockets.length, 1);
  for (const tab of tabs) assert.equal(await property(tab, "state"), "connected");
});
