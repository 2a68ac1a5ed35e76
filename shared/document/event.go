package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// ConnID names one accepted socket.
type ConnID = serverconn.ConnID

// Grant is what the session object allows a user on this document. The document
// trusts it: it only ever arrives from the session object, by a binding.
type Grant struct {
	UserID, Name string
	SessionID    string
	WorkspaceID  string
	Role         string // workspace role, for workspace_context
	Permissions  uint8  // permission.Set
	Epoch        uint64 // permission epoch; an older one never overrides a newer
	// Locked is the permission source's word on whether the document is locked, and
	// AccessAt when it was given: zero says nothing. The newest word counts.
	Locked   bool
	AccessAt time.Time
	// Access is the newest access version of the document (State.Access) that the session
	// object knew of when it asked the source.
	Access   uint64
	Expires  time.Time
	IssuedAt time.Time
	TokenID  string // jti, "" when the token had none
	// AdmittedAt is when the session object admitted, by its own clock, strictly
	// growing for a user and document. Notify carries it back, so that a notification
	// that was overtaken by a newer admission removes nothing.
	AdmittedAt time.Time
	// Withheld is what of Permissions, which are the user's, a delegate does not have: see May.
	Withheld uint8
	// Share is how much of Config.Conn.Flood the user has here, in thousandths: who
	// has many documents open shares them among those. 0, from an object that does not
	// say, is all.
	Share int
}

// Event is something that happened to the document. The types below are all there are.
type Event interface{ isEvent() }

type (
	// Connect is an admitted client that asks for a connection. The answer is Accept or
	// Readmit, always the first effect.
	Connect struct {
		Conn       ConnID
		Grant      Grant
		ClientID   string
		SessionID  string // the session it wants to resume; "" when it does not ask
		LastSeq    uint64 // the last version it has received, when HasLastSeq
		HasLastSeq bool
		// Position is the client's, empty for one that says none. InTerm is the version of the
		// newest entry up to LastSeq that was written under its Term, AtBase of the newest up to
		// its Base under its BaseTerm; 0 for none in the MatchEntries before.
		Position       Position
		InTerm, AtBase uint64
		// Redial says that the client has dialled by itself: it takes the place of no other.
		Redial bool
		// Held says that the user's object was not asked: the Grant only says who it is, and by
		// which token. See held.go.
		Held bool
		// Receipts are the newest ops of this user and client id in the log,
		// oldest first, at most Config.Unacknowledged: what a re-sent op is
		// recognised by. None are needed, and Known is true, when Knows just said so.
		Receipts []Receipt
		Known    bool
		// Seen is when the runtime last answered a ping on the user's connections here
		// (Current), those that ever pinged.
		Seen []Seen
	}
	// FrameReceived is a frame that decoded.
	FrameReceived struct {
		Conn  ConnID
		Frame protocol.Frame
		Size  int // of its text, in bytes
		// CommentOpen is whether the comment that the frame names (see Named) is open, and
		// Share how much the sender has of what is everybody's (see Shares).
		CommentOpen bool
		Share       CommentShare
		// Posting goes with a snapshot (see Posts).
		Posting Posting
	}
	// FrameInvalid is one that did not.
	FrameInvalid struct {
		Conn ConnID
		Err  *protocol.Error
		Size int
	}
	// Disconnected is the end of a socket, whatever its code.
	Disconnected struct {
		Conn ConnID
		Code int
		// Seen is when the runtime last answered a ping on it; zero, for never or
		// not known, has it lost now.
		Seen time.Time
	}
	// Recalled is what one of the user's clients has had accepted, as in Connect: for one that
	// is Forgotten, before what it sends.
	Recalled struct {
		UserID, ClientID string
		Receipts         []Receipt
	}
	// SendFailed is a socket that no longer takes frames.
	SendFailed struct {
		Conn ConnID
		Seen time.Time // as in Disconnected
	}
	// Woken is the alarm, or any other wake-up; early, late and double are harmless.
	Woken struct {
		// Seen holds, for every connection that ever pinged, when the runtime
		// last answered it.
		Seen []Seen
	}
	// TokenVerified answers VerifyToken: the session object granted anew.
	TokenVerified struct {
		Conn  ConnID
		Grant Grant
	}
	// TokenRefused answers VerifyToken: the new token was not good enough.
	TokenRefused struct {
		Conn ConnID
		Err  *protocol.Error
	}
	// GrantChanged is pushed by the session object. The answer is GrantTaken.
	GrantChanged struct {
		Grant  Grant
		Reason string // wire: permission_change.reason, e.g. workspace_role_changed
	}
	// End is asked by the session object: a channel of the user's ends if it lives by one
	// of these tokens, by one issued up to and including Before, or in any case if the
	// kick of epoch Kick is new here. Grants of an epoch before Fence are not let in any more. The answer is
	// Ended.
	End struct {
		UserID   string
		Fence    uint64
		Kick     uint64 // 0 for none
		TokenIDs []string
		Before   time.Time
		// AdmittedAt is that of the newest admission the session object has given here.
		AdmittedAt time.Time
	}
	// Delivered answers Replay and Sync, before any other event.
	Delivered struct {
		Conn   ConnID
		Replay bool   // else Sync
		To     uint64 // up to where the part went
		Bytes  int    // of its texts
	}
	// LockRequested locks the document or unlocks it. The answer is LockTaken.
	LockRequested struct {
		Locked     bool
		Reason, By string
		Retry      time.Duration // how long clients have to wait; 0 for Config.LockRetry
		// Held keeps it until an operator unlocks, whatever the permission source says.
		Held bool
	}
	// AccessChanged says that it may have changed who may do what on the document, for
	// anybody: from now on nobody is let in by an older answer of the permission source.
	// The answer is AccessTaken.
	AccessChanged struct{}
	// Listed says that the document is in the list of a workspace from now on, before
	// anybody is let in by an answer of that workspace (see Unlisted), and whether a change
	// of all of that workspace had been reported before.
	Listed struct {
		Workspace string
		Changed   bool
	}
	// Erase ends every connection and forgets all content and everybody. What is written
	// then is of a generation of its own. The answer is Erased.
	Erase struct{ Generation string }
	// EventsSent and EventsBuried answer the effects of the events (see FromEvents).
	EventsSent   struct{ delivery.Sent }
	EventsBuried struct{ delivery.Buried }
	// Notified answers Notify.
	Notified struct {
		UserID, ClientID string
		SessionID        string
		OK               bool
	}
)

// Seen is the last sign of life of one connection.
type Seen struct {
	Conn ConnID
	At   time.Time
}

// Effect is something the shell carries out. All effects of one event run in
// order before the next event; storage ones before the Sends after them.
type Effect interface{ isEffect() }

type (
	// Accept answers the upgrade with a socket named Conn.
	Accept struct{ Conn ConnID }
	// Readmit refuses it: the grant is older than what has happened since, and the
	// front asks the session object again. Gone says that the document holds no
	// channel of the user, whatever the session object believes.
	Readmit struct {
		Conn ConnID
		Gone bool
		// AdmittedAt is the grant's that was sent back.
		AdmittedAt time.Time
		// Access is the document's access version: an answer that was asked for without
		// knowing of it is not good enough.
		Access uint64
	}
	// Send writes one text frame to each connection. One that fails comes back
	// as SendFailed and never stops the others.
	Send struct {
		Conns []ConnID
		Text  []byte
	}
	// Attach keeps data with a socket, in place of what was there, for as long as it
	// lives, through hibernation too. It comes back as Snapshot.Shown.
	Attach struct {
		Conn ConnID
		Data []byte
	}
	// Close ends a socket. Reason is at most 123 bytes.
	Close struct {
		Conn   ConnID
		Code   int
		Reason string
	}
	// Append stores an entry before anything after it leaves, and what becomes of the
	// comment it belongs to: a create opens it, a resolve closes it.
	Append struct{ Entry Entry }
	// Replay sends entries of (From, To] to one connection, each with its seq:
	// those of its own client id as operation_ack (with the op), the others as op.
	// Carried out by its Deliver, which sends at least one and no more than fit in
	// Bytes, and gives the Delivered that says how far it got.
	Replay struct {
		Conn             ConnID
		UserID, ClientID string
		From, To         uint64
		Bytes            int
	}
	// Sync answers sync_request with document_sync frames of bounded size for
	// entries of (From, To]; carried out by its Deliver, and bounded as a Replay is.
	// With a Snapshot (its version) the parts [Part, Parts) of that come first, then the
	// comments of (From, Snapshot], then all entries that are newer.
	Sync struct {
		Conn     ConnID
		From, To uint64
		Bytes    int

		Snapshot    uint64
		Part, Parts int
		Generation  string
	}
	// FromEvents is an effect of the events that go to the deployment's backend.
	FromEvents struct{ Effect delivery.Effect }
	// SaveState stores what the document knows of itself.
	SaveState struct{ State State }
	// SaveSection stores a section's lock by its name; DeleteSection forgets it.
	SaveSection   struct{ Section Section }
	DeleteSection struct{ Name string }
	// SavePart stores the newest part of a snapshot that is being uploaded, Part; the
	// rest is how far the upload is.
	SavePart struct {
		Upload Upload
		Part   int
		Data   []byte
	}
	// DropUpload forgets the parts of the snapshot of this version.
	DropUpload struct{ Version uint64 }
	// Compact makes the upload of version Snapshot the document's. Comments that were
	// resolved up to Floor are no more; the snapshots before Oldest and the entries up to
	// Kept are forgotten, but for those of comments that are left. The message ids of what
	// it forgets are kept for Receipts: the newest Unacknowledged of each client.
	Compact struct{ Snapshot, Floor, Kept, Oldest uint64 }
	// Record stores a line of the audit log.
	Record struct{ Entry audit.Entry }
	// LockTaken answers LockRequested.
	LockTaken struct {
		Locked  bool
		Version uint64
	}
	// AccessTaken answers AccessChanged: the access version from now on, and the users
	// who are here by an older answer.
	AccessTaken struct {
		Access uint64
		Users  []string
	}
	// EraseAll empties the storage of everything that was written before it.
	EraseAll struct{}
	// Erased answers Erase: what there was, the access version from now on, and the users
	// whose channels were ended.
	Erased struct {
		Version, Snapshot uint64
		Comments          int
		Access            uint64
		Users             []string
		Sockets           int // that were closed
	}
	// SaveChannel stores the row of a user's client (see Row).
	SaveChannel struct{ Row Row }
	// DeleteChannel forgets it.
	DeleteChannel struct{ UserID, ClientID string }
	// VerifyToken asks for the token's signature and a fresh grant; the answer
	// returns as TokenVerified or TokenRefused. The token goes nowhere else.
	VerifyToken struct {
		Conn     ConnID
		Token    string
		UserID   string
		ClientID string
	}
	// GrantTaken answers GrantChanged: the channel lives under a grant of this epoch
	// or a newer one, or there is none and an older grant will not bring one.
	GrantTaken struct {
		UserID string
		Epoch  uint64
	}
	// Ended answers End, when it has taken effect.
	Ended struct {
		UserID string
		Fence  uint64
		// Closed says that channels were ended, Gone that there is none now.
		Closed, Gone bool
		// LastMessageID is the last op that was accepted of those, or of all the user's clients
		// where none was ended; "" for none that is known.
		LastMessageID string
		// Clients are those that have a channel still.
		Clients    []string
		AdmittedAt time.Time // of the user's newest grant
	}
	// Notify notifies the user's session object that the channel is gone. It is
	// repeated (by Deadline) until Notified says OK.
	Notify struct {
		UserID, ClientID string
		SessionID        string
		Reason           string // grace_expired, disconnect, final_error, replaced, erased
		// Others says that other clients of the user have channels here still.
		Others bool
		// AdmittedAt is that of the channel's newest grant.
		AdmittedAt time.Time
	}
)

func (Connect) isEvent()       {}
func (FrameReceived) isEvent() {}
func (FrameInvalid) isEvent()  {}
func (Disconnected) isEvent()  {}
func (Recalled) isEvent()      {}
func (SendFailed) isEvent()    {}
func (Woken) isEvent()         {}
func (TokenVerified) isEvent() {}
func (TokenRefused) isEvent()  {}
func (GrantChanged) isEvent()  {}
func (End) isEvent()           {}
func (Delivered) isEvent()     {}
func (Notified) isEvent()      {}
func (LockRequested) isEvent() {}
func (AccessChanged) isEvent() {}
func (Erase) isEvent()         {}
func (Listed) isEvent()        {}
func (EventsSent) isEvent()    {}
func (EventsBuried) isEvent()  {}

func (Accept) isEffect()        {}
func (Readmit) isEffect()       {}
func (Send) isEffect()          {}
func (Attach) isEffect()        {}
func (Close) isEffect()         {}
func (Append) isEffect()        {}
func (Replay) isEffect()        {}
func (Sync) isEffect()          {}
func (SaveChannel) isEffect()   {}
func (DeleteChannel) isEffect() {}
func (VerifyToken) isEffect()   {}
func (GrantTaken) isEffect()    {}
func (Ended) isEffect()         {}
func (Notify) isEffect()        {}
func (SaveState) isEffect()     {}
func (SaveSection) isEffect()   {}
func (DeleteSection) isEffect() {}
func (SavePart) isEffect()      {}
func (DropUpload) isEffect()    {}
func (Compact) isEffect()       {}
func (Record) isEffect()        {}
func (LockTaken) isEffect()     {}
func (AccessTaken) isEffect()   {}
func (EraseAll) isEffect()      {}
func (Erased) isEffect()        {}
func (FromEvents) isEffect()    {}
