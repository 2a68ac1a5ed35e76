// holdfast account: the embedded issuer's accounts, by the operators' calls.
//
//   holdfast account create EMAIL    makes an account with a password, asked for or made
//   holdfast account invite EMAIL    makes an account whose user sets the password, by a one-time token
//   holdfast account reset EMAIL     makes a one-time token that replaces a forgotten password
//   holdfast account password EMAIL  sets a password, and ends all of the user's sign-ins
//   holdfast account list
//   holdfast account disable|enable|delete EMAIL
//
// No password and no token is ever an argument, which other programs of the machine can read.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { choose, readPassword } from "./password.mjs";
import { Stop } from "./stop.mjs";

const usage = `holdfast account create|invite|reset|password|disable|enable|delete EMAIL, or holdfast account list

  --url URL         where the Worker is (http://127.0.0.1:8787)
  --name NAME       the user's name, of a new account
  --workspace ID    gives a new account a role in a workspace, which is made if there is none
  --role ROLE       owner, admin, member (unless you say otherwise) or viewer
  --page URL        the page that takes a one-time token: prints the link to send
  --generate        do not ask for a password: make one, and show it once
  --yes             do not ask before an account is deleted
  --env-file FILE   where ADMIN_TOKEN is, if it is not in the environment (.dev.vars)

The password comes from the terminal, or from standard input. If it is empty one is made.`;

const options = {
	url: { type: "string", default: "http://127.0.0.1:8787" },
	name: { type: "string" },
	workspace: { type: "string" },
	role: { type: "string", default: "member" },
	page: { type: "string" },
	generate: { type: "boolean", default: false },
	yes: { type: "boolean", default: false },
	"env-file": { type: "string", default: ".dev.vars" },
	help: { type: "boolean", default: false },
};

const roles = ["owner", "admin", "member", "viewer"];

export async function run(args) {
	let parsed;
	try {
		parsed = parseArgs({ args, options, allowPositionals: true });
	} catch (err) {
		throw new Stop(`${err.message}\n\n${usage}`);
	}
	const { values, positionals } = parsed;
	const [command = "help", email, ...more] = positionals;
	if (values.help || command === "help") return console.log(usage);
	const act = Object.hasOwn(acts, command) ? acts[command] : undefined;
	if (!roles.includes(values.role)) throw new Stop(`"${values.role}" is no role in a workspace: there are ${roles.join(", ")}.`);
	if (act === undefined || more.length > 0 || (email === undefined) !== (command === "list")) throw new Stop(`write\n\n${usage}`);
	await act(operator(values), email, values);
}

// operator is how the Worker is asked. The development token goes to this machine only, and no
// token or password goes anywhere unencrypted.
function operator(values) {
	let base;
	try {
		base = new URL(values.url);
	} catch {
		throw new Stop(`"${values.url}" is no URL: write --url https://…`);
	}
	const here = ["127.0.0.1", "localhost", "[::1]"].includes(base.hostname);
	if (base.protocol !== "https:" && !(here && base.protocol === "http:")) throw new Stop(`${base.origin} is not https: the operators' token would be readable on its way.`);
	const token = tokenOf(process.env.ADMIN_TOKEN ?? (here ? fileToken(values["env-file"]) : ""));
	if (token === "") {
		throw new Stop(here ? `there is no ADMIN_TOKEN, in the environment or in ${values["env-file"]}: start the Worker here once, or name the file with --env-file.` : "set ADMIN_TOKEN in the environment: the token that the deployment has as its secret.");
	}
	return async (method, path, body) => {
		let answer;
		try {
			answer = await fetch(new URL(path, base), {
				method,
				redirect: "error", // the token is for this server
				signal: AbortSignal.timeout(30_000),
				headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
				body: body && JSON.stringify(body),
			});
		} catch (err) {
			throw new Stop(`${base.origin} does not answer (${err.cause?.code ?? err.name}): is the Worker running there?`);
		}
		const said = await answer.json().catch(() => ({}));
		if (answer.ok) return said;
		throw Object.assign(new Stop(explain(answer.status, said.data)), { reason: said.data?.details?.reason });
	};
}

function explain(status, { error_code: code, message, details = {} } = {}) {
	if (status === 401) return "the Worker does not take this ADMIN_TOKEN.";
	if (status === 404 && details.reason === undefined) return "there is no admin API there: has the deployment an ADMIN_TOKEN, and is it new enough?";
	const what = details.field === undefined ? "" : ` (${details.field})`;
	return message === undefined ? `the Worker answered HTTP ${status}.` : `${message}${what} [${details.reason ?? code}]`;
}

/** The first token of ADMIN_TOKEN, which may hold several, and names before them. */
export function tokenOf(value) {
	const [first = ""] = value.split(/[\s,]+/).filter((entry) => entry !== "");
	return first.slice(first.indexOf(":") + 1);
}

function fileToken(file) {
	let text;
	try {
		text = readFileSync(file, "utf8");
	} catch {
		return "";
	}
	const line = /^\s*(?:export\s+)?ADMIN_TOKEN\s*=\s*(.*?)\s*$/m.exec(text)?.[1] ?? "";
	return line.replace(/^(["'])(.*)\1$/, "$2");
}

async function find(ask, email) {
	const { accounts } = await ask("GET", `/v1/admin/accounts?email=${encodeURIComponent(email)}`);
	if (accounts.length === 0) throw new Stop(`there is no account of ${email}.`);
	return accounts[0];
}

const at = ({ id }) => `/v1/admin/accounts/${encodeURIComponent(id)}`;

// passwordFor calls with the password, and shows it once if nobody typed it.
async function passwordFor(values, use) {
	const typed = values.generate ? "" : await readPassword("Password (empty: one is made): ");
	const password = typed === "" ? choose() : typed;
	await use(password);
	if (typed === "") console.log(`password  ${password}\n          It is shown this once.`);
}

function shown({ id, user_id: user, email }) {
	console.log(`account   ${email}\nid        ${id}${user === id ? "" : `\nuser_id   ${user}`}`);
}

function token({ kind, token, expires_at: until }, values) {
	if (values.page !== undefined) console.log(`link      ${values.page}#${kind}=${token}`);
	else console.log(`token     ${token}\n          The page that takes it sends it to POST /auth/${kind}, with "token" and "password".`);
	console.log(`          It serves once, until ${until}. Whoever has it has the account.`);
}

async function role(ask, account, { workspace, role }) {
	if (workspace === undefined) return;
	const space = `/v1/admin/workspaces/${encodeURIComponent(workspace)}`;
	const give = () => ask("PUT", `${space}/members/${encodeURIComponent(account.user_id)}`, { role });
	try {
		await give();
	} catch (err) {
		if (err.reason !== "workspace_not_found") throw err;
		await ask("PUT", space, { name: workspace });
		console.log(`workspace ${workspace} (new)`);
		await give();
	}
	console.log(`role      ${role} in ${workspace}`);
}

async function make(ask, email, values, password) {
	const made = await ask("POST", "/v1/admin/accounts", { email, ...(values.name && { name: values.name }), ...(password && { password }) });
	shown(made.account);
	return made;
}

const ended = (answer) => console.log(`ended     ${answer.receipt.closed.length} open channels, and all sign-ins`);

const acts = {
	async create(ask, email, values) {
		let made;
		await passwordFor(values, async (password) => (made = await make(ask, email, values, password)));
		await role(ask, made.account, values);
	},

	async invite(ask, email, values) {
		const { accounts } = await ask("GET", `/v1/admin/accounts?email=${encodeURIComponent(email)}`);
		if (accounts.length === 0) {
			const made = await make(ask, email, values);
			token(made.token, values);
			return role(ask, made.account, values);
		}
		if (accounts[0].password) throw new Stop(`${accounts[0].email} has a password already: holdfast account reset replaces it.`);
		shown(accounts[0]);
		token((await ask("POST", `${at(accounts[0])}/token`)).token, values);
	},

	async reset(ask, email, values) {
		const account = await find(ask, email);
		shown(account);
		token((await ask("POST", `${at(account)}/token`)).token, values);
	},

	async password(ask, email, values) {
		const account = await find(ask, email);
		await passwordFor(values, async (password) => ended(await ask("PUT", `${at(account)}/password`, { password })));
	},

	async list(ask) {
		for (let after = "", more = true; more; ) {
			const page = await ask("GET", `/v1/admin/accounts?limit=100${after && `&after=${encodeURIComponent(after)}`}`);
			for (const one of page.accounts) {
				const state = one.disabled ? "disabled" : one.password ? "active" : "invited";
				console.log([one.id, state, one.email, JSON.stringify(one.name), ...(one.email_verified ? [] : ["not verified"])].join("  "));
			}
			({ more } = page);
			after = page.accounts.at(-1)?.id ?? "";
		}
	},

	async disable(ask, email) {
		ended(await ask("POST", `${at(await find(ask, email))}/disable`));
	},

	async enable(ask, email) {
		shown((await ask("POST", `${at(await find(ask, email))}/enable`)).account);
	},

	async delete(ask, email, values) {
		const account = await find(ask, email);
		if (!values.yes) throw new Stop(`this deletes the account ${account.id} of ${account.email}, with its roles: say --yes.`);
		ended(await ask("DELETE", at(account)));
	},
};
