package client

import "time"

// Event is something that happened to the tab. The types below are all there are.
type Event interface{ isEvent() }

// The page's events.
type (
	// Start is the first event.
	Start struct{}
	// Woken is the timer; only a timer may bring it, since an answer to a
	// liveness question has to prove that this page's timers run.
	Woken struct{}
	// LockGranted says that the lock asked for is held.
	LockGranted struct{}
	// LockLost says that it was held or waited for and is not any more.
	LockLost struct{}
	// Broadcast is a text from another tab.
	Broadcast struct{ Text string }
	// BroadcastOrigin is a text from another tab, whatever document it shows.
	BroadcastOrigin struct{ Text string }
	// TokenFetched answers FetchToken.
	TokenFetched struct{ Token string }
	// TokenFailed answers FetchToken: there was none.
	TokenFailed struct {
		Message, Code string
		// Final says that asking again is of no use: the user is signed out.
		Final      bool
		RetryAfter time.Duration
	}
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
	// Replay has the log told again from the start, to this tab alone and as `history`
	// events. It is answered once all that is stored has been told, and kept over drops.
	Replay struct{ ID string }
	// Presence tells the others something passing; Data is any JSON.
	Presence struct{ Data []byte }
	// Refresh fetches a new token now.
	Refresh struct{}
	// SignOut ends the session in all tabs of the profile.
	SignOut struct{}
	// Close ends it in this tab.
	Close struct{}
)

// The socket's events. Gen is the Dial's; of an older one they are ignored.
type (
	// Opened says that the connection stands.
	Opened struct{ Gen uint64 }
	// Received is one text message.
	Received struct {
		Gen  uint64
		Text []byte
	}
	// Closed is its end, however it came; 1006 where nothing is known.
	Closed struct {
		Gen    uint64
		Code   int
		Reason string
	}
)

// Effect is something the shell carries out.
type Effect interface{ isEffect() }

// What the page does.
type (
	// RequestLock queues for the named lock, to hold it for life. A request
	// that is open already is replaced.
	RequestLock struct{ Name string }
	// StealLock takes it from whoever holds it.
	StealLock struct{ Name string }
	// ReleaseLock gives it back, or withdraws the request.
	ReleaseLock struct{}
	// Post tells the other tabs.
	Post struct{ Text []byte }
	// PostOrigin tells the tabs of every document.
	PostOrigin struct{ Text []byte }
	// FetchToken asks the app for a token.
	FetchToken struct{}
	// Emit is an event for the app: Detail is its detail and Set, when not
	// nil, the session's properties that change before it. With an empty Type
	// only the properties change. Both are JSON objects.
	Emit struct {
		Type        string
		Detail, Set []byte
	}
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
	// Finished is the last effect of all: this tab is done.
	Finished struct{}
)

// What the socket does.
type (
	// Dial opens a connection. URL is checked; it never holds the token.
	Dial struct {
		Gen       uint64
		URL       string
		Protocols []string
	}
	// Write sends one text message on it.
	Write struct {
		Gen  uint64
		Text []byte
	}
	// CloseSocket ends it, or gives it up when it is not open yet. Code is
	// 1000 or in 4000–4999: a browser takes no other.
	CloseSocket struct {
		Gen    uint64
		Code   int
		Reason string
	}
)

func (Start) isEvent()           {}
func (Woken) isEvent()           {}
func (LockGranted) isEvent()     {}
func (LockLost) isEvent()        {}
func (Broadcast) isEvent()       {}
func (BroadcastOrigin) isEvent() {}
func (TokenFetched) isEvent()    {}
func (TokenFailed) isEvent()     {}
func (Visible) isEvent()         {}
func (Hidden) isEvent()          {}
func (Online) isEvent()          {}
func (Offline) isEvent()         {}
func (Freeze) isEvent()          {}
func (PageHide) isEvent()        {}
func (Resume) isEvent()          {}
func (PageShow) isEvent()        {}
func (Send) isEvent()            {}
func (SendSection) isEvent()     {}
func (Comment) isEvent()         {}
func (LockSection) isEvent()     {}
func (PostSnapshot) isEvent()    {}
func (Replay) isEvent()          {}
func (Presence) isEvent()        {}
func (Refresh) isEvent()         {}
func (SignOut) isEvent()         {}
func (Close) isEvent()           {}
func (Opened) isEvent()          {}
func (Received) isEvent()        {}
func (Closed) isEvent()          {}

func (RequestLock) isEffect() {}
func (StealLock) isEffect()   {}
func (ReleaseLock) isEffect() {}
func (Post) isEffect()        {}
func (PostOrigin) isEffect()  {}
func (FetchToken) isEffect()  {}
func (Emit) isEffect()        {}
func (Sent) isEffect()        {}
func (Unsent) isEffect()      {}
func (Finished) isEffect()    {}
func (Dial) isEffect()        {}
func (Write) isEffect()       {}
func (CloseSocket) isEffect() {}
