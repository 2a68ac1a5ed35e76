package client

import (
	"testing"
	"time"
)

// Presence at every move of the mouse costs a frame each PresenceGather, and the last one
// arrives; in a follower so does a message to the leader. One tab's is never lost to another's.
//
// Holds: "presence never holds up an op"
func TestPresenceIsGathered(t *testing.T) {
	for _, follower := range []bool{false, true} {
		w, t1 := liveTab(t)
		tab := t1
		if follower {
			tab = w.open("t2")
		}
		w.do(t1, Presence{[]byte(`"still"`)})
		w.advance(time.Second)
		w.lines = nil
		for n := range uint64(500) { // 250 a second
			w.do(tab, Presence{[]byte(utoa(n))})
			w.advance(4 * time.Millisecond)
		}
		w.advance(PresenceGather)
		frames, posts := w.count(`"type":"presence"`), w.count("tab_presence")
		if most := 2000/30 + 2; frames > most || frames < 50 || follower && (posts > most || posts < 50) {
			t.Errorf("follower %v: %d frames, %d messages in 2 s", follower, frames, posts)
		}
		want(t, w, `"data":{"data":499}`, 1)
		want(t, w, `"data":{"data":0}`, 1) // the first waits for nobody
		if tab != t1 {
			w.lines = nil
			w.do(tab, Presence{[]byte(`"two"`)})
			w.do(t1, Presence{[]byte(`"one"`)})
			w.do(tab, Presence{[]byte(`"two again"`)})
			w.advance(time.Second)
			want(t, w, `{"data":"one"}`, 1)
			want(t, w, `{"data":"two again"}`, 1)
		}
	}
}

// On a new connection everything that is shown is shown again, the newest last; what a tab
// showed that has left is not.
func TestPresenceIsShownAgain(t *testing.T) {
	w, t1 := liveTab(t)
	t2, t3 := w.open("t2"), w.open("t3")
	for tab, data := range map[*fakeTab]string{t2: `"two"`, t3: `"three"`} {
		w.do(tab, Presence{[]byte(data)})
	}
	w.advance(time.Second)
	w.do(t1, Presence{[]byte(`"one"`)})
	w.do(t3, Close{})
	w.lines = nil
	w.fail(t1)
	w.acknowledge(t1)
	want(t, w, `{"data":"two"}`, 1)
	want(t, w, `{"data":"one"}`, 1)
	want(t, w, `{"data":"three"}`, 0)
}

// What one tab of a profile shows its other tabs see too, once each; the server sends it to
// everybody else.
func TestPresenceIsShownToTheProfilesOtherTabs(t *testing.T) {
	w, t1 := liveTab(t)
	t2, t3 := w.open("t2"), w.open("t3")
	for tab, data := range map[*fakeTab]string{t1: "one", t2: "two", t3: "three"} {
		w.advance(time.Second)
		w.lines = nil
		w.do(tab, Presence{[]byte(`"` + data + `"`)})
		w.advance(time.Second)
		for _, other := range []*fakeTab{t1, t2, t3} {
			n := 1
			if other == tab {
				n = 0
			}
			want(t, w, other.name+`: emit presence {"state":"update","userId":"u1","clientId":"c1","data":"`+data+`"}`, n)
		}
	}
}

// One of a crowd of readers, whom the server shows to nobody, sends nothing of what it shows, also where its
// connection is made anew; its own tabs see it. Once it may write, the others see what it shows then.
//
// Holds: "a crowd of readers is counted".
func TestOneOfACrowdShowsNothing(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	receive := func(kind, event, data string) {
		w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame(kind, event, []byte(data))})
	}
	show := func(data string) {
		w.do(t2, Presence{[]byte(data)})
		w.advance(time.Second)
	}
	receive("presence", "state", `{"members":[],"readers":900,"unlisted":true}`)
	want(t, w, `t2: emit presence {"state":"readers","userId":"","clientId":"","readers":900}`, 1)
	w.lines = nil
	show(`"first"`)
	w.fail(t1)
	w.acknowledge(t1)
	receive("presence", "state", `{"members":[],"readers":900,"unlisted":true}`)
	show(`"second"`)
	receive("system", "permission_change", `{"permissions":["read"],"perm_epoch":2,"reason":"locked"}`)
	want(t, w, `"type":"presence","event":"update"`, 0)
	want(t, w, `"state":"readers"`, 0)
	want(t, w, `t1: emit presence {"state":"update","userId":"u1","clientId":"c1","data":"second"}`, 1)

	receive("system", "permission_change", `{"permissions":["read","write"],"perm_epoch":3,"reason":"role_changed"}`)
	want(t, w, `"type":"presence","event":"update","data":{"data":"second"}`, 1)
	receive("presence", "state", `{"members":[],"readers":900,"unlisted":true}`)
	show(`"third"`)
	receive("presence", "state", `{"members":[]}`)
	want(t, w, `"type":"presence","event":"update","data":{"data":"third"}`, 1)
	want(t, w, `t1: emit presence {"state":"readers","userId":"","clientId":"","readers":0}`, 1)
}
