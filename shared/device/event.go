package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// ConnID names one accepted serverconn.
type ConnID = serverconn.ConnID

// Owner is the core that the device channel belongs to, and by whom it reaches the user's
// session and apps.
type Owner interface {
	// Emit has an effect of the channel carried out, and Socket one on a connection, in order.
	Emit(Effect)
	Socket(serverconn.Effect)
	// Record writes a line of the audit log.
	Record(at time.Time, e audit.Entry)

	// PreAdmit asks the session whether a socket may wait for its first frame.
	PreAdmit(now time.Time, clientID string, c session.Claims) *protocol.Error
	// Admit asks the session for the channel, or for its going on under a new token. The
	// answer is the session's id and the permission epoch.
	Admit(now time.Time, a Admission) (sessionID string, epoch uint64, err *protocol.Error)
	// ChannelGone notifies the session that the channel is gone.
	ChannelGone(now time.Time, sessionID, reason string)

	// AppFrame hands over a frame of type app. newSessionID is what the id of an app that is
	// started ends with.
	AppFrame(now time.Time, clientID string, f protocol.Frame, newSessionID string)
	// AppStates are the user's apps as connection_ack lists them.
	AppStates() []protocol.AppState
	// DeviceAway, DeviceBack and DeviceGone notify the apps of what has become of the
	// device.
	DeviceAway()
	DeviceBack(now time.Time)
	DeviceGone(now time.Time)
}

// Admission is what the session is asked about.
type Admission struct {
	ClientID string
	Claims   session.Claims
	// NewSessionID is for a session that begins with the channel; Refresh says that the
	// channel is there, and has a new token.
	NewSessionID string
	Refresh      bool
}

// Event is something that happened to the device channel; frames and ends of sockets come
// by methods of Device.
type Event interface{ isEvent() }

type (
	// Connect is a socket whose token is good. The answer is serverconn.Accept or Refuse.
	Connect struct {
		Conn ConnID
		// ClientID is what the client calls itself, "" when it does not; MadeUp is a fresh
		// random id for that case.
		ClientID, MadeUp string
		Flat             bool
		Claims           session.Claims
		// Seen is when the runtime last answered a ping on the current connection; zero
		// when there is none, or it never pinged.
		Seen time.Time
	}
	// TokenVerified answers VerifyToken: the new token's signature is good.
	TokenVerified struct {
		Conn   ConnID
		Claims session.Claims
	}
	// TokenRefused answers VerifyToken: the new token was not good enough.
	TokenRefused struct {
		Conn ConnID
		Err  *protocol.Error
	}
	// Post is a message for the device, from an operator. The answer is Posted.
	Post struct {
		Ask  uint64
		From string
		Data []byte // any JSON
	}
)

// Effect is something the shell carries out, in order, beside those of package serverconn.
type Effect interface{ isEffect() }

type (
	// SaveRow stores the device channel's row.
	SaveRow struct{ Row Row }
	// Heard keeps with a socket when its device last gave a sign of life: in hibernation too, at no row.
	Heard struct {
		Conn ConnID
		At   time.Time
	}
	// Keep stores a frame of the outbox, before it leaves.
	Keep struct{ Kept channel.Kept }
	// Forget deletes the outbox's frames up to a seq.
	Forget struct{ Seq uint64 }
	// VerifyToken asks for a token's signature. The token goes nowhere else.
	VerifyToken struct {
		Conn  ConnID
		Token string
	}
	// Posted answers Post: Seq says where in the channel it stands, stored.
	Posted struct {
		Ask uint64
		Seq uint64
		Err *protocol.Error
	}
)

func (Connect) isEvent()       {}
func (TokenVerified) isEvent() {}
func (TokenRefused) isEvent()  {}
func (Post) isEvent()          {}

func (SaveRow) isEffect()     {}
func (Heard) isEffect()       {}
func (Keep) isEffect()        {}
func (Forget) isEffect()      {}
func (VerifyToken) isEffect() {}
func (Posted) isEffect()      {}
