// A receiver of a deployment's events, to copy into a backend of yours. With Node:
//
//   createServer(listener(receiver(process.env.EVENTS_SECRET, async (event) => { … }))).listen(8080);
import { createHmac, timingSafeEqual } from "node:crypto";
import { text } from "node:stream/consumers";

/** Gives the events of signed bodies to take, in order, and returns the status to answer with. If take fails they come again. */
export function receiver(secret, take) {
	return async (header, body) => {
		const [at, ...signatures] = String(header).replace(/^t=/, "").split(",");
		const want = Buffer.from(`v1=${createHmac("sha256", secret).update(`${at}.${body}`).digest("hex")}`);
		const signed = signatures.map((one) => Buffer.from(one)).some((one) => one.length === want.length && timingSafeEqual(one, want));
		if (!signed || Math.abs(Date.now() / 1000 - at) > 300) return 401;
		try {
			for (const event of JSON.parse(body).events) await take(event);
			return 200;
		} catch {
			return 503;
		}
	};
}

/** Answers requests. A body that says no length, or is larger than any, is not read; one that is cut short ends nothing but its request. */
export const listener = (receive) => async (request, response) => {
	try {
		if (!(request.headers["content-length"] <= 1 << 20)) return response.writeHead(413).end();
		response.writeHead(await receive(request.headers["x-holdfast-signature"], await text(request))).end();
	} catch {
		response.destroy();
	}
};
