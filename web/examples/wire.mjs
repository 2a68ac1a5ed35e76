// A client of one document in plain JavaScript, written from shared/PROTOCOL.md alone. It runs in a page
// and in Node 22. It keeps ops until they are stored, resumes, syncs, refreshes its token on the open
// connection, and does what the close codes say. It is for one tab, and takes no snapshots' content apart.
export function open({ url, document, getToken, clientId = crypto.randomUUID(), onOp, onState = () => {} }) {
  const unacknowledged = new Map(); // message_id → frame, in order
  let socket, session, version = 0, tries = 0, over = false, acking;

  const send = (frame) => socket?.readyState === 1 && socket.send(JSON.stringify(frame));
  const ping = () => socket.send('{"type":"system","event":"ping"}'); // this very text
  const sync = (more) => send({ type: "operation", event: "sync_request", data: { from: version, ...more } });

  function apply(seq, op, entry) {
    if (seq <= version) return; // it has come before
    version = seq;
    if (op !== undefined) onOp(seq, op, entry);
    acking ||= setTimeout(() => { acking = 0; send({ type: "system", event: "ack", data: { seq: version } }); }, 250);
  }
  const live = (seq, op, entry) => (seq > version + 1 ? sync() : apply(seq, op, entry)); // a hole

  async function dial() {
    const token = await getToken();
    const query = new URLSearchParams({ client_id: clientId, ...(session && { session_id: session, last_seq: version, redial: "true" }) });
    socket = new WebSocket(`${url.replace(/^http/, "ws").replace(/\/$/, "")}/v1/ws/documents/${document}?${query}`, ["holdfast.v1", `bearer.${token}`]);
    const mine = socket;
    let error, beat, again, heard, ended;
    const end = (action) => { if (!ended) { ended = true; clearInterval(beat); clearTimeout(again); lost(action, error); } };
    socket.onmessage = (message) => { heard = Date.now(); receive(JSON.parse(message.data)); };
    socket.onerror = () => setTimeout(() => end("reconnect"), 1000); // Node 22 says no more of a dial that fails
    socket.onclose = ({ code }) => end(code === 1009 ? "stop" : { 41: "refresh_token", 42: "wait", 44: "stop", 45: "stop" }[Math.floor(code / 100)] ?? "reconnect");

    function receive({ type, event, data = {}, message_id, seq }) {
      switch (`${type}/${event}`) {
        case "system/connection_ack":
          session = data.session_id;
          ping();
          beat = setInterval(() => (Date.now() - heard > 2 * data.heartbeat_interval ? socket.close() : ping()), data.heartbeat_interval);
          setTimeout(() => (tries = 0), 5000);
          if (data.document_version > version && !data.replay) sync();
          unacknowledged.forEach(send);
          return onState("connected", data);
        case "operation/op":
          return live(seq, data.op, data);
        case "operation/operation_ack": // in a replay it has the op; else it is of one that we hold
          live(seq, "op" in data ? data.op : unacknowledged.get(message_id)?.data.op, { client_id: clientId });
          return unacknowledged.delete(message_id);
        case "operation/document_sync": {
          const s = data.snapshot;
          if (s) onOp(s.document_version, s.data, { snapshot: s });
          for (const e of data.ops) { apply(e.version, e.op, e); if (e.client_id === clientId) unacknowledged.delete(e.message_id); }
          version = Math.max(version, data.to);
          return data.more && sync(s && data.to < s.document_version && { snapshot: s.document_version, part: (s.part + 1) % s.parts });
        }
        case "system/ping":
          return send({ type: "system", event: "pong", message_id });
        case "system/token_refresh_required":
          return getToken().then((token) => send({ type: "system", event: "token_refresh", data: { token } }), () => {});
        case "system/error":
          error = data;
          setTimeout(() => mine.readyState === WebSocket.CLOSING && end(data.action), 500); // see "The end of a connection"
          if (data.action === "stop") return unacknowledged.delete(data.details?.message_id);
          again ||= setTimeout(() => { again = 0; unacknowledged.forEach(send); }, data.details?.retry_after ?? 1000);
      }
    }
  }

  function lost(action, error) {
    over ||= action === "stop" || (action === "refresh_token" && tries > 1);
    onState(over ? "over" : "reconnecting", error);
    const backoff = Math.random() * Math.min(500 * 2 ** tries++, 20_000);
    const asked = Math.max(error?.details?.retry_after ?? 0, 1000) * (1 + Math.random() / 4);
    if (!over) setTimeout(start, { wait: asked, refresh_token: 0 }[action] ?? backoff);
  }
  // Without a token it tries again, unless getToken says that there will be none.
  const start = () => over || dial().catch((error) => lost(error.final ? "stop" : "reconnect", error));
  start();

  return {
    get unacknowledged() { return unacknowledged.size; },
    send(op) {
      const frame = { type: "operation", event: "op", message_id: crypto.randomUUID(), data: { op } };
      unacknowledged.set(frame.message_id, frame);
      send(frame);
    },
    drop() { socket?.close(); }, // as a network does
    close() { over = true; send({ type: "system", event: "disconnect" }); socket?.close(); },
  };
}
