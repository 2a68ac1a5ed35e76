package call

// Look asks what a user may do on a document, for a server that writes in the user's name.
// It is answered with a Grant that is of no session, or with an error. Access is the document's
// access version, where it has said so.
type Look struct {
	Document string
	Access   uint64
}

// Message is the request as it is sent.
func (r *Look) Message() Message { return message(&KindLook, r.fields) }

func (r *Look) fields(f *fields) {
	f.str("document", &r.Document)
	f.uint("access", &r.Access)
}

func (r *Look) valid() bool { return r.Document != "" }

// Content asks for a page of a document's content: what comes after a version of the log of
// a Generation, "" for whichever there is. A reader in the midst of a snapshot names its
// version and the part that comes next. A page has at most so many Entries and about so many
// Bytes.
type Content struct {
	Generation     string
	After          uint64
	Snapshot, Part uint64
	Entries, Bytes int
	// Known are the tags ("generation.version") of states that the reader has: one of those it
	// is not sent again.
	Known string
}

// Message is the request as it is sent.
func (r *Content) Message() Message { return message(&KindContent, r.fields) }

func (r *Content) fields(f *fields) {
	f.str("generation", &r.Generation)
	f.uint("after", &r.After)
	f.uint("snapshot", &r.Snapshot)
	f.uint("part", &r.Part)
	f.count("entries", &r.Entries)
	f.count("bytes", &r.Bytes)
	f.str("known", &r.Known)
}

// Append adds ops and comments to a document: all of them or none. Without a UserID they are a
// server's, which ClientID then names; with one, Grant is what the user's object has answered
// to Look.
type Append struct {
	UserID, ClientID string
	Grant            []byte
	// Force disregards locks.
	Force bool
	// Generation and IfVersion are the document's, where it has to be at those.
	Generation string
	IfVersion  uint64
	HasIf      bool
	By         string
	// Frames is a JSON array of frames, as they would come by a socket.
	Frames []byte
}

// Message is the request as it is sent.
func (r *Append) Message() Message { return message(&KindAppend, r.fields) }

func (r *Append) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.str("client_id", &r.ClientID)
	f.raw("grant", &r.Grant)
	f.flag("force", &r.Force)
	f.str("generation", &r.Generation)
	f.given("if_version", &r.IfVersion, &r.HasIf)
	f.str("by", &r.By)
	f.raw("frames", &r.Frames)
}

func (r *Append) valid() bool {
	return r.ClientID != "" && len(r.Frames) > 0 && r.Frames[0] == '[' && (r.UserID == "" || r.Grant != nil)
}

// Outdated is what an Append is answered with, by KindAppend's member, whose Grant is from
// before the document's access version Access: Look is to be asked again.
type Outdated struct {
	Outdated bool
	Access   uint64
}

func (a *Outdated) fields(f *fields) {
	f.flag("outdated", &a.Outdated)
	f.uint("access", &a.Access)
}

// Append appends the answer.
func (a *Outdated) Append(dst []byte) []byte { return appendAnswer(dst, &KindAppend, a.fields) }

// ParseOutdated reads what ParseAnswer has returned; any other answer is not outdated.
func ParseOutdated(value []byte) (a Outdated) {
	read(value, a.fields)
	return a
}

// Presence asks who is connected.
type Presence struct{}

// Message is the request as it is sent.
func (r *Presence) Message() Message { return message(&KindPresence, nothing) }
