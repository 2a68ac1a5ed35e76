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
	m := d.find(e.Grant.UserID)
	if m != nil && m.ch.Live() {
		d.grantChanged(now, m, e.Grant, e.Reason)
	} else {
		d.fence(now, m, e.Grant.UserID, e.Grant.Epoch, e.Grant.AdmittedAt)
	}
	d.emit(GrantTaken{UserID: e.Grant.UserID, Epoch: e.Grant.Epoch})
}

// endChannel ends the user's channel if it is meant, in whatever state it is, and
// answers.
func (d *Document) endChannel(now time.Time, e End) {
	m := d.find(e.UserID)
	// A kick that is repeated is not for who has come since.
	kick := m == nil || m.fence < e.Kick
	closed := m != nil && m.ch.Live() && (kick || m.grant.revoked(e))
	if m = d.fence(now, m, e.UserID, e.Fence, e.AdmittedAt); m == nil {
		d.emit(Ended{UserID: e.UserID, Fence: e.Fence, Gone: true, AdmittedAt: e.AdmittedAt})
		return
	}
	if closed {
		why := serverconn.EndedBy(m.grant.revoked(e))
		if m.active() {
			d.end(now, m, now, why)
		} else {
			d.gone(now, m, "final_error")
		}
	}
	d.emit(Ended{
		UserID: e.UserID, Fence: e.Fence, Closed: closed, Gone: !m.ch.Live(),
		LastMessageID: m.receipts.Newest(), AdmittedAt: m.grant.AdmittedAt,
	})
}

// revoked reports whether the grant lives by a token that is meant.
func (g Grant) revoked(e End) bool {
	return signin.Revoked(g.TokenID, g.IssuedAt, e.TokenIDs, e.Before)
}

// leastFence is how long an admission may be on its way, however short the grace
// period is.
const leastFence = 30 * time.Second

// fence keeps grants of an epoch before this one out. A user who is not here gets a
// row for as long as an admission may be on its way, like that of a gone channel.
// One that was erased keeps no rows: it has everybody asked about anew.
func (d *Document) fence(now time.Time, m *member, userID string, epoch uint64, admitted time.Time) *member {
	if m == nil && d.erased() {
		d.raiseAccess(now)
		return nil
	}
	if m == nil {
		m = &member{ch: channel.New(&d.cfg.Channel, userID), grant: Grant{UserID: userID, AdmittedAt: admitted}}
		d.insert(m)
	}
	if m.ch.State() == channel.Gone && !m.notifying {
		if until := now.Add(max(d.cfg.Channel.Grace, leastFence)); until.After(m.notifyNext) {
			m.notifyNext = until
		}
		d.stale = true
	}
	m.fence = max(m.fence, epoch)
	d.save(m)
	return m
}
