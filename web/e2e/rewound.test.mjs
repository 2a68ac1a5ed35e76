// The state of the server is put back to an earlier one, under open tabs.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Person, inState, launch, property, shows, text, type, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const browser = await launch();
after(() => browser.close());

// Records what a tab is told of its log.
const listen = (tab) => tab.evaluate(() => {
  globalThis.told = { gaps: [], unsaved: 0 };
  globalThis.demo.session.addEventListener("gap", ({ detail }) => globalThis.told.gaps.push(detail));
  globalThis.demo.session.addEventListener("unsaved", () => globalThis.told.unsaved++);
});

test("a copy of the state is put back: both tabs are told, and none is in step by mistake", { timeout: 180_000 }, async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const owner = await Person.arrive(browser, server.url);
  const first = await owner.signIn("owner");
  await inState(first, "connected");
  const second = await owner.tab();
  await inState(second, "connected");
  await type(first, "kept. ");
  await shows(second, "kept. ");
  await until(first, () => document.querySelector("#saved").textContent === "All changes stored");
  await server.kill();
  await server.copy();
  await server.start();
  for (const tab of [first, second]) await inState(tab, "connected");
  await type(first, "lost. ");
  await shows(second, "lost. ");
  await until(first, () => document.querySelector("#saved").textContent === "All changes stored");
  const before = await property(first, "version");

  // Nobody of the owner's reaches the server until the log is as long as it was, and longer.
  for (const tab of [first, second]) await listen(tab);
  await owner.context.setOffline(true);
  await server.kill();
  await server.putBack();
  await server.start();
  const other = await Person.arrive(browser, server.url);
  const editor = await other.signIn("editor");
  await inState(editor, "connected");
  await shows(editor, "kept. ");
  assert.doesNotMatch(await text(editor), /lost/);
  for (let i = 0; await property(editor, "version") <= before + 1; i++) {
    await type(editor, `new ${i}. `);
    await until(editor, () => document.querySelector("#saved").textContent === "All changes stored");
  }
  const version = await property(editor, "version");
  await owner.context.setOffline(false);

  for (const tab of [first, second]) {
    await inState(tab, "connected");
    await until(tab, (version) => globalThis.demo.session.version >= version && globalThis.told.gaps.length > 0, version);
    const { gaps } = await tab.evaluate(() => globalThis.told);
    assert.equal(gaps.length, 1);
    assert.equal(gaps[0].reason, "rewound");
    // What the log lost is here still, and is not passed for stored.
    await shows(tab, "new 0. ");
    await shows(tab, "lost. ");
    await until(tab, () => document.querySelector("#saved").textContent !== "All changes stored");
  }
  assert.ok((await first.evaluate(() => globalThis.told.unsaved)) > 0, "what the first tab had stored came back to it");
  assert.doesNotMatch(await text(editor), /lost/);

  // A kill alone takes nothing from anybody.
  await server.kill();
  await server.start();
  for (const tab of [first, second, editor]) await inState(tab, "connected");
  await type(editor, "after. ");
  for (const tab of [first, second]) await shows(tab, "after. ");
  for (const tab of [first, second]) assert.equal((await tab.evaluate(() => globalThis.told.gaps)).length, 1);
});
