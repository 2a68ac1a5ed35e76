// What a Worker of one's own has of Holdfast beside its two classes.

import { env } from "cloudflare:workers";
import { fetchRequest, handles } from "./front.mjs";
import { setHooks } from "./hooks.mjs";

/** Takes the Worker's hooks, and returns what answers Holdfast's requests. */
export function handler(hooks) {
	setHooks(hooks);
	return { fetch: fetchRequest, handles: (request) => handles(env, request) };
}
