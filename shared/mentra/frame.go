package mentra

import (
	"strings"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	typeInit      = "tpa_connection_init"
	typeError     = "tpa_connection_error"
	typeSubscribe = "subscription_update"
	typeRelease   = "ownership_release"
	typeStream    = "data_stream"
	typeCustom    = "custom_message"
)

// direct are the types that the SDK reads as they are, each with spaces around.
const direct = " custom_message settings_update augmentos_settings_update capabilities_update device_state_update" +
	" dashboard_mode_changed dashboard_always_on_changed permission_error audio_play_response rgb_led_control_response" +
	" photo_response rtmp_stream_status managed_stream_status stream_status_check_response" +
	" app_message_received app_user_joined app_user_left app_room_updated app_direct_message_response "

// ours are the types that only the server says to a device: no app may.
const ours = " connection_ack connection_error auth_error app_state_change app_started app_stopped ping pong "

func among(list string, typ string) bool { return strings.Contains(list, " "+typ+" ") }

// flat is what is read of a frame: everything else passes unread.
type flat struct {
	typ string
	pkg *string // nil for none
	// The others are raw JSON.
	session, key, streams []byte
}

// read reads a frame, and false for what is none: no object, no type, a type or package that is
// no text, or one of the members that somebody relies on twice. Readers differ in which of two
// they take.
func read(text []byte) (f flat, ok bool) {
	var typ, pkg []byte
	o, ok := jsonscan.Parse(text)
	for ok && o.Next() {
		var to *[]byte
		switch string(o.Key()) {
		case "type":
			to = &typ
		case "packageName":
			to = &pkg
		case "sessionId":
			to = &f.session
		case "apiKey":
			to = &f.key
		case "subscriptions":
			to = &f.streams
		default:
			continue
		}
		ok = *to == nil
		*to = o.Value()
	}
	if pkg != nil && !jsonscan.IsNull(pkg) {
		name, is := jsonscan.Str(pkg)
		f.pkg, ok = &name, ok && is
	}
	f.typ, _ = jsonscan.Str(typ)
	return f, ok && f.typ != ""
}

func (f *flat) name() string {
	if f.pkg == nil {
		return ""
	}
	return *f.pkg
}

// Init is an app's first frame.
type Init struct{ SessionID, Package, Key string }

// IsInit reports whether a checked text is an app's first frame in the dialect.
func IsInit(text []byte) bool {
	return jsonscan.Equal(jsonscan.Field(text, "type"), `"`+typeInit+`"`)
}

// ParseInit reads it.
func ParseInit(text []byte) (Init, bool) {
	f, ok := read(text)
	p := Init{Package: f.name()}
	var session, key bool
	p.SessionID, session = jsonscan.Str(f.session)
	p.Key, key = jsonscan.Str(f.key)
	return p, ok && session && (key || f.key == nil)
}

// Frame is the same in the protocol, without its key, which nobody else is to see.
func (p Init) Frame() protocol.Frame {
	data := protocol.AppConnectionInit{SessionID: p.SessionID, Package: p.Package}
	return protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppConnectionInit, Data: data.Append(nil)}
}

// AppendError writes an error as the SDK reads it.
func AppendError(dst []byte, e *protocol.Error) []byte { return appendError(dst, e.Frame().Data) }

func appendError(dst, data []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("type", typeError)
	w.Raw("code", jsonscan.Field(data, "error_code"))
	message, _ := jsonscan.Str(jsonscan.Field(data, "message"))
	if reason, _ := jsonscan.Str(jsonscan.Field(jsonscan.Field(data, "details"), "reason")); reason != "" {
		message += " (" + reason + ")" // it is all that the SDK shows
	}
	w.Str("message", message)
	return w.End()
}

// firm is the close code that the SDK takes for final, beside 1000 and 1001.
const firm = 1008

// CloseCode is the code by which an app's connection is closed: after any but a firm one the SDK
// connects again. It has no fresh key to come with, so the codes that ask for one are firm.
func CloseCode(code int) int {
	if code >= 4400 || code >= 4100 && code < 4200 {
		return firm
	}
	return code
}

// StopReason is the SDK's word for why an app is stopped.
func StopReason(reason string) string {
	switch reason {
	case "user_stopped":
		return "user_disabled"
	case "session_ended", "app_left":
		return "system_stop"
	}
	return "error"
}
