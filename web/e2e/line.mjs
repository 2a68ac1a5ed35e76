// The server at the other end of a page's sockets, in Node: each document has a log in
// memory. It is as much of the protocol as the shell's own tests need.

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token of this user that nobody has signed: the client reads it, and verifies nothing. */
export const tokenOf = (user = "usr_1", ttl = 3600) => {
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: "RS256" })}.${part({ user_id: user, iat: now, exp: now + ttl })}.c2ln`;
};

/** Puts a WebSocket class in place whose sockets end here. */
export function fakeServer() {
  const server = { sockets: [], dials: 0, logs: new Map(), open: () => server.sockets.filter(({ readyState }) => readyState < 2) };
  class Socket extends EventTarget {
    readyState = 0;
    protocol = "holdfast.v1";
    binaryType = "blob";
    constructor(url) {
      super();
      this.url = new URL(url);
      this.document = decodeURIComponent(this.url.pathname.split("/").at(-1));
      server.sockets.push(this);
      server.dials++;
      setImmediate(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.dispatchEvent(new Event("open"));
        const log = server.logs.get(this.document) ?? server.logs.set(this.document, []).get(this.document);
        this.say("system", "connection_ack", {
          client_id: this.url.searchParams.get("client_id"), user_id: "usr_1", permissions: ["read", "write"], document_version: log.length,
          session_id: "s", resumed: false, perm_epoch: 1, server_time: new Date().toISOString(), expires_at: new Date(Date.now() + 3600e3).toISOString(),
          heartbeat_interval: 10000, grace_period: 30000,
        });
      });
    }
    say(type, event, data, more) {
      this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify({ type, event, data, ...more }) }));
    }
    send(text) {
      if (this.readyState !== 1) return;
      const { event, message_id } = JSON.parse(text);
      setImmediate(() => {
        if (this.readyState !== 1) return;
        if (event === "ping") this.say("system", "pong", {});
        if (event === "op") this.say("operation", "operation_ack", { document_version: server.logs.get(this.document).push(text) }, { message_id, seq: server.logs.get(this.document).length });
      });
    }
    close(code = 1000) {
      if (this.readyState > 1) return;
      this.readyState = 2;
      setImmediate(() => this.end(code, true));
    }
    /** The server's close, now. */
    end(code, wasClean = code !== 1006) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      server.sockets.splice(server.sockets.indexOf(this), 1);
      this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "", wasClean }));
    }
  }
  globalThis.WebSocket = Socket;
  return server;
}
