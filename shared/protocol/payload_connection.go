package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// ConnectionInit is the first frame of a device; its data may be missing.
type ConnectionInit struct {
	// SessionID and LastSeq ask to resume.
	SessionID string
	LastSeq   uint64
	// HasLastSeq distinguishes a client that has received nothing yet (0) from one that sent no last_seq.
	HasLastSeq bool
	// Redial says that the client has dialled by itself: it takes the place of no other.
	Redial bool
}

// Append appends the payload as JSON.
func (p ConnectionInit) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "session_id", p.SessionID)
	if p.HasLastSeq {
		w.Uint("last_seq", p.LastSeq)
	}
	if p.Redial {
		w.Bool("redial", true)
	}
	return w.End()
}

// ParseConnectionInit reads the data of a connection_init.
func ParseConnectionInit(data []byte) (ConnectionInit, bool) {
	if empty(data) {
		return ConnectionInit{}, true
	}
	m := read(data)
	p := ConnectionInit{SessionID: m.str("session_id"), LastSeq: m.num("last_seq"), HasLastSeq: m.has("last_seq"), Redial: m.flag("redial")}
	return p, m.ok
}

// Range is a run of versions or sequence numbers, both ends included.
type Range struct{ From, To uint64 }

// Gap is a run that cannot be replayed, and the reason.
type Gap struct {
	From, To, Count uint64
	Reason          string
}

// Rewound is the reason of a gap to a client whose log is not the server's: what it has
// received from From on is not there any more.
const Rewound = "rewound"

// AckLimits are the limits that a client has to respect; 0 stands for a missing one.
type AckLimits struct {
	// FrameBytes, Depth and IDBytes are those of Limits.
	FrameBytes, Depth, IDBytes int
	// Unacknowledged is how many unacknowledged ops a client may have.
	Unacknowledged int
	// MessagesPerSecond and BytesPerSecond are the rate that a connection may sustain.
	MessagesPerSecond, BytesPerSecond int
	// MessagesAtOnce and BytesAtOnce are what it may send at once after a rest.
	MessagesAtOnce, BytesAtOnce int
}

// ConnectionAck admits a connection: seed S2's fields and ours.
type ConnectionAck struct {
	ClientID, UserID string
	Permissions      []string
	DocumentVersion  uint64
	// SnapshotVersion is the version of the newest snapshot, 0 for none.
	SnapshotVersion uint64
	// Generation names the log that the versions are of.
	Generation string
	// WorkspaceID and WorkspaceRole are S2's workspace_context.
	WorkspaceID, WorkspaceRole string
	SessionID                  string
	// Resumed says that the connection resumes the session it asked for. Then Replay
	// is the run that follows, and Gap the run that is lost; either may be nil.
	Resumed bool
	Replay  *Range
	Gap     *Gap
	// Position is where in which log the connection begins; to the client it is opaque.
	Position string
	// LastMessageID is the last message of this client that was stored.
	LastMessageID string
	PermEpoch     uint64
	// Locked says that the document refuses every op with DOCUMENT_LOCKED for now,
	// whatever the writer's permissions.
	Locked     bool
	ServerTime time.Time
	// ExpiresAt is when the token expires.
	ExpiresAt time.Time
	// HeartbeatInterval and GracePeriod are in milliseconds on the wire.
	HeartbeatInterval, GracePeriod time.Duration
	Limits                         AckLimits
	// Apps are the apps of the device's user that have not stopped.
	Apps []AppState
}

// Append appends the payload as JSON.
func (p ConnectionAck) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("client_id", p.ClientID)
	w.Str("user_id", p.UserID)
	w.Strs("permissions", p.Permissions)
	w.Uint("document_version", p.DocumentVersion)
	optUint(&w, "snapshot_version", p.SnapshotVersion)
	optStr(&w, "generation", p.Generation)
	if p.WorkspaceID != "" || p.WorkspaceRole != "" {
		w.Open("workspace_context")
		w.Str("workspace_id", p.WorkspaceID)
		w.Str("role", p.WorkspaceRole)
		w.Close()
	}
	w.Str("session_id", p.SessionID)
	appendResumed(&w, p.Resumed, p.Replay, p.Gap)
	optStr(&w, "position", p.Position)
	optStr(&w, "last_message_id", p.LastMessageID)
	w.Uint("perm_epoch", p.PermEpoch)
	if p.Locked {
		w.Bool("locked", true)
	}
	optTime(&w, "server_time", p.ServerTime)
	optTime(&w, "expires_at", p.ExpiresAt)
	whole(&w, "heartbeat_interval", p.HeartbeatInterval, time.Millisecond)
	whole(&w, "grace_period", p.GracePeriod, time.Millisecond)
	p.Limits.append(&w)
	if len(p.Apps) > 0 {
		w.Array("apps")
		for _, a := range p.Apps {
			w.Item()
			w.Buf = a.Append(w.Buf)
		}
		w.CloseArray()
	}
	return w.End()
}

// appendResumed writes the members of an acknowledgement that describe a resume, resumed reads them.
func appendResumed(w *jsonscan.Writer, is bool, replay *Range, gap *Gap) {
	w.Bool("resumed", is)
	if replay != nil {
		w.Open("replay")
		w.Uint("from", replay.From)
		w.Uint("to", replay.To)
		w.Close()
	}
	if gap != nil {
		w.Open("gap")
		w.Uint("from", gap.From)
		w.Uint("to", gap.To)
		w.Uint("count", gap.Count)
		w.Str("reason", gap.Reason)
		w.Close()
	}
}

func (m *members) resumed() (is bool, replay *Range, gap *Gap) {
	if raw := m.field("replay"); raw != nil {
		in := read(raw)
		in.need("from", "to")
		replay = &Range{in.num("from"), in.num("to")}
		m.ok = m.ok && in.ok
	}
	if raw := m.field("gap"); raw != nil {
		in := read(raw)
		in.need("from", "to")
		gap = &Gap{in.num("from"), in.num("to"), in.num("count"), in.str("reason")}
		m.ok = m.ok && in.ok
	}
	return m.flag("resumed"), replay, gap
}

func (l AckLimits) append(w *jsonscan.Writer) {
	if l == (AckLimits{}) {
		return
	}
	w.Open("limits")
	optCount(w, "frame_bytes", l.FrameBytes)
	optCount(w, "depth", l.Depth)
	optCount(w, "id_bytes", l.IDBytes)
	optCount(w, "unacknowledged", l.Unacknowledged)
	optCount(w, "messages_per_second", l.MessagesPerSecond)
	optCount(w, "messages_at_once", l.MessagesAtOnce)
	optCount(w, "bytes_per_second", l.BytesPerSecond)
	optCount(w, "bytes_at_once", l.BytesAtOnce)
	w.Close()
}

func (m *members) limits() (l AckLimits) {
	if raw := m.field("limits"); raw != nil {
		in := read(raw)
		l = AckLimits{
			FrameBytes:        in.count("frame_bytes"),
			Depth:             in.count("depth"),
			IDBytes:           in.count("id_bytes"),
			Unacknowledged:    in.count("unacknowledged"),
			MessagesPerSecond: in.count("messages_per_second"),
			MessagesAtOnce:    in.count("messages_at_once"),
			BytesPerSecond:    in.count("bytes_per_second"),
			BytesAtOnce:       in.count("bytes_at_once"),
		}
		m.ok = m.ok && in.ok
	}
	return l
}

// ParseConnectionAck reads the data of a connection_ack. S2's own example suffices:
// the members that only we have are then zero.
func ParseConnectionAck(data []byte) (ConnectionAck, bool) {
	m := read(data)
	m.need("client_id", "user_id", "permissions")
	p := ConnectionAck{
		ClientID:          m.str("client_id"),
		UserID:            m.str("user_id"),
		Permissions:       m.strs("permissions"),
		DocumentVersion:   m.num("document_version"),
		SnapshotVersion:   m.num("snapshot_version"),
		Generation:        m.str("generation"),
		SessionID:         m.str("session_id"),
		Position:          m.str("position"),
		LastMessageID:     m.str("last_message_id"),
		PermEpoch:         m.num("perm_epoch"),
		Locked:            m.flag("locked"),
		ServerTime:        m.time("server_time"),
		ExpiresAt:         m.time("expires_at"),
		HeartbeatInterval: m.millis("heartbeat_interval"),
		GracePeriod:       m.millis("grace_period"),
	}
	if raw := m.field("workspace_context"); raw != nil {
		in := read(raw)
		p.WorkspaceID, p.WorkspaceRole = in.str("workspace_id"), in.str("role")
		m.ok = m.ok && in.ok
	}
	p.Resumed, p.Replay, p.Gap = m.resumed()
	p.Limits = m.limits()
	if raw := m.field("apps"); raw != nil {
		m.ok = m.ok && raw[0] == '['
		for a := jsonscan.Elements(raw); m.ok && a.Next(); {
			app, ok := ParseAppState(a.Value())
			p.Apps, m.ok = append(p.Apps, app), ok
		}
	}
	return p, m.ok
}

// Ack acknowledges everything up to Seq. From the server, with the message id of an
// app_message, it says that the message is stored as Seq of its receiver.
type Ack struct{ Seq uint64 }

// Append appends the payload as JSON.
func (p Ack) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("seq", p.Seq)
	return w.End()
}

// ParseAck reads the data of an ack.
func ParseAck(data []byte) (Ack, bool) {
	m := read(data)
	m.need("seq")
	return Ack{m.num("seq")}, m.ok
}

// Disconnect says that the user leaves for good; its data may be missing.
type Disconnect struct{ Reason string }

// Append appends the payload as JSON.
func (p Disconnect) Append(dst []byte) []byte { return appendReason(dst, p.Reason) }

// ParseDisconnect reads the data of a disconnect.
func ParseDisconnect(data []byte) (Disconnect, bool) {
	reason, ok := parseReason(data)
	return Disconnect{reason}, ok
}

// SessionEnd is the data of session_ended, the last frame of a session; it may be
// missing.
type SessionEnd struct{ Reason string }

// Append appends the payload as JSON.
func (p SessionEnd) Append(dst []byte) []byte { return appendReason(dst, p.Reason) }

// ParseSessionEnd reads the data of a session_ended.
func ParseSessionEnd(data []byte) (SessionEnd, bool) {
	reason, ok := parseReason(data)
	return SessionEnd{reason}, ok
}

func appendReason(dst []byte, reason string) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "reason", reason)
	return w.End()
}

func parseReason(data []byte) (string, bool) {
	if empty(data) {
		return "", true
	}
	m := read(data)
	return m.str("reason"), m.ok
}

// RateLimited asks a client to send nothing for a while.
type RateLimited struct {
	// RetryAfter is in milliseconds on the wire.
	RetryAfter time.Duration
}

// Append appends the payload as JSON.
func (p RateLimited) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	whole(&w, "retry_after", p.RetryAfter, time.Millisecond)
	return w.End()
}

// ParseRateLimited reads the data of a rate_limited.
func ParseRateLimited(data []byte) (RateLimited, bool) {
	m := read(data)
	m.need("retry_after")
	return RateLimited{m.millis("retry_after")}, m.ok
}
