//go:build !js

package native

import (
	"context"
	"errors"
	"testing"
)

// A call of Token that is given up ends by its context; if it ignores that, it goes on beside
// the next, its token is late, and its error counts for nothing.
func TestQuestionThatIsGivenUp(t *testing.T) {
	type answer struct {
		token string
		late  bool
		err   error
	}
	var q question
	answers := make(chan answer)
	ask := func(give chan answer, told chan error) {
		q.ask(context.Background(), func(ctx context.Context) (string, error) {
			if told != nil {
				<-ctx.Done()
				told <- ctx.Err()
			}
			a := <-give
			return a.token, a.err
		}, func(token string, late bool, err error) { answers <- answer{token, late, err} })
	}
	first, second, third := make(chan answer), make(chan answer), make(chan answer)
	told := make(chan error)
	ask(first, told)
	ask(nil, nil) // one at a time: this one is not made
	q.giveUp()
	q.giveUp()
	if err := <-told; !errors.Is(err, context.Canceled) {
		t.Fatalf("the call was told %v", err)
	}
	ask(second, nil)
	first <- answer{token: "old"}
	if got := <-answers; got != (answer{"old", true, nil}) {
		t.Fatalf("got %+v", got)
	}
	q.giveUp()
	ask(third, nil)
	second <- answer{err: errors.New("an answer to no question")}
	third <- answer{token: "new"}
	if got := <-answers; got != (answer{"new", false, nil}) {
		t.Fatalf("got %+v", got)
	}
}
