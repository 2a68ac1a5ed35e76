//go:build !js

package e2e

import (
	"net/http"
	"strings"
	"time"
)

// issuers are who has a sign-in of its own: Holdfast, and the least that JavaScript can do.
func (r *rig) issuers() []*contestant { return []*contestant{r.all[0], r.all[3]} }

// ask posts to a contestant's issuer and returns the refresh token that comes.
func (r *rig) ask(c *contestant, path, body, cookie string) string {
	if c.name == "holdfast" {
		path = "/auth" + path
	}
	request, err := http.NewRequest("POST", strings.Replace(c.url, "ws", "http", 1)+path, strings.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		request.AddCookie(&http.Cookie{Name: "holdfast_refresh", Value: cookie})
	}
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	for _, one := range response.Cookies() {
		if one.Name == "holdfast_refresh" && response.StatusCode == 200 {
			return one.Value
		}
	}
	r.T.Fatalf("%s%s: HTTP %d", c.name, path, response.StatusCode)
	return ""
}

const benchLogin = `{"email":"owner@example.com","password":"holdfast-demo"}`

func (r *rig) logins(c *contestant) func() sample {
	return func() sample {
		return each(5, func() time.Duration {
			began := time.Now()
			r.ask(c, "/login", benchLogin, "")
			return time.Since(began)
		})
	}
}

func (r *rig) refreshes(c *contestant) func() sample {
	cookie := r.ask(c, "/login", benchLogin, "")
	return func() sample {
		return each(20, func() time.Duration {
			began := time.Now()
			cookie = r.ask(c, "/refresh", "", cookie)
			return time.Since(began)
		})
	}
}
