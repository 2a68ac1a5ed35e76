package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
)

// Event is something that happened to the tab: one of package clientconn's, or of those
// below.
type Event = clientconn.Event

// Effect is something that the shell carries out: one of package clientconn's, or of those
// below.
type Effect = clientconn.Effect

// The events and effects of every client. Only a timer may bring Woken, since an answer to a
// liveness question has to prove that this page's timers run.
type (
	Start        = clientconn.Start
	Woken        = clientconn.Woken
	Refresh      = clientconn.Refresh
	TokenFetched = clientconn.TokenFetched
	TokenFailed  = clientconn.TokenFailed
	Opened       = clientconn.Opened
	Received     = clientconn.Received
	Closed       = clientconn.Closed
	Dial         = clientconn.Dial
	Write        = clientconn.Write
	CloseSocket  = clientconn.CloseSocket
	FetchToken   = clientconn.FetchToken
	GiveUpToken  = clientconn.GiveUpToken
	Finished     = clientconn.Finished
)

// The page's events.
type (
	// LockGranted says that the lock asked for is held.
	LockGranted struct{}
	// LockLost says that it was held or waited for and is not any more.
	LockLost struct{}
	// Broadcast is a text from another tab.
	Broadcast struct{ Text string }
	// BroadcastOrigin is a text from another tab, whatever document it shows.
	BroadcastOrigin struct{ Text string }
	// Visible and Hidden follow the page's visibility.
	Visible struct{}
	// Hidden: see Visible.
	Hidden struct{}
	// Online and Offline follow what the browser believes of the network.
	Online struct{}
	// Offline: see Online.
	Offline struct{}
	// Freeze and PageHide are the last events before the page is suspended.
	Freeze struct{}
	// PageHide: see Freeze.
	PageHide struct{}
	// Resume and PageShow are the first ones after it.
	Resume struct{}
	// PageShow: see Resume.
	PageShow struct{}
)

// The app's events.
type (
	// Send sends an op; ID is the app's name for the answer, Op any JSON. Of one
	// tab no two have the same ID: the op's message id is made of it, so that a
	// module that starts in a trapped one's place repeats what the server may
	// have stored already under the name it is stored by.
	Send struct {
		ID string
		Op []byte
	}
	// SendSection sends an op that changes nothing outside of a section: it is taken
	// while others are locked.
	SendSection struct {
		ID      string
		Op      []byte
		Section string
	}
	// Comment creates a comment, replies to one or resolves it: Event says which, and
	// CommentID names the one there is. It is as safe as an op. A create is answered
	// with the version that names the new comment.
	Comment struct {
		ID, Event, CommentID string
		Body, Anchor         []byte // any JSON
	}
	// LockSection locks a section for this user, or gives it back. It is not kept over
	// a drop: without a connection it is refused at once.
	LockSection struct {
		ID, Section string
		TTL         time.Duration
		Unlock      bool
	}
	// PostSnapshot gives the server what the document is at a version, in one tab: the
	// leader. Like a lock it is not kept over a drop.
	PostSnapshot struct {
		ID      string
		Version uint64
		Data    []byte // any JSON
	}
	// Replay has the log emitted again from the start, to this tab alone and as `history`
	// events. It is answered once all that is stored has been emitted, and kept over drops.
	Replay struct{ ID string }
	// Reconnect has the connection tried now: no wait but one that the server asked for, and
	// a ping where it seems to stand.
	Reconnect struct{}
	// Presence shows the others something passing; Data is any JSON.
	Presence struct{ Data []byte }
	// TakeOver takes the document from the client that has it, for all tabs of the profile.
	TakeOver struct{}
	// KeptLoaded answers LoadKept: a page of what is kept, oldest first, as a JSON array of
	// {n, record, unsent, mark}. n grows with each op that is kept; Last is the largest there
	// is. The last page is empty.
	KeptLoaded struct {
		Records []byte
		Last    uint64
	}
	// Marked answers Mark: with those that another tab had marked, as a JSON array of
	// {id, mark}.
	Marked struct{ Before []byte }
	// Kept says that some ops are kept now.
	Kept struct{ IDs []string }
	// KeepFailed says that some ops are not kept: there was no room.
	KeepFailed struct{ IDs []string }
	// SignOut ends the session in all tabs of the profile.
	SignOut struct{}
	// Close ends it in this tab.
	Close struct{}
)

// What the page does.
type (
	// RequestLock queues for the named lock, to hold it for life. A request
	// that is open already is replaced.
	RequestLock struct{ Name string }
	// StealLock takes it from whoever holds it.
	StealLock struct{ Name string }
	// ReleaseLock gives it back, or withdraws the request.
	ReleaseLock struct{}
	// Post sends a message to the other tabs.
	Post struct{ Text []byte }
	// PostOrigin sends one to the tabs of every document.
	PostOrigin struct{ Text []byte }
	// Emit is an event for the app: Detail is its detail and Set, when not
	// nil, the session's properties that change before it. With an empty Type
	// only the properties change. Both are JSON objects.
	Emit struct {
		Type        string
		Detail, Set []byte
	}
	// Keep has the store keep an op of this tab, a JSON object, under its message id, unless
	// it has it, and notes whether it is unsent. Effects on the store are carried out in
	// their order.
	Keep struct {
		ID     string
		Unsent bool
		Record []byte
	}
	// Mark notes that ops are not unsent any more, by the version that the log has. A mark
	// that is there stays. Without room for the mark the note alone goes.
	Mark struct {
		IDs     []string
		Version uint64
	}
	// Forget has the store forget ops and their marks.
	Forget struct{ IDs []string }
	// LoadKept asks for what was kept after n; KeptLoaded answers.
	LoadKept struct{ After uint64 }
	// EraseKept erases all that is kept for this user, and its key.
	EraseKept struct{}
	// Sent answers Send: the op is stored as this version.
	Sent struct {
		ID      string
		Version uint64
	}
	// Unsent answers Send: it was refused. Error is a failure as JSON.
	Unsent struct {
		ID    string
		Error []byte
	}
)

func (LockGranted) IsEvent()     {}
func (LockLost) IsEvent()        {}
func (Broadcast) IsEvent()       {}
func (BroadcastOrigin) IsEvent() {}
func (Visible) IsEvent()         {}
func (Hidden) IsEvent()          {}
func (Online) IsEvent()          {}
func (Offline) IsEvent()         {}
func (Freeze) IsEvent()          {}
func (PageHide) IsEvent()        {}
func (Resume) IsEvent()          {}
func (PageShow) IsEvent()        {}
func (Send) IsEvent()            {}
func (SendSection) IsEvent()     {}
func (Comment) IsEvent()         {}
func (LockSection) IsEvent()     {}
func (PostSnapshot) IsEvent()    {}
func (Replay) IsEvent()          {}
func (Reconnect) IsEvent()       {}
func (Presence) IsEvent()        {}
func (TakeOver) IsEvent()        {}
func (KeptLoaded) IsEvent()      {}
func (Marked) IsEvent()          {}
func (Kept) IsEvent()            {}
func (KeepFailed) IsEvent()      {}
func (SignOut) IsEvent()         {}
func (Close) IsEvent()           {}

func (RequestLock) IsEffect() {}
func (StealLock) IsEffect()   {}
func (ReleaseLock) IsEffect() {}
func (Post) IsEffect()        {}
func (PostOrigin) IsEffect()  {}
func (Emit) IsEffect()        {}
func (Keep) IsEffect()        {}
func (Mark) IsEffect()        {}
func (Forget) IsEffect()      {}
func (LoadKept) IsEffect()    {}
func (EraseKept) IsEffect()   {}
func (Sent) IsEffect()        {}
func (Unsent) IsEffect()      {}
