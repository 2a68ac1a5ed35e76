package object

import "testing"

// Whatever is written, listed, trimmed and undone, each client's newest message ids are found, as many
// as are kept, newest first: by SQLite, against a plain list.
func TestReceiptsAreFoundWithoutAnIndex(t *testing.T) {
	got := sqlite(t, schemaVersion, `
		let seed = 7;
		const rnd = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
		const keep = 5;
		let version = 0, listed = 0, kept = 0, over = 0, bounded = 0, said = []; // [version, user, id, kind]
		const list = () => { q(listReceipts, keep); q(boundListed, listed, keep); listed = version; };
		for (let turn = 0; turn < 3000; turn++) {
			const what = rnd(100);
			if (what < 80) {
				const user = "u" + rnd(4) * rnd(2), kind = rnd(10) === 0 ? 1 : 0;
				version++;
				const row = [version, user, "c-" + user, "m" + version, blob("x"), 1, kind, kind && version, 0, 9];
				const slot = rnd(5) && q(selectGone, 0, 1); // over an op that is gone, if there is one
				if (slot) { q(writeOver, ...row, Number(slot)); over++; } else q(putOp, ...row);
				if (kind) q(putComment, version, 0, 0);
				said.push([version, user, "m" + version, kind]);
			} else if (what < 88) {
				list();
			} else if (what < 92) {
				kept = Math.max(kept, version - rnd(40));
				q(putState, kept, kept, 1, 0, 0, "", 0, kept); list(); q(trimSaid, kept); q(boundAllListed, kept, 1000);
				if (rnd(3) === 0) { q(trimGone, rnd(7)); bounded++; }
			} else if (what < 94) { // a restore: ops are undone, comments stay
				const to = Math.max(kept, version - rnd(20));
				q(unsayListed, to, version + 1); q(unsayUndone, to, version + 1);
				version++;
				for (const one of said) one.undone ||= one[0] > to && !one[3];
			} else if (what < 95) {
				const user = "u" + rnd(4);
				q(trimGone, 0);
				q("DELETE FROM receipts WHERE user_id = ?", user);
				q("UPDATE ops SET user_id = 'gone', client_id = '', message_id = '' WHERE user_id = ?", user);
				said = said.filter(([, u]) => u !== user);
			} else {
				for (const user of ["u0", "u1", "u2", "u3"]) {
					const tail = q(selectReceipts, "c-" + user, user, keep), n = tail === "" ? 0 : tail.split(" ").length;
					const found = n < keep ? (tail + " " + q(selectListed, "c-" + user, user, keep - n)).trim() : tail;
					// Of those that were undone nothing is found, and as many older ones need not be.
					const ids = (list) => list.filter((one) => !one.undone).slice(-keep).reverse().map(([v, , id]) => id + "," + v).join(" ");
					const of = said.filter(([, u]) => u === user), most = ids(of), least = ids(of.slice(-keep));
					if (!most.startsWith(found) || !found.startsWith(least)) say("turn", turn, user, "found", found, "want", most, "or", least);
				}
			}
		}
		say("over", over > 500, "trimmed", bounded > 20, "rows", Number(q("SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM receipts GROUP BY client_id)")) <= 2 * keep);
	`)
	if got != "over true trimmed true rows true" {
		t.Error(got)
	}
}
