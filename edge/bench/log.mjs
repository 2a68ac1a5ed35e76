// The op log of the peers that store: the table and the index of Holdfast's documents,
// and one INSERT for each op.

import { operation } from "./frames.mjs";

export class Log {
	constructor(sql) {
		this.sql = sql;
		sql.exec(
			"CREATE TABLE IF NOT EXISTS ops (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, " +
				"message_id TEXT NOT NULL, op BLOB NOT NULL, at INTEGER NOT NULL)",
		);
		sql.exec("CREATE INDEX IF NOT EXISTS ops_client ON ops (client_id, user_id, version)");
		this.version = sql.exec("SELECT COALESCE(MAX(version), 0) AS version FROM ops").one().version;
	}

	append(user, id, op) {
		this.version++;
		this.sql.exec(
			"INSERT INTO ops (version, user_id, client_id, message_id, op, at) VALUES (?, ?, ?, ?, ?, ?)",
			this.version,
			user,
			user,
			id,
			JSON.stringify(op),
			Date.now(),
		);
		return this.version;
	}

	replay(after, send) {
		for (const [version, user, op] of this.sql.exec("SELECT version, user_id, op FROM ops WHERE version > ? ORDER BY version", after).raw()) {
			send(operation(version, user, JSON.parse(op)));
		}
	}
}
