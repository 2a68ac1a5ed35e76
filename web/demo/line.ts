// Cuts the connection on request. A session cannot do that, so the demo puts its own
// WebSocket in the page: in every tab, because any tab may hold the connection.
const open = new Set<WebSocket>();
let downUntil = 0;

globalThis.WebSocket = new Proxy(globalThis.WebSocket, {
  construct(target, args) {
    if (performance.now() < downUntil) throw new Error("the line is down");
    const socket = Reflect.construct(target, args) as WebSocket;
    open.add(socket);
    socket.addEventListener("close", () => open.delete(socket));
    return socket;
  },
});

const others = new BroadcastChannel("holdfast-demo.line");
others.onmessage = ({ data }) => cut(Number(data));

/** Cuts the connection in whichever tab holds it, and prevents another for a while. */
export function dropLine(ms: number): void {
  others.postMessage(ms);
  cut(ms);
}

/** Takes all tabs off the network, or puts them back on it. */
export function setOnline(online: boolean): void {
  dropLine(online ? 0 : Infinity);
}

function cut(ms: number): void {
  if (!(ms >= 0)) return;
  downUntil = performance.now() + ms;
  if (ms > 0) for (const socket of open) socket.close(4000, "the line was dropped");
  // As a browser would report it: a page that is back on the network dials at once.
  if (ms === Infinity || ms === 0) globalThis.dispatchEvent(new Event(ms === 0 ? "online" : "offline"));
}
