// Apps that `npm create holdfast` makes: from the two packages as npm would publish them, on a
// machine that has no Go.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { built } from "./apps.mjs";

const run = promisify(execFile);
export const source = fileURLToPath(new URL("../create", import.meta.url));

/** A folder with both packages packed, and the environment of a user's terminal. */
export async function bench() {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-create-"));
  const bin = join(dir, "bin");
  await mkdir(bin);
  // This Node, and compilers that only leave a mark: nothing here may need them.
  await symlink(process.execPath, join(bin, "node"));
  for (const name of ["go", "tinygo"]) {
    await writeFile(join(bin, name), `#!/bin/sh\necho ${name} "$@" >> ${join(dir, "compiled")}\nexit 1\n`);
    await chmod(join(bin, name), 0o755);
  }
  // npm hands its own settings and those of a surrounding `npm test` down to what it runs. How a
  // machine reaches a registry stays.
  const reach = /^npm_config_(registry|cafile|(https?-?_?)?proxy|userconfig|globalconfig)$/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => reach.test(name) || !/^(npm_|NODE_TEST|CLOUDFLARE_|HOLDFAST_)/i.test(name)));
  Object.assign(env, { PATH: `${bin}:${process.env.PATH}`, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", XDG_CONFIG_HOME: join(dir, "config") });
  const pack = async (folder) => {
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", dir], { cwd: folder, env });
    const [{ filename, files }] = Object.values(JSON.parse(stdout));
    return { file: join(dir, filename), files: files.map(({ path }) => path) };
  };
  const [holdfast, create] = await Promise.all([pack(built), pack(source)]);
  return {
    dir, env, holdfast: holdfast.file, create: create.file, packed: create.files,
    /** Runs `npm create holdfast`, as npm does with the newest package. Resolves to { code, out, errors }. */
    make: (args, more) => command("npm", ["exec", "--yes", "--offline", `--package=${create.file}`, "--", "create-holdfast", ...args], { cwd: dir, env, ...more }),
    compiled: () => readFile(join(dir, "compiled"), "utf8").catch(() => ""),
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Runs a command to its end. */
export const command = (program, args, options) =>
  new Promise((resolve) => execFile(program, args, { maxBuffer: 1 << 24, ...options }, (err, out, errors) => resolve({ code: err ? (err.code ?? 1) : 0, out, errors })));

/** Runs `npm run dev` in an app until `stop`. It has printed `url`, and what one signs in with. */
export async function dev(app, env, args = []) {
  const child = spawn("npm", ["run", "dev", "--", ...args], { cwd: app, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const exited = once(child, "exit");
  const ready = new Promise((resolve) => createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    if (line.includes("Ctrl-C")) resolve();
  }));
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // None of the group is left.
    }
  };
  await Promise.race([ready, exited.then(([code]) => {
    throw new Error(`npm run dev ended with ${code}:\n${said.join("\n")}`);
  })]);
  const text = said.join("\n");
  return {
    said,
    url: /ready (\S+)/.exec(text)?.[1],
    people: text.match(/\w+@example\.com/g) ?? [],
    password: /the password (\S+)/.exec(text)?.[1],
    /** Ends it as Ctrl-C does: the terminal tells every process of the group. */
    async stop() {
      process.kill(-child.pid, "SIGINT");
      await exited;
      kill();
    },
    kill,
  };
}
