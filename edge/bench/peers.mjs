// The peers of Holdfast, with frames of the same form: the least that JavaScript in a Durable
// Object can do (Bare), the same with one row for each op (Stored), and what a team would use
// otherwise, partyserver with jose (Room, in room.mjs).

import { DurableObject } from "cloudflare:workers";
import { Log } from "./log.mjs";
import { ack, connected, operation } from "./frames.mjs";
import { login, refresh } from "./issuer.mjs";
import { routeRoom } from "./room.mjs";

export { Room } from "./room.mjs";

/** Echoes an op as its acknowledgement and sends it to the others. It has no token and no storage. */
export class Bare extends DurableObject {
	version = 0;

	fetch(request) {
		const [client, server] = Object.values(new WebSocketPair());
		const address = new URL(request.url);
		this.ctx.acceptWebSocket(server);
		server.serializeAttachment({ user: address.searchParams.get("client_id") });
		server.send(connected(this.version));
		this.replay(server, address.searchParams.get("last_seq"));
		return new Response(null, { status: 101, webSocket: client });
	}

	webSocketMessage(ws, text) {
		const { message_id: id, data } = JSON.parse(text);
		const version = this.append(ws, id, data.op);
		ws.send(ack(version, id));
		const sockets = this.ctx.getWebSockets();
		if (sockets.length < 2) return;
		const { user } = ws.deserializeAttachment();
		const frame = operation(version, user, data.op);
		for (const other of sockets) {
			if (other !== ws && other.readyState === WebSocket.OPEN) other.send(frame);
		}
	}

	append() {
		return ++this.version;
	}

	replay() {}
}

/** Bare, but stores the op before it acknowledges it, in a table like Holdfast's. */
export class Stored extends Bare {
	constructor(ctx, env) {
		super(ctx, env);
		this.log = new Log(ctx.storage.sql);
		this.version = this.log.version;
	}

	append(ws, id, op) {
		const { user } = ws.deserializeAttachment();
		return (this.version = this.log.append(user, id, op));
	}

	replay(ws, after) {
		if (after !== null) this.log.replay(Number(after), (frame) => ws.send(frame));
	}
}

export default {
	fetch(request, env) {
		const [, kind, name] = new URL(request.url).pathname.split("/");
		if (kind === "login") return login(request, env);
		if (kind === "refresh") return refresh(request, env);
		if (kind === "bare") return env.BARE.getByName(name).fetch(request);
		if (kind === "stored") return env.STORED.getByName(name).fetch(request);
		return routeRoom(request, env);
	},
};
