package agent

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
)

// The words between the page and the agent.
//
// From the page: start {…} · lock_granted · lock_lost · message TEXT · timer ·
// token {token} · token_failed {message,code,final,retry_after} · visible · hidden ·
// online · offline · freeze · resume · pagehide · pageshow · send {id,op} ·
// presence JSON · refresh · sign_out · close
//
// To the page: lock NAME · steal NAME · unlock · post TEXT · timer MS · token ·
// emit {type,detail?,set?} · sent {id,version} · unsent {id,error} · closed

// starting is the page's first word; the agent makes a client of it.
type starting struct {
	client.Start
	cfg client.Config
}

// plain are the words without a text.
var plain = [...]struct {
	word  string
	event client.Event
}{
	{"timer", client.Woken{}},
	{"lock_granted", client.LockGranted{}},
	{"lock_lost", client.LockLost{}},
	{"visible", client.Visible{}},
	{"hidden", client.Hidden{}},
	{"online", client.Online{}},
	{"offline", client.Offline{}},
	{"freeze", client.Freeze{}},
	{"resume", client.Resume{}},
	{"pagehide", client.PageHide{}},
	{"pageshow", client.PageShow{}},
	{"refresh", client.Refresh{}},
	{"sign_out", client.SignOut{}},
	{"close", client.Close{}},
}

// maxDepth bounds what is looked at of the page's own JSON. Whether an op is too
// deep is the client's to say.
const maxDepth = jsontext.DepthLimit

// readEvent turns a word into an event; nil for one that means nothing.
func readEvent(kind, text string) client.Event {
	for _, p := range plain {
		if p.word == kind {
			return p.event
		}
	}
	raw := []byte(text)
	switch kind {
	case "message":
		return client.Broadcast{Text: text}
	case "presence":
		return client.Presence{Data: raw}
	}
	if jsontext.Check(raw, maxDepth) != nil {
		if kind == "token_failed" || kind == "token" {
			return client.TokenFailed{Message: "The app's answer could not be read."}
		}
		return nil
	}
	switch kind {
	case "start":
		return starting{cfg: readConfig(raw)}
	case "token":
		return client.TokenFetched{Token: str(raw, "token")}
	case "token_failed":
		ms, _ := jsontext.Uint(jsontext.Field(raw, "retry_after"))
		return client.TokenFailed{
			Message:    str(raw, "message"),
			Code:       str(raw, "code"),
			Final:      flag(raw, "final"),
			RetryAfter: time.Duration(min(ms, 3_600_000)) * time.Millisecond,
		}
	case "send":
		return client.Send{ID: str(raw, "id"), Op: jsontext.Field(raw, "op")}
	}
	return nil
}

func readConfig(raw []byte) client.Config {
	cfg := client.Config{
		URL:      str(raw, "url"),
		Document: str(raw, "document"),
		ClientID: str(raw, "client_id"),
		TabID:    str(raw, "tab_id"),
		Scope:    str(raw, "scope"),
		Locks:    flag(raw, "locks"),
		Channel:  flag(raw, "channel"),
		Visible:  flag(raw, "visible"),
		Online:   flag(raw, "online"),
		Rand:     14695981039346656037,
	}
	// The tab's id is random; its hash (FNV-1a) seeds the jitter.
	for i := 0; i < len(cfg.TabID); i++ {
		cfg.Rand = (cfg.Rand ^ uint64(cfg.TabID[i])) * 1099511628211
	}
	return cfg
}

func str(raw []byte, name string) string {
	s, _ := jsontext.Str(jsontext.Field(raw, name))
	return s
}

func flag(raw []byte, name string) bool {
	v, _ := jsontext.Bool(jsontext.Field(raw, name))
	return v
}

// writeEffect turns an effect of the page's into a word.
func writeEffect(e client.Effect) (kind, text string) {
	switch e := e.(type) {
	case client.RequestLock:
		return "lock", e.Name
	case client.StealLock:
		return "steal", e.Name
	case client.ReleaseLock:
		return "unlock", ""
	case client.Post:
		return "post", string(e.Text)
	case client.FetchToken:
		return "token", ""
	case client.Emit:
		w := jsontext.NewObject(make([]byte, 0, len(e.Detail)+len(e.Set)+64))
		w.Str("type", e.Type)
		if e.Detail != nil {
			w.Raw("detail", e.Detail)
		}
		if e.Set != nil {
			w.Raw("set", e.Set)
		}
		return "emit", string(w.End())
	case client.Sent:
		w := jsontext.NewObject(nil)
		w.Str("id", e.ID)
		w.Uint("version", e.Version)
		return "sent", string(w.End())
	case client.Unsent:
		w := jsontext.NewObject(nil)
		w.Str("id", e.ID)
		w.Raw("error", e.Error)
		return "unsent", string(w.End())
	case client.Finished:
		return "closed", ""
	}
	return "", ""
}
