package access

import (
	"net/url"
	"strings"
)

// Origins says whose pages may ask a deployment.
type Origins struct {
	listed []string
	// public is the origin of PUBLIC_URL, "" for none.
	public string
}

// ParseOrigins reads the variables ALLOWED_ORIGINS and PUBLIC_URL.
func ParseOrigins(list, public string) Origins {
	var o Origins
	for _, origin := range strings.Split(list, ",") {
		if origin = strings.TrimSuffix(strings.TrimSpace(origin), "/"); origin != "" {
			o.listed = append(o.listed, origin)
		}
	}
	if u, err := url.Parse(strings.TrimSpace(public)); err == nil && u.Host != "" {
		o.public = u.Scheme + "://" + u.Host
	}
	return o
}

// Allow reports whether a page of origin may make a request that came at a URL: a page of this
// Worker's own always, and one whose origin is listed. "null", the origin of sandboxed frames and
// of files, is nobody in particular and needs "*", or its name on the list.
func (o Origins) Allow(origin string, at *url.URL) bool {
	return o.own(origin, at) || o.named(origin) || o.anybody()
}

// own reports whether a page is of this Worker's own origin: that of PUBLIC_URL, or the one that
// the browser asked. No page can choose what the browser writes there as Host. And what a page
// reaches under its own name, as one does that has its name lead here, gets no cookie of ours.
//
// A page of https may ask at http, because behind a proxy that ends TLS our own URL says http.
// The other way round the page came in the clear, and may be anybody's on the way.
func (o Origins) own(origin string, at *url.URL) bool {
	if o.public != "" && strings.EqualFold(origin, o.public) {
		return true
	}
	return at.Host != "" && (strings.EqualFold(origin, "https://"+at.Host) ||
		at.Scheme != "https" && strings.EqualFold(origin, "http://"+at.Host))
}

func (o Origins) named(origin string) bool {
	for _, one := range o.listed {
		if one != "*" && strings.EqualFold(one, origin) {
			return true
		}
	}
	return false
}

func (o Origins) anybody() bool {
	for _, one := range o.listed {
		if one == "*" {
			return true
		}
	}
	return false
}
