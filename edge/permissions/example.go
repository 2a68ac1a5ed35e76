// Command permissions is an example of a service that says who may do what (PERMISSIONS_URL), and
// reports changes by the signed webhook. openapi.json is the contract; service.mjs is the same
// service in JavaScript. Roles are in memory here, and in your database there.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

var (
	mu    sync.Mutex
	roles = map[string]map[string]string{} // document -> user -> role
)

// access answers Holdfast: POST {"user_id","document"}.
func access(w http.ResponseWriter, r *http.Request) {
	var q struct {
		UserID   string `json:"user_id"`
		Document string `json:"document"`
	}
	if json.NewDecoder(r.Body).Decode(&q) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	mu.Lock()
	users, found := roles[q.Document]
	role := users[q.UserID]
	mu.Unlock()
	switch {
	case !found:
		w.WriteHeader(http.StatusNotFound)
	case role == "":
		w.WriteHeader(http.StatusForbidden)
	default:
		json.NewEncoder(w).Encode(map[string]string{"workspace_id": "ws_example", "document_role": role})
	}
}

// change stores a role, as your application would, and tells Holdfast: PUT /documents/d/users/u {"role"}.
func change(w http.ResponseWriter, r *http.Request) {
	document, user := r.PathValue("document"), r.PathValue("user")
	var body struct{ Role string }
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	mu.Lock()
	if roles[document] == nil {
		roles[document] = map[string]string{}
	}
	roles[document][user] = body.Role
	mu.Unlock()
	if err := tell(map[string]string{"user_id": user, "document": document}); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway) // the role is stored: repeat
	}
}

// tell sends Holdfast a signed webhook. After anything but 200 it has to be sent again.
func tell(event any) error {
	body, _ := json.Marshal(event)
	now := time.Now().Unix()
	mac := hmac.New(sha256.New, []byte(os.Getenv("WEBHOOK_SECRET")))
	fmt.Fprintf(mac, "%d.%s", now, body)
	r, err := http.NewRequest("POST", os.Getenv("HOLDFAST_URL")+"/v1/webhooks/permissions", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Holdfast-Signature", fmt.Sprintf("t=%d,v1=%x", now, mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the webhook was answered with %s", answer.Status)
	}
	return nil
}

// authorized lets only those through who have the token.
func authorized(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !hmac.Equal([]byte(r.Header.Get("Authorization")), []byte("Bearer "+os.Getenv("PERMISSIONS_TOKEN"))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h(w, r)
	}
}

func main() {
	http.HandleFunc("POST /permissions", authorized(access))
	http.HandleFunc("PUT /documents/{document}/users/{user}", authorized(change))
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/permissions\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
