package call

// ReasonNoRecovery is the reason of a platform that cannot put storage back.
const ReasonNoRecovery = "recovery_unsupported"

// Recover has the platform put the document's storage back to a moment, or to a bookmark. It is
// answered with Recovery, after which the object starts anew.
type Recover struct {
	At       Moment
	Bookmark string
}

// Message is the request as it is sent.
func (r *Recover) Message() Message { return message(&KindRecover, r.fields) }

func (r *Recover) fields(f *fields) {
	f.millis("at", &r.At)
	f.str("bookmark", &r.Bookmark)
}

func (r *Recover) valid() bool { return (r.At > 0) != (r.Bookmark != "") }

// Recovery is the answer to Recover: the bookmark that the storage goes back to, and the one
// that undoes it.
type Recovery struct{ Bookmark, Undo string }

func (a *Recovery) fields(f *fields) {
	f.str("bookmark", &a.Bookmark)
	f.str("undo", &a.Undo)
}

// Append appends the answer.
func (a *Recovery) Append(dst []byte) []byte { return appendAnswer(dst, &KindRecover, a.fields) }
