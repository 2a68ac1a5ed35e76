//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// admitted handles the first frame of a connection. What it announces must fit what the client
// has: a replay or a gap that begins right after it, up to the document's version.
func (r *resumer) admitted(l *socket, f frame) bool {
	if f.Event != protocol.EventConnectionAck {
		r.world.count("refused: " + f.text("error_code"))
		return false
	}
	last, version := r.to.lastSeq, f.number("document_version")
	resumed, asked := f.Data["resumed"] == true, r.to.sessionID != ""
	replay, _ := f.Data["replay"].(map[string]any)
	gap, _ := f.Data["gap"].(map[string]any)
	r.newest, r.syncing, r.unponged, r.held = last, false, 0, nil
	r.to.sessionID = f.text("session_id")
	switch {
	case !asked: // begins: everything up to here it has to ask for
		r.newest = version
		if version > 0 {
			r.sync(l, 0)
		}
	case gap != nil:
		r.world.count("gaps")
		if gap["from"] != float64(last+1) || gap["to"] != float64(version) {
			r.world.checker.wrong("lost: %s has received %d, the document is at %d, and its gap is %v", r.name(), last, version, gap)
		}
		r.newest = version
		r.sync(l, last)
	case replay != nil:
		r.world.count("replays")
		if replay["from"] != float64(last+1) || replay["to"] != float64(version) {
			r.world.checker.wrong("lost: %s has received %d, the document is at %d, and its replay is %v", r.name(), last, version, replay)
		}
	case last != version:
		r.world.checker.wrong("lost: %s has received %d, the document is at %d, and it is notified of neither replay nor gap", r.name(), last, version)
	}
	switch {
	case asked && resumed:
		r.world.resumed(time.Since(r.dropped))
	case asked:
		r.world.count("new sessions")
	}
	r.said = last
	if r.onAck != nil {
		r.onAck(f)
	}
	r.resend(l)
	return true
}

// sync asks for everything after a version.
func (r *resumer) sync(l *socket, from int) {
	r.syncing = true
	r.world.count("sync requests")
	r.world.checker.catchesUp(r.to.document, r.name(), true)
	l.send(fmt.Sprintf(`{"type":"operation","event":"sync_request","data":{"from":%d}}`, from))
}

// take is what a client does with a frame.
func (r *resumer) take(l *socket, f frame) {
	if r.onFrame != nil {
		r.onFrame(f)
	}
	switch f.Type + "/" + f.Event {
	case "operation/op":
		version := int(f.Seq)
		if version <= r.newest {
			r.world.checker.wrong("out of order: %s was sent the op %d after %d on one socket", r.name(), version, r.newest)
		}
		r.newest = version
		r.receives(version, f.Data["op"])
	case "operation/operation_ack":
		version := int(f.Seq)
		r.newest = max(r.newest, version)
		if op, replayed := f.Data["op"]; replayed && op != opOf(f.MessageID) {
			r.world.checker.wrong("altered: %s: the op of %s", r.name(), f.MessageID)
		}
		r.acknowledged(f.MessageID, version)
	case "operation/document_sync":
		r.synced(l, f)
	case "system/ping":
		l.send(fmt.Sprintf(`{"type":"system","event":"pong","message_id":%q}`, f.MessageID))
	case "system/pong":
		r.unponged = 0
	case "system/error":
		details, _ := f.Data["details"].(map[string]any)
		wait, _ := details["retry_after"].(float64)
		r.world.count("error: " + f.text("error_code"))
		if f.text("error_code") == string(protocol.RateLimitExceeded) {
			r.waits(time.Duration(wait) * time.Millisecond)
		} else if f.Data["recoverable"] != true {
			r.world.checker.wrong("refused: %s: %v", r.name(), f.Data)
		}
	case "system/rate_limited":
		r.waits(time.Duration(f.number("retry_after")) * time.Millisecond)
	}
	if last := r.world.checker.last(r.to.document, r.name()); last >= r.said+ackEvery {
		r.said = last
		l.send(fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, last))
	}
}

// waits holds everything back for a while; what is unacknowledged goes again then.
func (r *resumer) waits(pause time.Duration) {
	r.held = time.After(max(pause, 10*time.Millisecond))
}

func (r *resumer) receives(version int, op any) {
	text, _ := op.(string)
	id, _, _ := strings.Cut(text, " ")
	if text != opOf(id) {
		r.world.checker.wrong("altered: %s: version %d is %.60q", r.name(), version, text)
	}
	r.world.checker.receives(r.to.document, r.name(), id, version)
}

func (r *resumer) acknowledged(id string, version int) {
	for i, waits := range r.unacked {
		if waits == id {
			r.unacked = append(r.unacked[:i], r.unacked[i+1:]...)
			r.world.count("ops")
			break
		}
	}
	r.world.checker.acknowledged(r.to.document, r.name(), id, version)
}

// synced handles one frame of an answer to sync_request. An answer may be bounded: then its
// last frame says that there is more, and the client asks for it.
func (r *resumer) synced(l *socket, f frame) {
	ops, _ := f.Data["ops"].([]any)
	for _, o := range ops {
		op, _ := o.(map[string]any)
		version, _ := op["version"].(float64)
		if op["client_id"] == r.name() {
			id, _ := op["message_id"].(string)
			r.acknowledged(id, int(version))
		} else {
			r.receives(int(version), op["op"])
		}
	}
	switch to := f.number("to"); {
	case to >= f.number("document_version"):
		r.syncing = false
		r.world.checker.catchesUp(r.to.document, r.name(), false)
	case f.Data["more"] == true:
		r.sync(l, to)
	}
}
