package sim_test

import "github.com/holdfast-dev/holdfast/shared/document"

// judge reads the runtime's record before something else happens, where it may tell that somebody has
// fallen silent, as a shell does.
func (d *docObject) judge(arrives bool) {
	if d.core.Unjudged(d.w.Now, arrives) {
		d.step(document.Woken{Seen: d.seen()})
	}
}

// recall gives the core what a user's clients have had accepted, before it needs it, as a shell does.
func (d *docObject) recall(user string) {
	for _, client := range d.core.Forgotten(user) {
		receipts := d.store.Receipts(user, client, d.w.docCfg.Unacknowledged)
		for _, e := range d.core.Step(d.w.Now, document.Recalled{UserID: user, ClientID: client, Receipts: receipts}) {
			d.store.Apply(e)
			d.carryOut(e)
		}
	}
}
