package protocol

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// Kind is one type of frame with the events it may carry.
type Kind struct {
	Type   string
	Events []string
}

// Catalogue lists every frame. Decode returns these very strings, so a decoded name
// costs no allocation.
var Catalogue = [...]Kind{
	{TypeSystem, []string{
		EventConnectionInit, EventConnectionAck, EventConnectionError, EventError, EventPing, EventPong,
		EventAck, EventTokenRefresh, EventTokenRefreshed, EventTokenRefreshRequired, EventPermissionChange,
		EventDisconnect, EventSessionEnded, EventRateLimited, EventMessage,
	}},
	{TypeOperation, []string{
		EventOp, EventOperationAck, EventSyncRequest, EventDocumentSync, EventSnapshot, EventSnapshotAck,
		EventLock, EventUnlock, EventLocks,
	}},
	{TypePresence, []string{EventJoin, EventLeave, EventUpdate, EventState, EventReaders}},
	{TypeComment, []string{EventCreate, EventReply, EventResolve}},
	{TypeApp, []string{
		EventAppConnectionInit, EventAppConnectionAck, EventAppConnectionError, EventAppStart, EventAppStop, EventAppStarted, EventAppStopped, EventAppState, EventAppMessage, EventAppSubscribe,
		EventClientDisconnected, EventClientReconnected,
	}},
}

// flatKinds are the events that may stand as the type of a frame without an event, each
// under the type that it belongs to. The clients of seed S1 write handshake and heartbeat so.
var flatKinds = [...]Kind{
	{TypeSystem, []string{EventConnectionInit, EventConnectionAck, EventConnectionError, EventPing, EventPong}},
	{TypeApp, []string{EventAppConnectionInit, EventAppConnectionAck, EventAppConnectionError}},
}

func kindOf(typ []byte) *Kind {
	for i := range Catalogue {
		if jsonscan.Equal(typ, Catalogue[i].Type) {
			return &Catalogue[i]
		}
	}
	return nil
}

// intern returns the string of list that equals b, or "".
func intern(b []byte, list []string) string {
	for _, s := range list {
		if jsonscan.Equal(b, s) {
			return s
		}
	}
	return ""
}
