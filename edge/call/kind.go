package call

// The bindings by which objects are reached.
const (
	// Sessions are the users' objects, each by its user's id.
	Sessions = "SESSIONS"
	// Documents are the documents' objects, each by its document's id.
	Documents = "DOCUMENTS"
)

// Kind is a kind of request: to which objects it goes, by which word, and which member of
// the answer brings what was asked for.
type Kind struct{ Binding, Word, Answer string }

// What a user's object is asked.
var (
	// KindAdmit asks for a grant on a document: Admit.
	KindAdmit = Kind{Sessions, "admit", "grant"}
	// KindLook asks what the user may do on a document, where nobody connects: Look.
	KindLook = Kind{Sessions, "look", "grant"}
	// KindGone says that a channel on a document is gone: Gone.
	KindGone = Kind{Sessions, "gone", "ok"}
	// KindClientGone says so of one of several: Gone.
	KindClientGone = Kind{Sessions, "client_gone", "ok"}
	// KindAccess has the permissions asked for anew: Access.
	KindAccess = Kind{Sessions, "access", "receipt"}
	// KindEnd revokes tokens or ends connections: End.
	KindEnd = Kind{Sessions, "end", "receipt"}
	// KindPost keeps a message for the user's device: Post.
	KindPost = Kind{Sessions, "post", "seq"}
	// KindUserMessage is a message to the user's browsers: UserMessage.
	KindUserMessage = Kind{Sessions, "message", "message"}
	// KindHeard says that a client has one: Heard.
	KindHeard = Kind{Sessions, "heard", "ok"}
	// KindAppKey ends what an app's key has let in: AppKey.
	KindAppKey = Kind{Sessions, "app_key", "receipt"}
	// KindDescribeSession describes the session to an operator: DescribeSession.
	KindDescribeSession = Kind{Sessions, "describe", "session"}
	// KindAuditSession reads the user's audit log: AuditSession.
	KindAuditSession = Kind{Sessions, "audit", "audit"}
)

// What a document's object is asked.
var (
	// KindGrant pushes a grant that has changed: Push.
	KindGrant = Kind{Documents, "grant", "ok"}
	// KindEndChannel ends a user's channel: EndChannel.
	KindEndChannel = Kind{Documents, "end", "ok"}
	// KindLock locks or unlocks the document: Lock.
	KindLock = Kind{Documents, "lock", "document_version"}
	// KindAccessChanged says that who may do what has changed: AccessChanged.
	KindAccessChanged = Kind{Documents, "access", "access"}
	// KindDeliver sends messages to a user's connections: Deliver.
	KindDeliver = Kind{Documents, "deliver", "connections"}
	// KindErase erases the content: Erase.
	KindErase = Kind{Documents, "erase", "erased"}
	// KindDescribeDocument describes the document to an operator: DescribeDocument.
	KindDescribeDocument = Kind{Documents, "describe", "document"}
	// KindSnapshots lists the snapshots that are kept: Snapshots.
	KindSnapshots = Kind{Documents, "snapshots", "snapshots"}
	// KindRestore puts the document back to a version: Restore.
	KindRestore = Kind{Documents, "restore", "restored"}
	// KindPast reads a kept snapshot and what followed it: Past.
	KindPast = Kind{Documents, "past", "past"}
	// KindRecover has the platform put the storage back: Recover.
	KindRecover = Kind{Documents, "recover", "recovery"}
	// KindResolve resolves the comments of one author: Resolve.
	KindResolve = Kind{Documents, "resolve", "resolved"}
	// KindContent reads a page of the content: Content.
	KindContent = Kind{Documents, "content", "content"}
	// KindAppend adds ops and comments: Append.
	KindAppend = Kind{Documents, "append", "appended"}
	// KindPresence says who is connected: Presence.
	KindPresence = Kind{Documents, "presence", "presence"}
	// KindAuditDocument reads the document's audit log: AuditDocument.
	KindAuditDocument = Kind{Documents, "audit", "audit"}
)

// What an upgrade asks for; it is answered with a socket.
var (
	KindConnectDevice   = Kind{Sessions, "connect_device", ""}
	KindConnectApp      = Kind{Sessions, "connect_app", ""}
	KindConnectDocument = Kind{Documents, "connect_document", ""}
	// KindResumeDocument is KindConnectDocument for a client that may come back without a grant.
	// Version 2, which lets in nobody without one, does not know it.
	KindResumeDocument = Kind{Documents, "resume_document", ""}
)

// Message is a request as it is sent: whom it is for, and the text.
type Message struct {
	Kind *Kind
	Text []byte
}

// message writes a request. That its members are visited by a function, and nowhere behind
// an interface, keeps the types' descriptions out of the modules: 4 kB.
func message(k *Kind, visit func(*fields)) Message {
	f := fields{w: newObject(make([]byte, 0, messageBytes))}
	f.w.Str("kind", k.Word)
	visit(&f)
	f.w.Uint("v", Version)
	return Message{k, f.w.End()}
}

// messageBytes is what most requests take.
const messageBytes = 1024

func nothing(*fields) {}

// Error is why a text is no request.
type Error uint8

const (
	// Malformed is a text that says nothing, or too little.
	Malformed Error = 1 + iota
	// Unknown is of a kind that this version does not know: see Unsupported.
	Unknown
)

// Error implements error.
func (e Error) Error() string {
	if e == Unknown {
		return "call: of an unknown kind"
	}
	return "call: not a request"
}
