package front

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/mentra"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// stepBytes is what most steps take, with the state: a text that grows is copied over and over.
const stepBytes = 4096

func step(do string) jsonscan.Writer {
	w := jsonscan.NewObject(make([]byte, 0, stepBytes))
	w.Str("do", do)
	return w
}

// final is a step with nothing to say but its name.
func final(do string) []byte {
	w := step(do)
	return w.End()
}

// next ends a step that wants a result.
func (a *admission) next(w jsonscan.Writer) []byte {
	w.Key("state")
	w.Buf = a.append(w.Buf)
	return w.End()
}

// fail ends an admission in the form its sender can read.
func (a *admission) fail(err *protocol.Error) []byte {
	a.refused = err
	switch {
	case a.page:
		return respondWith(err, err.Row().HTTP, a.corsHeaders()...)
	case !a.connect:
		w := step("refused")
		w.Raw("error", err.Frame().Data)
		return w.End()
	case a.sdk:
		return refuseBy(err, mentra.CloseCode(err.CloseCode()), mentra.AppendError(nil, err), a.protocol)
	case a.browser, a.held:
		return refuse(err, a.frame(err), a.protocol)
	}
	return respondText(err, err.Row().HTTP, a.frame(err))
}

// unavailable is a failure of an object, as a deploy is to all of them: those who were there
// are given times between one second and two, by who they are, and not all the same.
func (a *admission) unavailable(reason string) []byte {
	h := uint32(2166136261) // FNV-1a
	for _, name := range [...]string{a.document, a.client, a.subject, a.session} {
		for i := 0; i < len(name); i++ {
			h = (h ^ uint32(name[i])) * 16777619
		}
	}
	return a.fail(&protocol.Error{
		Code: protocol.ServiceUnavailable, Reason: reason, RetryAfter: time.Second + time.Duration(h%1000)*time.Millisecond,
	})
}

// settled ends what is common to all attempts to connect. A refusal has its line in the
// log, and counts against its address, whatever its reason. Not so what failed on our side
// once the token or the key was found good, or because the database that knows the keys was
// away: anything else a stranger can bring about at will.
func (f *Front) settled(a *admission, step []byte, now time.Time) []byte {
	err := a.refused
	if err == nil || !a.connect {
		return step
	}
	ours := err.Code == protocol.ServiceUnavailable || err.Code == protocol.InternalError
	good := a.subject != "" || a.keyID != "" || err.Reason == reasonKeysAway || err.Reason == reasonDelegationsAway || err.Reason == reasonClaimsAway || err.Reason == reasonClaimsUnusable
	if ours && good && a.taken {
		f.connects.give(a.address)
	}
	return f.logged(step, a.address, err, a.line(err), now)
}

// frame is the error as a frame. A device's and an app's are seed S1's.
func (a *admission) frame(err *protocol.Error) []byte {
	f := err.Frame()
	switch {
	case a.device:
		f.Event, f.Flat = protocol.EventConnectionError, a.flat
	case a.app:
		f.Type, f.Event, f.Flat = protocol.TypeApp, protocol.EventAppConnectionError, a.flat
	}
	return f.Append(nil)
}

// line is what the operator's log says of an attempt to connect (seed S2: "Log
// authentication events"): who, where, and why not. Never a token, and nothing of
// the request that was not checked.
func (a *admission) line(err *protocol.Error) string {
	w := jsonscan.NewObject(nil)
	if err == nil {
		w.Str("level", "info")
		w.Str("event", "connect_admitted")
	} else {
		w.Str("level", "warn")
		w.Str("event", "connect_refused")
		w.Str("code", string(err.Code))
		w.Str("reason", err.Reason)
	}
	switch {
	case a.app:
		w.Str("channel", "app")
		w.Str("package", a.pkg)
		if a.keyID != "" { // what a key says of itself anybody can write
			w.Str("key_id", a.keyID)
		}
	case a.device:
		w.Str("channel", "device")
		w.Str("client_id", a.client)
	default:
		w.Str("document", a.document)
		w.Str("client_id", a.client)
		if err == nil && a.await == awaitResume {
			w.Str("by", "document") // alone
		}
	}
	if a.subject != "" { // known only once the signature or the key is
		w.Str("user_id", a.subject)
	}
	if a.origin != "" {
		appendOrigin(&w, a.origin)
	}
	return string(w.End())
}

// originLine is what the operator's log says of a page that may not ask here.
func originLine(err *protocol.Error, origin string) string {
	w := jsonscan.NewObject(nil)
	w.Str("level", "warn")
	w.Str("event", "origin_refused")
	w.Str("code", string(err.Code))
	appendOrigin(&w, origin)
	return string(w.End())
}

// appendOrigin names a page's origin, if it has the form of one, and what lets it in.
func appendOrigin(w *jsonscan.Writer, origin string) {
	if protocol.Identifier(origin, protocol.DefaultLimits.IDBytes) {
		w.Str("origin", origin)
	}
	w.Str("message", "If pages of this origin are yours, add it to ALLOWED_ORIGINS.")
}

// logged adds a line for the log to a step that is ready, unless the address has had one of
// the same kind within the minute.
func (f *Front) logged(step []byte, address string, err *protocol.Error, line string, now time.Time) []byte {
	more, ok := f.lines.take(address, string(err.Code)+" "+err.Reason, now)
	if !ok {
		return step
	}
	if more > 0 {
		l := jsonscan.Writer{Buf: []byte(line[:len(line)-1])}
		l.Int("more", int64(more))
		line = string(l.End())
	}
	w := jsonscan.Writer{Buf: step[:len(step)-1]}
	w.Str("log", line)
	return w.End()
}

// refusal is fail for a request that has no admission yet.
func (f *Front) refusal(r request, err *protocol.Error, now time.Time) []byte {
	a := admission{connect: true, browser: r.upgrade() && r.origin != "", address: r.address}
	a.protocol, _ = r.protocol()
	return f.settled(&a, a.fail(err), now)
}

// refuse says it on a socket: one frame, then the close.
func refuse(err *protocol.Error, frame []byte, selected string) []byte {
	return refuseBy(err, err.CloseCode(), frame, selected)
}

func refuseBy(err *protocol.Error, code int, frame []byte, selected string) []byte {
	w := step("refuse")
	w.Str("protocol", selected)
	w.Str("frame", string(frame))
	w.Int("code", int64(code))
	w.Str("reason", err.CloseReason())
	return w.End()
}

// respond says it as HTTP, with the same frame as the body.
func respond(err *protocol.Error) []byte { return respondWith(err, err.Row().HTTP) }

// respondWith is respond with another status and one header more.
func respondWith(err *protocol.Error, status int, header ...string) []byte {
	return respondText(err, status, err.AppendJSON(nil), header...)
}

func respondText(err *protocol.Error, status int, body []byte, header ...string) []byte {
	if status == 401 {
		challenge := "Bearer"
		if err.Reason != token.ReasonMissing {
			challenge += ` error="invalid_token"` // RFC 6750, section 3
		}
		header = append(header, "www-authenticate", challenge)
	}
	if err.RetryAfter > 0 {
		header = append(header, "retry-after", strconv.Itoa(int((err.RetryAfter+time.Second-1)/time.Second)))
	}
	return response(status, string(body), header...)
}

func ok(body string) []byte { return response(200, body) }

func response(status int, body string, header ...string) []byte {
	return answer(status, body, "no-store", header...)
}

func answer(status int, body, cache string, header ...string) []byte {
	w := step("respond")
	w.Int("status", int64(status))
	w.Open("headers")
	w.Str("content-type", "application/json")
	w.Str("cache-control", cache)
	for i := 0; i+1 < len(header); i += 2 {
		w.Str(header[i], header[i+1])
	}
	w.Close()
	w.Str("body", body)
	return w.End()
}
