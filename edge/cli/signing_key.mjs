// The embedded issuer's key: how a new one is made, and what of an old one stays public.
import { createHash, createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

/** How many public keys are kept behind the one that signs. */
export const mostPrevious = 2;

/** Returns a new private key as the text of a JWK, named by its thumbprint (RFC 7638): no two keys share a name. */
export async function newSigningKey() {
	const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
	const { kty, n, e, ...secret } = privateKey.export({ format: "jwk" });
	const kid = createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
	return JSON.stringify({ kty, n, e, ...secret, alg: "RS256", use: "sig", kid });
}

/** Returns the public half of a JWK, or undefined if the Worker could not verify with it or not tell it from others. */
export function publicHalf(jwk) {
	const { kty, n, e, kid, alg = "RS256", use = "sig" } = Object(jwk);
	if (kty !== "RSA" || alg !== "RS256" || use !== "sig" || typeof kid !== "string" || kid === "") return undefined;
	try {
		if (createPublicKey({ key: { kty, n, e }, format: "jwk" }).asymmetricKeyDetails.modulusLength < 2048) return undefined;
	} catch {
		return undefined;
	}
	return { kty, n, e, alg, use, kid };
}

/** Returns the public keys in a text, a key set or a list as in PREVIOUS_KEYS, or undefined if one of them is unusable. */
export function publicKeys(text) {
	const value = parsed(text);
	const list = Array.isArray(value) ? value : value?.keys;
	if (!Array.isArray(list)) return undefined;
	const keys = list.map(publicHalf);
	return keys.includes(undefined) ? undefined : keys;
}

/** Returns what a text says in JSON, or undefined. */
export function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
