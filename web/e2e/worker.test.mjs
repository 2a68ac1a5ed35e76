// The Worker half of the package in other people's Workers: packed, installed without a
// network, bundled by wrangler, and run in workerd.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { project } from "./apps.mjs";
import { Line, serving } from "./workers.mjs";

/** Holdfast's part of a wrangler.toml. */
const bindings = (more = "") => `
[[durable_objects.bindings]]
name = "SESSIONS"
class_name = "UserSession"
${more}
[[durable_objects.bindings]]
name = "DOCUMENTS"
class_name = "Document"
${more}
[[d1_databases]]
binding = "DB"
database_name = "holdfast"
database_id = "00000000-0000-0000-0000-000000000000"
migrations_dir = "node_modules/holdfast/migrations"
`;
const objects = `
[[migrations]]
tag = "v1"
new_sqlite_classes = ["UserSession", "Document"]
`;
const vars = `
[vars]
EMBEDDED_ISSUER = "1"
ISSUER = "https://mine.example"
PERMISSIONS_TIMEOUT_MS = "300"
CLAIMS_TIMEOUT_MS = "300"
EVENTS_EVERY_MS = "200"
`;

// What each hook does, the document and the request's `as` say; all that the hooks were told, the log does.
const mine = `
import { handler, UserSession, Document } from "holdfast/worker";

const never = new Promise(() => {});
const refuse = (status) => { throw Object.assign(new Error("no"), { status }); };
const access = {
  hang: () => never,
  throws: () => { throw new Error("the permissions are broken"); },
  nothrow: () => { throw null; },
  gone: () => null,
  forbidden: () => refuse(403),
  absent: () => refuse(404),
  roleless: () => ({}),
  bigint: () => ({ workspace_id: "w", n: 1n }),
  huge: () => ({ workspace_id: "w", n: "x".repeat(70_000) }),
  reader: () => ({ workspace_id: "w", workspace_role: "viewer" }),
};
const identity = {
  hang: () => never,
  throws: () => { throw new Error("the claims are broken"); },
  nothrow: () => { throw undefined; },
  refuse: () => null,
  forbid: () => refuse(403),
  text: () => "usr_owner",
  nobody: () => ({ name: "Nobody" }),
  nested: (claims) => ({ ...claims, user_id: "of_" + claims.user_id, exp: 4102444800 }),
};
let tries = 0;
const tell = (hook, told) => console.log("TOLD " + JSON.stringify({ hook, ...told }));

const holdfast = handler({
  permissions(question, env) {
    tell("permissions", { question, issuer: env.ISSUER });
    return (access[question.document] ?? (() => ({ workspace_id: "ws", workspace_role: "member", seen: true })))();
  },
  async claims(claims, { request, env }) {
    tell("claims", { claims, url: request?.url ?? null, headers: request && [...request.headers], issuer: env.ISSUER });
    if (request === null) return claims.user_id === "usr_viewer" ? null : claims;
    return (identity[new URL(request.url).searchParams.get("as")] ?? ((claims) => claims))(claims);
  },
  async events(events, env) {
    tell("events", { events, issuer: env.ISSUER, frozen: Object.isFrozen(events[0].data) });
    if (events[0].document === "refused" && tries++ === 0) throw new Error("the backend is broken");
  },
  onEvent(event, { env, ctx }) {
    if (event.document === "noisy") throw new Error("the listener is broken");
    ctx.waitUntil(Promise.resolve());
    tell("onEvent", { event, issuer: env.ISSUER, frozen: Object.isFrozen(event), ctx: Object.keys(ctx) });
  },
});

export { UserSession, Document };
export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/mine") return Response.json({ mine: true });
    if (pathname === "/handles") return Response.json(["/v1/ws/device", "/auth/login", "/v1/mine", "/"].map((path) => holdfast.handles(new Request("https://app.example" + path))));
    return holdfast.fetch(request, env, ctx);
  },
};
`;

/** The examples of the page about the Worker half, or of another one, in one language. */
async function examples(language, name = "../../edge/PACKAGE.md") {
  const page = await readFile(new URL(name, import.meta.url), "utf8");
  return [...page.matchAll(new RegExp("```" + language + "\n([^]*?)```", "g"))].map(([, code]) => code);
}
const [[entry, routes, hooks, beside], [config, besideConfig], [first]] = await Promise.all([examples("js"), examples("toml"), examples("js", "../README.md")]);
/** The configuration of the page's example for another Worker. */
const like = (name) => config.replace('"my-app"', `"${name}"`).replace('"worker.mjs"', `"${name}.mjs"`);

let app, serve;
const files = {
  "mine.mjs": mine,
  "mine.toml": `name = "mine"\nmain = "mine.mjs"\ncompatibility_date = "2026-11-01"\n${bindings()}${objects}${vars}`,
  "my-site.mjs": beside,
  "my-site.toml": besideConfig.replace('"site.mjs"', '"my-site.mjs"'),
  "my-app.mjs": entry,
  "my-app.toml": like("my-app"),
  "readme.mjs": first,
  "readme.toml": like("readme"),
  "routes.mjs": routes,
  "routes.toml": like("routes"),
  "hooks.mjs": hooks,
  "hooks.toml": like("hooks"),
  // The objects' Worker exports them, and does not say which hooks they have.
  "hookless.mjs": 'export { UserSession, Document } from "holdfast/worker";\nexport default { fetch: () => new Response() };\n',
  "hookless.toml": `name = "hookless"\nmain = "hookless.mjs"\ncompatibility_date = "2026-11-01"\n${bindings()}${objects}${vars}`,
  "away.mjs": 'import { handler } from "holdfast/worker";\nexport default handler();\n',
  "away.toml": `name = "away"\nmain = "away.mjs"\ncompatibility_date = "2026-11-01"\n${bindings('script_name = "hookless"')}${vars}`,
};

before(async () => {
  app = await project(files);
  serve = serving(app.dir);
});
after(() => app?.remove());

test("in a Worker of one's own, with hooks", { timeout: 170_000 }, async (t) => {
  const mine = await serve("mine");
  const [owner, viewer] = await Promise.all([mine.token(), mine.token("viewer")]);
  const answer = async (document, query, token = owner) => {
    const line = new Line(mine.url, token, document, query);
    const answer = await line.answer();
    line.ws.close();
    return answer;
  };
  try {
    await t.test("its own routes are its own, and the rest is answered", async () => {
      assert.deepEqual(await (await fetch(`${mine.url}mine`)).json(), { mine: true });
      assert.deepEqual(await (await fetch(`${mine.url}handles`)).json(), [true, true, false, false]);
      assert.deepEqual(await (await fetch(`${mine.url}healthz`)).json(), { status: "ok" });
      for (const path of ["nowhere", "v1/nowhere", "v1/openapi.json"]) {
        const gone = await fetch(mine.url + path);
        assert.deepEqual([gone.status, (await gone.json()).data.error_code], [404, "NOT_FOUND"], path);
      }
    });

    await t.test("two users share a document", async () => {
      const [one, two] = [new Line(mine.url, owner, "shared"), new Line(mine.url, viewer, "shared")];
      assert.deepEqual(await Promise.all([one.answer(), two.answer()]), ["usr_owner", "usr_viewer"]);
      one.send("operation", "op", "m1", { op: { insert: "hello" } });
      assert.equal((await one.next("operation_ack")).data.document_version, 1);
      assert.deepEqual((await two.next("op")).data.op, { insert: "hello" });
      const { question, issuer } = mine.told("permissions").at(-1);
      assert.equal(question.document, "shared");
      assert.equal(issuer, "https://mine.example", "the hook has the Worker's own env");
      await Promise.all([one.end(), two.end()]);
    });

    await t.test("permissions: who is let in, and who is not", async () => {
      assert.equal(await answer("reader"), "usr_owner");
      assert.match(await answer("gone"), /^DOCUMENT_NOT_FOUND/);
      assert.match(await answer("absent"), /^DOCUMENT_NOT_FOUND/);
      assert.match(await answer("forbidden"), /^INSUFFICIENT_PERMISSIONS/);
      for (const document of ["throws", "nothrow", "hang", "roleless", "bigint", "huge"]) {
        assert.match(await answer(document), /^SERVICE_UNAVAILABLE permission/, document);
      }
      await mine.logged('"event":"permission_source_failed"', '"reason":"bad_field"', "workspace_id");
      await mine.logged('"event":"permission_source_failed"', '"reason":"not_json"');
      await mine.logged('"event":"permission_source_failed"', '"reason":"too_large"');
      await mine.logged('"event":"hook_failed"', '"hook":"permissions"', "the permissions are broken");
    });

    await t.test("claims: who somebody is, and who is nobody", async () => {
      assert.equal(await answer("shared", "&as=nested&mark=here"), "of_usr_owner");
      assert.equal(await answer("shared", "&as=refuse"), "AUTHENTICATION_FAILED claims_refused");
      assert.equal(await answer("shared", "&as=forbid"), "AUTHENTICATION_FAILED claims_refused");
      assert.match(await answer("shared", "&as=nobody"), /^AUTHENTICATION_FAILED claim_missing/);
      for (const as of ["throws", "nothrow", "hang", "text"]) assert.equal(await answer("shared", `&as=${as}`), "SERVICE_UNAVAILABLE claims_unavailable", as);
      await mine.logged('"event":"hook_failed"', '"hook":"claims"', "the claims are broken");
      const asked = mine.told("claims").find(({ url }) => url?.includes("mark=here"));
      assert.equal(asked.claims.iss, "https://mine.example");
      assert.ok(asked.headers.some(([name]) => name === "origin"));
      // Nor is it asked about what is no token of this issuer's.
      assert.match(await answer("shared", "&mark=forged", `${owner.slice(0, -8)}AAAAAAAA`), /^AUTHENTICATION_FAILED signature_invalid/);
      assert.equal(await answer("shared", "&mark=after"), "usr_owner");
      await mine.logged('"hook":"claims"', "mark=after"); // what was told before has been read by then
      assert.ok(!mine.told("claims").some(({ url }) => url?.includes("mark=forged")));
    });

    await t.test("claims: a token that comes over the socket", async () => {
      const [one, two] = [new Line(mine.url, owner, "shared"), new Line(mine.url, viewer, "shared")];
      await Promise.all([one.answer(), two.answer()]);
      one.send("system", "token_refresh", "r1", { token: await mine.token() });
      await one.next("token_refreshed");
      two.send("system", "token_refresh", "r2", { token: await mine.token("viewer") });
      const { data } = await two.next("error");
      assert.deepEqual([data.error_code, data.details.reason], ["AUTHENTICATION_FAILED", "claims_refused"]);
      assert.equal(mine.told("claims").at(-1).url, null);
      await one.end();
    });

    await t.test("the backend's events: in order, and again when the hook throws", async () => {
      const line = new Line(mine.url, owner, "refused");
      await line.answer();
      line.send("operation", "op", "m1", { op: 1 });
      await line.next("operation_ack");
      await mine.logged('"event":"hook_failed"', '"hook":"events"', "the backend is broken");
      const ofRefused = () => mine.told("events").filter(({ events }) => events[0].document === "refused");
      while (ofRefused().length < 2) await wait(100); // within the pause after the first failure
      const [first, second] = ofRefused();
      assert.equal(second.events[0].id, first.events[0].id, "the same event comes again");
      assert.ok(first.frozen && first.issuer === "https://mine.example");
      await mine.logged('"hook":"events"', '"type":"session.started"', '"user_id":"usr_owner"');
      await line.end();
    });

    await t.test("events: what is logged, and no failure of theirs reaches a session", async () => {
      assert.equal(await answer("noisy"), "usr_owner");
      await mine.logged('"event":"hook_failed"', '"hook":"onEvent"', "the listener is broken");
      const line = new Line(mine.url, owner, "noisy");
      await line.answer();
      line.send("operation", "op", "m1", { op: 1 });
      await line.next("operation_ack");
      await line.end();
      for (const event of ["sign_in", "connect_admitted", "connect_refused", "connection_ended", "hook_failed", "permission_source_failed"]) await mine.logged("TOLD", '"hook":"onEvent"', `"event":"${event}"`);
      for (const told of mine.told("onEvent")) {
        assert.ok(told.frozen);
        assert.deepEqual([told.ctx, told.issuer], [["waitUntil"], "https://mine.example"]);
        assert.ok(mine.lines.includes(JSON.stringify(told.event)), `${told.event.event} is in the log, too`);
      }
    });

    await t.test("no hook and no line of the log has seen a token", () => {
      for (const token of [owner, viewer]) {
        const [, , signature] = token.split(".");
        assert.ok(!mine.lines.some((line) => line.includes(signature)));
      }
    });
  } finally {
    await mine.stop();
  }
});

test("the page's examples: the entry, and a service binding to it", { timeout: 120_000 }, async () => {
  const both = await serve("my-site", "my-app");
  try {
    assert.equal(await (await fetch(both.url)).text(), "mine");
    const token = await both.token();
    const [one, two] = [new Line(both.url, token, "welcome"), new Line(both.url, await both.token("viewer"), "welcome")];
    assert.deepEqual(await Promise.all([one.answer(), two.answer()]), ["usr_owner", "usr_viewer"]);
    one.send("operation", "op", "m1", { op: { insert: "hello" } });
    await one.next("operation_ack");
    assert.deepEqual((await two.next("op")).data.op, { insert: "hello" });
    await Promise.all([one.end(), two.end()]);
  } finally {
    await both.stop();
  }
});

test("the page's examples: routes, and hooks", { timeout: 120_000 }, async () => {
  const [readme, routes, hooks] = await Promise.all([serve("readme"), serve("routes"), serve("hooks")]);
  try {
    assert.equal(await (await fetch(`${routes.url}v1/mine`)).text(), "everything else is yours");
    for (const { url } of [readme, routes, hooks]) assert.equal((await fetch(`${url}healthz`)).status, 200);
    const [owner, outsider] = await Promise.all([hooks.token(), hooks.token("outsider")]);
    assert.equal(await new Line(hooks.url, owner, "ws_demo.minutes").answer(), "usr_owner");
    assert.match(await new Line(hooks.url, outsider, "ws_demo.minutes").answer(), /^INSUFFICIENT_PERMISSIONS/);
    await hooks.logged("refused:", "INSUFFICIENT_PERMISSIONS");
  } finally {
    await Promise.all([readme.stop(), routes.stop(), hooks.stop()]);
  }
});

// Such an object would ask the database instead of the hook that it does not know.
test("objects whose Worker has not called handler() let nobody in, and say so", { timeout: 120_000 }, async () => {
  const away = await serve("away", "hookless");
  try {
    assert.match(await new Line(away.url, await away.token(), "welcome").answer(), /^SERVICE_UNAVAILABLE/);
    await away.logged("handler() was not called at the top level");
  } finally {
    await away.stop();
  }
});

test("hooks are said once, and only those that there are", async () => {
  const { setHooks } = await import("../../edge/worker/hooks.mjs");
  assert.throws(() => setHooks({ permission: () => null }), /there is no hook "permission": there are claims, permissions, events, onEvent/);
  assert.throws(() => setHooks({ claims: "sub" }), /the hook "claims" is not a function/);
  assert.throws(() => setHooks(null), TypeError);
  const hooks = { claims: (claims) => claims };
  setHooks(hooks);
  setHooks({ ...hooks });
  assert.throws(() => setHooks({}), /called before with other hooks/);
  assert.throws(() => setHooks({ claims: (claims) => claims }), /called before with other hooks/);
});

test("types, with the platform's, the browser's, and wrangler's", { timeout: 60_000 }, async () => {
  const [code] = await examples("ts");
  await app.borrow("@cloudflare/workers-types");
  await writeFile(join(app.dir, "example.ts"), `${code}
    const { fetch, handles } = handler({ onEvent: (event, { ctx }) => ctx.waitUntil(Promise.resolve(event.level)) });
    handles(new Request("https://app.example/"));
    export const answer: Promise<Response> = fetch(new Request("https://app.example/"), {}, { waitUntil: () => {} });
    // @ts-expect-error there is no such hook
    handler({ permission: () => null });
    // @ts-expect-error there is no such role
    handler({ permissions: () => ({ workspace_id: "w", workspace_role: "boss" }) });`);
  await writeFile(join(app.dir, "platform.ts"), `import worker, { UserSession } from "./example.js";
    export const entry = worker satisfies ExportedHandler<{ TEAM: string }>;
    export type Bindings = { SESSIONS: DurableObjectNamespace<UserSession> };`);
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  for (const [lib, types, file] of [["es2024", "@cloudflare/workers-types", "platform.ts"], ["es2024,dom", "", "example.ts"]]) {
    for (const [module, resolution] of [["esnext", "bundler"], ["nodenext", "nodenext"]]) {
      const args = ["--noEmit", "--strict", "--skipLibCheck", "false", "--module", module, "--moduleResolution", resolution, "--target", "es2022", "--lib", lib, "--types", types, file];
      await promisify(execFile)(process.execPath, [tsc, ...args], { cwd: app.dir }).catch(({ stdout }) => assert.fail(`${types || lib}, ${resolution}:\n${stdout}`));
    }
  }
});

test("commands run from the package", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(app.dir, "node_modules/.bin/holdfast"), "help"], { cwd: app.dir });
  assert.match(stdout, /^holdfast COMMAND/);
  const source = await readFile(new URL("../../edge/cli/holdfast.mjs", import.meta.url), "utf8");
  for (const [, name] of source.matchAll(/^\t(\w+): "/gm)) await import(join(app.dir, "node_modules/holdfast/cli", `${name}.mjs`));
});
