package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// grantPushed takes a change and answers. Where nobody is, somebody may be on the way
// with an older grant: the fence sends them back.
func (d *Document) grantPushed(now time.Time, e GrantChanged) {
	d.lockSaid(now, e.Grant)
	members := append([]*member(nil), d.of(e.Grant.UserID)...)
	if alive(members) == 0 {
		d.fence(now, members, e.Grant.UserID, e.Grant.Epoch, e.Grant.AdmittedAt)
	}
	for _, m := range members {
		if m.ch.Live() {
			d.grantChanged(now, m, e.Grant, e.Reason)
		}
	}
	d.emit(GrantTaken{UserID: e.Grant.UserID, Epoch: e.Grant.Epoch})
}

// endChannel ends those of the user's channels that are meant, in whatever state they are,
// and answers.
func (d *Document) endChannel(now time.Time, e End) {
	members := append([]*member(nil), d.of(e.UserID)...)
	var meant []*member
	for _, m := range members {
		// A kick that is repeated is not for who has come since.
		if m.ch.Live() && (m.fence < e.Kick || m.grant.revoked(e)) {
			meant = append(meant, m)
		}
	}
	answer := Ended{UserID: e.UserID, Fence: e.Fence, Closed: len(meant) > 0, AdmittedAt: e.AdmittedAt}
	if members = d.fence(now, members, e.UserID, e.Fence, e.AdmittedAt); len(members) > 0 {
		answer.AdmittedAt = time.Time{}
	}
	said := meant
	if len(said) == 0 {
		said = members
	}
	last := uint64(0)
	for _, m := range said {
		if version := m.receipts.Last(); version >= last {
			last, answer.LastMessageID = version, m.receipts.Newest()
		}
	}
	for _, m := range meant {
		if why := serverconn.EndedBy(m.grant.revoked(e)); m.active() {
			d.end(now, m, now, why)
		} else {
			d.gone(now, m, "final_error")
		}
	}
	for _, m := range members {
		answer.AdmittedAt = serverconn.Latest(answer.AdmittedAt, m.grant.AdmittedAt)
		if m.ch.Live() {
			answer.Clients = append(answer.Clients, m.ch.ClientID())
		}
	}
	answer.Gone = len(answer.Clients) == 0
	d.emit(answer)
}

// revoked reports whether the grant lives by a token that is meant.
func (g Grant) revoked(e End) bool {
	return signin.Revoked(g.TokenID, g.IssuedAt, e.TokenIDs, e.Before)
}

// leastFence is how long an admission may be on its way, however short the grace
// period is.
const leastFence = 30 * time.Second

// fence keeps grants of an epoch before this one out. A user who is not here gets a
// row, of no client, for as long as an admission may be on its way, like that of a gone
// channel. A document that was erased keeps no rows: it has everybody asked about anew. So does
// one that has forgotten a user just now, who this may be: a call of before may arrive late.
func (d *Document) fence(now time.Time, members []*member, userID string, epoch uint64, admitted time.Time) []*member {
	if len(members) == 0 && (d.erased() || d.forgets(now)) {
		d.raiseAccess(now)
		return nil
	}
	if len(members) == 0 {
		m := &member{ch: channel.New(d.timing(userID), userID, ""), grant: Grant{UserID: userID, AdmittedAt: admitted}}
		d.insert(m)
		members = []*member{m}
	}
	for _, m := range members {
		if m.ch.State() == channel.Gone && !m.notifying {
			if until := now.Add(max(d.cfg.Channel.Grace, leastFence)); until.After(m.notifyNext) {
				m.notifyNext = until
			}
			d.stale = true
		}
		m.fence = max(m.fence, epoch)
		d.save(m)
	}
	return members
}

// fenceOf is the least epoch that a grant of the user's must have to be let in.
func (d *Document) fenceOf(userID string) (epoch uint64) {
	for _, m := range d.of(userID) {
		epoch = max(epoch, m.fence)
	}
	return epoch
}
