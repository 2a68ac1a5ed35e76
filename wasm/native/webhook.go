//go:build !js

package native

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/signature"
)

// webhookBytes is the largest call of the webhook that the app reads.
const webhookBytes = 64 << 10

// sessionRequest is a call of the webhook: it asks the app to connect to a user's session.
type sessionRequest struct {
	Type         string `json:"type"`
	Package      string `json:"package"`
	SessionID    string `json:"session_id"`
	UserID       string `json:"user_id"`
	WebSocketURL string `json:"websocket_url"`
}

// ServeHTTP answers a call of the app's webhook. For a call that the server signed within the
// last five minutes it answers 204, and the app connects to the session that the call names.
// A call for a session that the app is on only makes it check the connection. ServeHTTP
// refuses every other call: 401 without a valid signature, 400 if it is not for this app, 503
// if the App is closed.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhookBytes))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	header, now := strings.Join(r.Header.Values(protocol.SignatureHeader), ","), time.Now()
	signed, refused := signature.Parse(header, now, signature.DefaultWindow)
	mac, ok := signed.MAC(body, a.secrets)
	if refused != "" || !ok {
		a.refuse(w, http.StatusUnauthorized, "the signature is missing, wrong or too old")
		return
	}
	var call sessionRequest
	if json.Unmarshal(body, &call) != nil {
		a.refuse(w, http.StatusBadRequest, "not JSON")
		return
	}
	user, ok := protocol.AppSessionUser(call.SessionID)
	switch {
	case call.Type != "session_request":
		a.refuse(w, http.StatusBadRequest, "not a session_request")
	case call.Package != a.cfg.Package:
		a.refuse(w, http.StatusBadRequest, "for another package")
	case !ok || user != call.UserID:
		a.refuse(w, http.StatusBadRequest, "the session is not the user's")
	default:
		a.called(w, mac, call, now)
	}
}

// refuse answers a call with a reason, which holds nothing of the call.
func (a *App) refuse(w http.ResponseWriter, status int, why string) {
	a.own.Logger.Warn("webhook refused", "status", status, "reason", why)
	http.Error(w, why, status)
}

// called connects to a session, once for each.
func (a *App) called(w http.ResponseWriter, mac string, call sessionRequest, now time.Time) {
	address, err := a.address(call.WebSocketURL, call.SessionID)
	if err != nil {
		a.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		a.refuse(w, http.StatusServiceUnavailable, "the app is closed")
		return
	}
	repeated := a.repeated(mac, now)
	s := a.sessions[call.SessionID]
	if s != nil && s.isOver() {
		s = nil // its Handle has not returned yet
	}
	if s == nil && !repeated {
		s := &AppSession{id: call.SessionID, user: call.UserID, begun: make(chan struct{})}
		a.sessions[call.SessionID] = s
		a.work.Go(func() { a.serve(s, address) })
	}
	a.mu.Unlock()
	if s != nil {
		// The server may have lost a connection that looks fine from here.
		<-s.begun
		s.Wake()
	}
	w.WriteHeader(http.StatusNoContent)
}

// repeated reports whether this very call was answered before: a call that somebody recorded
// and sends again starts nothing. Only signed calls get here, and each is forgotten when its
// signature is too old. The caller holds the lock.
func (a *App) repeated(mac string, now time.Time) bool {
	for other, at := range a.seen {
		if now.Sub(at) > 2*signature.DefaultWindow {
			delete(a.seen, other)
		}
	}
	_, known := a.seen[mac]
	a.seen[mac] = now
	return known
}
