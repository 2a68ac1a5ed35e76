package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// Config is what a tab knows when it starts.
type Config struct {
	// URL is the server's base, ws:// or wss://, without query or fragment.
	URL string
	// Document is the document's id.
	Document string
	// ClientID names the browser profile; all its tabs share it. Where tabs
	// cannot find each other, it is the tab's own.
	ClientID string
	// TabID names the tab: random and never kept, because a copied tab copies
	// what it kept.
	TabID string
	// User is who the app says is signed in, as a token names them; "" where it does
	// not say. Then a tab follows no leader that is someone else.
	User string
	// Keyed says that the shell holds a key that lets the client in: no token is asked for.
	Keyed bool
	// Scope names the lock (and, to the shell, the broadcast channel).
	Scope string
	// Locks and Channel say whether the page has Web Locks and a broadcast
	// channel. Without either the tab is on its own.
	Locks, Channel bool
	// Visible and Online are the page's state at the start.
	Visible, Online bool
	// Version is the newest version that the app has already: of a module that
	// trapped, and in whose place this one starts.
	Version uint64
	// Again says that this tab starts in the place of one that was connected.
	Again bool
	// Unattended says that nobody is there who could take the document back: the session ends
	// where another client takes it.
	Unattended bool
	// Offline says that the shell has a store in which unsent ops outlive the page (see
	// Keep). It is User's, who has to be named.
	Offline bool
	// Heard are the messages to the user that the page has had; nil for a tab of its own.
	Heard *Heard
	// Rand seeds the jitter. Tabs should have different ones.
	Rand uint64
}

// The times and limits that are the client's own. Those of the server arrive in
// connection_ack.
const (
	// ConnectTimeout bounds a dial up to connection_ack.
	ConnectTimeout = clientconn.ConnectTimeout
	// BackoffMin and BackoffMax bound the full jitter between dials.
	BackoffMin = backoff.Min
	// BackoffMax: see BackoffMin.
	BackoffMax = backoff.Max
	// StableAfter is the uptime after which a drop counts as the first.
	StableAfter = backoff.StableAfter
	// DialTries is how many dials in a row may fail before the tab waits to be
	// woken instead (seed S2: "Don't retry indefinitely").
	DialTries = clientconn.DialTries
	// RefreshMargin is how long before its expiry a token is refreshed
	// (seed S2: 1 minute), HiddenMargin the same while the page is hidden and
	// its timers may fire only once a minute.
	RefreshMargin = renewal.Margin
	// HiddenMargin: see RefreshMargin.
	HiddenMargin = 150 * time.Second
	// TokenTries is how many fetches in a row may fail.
	TokenTries = clientconn.TokenTries
	// FetchTimeout is how long the app may take to give a token.
	FetchTimeout = renewal.FetchTimeout
	// RefreshPause is the least time between two tokens nobody asked for.
	RefreshPause = renewal.Pause
	// SwapTimeout is how long the server may take to swap a token in place.
	SwapTimeout = renewal.SwapTimeout
	// AckDelay and AckFrames bound how late the server learns what arrived. Nothing waits for
	// it but somebody else's snapshot: a client that resumes says itself what it has.
	AckDelay = 5 * time.Second
	// AckFrames: see AckDelay.
	AckFrames = 64
	// ProbeTimeout is how long a leader may take to show that it is alive.
	ProbeTimeout = 1500 * time.Millisecond
	// RollCall is how often a leader asks which tabs are there; one that crashed is
	// out of the list within two of them.
	RollCall = 10 * time.Second
	// PresenceGather is how long presence is gathered: the last one wins.
	PresenceGather = 30 * time.Millisecond
	// SyncTimeout is how long missing entries may take to arrive.
	SyncTimeout = 5 * time.Second

	syncTries             = 3
	defaultUnacknowledged = 256
	leastWindow           = 8               // ops under way, however often the server says it is too many
	opTimeout             = 3 * time.Second // a follower's op without an answer: is the leader alive?
	reassertAfter         = 500 * time.Millisecond
	offerPause            = 250 * time.Millisecond // after the leader had no room
	reportPause           = 10 * time.Second
	patience              = 15 * time.Second
	claimFor              = time.Minute            // how long the word to take over holds
	raceWait              = 300 * time.Millisecond // before a sign-in that seems to have ended is believed to have

	maxID         = 128
	maxTabs       = 64
	maxBroadcast  = 1 << 18  // what is said to other tabs at once, unless it is one thing
	maxMessage    = 64 << 20 // and what is taken from them
	maxQueue      = 4096     // what a leader takes of its followers
	maxQueueBytes = 8 << 20
	maxOffered    = 1 << 20 // what one tab has with the leader at a time, in bytes
	maxLeft       = 1 << 16 // what is kept of tabs that have left
	maxLeftBytes  = 64 << 20
	maxEpoch      = 1<<53 - 1
	frameRoom     = 512     // the envelope around an op
	maxLimit      = 1 << 30 // of what a server's limits may say
)
