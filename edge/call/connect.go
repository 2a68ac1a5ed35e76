package call

// ConnectDocument is an upgrade to a document's socket that a user's object has granted. It
// is answered with the socket, with Readmit, or with an error frame.
type ConnectDocument struct {
	// Grant is what the user's object has answered: see ParseGrant.
	Grant               []byte
	ClientID, SessionID string
	// LastSeq is what the client has received already, if it says so.
	LastSeq    uint64
	HasLastSeq bool
	// Position is the client's, as it was given it.
	Position string
	// Redial says that the client has dialled by itself: it takes the place of no other.
	Redial bool
	// Protocol is the subprotocol that was selected.
	Protocol string
	// Delegate says that it is a program that acts for the user.
	Delegate bool
	// Claims are the token's (see ParseClaims) of a client that comes back, whose Grant the document
	// may hold itself: nobody has asked the user's object. Where it does not let the client in by
	// that it answers with Readmit, and the user's object is asked then.
	Claims []byte
}

// Message is the request as it is sent.
func (r *ConnectDocument) Message() Message {
	switch {
	case r.Delegate:
		return message(&KindConnectDelegate, r.fields)
	case r.Claims != nil:
		return message(&KindResumeDocument, r.fields)
	}
	return message(&KindConnectDocument, r.fields)
}

func (r *ConnectDocument) fields(f *fields) {
	f.raw("grant", &r.Grant)
	f.raw("claims", &r.Claims)
	f.str("client_id", &r.ClientID)
	f.str("session_id", &r.SessionID)
	f.given("last_seq", &r.LastSeq, &r.HasLastSeq)
	f.str("position", &r.Position)
	f.flag("redial", &r.Redial)
	f.str("protocol", &r.Protocol)
}

// Held reports whether the document is to let the client in by the grant that it holds.
func (r *ConnectDocument) Held() bool { return r.Claims != nil }

func (r *ConnectDocument) valid() bool {
	if r.Held() {
		_, ok := ParseClaims(r.Claims)
		return ok && r.Grant == nil && r.ClientID != "" && r.SessionID != ""
	}
	return r.Grant != nil && r.ClientID != ""
}

// ConnectDevice is an upgrade to the user's device channel, which the user's object admits
// as well as it holds its socket. Flat says that it came by seed S1's address.
type ConnectDevice struct {
	Claims   []byte
	ClientID string
	Protocol string
	Flat     bool
}

// Message is the request as it is sent.
func (r *ConnectDevice) Message() Message { return message(&KindConnectDevice, r.fields) }

func (r *ConnectDevice) fields(f *fields) {
	f.raw("claims", &r.Claims)
	f.str("client_id", &r.ClientID)
	f.str("protocol", &r.Protocol)
	f.flag("flat", &r.Flat)
}

func (r *ConnectDevice) valid() bool {
	_, ok := ParseClaims(r.Claims)
	return ok
}

// ConnectApp is an upgrade of an app whose key was found good.
type ConnectApp struct {
	App      AppName
	Protocol string
}

// AppName is which app it is, by which of its keys, and the session that it names.
type AppName struct{ Package, KeyID, SessionID string }

func (n *AppName) fields(f *fields) {
	f.str("package", &n.Package)
	f.str("key_id", &n.KeyID)
	f.str("session_id", &n.SessionID)
}

// Message is the request as it is sent.
func (r *ConnectApp) Message() Message { return message(&KindConnectApp, r.fields) }

func (r *ConnectApp) fields(f *fields) {
	switch {
	case !f.reading:
		f.w.Key("app")
		f.w.Buf = object(f.w.Buf, r.App.fields, false)
	case f.at("app"):
		read(f.value, r.App.fields)
	}
	f.str("protocol", &r.Protocol)
}
