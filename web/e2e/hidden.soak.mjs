// A hidden tab's timers, chained, fire once a minute. Its token is renewed in time
// all the same.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { role, send, startRig } from "./rig.mjs";

let rig;
before(async () => (rig = await startRig({
  vars: { ACCESS_TOKEN_TTL_S: 40, HEARTBEAT_MS: 5000 },
  // What a browser does after five minutes, after ten seconds.
  flags: ["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10", "--intensive-wake-up-throttling-policy=force-enable"],
})));
after(() => rig?.stop());

test("hidden for longer than two tokens last, with timers once a minute: no token ends unrenewed", { timeout: 150_000 }, async () => {
  const { profile, tabs: [tab] } = await rig.person("owner", 1);
  await profile.open(`${rig.gateway.url}/elsewhere`);
  await tab.until(() => document.visibilityState === "hidden");
  await tab.evaluate(() => {
    globalThis.ticks = [];
    const tick = () => void (ticks.push(performance.now()), setTimeout(tick, 500));
    tick();
    globalThis.ends = [];
    session.addEventListener("tokenrefresh", ({ detail }) => ends.push([Date.now(), detail.expiresAt]));
    globalThis.firstEnd = session.expiresAt;
  });
  await pause(65_000);
  const seen = await tab.evaluate(() => ({ ticks: [...ticks, performance.now()], ends, firstEnd, states: events.filter(([kind]) => kind !== "tokenrefresh" && kind !== "tabs" && kind !== "leaderchange") }));
  const widest = Math.max(...seen.ticks.slice(1).map((at, i) => at - seen.ticks[i]));
  assert.ok(widest > 20_000, `its timers were slowed down: the widest gap is ${widest} ms`);
  let end = seen.firstEnd;
  for (const [at, next] of seen.ends) {
    assert.ok(at < end - 2000, `renewed ${end - at} ms before its end`);
    end = next;
  }
  assert.ok(end > Date.now() && seen.ends.length >= 2, `${seen.ends.length} renewals`);
  assert.equal(seen.states.length, 1, `and the connection stood all the time: ${JSON.stringify(seen.states)}`);
  assert.equal(rig.gateway.paths.filter((path) => path.startsWith("/v1/ws/")).length, 1);
  assert.equal(await role(tab), "leader");
  await send(tab, "still there");
  assert.deepEqual(profile.console, []);
});
