package client

import "time"

// What is said to every tab that talks to this server, whatever document it
// shows, on a channel of its own. None of it holds a token:
//
//	signed_out {userId}   this user signed out: their tabs end at once
//	signed_in  {userId}   the app gave a tab a token of this user
//	message    {userId,message_id,message}   the backend's message to this user
//
// Every script of the origin may write there too. A sign-out counts for the user
// it names and nobody else, which is no more than such a script could do by
// signing out itself. Whatever else is said is a hint: a leader then asks the app
// for a token, seldom, and believes only what that says.

// hintPause is the least time between two tokens asked for because of a hint.
const hintPause = 10 * time.Second

func (c *Client) postOrigin(kind string) {
	if !c.cfg.Channel {
		return
	}
	w := c.message(kind)
	if user := c.conn.User(); user != "" {
		w.Str("userId", user)
	}
	c.do(PostOrigin{Text: w.End()})
}

// originMessage takes one of them. A page that is suspended may receive it, and must not
// wake up as somebody who has signed out.
func (c *Client) originMessage(text string) {
	m, ok := readMessage(text, maxBroadcast)
	if !ok || m.tab == c.cfg.TabID || !c.cfg.Channel {
		return
	}
	said, ours := m.str("userId"), c.conn.User()
	switch m.kind {
	case "signed_out":
		switch {
		case said != "" && c.isUs(said):
			c.signedOutElsewhere()
		case said == "", ours == "" && c.conn.Token.Fetching(): // what is on its way may be that user's token
			c.askWhoIsSignedIn()
		}
	case "message":
		c.onUserMessage(m)
	case "signed_in":
		if ours != "" && !c.isUs(said) {
			c.askWhoIsSignedIn()
		}
	}
}

// refuseLeader is for a leader that is another user's: someone signed in here while
// its tabs were open. They are asked to ask their app, which ends them; this tab waits
// in the queue for the lock, and sends nothing in somebody else's name.
func (c *Client) refuseLeader() {
	c.report(ErrOtherUser)
	if !c.tabs.foreign {
		c.tabs.foreign = true
		c.postOrigin("signed_in")
	}
}
