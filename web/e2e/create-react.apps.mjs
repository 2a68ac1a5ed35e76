// npm create holdfast my-app -- --template react: as create.apps.mjs, and its environment for
// trying things.
import { after, before, test } from "node:test";
import { start, testedAndBuilt, twoPeopleWrite } from "./create-story.mjs";
import { dev } from "./create.mjs";

let made;
before(async () => (made = await start("react")), { timeout: 120_000 });
after(() => made?.stop());

test("two people write", { timeout: 150_000 }, async () => {
  const server = await dev(made.app, made.env);
  try {
    await (await twoPeopleWrite(made.browser, server)).close();
  } finally {
    await server.stop();
  }
});

test("its own tests pass, and it is built for staging", { timeout: 120_000 }, () => testedAndBuilt(made, "staging"));
