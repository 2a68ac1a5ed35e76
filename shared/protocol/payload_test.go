package protocol_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func roundTrip[P interface{ Append([]byte) []byte }](t *testing.T, p P, parse func([]byte) (P, bool)) {
	t.Helper()
	data := p.Append(nil)
	back, ok := parse(data)
	if !ok || !reflect.DeepEqual(back, p) {
		t.Errorf("%s comes back as\n%+v, %v, want\n%+v", data, back, ok, p)
	}
}

// fullRoundTrip wants every field filled, so it fails when Append or Parse forgets one,
// and when somebody adds a field without adding it here.
func fullRoundTrip[P interface{ Append([]byte) []byte }](t *testing.T, p P, parse func([]byte) (P, bool)) {
	t.Helper()
	for field, v := range reflect.ValueOf(p).Fields() {
		if v.IsZero() {
			t.Errorf("%T.%s is not filled", p, field.Name)
		}
	}
	roundTrip(t, p, parse)
}

func TestPayloadRoundTrips(t *testing.T) {
	at := time.Date(2025, 1, 7, 10, 0, 0, 123e6, time.UTC)
	fullRoundTrip(t, protocol.ConnectionInit{SessionID: "s", LastSeq: 9, HasLastSeq: true, Redial: true}, protocol.ParseConnectionInit)
	fullRoundTrip(t, protocol.ConnectionAck{
		ClientID: "c", UserID: "u", Permissions: []string{"read", "write"}, DocumentVersion: 5, SnapshotVersion: 4, Generation: "g", WorkspaceID: "w", WorkspaceRole: "member",
		SessionID: "s", Resumed: true, Locked: true, Replay: &protocol.Range{From: 1, To: 2}, Gap: &protocol.Gap{From: 3, To: 4, Count: 2, Reason: "r"},
		Position: "p", LastMessageID: "m", PermEpoch: 6, ServerTime: at, ExpiresAt: at.Add(time.Hour), HeartbeatInterval: 10 * time.Second, GracePeriod: 1500 * time.Millisecond,
		Limits: protocol.AckLimits{FrameBytes: 1, Depth: 2, IDBytes: 3, Unacknowledged: 4, MessagesPerSecond: 5},
		Apps:   []protocol.AppState{{Package: "com.example.a", State: "running"}, {Package: "com.example.b", State: "dormant", Reason: "r"}},
	}, protocol.ParseConnectionAck)
	roundTrip(t, protocol.ConnectionAck{Permissions: []string{}, WorkspaceID: "w", Limits: protocol.AckLimits{Depth: 1<<31 - 1}}, protocol.ParseConnectionAck)
	fullRoundTrip(t, protocol.Ack{Seq: 1<<64 - 1}, protocol.ParseAck)
	fullRoundTrip(t, protocol.TokenRefresh{Token: "a.b.c"}, protocol.ParseTokenRefresh)
	fullRoundTrip(t, protocol.TokenRefresh{Token: strings.Repeat("x", protocol.TokenBytes)}, protocol.ParseTokenRefresh)
	fullRoundTrip(t, protocol.TokenRefreshed{ExpiresAt: at, ExpiresIn: 15 * time.Minute, PermEpoch: 3, ServerTime: at}, protocol.ParseTokenRefreshed)
	fullRoundTrip(t, protocol.TokenRefreshRequired{Reason: "r", ExpiresIn: time.Minute}, protocol.ParseTokenRefreshRequired)
	fullRoundTrip(t, protocol.PermissionChange{Permissions: []string{"read"}, Removed: []string{"write"}, Reason: "r", EffectiveAt: at, PermEpoch: 7}, protocol.ParsePermissionChange)
	fullRoundTrip(t, protocol.Disconnect{Reason: "r"}, protocol.ParseDisconnect)
	fullRoundTrip(t, protocol.SessionEnd{Reason: "r"}, protocol.ParseSessionEnd)
	fullRoundTrip(t, protocol.RateLimited{RetryAfter: 250 * time.Millisecond}, protocol.ParseRateLimited)
	fullRoundTrip(t, protocol.UserMessage{Data: []byte(`null`), At: at}, protocol.ParseUserMessage)
	fullRoundTrip(t, protocol.Op{Op: []byte(`[1]`), DocumentVersion: 8, UserID: "u", ClientID: "c", Section: "s", PermEpoch: 3}, protocol.ParseOp)
	fullRoundTrip(t, protocol.OperationAck{DocumentVersion: 8, CommentID: "8", Op: []byte(`null`), Comment: []byte(`{}`), UserID: "u", ClientID: "c"}, protocol.ParseOperationAck)
	fullRoundTrip(t, protocol.SyncRequest{From: 4, Snapshot: 9, Part: 2}, protocol.ParseSyncRequest)
	fullRoundTrip(t, protocol.DocumentSync{From: 1, To: 2, DocumentVersion: 3, More: true, Snapshot: &protocol.Snapshot{Parts: 1, Data: []byte(`1`)}, Generation: "g", Ops: []protocol.SyncOp{
		{Version: 1, MessageID: "m", UserID: "u", ClientID: "c", Op: []byte(`{}`)}, {Version: 2, Op: []byte(`"x"`)}, {Version: 3, Comment: []byte(`{"event":"create"}`)},
	}}, protocol.ParseDocumentSync)
	fullRoundTrip(t, protocol.Comment{
		Event: "reply", CommentID: "7", Body: []byte(`"b"`), Anchor: []byte(`[1]`), DocumentVersion: 9, UserID: "u", ClientID: "c", At: at, Erased: true,
	}, protocol.ParseComment)
	fullRoundTrip(t, protocol.Snapshot{DocumentVersion: 9, Part: 1, Parts: 2, Data: []byte(`null`)}, protocol.ParseSnapshot)
	fullRoundTrip(t, protocol.SnapshotAck{DocumentVersion: 9, Part: 1, Complete: true, Generation: "g"}, protocol.ParseSnapshotAck)
	fullRoundTrip(t, protocol.Lock{Section: "s", TTL: time.Minute}, protocol.ParseLock)
	fullRoundTrip(t, protocol.Locks{Locked: true, Reason: "log_full", Sections: []protocol.LockedSection{{Section: "s", UserID: "u", ClientID: "c", Until: at}}}, protocol.ParseLocks)
	fullRoundTrip(t, protocol.AppMessage{From: protocol.FromOperator, To: "com.example.a", Stream: "button", Data: []byte(`null`)}, protocol.ParseAppMessage)
	fullRoundTrip(t, protocol.AppSubscribe{Streams: []string{"button", "touch:left"}}, protocol.ParseAppSubscribe)
	fullRoundTrip(t, protocol.AppCommand{Package: "com.example.a"}, protocol.ParseAppCommand)
	fullRoundTrip(t, protocol.AppState{Package: "com.example.a", State: "stopped", Reason: "r"}, protocol.ParseAppState)
	fullRoundTrip(t, protocol.AppConnectionInit{SessionID: "s", Package: "com.example.a", Key: "k", LastSeq: 9, HasLastSeq: true}, protocol.ParseAppConnectionInit)
	fullRoundTrip(t, protocol.AppConnectionAck{
		Package: "com.example.a", UserID: "u", SessionID: "s", Resumed: true, Replay: &protocol.Range{From: 1, To: 2}, Gap: &protocol.Gap{From: 3, To: 4, Count: 2, Reason: "r"},
		ClientConnected: true, ServerTime: at, HeartbeatInterval: 10 * time.Second, GracePeriod: 5 * time.Second, Limits: protocol.AckLimits{Depth: 2},
	}, protocol.ParseAppConnectionAck)
	fullRoundTrip(t, protocol.Presence{UserID: "u", ClientID: "c", Name: "n", Guest: true, Delegate: true, Data: []byte(`{"x":1}`)}, protocol.ParsePresence)
	fullRoundTrip(t, protocol.PresenceState{Members: []protocol.Presence{{UserID: "u"}, {Data: []byte(`1`)}}, Readers: 7, Unlisted: true}, protocol.ParsePresenceState)
	fullRoundTrip(t, protocol.PresenceReaders{Readers: 7}, protocol.ParsePresenceReaders)
}

// TestPayloadsRefused gives each parser data of another kind.
func TestPayloadsRefused(t *testing.T) {
	bad := map[string][]string{
		"system/connection_init":        {`[]`, `1`, `{"session_id":1}`, `{"last_seq":-1}`, `{"last_seq":"1"}`},
		"system/connection_ack":         {``, `null`, `{}`, `{"client_id":"c","user_id":"u"}`, ack(`"resumed":1`), ack(`"replay":{"from":1}`), ack(`"replay":7`), ack(`"gap":{}`), ack(`"gap":[]`), ack(`"limits":{"depth":-1}`), ack(`"limits":{"depth":4294967296}`), ack(`"limits":[]`), ack(`"server_time":"now"`), ack(`"grace_period":9223372036855`), ack(`"workspace_context":{"role":1}`), ack(`"apps":{}`), ack(`"apps":[1]`)},
		"system/connection_error":       {``, `{}`},
		"system/error":                  {``, `{}`},
		"system/ack":                    {``, `null`, `{}`, `{"seq":null}`, `{"seq":1.5}`, `{"seq":18446744073709551616}`},
		"system/token_refresh":          {``, `{}`, `{"token":""}`, `{"token":7}`, `{"token":"` + strings.Repeat("x", protocol.TokenBytes+1) + `"}`},
		"system/token_refreshed":        {``, `[]`, `{"expires_at":1}`, `{"expires_in":-1}`, `{"expires_in":9223372037}`},
		"system/token_refresh_required": {``, `{"reason":1}`},
		"system/permission_change":      {``, `{}`, `{"permissions":"read"}`, `{"permissions":[1]}`, `{"permissions":[],"removed":[null]}`},
		"system/disconnect":             {`1`, `{"reason":1}`},
		"system/session_ended":          {`1`, `{"reason":[]}`},
		"system/rate_limited":           {``, `{}`, `{"retry_after":"1s"}`},
		"system/message":                {``, `null`, `{}`, `{"data":1}`, `{"at":"2025-01-07T10:00:00Z"}`, `{"data":1,"at":1}`},
		"operation/op":                  {``, `null`, `{}`, `{"Op":1}`, `[1]`, `{"op":1,"document_version":"1"}`, `{"op":1,"user_id":1}`, `{"op":1,"client_id":{}}`},
		"operation/operation_ack":       {``, `{}`, `{"document_version":null}`, `{"document_version":-1}`},
		"operation/sync_request":        {``, `{}`, `{"from":-1}`},
		"operation/document_sync": {``, `{}`, `{"from":1,"to":1}`, `{"from":1,"to":1,"ops":{}}`, `{"from":1,"to":1,"ops":[1]}`, `{"from":1,"to":1,"ops":[{"op":1}]}`, `{"from":1,"to":1,"ops":[{"version":1}]}`,
			`{"from":1,"to":1,"ops":[{"version":1,"op":1,"comment":{}}]}`, `{"from":1,"to":1,"ops":[],"snapshot":{"part":0}}`},
		"operation/snapshot":     {``, `{}`, `{"document_version":1,"part":0,"parts":1}`, `{"document_version":1,"part":1,"parts":1,"data":1}`, `{"document_version":1,"part":-1,"parts":1,"data":1}`},
		"operation/snapshot_ack": {``, `{"document_version":1,"part":0}`, `{"document_version":1,"part":0,"complete":1}`},
		"operation/lock":         {``, `{}`, `{"section":1}`, `{"section":"s","ttl":-1}`},
		"operation/unlock":       {``, `{"section":null}`},
		"operation/locks":        {``, `{"locked":true}`, `{"locked":true,"sections":{}}`, `{"locked":true,"sections":[{"section":"s"}]}`},
		"comment/create":         {``, `null`, `{"comment_id":1}`},
		"comment/reply":          {``, `[]`, `{"at":1}`},
		"comment/resolve":        {``, `{"document_version":"1"}`},
		"presence/join":          {`[]`, `{"user_id":1}`},
		"presence/leave":         {`[]`},
		"presence/update":        {`"x"`, `{"name":[]}`},
		"presence/state":         {``, `{}`, `{"members":{}}`, `{"members":[1]}`, `{"members":[],"readers":-1}`, `{"members":[],"unlisted":1}`},
		"presence/readers":       {``, `{}`, `{"readers":"1"}`, `{"readers":4294967296}`},
		"app/app_message":        {``, `{}`, `{"from":"operator"}`, `{"to":1,"data":1}`, `{"from":1,"data":1}`},
		"app/app_subscribe":      {``, `{}`, `{"streams":1}`, `{"streams":[1]}`, `{"streams":[""]}`, `{"streams":["a\u0000"]}`, `{"streams":["` + strings.Repeat("b", 129) + `"]}`, `{"streams":[` + strings.Repeat(`"a",`, 100) + `"a"]}`},
		"app/app_start":          {``, `{}`, `{"package":1}`, `{"package":"captions"}`, `{"package":"Com.Example"}`},
		"app/app_stop":           {``, `{"package":"a..b"}`, `{"package":"a.b."}`, `{"package":".a.b"}`, `{"package":"a.` + strings.Repeat("b", 99) + `"}`},
		"app/app_started":        {``, `{}`, `{"package":[]}`},
		"app/app_stopped":        {``, `{"package":"a.b","reason":1}`},
		"app/app_state":          {``, `{"package":"a.b","state":1}`},

		"app/app_connection_init":  {`1`, `{"session_id":1}`, `{"api_key":{}}`, `{"last_seq":-1}`, `{"last_seq":9007199254740992}`},
		"app/app_connection_ack":   {``, `{}`, `{"package":"a.b","user_id":"u"}`, `{"package":"a.b","user_id":"u","session_id":"s","gap":{}}`, `{"package":"a.b","user_id":"u","session_id":"s","limits":[]}`},
		"app/app_connection_error": {``, `{}`},
	}
	for name, parse := range parsers {
		if len(bad[name]) == 0 {
			t.Errorf("%s has no case", name)
		}
		for _, data := range bad[name] {
			if got, ok := parse([]byte(data)); ok {
				t.Errorf("%s: %.60q reads as %s", name, data, got)
			}
		}
	}
}

// ack returns the shortest connection_ack with one more member.
func ack(member string) string {
	return `{"client_id":"c","user_id":"u","permissions":[],` + member + `}`
}

func TestPayloadTolerance(t *testing.T) {
	if op, ok := protocol.ParseOp([]byte(`{"new":{"op":2},"op":1,"op":3,"user_id":null,"client_id":"c"}`)); !ok || string(op.Op) != "1" || op.ClientID != "c" {
		t.Errorf("op reads as %+v, %v", op, ok)
	}
	if a, ok := protocol.ParseOperationAck([]byte(`{"document_version":null,"document_version":3,"document_version":4}`)); ok {
		t.Errorf("an ack whose first version is null reads as %+v", a)
	}
	if p, ok := protocol.ParseConnectionInit([]byte(`null`)); !ok || p.HasLastSeq {
		t.Errorf("null data: %+v, %v", p, ok)
	}
	if p, ok := protocol.ParsePresence(nil); !ok || p.Data != nil {
		t.Errorf("no data: %+v, %v", p, ok)
	}
	// A limit of 0 is left out.
	limited := protocol.ConnectionAck{Limits: protocol.AckLimits{Depth: 16}}.Append(nil)
	if got := string(jsonscan.Field(limited, "limits")); got != `{"depth":16}` {
		t.Errorf("limits are written as %s", got)
	}
	// A duration rounds down, and is never negative.
	p := protocol.TokenRefreshRequired{Reason: "r", ExpiresIn: 1999 * time.Millisecond}
	if got := string(p.Append(nil)); got != `{"reason":"r","expires_in":1}` {
		t.Errorf("1.999 s is written as %s", got)
	}
	p.ExpiresIn = -time.Hour
	if got := string(p.Append(nil)); got != `{"reason":"r","expires_in":0}` {
		t.Errorf("-1 h is written as %s", got)
	}
}
