// "synced" is the truth: whatever is made, dropped, refused, locked, reloaded beside a
// database in the browser, and reset on the server.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { FakeSession, HoldfastProvider, Persistence, Server, Y, holds, load, newPeer, peer, random, settle, type, whole } from "./yjs.mjs";

before(load);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Everything that waits is repeated, sent, stored and received; time passes. */
async function rest(timers, sessions) {
  for (let i = 0; i < 12; i++) {
    await turn();
    for (const session of sessions) session.push();
    for (const session of sessions) session.pull();
    await turn();
    timers.tick(3000);
  }
}

/** A page with a document that outlives it in a database. */
class Page {
  #server;
  #any;
  #name;
  #kept = new Persistence();
  constructor(server, any, name) {
    Object.assign(this, { may: true });
    this.#server = server;
    this.#any = any;
    this.#name = name;
    this.open();
  }
  open() {
    const any = this.#any;
    this.doc = new Y.Doc();
    this.text = this.doc.getText("text");
    this.session = new FakeSession(this.#server, this.#name);
    this.session.role = any(4) ? "leader" : "follower";
    this.session.may = this.may;
    this.database = any(3) ? this.#kept.attach(this.doc) : undefined;
    this.loaded = !this.database;
    if (any(2)) this.load();
    if (any(3) === 0) this.session.up();
    if (any(3) === 0) this.session.pull(any(5));
    this.make();
  }
  load() {
    if (!this.loaded) this.database.load();
    this.loaded = true;
  }
  make() {
    this.provider = new HoldfastProvider(this.session, this.doc, { snapshotEvery: 5, connect: this.#any(5) > 0 });
    this.provider.on("refused", ({ code }) => (this.lost ||= code === "DOCUMENT_RESET"));
  }
  close() {
    if (this.database) this.load(); // what a page has read or not is there the next time
    this.provider.destroy();
    this.database?.detach();
    this.session.down();
    this.#server.sessions.splice(this.#server.sessions.indexOf(this.session), 1);
  }
}

/** Looks at one page: what its provider says has to be so. */
function judge({ session, provider, doc }, server, seed) {
  if (!provider.synced) return;
  const log = server.at(session.version);
  assert.ok(holds(doc, log), `${seed}: synced, and the log has what the document lacks`);
  if (provider.unsent === 0) assert.ok(holds(log, doc), `${seed}: synced, nothing unsent, and the document has what the log lacks`);
}

test("synced is the truth, and nothing is sent that the log has", { timeout: 120_000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const runs = Number(process.env.RUNS) || 60;
  const first = Number(process.env.SEED) || 1;
  const seen = { refused: 0, lost: 0, snapshot: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const any = random(seed);
    const server = new Server();
    const name = `SEED=${seed}`;
    const pages = Array.from({ length: 2 + any(3) }, (_, i) => new Page(server, any, i));
    const resets = any(3) === 0;
    for (let step = 0; step < 120; step++) {
      const page = pages[any(pages.length)];
      const { session, provider, text, doc } = page;
      switch (any(16)) {
        case 0: case 1: session.up(); break;
        case 2: any(3) || session.down(); break;
        case 3: case 4: session.push(1 + any(3)); break;
        case 5: case 6: session.pull(1 + any(4)); break;
        case 7: any(3) || server.lock(server.locked ? undefined : "an operator"); break;
        case 8: any(3) || session.allow((page.may = !page.may)); break;
        case 9: any(2) ? provider.connect() : any(3) || provider.disconnect(); break;
        case 10:
          if (any(3)) break;
          page.close();
          page.open();
          break;
        case 11:
          if (any(3)) break;
          provider.destroy();
          page.make();
          break;
        case 12: page.load(); break;
        case 13:
          t.mock.timers.tick(any(3000));
          if (resets && any(6) === 0) server.goBack(any(2) && any(server.log.length + 1));
          break;
        default:
          if (any(3) && text.length) text.delete(any(text.length), 1);
          else text.insert(any(text.length + 1), any(40) ? String.fromCharCode(97 + any(26)) : "0123456789".repeat(6000));
          if (any(5) === 0) doc.getMap("map").set(`k${any(3)}`, step);
      }
      await null;
      await null;
      await null;
      for (const page of pages) judge(page, server, name);
    }
    const refused = pages.filter(({ session, provider }) => session.state === "connected" && !session.may && provider.unsent).length;
    if (refused) seen.refused++;
    server.lock(undefined);
    for (const page of pages) {
      page.load();
      page.session.up();
      page.provider.connect();
      page.session.allow(true);
    }
    await rest(t.mock.timers, server.sessions);
    for (const page of pages) {
      if (!page.lost) continue;
      seen.lost++;
      page.provider.resend();
      await rest(t.mock.timers, server.sessions);
    }
    await rest(t.mock.timers, server.sessions);
    for (const page of pages) {
      judge(page, server, name);
      assert.deepEqual([page.provider.synced, page.provider.unsent, page.provider.unsaved()], [true, 0, undefined], name);
    }
    assert.equal(new Set(pages.map(whole)).size, 1, name);
    assert.equal(whole(newPeer(server)), whole(pages[0]), `${name}: a late joiner`);
    // Each update with something in it brought something that was not there. (What the server
    // has lost several may send again, each of whom has it.)
    const log = new Y.Doc();
    for (const update of server.generation ? [] : server.updates()) {
      const fresh = new Y.Doc();
      Y.applyUpdate(fresh, update);
      let more = false;
      const changed = () => (more = true);
      log.on("update", changed);
      const before = log.store.pendingStructs?.update;
      Y.applyUpdate(log, update);
      log.off("update", changed);
      assert.ok(more || update[0] === 0 || log.store.pendingStructs?.update !== before, `${name}: sent twice`);
    }
    if (server.snapshot) seen.snapshot++;
  }
  if (!process.env.SEED) assert.ok(seen.refused > 3 && seen.lost > 0 && seen.snapshot > runs / 4, JSON.stringify(seen));
});
