// What a deployment is made of: its objects, its database, its files and its date.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { testedDate } from "./check_variables.mjs";

const objects = { SESSIONS: "UserSession", DOCUMENTS: "Document" };

/** Reports on the bindings that the Worker cannot do without. */
export function checkBindings(config, stops) {
	const bound = new Map(config.durable_objects.bindings.map((one) => [one.name, one.class_name]));
	const made = new Set([...config.migrations.flatMap((one) => one.new_sqlite_classes ?? []), ...Object.keys(config.exports ?? {})]);
	for (const [name, objectClass] of Object.entries(objects)) {
		if (bound.get(name) !== objectClass) stops(`there is no Durable Object binding ${name} of the class ${objectClass}. ${inherited(config)}`);
		if (!made.has(objectClass)) stops(`no migration makes ${objectClass}: add it to new_sqlite_classes of [[migrations]].`);
	}
	if (!/^\d{4}-\d\d-\d\d$/.test(config.compatibility_date ?? "") || config.compatibility_date < testedDate) {
		stops(`compatibility_date is ${config.compatibility_date ?? "not set"}: it has to be ${testedDate} or later. How sockets close depends on it, and nothing earlier was tested.`);
	}
}

const inherited = (config) => (config.targetEnvironment ? `An environment inherits no bindings, database or variables: [env.${config.targetEnvironment}] needs its own.` : "OPERATING.md has the lines.");

/** Reports on the database. others are the ids that other environments have. */
export function checkDatabase(config, folder, others, stops) {
	const database = config.d1_databases.find((one) => one.binding === "DB");
	if (database === undefined) return stops(`there is no D1 database with the binding DB. ${inherited(config)}`);
	const id = database.database_id ?? "";
	if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) || /^[0-]+$/.test(id)) {
		stops(`database_id is not your database's: wrangler d1 create ${database.database_name ?? "NAME"} makes one and prints its id.`);
	} else if (others.has(id)) {
		stops(`${others.get(id)} has the same database_id: each needs a database of its own, for each has objects of its own.`);
	}
	const migrations = resolve(folder, database.migrations_dir ?? "migrations");
	if (!existsSync(join(migrations, "0001_accounts.sql"))) stops(`migrations_dir has no migrations of Holdfast (${migrations}): set it to node_modules/holdfast/migrations.`);
}

/** Reports on the files that are served: which build they are, and that the demo is not among them. */
export function checkFiles(config, folder, stops) {
	if (config.assets?.directory === undefined) return;
	const served = resolve(folder, config.assets.directory);
	if (!existsSync(served)) return stops(`there is no folder ${config.assets.directory} to serve: build first (npm run build, or make build in a clone).`);
	const stamp = join(dirname(served), "build.json");
	if (existsSync(stamp)) {
		const { mode, compiler } = JSON.parse(readFileSync(stamp, "utf8"));
		if (mode !== "release") stops("this is a development build: make build makes one for a deployment (make deploy does so itself).");
		if (compiler === "go") stops("this is built with standard Go, several times as large: build with TinyGo.");
	}
	const demo = texts(served).find((file) => readFileSync(file, "utf8").includes("holdfast-demo"));
	if (demo !== undefined) stops(`${demo} holds the demo's password: serve your own pages, not the demo.`);
	if (config.assets.not_found_handling === "single-page-application" && config.assets.run_worker_first !== true && !config.assets.run_worker_first?.includes?.("/v1/*")) {
		stops('your pages would answer for the Worker: add run_worker_first = ["/v1/*", "/auth/*", "/.well-known/*", "/healthz", "/glasses-ws", "/app-ws"] to [assets].');
	}
}

function texts(folder) {
	return readdirSync(folder, { recursive: true })
		.map((name) => join(folder, name))
		.filter((file) => /\.(html|m?js|json|css|txt)$/.test(file) && statSync(file).isFile());
}
