package document_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
)

// as connects a user who holds exactly these levels.
func (d *desk) as(conn document.ConnID, user string, levels permission.Set) {
	d.Helper()
	g := grantOf(user)
	g.Permissions = uint8(levels)
	d.step(document.Connect{Conn: conn, Grant: g, ClientID: user})
}

// grants changes what a user may do, as the session object pushes it.
func (d *desk) grants(user string, levels permission.Set, epoch uint64) {
	d.Helper()
	g := grantOf(user)
	g.Permissions, g.Epoch = uint8(levels), epoch
	d.step(document.GrantChanged{Grant: g, Reason: "workspace_role_changed"})
}

// refused reports whether the newest frame a connection was sent refuses for want
// of a permission.
func (d *desk) refused(conn document.ConnID) bool {
	d.Helper()
	f := d.sent[conn][len(d.sent[conn])-1]
	return f.Event == "error" && strings.Contains(string(f.Data), `"INSUFFICIENT_PERMISSIONS"`)
}

// S2: “"document_version": 25”: how far the document is when one comes in.
func TestSpecDocumentVersion(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	for range 25 {
		d.writes("c1", "m"+string(rune('a'+len(d.store.Log))))
	}
	d.connect("c2", "ben", "b")
	d.holds(d.frame("c2", "connection_ack"), `{"document_version":25,"replay":null,"gap":null}`)
}

// S2: "`read` | View document | Receive operations, view presence", "`write` | Edit
// document | Send operations, create content", "`comment` | Add comments | Create and
// reply to comments", "`moderate` | Manage content | Resolve comments, lock sections",
// "`admin` | Full control | All operations, manage permissions" and "B --> C[Operation
// Permission]": each level allows its own operations and, admin apart, no other's.
func TestSpecLevelsPerFrame(t *testing.T) {
	frames := []struct {
		text string
		need permission.Set
	}{
		{`{"type":"operation","event":"op","message_id":"m","data":{"op":1}}`, permission.Write},
		{`{"type":"comment","event":"create","message_id":"m"}`, permission.Comment},
		{`{"type":"comment","event":"reply","message_id":"m"}`, permission.Comment},
		{`{"type":"comment","event":"resolve","message_id":"m"}`, permission.Moderate},
		{`{"type":"operation","event":"sync_request","data":{"from":0}}`, permission.Read},
		{`{"type":"presence","event":"update","data":{"data":1}}`, permission.Read},
	}
	for levels := permission.Read; levels <= permission.All; levels++ {
		if !levels.Has(permission.Read) {
			continue
		}
		for _, f := range frames {
			d := newDesk(t)
			d.as("c1", "ann", levels)
			d.as("c2", "ben", permission.Read|permission.Write)
			d.says("c1", f.text)
			if may := levels.Has(f.need) || levels.Has(permission.Admin); d.refused("c1") == may {
				t.Errorf("%v: %s refused: %v", levels.Names(), f.text, !may)
			}
			d.writes("c2", "m2")
			d.holds(d.frame("c1", "op"), `{"op":"m2"}`) // a reader receives it, and sees who is there
			d.holds(d.frame("c1", "join"), `{"user_id":"ben"}`)
		}
	}
}

// S2: "Don't ignore permission changes - May indicate security issue", "Cache
// invalidation | Real-time via events" and "When permissions change, clients receive
// immediate notification": the very next op is judged by the new permissions, and a
// change that was overtaken gives nothing back.
func TestSpecChangeHoldsAtOnce(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.writes("c1", "m1")
	d.grants("ann", permission.Read, 3)
	d.writes("c1", "m2")
	if !d.refused("c1") || len(d.store.Log) != 1 {
		t.Error("written after the permission was gone")
	}
	d.grants("ann", permission.Read|permission.Write, 2)
	d.writes("c1", "m3")
	if !d.refused("c1") || len(d.store.Log) != 1 {
		t.Error("an older change has overridden a newer one")
	}
	d.grants("ann", permission.Read|permission.Write, 4)
	d.holds(d.frame("c1", "permission_change"), `{"permissions":["read","write"],"removed":[],"perm_epoch":4}`)
	d.writes("c1", "m4")
	if len(d.store.Log) != 2 {
		t.Error("the permission was given back, and refused")
	}
	for _, f := range d.sent["c2"] {
		if f.Event == "permission_change" {
			t.Error("ben was notified of what ann may do")
		}
	}
}

// S2: "Handle permission changes - React to permission events" and "`INSUFFICIENT_PERMISSIONS`
// | 403 | User lacks document access | Check permissions": who may not read any more
// receives the reason and a close, and nothing after.
func TestSpecLosingReadEndsTheChannel(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.grants("ann", 0, 2)
	d.holds(d.frame("c1", "permission_change"), `{"permissions":[],"removed":["read","write","comment"]}`)
	d.holds(d.frame("c1", "error"), `{"error_code":"INSUFFICIENT_PERMISSIONS","recoverable":false,"action":"stop"}`)
	if d.closed["c1"] != 4403 {
		t.Errorf("closed with %d", d.closed["c1"])
	}
	d.writes("c2", "m1")
	if got := d.received("c1"); got != "" {
		t.Errorf("still receives %s", got)
	}
	d.now = start.Add(time.Second)
	if _, ok := d.back("c3", 0).(document.Readmit); !ok {
		t.Error("resumed a channel that was ended")
	}
}
