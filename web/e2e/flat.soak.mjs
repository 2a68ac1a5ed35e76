// Twenty thousand frames later the module holds what it held before.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sendMany, unlimited, watchProgram, weight } from "./measure.mjs";
import { startRig } from "./rig.mjs";

let rig;
before(async () => (rig = await startRig({ vars: unlimited })));
after(() => rig?.stop());

test("20,000 frames: memory and the table of JavaScript values are flat in the leader and in a follower", { timeout: 150_000 }, async (t) => {
  const { profile, tabs: [leader, follower] } = await rig.person("owner", 2, "welcome", watchProgram);
  await sendMany(leader, 2000); // until everything has been used once
  const before = [await weight(leader), await weight(follower)];
  await sendMany(leader, 10_000); // an op up and its acknowledgement down, each
  await follower.until(() => versions.length >= 12_000, undefined, 30_000);
  const now = [await weight(leader), await weight(follower)];
  t.diagnostic(`leader ${JSON.stringify([before[0], now[0]])}, follower ${JSON.stringify([before[1], now[1]])}`);
  for (const i of [0, 1]) {
    assert.ok(before[i].bytes > 0 && before[i].values > 5, "or there is nothing to see");
    assert.ok(now[i].bytes - before[i].bytes <= 1 << 20, `memory grew from ${before[i].bytes} to ${now[i].bytes} bytes`);
    assert.ok(now[i].values - before[i].values <= 64 && now[i].slots - before[i].slots <= 1024, `${before[i].values} values became ${now[i].values}`);
  }
  assert.deepEqual(profile.console, []);
});
