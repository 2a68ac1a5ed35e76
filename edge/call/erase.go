package call

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// What erases.
var (
	// KindEraseComment erases what was said in a comment: EraseComment.
	KindEraseComment = Kind{Documents, "erase_comment", "comment_erased"}
	// KindForget erases what a document knows of a user: Forget.
	KindForget = Kind{Documents, "forget", "forgotten"}
	// KindVisited lists the documents that may know of a user: Visited.
	KindVisited = Kind{Sessions, "visited", "documents"}
	// KindEraseUser erases a user's object: EraseUser.
	KindEraseUser = Kind{Sessions, "erase_user", "user_erased"}
)

// EraseComment erases what was said in a comment, its replies included. It is answered with
// CommentErased, which goes on to the operator as it comes.
type EraseComment struct {
	ID         uint64
	Reason, By string
}

// Message is the request as it is sent.
func (r *EraseComment) Message() Message { return message(&KindEraseComment, r.fields) }

func (r *EraseComment) fields(f *fields) {
	f.uint("id", &r.ID)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
}

// Forget erases what a document knows of a user: Texts, what the user said in comments, too;
// Names leaves the user's name at the entries that are the user's. It is answered with Forgotten.
type Forget struct {
	UserID       string
	Texts, Names bool
	Reason, By   string
}

// Message is the request as it is sent.
func (r *Forget) Message() Message { return message(&KindForget, r.fields) }

func (r *Forget) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.flag("texts", &r.Texts)
	f.flag("names", &r.Names)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
}

func (r *Forget) valid() bool { return r.UserID != "" }

// Visited asks for the documents that may know of the user, in order of their names: those
// after one, at most Limit. Those of Forgotten know nothing any more. It is answered with a
// list, and whether there are More.
type Visited struct {
	Forgotten []string
	After     string
	Limit     int
}

// Message is the request as it is sent.
func (r *Visited) Message() Message { return message(&KindVisited, r.fields) }

func (r *Visited) fields(f *fields) {
	f.strs("forgotten", &r.Forgotten)
	f.str("after", &r.After)
	f.count("limit", &r.Limit)
}

// EraseUser erases a user's object. What is left says that no token of before is good. It is
// answered with what there was.
type EraseUser struct{}

// Message is the request as it is sent.
func (r *EraseUser) Message() Message { return message(&KindEraseUser, nothing) }

// CommentErased is the answer to EraseComment.
type CommentErased struct {
	Entries int
	Version uint64
}

func (a *CommentErased) fields(f *fields) {
	f.count("entries", &a.Entries)
	f.uint("document_version", &a.Version)
}

// Append appends the answer.
func (a *CommentErased) Append(dst []byte) []byte {
	return appendAnswer(dst, &KindEraseComment, a.fields)
}

// Forgotten is the answer to Forget: how many rows of each table were the user's, and of the
// comments how many were resolved.
type Forgotten struct {
	Rows             []byte
	Sockets, Threads int
	Version          uint64
}

func (a *Forgotten) fields(f *fields) {
	f.raw("rows", &a.Rows)
	f.count("sockets", &a.Sockets)
	f.count("comments_resolved", &a.Threads)
	f.uint("document_version", &a.Version)
}

// Append appends the answer.
func (a *Forgotten) Append(dst []byte) []byte { return appendAnswer(dst, &KindForget, a.fields) }

// ParseForgotten reads what ParseAnswer has returned; what is missing is zero.
func ParseForgotten(value []byte) (a Forgotten) {
	read(value, a.fields)
	return a
}

// AppendVisited appends the answer to Visited.
func AppendVisited(dst []byte, documents []string, more bool) []byte {
	w := jsonscan.NewObject(dst)
	w.Strs(KindVisited.Answer, documents)
	w.Bool("more", more)
	return w.End()
}

// ParseVisited reads a checked answer to Visited.
func ParseVisited(text []byte) (documents []string, more bool) {
	documents, _ = jsonscan.Strs(jsonscan.Field(text, KindVisited.Answer))
	more, _ = jsonscan.Bool(jsonscan.Field(text, "more"))
	return documents, more
}

// UserErased is the answer to EraseUser.
type UserErased struct {
	Rows    []byte
	Sockets int
}

func (a *UserErased) fields(f *fields) {
	f.raw("rows", &a.Rows)
	f.count("sockets", &a.Sockets)
}

// Append appends the answer.
func (a *UserErased) Append(dst []byte) []byte { return appendAnswer(dst, &KindEraseUser, a.fields) }
