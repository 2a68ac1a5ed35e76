package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/mentra"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// resume takes the result of the last step.
func (f *Front) resume(a *admission, result []byte, now time.Time) []byte {
	return f.settled(a, f.goOn(a, result, now), now)
}

func (f *Front) goOn(a *admission, result []byte, now time.Time) []byte {
	if full, _ := jsonscan.Bool(jsonscan.Field(result, "full")); full {
		return a.full()
	}
	switch a.await {
	case awaitDocument, awaitMetadata:
		return f.documentFetched(a, result, now)
	case awaitKeys:
		return f.keysFetched(a, result, now)
	case awaitNoted:
		return f.goOnFetching(a, now)
	case awaitSignature:
		return f.verified(a, result, now)
	case awaitClaims:
		return f.claimsGiven(a, result, now)
	case awaitGrant:
		return f.granted(a, result)
	case awaitFirst:
		return f.firstFrame(a, result)
	case awaitAppKey:
		return f.keyFound(a, result)
	case awaitDocumentKey:
		return f.documentKeyFound(a, result, now)
	case awaitDelegation:
		return f.delegationFound(a, result, now)
	case awaitSocket:
		return a.refusedByObject(result)
	case awaitResume:
		return a.sentOn(result)
	case awaitPlace, awaitPlaced:
		return f.placed(a, result)
	}
	return a.fail(&protocol.Error{Code: protocol.InternalError, Reason: "bad_event"})
}

func (f *Front) verified(a *admission, result []byte, now time.Time) []byte {
	t, from, err := f.parse(a.token)
	if err != nil {
		return a.fail(err)
	}
	signed, _ := jsonscan.Bool(jsonscan.Field(result, "ok"))
	if f.cfg.ClaimsHook {
		return f.askClaims(a, t, from, signed, now)
	}
	return f.named(a, t, from, signed, now)
}

// named goes on with who the user is.
func (f *Front) named(a *admission, t *token.Token, from *trust, signed bool, now time.Time) []byte {
	claims, err := from.verifier.Validate(t, signed, now)
	if err != nil {
		return a.fail(err)
	}
	if claims.ExpiresAt.Sub(claims.IssuedAt) > f.cfg.MaxTokenLife {
		// Nobody could revoke it for as long as it lives. The session object says the same,
		// but would be made to say it.
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonLivesTooLong})
	}
	said := call.Claims{
		UserID: claims.Subject, Email: claims.Email, Name: claims.Name, TokenID: claims.ID,
		IssuedAt: call.At(claims.IssuedAt), Expires: call.At(claims.ExpiresAt),
	}
	return f.known(a, said)
}

// known goes on with a token that is good.
func (f *Front) known(a *admission, said call.Claims) []byte {
	a.claims = said.Append(nil)
	a.subject, a.token = said.UserID, ""
	if a.page {
		return f.pageFor(a)
	}
	if !a.connect {
		w := step("claims")
		w.Raw("claims", a.claims)
		return w.End()
	}
	if a.device {
		return f.toSession(a)
	}
	if a.session != "" && said.TokenID != "" && !protocol.IsGuest(said.UserID) {
		return f.comeBack(a, said)
	}
	return a.admit(call.Readmit{})
}

// comeBack takes a client that says it was there before straight to the document. What that holds
// of the client is as good as a grant, where it is by this very token; the document says so by
// letting it in.
func (f *Front) comeBack(a *admission, said call.Claims) []byte {
	said.Email, said.Name = "", "" // are in what it holds
	r := a.connectDocument()
	r.Claims = said.Append(nil)
	return f.forwarded(a, awaitResume, a.document, r.Message())
}

// sentOn takes any answer but a socket: the user's object is asked then, as of what the document
// has said. A document of the version before knows no such request.
func (a *admission) sentOn(result []byte) []byte {
	if jsonscan.Field(result, "error") != nil {
		return a.unavailable("document_unavailable")
	}
	back, _ := call.ParseRefusal([]byte(text(result, "body")))
	return a.admit(call.Readmit{Access: back.Access})
}

// toSession takes a device to its user's session object, which both admits it and holds
// its socket.
func (f *Front) toSession(a *admission) []byte {
	r := call.ConnectDevice{Claims: a.claims, ClientID: a.client, Protocol: a.protocol, Flat: a.flat}
	return f.forward(a, a.subject, r.Message())
}

// forward takes a request to the object that is to hold its socket.
func (f *Front) forward(a *admission, name string, m call.Message) []byte {
	return f.forwarded(a, awaitSocket, name, m)
}

func (f *Front) forwarded(a *admission, await, name string, m call.Message) []byte {
	a.await = await
	w := toObject("forward", name, m)
	if a.held {
		w.Str("first", a.first)
		a.first = ""
		if a.sdk {
			w.Key("translate")
			w.Buf = mentra.NewRelay(a.pkg).Append(w.Buf)
		}
	}
	if a.taken {
		w.Bool("settle", true)
	}
	if !f.cfg.Quiet {
		w.Str("log_after", a.line(nil))
	}
	return a.next(w)
}

// toObject begins a step that asks an object something.
func toObject(do, name string, m call.Message) jsonscan.Writer {
	w := step(do)
	w.Str("binding", m.Kind.Binding)
	w.Str("name", name)
	w.Str("body", string(m.Text))
	return w
}

// admit asks the user's session object for a grant: again when the document has sent
// the first one back, and then with what the document says of that.
func (a *admission) admit(back call.Readmit) []byte {
	a.await, a.readmitted = awaitGrant, back.Readmit
	if a.delegated != nil {
		return a.next(toObject("call", a.subject, a.admitDelegate(back)))
	}
	r := call.Admit{
		Document: a.document, ClientID: a.client, Claims: a.claims, GoneAt: back.GoneAt, Access: back.Access, Again: back.Readmit,
	}
	return a.next(toObject("call", a.subject, r.Message()))
}

// granted takes the session object's answer to the document object.
func (f *Front) granted(a *admission, result []byte) []byte {
	answer := []byte(text(result, "body"))
	if jsonscan.Check(answer, jsonscan.DepthLimit) != nil {
		return a.unavailable("session_unavailable")
	}
	grant, err := call.ParseAnswer(answer, &call.KindAdmit)
	if err != nil {
		return a.fail(err)
	}
	// What the objects receive next they believe: a grant of anybody else's would
	// be a fault of ours that nothing behind this would notice.
	if user, document := call.Grantee(grant); user != a.subject || document != a.document {
		return a.fail(&protocol.Error{Code: protocol.InternalError, Reason: "wrong_grant"})
	}
	r := a.connectDocument()
	r.Grant, r.Delegate = grant, a.delegated != nil
	return f.forward(a, a.document, r.Message())
}

// connectDocument is the upgrade that the document is asked for.
func (a *admission) connectDocument() call.ConnectDocument {
	r := call.ConnectDocument{ClientID: a.client, SessionID: a.session, HasLastSeq: a.lastSeq != "", Position: a.position, Redial: a.redial, Protocol: a.protocol}
	r.LastSeq, _ = jsonscan.Uint([]byte(a.lastSeq))
	return r
}

// refusedByObject takes any answer but a socket of the object that was to hold it.
func (a *admission) refusedByObject(result []byte) []byte {
	status, _ := jsonscan.Uint(jsonscan.Field(result, "status"))
	back, err := call.ParseRefusal([]byte(text(result, "body")))
	switch {
	case status == 409 && back.Readmit && !a.readmitted && a.document != "":
		return a.admit(back)
	case err != nil:
		return a.fail(err)
	case a.document == "":
		return a.unavailable("session_unavailable")
	}
	return a.unavailable("document_unavailable")
}
