// Stands between the browser and the Worker: it serves the page the lifecycle tests
// open, counts and holds back what asks for tokens, and cuts lines.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { connect } from "node:net";

const page = await readFile(new URL("tab.html", import.meta.url));
// Another browser module than the build's: make test-suspend has pages run the one that checks itself.
const module = process.env.HOLDFAST_MODULE && (await readFile(process.env.HOLDFAST_MODULE));

/** Starts a gateway to the Worker at `url`. */
export async function startGateway(url) {
  const here = new URL(url);
  const lines = new Set();
  let held = [];
  const gateway = {
    /** Every request and every socket by its path with query, in order. */
    paths: [],
    refreshes: 0,
    /** While true, the answers to token requests wait for `release`. */
    holding: false,
    /** How many wait. */
    get waiting() { return held.length; },
    /** Where pages' modules trapped. */
    traps: [],
    /** While true, nothing gets through to the Worker: what is asked ends without an answer. */
    down: false,
    /** Scripts that are served here, by their path. */
    scripts: {},
    /** Answers the next token requests with a status instead: [401, 500, …]. */
    refuse: [],
    /** Other Workers, by the path below which they are; and handlers by their path. */
    below: {},
    routes: {},
    release() {
      gateway.holding = false;
      for (const go of held.splice(0)) go();
    },
    /** Cuts every open connection without a close. */
    cut() {
      for (const line of lines) line.destroy();
    },
  };
  const there = (headers, { host, origin }) => ({ ...headers, host, ...(headers.origin && { origin }) });
  const target = (path) => {
    const prefix = Object.keys(gateway.below).find((prefix) => path.startsWith(`${prefix}/`)) ?? "";
    return [prefix ? new URL(gateway.below[prefix]) : here, path.slice(prefix.length), prefix];
  };

  const server = createServer((from, to) => {
    const { pathname } = new URL(from.url, "http://gateway");
    if (pathname === "/tab") return to.writeHead(200, { "content-type": "text/html", "cache-control": "max-age=600" }).end(page);
    if (pathname === "/elsewhere") return to.writeHead(200, { "content-type": "text/html" }).end("<title>elsewhere</title>");
    if (pathname === "/trapped") return from.setEncoding("utf8").on("data", (stack) => gateway.traps.push(stack)).on("end", () => to.writeHead(204).end());
    if (module && pathname === "/holdfast.wasm") return to.writeHead(200, { "content-type": "application/wasm", "cache-control": "no-cache" }).end(module);
    if (pathname in gateway.scripts) return to.writeHead(200, { "content-type": "text/javascript" }).end(gateway.scripts[pathname]);
    if (gateway.routes[pathname]) return void gateway.routes[pathname](from, to);
    if (gateway.down) return to.destroy();
    gateway.paths.push(from.url);
    const [worker, path, prefix] = target(from.url);
    const { hostname, port } = worker;
    const refresh = pathname === "/auth/refresh";
    if (refresh) gateway.refreshes++;
    if (refresh && gateway.refuse.length) return to.writeHead(gateway.refuse.shift(), { "content-type": "application/json" }).end("{}");
    const onward = request({ hostname, port, path, method: from.method, headers: there(from.headers, worker) }, (answer) => {
      const pass = () => {
        const { "set-cookie": cookies, ...headers } = answer.headers;
        const moved = cookies?.map((cookie) => cookie.replace(/path=\//i, (start) => start + prefix.slice(1) + (prefix && "/")));
        to.writeHead(answer.statusCode, { ...headers, ...(moved && { "set-cookie": moved }) });
        answer.pipe(to);
      };
      if (refresh && gateway.holding) held.push(pass);
      else pass();
    });
    onward.on("error", () => to.destroy());
    from.pipe(onward);
  });
  server.on("upgrade", (from, socket, head) => {
    if (gateway.down) return socket.destroy();
    gateway.paths.push(from.url);
    const [worker, path] = target(from.url);
    const onward = connect(worker.port, worker.hostname, () => {
      const headers = Object.entries(there(from.headers, worker)).map(([name, value]) => `${name}: ${value}\r\n`);
      onward.write(`GET ${path} HTTP/1.1\r\n${headers.join("")}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) {
      lines.add(end);
      end.on("error", () => {});
      end.on("close", () => {
        lines.delete(end);
        socket.destroy();
        onward.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  gateway.url = `http://127.0.0.1:${server.address().port}`;
  gateway.stop = () => {
    gateway.cut();
    server.closeAllConnections();
    server.close();
  };
  return gateway;
}
