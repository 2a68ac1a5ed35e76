package call

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var rewrite = flag.Bool("rewrite", false, "write the golden vectors of this version")

// vector is a text of testdata. Those of version2.json are frozen: they are what release
// 0.2.0 wrote. Those of version3.json are ours.
type vector struct {
	To, Name string
	Text     json.RawMessage
}

func load(t testing.TB, version int) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("testdata/version%d.json", version))
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, v := range list {
		var compact bytes.Buffer
		json.Compact(&compact, v.Text)
		all[v.To+": "+v.Name] = compact.Bytes()
	}
	return all
}

func at(ms int64) Moment { return Moment(1736244000000 + ms) }

var (
	claims = Claims{UserID: "usr_owner", Email: "owner@example.com", Name: "Olive", TokenID: "t1", IssuedAt: at(-100_000), Expires: at(900_000)}
	grant  = Grant{
		UserID: "usr_owner", Name: "Olive", SessionID: "s1", Document: "welcome", WorkspaceID: "ws_demo", Role: "owner",
		Permissions: permission.Read | permission.Write, Epoch: 3, Locked: true, AccessAt: at(1), Access: 4,
		Expires: at(900_000), IssuedAt: at(-100_000), TokenID: "t1", AdmittedAt: at(2), Share: 500,
	}
	// delegated is a delegate's.
	delegated = Grant{
		UserID: "usr_owner", Name: "Agent X", SessionID: "s1", Document: "welcome", WorkspaceID: "ws_demo", Role: "owner",
		Permissions: permission.All, Epoch: 3, Expires: at(900_000), IssuedAt: at(-100_000), TokenID: "delegate:00000000000000d1", AdmittedAt: at(2),
		Withheld: permission.Moderate | permission.Admin, MadeAt: at(-99_750),
	}
	// entered is the grant of the front Worker's tests, older than some of the members.
	entered = []byte(`{"user_id":"usr_owner","name":"Olive","session_id":"s1","document":"welcome","workspace_id":"ws_demo","role":"owner","permissions":["read","write"],"epoch":3,"locked":false,"exp":1736244900,"jti":"t1"}`)
	// again is the claims as they come back from JavaScript, which sorts nothing.
	again = []byte(`{"email":"owner@example.com","exp":1736244900,"iat":1736243900,"jti":"t1","name":"Olive","user_id":"usr_owner"}`)
)

var postedFrames = []byte(`[{"type":"operation","event":"op","message_id":"m1","data":{"op":1}}]`)

// sender is a request, typed.
type sender interface{ Message() Message }

// requests are all there are, by whom they are to and what they are called in testdata.
var requests = []struct {
	name string
	r    sender
}{
	{"session: admit", &Admit{Document: "welcome", ClientID: "c1", Claims: claims.Append(nil)}},
	{"session: admit, again", &Admit{Document: "welcome", ClientID: "c1", Claims: again, GoneAt: at(2), Access: 4, Again: true}},
	{"session: admit, a token is refreshed", &Admit{Document: "welcome", ClientID: "c1", Claims: claims.Append(nil), Access: 4, Refresh: true}},
	{"session: look", &Look{Document: "welcome", Access: 4}},
	{"session: admit, a delegate", &AdmitDelegate{
		Document: "welcome", UserID: "usr_owner", Delegation: "00000000000000d1", Name: "Agent X", Withheld: permission.Moderate | permission.Admin,
		IssuedAt: at(-99_750), Expires: at(900_000), GoneAt: at(2), Access: 4, Again: true,
	}},
	{"session: may", &May{Document: "welcome", Claims: claims.Append(nil)}},
	{"session: may, anything", &May{Claims: claims.Append(nil)}},
	{"session: gone", &Gone{Document: "welcome", SessionID: "s1", Reason: "grace_expired", AdmittedAt: at(2)}},
	{"session: gone, a client", &Gone{Document: "welcome", ClientID: "c1", SessionID: "s1", Reason: "grace_expired", AdmittedAt: at(2)}},
	{"session: gone, one of several", &Gone{Document: "welcome", ClientID: "c1", SessionID: "s1", Reason: "replaced", Others: true, AdmittedAt: at(2)}},
	{"session: access, a document", &Access{UserID: "usr_owner", Document: "welcome", Reason: "document_role_changed", By: "olive"}},
	{"session: access, a workspace", &Access{UserID: "usr_owner", WorkspaceID: "ws", Reason: "workspace_role_changed", By: "olive"}},
	{"session: access, the document has changed", &Access{UserID: "usr_owner", Document: "welcome", Version: 4, Reason: "permissions_changed", By: "olive"}},
	{"session: end, a token", &End{UserID: "usr_owner", Code: protocol.TokenRevoked, Reason: "revoked", By: "olive", TokenID: "t1"}},
	{"session: end, a sign-in", &End{UserID: "usr_owner", Code: protocol.TokenRevoked, Reason: "revoked", By: "olive", SignIn: "AZRANR1udHdlbHZlIGJ5dGVz"}},
	{"session: end, a client", &End{UserID: "usr_owner", Code: protocol.TokenRevoked, Reason: "revoked", By: "olive", ClientID: "c1"}},
	{"session: end, before", &End{UserID: "usr_owner", Code: protocol.TokenRevoked, Reason: "revoked", By: "olive", Before: at(0)}},
	{"session: end, all", &End{UserID: "usr_owner", Code: protocol.TokenRevoked, Reason: "revoked", By: "olive", All: true}},
	{"session: end, a kick", &End{UserID: "usr_owner", Code: protocol.SessionEnded, Reason: "kicked", By: "olive", Document: "welcome"}},
	{"session: post", &Post{Data: []byte(`{"say":["hello",1,null]}`)}},
	{"session: message", &UserMessage{ID: "msg_1", Data: []byte(`{"say":["hello",1,null]}`), TTLMS: 60_000, Said: true}},
	{"session: message, not kept", &UserMessage{ID: "msg_2", Data: []byte(`null`), Said: true}},
	{"session: message, as long as ever", &UserMessage{ID: "msg_3", Data: []byte(`1`)}},
	{"session: heard", &Heard{ClientID: "c1", MessageID: "msg_1"}},
	{"session: app_key", &AppKey{Package: "com.example.one", KeyID: "00000000000000a1", Reason: "key_revoked", By: "olive"}},
	{"session: app_key, the app", &AppKey{Package: "com.example.one", Reason: "app_deleted", By: "olive"}},
	{"session: visited", &Visited{Forgotten: []string{"welcome"}, After: "notes", Limit: 64}},
	{"session: erase_user", &EraseUser{}},
	{"session: export", &ExportUser{Section: "messages", After: "7", Entries: 100, Bytes: 1 << 20}},
	{"session: describe", &DescribeSession{}},
	{"session: audit", &AuditSession{Entries{UserID: "usr_owner", From: at(-1_000_000), To: at(0), Limit: 50}}},

	{"document: grant", &Push{Grant: &grant, Reason: "document_role_changed"}},
	{"document: end", &EndChannel{UserID: "usr_owner", Fence: 3, Kick: 2, TokenIDs: []string{"t1", "t2"}, Before: at(3), AdmittedAt: at(2)}},
	{"document: end, a kick", &EndChannel{UserID: "usr_owner", Fence: 3, Kick: 3}},
	{"document: lock", &Lock{Locked: true, Reason: "legal_hold", By: "olive", RetryAfterMS: 60_000}},
	{"document: lock, elsewhere", &Lock{Locked: true, Held: true, Reason: "legal_hold", By: "olive", RetryAfterMS: 60_000}},
	{"document: lock, off", &Lock{Reason: "by_operator", By: "olive"}},
	{"document: access", &AccessChanged{}},
	{"document: deliver", &Deliver{UserID: "usr_owner", ClientID: "c1", Messages: []byte(`[{"id":"msg_1","at":1736244000000,"data":{"say":1}}]`)}},
	{"document: past", &Past{Version: 8, Part: 2}},
	{"document: past, entries", &Past{Version: 8, Entries: true, After: 9}},
	{"document: recover", &Recover{At: at(0)}},
	{"document: recover, to a bookmark", &Recover{Bookmark: "0000007b-0000b26e-00001538-0c3e87bb37b3db5cc52eedb93cd3b96b"}},
	{"document: erase", &Erase{}},
	{"document: describe", &DescribeDocument{}},
	{"document: snapshots", &Snapshots{Limit: 5, Before: 9}},
	{"document: restore", &Restore{Version: 9, Snapshot: 8, Named: true, Reason: "by_operator", By: "olive"}},
	{"document: restore, from nothing", &Restore{Version: 9, Named: true, Reason: "by_operator", By: "olive"}},
	{"document: restore, the newest", &Restore{Version: 9, Reason: "by_operator", By: "olive"}},
	{"document: resolve of a server", &Resolve{ClientID: "server/lint", Limit: 500, Reason: "by_operator", By: "olive"}},
	{"document: resolve", &Resolve{UserID: "usr_owner", Limit: 500, Reason: "by_operator", By: "olive"}},
	{"document: erase_comment", &EraseComment{ID: 27, Reason: "by_operator", By: "olive"}},
	{"document: forget", &Forget{UserID: "usr_owner", Reason: "by_operator", By: "olive"}},
	{"document: forget, by the name", &Forget{UserID: "usr_owner", Texts: true, Names: true, Reason: "by_operator", By: "olive"}},
	{"document: content", &Content{After: 9, Entries: 100, Bytes: 1 << 20}},
	{"document: content, in the midst", &Content{Generation: "g1", After: 9, Snapshot: 20, Part: 3, Entries: 100, Bytes: 1 << 20, Known: `"g1.9"`}},
	{"document: export", &Export{ExportUser: ExportUser{Entries: 100, Bytes: 1 << 20}}},
	{"document: export, for a reader, in the midst", &Export{Generation: "g1", Version: 9, Snapshot: 4, Content: true, ExportUser: ExportUser{"entries", "7", 100, 1 << 20}}},
	{"document: export, of a user", &Export{Of: "usr_owner", ExportUser: ExportUser{Entries: 100, Bytes: 1 << 20}}},
	{"document: append", &Append{ClientID: "server", By: "olive", Force: true, Frames: postedFrames}},
	{"document: append, for a user", &Append{
		UserID: "usr_owner", ClientID: "billing", Grant: entered, Generation: "g1", IfVersion: 9, HasIf: true, By: "billing", Frames: postedFrames,
	}},
	{"document: presence", &Presence{}},
	{"document: audit", &AuditDocument{Entries{UserID: "usr_owner", From: at(-1_000_000), To: at(0), Limit: 50}}},

	{"session connect: device", &ConnectDevice{Claims: claims.Append(nil), ClientID: "phone", Protocol: "holdfast.v1", Flat: true}},
	{"session connect: app", &ConnectApp{App: AppName{Package: "com.example.captions", KeyID: "00000000000000a1", SessionID: "dXNyX293bmVy.0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f8706e9d27e0543e8ab39c9364de21b06"}, Protocol: "holdfast.v1"}},
	{"document connect: connect", &ConnectDocument{Grant: entered, ClientID: "c1", SessionID: "s1", LastSeq: 41, HasLastSeq: true, Protocol: "holdfast.v1"}},
	{"document connect: connect, by itself", &ConnectDocument{Grant: entered, ClientID: "c1", SessionID: "s1", LastSeq: 41, HasLastSeq: true, Redial: true}},
	{"document connect: connect, with a position", &ConnectDocument{Grant: entered, ClientID: "c1", SessionID: "s1", LastSeq: 41, HasLastSeq: true, Position: "7c1d.5.40.4"}},
	{"document connect: connect, a delegate", &ConnectDocument{Grant: delegated.Append(nil), ClientID: "delegate:00000000000000d1", Protocol: "holdfast.v1", Delegate: true}},
	{"document connect: connect, by what the document holds", &ConnectDocument{Claims: (&Claims{UserID: "usr_owner", TokenID: "t1", IssuedAt: 1736243900000, Expires: 1736244900000}).Append(nil), ClientID: "c1", SessionID: "s1", LastSeq: 41, HasLastSeq: true}},
	{"document connect: connect, anew", &ConnectDocument{Grant: entered, ClientID: "c1"}},
}

// parsers read a text as the request that it is.
var parsers = map[string]func([]byte) (sender, Error){
	"session": func(text []byte) (sender, Error) {
		r, err := ParseSession(text)
		return map[*Kind]sender{
			&KindAdmit: &r.Admit, &KindLook: &r.Look, &KindGone: &r.Gone, &KindAccess: &r.Access, &KindEnd: &r.End, &KindPost: &r.Post, &KindAppKey: &r.AppKey, &KindUserMessage: &r.UserMessage, &KindHeard: &r.Heard,
			&KindDescribeSession: &DescribeSession{}, &KindAuditSession: &r.Audit,
			&KindVisited: &r.Visited, &KindEraseUser: &EraseUser{},
			&KindAdmitDelegate: &r.AdmitDelegate, &KindMay: &r.May,
			&KindExportUser: &r.Export,
		}[r.Kind], err
	},
	"document": func(text []byte) (sender, Error) {
		r, err := ParseDocument(text)
		return map[*Kind]sender{
			&KindGrant: &r.Push, &KindEndChannel: &r.EndChannel, &KindLock: &r.Lock, &KindAccessChanged: &AccessChanged{}, &KindDeliver: &r.Deliver, &KindRecover: &r.Recover, &KindPast: &r.Past, &KindErase: &Erase{},
			&KindDescribeDocument: &DescribeDocument{}, &KindSnapshots: &r.Snapshots, &KindRestore: &r.Restore, &KindResolve: &r.Resolve, &KindAuditDocument: &r.Audit,
			&KindEraseComment: &r.EraseComment, &KindForget: &r.Forget,
			&KindContent: &r.Content, &KindAppend: &r.Append, &KindPresence: &Presence{},
			&KindExport: &r.Export,
		}[r.Kind], err
	},
	"session connect":  toSocket(ParseSessionConnect),
	"document connect": toSocket(ParseDocumentConnect),
}

func toSocket(parse func([]byte) (*ToSocket, Error)) func([]byte) (sender, Error) {
	return func(text []byte) (sender, Error) {
		r, err := parse(text)
		return map[*Kind]sender{&KindConnectDevice: &r.Device, &KindConnectApp: &r.App, &KindConnectDocument: &r.Document}[r.Kind], err
	}
}

// answers are those that are more than one value.
var answers = []struct {
	name string
	text []byte
	// parse reads one as want.
	parse func([]byte) any
	want  any
}{
	{"answer: admit", AppendValue(nil, &KindAdmit, grant.Append(nil)), func(b []byte) any { g, _ := ParseGrant(value(b, &KindAdmit)); return *g }, grant},
	{"answer: admit, a delegate", AppendValue(nil, &KindAdmitDelegate, delegated.Append(nil)),
		func(b []byte) any { g, _ := ParseGrant(value(b, &KindAdmitDelegate)); return *g }, delegated},
	{"answer: admit, refused", AppendError(nil, &protocol.Error{Code: protocol.InsufficientPermissions}),
		func(b []byte) any { _, err := ParseAnswer(b, &KindAdmit); return err.Code }, protocol.InsufficientPermissions},
	{"answer: readmit", Readmit{true, at(2), 4}.Append(nil), func(b []byte) any { a, _ := ParseRefusal(b); return a }, Readmit{true, at(2), 4}},
	{"answer: ended", Ended{true, true, true, "m1", at(2), nil}.Append(nil), func(b []byte) any { a := ParseEnded(b); a.Clients = append([]string(nil), a.Clients...); return a }, Ended{true, true, true, "m1", at(2), nil}},
	{"answer: ended, others left", Ended{OK: true, Last: "m1", AdmittedAt: at(2), Clients: []string{"c1", "delegate:00000000000000d1"}}.Append(nil), func(b []byte) any { return ParseEnded(b) },
		Ended{OK: true, Last: "m1", AdmittedAt: at(2), Clients: []string{"c1", "delegate:00000000000000d1"}}},
	{"answer: lock", Locked{true, true, 9}.Append(nil), func(b []byte) any { return string(value(b, &KindLock)) }, "9"},
	{"answer: post", AppendValue(nil, &KindPost, []byte("7")), func(b []byte) any { return string(value(b, &KindPost)) }, "7"},
	{"answer: access", (&AccessTaken{4, []string{"usr_owner"}}).Append(nil),
		func(b []byte) any { return ParseAccessTaken(value(b, &KindAccessChanged)) }, AccessTaken{4, []string{"usr_owner"}}},
	{"answer: erased", (&Erased{9, 8, 2, 4, []string{"usr_owner"}, 0, nil, 0}).Append(nil),
		func(b []byte) any { return ParseErased(value(b, &KindErase)) }, Erased{9, 8, 2, 4, []string{"usr_owner"}, 0, nil, 0}},
	{"answer: erased, and how much", (&Erased{9, 8, 2, 4, []string{"usr_owner"}, 1, []byte(`{"ops":9}`), 120}).Append(nil),
		func(b []byte) any { return ParseErased(value(b, &KindErase)) }, Erased{9, 8, 2, 4, []string{"usr_owner"}, 1, []byte(`{"ops":9}`), 120}},
	{"answer: app_key", (&AppReceipt{"usr_owner", []string{"com.example.one"}, 0}).Append(nil),
		func(b []byte) any { return ParseAppReceipt(value(b, &KindAppKey)) }, AppReceipt{"usr_owner", []string{"com.example.one"}, 0}},
	{"answer: append, outdated", (&Outdated{true, 4}).Append(nil), func(b []byte) any { return ParseOutdated(value(b, &KindAppend)) }, Outdated{true, 4}},
	// These go on to the operator as they came.
	{"answer: visited", AppendVisited(nil, []string{"welcome"}, true), func(b []byte) any { d, more := ParseVisited(b); return fmt.Sprint(d, more) }, "[welcome] true"},
	{"answer: forgotten", (&Forgotten{[]byte(`{"ops":3}`), 1, 2, 9}).Append(nil),
		func(b []byte) any { return ParseForgotten(value(b, &KindForget)) }, Forgotten{[]byte(`{"ops":3}`), 1, 2, 9}},
	{"answer: user_erased", (&UserErased{[]byte(`{"audit":3}`), 1}).Append(nil), passed(&KindEraseUser), `{"rows":{"audit":3},"sockets":1}`},
	{"answer: comment_erased", (&CommentErased{2, 9}).Append(nil), passed(&KindEraseComment), `{"entries":2,"document_version":9}`},
	{"answer: exported", (&Exported{"g1", 9, 4, 2, 77, []byte(`{"ops":7}`), []byte(`[1]`), "entries", "7", true}).Append(nil),
		func(b []byte) any { a, _ := ParseExported(value(b, &KindExport)); return a },
		Exported{"g1", 9, 4, 2, 77, []byte(`{"ops":7}`), []byte(`[1]`), "entries", "7", true}},
	{"answer: restored", (&Restored{9, 8, 3}).Append(nil), passed(&KindRestore), `{"document_version":9,"snapshot_version":8,"operations":3}`},
	{"answer: recovery", (&Recovery{"b1", "b2"}).Append(nil), passed(&KindRecover), `{"bookmark":"b1","undo":"b2"}`},
	{"answer: resolved", (&Resolved{2, true, 9}).Append(nil), passed(&KindResolve), `{"comments":2,"more":true,"document_version":9}`},
	{"answer: receipt", (&Receipt{
		"usr_owner", []Change{{"welcome", permission.Read, permission.Write, 3}}, []string{"welcome"}, []Accepted{{"welcome", "m1"}}, []string{"i1"}, []string{"t1"}, 7,
	}).Append(nil), func(b []byte) any { return SignIns(value(b, &KindEnd)) }, []string{"i1"}},
	{"answer: receipt, nothing", (&Receipt{UserID: "usr_owner"}).Append(nil), passed(&KindAccess),
		`{"user_id":"usr_owner","changed":[],"closed":[],"last_accepted":{},"took_ms":0}`},
}

func passed(k *Kind) func([]byte) any { return func(b []byte) any { return string(value(b, k)) } }

func value(text []byte, k *Kind) []byte {
	v, _ := ParseAnswer(text, k)
	return v
}

// What is written is what testdata/version3.json says, and reads as it was.
func TestVectors(t *testing.T) {
	if *rewrite {
		var list []vector
		for _, v := range requests {
			to, name, _ := strings.Cut(v.name, ": ")
			list = append(list, vector{to, name, v.r.Message().Text})
		}
		for _, a := range answers {
			list = append(list, vector{"answer", strings.TrimPrefix(a.name, "answer: "), a.text})
		}
		var out []string
		for _, v := range list {
			out = append(out, fmt.Sprintf("  {\"to\": %q, \"name\": %q, \"text\": %s}", v.To, v.Name, v.Text))
		}
		if err := os.WriteFile(fmt.Sprintf("testdata/version%d.json", Version), []byte("[\n"+strings.Join(out, ",\n")+"\n]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	vectors := load(t, Version)
	if n := len(requests) + len(answers); n != len(vectors) {
		t.Errorf("%d vectors, and %d texts", len(vectors), n)
	}
	for _, v := range requests {
		text := v.r.Message().Text
		if string(text) != string(vectors[v.name]) {
			t.Errorf("%s:\n wrote %s\n want  %s", v.name, text, vectors[v.name])
		}
		to, _, _ := strings.Cut(v.name, ": ")
		if got, err := parsers[to](text); err != 0 || !reflect.DeepEqual(got, v.r) {
			t.Errorf("%s reads as\n %+v (%d), want\n %+v", v.name, got, err, v.r)
		}
	}
	for _, a := range answers {
		if string(a.text) != string(vectors[a.name]) {
			t.Errorf("%s:\n wrote %s\n want  %s", a.name, a.text, vectors[a.name])
		}
		if got := a.parse(a.text); !reflect.DeepEqual(got, a.want) {
			t.Errorf("%s reads as\n %+v, want\n %+v", a.name, got, a.want)
		}
	}
}

// Every field of every request is in some vector: one that is dropped is found.
func TestVectorsFillEveryField(t *testing.T) {
	filled := map[string]bool{}
	var fill func(path string, v reflect.Value)
	fill = func(path string, v reflect.Value) {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				fill(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		}
		filled[path] = filled[path] || !v.IsZero()
	}
	for _, v := range requests {
		fill(reflect.TypeOf(v.r).Elem().Name(), reflect.ValueOf(v.r).Elem())
	}
	fill("Claims", reflect.ValueOf(claims))
	fill("Push.Grant", reflect.ValueOf(delegated))
	for path, is := range filled {
		if !is {
			t.Errorf("%s is zero in every vector", path)
		}
	}
}

// A text that says nothing is malformed, and one of a kind that is not known is another
// matter: it may be of the next version.
func TestWhatIsNoRequest(t *testing.T) {
	for text, want := range map[string]Error{
		``: Malformed, `{`: Malformed, `[]`: Malformed, `"end"`: Malformed, `{}`: Malformed, `{"kind":7}`: Malformed, `{"kind":""}`: Malformed,
		`{"kind":"novelty"}`: Unknown, `{"kind":"novelty","v":9}`: Unknown,
		`{"kind":"admit"}`: Malformed, `{"kind":"admit","document":"d","claims":{}}`: Malformed, `{"kind":"admit","claims":{"user_id":"u"}}`: Malformed,
		`{"kind":"gone"}`: Malformed, `{"kind":"end"}`: Malformed, `{"kind":"end","code":"SLOW_CONSUMER"}`: Malformed, `{"kind":"post"}`: Malformed,
	} {
		if r, err := ParseSession([]byte(text)); err != want || r.Kind != nil {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for text, want := range map[string]Error{
		`{"kind":"novelty"}`: Unknown, `{"kind":"admit"}`: Unknown, `{"kind":"end","user_id":"ann"}`: Malformed, `{"kind":"end","fence":1}`: Malformed,
		`{"kind":"grant","grant":{"user_id":"ann"}}`: Malformed,
	} {
		if r, err := ParseDocument([]byte(text)); err != want || r.Kind != nil {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	if _, err := ParseSessionConnect([]byte(`{"kind":"connect_novelty","claims":{"user_id":"u"}}`)); err != Unknown {
		t.Errorf("a new kind of channel: %v", err)
	}
	if _, err := ParseDocumentConnect([]byte(`{"kind":"connect_novelty"}`)); err != Unknown {
		t.Errorf("a new kind of channel: %v", err)
	}
	// Nobody comes back by a grant, or is granted something by a token alone.
	const claims = `"claims":{"user_id":"ann","jti":"t1"},"client_id":"c","session_id":"s"`
	for _, text := range []string{
		`{"kind":"connect_document",` + claims + `}`, `{"kind":"connect_delegate",` + claims + `}`, `{` + claims + `}`,
		`{"kind":"resume_document","grant":{"user_id":"ann"},` + claims + `}`, `{"kind":"resume_document","grant":{"user_id":"ann"},"client_id":"c","session_id":"s"}`,
		`{"kind":"resume_document","claims":{"user_id":"ann","jti":"t1"},"client_id":"c"}`, `{"kind":"resume_document","claims":{"jti":"t1"},"client_id":"c","session_id":"s"}`,
	} {
		if _, err := ParseDocumentConnect([]byte(text)); err != Malformed {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{``, `{}`, `{"seq":`, `{"error":7}`, `{"error":{"error_code":""}}`} {
		if _, err := ParseAnswer([]byte(text), &KindPost); err == nil || err.Reason != ReasonBadAnswer {
			t.Errorf("%s is the answer %v", text, err)
		}
	}
}
