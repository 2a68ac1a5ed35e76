// partyserver with jose, used as their documentation shows: the token is checked before the
// room receives the connection, against a key set that is made once.

import { createLocalJWKSet, jwtVerify } from "jose";
import { Server, routePartykitRequest } from "partyserver";
import { Log } from "./log.mjs";
import { ack, connected, operation } from "./frames.mjs";

export class Room extends Server {
	static options = { hibernate: true };

	onStart() {
		this.log = new Log(this.ctx.storage.sql);
	}

	onConnect(connection, { request }) {
		connection.setState({ user: request.headers.get("x-user-id") });
		connection.send(connected(this.log.version));
		const after = new URL(request.url).searchParams.get("last_seq");
		if (after !== null) this.log.replay(Number(after), (frame) => connection.send(frame));
	}

	onMessage(connection, text) {
		const { message_id: id, data } = JSON.parse(text);
		const { user } = connection.state;
		const version = this.log.append(user, id, data.op);
		connection.send(ack(version, id));
		this.broadcast(operation(version, user, data.op), [connection.id]);
	}
}

let keys;

/** Routes a request to its room, if its token is valid. */
export async function routeRoom(request, env) {
	keys ??= createLocalJWKSet(JSON.parse(env.KEYS));
	const answer = await routePartykitRequest(request, env, {
		async onBeforeConnect(upgrade) {
			try {
				const token = upgrade.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
				const { payload } = await jwtVerify(token, keys, { issuer: env.ISSUER, algorithms: ["RS256"] });
				const headers = new Headers(upgrade.headers);
				headers.delete("authorization"); // the room does not need it
				headers.set("x-user-id", payload.user_id);
				return new Request(upgrade, { headers });
			} catch {
				return new Response("Unauthorized", { status: 401 });
			}
		},
	});
	return answer ?? new Response(null, { status: 404 });
}
