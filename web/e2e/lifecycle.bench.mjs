// What a person waits for, on loopback: the first connection_ack after a page was
// opened, and the next acknowledged op after the leading tab was closed or frozen.
// And what 20,000 frames leave behind in the module. `make bench` runs it.
import { median, sendMany, unlimited, watchProgram, weight } from "./measure.mjs";
import { connected, leader, send, startRig } from "./rig.mjs";

const rounds = Number(process.argv[2] || 15);
const rig = await startRig({ vars: unlimited });
const say = (what, list) => console.log(`${what.padEnd(46)} p50 ${median(list).toFixed(0)} ms, worst ${Math.max(...list).toFixed(0)} ms, of ${list.length}`);

try {
  const { profile, tabs: [first], join } = await rig.person("owner", 1);
  await first.close();
  const loads = [];
  for (let i = 0; i < rounds; i++) {
    const tab = await profile.open(`${rig.gateway.url}/tab?document=welcome`);
    await connected(tab);
    loads.push(await tab.evaluate(() => took[0]));
    await tab.close();
  }
  say("open a page: first connection_ack", loads);

  for (const [way, go, back] of [
    ["close", (tab) => tab.close(), () => join()],
    ["freeze", (tab) => tab.freeze(), async (tab) => (await tab.thaw(), tab)],
  ]) {
    let tabs = [await join(), await join()];
    const times = [];
    for (let i = 0; i < rounds; i++) {
      const old = await leader(tabs);
      const next = tabs.find((tab) => tab !== old);
      await send(next, `${way} ${i}, before`);
      await next.show();
      const began = Date.now();
      const gone = go(old);
      times.push(await next.evaluate((op) => session.send(op).then(() => Date.now()), `${way} ${i}`) - began);
      await gone;
      const other = await back(old);
      await connected(other);
      tabs = [next, other];
    }
    say(`${way} the leader: next op acknowledged`, times);
    for (const tab of tabs) await tab.close();
  }

  const tab = await profile.open(`${rig.gateway.url}/tab?document=notes`, watchProgram);
  await connected(tab);
  await sendMany(tab, 2000);
  const before = await weight(tab), began = Date.now();
  await sendMany(tab, 10_000);
  const now = await weight(tab);
  console.log(`20,000 frames in ${Date.now() - began} ms: memory ${before.bytes >> 10} → ${now.bytes >> 10} KiB, values ${before.values} → ${now.values}`);
} finally {
  await rig.stop();
}
