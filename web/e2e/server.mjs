// The built Worker, started as `make dev` starts it, on a port and a state of
// its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { complete } from "../../edge/cli/secrets.mjs";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const build = resolve(repo, process.env.HOLDFAST_BUILD || ".build/release");

/** Returns a port that is free, and that the system gives nobody who asks for any: other tests do meanwhile. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

// Secrets that the tests' servers have in common, made once for a build: each would take a
// second to make its own.
export async function secrets() {
  const file = join(build, "e2e.vars");
  if (existsSync(file)) return file;
  const made = join(await mkdtemp(join(tmpdir(), "holdfast-e2e-")), ".dev.vars");
  await complete({ file: made });
  await copyFile(made, `${file}.${process.pid}`);
  await rename(`${file}.${process.pid}`, file); // as a whole, for several files' tests begin at once
  await rm(dirname(made), { recursive: true });
  return file;
}

// How long the Worker may leave a question unanswered.
const standstill = 30_000;

/**
 * Starts the Worker. `vars` are the variables of `make dev VARS=…`.
 * `document` makes one, in the demo's workspace; `role` gives a user one on it; `message` sends a user one, and returns the receipt.
 * `kill` ends it without a word, as a crash would; `start` brings it back with
 * the same state on the same port; `stop` ends it for good. Should it end or stand still
 * of itself, the file's tests are over: each would only wait for its own time to be up.
 */
export async function startServer(vars = {}) {
  const port = await freePort();
  const state = await mkdtemp(join(tmpdir(), "holdfast-e2e-"));
  await copyFile(await secrets(), join(state, ".dev.vars"));
  const args = ["edge/dev.mjs", "--port", port, "--state", state, "--build", build, ...Object.entries(vars).map(([name, value]) => `${name}=${value}`)];
  const url = `http://127.0.0.1:${port}/`;
  let child;
  let said;
  let ended; // because a test wanted it

  const over = async (why) => {
    console.error(`${why}. The Worker had said:\n${said.join("\n")}`);
    await stop();
    process.exit(1);
  };
  const watch = async (watched) => {
    watched.once("exit", (code, signal) => ended || over(`the server ended with ${signal ?? code}`));
    while (watched === child && !ended) {
      try {
        await (await fetch(`${url}healthz`, { signal: AbortSignal.timeout(standstill) })).text();
      } catch (error) {
        if (error.name === "TimeoutError" && !ended) await over(`standstill: ${url} has not answered for ${standstill / 1000} s`);
      }
      await setTimeout(5_000, undefined, { ref: false });
    }
  };

  const start = async () => {
    // A group of its own: what it starts is ended with it.
    child = spawn(process.execPath, args.map(String), { cwd: repo, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    said = [];
    ended = false;
    const exited = once(child, "exit").then(([code]) => {
      throw new Error(`the server ended with code ${code}:\n${said.join("\n")}`);
    });
    exited.catch(() => {});
    createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise((resolve) => lines.on("line", (line) => {
      said.push(line);
      if (line.startsWith("ready ")) resolve();
    }));
    let timer;
    const late = new Promise((_, reject) => (timer = globalThis.setTimeout(() => reject(new Error(`no "ready" after 60 s:\n${said.join("\n")}`)), 60_000)));
    try {
      await Promise.race([ready, exited, late]);
      watch(child);
    } catch (error) {
      await kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  const kill = async () => {
    ended = true;
    const gone = child.exitCode === null && child.signalCode === null && once(child, "exit");
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // None of the group is left.
    }
    await gone;
  };

  const stop = async () => {
    await kill();
    for (const folder of [state, `${state}-copy`]) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const operator = async (method, path, body) => {
    const [, token] = (await readFile(await secrets(), "utf8")).match(/^ADMIN_TOKEN='(.*)'$/m);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${url}v1/admin/${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const document = (name) => operator("PUT", `documents/${name}`, { workspace_id: "ws_demo", title: name });
  const message = async (user, body) => (await operator("POST", `users/${user}/messages`, body)).message;
  const role = (name, user, role) => operator("PUT", `documents/${name}/members/${user}`, { role });
  // A copy of the state, taken and put back while the server is down.
  const copied = `${state}-copy`;
  const copy = () => cp(state, copied, { recursive: true });
  const putBack = async () => {
    await rm(state, { recursive: true, force: true });
    await cp(copied, state, { recursive: true });
  };
  return { url, document, message, role, start, kill, stop, copy, putBack };
}
