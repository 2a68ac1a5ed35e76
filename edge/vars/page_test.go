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

All that a deployment may set, by ` + "`[vars]` in [wrangler.toml](../wrangler.toml)" + `, or as a secret (` + "`holdfast secrets` makes them, `wrangler secret bulk` sets them, and `.dev.vars` has them here" + `).
wrangler.toml has those that people set; the rest work as they are, and are set by a line of their own there, or for a while by
` + "`make dev VARS=\"NAME=value …\"`" + `. This page is written from the table in [vars/list.go](vars/list.go) by a test
(` + "`go test ./edge/vars -args -rewrite`" + `).

A variable that is not set, or empty, is its default. **0** switches off, or is no limit, where the last column says so, and is
no value elsewhere. What is no value (text for a number, too small a number) is the default; of a number above the bounds the
largest is taken. Either is named in the log when the Worker starts (` + "`\"event\":\"variables\"`" + `), and so is a name that is nearly one
of these; no value is ever shown. A switch is off with ` + "`0`, `false`, `off`" + ` and on with ` + "`1`, `true`, `on`" + `; anything else is no value.
`

var units = map[string]string{"DAYS": "days", "S": "s", "MS": "ms", "BYTES": "bytes"}

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
const mostSet = 21

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
		if line[1] == "JURISDICTION" {
			got, _ = Jurisdiction.Choose(got) // empty is the default, and not decided
		}
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
ISSUER: The issuer of access tokens (a token's ~iss~). The embedded issuer puts it into its tokens. If none of ~EMBEDDED_ISSUER~, ~JWKS_URL~ and ~STATIC_KEY~ is set, the Worker asks the issuer where its keys are (~/.well-known/openid-configuration~): an https URL, exactly as the issuer spells it. [IDENTITY.md](IDENTITY.md) says what to set for which provider.
AUDIENCE: The audiences that tokens may have: a token's ~aud~ has to name one of them. Separate several by commas or spaces; ~*~ accepts any. Required with every issuer but the embedded one.
AUDIENCE_CLAIM: The claim that ~AUDIENCE~ is compared with: ~aud~ if empty, ~client_id~ or ~azp~, for a provider whose access tokens have no ~aud~. A token that has an ~aud~ all the same needs both to match.
SUBJECT_CLAIM: The claim that names the user: ~user_id~ if empty, or ~sub~, ~email~, or any other claim at the top of a token.
EMAILS_VERIFIED: The issuer verifies every e-mail. If off, ~email~ names a user only with ~"email_verified": true~.
ALGORITHMS: The signature algorithms that tokens may have, separated by commas or spaces: ~RS256~ if empty; ~RS384~, ~RS512~, ~PS256~, ~PS384~, ~PS512~, ~ES256~, ~ES384~ or ~EdDSA~. The embedded issuer signs with ~RS256~ in any case.
ISSUERS: Further issuers, at most 16 in all: a JSON list of objects with ~issuer~, ~audience~ and ~user_prefix~, and if needed ~audience_claim~, ~subject_claim~ (~sub~ by default), ~emails_verified~, ~algorithms~, ~jwks_url~ and ~same_users_as~. See [IDENTITY.md](IDENTITY.md).
TOKEN_LEEWAY_S: The largest difference between the issuer's clock and this one.
MAX_TOKEN_LIFE_S: The longest life of a token. The server remembers a revoked token for as long.
CLAIMS_TIMEOUT_MS: How long the hook ~claims~ of your own Worker may take (edge/PACKAGE.md).
QUERY_TOKENS: Accepts a token in a URL (~?token=~), where logs and histories may keep it.
EMBEDDED_ISSUER: This Worker signs users in itself, with ~SIGNING_KEY~.
SIGNING_KEY: The embedded issuer's private key, a JWK. ~make rotate~ replaces it.
PREVIOUS_KEYS: The public keys before ~SIGNING_KEY~, a key set. Their tokens stay valid.
JWKS_URL: The address of another issuer's key set, for an issuer that cannot be asked for it.
STATIC_KEY: One public key of another issuer, a JWK.
JWKS_FRESH_S: The Worker uses a fetched key set, and the address that the issuer gave for it, for so long without fetching it again.
JWKS_STALE_S: The Worker uses a fetched key set for so long while the issuer does not answer.
JWKS_COOLDOWN_S: The least time between two fetches for a key that is not in the set. A client with such a token waits for as long.
ALLOWED_ORIGINS: The origins whose pages may connect, separated by commas, beside this Worker's own, which always may. ~*~: all.
ADMIN_TOKEN: The operators, as ~name:token~ separated by spaces or commas. Without it there is no admin API.

# Guests
GUEST_SECRET: The secrets that sign the tokens of guests, 32 random bytes or more, separated by spaces. The first one signs, all count. Without one there are no links.
GUEST_LINKS: Users who may manage a document make links to it (~POST /v1/documents/{document}/links~). Off: operators alone do.
GUEST_TOKEN_TTL_S: The life of a guest's access token. A page gets the next one with the link.
LINK_MAX_S: The longest life of a link.
MAX_GUESTS_PER_LINK: Guests that a link may make, and does where its maker says no number.
MAX_GUESTS_PER_DOCUMENT: Guests of a document at a time, within ~MAX_MEMBERS~ and ~MAX_READERS~. | half of each
MAX_LINKS_PER_DOCUMENT: Links to a document at a time that count.
MAX_LINKS_PER_USER: Links at a time that a user has made and that count.
LINKS_PER_IP_PER_MIN: Links redeemed a minute by one address; each token of a guest is one.
LINKS_PER_IP_BURST: Links redeemed by one address at once, after a rest.

# What one address may do
CONNECTS_PER_IP_PER_MIN: Connects a minute of one address (an IPv6 /64) that are refused. Each isolate counts for itself, for at most 4,096 addresses.
CONNECTS_PER_IP_BURST: Connects of one address at once, after a rest.
LOGINS_PER_IP_PER_MIN: Sign-ins a minute of one address, and wrong operator tokens.
LOGINS_PER_IP_BURST: Sign-ins of one address at once, after a rest.
AUTH_PER_IP_PER_MIN: Requests a minute of one address to the embedded issuer.
AUTH_PER_IP_BURST: Requests of one address to the embedded issuer at once, after a rest.
WAITING_APPS: App sockets of an isolate that may wait for their first frame, which has their key. The isolate keeps at most 72 Ki characters of each. Off: an app sends its key in a header only.
WAITING_APPS_PER_IP: How many of these sockets may be of one address.
BODY_TIMEOUT_MS: A request's body has to arrive within this time. No module starts before.

# The embedded issuer
ACCESS_TOKEN_TTL_S: The life of an access token.
REFRESH_TOKEN_TTL_S: The life of a refresh token.
SIGN_IN_MAX_S: The longest life of a sign-in, however often it is refreshed.
REFRESHES_PER_SIGN_IN_PER_MIN: Refreshes a minute of one sign-in. One token may be used 20 times, for several tabs may send it at once.
LOGIN_FAILURES: Wrong passwords for one account in a window, from one address or from one browser that the account was signed in with before.
LOGIN_FAILURES_PER_ACCOUNT: Wrong passwords for one account in a window, from all addresses together.
LOGIN_WINDOW_S: The window in which wrong passwords are counted.
PASSWORD_MIN: The characters that a new password needs, never fewer than 8. 15 is what NIST SP 800-63B-4 demands of a password that is all there is.
INVITATION_TTL_S: How long the token of an invitation can be used.
RESET_TTL_S: How long the token that replaces a forgotten password can be used.
SIGN_UP: Anybody may make an account (~POST /auth/sign-up~). Not where ~SUBJECT_CLAIM~ is ~email~: nobody has verified whose e-mail it is.
SIGN_UPS_PER_IP_PER_HOUR: Attempts to sign up from one address.
SIGN_UPS_PER_HOUR: Attempts to sign up from all addresses together.

# Permissions
PERMISSIONS_URL: A service that answers who may do what (~/v1/openapi/permissions.json~ describes it). Empty: the database answers.
PERMISSIONS_TOKEN: The bearer token that this Worker sends to that service.
PERMISSIONS_TIMEOUT_MS: The service has to answer within this time.
PERMISSIONS_MAX_BYTES: The largest answer of the service.
PERMISSION_TTL_MS: The user's object uses a cached permission for so long without asking again.
STALE_ACCESS_MS: If the source does not answer, an answer up to this age admits a client that resumes or refreshes its token; a new one has to wait. The user's object asks anew about an open connection once its answer is that old.
MAX_ACCESS: Cached answers of one user, beside those about open documents.

# Operators
WEBHOOK_SECRET: The secrets that sign permission webhooks, separated by spaces. Without one there is no webhook.
WEBHOOK_WINDOW_S: The largest difference between a webhook's signed time and this clock.
WEBHOOK_MAX_EVENTS: Events in one webhook.
WEBHOOK_MAX_BODY_BYTES: The largest body of a webhook.
ADMIN_MAX_BODY_BYTES: The largest body of an operator's call.
APPEND_MAX_ENTRIES: How many operations or comments one call of a server adds at most; never more than MAX_UNACKNOWLEDGED.
APPEND_MAX_BODY_BYTES: The largest body of such a call. Each operation in it is held to MAX_FRAME_BYTES as well.
CONTENT_MAX_ENTRIES: How many lines a page of a document's content has at most.
CONTENT_MAX_BYTES: About how large such a page gets: one line more at most.
AUDIT_MAX_ENTRIES: Audit entries in one answer.
AUDIT_ENTRIES: Audit lines that an object keeps of each user, and as many about operators.
AUDIT_DAYS: Audit lines of users' and documents' objects that are older go, a tenth of the time later at most ([BACKEND.md](BACKEND.md#for-how-long-it-is-kept)). | no limit
ENDED_DAYS: For so long the database keeps what has ended: links and their guests, delegations, revoked keys. Sign-ins go as they end.
LOG_LEVEL: The least level that is logged. From ~warn~ on there are no lines for connects, and none for connections that end well.
JURISDICTION: Where all objects run and keep what they hold: with ~eu~ in the European Union, with ~us~ in the United States. Decide before the first user. Under another jurisdiction every user and document begins anew and empty, so the server admits nobody if its value is no longer the one of its first request.
LOCATION_HINT: The region that an object is created in, if the platform can. ~none~: near whoever comes first. It moves nothing that exists.

# Events out
EVENTS_URL: Where the deployment's one backend takes events, https ([BACKEND.md](BACKEND.md#events)); empty: there are none, unless there is a binding ~EVENTS_QUEUE~ or a hook ~events~.
EVENTS_SECRET: What signs them, in ~x-holdfast-signature~. Without it nothing is sent to ~EVENTS_URL~.
EVENTS_TYPES: The types of events that are sent, separated by spaces or commas; empty: all.
EVENTS_EVERY_MS: The shortest time between two requests of one document or user; all changes within it are one ~document.changed~.
EVENTS_TIMEOUT_MS: How long the backend may take to answer.
EVENTS_TRIES: How often an event is sent before it becomes a dead letter, 2 at least. The pauses grow from 5 s to 1 h, and up to half of each is left out: 16 tries take 5 to 10 hours.
EVENTS_MAX_PENDING: How many events wait in one object. Beyond that the oldest become dead letters.
EVENTS_MAX_DEAD: How many dead letters the database keeps. Beyond that the oldest are deleted, and the log says so.
EVENTS_DEAD_DAYS: For how long it keeps them. The log says what is deleted.

# Connections
GRACE_PERIOD_MS: A dropped channel can be resumed within this time.
INIT_TIMEOUT_MS: A device has to send ~connection_init~ within this time, and an app ~app_connection_init~.
HEARTBEAT_MS: The time between two pings of a client; on a device channel, of the server.
HEARTBEAT_TIMEOUT_MS: A connection that is silent for longer is closed.
DEVICE_HEARTBEAT: Who pings on a device channel. With ~server~ each ping and each pong wakes the object. With ~client~ an idle device wakes nothing, and the server notices a dead device when something else wakes the object.
REFRESH_NOTICE_MS: The server asks for a new token so long before the old one expires.
READ_ONLY_MS: A connection whose token has expired may still read for so long.
MAX_REFUSED_TOKENS: Tokens in a row that may be refused on a connection. After that the client may send one a minute.
MAX_REVOKED_TOKENS: Single tokens and sign-ins of one user that may be revoked at the same time.
CONNECTS_PER_USER_PER_MIN: Connects a minute of one user, over all documents.
CONNECTS_PER_USER_BURST: Connects of one user at once, after a rest. | 2 × ~CONNECTS_PER_USER_PER_MIN~
RESUMES_PER_DOCUMENT_PER_MIN: Resumes and token refreshes a minute of the client of one open document. They do not count as the user's connects.
RESUMES_PER_DOCUMENT_BURST: Resumes and token refreshes of that client at once, after a rest.
CONNECTIONS_PER_USER: Clients (browser profiles, devices) of one user that may be connected to one document at the same time. One more takes the place of another: of one whose line is down, or else of the one that connected longest ago.
DELEGATES_PER_USER: Delegates of one user (programs that act for the user) that may be connected to one document at the same time, beside the user's own clients. One more is refused (~too_many_delegates~).
MAX_DELEGATIONS_PER_USER: Delegations that one user may have: those that are valid, and those made within a day.
MAX_DELEGATION_LIFE_S: The longest life of a delegation.
MAX_DOCUMENTS_PER_USER: Documents that one user may have open.
FULL_RATE_DOCUMENTS: Open documents in which a user has the full rates. In more documents the user's rates are shared out.

# What is sent
MAX_FRAME_BYTES: The largest frame. A frame of 16 times that size ends the connection.
MAX_DEPTH: The deepest nesting of a frame.
MAX_UNACKNOWLEDGED: Ops that a client may have sent without an acknowledgement.
MESSAGES_PER_S: Frames a second of one user on a document.
MESSAGES_BURST: Frames of one user on a document at once, after a rest. | 10 × ~MESSAGES_PER_S~
BYTES_PER_S: Bytes a second of one user on a document.
BYTES_BURST: Bytes of one user on a document at once, after a rest. | 4 × ~BYTES_PER_S~
MAX_REFUSED: Frames beyond these rates that the server refuses one by one. After that it closes the connection.
PRESENCE_PER_S: Presence updates a second of one user that the document passes on. Of faster updates it passes on the newest.
WINDOW_BYTES: Bytes that may be under way to a client that has not confirmed them.
SLOW_AFTER_MS: A client without room in its window for longer is closed with ~SLOW_CONSUMER~.
SYNC_BYTES_PER_S: Bytes a second of older entries that one user is sent of a document.
SYNC_BYTES_BURST: Bytes of older entries that one user is sent at once, after a rest. | 4 × ~SYNC_BYTES_PER_S~
MAX_REPLAY: Missed entries that a resume replays. More are a gap.
MAX_SYNC_BYTES: The largest ~document_sync~.

# Documents
MAX_MEMBERS: Clients on a document at a time that may do more than read. With ~CONNECTIONS_PER_USER~ above 1 each of a user's counts.
MAX_READERS: Clients on a document at a time, beside those, that may only read.
SHOWN_READERS: How many of these everybody is shown by name. Those who come when so many are there are counted.
LOCK_RETRY_MS: The ~retry_after~ for a writer on a locked document.
KEEP_OPS: The newest entries that a snapshot leaves in the log.
SNAPSHOT_LEVEL: The permission that posting a snapshot needs. Any other word stands for ~admin~.
SNAPSHOT_CONFIRM_MS: While other users are connected, a snapshot needs that one of them has acknowledged its version, or that the version is this old.
MAX_SNAPSHOT_BYTES: The largest snapshot.
MAX_SNAPSHOT_PARTS: Parts of one snapshot.
SNAPSHOT_IDLE_MS: The next part of an upload has to arrive within this time.
KEEP_REPLACED_S: Operators can restore what a snapshot replaced for so long.
MAX_REPLACED_BYTES: Bytes of replaced history that a document keeps. Set it to ~MAX_LOG_BYTES~ or more: otherwise a full log does not fit.
LOG_DAYS: Entries of a document's log that are older go once a snapshot has replaced them, those that ~KEEP_OPS~ would leave included. What no snapshot replaces stays, however old. | no limit
MAX_LOG_BYTES: Bytes of a log beyond its snapshot, open comments included. At that size the document is locked for writing. The platform gives an object 10 GB.
MAX_COMMENTS: Open comments on a document.
MAX_COMMENTS_PER_USER: Open comments of one user on a document. | a tenth of ~MAX_COMMENTS~
MAX_REPLIES: Replies to one comment. One user may write a tenth of them.
MAX_REPLIES_PER_USER: Replies of one user to all open comments of a document.
MAX_SECTIONS: Locked sections of a document.
SECTION_TTL_MS: The life of a section lock that names none.
MAX_SECTION_TTL_MS: The longest life of a section lock.

# Devices and apps
OUTBOX_FRAMES: Messages that are kept for a device, or an app, until it acknowledges them. Beyond that a sender waits (~outbox_full~), or the oldest are discarded and the next resume reports them as a gap.
OUTBOX_BYTES: Bytes of these messages.
MAX_UNANSWERED: Messages of a device or an app that may wait for an answer. The server remembers as many, so that it recognises a repeat.
APP_SESSION_SECRET: The secrets that sign the session ids of apps, 32 random bytes or more, separated by spaces. The first one signs, all count. Without one there are no apps.
PUBLIC_URL: The public https URL of this Worker. Apps get it as ~websocket_url~ (if empty, apps do not get one and have to know it), and its pages are the Worker's own, also behind a proxy that changes Host.
MAX_APPS: Apps of one user that have not stopped.
APP_WEBHOOK_MS: An app's webhook has to answer within this time. An object that waits does not hibernate.
APP_WEBHOOK_TRIES: How often the server calls a webhook that does not answer.
APP_WEBHOOK_PAUSE_MS: The time between two of these calls.
APP_CONNECT_MS: An app has to connect within this time once its webhook has answered.
APP_GRACE_MS: An app whose connection dropped has to come back within this time.
APP_STOP_MS: An app that is being stopped has this time to finish.
APP_ROUNDS: How often the server calls an app back that does not stay connected. It doubles the pause each time, then stops the app as unstable.
APP_STAY_MS: An app that stays connected for this long begins anew with these rounds.
APP_OUTBOX_BYTES: Bytes of messages that are kept for all apps of a user together.
APP_STARTS_PER_MIN: App starts a minute of one user.
APP_STARTS_BURST: App starts of one user at once, after a rest. | ~APP_STARTS_PER_MIN~
APP_CONNECTS_PER_MIN: Connects a minute of one app of a user.
APP_CONNECTS_BURST: Connects of one app of a user at once, after a rest. | ~APP_CONNECTS_PER_MIN~

# Messages to browsers
USER_MESSAGES: Messages that are kept for a user's browsers. Beyond that the oldest are discarded.
USER_MESSAGE_BYTES: Bytes of these messages.
USER_MESSAGE_TTL_S: How long a message is kept that does not say.
USER_MESSAGE_MAX_TTL_S: The longest that a message may ask to be kept.
`
