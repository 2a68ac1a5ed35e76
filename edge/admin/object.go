package admin

import (
	"context"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The bindings of the two kinds of object.
const (
	sessionObjects  = "SESSIONS"
	documentObjects = "DOCUMENTS"
)

// answerDepth is how deep an object's answer nests at most.
const answerDepth = 12

// sideBySide is how many objects are asked at once.
const sideBySide = 8

// The reasons of a change of permissions, as permission_change has them.
const (
	documentRole  = "document_role_changed"
	workspaceRole = "workspace_role_changed"
	permissions   = "permissions_changed"
)

// ask asks an object, and returns the member of its answer that is wanted.
func (a *API) ask(ctx context.Context, binding, id string, text []byte, member string) ([]byte, *protocol.Error) {
	answer, err := a.objects.Call(ctx, binding, id, text)
	if err != nil || jsonscan.Check(answer, answerDepth) != nil {
		if binding == documentObjects {
			return nil, rest.Unavailable("document_unavailable")
		}
		return nil, rest.Unavailable("session_unavailable")
	}
	if data := jsonscan.Field(answer, "error"); data != nil {
		if e, known := protocol.ParseError(data); known {
			return nil, e
		}
		return nil, badAnswer()
	}
	value := jsonscan.Field(answer, member)
	if value == nil {
		return nil, badAnswer()
	}
	return value, nil
}

func badAnswer() *protocol.Error {
	return &protocol.Error{Code: protocol.InternalError, Reason: "bad_answer"}
}

// message begins what an object is told.
func message(kind string) jsonscan.Writer {
	w := jsonscan.NewObject(nil)
	w.Str("kind", kind)
	return w
}

// access is what a change of permissions is about: no document and no workspace is
// everything the user's session knows.
type access struct {
	user, document, workspace, reason, by string
	// version is the document's access version, 0 for what is not about all of it.
	version uint64
}

// askAgain has a user's session object ask the permission source anew and push what
// has changed. It returns its receipt.
func (a *API) askAgain(ctx context.Context, what access) ([]byte, *protocol.Error) {
	w := message("access")
	w.Str("user_id", what.user)
	if what.document != "" {
		w.Str("document", what.document)
	}
	if what.version > 0 {
		w.Uint("access", what.version)
	}
	if what.workspace != "" {
		w.Str("workspace_id", what.workspace)
	}
	w.Str("reason", what.reason)
	w.Str("by", what.by)
	return a.ask(ctx, sessionObjects, what.user, w.End(), "receipt")
}

// afterStore is the error of a change that is stored, but that not everybody concerned
// has been told of: those still work by what they knew.
func afterStore(err *protocol.Error) *protocol.Error {
	if err.Code != protocol.ServiceUnavailable {
		err = rest.Unavailable("not_told")
	}
	err.Message = "It is stored, but not everybody it concerns could be told: repeat the call."
	err.Details = append(err.Details, protocol.Detail{Name: "stored", Raw: []byte("true")})
	return err
}

// stored is the answer to a change: that it is stored, and the receipt of the session
// object it was told to.
func stored(receipt []byte) answer {
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Raw("receipt", receipt)
	return ok(w.End())
}

// each calls f for 0 to n-1, a few at a time, and returns when all are done.
func each(n int, f func(i int)) {
	next, done := make(chan int, n), make(chan struct{})
	for i := range n {
		next <- i
	}
	close(next)
	workers := min(n, sideBySide)
	for range workers {
		go func() {
			for i := range next {
				f(i)
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
}
