// Workers of a reader's own for the tests: bundled by wrangler, run in workerd, with what they log.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundled, migrate, run } from "../../edge/workerd.mjs";
import { secrets } from "./server.mjs";

const wrangler = fileURLToPath(new URL("../../node_modules/wrangler/bin/wrangler.js", import.meta.url));
const patience = 20_000;

/**
 * Returns what bundles Workers of a folder as `wrangler deploy` would and runs them, by the names of their
 * configurations: the first is the one that is asked. Those with a database get the accounts of the demo, and
 * the secrets of a file, or those of all tests.
 */
export const serving = (dir, secretsFile) => async (...names) => {
  const envFile = secretsFile ?? (await secrets());
  const workers = await Promise.all(names.map(async (name) => {
    const folder = join(dir, "out", name);
    await mkdir(folder, { recursive: true });
    await promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run", "--config", `${name}.toml`, "--outdir", folder], { cwd: dir, env: { ...process.env, WRANGLER_SEND_METRICS: "false" } });
    const options = { name, config: join(dir, `${name}.toml`), folder, entry: (await readdir(folder)).find((file) => file.endsWith(".js")) };
    return bundled({ ...options, envFile: Object.keys(bundled(options).d1Databases ?? {}).length > 0 ? envFile : undefined });
  }));
  const lines = [];
  const waiting = new Set();
  const miniflare = await run(workers, {
    log: ({ message }) => {
      lines.push(message);
      for (const look of waiting) look();
    },
  });
  const database = workers.find(({ d1Databases }) => d1Databases !== undefined && Object.keys(d1Databases).length > 0).name;
  await migrate(await miniflare.getD1Database("DB", database), undefined, join(dir, "node_modules/holdfast/migrations"));
  const url = String(await miniflare.ready);
  return {
    url, lines,
    stop: () => miniflare.dispose(),
    /** What the hooks were told. */
    told: (hook) => lines.filter((line) => line.startsWith("TOLD ")).map((line) => JSON.parse(line.slice(5))).filter((told) => told.hook === hook),
    /** Waits until a line of the log has all of these in it. */
    logged: (...texts) => new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`nothing of ${texts} in the log:\n${lines.join("\n")}`)), patience);
      const look = () => {
        const line = lines.find((line) => texts.every((text) => line.includes(text)));
        if (line === undefined) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
    }),
    async token(name = "owner") {
      const answer = await fetch(`${url}auth/login`, {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email: `${name}@example.com`, password: "holdfast-demo" }),
      });
      assert.equal(answer.status, 200, await answer.clone().text());
      return (await answer.json()).access_token;
    },
  };
};

/** A socket, the frames that it received, and a way to wait for one. */
export class Line {
  #frames = [];
  #look = () => {};

  constructor(url, token, document, query = "") {
    const address = `${url.replace("http", "ws")}v1/ws/documents/${document}?client_id=c_${document}${query}`;
    // With an Origin a refusal is a frame.
    this.ws = new WebSocket(address, { protocols: ["holdfast.v1", `bearer.${token}`], headers: { origin: url.slice(0, -1), authorization: `Bearer ${token}`, cookie: `other=${token}` } });
    this.ws.onmessage = ({ data }) => this.#take(JSON.parse(data));
    this.ws.onclose = ({ code }) => this.#take({ event: "closed", code });
  }

  #take(frame) {
    this.#frames.push(frame);
    this.#look();
  }

  /** Resolves to the next frame of one of these events, and fails at the end of the line. */
  next(...events) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${events}`)), patience);
      this.#look = () => {
        while (this.#frames.length > 0) {
          const frame = this.#frames.shift();
          if (!events.includes(frame.event)) continue;
          clearTimeout(late);
          return resolve(frame);
        }
      };
      this.#look();
    });
  }

  /** Whether it is let in, or why not. */
  async answer() {
    const { event, data } = await this.next("connection_ack", "error", "closed");
    if (event === "connection_ack") return data.user_id;
    return [data?.error_code, data?.details?.reason].filter(Boolean).join(" ") || event;
  }

  send(type, event, message_id, data) {
    this.ws.send(JSON.stringify({ type, event, message_id, data }));
  }

  async end() {
    this.ws.close(1000);
    await this.next("closed");
  }
}
