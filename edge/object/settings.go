package object

import (
	"math"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// settings reads the deployment's variables. One that is missing, not a number
// or out of range leaves the default, zero, to the core.
type settings struct{ host Host }

func (s settings) number(name string) int {
	n, ok := jsonscan.Uint([]byte(s.host.Env(name)))
	if !ok || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

func (s settings) millis(name string) time.Duration {
	return time.Duration(s.number(name)) * time.Millisecond
}

func channelConfig(s settings) channel.Config {
	return channel.Config{
		Grace:            s.millis("GRACE_PERIOD_MS"),
		InitTimeout:      s.millis("INIT_TIMEOUT_MS"),
		Heartbeat:        s.millis("HEARTBEAT_MS"),
		HeartbeatTimeout: s.millis("HEARTBEAT_TIMEOUT_MS"),
		ReadOnly:         s.millis("READ_ONLY_MS"),
		RefreshNotice:    s.millis("REFRESH_NOTICE_MS"),
	}
}

// maxFrameBytes bounds the variable: an entry of a log is one row, and the platform takes
// rows of 2 MB at most (Durable Objects, "SQLite limits", 2026-12-01).
const maxFrameBytes = 1 << 20

func (s settings) limits() protocol.Limits {
	return protocol.Limits{FrameBytes: min(s.number("MAX_FRAME_BYTES"), maxFrameBytes), Depth: min(s.number("MAX_DEPTH"), protocol.MostDepth)}
}

func (s settings) frames() rate.Limit {
	return rate.Limit{Count: s.number("MESSAGES_PER_S"), Burst: s.number("MESSAGES_BURST")}
}

func (s settings) bytes() rate.Limit {
	return rate.Limit{Count: s.number("BYTES_PER_S"), Burst: s.number("BYTES_BURST")}
}

// connConfig is what every client's connection is held to.
func connConfig(s settings, secret serverconn.Secret) serverconn.Config {
	return serverconn.Config{
		WindowBytes:      s.number("WINDOW_BYTES"),
		Flood:            rate.FloodLimits{Frames: s.frames(), Bytes: s.bytes(), MaxRefused: s.number("MAX_REFUSED")},
		MaxRefusedTokens: s.number("MAX_REFUSED_TOKENS"),
		Limits:           s.limits(),
		Secret:           secret,
	}
}

// perMinute reads the two variables of a limit.
func (s settings) perMinute(name string) rate.Limit {
	return rate.Limit{Count: s.number(name + "_PER_MIN"), Per: time.Minute, Burst: s.number(name + "_BURST")}
}

// snapshotLevel is who may post a snapshot. Any other name than these lets only those who
// may do everything.
func (s settings) snapshotLevel() permission.Set {
	switch s.host.Env("SNAPSHOT_LEVEL") {
	case "":
		return 0
	case "write":
		return permission.Write
	case "moderate":
		return permission.Moderate
	}
	return permission.Admin
}

func documentConfig(s settings, secret serverconn.Secret) document.Config {
	return document.Config{
		Channel:         channelConfig(s),
		Unacknowledged:  s.number("MAX_UNACKNOWLEDGED"),
		MaxMembers:      s.number("MAX_MEMBERS"),
		MaxReplay:       s.number("MAX_REPLAY"),
		MaxSyncBytes:    s.number("MAX_SYNC_BYTES"),
		Conn:            connConfig(s, secret),
		SlowAfter:       s.millis("SLOW_AFTER_MS"),
		History:         rate.Limit{Count: s.number("SYNC_BYTES_PER_S"), Burst: s.number("SYNC_BYTES_BURST")},
		Presence:        rate.Limit{Count: s.number("PRESENCE_PER_S")},
		LockRetry:       s.millis("LOCK_RETRY_MS"),
		KeepOps:         s.number("KEEP_OPS"),
		SnapshotBytes:   s.number("MAX_SNAPSHOT_BYTES"),
		SnapshotParts:   s.number("MAX_SNAPSHOT_PARTS"),
		UploadIdle:      s.millis("SNAPSHOT_IDLE_MS"),
		SnapshotLevel:   s.snapshotLevel(),
		SnapshotConfirm: s.millis("SNAPSHOT_CONFIRM_MS"),
		KeepReplaced:    time.Duration(s.number("KEEP_REPLACED_S")) * time.Second,
		ReplacedBytes:   s.number("MAX_REPLACED_BYTES"),
		LogBytes:        s.number("MAX_LOG_BYTES"),
		MaxComments:     s.number("MAX_COMMENTS"),
		UserComments:    s.number("MAX_COMMENTS_PER_USER"),
		MaxReplies:      s.number("MAX_REPLIES"),
		UserReplies:     s.number("MAX_REPLIES_PER_USER"),
		MaxSections:     s.number("MAX_SECTIONS"),
		SectionTTL:      s.millis("SECTION_TTL_MS"),
		MaxSectionTTL:   s.millis("MAX_SECTION_TTL_MS"),
	}.WithDefaults()
}

func sessionConfig(s settings) session.Config {
	return session.Config{
		PermissionTTL: s.millis("PERMISSION_TTL_MS"),
		StaleAccess:   s.millis("STALE_ACCESS_MS"),
		MaxTokenLife:  time.Duration(s.number("MAX_TOKEN_LIFE_S")) * time.Second,
		MaxRevoked:    s.number("MAX_REVOKED_TOKENS"),
		Connects:      s.perMinute("CONNECTS_PER_USER"),
		Resumes:       s.perMinute("RESUMES_PER_DOCUMENT"),
		MaxAccess:     s.number("MAX_ACCESS"),
		MaxChannels:   s.number("MAX_DOCUMENTS_PER_USER"),
		FullRate:      s.number("FULL_RATE_DOCUMENTS"),
	}
}

func userConfig(s settings, secret serverconn.Secret) user.Config {
	return user.Config{
		Session: sessionConfig(s),
		Device: device.Config{
			Channel:     channelConfig(s),
			ClientPings: s.host.Env("DEVICE_HEARTBEAT") == "client",
			Outbox:      channel.OutboxConfig{Frames: s.number("OUTBOX_FRAMES"), Bytes: s.number("OUTBOX_BYTES")},
			Conn:        connConfig(s, secret),
		},
		Apps: app.Config{
			Line:           channel.Config{Grace: s.millis("APP_GRACE_MS")},
			MaxApps:        s.number("MAX_APPS"),
			CallTimeout:    min(s.millis("APP_WEBHOOK_MS"), maxCallTimeout),
			CallTries:      s.number("APP_WEBHOOK_TRIES"),
			CallPause:      s.millis("APP_WEBHOOK_PAUSE_MS"),
			ConnectTimeout: s.millis("APP_CONNECT_MS"),
			StopTimeout:    s.millis("APP_STOP_MS"),
			Connects:       s.perMinute("APP_CONNECTS"),
			Unanswered:     s.number("MAX_UNANSWERED"),
			MaxRounds:      min(s.number("APP_ROUNDS"), maxRounds),
			StayTime:       s.millis("APP_STAY_MS"),
			Starts:         s.perMinute("APP_STARTS"),
			TotalBytes:     s.number("APP_OUTBOX_BYTES"),
		},
	}.WithDefaults()
}

// maxCallTimeout bounds the variable: an object that waits does not hibernate.
const maxCallTimeout = 30 * time.Second

// maxRounds bounds the variable: each pause is twice as long as the one before.
const maxRounds = 12

// auditEntries is how many lines of its audit log an object keeps of one user, and as
// many again of what operators did.
func auditEntries(s settings) int {
	if n := s.number("AUDIT_ENTRIES"); n > 0 {
		return n
	}
	return 1000
}
