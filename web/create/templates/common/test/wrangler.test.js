// wrangler.toml: an environment inherits no variables and no bindings, so each names them all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { experimental_readRawConfig as readConfig } from "wrangler";

const { rawConfig } = readConfig({ config: fileURLToPath(new URL("../wrangler.toml", import.meta.url)) });

for (const [name, environment] of Object.entries(rawConfig.env ?? {})) {
  test(`the environment ${name} has all variables and bindings`, () => {
    const names = ({ vars = {}, durable_objects: { bindings = [] } = {}, d1_databases = [] }) => ({
      vars: Object.keys(vars).sort(),
      bindings: [...bindings.map((one) => one.name), ...d1_databases.map((one) => one.binding)].sort(),
    });
    assert.deepEqual(names(environment), names(rawConfig));
  });
}
