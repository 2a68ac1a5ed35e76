// What the variables say together: whose tokens are accepted, from where, and where the data is.

const eventTypes = "document.changed document.joined document.left comment.created comment.replied comment.resolved session.started session.ended user.revoked".split(" ");

const on = (value, otherwise) => (value === undefined || value === "" ? otherwise : /^(1|true|on)$/.test(value));

/** Reports whether users sign in with the Worker itself. */
export const embedded = ({ vars }) => on(vars.EMBEDDED_ISSUER, false);

/** Reports on who is let in, and from where. */
export function checkMeaning({ vars, routes, route, workers_dev: workersDev, observability }, stops, notes) {
	const outside = ["JWKS_URL", "STATIC_KEY"].filter((name) => (vars[name] ?? "") !== "");
	const several = (vars.ISSUERS ?? "").length > 0; // the Worker says what is wrong with them
	if (outside.length === 0 && !embedded({ vars }) && (vars.ISSUER ?? "") !== "") {
		outside.push("ISSUER"); // it is asked for its keys
		address("ISSUER", vars.ISSUER, stops);
	}
	if (outside.length === 0 && !embedded({ vars }) && !several) {
		stops("nobody can be let in: set ISSUER and AUDIENCE to those of your issuer, or EMBEDDED_ISSUER = \"1\" to sign users in here.");
	}
	if (vars.ISSUER === "https://api.materi.dev" || /^https:\/\/[^/]+\.example(\/|$)/.test(vars.ISSUER ?? "")) stops(`ISSUER is an example's, ${vars.ISSUER}: name your own (with the embedded issuer, the https address of this Worker).`);
	else if ((vars.ISSUER ?? "") === "" && (!several || embedded({ vars }))) (outside.length > 0 ? stops : notes)("ISSUER is empty: tokens do not say whose they are. Name your issuer (the embedded one: the https address of this Worker).");
	const audience = (vars.AUDIENCE ?? "").trim();
	if (outside.length > 0 && audience === "") stops(`AUDIENCE is empty beside ${outside[0]}: name your app as your issuer does. Otherwise a token for any app of that issuer would be good here.`);
	if (outside.length > 0 && audience.split(/[\s,]+/).includes("*")) notes('AUDIENCE is "*": a token for any app of your issuer is good here.');
	if ((vars.ALLOWED_ORIGINS ?? "").split(/[\s,]+/).includes("*")) notes('ALLOWED_ORIGINS is "*": a page of any site may connect with a token that it has. Name your pages, or leave it empty for this Worker\'s own.');
	if (on(vars.QUERY_TOKENS, true)) notes('QUERY_TOKENS is on: a token may stand in a URL, where histories and logs keep it. Set QUERY_TOKENS = "0" unless a client has no other way.');
	for (const name of ["JWKS_URL", "PERMISSIONS_URL", "EVENTS_URL", "PUBLIC_URL"]) address(name, vars[name] ?? "", stops);
	for (const type of (vars.EVENTS_TYPES ?? "").split(/[\s,]+/)) if (type !== "" && !eventTypes.includes(type)) stops(`EVENTS_TYPES holds a type that there is not: there are ${eventTypes.join(" ")}.`);
	if ((vars.JURISDICTION ?? "") === "") stops('JURISDICTION is not decided. Set it to "eu", "us" or "fedramp" to keep all objects there, or to "none" for anywhere. It cannot be changed once there are users: under another one they all begin anew.');
	else if (vars.JURISDICTION !== "none") notes(`JURISDICTION is "${vars.JURISDICTION}": the database has to be there too (wrangler d1 create NAME --jurisdiction ${vars.JURISDICTION}).`);
	if ((routes?.length ?? 0) + (route === undefined ? 0 : 1) > 0 && workersDev !== false) notes("the Worker is reachable at *.workers.dev too, where the rules of your domain do not count: set workers_dev = false.");
	if (!(observability?.enabled ?? observability?.logs?.enabled)) notes("[observability] is off: the platform keeps no line of the log. Set enabled = true, and redact_query_string = true.");
	else if (observability.redact_query_string !== true) (on(vars.QUERY_TOKENS, true) ? stops : notes)("[observability] keeps the URLs of requests: set redact_query_string = true, or the platform's log holds what stands in them, tokens too.");
}

function address(name, value, stops) {
	if (value === "") return;
	const url = URL.canParse(value) ? new URL(value) : undefined;
	if (url?.protocol !== "https:") stops(`${name} is no https address.`);
	else if (url.username !== "" || url.password !== "") stops(`${name} holds a user name or a password, and neither would be sent.`);
	else if (/^(localhost|.*\.localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(url.hostname)) stops(`${name} is this machine's own address, which a deployment cannot reach.`);
}
