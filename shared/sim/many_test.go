package sim_test

import (
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// mayResume holds the session object to this: a channel's own client is let in, however
// many others come at the same moment.
func (u *user) mayResume(a session.Admit, answer func(session.Answer)) func(session.Answer) {
	key := a.Channel + " " + a.ClientID
	resumes := u.resumes[key]
	if a.Again || resumes >= u.w.sesCfg.Resumes.Burst {
		return answer
	}
	for _, c := range u.ses.Snapshot().Channels {
		if c.Channel == a.Channel && c.ClientID == a.ClientID {
			u.resumes[key]++
			return func(got session.Answer) {
				if got.Err != nil && got.Err.Code == protocol.RateLimitExceeded {
					u.w.fail("%s resumes %s for the %dth time, and is refused: %+v", a.ClientID, a.Channel, resumes+1, got.Err)
				}
				answer(got)
			}
		}
	}
	return answer
}

// dropAll cuts all connections of the user, who has one cable.
func (u *user) dropAll() {
	if u.w.quiet {
		return
	}
	u.w.counts.AllDropped++
	for _, c := range u.clients {
		if c.connection != nil {
			c.connection.sever()
		}
	}
}
