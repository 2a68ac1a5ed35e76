// Apps of a reader's own: the packed package installed in a fresh folder, and
// pages made with it that are shown on the Worker's origin.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const repo = fileURLToPath(new URL("../..", import.meta.url));
/** The package as the build made it. */
export const built = join(resolve(repo, process.env.HOLDFAST_BUILD || ".build/release"), "package");

/** A fresh project with the package installed as `npm install holdfast` would, and no network. */
export async function project(files = {}) {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-app-"));
  const npm = (...args) => run("npm", [...args, "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], { cwd: dir });
  await writeFile(join(dir, "package.json"), '{ "name": "app", "version": "1.0.0", "private": true, "type": "module" }\n');
  const { stdout } = await npm("pack", built, "--json");
  const [{ filename, files: packed }] = Object.values(JSON.parse(stdout));
  await npm("install", `./${filename}`);
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return {
    dir,
    packed: packed.map(({ path }) => path).sort(),
    /** Has it use a package of this repository's, as if it were installed there. */
    borrow: (name) => cp(join(repo, "node_modules", name), join(dir, "node_modules", name), { recursive: true, dereference: true }),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

const media = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

/**
 * A server of the reader's own in front of the Worker: `show` has it serve a
 * folder under a path, with headers for its pages; all else is the Worker's.
 * `drop` cuts every socket without a close and lets none through until `resume`.
 * With `changeHost` the Worker is told its own Host, as some proxies do.
 */
export async function serve(worker, { changeHost = false } = {}) {
  const folders = new Map();
  const lines = new Set();
  let down = false;
  const { hostname, port } = new URL(worker);
  const upstream = (request) => ({ hostname, port, path: request.url, method: request.method, headers: { ...request.headers, ...(changeHost && { host: `${hostname}:${port}` }) } });
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://app").pathname;
    if (path === "/favicon.ico") return response.writeHead(204).end();
    for (const [under, { dir, headers }] of folders) {
      if (!path.startsWith(under)) continue;
      const name = path.slice(under.length) || "index.html";
      const body = await readFile(join(dir, name)).catch(() => undefined);
      if (!body) return response.writeHead(404, { "content-type": "text/html" }).end("<h1>not here</h1>");
      return response.writeHead(200, { "content-type": media[extname(name)] ?? "application/octet-stream", ...(extname(name) === ".html" && headers) }).end(body);
    }
    const asked = ask(upstream(request), (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on("error", () => response.destroy());
    request.pipe(asked);
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => {});
    if (down) return socket.destroy();
    lines.add(socket);
    socket.on("close", () => lines.delete(socket));
    const asked = ask(upstream(request));
    asked.on("error", () => socket.destroy());
    asked.on("response", () => socket.destroy());
    asked.on("upgrade", (answer, other, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      if (first.length) socket.write(first);
      if (head.length) other.write(head);
      for (const [from, to] of [[socket, other], [other, socket]]) from.on("error", () => to.destroy()).on("close", () => to.destroy()).pipe(to);
    });
    asked.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    show: (path, dir, headers = {}) => folders.set(path, { dir, headers }),
    drop() {
      down = true;
      for (const line of lines) line.destroy();
    },
    resume: () => (down = false),
    stop: () => (server.closeAllConnections(), server.close()),
  };
}

/** Signs a profile in, as the reader's own page would have. */
export async function signIn(person, name = "owner") {
  const page = await person.context.newPage();
  await page.goto(`${person.url}healthz`);
  const status = await page.evaluate(async (email) => (await fetch("/auth/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password: "holdfast-demo" }),
  })).status, `${name}@example.com`);
  if (status !== 200) throw new Error(`signing in was answered with ${status}`);
  await page.close();
}

/** An app's `getToken`, as the README has it. */
export const getToken = `async () => {
  const answer = await fetch("/auth/refresh", { method: "POST", keepalive: true });
  if (!answer.ok) throw answer;
  return (await answer.json()).access_token;
}`;
