package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Config is a document's limits and timing. The zero value of each field means
// its default.
type Config struct {
	// Channel is the timing of every channel.
	Channel channel.Config
	// Unacknowledged is how many ops a client may have under way: so many of its
	// newest message ids are remembered to recognise a repeat. Default 256.
	Unacknowledged int
	// MaxMembers is how many clients that may do more than read the document holds, and MaxReaders
	// how many beside them that may not, those in their grace period included. Defaults 100 and 1,000.
	MaxMembers, MaxReaders int
	// ShownReaders is how many readers each member is shown by name; the others are counted.
	// Default 100.
	ShownReaders int
	// MaxGuests is how many of all of them may be guests, who came by a link: so many places at most
	// are taken from members. By default half of MaxMembers, and half of MaxReaders.
	MaxGuests int
	// MaxReplay is how many missed entries a resume replays; a client that
	// missed more is sent a gap and syncs, which costs fewer frames. Default 1,000.
	MaxReplay int
	// Conn is what a client's connection is held to: its Flood is one user's here.
	Conn serverconn.Config
	// SlowAfter is how long a connection may take to make room. Default 10 s.
	SlowAfter time.Duration
	// History is how much of what was written before it came one user may be sent, as
	// a replay or an answer to sync_request. Default 1 MiB a second, 4 MiB at once.
	History rate.Limit
	// Presence is how often one user's presence is passed on; of what comes faster the
	// newest is. Default 20 a second.
	Presence rate.Limit
	// Resumes is how often a client may come back to its channel without its user's object being
	// asked. Default 12 a minute, 30 at once.
	Resumes rate.Limit
	// PerUser is how many clients of one user may be connected; one more takes the place of
	// another. Default 1 (seed S2).
	PerUser int
	// DelegatesPerUser is how many delegates of one user may have channels, beside PerUser.
	// Default 4.
	DelegatesPerUser int
	// MaxSyncBytes bounds one document_sync frame. A single op larger than this
	// still gets a frame of its own. Default 256 KiB.
	MaxSyncBytes int
	// KeepOps is how many of the newest entries a snapshot leaves in the log.
	// Default 1,000.
	KeepOps int
	// SnapshotBytes is how large a snapshot's data may be, and SnapshotParts of how
	// many parts. Defaults 4 MiB and 256.
	SnapshotBytes, SnapshotParts int
	// SnapshotLevel is what who posts a snapshot must be allowed to. Default: write.
	SnapshotLevel permission.Set
	// SnapshotConfirm is how long a version has to be in the log before a snapshot of it is
	// taken that nobody else who is connected has acknowledged. Default 1 min.
	SnapshotConfirm time.Duration
	// KeepReplaced is how long what a snapshot replaces can be restored, within
	// ReplacedBytes. Defaults 7 days and 1 GiB.
	KeepReplaced  time.Duration
	ReplacedBytes int
	// LogAge is how old an entry may get that a snapshot has taken the place of. By default it may
	// be of any age.
	LogAge time.Duration
	// LogBytes is how large the log may get that no snapshot has taken the place of; it is
	// locked then. Default 512 MiB.
	LogBytes int
	// UploadIdle is how long an upload may wait for its next part. Default 30 s.
	UploadIdle time.Duration
	// MaxComments is how many comments may be open, and UserComments how many of them by
	// one author. Defaults 10,000 and a tenth of it.
	MaxComments, UserComments int
	// MaxReplies is how many replies a comment may have, a tenth of them by one author, and
	// UserReplies how many one author may have on all that are open. Defaults 1,000 each.
	MaxReplies, UserReplies int
	// MaxSections is how many sections may be locked at once. Default 256.
	MaxSections int
	// SectionTTL is how long a section's lock lasts that does not say, and
	// MaxSectionTTL the longest there is. Defaults 5 min and 1 h.
	SectionTTL, MaxSectionTTL time.Duration
	// PresenceBytes bounds the data of a presence frame: the newest is attached to its
	// socket, which holds 16 KiB. Default 4 KiB.
	PresenceBytes int
	// LockRetry is how long a client has to wait before it writes to a locked
	// document again. Default 5 s.
	LockRetry time.Duration
	// Events is how the deployment's backend is told what happens here; by default it is not.
	// Random is what their streams are named by.
	Events delivery.Config
	Random uint64
}

// ackEvery is by how much an acknowledgement must have moved to be worth a row.
const ackEvery = 64

// tenth is one user's share of what is everybody's.
func tenth(n int) int { return max(1, n/10) }

// WithDefaults returns c with every zero (or negative) field set.
func (c Config) WithDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	c.Channel, c.Events = c.Channel.WithDefaults(), c.Events.WithDefaults()
	def(&c.Unacknowledged, 256)
	def(&c.MaxMembers, 100)
	def(&c.MaxReaders, 1000)
	def(&c.ShownReaders, 100)
	def(&c.PerUser, 1)
	def(&c.DelegatesPerUser, 4)
	def(&c.MaxReplay, 1000)
	def(&c.MaxSyncBytes, 256<<10)
	c.Conn = c.Conn.WithDefaults()
	c.History = c.History.WithDefaults(1<<20, 4)
	c.Presence = c.Presence.WithDefaults(20, 1)
	c.Resumes = c.Resumes.Resumes()
	def(&c.PresenceBytes, 4<<10)
	if c.LockRetry <= 0 {
		c.LockRetry = 5 * time.Second
	}
	if c.SlowAfter <= 0 {
		c.SlowAfter = 10 * time.Second
	}
	def(&c.KeepOps, 1000)
	def(&c.SnapshotBytes, 4<<20)
	def(&c.SnapshotParts, 256)
	def(&c.ReplacedBytes, 1<<30)
	def(&c.LogBytes, 512<<20)
	if c.SnapshotLevel == 0 {
		c.SnapshotLevel = permission.Write
	}
	if c.SnapshotConfirm <= 0 {
		c.SnapshotConfirm = time.Minute
	}
	if c.KeepReplaced <= 0 {
		c.KeepReplaced = 7 * 24 * time.Hour
	}
	def(&c.MaxComments, 10_000)
	def(&c.UserComments, tenth(c.MaxComments))
	def(&c.MaxReplies, 1000)
	def(&c.UserReplies, 1000)
	def(&c.MaxSections, 256)
	if c.UploadIdle <= 0 {
		c.UploadIdle = 30 * time.Second
	}
	if c.SectionTTL <= 0 {
		c.SectionTTL = 5 * time.Minute
	}
	if c.MaxSectionTTL <= 0 {
		c.MaxSectionTTL = time.Hour
	}
	return c
}
