/**
 * The global object as the Go program sees it. Two things differ from the
 * page's own: names that the program or its loader sets stay inside the view,
 * and the WebSocket is one whose methods never throw, because a JavaScript
 * exception would end the program.
 */
export function viewOf(real: typeof globalThis, extra: Record<string, unknown>): { view: typeof globalThis; closeAll(): void } {
  const sockets = new Set<WebSocket>();
  const local: Record<PropertyKey, unknown> = { ...extra, WebSocket: socketClass(real, sockets) };
  const view = new Proxy(real, {
    get(target, key) {
      if (Object.hasOwn(local, key)) return local[key];
      const value = Reflect.get(target, key, target) as unknown;
      // setTimeout and its like refuse any `this` but the real global. Classes
      // must stay themselves: their statics and `instanceof` are used.
      return typeof value === "function" && typeof key === "string" && /^[a-z]/.test(key) ? value.bind(target) : value;
    },
    set(_, key, value) {
      local[key] = value;
      return true;
    },
    has: (target, key) => Object.hasOwn(local, key) || Reflect.has(target, key),
  });
  return {
    view,
    /** Closes the sockets that are still open. */
    closeAll() {
      for (const socket of sockets) socket.close();
    },
  };
}

function socketClass(real: typeof globalThis, sockets: Set<WebSocket>): unknown {
  // coder/websocket keeps the code of a close to itself; the program reads it
  // here, in the same task. This listener is the first, so it is never late.
  const ended = (code: number): void => {
    SafeSocket.lastClose = code;
  };
  // Looked up at each dial, so that a page may put its own class in place.
  function SafeSocket(url: string, protocols?: string[]): EventTarget {
    try {
      const socket = new real.WebSocket(url, protocols);
      const { send, close, addEventListener } = socket;
      // coder/websocket answers an error with close(1011), which a browser
      // refuses, and waits inside the event. A close event always follows.
      socket.addEventListener = ((type: string, ...rest: [never]) => {
        if (type !== "error") addEventListener.call(socket, type, ...rest);
      }) as typeof addEventListener;
      socket.send = (data) => {
        try {
          send.call(socket, data);
        } catch {} // CONNECTING: the close that follows reports it to the program
      };
      socket.close = (code, reason) => {
        try {
          close.call(socket, code, reason);
        } catch {
          close.call(socket);
        }
      };
      sockets.add(socket);
      addEventListener.call(socket, "close", (event) => {
        sockets.delete(socket);
        ended((event as CloseEvent).code);
      });
      return socket;
    } catch {
      return deadSocket(ended);
    }
  }
  SafeSocket.lastClose = 0;
  return SafeSocket;
}

/** Stands for a socket the browser would not even construct: it closes at once. */
function deadSocket(ended: (code: number) => void): EventTarget {
  const socket = Object.assign(new EventTarget(), { readyState: 3, protocol: "", send() {}, close() {} });
  setTimeout(() => {
    ended(1006);
    socket.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "", wasClean: false }));
  });
  return socket;
}
