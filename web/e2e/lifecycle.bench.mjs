// What a person waits for, on loopback, in each engine: the first connection_ack after a
// page was opened, and the next acknowledged op after the leading tab was closed or frozen.
// And what 20,000 frames leave behind in the module. `make bench` runs it.
import { engines } from "./engines/engines.mjs";
import { median, sendMany, unlimited, watchProgram, weight } from "./measure.mjs";
import { connected, leader, send, startRig } from "./rig.mjs";
import { startServer } from "./server.mjs";

const rounds = Number(process.argv[2] || 15);
const say = (what, list) => console.log(`${what.padEnd(56)} p50 ${median(list).toFixed(0)} ms, worst ${Math.max(...list).toFixed(0)} ms, of ${list.length}`);
const server = await startServer(unlimited);

async function loads(name, { gateway }, profile) {
  const took = [];
  for (let i = 0; i < rounds; i++) {
    const tab = await profile.open(`${gateway.url}/tab?document=welcome`);
    await connected(tab);
    took.push(await tab.evaluate(() => took[0]));
    await tab.close();
  }
  say(`${name}: open a page, first connection_ack`, took);
}

// From the leader's last event to the first op that the other tab, which sends one after
// another, is told to be stored while it leads: by the pages' clock, for a driver may take
// its time to say that a tab is closed.
async function handOvers(name, way, join, go, back) {
  let tabs = [await join(), await join()];
  const took = [];
  for (let i = 0; i < rounds; i++) {
    const old = await leader(tabs);
    const next = tabs.find((tab) => tab !== old);
    await next.show?.(); // where a driver can
    await old.evaluate((way) => addEventListener(way === "freeze" ? "freeze" : "pagehide", () => localStorage.setItem("went", Date.now()), { capture: true }), way);
    await next.evaluate((way) => void (globalThis.stored = (async () => {
      while ((await session.send(way)) && session.role !== "leader") await new Promise((resolve) => setTimeout(resolve, 5));
      return Date.now();
    })()), way);
    await go(old);
    took.push(await next.evaluate(() => stored.then((at) => at - Number(localStorage.getItem("went")))));
    tabs = [next, await back(old)];
    await connected(tabs[1]);
  }
  say(`${name}: ${way} the leader, next op acknowledged`, took);
  for (const tab of tabs) await tab.close();
}

async function memory({ gateway }, profile) {
  const tab = await profile.open(`${gateway.url}/tab?document=notes`, watchProgram);
  await connected(tab);
  await sendMany(tab, 2000);
  const before = await weight(tab), began = Date.now();
  await sendMany(tab, 10_000);
  const now = await weight(tab);
  console.log(`20,000 frames in ${Date.now() - began} ms: memory ${before.bytes >> 10} → ${now.bytes >> 10} KiB, values ${before.values} → ${now.values}`);
}

try {
  for (const { name, skip, cannot, path, launch } of engines) {
    if (skip) {
      console.log(`${name}: ${skip}`);
      continue;
    }
    const rig = await startRig({ server, launch: () => launch(path) });
    try {
      const { profile, tabs: [first], join } = await rig.person("owner", 1);
      console.log(`${name} is ${rig.chrome.version}`);
      await first.close();
      await loads(name, rig, profile);
      await handOvers(name, "close", join, (tab) => tab.close(), () => join());
      if (!cannot.freeze) await handOvers(name, "freeze", join, (tab) => tab.freeze(), async (tab) => (await tab.thaw(), tab));
      if (name === "Chromium") await memory(rig, profile);
    } finally {
      await rig.stop();
    }
  }
} finally {
  await server.stop();
}
