package client

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Presence is gathered before it costs a frame, or a message between tabs: the first is
// passed on at once, then the newest of each tab every PresenceGather.

// shown is what one tab shows the others.
type shown struct {
	tab  string
	data []byte
	due  bool // it is newer than what was passed on
}

// gathering is the presence of this tab and, in the leader, of its followers.
type gathering struct {
	tabs   []shown
	at     time.Time // when the next may be passed on; zero while none waits
	passed time.Time
}

// put takes the newest of a tab, which goes last: the server keeps only that.
func (g *gathering) put(tab string, data []byte) {
	g.forget(tab)
	if len(g.tabs) > maxTabs {
		g.tabs = slices.Delete(g.tabs, 0, 1)
	}
	g.tabs = append(g.tabs, shown{tab, append([]byte(nil), data...), true})
}

func (g *gathering) forget(tab string) {
	g.tabs = slices.DeleteFunc(g.tabs, func(s shown) bool { return s.tab == tab })
}

// forgetOthers leaves what this tab shows.
func (g *gathering) forgetOthers(tab string) {
	g.tabs = slices.DeleteFunc(g.tabs, func(s shown) bool { return s.tab != tab })
}

// presence shows something passing; the last one is shown again on a new connection: the
// server keeps it with the one it came by.
func (c *Client) presence(data []byte) {
	if f := c.unfitPresence(data); f != nil {
		c.emitFailure("error", f)
		return
	}
	if c.suspended || c.tabs.foreign {
		return // nobody shows this user's cursor in another one's name
	}
	c.show(c.cfg.TabID, data)
}

func (c *Client) show(tab string, data []byte) {
	g := &c.gathering
	g.put(tab, data)
	if at := g.passed.Add(PresenceGather); at.After(c.now) {
		g.at = at
		return
	}
	c.passPresence()
}

// passPresence passes on what is due: to the server, or to the leader.
func (c *Client) passPresence() {
	g := &c.gathering
	g.at = zero
	for i := range g.tabs {
		s := &g.tabs[i]
		switch {
		case !s.due:
		case !c.tabs.leading:
			s.due, g.passed = false, c.now
			if s.tab == c.cfg.TabID {
				w := c.message("tab_presence")
				w.Raw("data", s.data)
				c.post(w)
			}
		case !c.conn.Live():
			s.due = false // showAll has its turn
		case c.conn.Paused() || !c.conn.Room(len(s.data)):
			return // until Ready or Resumed
		default:
			s.due, g.passed = false, c.now
			c.writePresence(s)
		}
	}
}

// showAll shows on a new connection what was shown before.
func (c *Client) showAll() {
	for i := range c.gathering.tabs {
		if s := &c.gathering.tabs[i]; s.data != nil {
			s.due = true
		}
	}
	c.passPresence()
}

func (c *Client) writePresence(s *shown) {
	if f := c.unfitPresence(s.data); f != nil { // this server's limits are lower than was thought
		s.data = nil
		c.emitFailure("error", f)
		return
	}
	if !c.session.unlisted {
		c.conn.Write(protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventUpdate, Data: protocol.Presence{Data: s.data}.Append(nil)})
	}
	c.showTabs(s)
}

// list shows the others what they were not shown while this client was one of a crowd of readers, whom the
// server shows to nobody: a thousand who show themselves to nobody send it nothing.
func (c *Client) list(listed bool) {
	was := c.session.unlisted
	if c.session.unlisted = !listed; was && listed {
		c.showAll()
	}
}

// showTabs shows the profile's other tabs what one of them shows: the server sends it to
// everybody else.
func (c *Client) showTabs(s *shown) {
	if len(c.tabs.others) == 0 {
		return
	}
	d := jsonscan.NewObject(nil)
	d.Str("state", protocol.EventUpdate)
	d.Str("userId", c.session.userID)
	d.Str("clientId", c.cfg.ClientID)
	d.Raw("data", s.data)
	detail := d.End()
	if s.tab != c.cfg.TabID {
		c.emit("presence", detail, nil)
	}
	w := c.event("say")
	w.Str("kind", "presence")
	w.Str("of", s.tab)
	w.Raw("detail", detail)
	c.post(w)
}

// unfitPresence is why the server would not take it, nil when it does, and when nobody knows
// yet.
func (c *Client) unfitPresence(data []byte) *Failure {
	depth, size := c.session.depth-2, c.session.frameBytes-frameRoom
	if c.session.id == "" {
		depth, size = protocol.MostDepth, maxLimit
	}
	switch err := jsonscan.Check(data, depth); {
	case err == jsonscan.ErrDepth:
		return tooDeep("The presence", depth)
	case err != nil || len(data) > size:
		return &Failure{Code: codeInvalidArgument, Message: "The presence is not JSON or too large.", Reason: "presence", Action: protocol.ActionWait}
	}
	return nil
}
