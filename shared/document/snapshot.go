package document

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// snapshotPart takes one part of what the document was at a version. The parts come
// one after the other, each when the one before was acknowledged, and part 0 begins
// anew. The last one makes the whole the document's snapshot, and trims the log.
//
// One client at a time uploads. What it leaves half done is dropped after UploadIdle,
// and after uploadTurns times that another one may begin in any case.
//
// Nor is one taken that is ahead of everybody else: see confirmed.
func (d *Document) snapshotPart(now time.Time, m *member, f protocol.Frame, h *Posting) {
	p, ok := protocol.ParseSnapshot(f.Data)
	u := &d.upload
	its := u.Version > 0 && u.UserID == m.userID() && u.ClientID == m.ch.ClientID()
	same := its && u.Version == p.DocumentVersion && u.Parts == p.Parts
	e := protocol.Error{MessageID: f.MessageID}
	switch {
	case f.MessageID == "":
		d.malformed(m, f, "message_id_missing")
		return
	case !m.grant.May().Has(d.cfg.SnapshotLevel) && !m.grant.May().Has(permission.Admin):
		e.Code = protocol.InsufficientPermissions
	case m.ch.ReadOnly(now):
		e.Code, e.Reason = protocol.TokenExpired, "read_only"
	case !ok || p.Parts > d.cfg.SnapshotParts:
		e.Code, e.Reason, e.Details = protocol.MalformedMessage, "bad_snapshot", []protocol.Detail{{Name: "parts", Raw: strconv.AppendInt(nil, int64(d.cfg.SnapshotParts), 10)}}
	case p.DocumentVersion == 0 || p.DocumentVersion > d.version:
		e.Code, e.Reason = protocol.MalformedMessage, "unknown_version"
	case p.DocumentVersion == d.state.Snapshot: // by this client, whose acknowledgement was lost, or by another
		d.snapshotAck(m, f.MessageID, p, true)
		return
	case p.DocumentVersion < d.state.Snapshot:
		e.Code, e.Reason = protocol.MalformedMessage, "snapshot_outdated"
	case u.Version > 0 && !its && now.Sub(u.Began) < uploadTurns*d.cfg.UploadIdle:
		e.Code, e.Reason, e.RetryAfter = protocol.ServiceUnavailable, "snapshot_in_progress", max(time.Millisecond, u.At.Add(d.cfg.UploadIdle).Sub(now))
	case same && p.Part > 0 && p.Part == u.Next-1: // said again: its acknowledgement was lost
		d.snapshotAck(m, f.MessageID, p, false)
		return
	case p.Part > 0 && (!same || p.Part != u.Next):
		e.Code, e.Reason = protocol.MalformedMessage, "part_out_of_order"
	case p.Part == 0:
		if wait := d.unconfirmed(now, m, p.DocumentVersion, h.At); wait > 0 {
			e.Code, e.Reason, e.RetryAfter = protocol.ServiceUnavailable, "snapshot_unconfirmed", min(confirmPause, wait)
			e.Message = "Nobody else who is connected has acknowledged that version yet: try again."
		}
	}
	if e.Code != "" {
		d.sendError(m, e)
		return
	}
	if p.Part == 0 {
		began := now
		if its {
			began = u.Began // beginning again is no new turn
		}
		d.dropUpload()
		*u = Upload{Version: p.DocumentVersion, UserID: m.userID(), ClientID: m.ch.ClientID(), Parts: p.Parts, Began: began}
	}
	u.Next, u.Bytes, u.At = p.Part+1, u.Bytes+len(p.Data), now
	d.stale = true
	if u.Bytes > d.cfg.SnapshotBytes {
		if p.Part == 0 {
			*u = Upload{} // nothing of it is stored
		}
		d.dropUpload()
		d.sendError(m, protocol.Error{Code: protocol.MessageTooLarge, Reason: "snapshot_too_large", MessageID: f.MessageID,
			Details: []protocol.Detail{{Name: "limit", Raw: strconv.AppendInt(nil, int64(d.cfg.SnapshotBytes), 10)}}})
		return
	}
	d.emit(SavePart{Upload: *u, Part: p.Part, Data: p.Data})
	complete := u.Next == u.Parts
	if complete {
		d.compact(now, m, h)
	}
	d.snapshotAck(m, f.MessageID, p, complete)
}

const (
	uploadTurns = 10
	// confirmPause is how long the poster of a snapshot waits for the others.
	confirmPause = time.Second
)

// unconfirmed is how long a snapshot of a version has to wait yet, 0 for not at all. Where
// other users are connected, one of them has to have acknowledged the version, or it has
// to have been in the log for SnapshotConfirm: a reader that never acknowledges holds
// nobody up for longer. A user does not vouch for itself, whatever its tabs and clients.
func (d *Document) unconfirmed(now time.Time, m *member, version uint64, at time.Time) time.Duration {
	company := false
	for _, o := range d.members {
		if o.userID() == m.userID() || !o.active() {
			continue
		}
		if o.received >= version {
			return 0
		}
		company = true
	}
	if !company {
		return 0
	}
	return max(0, d.cfg.SnapshotConfirm-now.Sub(serverconn.NotAfter(now, at)))
}

func (d *Document) snapshotAck(m *member, messageID string, p protocol.Snapshot, complete bool) {
	d.data = protocol.SnapshotAck{DocumentVersion: p.DocumentVersion, Part: p.Part, Complete: complete, Generation: d.state.Generation}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventSnapshotAck, Data: d.data, MessageID: messageID})
}

// compact makes the upload the snapshot and trims readers' log: KeepOps entries stay, and
// what is newer than the snapshot, and what a connection has yet to get from it; less for their age
// (see age.go). What that
// replaces is kept as long as Config says.
func (d *Document) compact(now time.Time, m *member, h *Posting) {
	bytes := d.upload.Bytes
	floor := uint64(0)
	if keep := uint64(d.cfg.KeepOps); d.version > keep {
		floor = min(d.upload.Version, d.version-keep)
	}
	s := &d.state
	oldest, early := d.cfg.erase(now, h, d.upload.Version, s.Kept)
	floor = d.unread(max(floor, d.aged(h, oldest)))
	s.Floor, s.Snapshot, s.Parts = max(s.Floor, floor), d.upload.Version, d.upload.Parts
	s.Kept = max(s.Kept, min(oldest, s.Floor))
	s.Mark, s.Pinned = min(h.Total, d.total), h.Pinned
	d.upload = Upload{}
	d.saveState()
	d.emit(Compact{Snapshot: s.Snapshot, Floor: s.Floor, Kept: s.Kept, Oldest: oldest})
	d.record(m, audit.Entry{At: now, Event: audit.SnapshotTaken,
		Detail: "version " + strconv.FormatUint(s.Snapshot, 10) + ", " + strconv.Itoa(bytes) + " bytes"})
	if early {
		d.record(m, audit.Entry{At: now, Event: audit.HistoryErased, Reason: "too_large", Detail: strconv.FormatUint(s.Kept, 10)})
	}
}

func (d *Document) dropUpload() {
	if d.upload.Version > 0 {
		d.emit(DropUpload{Version: d.upload.Version})
		d.upload = Upload{}
		d.stale = true
	}
}

func (d *Document) uploadUntil() (time.Time, bool) {
	return d.upload.At.Add(d.cfg.UploadIdle), d.upload.Version > 0
}

// settleUpload drops an upload that has waited for too long.
func (d *Document) settleUpload(now time.Time) {
	if at, ok := d.uploadUntil(); ok && !now.Before(at) {
		d.dropUpload()
	}
}
