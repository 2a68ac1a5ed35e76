package scope

import "time"

// Event is something that happened.
type Event interface{ isEvent() }

// The events.
type (
	// Ask is a session's request for a token, under the session's number. A later one replaces
	// it.
	Ask struct {
		Session int
		// Have is the token that the session had last, "" for none.
		Have string
		// Fresh wants one that the app gives from now on.
		Fresh bool
	}
	// Leave says that a session is over.
	Leave struct{ Session int }
	// Fetched is the app's answer to the FetchToken of that number, Failed that it gave none.
	Fetched struct {
		Number uint64
		Token  string
	}
	// Failed: see Fetched.
	Failed struct {
		Number uint64
		Failure
	}
	// Granted says that the lock is held.
	Granted struct{}
	// Lost says that it was held or waited for and is not any more.
	Lost struct{}
	// Message is a text from another page, on the scope's channel.
	Message struct{ Text string }
	// SignedOut is a text from the channel on which tabs say who signed in or out.
	SignedOut struct{ User string }
	// Woken is the timer; early, late and double are harmless.
	Woken struct{}
	// Suspend comes before the page is frozen or left. Deaf says that no message arrives from
	// now on.
	Suspend struct{ Deaf bool }
	// Wake is the page's return, or a sign that things may go better now.
	Wake struct{}
	// Close ends it.
	Close struct{}
)

// Failure is why the app gave no token.
type Failure struct {
	Message string
	// Final says that asking again is of no use: the user is signed out.
	Final      bool
	RetryAfter time.Duration
}

// Effect is something that the shell carries out.
type Effect interface{ isEffect() }

// The effects.
type (
	// RequestLock queues for the scope's lock.
	RequestLock struct{}
	// StealLock takes it from whoever holds it.
	StealLock struct{}
	// ReleaseLock gives it back, or withdraws the request.
	ReleaseLock struct{}
	// Post sends a text to the scope's other pages.
	Post struct{ Text []byte }
	// FetchToken asks the app of a session. The numbers rise.
	FetchToken struct {
		Session int
		Number  uint64
	}
	// GiveUp says that the FetchToken of a session had no answer in time. A token that comes
	// late may still be of use.
	GiveUp struct{ Session int }
	// Answer answers a session's Ask: with a token, which is empty where the app has none yet, or
	// with the failure where it Failed.
	Answer struct {
		Session int
		Token   string
		Failed  bool
		Failure Failure
	}
)

func (Ask) isEvent()       {}
func (Leave) isEvent()     {}
func (Fetched) isEvent()   {}
func (Failed) isEvent()    {}
func (Granted) isEvent()   {}
func (Lost) isEvent()      {}
func (Message) isEvent()   {}
func (SignedOut) isEvent() {}
func (Woken) isEvent()     {}
func (Suspend) isEvent()   {}
func (Wake) isEvent()      {}
func (Close) isEvent()     {}

func (RequestLock) isEffect() {}
func (StealLock) isEffect()   {}
func (ReleaseLock) isEffect() {}
func (Post) isEffect()        {}
func (FetchToken) isEffect()  {}
func (GiveUp) isEffect()      {}
func (Answer) isEffect()      {}
