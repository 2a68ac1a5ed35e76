// What people do with a document beside typing in it: comments, locks, snapshots.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person, inState, launch, property, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server, browser;
const people = [];

before(async () => {
  server = await startServer();
  browser = await launch();
});
afterEach(async () => {
  for (const person of people.splice(0)) await person.close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function arrive(name) {
  const person = people[people.push(await Person.arrive(browser, server.url)) - 1];
  const tab = await person.signIn(name);
  await inState(tab, "connected");
  return { person, tab };
}

/** Keeps what a tab receives from now on. */
const listen = (tab) => tab.evaluate(() => {
  globalThis.received = { comment: [], locks: [], snapshot: [] };
  for (const type of Object.keys(globalThis.received)) {
    globalThis.demo.session.addEventListener(type, ({ detail }) => globalThis.received[type].push(detail));
  }
});

test("a comment made in one tab is seen in both, and by others, once", { timeout: 90_000 }, async () => {
  const { person, tab: first } = await arrive("owner");
  const second = await person.tab();
  await inState(second, "connected");
  const { tab: other } = await arrive("editor");
  const tabs = [first, second, other];
  for (const tab of tabs) await listen(tab);
  assert.equal(await property(second, "role"), "follower");

  const { commentId, version } = await second.evaluate(() => globalThis.demo.session.comment({ text: "Why?" }, [3, 9]));
  assert.equal(commentId, String(version));
  await other.evaluate((id) => globalThis.demo.session.reply(id, "Because."), commentId);
  await first.evaluate((id) => globalThis.demo.session.resolve(id), commentId);
  for (const tab of tabs) {
    await until(tab, () => globalThis.received.comment.length === 3);
    const received = await tab.evaluate(() => globalThis.received.comment);
    assert.deepEqual(received.map(({ event, commentId, own }) => [event, commentId, own]), [
      ["create", commentId, tab === second], ["reply", commentId, tab === other], ["resolve", commentId, tab === first],
    ]);
    assert.deepEqual([received[0].body, received[0].anchor, received[1].body], [{ text: "Why?" }, [3, 9], "Because."]);
  }
  const refused = await second.evaluate((id) => globalThis.demo.session.reply(id, "Late.").catch(({ code, reason }) => ({ code, reason })), commentId);
  assert.deepEqual(refused, { code: "NOT_FOUND", reason: "comment_not_found" });
});

test("a section is locked from either tab, and the leader posts the snapshot", { timeout: 90_000 }, async () => {
  const { person, tab: first } = await arrive("owner");
  const second = await person.tab();
  await inState(second, "connected");
  const { tab: other } = await arrive("editor");
  for (const tab of [first, second, other]) await listen(tab);
  await second.evaluate(() => globalThis.demo.session.lock("intro", 60_000));
  for (const tab of [first, second, other]) {
    await until(tab, () => globalThis.received.locks.length === 1);
    const [{ sections }] = await tab.evaluate(() => globalThis.received.locks);
    assert.deepEqual(sections.map(({ section, own }) => [section, own]), [["intro", tab !== other]]);
  }
  const write = (section) => other.evaluate((section) => globalThis.demo.session.send({ typed: 1 }, { section })
    .then(() => "stored", ({ code, reason }) => `${code} ${reason}`), section);
  assert.equal(await write("intro"), "DOCUMENT_LOCKED section_locked");
  assert.equal(await write("elsewhere"), "stored");
  await first.evaluate(() => globalThis.demo.session.unlock("intro"));
  assert.equal(await write("intro"), "stored");

  const post = (tab) => tab.evaluate(() => globalThis.demo.session.snapshot(globalThis.demo.session.version, { text: "é".repeat(100_000) })
    .then(() => "stored", ({ reason }) => reason));
  await until(first, () => globalThis.demo.session.version >= 2);
  assert.equal(await post(second), "not_leader");
  // The editor has to have acknowledged that version: until then it is sent again.
  await until(first, () => globalThis.demo.session.snapshot(globalThis.demo.session.version, { text: "é".repeat(100_000) })
    .then(() => true, ({ reason }) => { if (reason !== "snapshot_unconfirmed") throw new Error(reason); }));
});
