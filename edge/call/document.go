package call

// Push brings a grant that has changed. It is answered with OK.
type Push struct {
	Grant  *Grant
	Reason string
}

// Message is the request as it is sent.
func (r *Push) Message() Message { return message(&KindGrant, r.fields) }

func (r *Push) fields(f *fields) {
	switch {
	case !f.reading:
		f.w.Key("grant")
		f.w.Buf = r.Grant.Append(f.w.Buf)
	case f.at("grant"):
		if g, ok := ParseGrant(f.value); ok {
			r.Grant = g
		}
	}
	f.str("reason", &r.Reason)
}

func (r *Push) valid() bool { return r.Grant != nil }

// EndChannel ends a user's channel. It is answered with Ended.
type EndChannel struct {
	UserID string
	// Fence is the epoch below which no grant counts any more, and Kick below which no
	// connection stays.
	Fence, Kick uint64
	// TokenIDs are the tokens that are revoked, Before those up to a moment.
	TokenIDs   []string
	Before     Moment
	AdmittedAt Moment
}

// Message is the request as it is sent.
func (r *EndChannel) Message() Message { return message(&KindEndChannel, r.fields) }

func (r *EndChannel) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.uint("fence", &r.Fence)
	f.uint("kick", &r.Kick)
	f.strs("tokens", &r.TokenIDs)
	f.millis("admitted_at", &r.AdmittedAt)
	f.millis("before_ms", &r.Before)
}

func (r *EndChannel) valid() bool { return r.UserID != "" && r.Fence != 0 }

// Lock locks or unlocks the document; Held whatever the permission source says. RetryAfterMS
// is the wait that the errors to writers name. It is answered with Locked.
type Lock struct {
	Locked, Held bool
	Reason, By   string
	RetryAfterMS int
}

// Message is the request as it is sent.
func (r *Lock) Message() Message { return message(&KindLock, r.fields) }

func (r *Lock) fields(f *fields) {
	f.flag("held", &r.Held)
	f.flag("locked", &r.Locked)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
	f.count("retry_after_ms", &r.RetryAfterMS)
}

// AccessChanged says that who may do what on the document has changed. It is answered with
// AccessTaken.
type AccessChanged struct{}

// Message is the request as it is sent.
func (r *AccessChanged) Message() Message { return message(&KindAccessChanged, nothing) }

// Erase erases all content. It is answered with Erased.
type Erase struct{}

// Message is the request as it is sent.
func (r *Erase) Message() Message { return message(&KindErase, nothing) }

// DescribeDocument asks what is going on in the document.
type DescribeDocument struct{}

// Message is the request as it is sent.
func (r *DescribeDocument) Message() Message { return message(&KindDescribeDocument, nothing) }

// Snapshots asks for the snapshots that are kept, the newest first: those before a version,
// where one is said, and at most Limit.
type Snapshots struct {
	Before uint64
	Limit  int
}

// Message is the request as it is sent.
func (r *Snapshots) Message() Message { return message(&KindSnapshots, r.fields) }

func (r *Snapshots) fields(f *fields) {
	f.count("limit", &r.Limit)
	f.uint("before", &r.Before)
}

// Restore puts the document back to a version: from the newest snapshot, or from the one
// that is Named. It is answered with Restored.
type Restore struct {
	Version, Snapshot uint64
	Named             bool
	Reason, By        string
}

// Message is the request as it is sent.
func (r *Restore) Message() Message { return message(&KindRestore, r.fields) }

func (r *Restore) fields(f *fields) {
	f.uint("version", &r.Version)
	f.given("snapshot", &r.Snapshot, &r.Named)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
}

// Resolve resolves the open comments of one author, at most Limit: of a user, or of what a server
// has written in nobody's name under ClientID. It is answered with Resolved. An object of version 2,
// which has no comments of servers, finds none for UserID "".
type Resolve struct {
	UserID     string
	ClientID   string
	Limit      int
	Reason, By string
}

// Message is the request as it is sent.
func (r *Resolve) Message() Message { return message(&KindResolve, r.fields) }

func (r *Resolve) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.str("client_id", &r.ClientID)
	f.count("limit", &r.Limit)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
}

// AuditDocument asks for the newest entries of the document's audit log: the user's and the
// document's own.
type AuditDocument struct{ Entries }

// Message is the request as it is sent.
func (r *AuditDocument) Message() Message { return message(&KindAuditDocument, r.fields) }
