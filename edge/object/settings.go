package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// settings reads the deployment's variables.
type settings struct{ host Host }

func (s settings) text(v vars.Text) string { return s.host.Env(v.Name()) }

func (s settings) number(v vars.Number) int { return v.Int(s.host.Env(v.Name())) }

func (s settings) span(v vars.Number) time.Duration { return v.Duration(s.host.Env(v.Name())) }

func (s settings) word(v vars.Word) (word string, ok bool) { return v.Choose(s.host.Env(v.Name())) }

func channelConfig(s settings) channel.Config {
	return channel.Config{
		Grace:            s.span(vars.GracePeriod),
		InitTimeout:      s.span(vars.InitTimeout),
		Heartbeat:        s.span(vars.Heartbeat),
		HeartbeatTimeout: s.span(vars.HeartbeatTimeout),
		ReadOnly:         s.span(vars.ReadOnly),
		RefreshNotice:    s.span(vars.RefreshNotice),
	}
}

func (s settings) limits() protocol.Limits {
	return protocol.Limits{FrameBytes: s.number(vars.MaxFrameBytes), Depth: s.number(vars.MaxDepth)}
}

func (s settings) frames() rate.Limit {
	return rate.Limit{Count: s.number(vars.MessagesPerS), Burst: s.number(vars.MessagesBurst)}
}

func (s settings) bytes() rate.Limit {
	return rate.Limit{Count: s.number(vars.BytesPerS), Burst: s.number(vars.BytesBurst)}
}

// connConfig is what every client's connection is held to.
func connConfig(s settings, secret serverconn.Secret) serverconn.Config {
	return serverconn.Config{
		WindowBytes:      s.number(vars.WindowBytes),
		Flood:            rate.FloodLimits{Frames: s.frames(), Bytes: s.bytes(), MaxRefused: s.number(vars.MaxRefused)},
		MaxRefusedTokens: s.number(vars.MaxRefusedTokens),
		Limits:           s.limits(),
		Secret:           secret,
	}
}

// perMinute reads the two variables of a limit.
func (s settings) perMinute(count, burst vars.Number) rate.Limit {
	return rate.Limit{Count: s.number(count), Per: time.Minute, Burst: s.number(burst)}
}

// snapshotLevel is who may post a snapshot. Any other name than these lets only those who
// may do everything.
func (s settings) snapshotLevel() permission.Set {
	word, ok := s.word(vars.SnapshotLevel)
	switch {
	case ok && word == "write":
		return permission.Write
	case ok && word == "moderate":
		return permission.Moderate
	}
	return permission.Admin
}

func documentConfig(s settings, secret serverconn.Secret) document.Config {
	return document.Config{
		Channel:        channelConfig(s),
		Unacknowledged: s.number(vars.MaxUnacknowledged),
		MaxMembers:     s.number(vars.MaxMembers),
		MaxReaders:     s.number(vars.MaxReaders),
		ShownReaders:   s.number(vars.ShownReaders),
		MaxGuests:      s.number(vars.MaxGuestsPerDoc),
		PerUser:        s.number(vars.ConnectionsPerUser),

		DelegatesPerUser: s.number(vars.DelegatesPerUser),

		MaxReplay:       s.number(vars.MaxReplay),
		MaxSyncBytes:    s.number(vars.MaxSyncBytes),
		Conn:            connConfig(s, secret),
		SlowAfter:       s.span(vars.SlowAfter),
		History:         rate.Limit{Count: s.number(vars.SyncBytesPerS), Burst: s.number(vars.SyncBytesBurst)},
		Presence:        rate.Limit{Count: s.number(vars.PresencePerS)},
		Resumes:         s.perMinute(vars.ResumesPerDocumentPerMin, vars.ResumesPerDocumentBurst),
		LockRetry:       s.span(vars.LockRetry),
		KeepOps:         s.number(vars.KeepOps),
		SnapshotBytes:   s.number(vars.MaxSnapshotBytes),
		SnapshotParts:   s.number(vars.MaxSnapshotParts),
		UploadIdle:      s.span(vars.SnapshotIdle),
		SnapshotLevel:   s.snapshotLevel(),
		SnapshotConfirm: s.span(vars.SnapshotConfirm),
		KeepReplaced:    s.span(vars.KeepReplaced),
		ReplacedBytes:   s.number(vars.MaxReplacedBytes),
		LogAge:          s.span(vars.LogDays),
		LogBytes:        s.number(vars.MaxLogBytes),
		MaxComments:     s.number(vars.MaxComments),
		UserComments:    s.number(vars.MaxCommentsPerUser),
		MaxReplies:      s.number(vars.MaxReplies),
		UserReplies:     s.number(vars.MaxRepliesPerUser),
		MaxSections:     s.number(vars.MaxSections),
		SectionTTL:      s.span(vars.SectionTTL),
		MaxSectionTTL:   s.span(vars.MaxSectionTTL),
		Events:          s.eventsConfig(),
	}.WithDefaults()
}

func sessionConfig(s settings) session.Config {
	return session.Config{
		PermissionTTL: s.span(vars.PermissionTTL),
		StaleAccess:   s.span(vars.StaleAccess),
		MaxTokenLife:  s.span(vars.MaxTokenLife),
		MaxRevoked:    s.number(vars.MaxRevokedTokens),
		Connects:      s.perMinute(vars.ConnectsPerUserPerMin, vars.ConnectsPerUserBurst),
		Resumes:       s.perMinute(vars.ResumesPerDocumentPerMin, vars.ResumesPerDocumentBurst),
		MaxAccess:     s.number(vars.MaxAccess),
		MaxChannels:   s.number(vars.MaxDocumentsPerUser),
		FullRate:      s.number(vars.FullRateDocuments),
	}
}

func userConfig(s settings, secret serverconn.Secret) user.Config {
	return user.Config{
		Events:  s.eventsConfig(),
		Session: sessionConfig(s),
		Device: device.Config{
			Channel:     channelConfig(s),
			ClientPings: s.clientPings(),
			Outbox:      channel.OutboxConfig{Frames: s.number(vars.OutboxFrames), Bytes: s.number(vars.OutboxBytes)},
			Conn:        connConfig(s, secret),
		},
		Inbox: inbox.Config{
			Messages: s.number(vars.UserMessages), Bytes: s.number(vars.UserMessageBytes), TTL: s.span(vars.UserMessageTTL), MaxTTL: s.span(vars.UserMessageMaxTTL),
		},
		Apps: app.Config{
			Channel:        channel.Config{Grace: s.span(vars.AppGrace)},
			MaxApps:        s.number(vars.MaxApps),
			CallTimeout:    s.span(vars.AppWebhook),
			CallTries:      s.number(vars.AppWebhookTries),
			CallPause:      s.span(vars.AppWebhookPause),
			ConnectTimeout: s.span(vars.AppConnect),
			StopTimeout:    s.span(vars.AppStop),
			Connects:       s.perMinute(vars.AppConnectsPerMin, vars.AppConnectsBurst),
			Unanswered:     s.number(vars.MaxUnanswered),
			MaxRounds:      s.number(vars.AppRounds),
			StayTime:       s.span(vars.AppStay),
			Starts:         s.perMinute(vars.AppStartsPerMin, vars.AppStartsBurst),
			TotalBytes:     s.number(vars.AppOutboxBytes),
		},
	}.WithDefaults()
}

// clientPings is whether a device pings, and not the server.
func (s settings) clientPings() bool {
	word, _ := s.word(vars.DeviceHeartbeat)
	return word == "client"
}

// quiet is whether the operator's log is left only what is a warning.
func (s settings) quiet() bool {
	word, _ := s.word(vars.LogLevel)
	return word != "info"
}
