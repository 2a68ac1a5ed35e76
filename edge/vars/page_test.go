package vars

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write edge/VARIABLES.md")

const page = "../VARIABLES.md"

const intro = `# Variables

All that a deployment may set, by ` + "`[vars]` in [wrangler.toml](../wrangler.toml)" + `, or as a secret (` + "`wrangler secret put NAME`, and `.dev.vars` here" + `).
wrangler.toml has those that people set; the rest work as they are, and are set by a line of their own there, or for a while by
` + "`make dev VARS=\"NAME=value …\"`" + `. This page is written from the table in [vars/list.go](vars/list.go) by a test
(` + "`go test ./edge/vars -args -rewrite`" + `).

A variable that is not set, or empty, is its default. **0** switches off, or is no limit, where the last column says so, and is
no value elsewhere. What is no value (text for a number, too small a number) is the default; of a number above the bounds the
largest is taken. Either is named in the log when the Worker starts (` + "`\"event\":\"variables\"`" + `), and so is a name that is nearly one
of these; no value is ever shown. A switch is off with ` + "`0`, `false`, `off`" + ` and on with ` + "`1`, `true`, `on`" + `; anything else is no value.
`

var units = map[string]string{"S": "s", "MS": "ms", "BYTES": "bytes"}

// unitOf is what a number counts.
func unitOf(name string) string {
	words := strings.Split(name, "_")
	if last := len(words) - 1; words[max(0, last-1)] != "PER" {
		return units[words[last]]
	}
	return ""
}

// TestPage holds edge/VARIABLES.md to the table, and the table to the sentences.
func TestPage(t *testing.T) {
	text, left := intro, strings.Split(strings.TrimSuffix(all, "\n"), "\n")
	for line := range strings.Lines(sentences) {
		line = strings.ReplaceAll(strings.TrimSpace(line), "~", "`")
		if line == "" {
			continue
		}
		if heading, ok := strings.CutPrefix(line, "# "); ok {
			text += "\n## " + heading + "\n\n| variable | default | bounds | what it is | 0 |\n| --- | --- | --- | --- | --- |\n"
			continue
		}
		name, sentence, _ := strings.Cut(line, ": ")
		if len(left) == 0 || nameOf(left[0]) != name || sentence == "" {
			t.Fatalf("%q is not the table's next variable, or says nothing", line)
		}
		text += row(t, left[0], sentence)
		left = left[1:]
	}
	if len(left) > 0 {
		t.Errorf("%s: what is it?", left[0])
	}
	if *rewrite {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := os.ReadFile(page); err != nil || string(stored) != text {
		t.Errorf("%s is not what the table says: go test ./edge/vars -args -rewrite (%v)", page, err)
	}
}

func row(t *testing.T, row, sentence string) string {
	sentence, derived, _ := strings.Cut(sentence, " | ")
	name, rest, _ := strings.Cut(row, " ")
	value, limits, zero := "", "", ""
	switch kindOf(row) {
	case isSwitch:
		value = rest
	case isWord:
		words := strings.Fields(rest)
		value, limits = "`"+words[0]+"`", "`"+strings.Join(words, "` `")+"`"
	case isText:
		if value = "empty"; rest == "secret" {
			value = "empty; a secret"
		}
	case isNumber:
		b := Number(row).bounds()
		value, limits, zero = strings.TrimSpace(fmt.Sprint(b.otherwise, " ", unitOf(name))), fmt.Sprintf("%d to %d", b.least, b.most), b.zero
		if b.most == math.MaxInt32 {
			limits = fmt.Sprintf("from %d", b.least)
		}
		if (b.otherwise == 0) != (derived != "") || b.otherwise > b.most {
			t.Errorf("%s: what is the default?", row)
		}
		if derived != "" {
			value = derived
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", name, value, limits, sentence, zero)
}

// Each row that is declared is among all, once, and is written as its kind is.
func TestAll(t *testing.T) {
	source, err := os.ReadFile("list.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := ""
	for _, found := range regexp.MustCompile(`(?m)^\t\w+ +(\w+) += "(.*)"$`).FindAllStringSubmatch(string(source), -1) {
		declared += found[2] + "\n"
		if got := [...]string{isText: "Text", isSwitch: "Switch", isNumber: "Number", isWord: "Word"}[kindOf(found[2])]; got != found[1] {
			t.Errorf("%q is a %s, and written as a %s", found[2], found[1], got)
		}
		if found[1] == "Number" && !regexp.MustCompile(`^[A-Z_]+ \d+( (1|none|off|unlimited) \d+)?$`).MatchString(found[2]) {
			t.Errorf("%q is no row of a number", found[2])
		}
	}
	if all != declared {
		t.Errorf("declared are\n%s\nand all has\n%s", declared, all)
	}
}

// mostSet is how many variables wrangler.toml may set: the platform's free plan allows 64,
// secrets included ("Workers limits", 2026-12-01).
const mostSet = 20

// wrangler.toml sets what people set, to the defaults but for the demo's issuer.
func TestWranglerSetsWhatPeopleSet(t *testing.T) {
	text, err := os.ReadFile("../../wrangler.toml")
	if err != nil {
		t.Fatal(err)
	}
	_, set, _ := strings.Cut(string(text), "\n[vars]\n")
	lines := regexp.MustCompile(`(?m)^(\w+) = "(.*)"$`).FindAllStringSubmatch(set, -1)
	if len(lines) == 0 || len(lines) > mostSet {
		t.Errorf("%d variables are set", len(lines))
	}
	for _, line := range lines {
		row, known := find(line[1])
		if !known || strings.HasSuffix(row, " secret") {
			t.Errorf("%s is no variable, or a secret", line[1])
			continue
		}
		if why := wrong(row, line[2]); why != "" {
			t.Errorf("%s cannot be %q: %s", line[1], line[2], why)
		}
		_, rest, _ := strings.Cut(row, " ")
		want, _, _ := strings.Cut(rest, " ")
		got := line[2]
		switch kindOf(row) {
		case isText:
			want = map[string]string{"ISSUER": "https://api.materi.dev", "SUBJECT_CLAIM": "user_id"}[line[1]]
		case isSwitch:
			if line[1] == "EMBEDDED_ISSUER" {
				want = "on"
			}
			got = map[bool]string{false: "off", true: "on"}[Switch(row).On(got)]
		}
		if got != want {
			t.Errorf("%s is set to %q, and is %q by default", line[1], got, want)
		}
	}
}

// sentences say what each variable is, by the headings of the page, with ~ for a backtick.
// Behind a bar stands what it is where nobody sets it, of one that is worked out from another.
const sentences = `
# Who is let in
ISSUER: Who signs access tokens: the token's ~iss~. Needed with ~JWKS_URL~ or ~STATIC_KEY~; of the embedded issuer it is put into tokens.
AUDIENCE: Whom tokens must be for: a token's ~aud~ names one of these, separated by commas or spaces; ~*~ is anybody. Needed as ~ISSUER~ is.
SUBJECT_CLAIM: The one claim that says who somebody is: ~user_id~ if empty, or ~sub~, ~email~, any other at the top of a token.
EMAILS_VERIFIED: As a subject, an e-mail counts only with ~"email_verified": true~; switched on, the issuer verifies all it gives out.
TOKEN_LEEWAY_S: How far the issuer's clock may be from this one.
MAX_TOKEN_LIFE_S: The longest life a token may have, and so how long a revoked one is remembered.
QUERY_TOKENS: Switched off, no token in a URL (~?token=~) is taken, where logs and histories find it.
EMBEDDED_ISSUER: This Worker signs people in itself, with ~SIGNING_KEY~.
SIGNING_KEY: The embedded issuer's private key, a JWK (~make rotate~).
PREVIOUS_KEYS: The public keys that ~SIGNING_KEY~ replaced, a key set: their tokens stay good.
JWKS_URL: The key set of another issuer.
STATIC_KEY: One public key of another issuer, as a JWK.
JWKS_FRESH_S: How long a fetched key set is used without asking again.
JWKS_STALE_S: How long it is used while the issuer does not answer.
JWKS_COOLDOWN_S: The least time between two fetches for a key that is not in it; a token of such a key is told to wait that long.
ALLOWED_ORIGINS: Pages that may connect, separated by commas; empty: this Worker's own; ~*~: all.
ADMIN_TOKEN: Who may ask the admin API: ~name:token~, several separated by spaces or commas. Without it there is no such API.

# What one address may do
CONNECTS_PER_IP_PER_MIN: How often one address (an IPv6 /64) may connect in a minute. Each isolate of the Worker counts for itself, of at most 4,096 addresses.
CONNECTS_PER_IP_BURST: And at once, after a rest.
LOGINS_PER_IP_PER_MIN: How often it may sign in, or bring the operators' routes a wrong token.
LOGINS_PER_IP_BURST: And at once.
AUTH_PER_IP_PER_MIN: How often it may ask the embedded issuer for anything.
AUTH_PER_IP_BURST: And at once.
WAITING_APPS: How many apps of an isolate may be before their first frame, which has their key, at a time. 72 Ki characters are kept of each. Off: an app's key comes in the request.
WAITING_APPS_PER_IP: How many of them may be of one address.
BODY_TIMEOUT_MS: How long a request's body may take: until it is there nothing is started for it.

# The embedded issuer
ACCESS_TOKEN_TTL_S: How long an access token lives.
REFRESH_TOKEN_TTL_S: How long a refresh token lives.
SIGN_IN_MAX_S: How long a sign-in lasts at most, however often it is refreshed.
REFRESHES_PER_SIGN_IN_PER_MIN: How often it may be in a minute (20 times with one token, which several tabs may come with at once).
LOGIN_FAILURES: How many wrong passwords an account may be tried with in a window from one address, or in a browser that it was signed in with before.
LOGIN_FAILURES_PER_ACCOUNT: And from all addresses together.
LOGIN_WINDOW_S: That window.

# Permissions
PERMISSIONS_URL: A service that says who may do what (edge/object/source.go); empty: the database does.
PERMISSIONS_TOKEN: What that service is shown.
PERMISSIONS_TIMEOUT_MS: How long it may take.
PERMISSIONS_MAX_BYTES: How much it may say.
PERMISSION_TTL_MS: How long a permission is believed without asking again.
STALE_ACCESS_MS: How old an answer may be that stands in for a source that does not answer, and how long an open connection lives by one.
MAX_ACCESS: How many answers are remembered for a user beside those of open documents.

# Operators
WEBHOOK_SECRET: What signs webhooks, several separated by spaces; without it there is no webhook.
WEBHOOK_WINDOW_S: How old or new a webhook's signature may be.
WEBHOOK_MAX_EVENTS: How many events a webhook may bring.
WEBHOOK_MAX_BODY_BYTES: How large it may be.
ADMIN_MAX_BODY_BYTES: The largest body of an operator's call.
AUDIT_MAX_ENTRIES: How many audit entries one answer holds at most.
AUDIT_ENTRIES: How many lines of its audit log an object keeps of each user, and as many of what operators did.
LOG_LEVEL: From ~warn~ on there is no line for who connects, and for connections that end well.

# Connections
GRACE_PERIOD_MS: How long a dropped channel can be resumed.
INIT_TIMEOUT_MS: How long a device may take to its ~connection_init~, and an app to its own.
HEARTBEAT_MS: How often a client pings (the server, on a device channel).
HEARTBEAT_TIMEOUT_MS: How long silence is taken for life.
DEVICE_HEARTBEAT: Who pings on a device channel: ~server~ wakes the object for each ping and each pong; ~client~ costs an idle device nothing, and a dead one is noticed when something else wakes the object.
REFRESH_NOTICE_MS: How long before its expiry a token is asked for.
READ_ONLY_MS: How long after its expiry one may still read.
MAX_REFUSED_TOKENS: How many tokens in a row may be refused on a connection before there is one a minute.
MAX_REVOKED_TOKENS: How many single tokens, or sign-ins, of one user may be revoked at a time.
CONNECTS_PER_USER_PER_MIN: How often one user may connect in a minute, over all documents.
CONNECTS_PER_USER_BURST: And at once, after a rest. | 2 × ~CONNECTS_PER_USER_PER_MIN~
RESUMES_PER_DOCUMENT_PER_MIN: How often, beside that, the client of each open document may come back to it, and refresh its token.
RESUMES_PER_DOCUMENT_BURST: And at once.
MAX_DOCUMENTS_PER_USER: How many documents one user may have open.
FULL_RATE_DOCUMENTS: In how many open documents a user has the full rates in each; more share them.

# What is sent
MAX_FRAME_BYTES: The largest frame. One of 16 times that size ends the connection.
MAX_DEPTH: Its deepest nesting.
MAX_UNACKNOWLEDGED: How many frames may go unacknowledged.
MESSAGES_PER_S: How many frames one user may send on a document in a second.
MESSAGES_BURST: And at once, after a rest. | 10 × ~MESSAGES_PER_S~
BYTES_PER_S: How many bytes.
BYTES_BURST: And at once. | 4 × ~BYTES_PER_S~
MAX_REFUSED: How many frames beyond that are refused one by one before the connection is closed.
PRESENCE_PER_S: How often in a second one user's presence is passed on; of what comes faster the newest is.
WINDOW_BYTES: How much may be under way to a client that has not confirmed it.
SLOW_AFTER_MS: How long it may take to.
SYNC_BYTES_PER_S: How much of what was written before it came one user is sent of a document in a second.
SYNC_BYTES_BURST: And at once. | 4 × ~SYNC_BYTES_PER_S~
MAX_REPLAY: How many missed entries a resume replays.
MAX_SYNC_BYTES: How large a ~document_sync~ may be.

# Documents
MAX_MEMBERS: How many users a document holds.
LOCK_RETRY_MS: What a writer is told to wait where a document is locked.
KEEP_OPS: How many of the newest entries a snapshot leaves to readers.
SNAPSHOT_LEVEL: Who may post a snapshot. What is none of these lets only those who may do everything.
SNAPSHOT_CONFIRM_MS: How long a version is in the log before a snapshot of it is taken that nobody else who is connected has acknowledged.
MAX_SNAPSHOT_BYTES: How large a snapshot may be.
MAX_SNAPSHOT_PARTS: Of how many parts.
SNAPSHOT_IDLE_MS: How long an upload may wait for its next part.
KEEP_REPLACED_S: How long operators can restore what a snapshot replaced.
MAX_REPLACED_BYTES: How many bytes of it are kept: ~MAX_LOG_BYTES~ or more, or a full log is more than is kept.
MAX_LOG_BYTES: How many bytes a log holds beyond its snapshot, and of open comments: with so many the document is locked for writing. An object has room for 10 GB.
MAX_COMMENTS: How many comments may be open on a document.
MAX_COMMENTS_PER_USER: How many of them may be one user's. | a tenth of ~MAX_COMMENTS~
MAX_REPLIES: How many replies a comment may have, a tenth of them one user's.
MAX_REPLIES_PER_USER: How many replies one user may have on all comments that are open.
MAX_SECTIONS: How many sections may be locked.
SECTION_TTL_MS: For how long, where nobody says.
MAX_SECTION_TTL_MS: For how long at most.

# Devices and apps
OUTBOX_FRAMES: How many messages are kept for a device that has not acknowledged them. Older ones are given up, and a resume is told so.
OUTBOX_BYTES: How many bytes of them.
MAX_UNANSWERED: How many messages a device or an app may have without an answer at once: as many are remembered, so that a repeat is known for one.
APP_SESSION_SECRET: What signs the session ids that apps are given, 32 random bytes or more; several separated by spaces, of which the first signs and all count. Without it there are no apps.
PUBLIC_URL: Where this Worker is reached from outside, https://…: an app that is called is told to connect there. Empty: it has to know.
MAX_APPS: How many apps of a user may be anything but stopped.
APP_WEBHOOK_MS: How long an app's webhook may take: an object that waits does not hibernate.
APP_WEBHOOK_TRIES: How often it is called.
APP_WEBHOOK_PAUSE_MS: How long after each other.
APP_CONNECT_MS: How long an app may take to connect once it has said yes.
APP_GRACE_MS: How long to come back after a drop.
APP_STOP_MS: How long to finish when it is stopped.
APP_ROUNDS: How often an app is called back that does not stay, each time after twice as long a pause, before it is stopped as unstable.
APP_STAY_MS: How long an app has to stay for that to begin anew.
APP_OUTBOX_BYTES: How many bytes of messages are kept for all apps of a user together.
APP_STARTS_PER_MIN: How often a user may start apps in a minute.
APP_STARTS_BURST: And at once, after a rest. | ~APP_STARTS_PER_MIN~
APP_CONNECTS_PER_MIN: How often one app of a user may connect in a minute.
APP_CONNECTS_BURST: And at once, after a rest. | ~APP_CONNECTS_PER_MIN~
`
