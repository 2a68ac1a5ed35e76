//go:build !js

package native

import (
	"context"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/shared/client"
)

// question is the call of the program's Token that is under way. There is one at a time; one
// that is given up goes on beside the next until the program returns.
type question struct {
	open atomic.Pointer[context.CancelFunc]
}

// ask calls token, unless a call is under way. An error that comes late is no answer.
func (q *question) ask(alive context.Context, token func(context.Context) (string, error), answer func(token string, late bool, err error)) {
	ctx, cancel := context.WithTimeout(alive, client.FetchTimeout)
	if !q.open.CompareAndSwap(nil, &cancel) {
		cancel()
		return
	}
	go func() {
		defer cancel()
		got, err := token(ctx)
		late := !q.open.CompareAndSwap(&cancel, nil)
		if err == nil || !late {
			answer(got, late, err)
		}
	}()
}

func (q *question) giveUp() {
	if cancel := q.open.Swap(nil); cancel != nil {
		(*cancel)()
	}
}
