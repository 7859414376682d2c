package server

import (
	"mime"
	"net/http"
	"strings"

	"github.com/strictkms/strictkms/server/sigv4"
)

// isQuery reports whether a request is in the Query protocol, by its form.
func isQuery(r *http.Request) bool {
	if r.URL.Path != "/" {
		return false
	}
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return err == nil && kind == "application/x-www-form-urlencoded"
	}
	return r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "Action=")
}

// scopeOf is the service that a request says it is signed for, empty for none.
func scopeOf(r *http.Request) string {
	_, scope := sigv4.Claim(r)
	return scope.Service
}
