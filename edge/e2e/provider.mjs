// An OpenID provider that nobody here wrote (npm oidc-provider), for the tests of a
// Worker that trusts another issuer. It gives clients RS256 access tokens in JWT form
// by the client credentials grant; a client's id is its token's user_id.
//
//   {"do":"keys","names":"b,a"}      sign with b from now on, and publish b and a
//   {"do":"answer","as":"html"}      what the key set's address answers: keys, html, garbage,
//                                    error, redirect, slow, or late (they come after 500 ms)
//   {"do":"asked"}                   how often that address was asked so far
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { answer, serve } from "../answers.mjs";

const { users, resources } = JSON.parse(process.argv[2]);
const keys = new Map();
let callback;
let answers = "keys";
let asked = 0;

function key(name) {
	if (!keys.has(name)) {
		const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
		keys.set(name, { ...privateKey.export({ format: "jwk" }), kid: name, use: "sig", alg: "RS256" });
	}
	return keys.get(name);
}

const wrong = {
	html: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Back soon</body></html>"),
	garbage: (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"keys":[{"kty":"RSA","kid":"a","n":"x"'),
	error: (response) => response.writeHead(500).end("oops"),
	redirect: (response) => response.writeHead(302, { location: `${url}/elsewhere` }).end(),
	slow: (response) => setTimeout(() => response.end(), 60_000).unref(),
};

const server = createServer((request, response) => {
	if (request.url === "/jwks") {
		asked++;
		if (answers === "late") return setTimeout(() => callback(request, response), 500);
		if (answers !== "keys") return wrong[answers](response);
	}
	callback(request, response);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

// publish is a provider with these keys; the first one signs. Tokens in JWT form are
// nowhere stored, so a provider anew is the same issuer.
function publish(names) {
	const provider = new Provider(url, {
		jwks: { keys: names.map(key) },
		clients: users.map((id) => ({
			client_id: id,
			client_secret: `secret-of-${id}`,
			grant_types: ["client_credentials"],
			redirect_uris: [],
			response_types: [],
		})),
		extraTokenClaims: (ctx, token) => ({ user_id: token.clientId }),
		features: {
			clientCredentials: { enabled: true },
			devInteractions: { enabled: false },
			resourceIndicators: {
				enabled: true,
				getResourceServerInfo(ctx, resource) {
					if (!resources.includes(resource)) throw new Error("no such resource");
					return { scope: "", audience: resource, accessTokenTTL: 600, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
				},
			},
		},
	});
	callback = provider.callback();
}

publish(["a"]);
answer({ url });

await serve({
	keys({ names }) {
		publish(names.split(","));
		return {};
	},
	answer({ as }) {
		answers = as;
		return {};
	},
	asked: () => ({ asked }),
});
process.exit(0);
