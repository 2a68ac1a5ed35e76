package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
)

// TestLine: each end of a connection gets a line: whose it was, how, with which code and why it
// ended, how long it lasted, and whether it had resumed.
func TestLine(t *testing.T) {
	who := audit.Entry{At: start.Add(90 * time.Second), UserID: "ann", Document: "welcome", ClientID: "laptop"}
	cases := []struct {
		event                audit.Event
		code, reason, detail string
		resumed              bool
		want                 string
	}{
		{audit.Lost, "", "", "1006", true,
			`{"level":"info","event":"connection_ended","how":"lost","document":"welcome","user_id":"ann","client_id":"laptop","close_code":1006,"connected_ms":90000,"resumed":true}`},
		{audit.Left, "", "", "", false,
			`{"level":"info","event":"connection_ended","how":"left","document":"welcome","user_id":"ann","client_id":"laptop","connected_ms":90000,"resumed":false}`},
		{audit.Replaced, "", "", "phone", false,
			`{"level":"info","event":"connection_ended","how":"replaced","document":"welcome","user_id":"ann","client_id":"laptop","connected_ms":90000,"resumed":false}`},
		{audit.Closed, "SLOW_CONSUMER", "", "", false,
			`{"level":"warn","event":"connection_ended","how":"closed","document":"welcome","user_id":"ann","client_id":"laptop","code":"SLOW_CONSUMER","close_code":4004,"connected_ms":90000,"resumed":false}`},
		{audit.Closed, "TOKEN_EXPIRED", "token_expired", "", false,
			`{"level":"info","event":"connection_ended","how":"closed","document":"welcome","user_id":"ann","client_id":"laptop","code":"TOKEN_EXPIRED","close_code":4102,"reason":"token_expired","connected_ms":90000,"resumed":false}`},
	}
	for _, c := range cases {
		e := who
		e.Event, e.Code, e.Reason, e.Detail = c.event, c.code, c.reason, c.detail
		if line, _ := e.Line(); line != nil {
			t.Errorf("%s ends no connection here and says %s", c.event, line)
		}
		line, warning := e.Ending(start, c.resumed).Line()
		if string(line) != c.want || warning != (line[10] == 'w') {
			t.Errorf("%s:\n got %s\nwant %s", c.event, line, c.want)
		}
	}
	// If the clock was set back, a connection lasted 0 ms, not less.
	if line, _ := who.Ending(start.Add(time.Hour), false).Line(); !strings.HasSuffix(string(line), `,"connected_ms":0,"resumed":false}`) {
		t.Errorf("a clock set back: %s", line)
	}
}
