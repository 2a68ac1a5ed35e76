package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// tokenRefresh hands a new token over to be verified. Until the answer the old one
// counts.
func (d *Device) tokenRefresh(now time.Time, f protocol.Frame) {
	token, a := d.conn.Refresh(now, &d.cfg.Conn, f)
	if a != nil {
		d.answer(now, a)
		return
	}
	d.owner.Emit(VerifyToken{Conn: d.ch.Conn(), Token: token})
}

// tokenVerified swaps the token in place: the same subject, not expired or revoked while
// it was looked at.
func (d *Device) tokenVerified(now time.Time, c session.Claims) {
	if a := d.conn.Verified(now, c.UserID == d.userID, c.Expires); a != nil {
		d.answer(now, a)
		return
	}
	_, epoch, err := d.owner.Admit(now, Admission{ClientID: d.ch.ClientID(), Claims: c, Refresh: true})
	if err != nil {
		d.tokenRefused(now, err)
		return
	}
	d.token = tokenOf(c)
	d.ch.Refresh(now, c.Expires)
	d.save()
	d.send(d.conn.Refreshed(now, c.Expires, epoch))
}

// tokenRefused leaves the connection on its old token, unless the answer was that the
// user has no business here any more.
func (d *Device) tokenRefused(now time.Time, e *protocol.Error) {
	d.answer(now, d.conn.Refused(now, e))
}
