// An example of a service that says who may do what (PERMISSIONS_URL), and reports changes by the
// signed webhook. openapi.json is the contract; example.go is the same service in Go. Roles are in
// memory here, and in your database there.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { HOLDFAST_URL, PERMISSIONS_TOKEN, PORT, WEBHOOK_SECRET } = process.env;
const roles = new Map(); // document -> Map of user -> role

// Answers Holdfast: POST {"user_id","document"}.
function access({ user_id, document }) {
	if (!roles.has(document)) return [404];
	const role = roles.get(document).get(user_id);
	return role ? [200, { workspace_id: "ws_example", document_role: role }] : [403];
}

// Stores a role, as your application would, and tells Holdfast.
async function change(document, user, { role }) {
	if (!roles.has(document)) roles.set(document, new Map());
	roles.get(document).set(user, role);
	return [(await tell({ user_id: user, document })) ? 200 : 502]; // 502: the role is stored, repeat
}

// Sends Holdfast a signed webhook. After anything but 200 it has to be sent again.
async function tell(event) {
	const body = JSON.stringify(event);
	const now = Math.floor(Date.now() / 1000);
	const v1 = createHmac("sha256", WEBHOOK_SECRET).update(`${now}.${body}`).digest("hex");
	const headers = { "content-type": "application/json", "x-holdfast-signature": `t=${now},v1=${v1}` };
	const answer = await fetch(`${HOLDFAST_URL}/v1/webhooks/permissions`, { method: "POST", headers, body }).catch(() => undefined);
	return answer?.status === 200;
}

const digest = (text) => createHash("sha256").update(text).digest();
const authorized = ({ headers }) => timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${PERMISSIONS_TOKEN}`));

async function route(request) {
	if (!authorized(request)) return [401];
	const body = JSON.parse(Buffer.concat(await request.toArray()));
	const [, documents, document, users, user] = request.url.split("/").map(decodeURIComponent);
	if (request.method === "POST" && request.url === "/permissions") return access(body);
	if (request.method === "PUT" && documents === "documents" && users === "users") return change(document, user, body);
	return [405];
}

const server = createServer(async (request, response) => {
	const [status, body] = await route(request).catch(() => [400]);
	response.writeHead(status, { "content-type": "application/json" }).end(body && JSON.stringify(body));
});
server.listen(PORT || 0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/permissions`));
