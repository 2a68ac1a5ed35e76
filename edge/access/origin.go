package access

import (
	"net/url"
	"strings"
)

// ParseOrigins reads the variable ALLOWED_ORIGINS.
func ParseOrigins(list string) []string {
	var origins []string
	for _, origin := range strings.Split(list, ",") {
		if origin = strings.TrimSuffix(strings.TrimSpace(origin), "/"); origin != "" {
			origins = append(origins, origin)
		}
	}
	return origins
}

// OriginAllowed reports whether a page of origin may ask a Worker at host. With an
// empty list only the Worker's own pages may. "null", the origin of sandboxed
// frames and of files, is nobody in particular and needs "*".
//
// The host is compared and not the scheme: behind a proxy that ends TLS the
// Worker's own URL says http where the page says https.
func OriginAllowed(list []string, origin, host string) bool {
	if len(list) == 0 {
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
	}
	for _, allowed := range list {
		if allowed == "*" || strings.EqualFold(allowed, origin) {
			return true
		}
	}
	return false
}
