package admin

import (
	"context"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// sideBySide is how many objects are asked at once.
const sideBySide = 8

// The reasons of a change of permissions, as permission_change has them.
const (
	documentRole  = "document_role_changed"
	workspaceRole = "workspace_role_changed"
	permissions   = "permissions_changed"
)

// ask asks an object, and returns what its answer brings.
func (a *API) ask(ctx context.Context, id string, m call.Message) ([]byte, *protocol.Error) {
	_, value, err := a.askWhole(ctx, id, m)
	return value, err
}

// askWhole is ask with the whole answer beside.
func (a *API) askWhole(ctx context.Context, id string, m call.Message) (answer, value []byte, err *protocol.Error) {
	answer, failed := a.objects.Call(ctx, m.Kind.Binding, id, m.Text)
	if failed != nil || jsonscan.Check(answer, jsonscan.DepthLimit) != nil {
		if m.Kind.Binding == call.Documents {
			return nil, nil, rest.Unavailable("document_unavailable")
		}
		return nil, nil, rest.Unavailable("session_unavailable")
	}
	value, err = call.ParseAnswer(answer, m.Kind)
	return answer, value, err
}

func badAnswer() *protocol.Error {
	return &protocol.Error{Code: protocol.InternalError, Reason: call.ReasonBadAnswer}
}

// change is what a change of permissions is about: no document and no workspace is
// everything the user's session knows.
type change struct {
	user, document, workspace, reason, by string
	// version is the document's access version, 0 for what is not about all of it.
	version uint64
}

// askAgain has a user's session object ask the permission source anew and push what
// has changed. It returns its receipt.
func (a *API) askAgain(ctx context.Context, what change) ([]byte, *protocol.Error) {
	r := call.Access{
		UserID: what.user, Document: what.document, WorkspaceID: what.workspace, Version: what.version, Reason: what.reason, By: what.by,
	}
	return a.ask(ctx, what.user, r.Message())
}

// afterStore is the error of a change that is stored, but that not everybody concerned
// has been notified of: those still work by what they knew.
func afterStore(err *protocol.Error) *protocol.Error {
	if err.Code != protocol.ServiceUnavailable {
		err = rest.Unavailable("not_told")
	}
	err.Message = "It is stored, but not everybody it concerns could be told: repeat the call."
	err.Details = append(err.Details, protocol.Detail{Name: "stored", Raw: []byte("true")})
	return err
}

// stored is the answer to a change: that it is stored, and the receipt of the session
// object that was notified.
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
