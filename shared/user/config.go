package user

import (
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// Config is the limits and timing of a user's object. The zero value of each field means
// its default. What is the same for a device and an app is the device's.
type Config struct {
	Session session.Config
	Device  device.Config
	Apps    app.Config
	// Events and Random are as a document's (document.Config).
	Events delivery.Config
	Random uint64
	Inbox  inbox.Config
}

// WithDefaults returns c with every zero (or negative) field set. Grace and ReadOnly are
// the device's: with other ones the session would give a channel up that lives.
func (c Config) WithDefaults() Config {
	c.Device, c.Events = c.Device.WithDefaults(), c.Events.WithDefaults()
	d := &c.Device
	c.Session.Grace, c.Session.ReadOnly = d.Channel.Grace, d.Channel.ReadOnly
	ch := d.Channel
	ch.Grace = c.Apps.Channel.Grace
	c.Apps.Channel, c.Apps.Outbox, c.Apps.Conn = ch, d.Outbox, d.Conn
	for i, b := range d.Conn.Secret {
		c.Apps.Conn.Secret[i] = b ^ 0xff // no id is an app's and a device's
	}
	c.Apps = c.Apps.WithDefaults()
	d.Unanswered = c.Apps.Unanswered
	c.Inbox.Limits = d.Conn.Limits
	c.Inbox = c.Inbox.WithDefaults()
	return c
}
