package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// ConnID names one accepted serverconn.
type ConnID = serverconn.ConnID

// Owner is the core that apps belong to.
type Owner interface {
	// Emit has an effect of the apps carried out, and Socket one on a connection, in order.
	Emit(Effect)
	Socket(serverconn.Effect)
	// ToDevice keeps a frame for the user's device, and sends it to whoever is there. One
	// that may wait is refused when there is little room left.
	ToDevice(event string, data []byte, messageID string, mayWait bool) (seq uint64, err *protocol.Error)
	// Answer sends the device a frame that is not kept.
	Answer(f protocol.Frame)
	// Record writes a line of the audit log; its ClientID is the app.
	Record(at time.Time, e audit.Entry)
	// Away reports whether the user's device is not connected.
	Away() bool
}

// Event is something that happened to an app; frames and ends of sockets come by methods
// of Apps.
type Event interface{ isEvent() }

type (
	// Connect is an app's socket, whose key was good when it was looked at. The answer is
	// Accept or Refuse, at once or after Registered.
	Connect struct {
		Conn                      ConnID
		Package, KeyID, SessionID string
	}
	// Registered answers Register.
	Registered struct {
		Conn ConnID
		Err  *protocol.Error
	}
	// Called answers Call, whose SessionID and Until it bears; Reason is why not.
	Called struct {
		SessionID string
		Until     time.Time
		OK        bool
		Reason    string
	}
	// KeyRevoked is an operator's word that a key, or without KeyID all of a package's,
	// count for nothing any more. The answer is KeyGone.
	KeyRevoked struct {
		Ask                        uint64
		Package, KeyID, Reason, By string
	}
)

// UnknownApp is Called.Reason of a package that there is not.
const UnknownApp = "unknown_app"

// Effect is something the shell carries out, in order, beside those of package serverconn.
type Effect interface{ isEffect() }

type (
	// Save stores an app's row.
	Save struct{ Row Row }
	// Delete deletes an app with all that was kept for it.
	Delete struct{ Package string }
	// Keep stores a frame of an app's outbox, before it leaves.
	Keep struct {
		Package string
		Kept    channel.Kept
	}
	// Forget deletes an app's frames up to a seq.
	Forget struct {
		Package string
		Seq     uint64
	}
	// Remember stores a receipt of what a package has said, or with "" the user's device.
	Remember struct {
		Package string
		Slot    uint64
		Receipt channel.Receipt
	}
	// ForgetReceipts deletes all of the device's.
	ForgetReceipts struct{}
	// Call asks an app by its webhook to connect, within Timeout. Until is when the
	// answer is given up: it sets this call apart from the app's others, of which an earlier
	// one may have been the same Attempt.
	Call struct {
		Package, SessionID string
		Attempt            int
		Timeout            time.Duration
		Until              time.Time
		// Stop is why the app has stopped, of which this tells it: there is one try.
		Stop string
	}
	// Register writes down a connection by a key, where a key's revocation finds it, if that
	// is not revoked.
	Register struct {
		Conn                      ConnID
		Package, KeyID, SessionID string
	}
	// Unregister says that nothing is connected by that session id any more, nor will be.
	Unregister struct{ SessionID string }
	// KeyGone answers KeyRevoked: the packages that were closed.
	KeyGone struct {
		Ask    uint64
		Closed []string
	}
)

func (Connect) isEvent()    {}
func (Registered) isEvent() {}
func (Called) isEvent()     {}
func (KeyRevoked) isEvent() {}

func (Save) isEffect()           {}
func (Delete) isEffect()         {}
func (Keep) isEffect()           {}
func (Forget) isEffect()         {}
func (Remember) isEffect()       {}
func (ForgetReceipts) isEffect() {}
func (Call) isEffect()           {}
func (Register) isEffect()       {}
func (Unregister) isEffect()     {}
func (KeyGone) isEffect()        {}
