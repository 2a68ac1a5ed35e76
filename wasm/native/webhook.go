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

// webhookBytes is the largest call of the webhook that is read.
const webhookBytes = 64 << 10

// sessionRequest is what a call of the webhook asks: to connect to a user's session.
type sessionRequest struct {
	Type         string `json:"type"`
	Package      string `json:"package"`
	SessionID    string `json:"session_id"`
	UserID       string `json:"user_id"`
	WebSocketURL string `json:"websocket_url"`
}

// ServeHTTP answers a call of the app's webhook: 204 for one that the server signed within
// the last five minutes, and the app connects to the session it names. One for a session
// that the app is on does nothing but try the line. Any other is refused: 401 without a
// good signature, 400 when it is not for this app, 503 when the App is closed.
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

// refuse answers a call with why, which holds nothing of the call.
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
		s = nil // its Handle is yet to return
	}
	if s == nil && !repeated {
		s := &AppSession{id: call.SessionID, user: call.UserID, begun: make(chan struct{})}
		a.sessions[call.SessionID] = s
		a.work.Go(func() { a.serve(s, address) })
	}
	a.mu.Unlock()
	if s != nil {
		// The server may have lost a connection that looks well from here.
		<-s.begun
		s.Wake()
	}
	w.WriteHeader(http.StatusNoContent)
}

// repeated reports whether this very call was answered before: one that somebody took down
// and sends again starts nothing. Only signed calls get here, and each is forgotten when
// its signature is too old. The caller holds the lock.
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
