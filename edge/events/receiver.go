// Package events is a receiver of a deployment's events, to copy into a backend of yours:
//
//	http.Handle("POST /holdfast", events.Handler(os.Getenv("EVENTS_SECRET"), func(e events.Event) error { … }))
package events

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Event is one event. An id that came before is one that you have.
type Event struct {
	ID, Type, Document, Stream string
	UserID                     string `json:"user_id"`
	Seq                        int
	At                         time.Time
	Data                       json.RawMessage
}

// Handler gives the events of signed requests to take, in order. If take fails they come again.
func Handler(secret string, take func(Event) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		at, signatures, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("x-holdfast-signature"), "t="), ",")
		seconds, _ := strconv.ParseInt(at, 10, 64)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(at + "." + string(body)))
		want, signed := "v1="+hex.EncodeToString(mac.Sum(nil)), false
		for one := range strings.SplitSeq(signatures, ",") {
			signed = signed || hmac.Equal([]byte(one), []byte(want))
		}
		var batch struct{ Events []Event }
		if !signed || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute || json.Unmarshal(body, &batch) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		for _, e := range batch.Events {
			if take(e) != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
		}
	}
}
