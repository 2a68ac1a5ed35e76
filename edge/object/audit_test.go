package object

import (
	"strings"
	"testing"
)

// What operators did stays in the log, and what another server did, however much one writes.
//
// Attacker: has a document key that may write, and posts under ever new client ids.
func TestAServerPushesNobodyOutOfTheLog(t *testing.T) {
	insert := "INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1, 'server_wrote', '', 'd1', ?, '', '', ?, '')"
	if !strings.Contains(auditTable.create().String(), "by_whom") {
		t.Fatal("the table has other columns")
	}
	got := database(t, js("db.exec", auditTable.create())+`
		const run = (sql, ...args) => db.prepare(sql).all(...args);
		const wrote = (by, client) => run(`+"`"+insert+"`"+`, client, by);
		const left = () => run("SELECT by_whom, COUNT(*) AS n FROM audit GROUP BY 1 ORDER BY 1").map((r) => r.by_whom + " " + Number(r.n)).join();
		wrote("olive", "");
		wrote("key:billing", "");
		for (let n = 0; n < 20; n++) wrote("key:flood", "c" + n);
		run(`+"`"+trimOperators.String()+"`"+`, 5);
		run(`+"`"+trimServer.String()+"`"+`, "key:flood", 5);
		run(`+"`"+trimServers.String()+"`"+`, 50);
		say(left());
		run(`+"`"+trimServers.String()+"`"+`, 3);
		say(left());
		for (let n = 0; n < 9; n++) wrote("adrian", "");
		run(`+"`"+trimOperators.String()+"`"+`, 5);
		say(left());`)
	if want := "key:billing 1,key:flood 5,olive 1\nkey:flood 3,olive 1\nadrian 5,key:flood 3"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
