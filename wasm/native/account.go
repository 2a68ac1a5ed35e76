//go:build !js

package native

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// accountTimeout bounds one request, answerBytes what the client reads of its answer.
const (
	accountTimeout = 10 * time.Second
	answerBytes    = 64 << 10
)

// Account returns a Config.Token for an account at the Worker's embedded issuer. The function
// signs in with the password, then uses the refresh token, and signs in again when that has
// expired. A wrong password is ErrSignedOut. issuer makes the requests, with a cookie jar
// and without following redirects; nil means http.DefaultTransport. The function serves one
// session.
func Account(server, email, password string, issuer http.RoundTripper) func(context.Context) (string, error) {
	jar, _ := cookiejar.New(nil) // fails on bad options only
	a := &account{
		server: strings.TrimRight(server, "/"),
		client: &http.Client{
			Jar: jar, Transport: issuer, Timeout: accountTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	a.login, _ = json.Marshal(map[string]string{"email": email, "password": password})
	return a.token
}

type account struct {
	server   string
	client   *http.Client
	login    []byte
	signedIn bool
}

func (a *account) token(ctx context.Context) (string, error) {
	if a.signedIn {
		token, status, err := a.post(ctx, "/auth/refresh", []byte("{}"))
		if status != http.StatusUnauthorized {
			return token, err
		}
		a.signedIn = false
	}
	token, status, err := a.post(ctx, "/auth/login", a.login)
	if status == http.StatusUnauthorized {
		return "", fmt.Errorf("%w: %w", ErrSignedOut, err)
	}
	a.signedIn = err == nil
	return token, err
}

// post returns the access token of the answer, or the answer's error.
func (a *account) post(ctx context.Context, path string, body []byte) (token string, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.server+path, bytes.NewReader(body))
	if err != nil {
		return "", 0, fmt.Errorf("%w: the server's address: %w", ErrInvalid, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return "", 0, fmt.Errorf("holdfast: POST %s: %w", path, cause(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if err != nil {
		return "", 0, fmt.Errorf("holdfast: POST %s: %w", path, err)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if response.StatusCode == http.StatusOK && json.Unmarshal(text, &answer) == nil && answer.Token != "" {
		return answer.Token, response.StatusCode, nil
	}
	if f, bad := protocol.Decode(text, protocol.DefaultLimits); bad == nil {
		if e, ok := protocol.ParseError(f.Data); ok {
			return "", response.StatusCode, e
		}
	}
	return "", response.StatusCode, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "no_token_in_answer"}
}
