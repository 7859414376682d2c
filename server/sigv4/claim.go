package sigv4

import (
	"net/http"
	"strings"
)

// Claim returns the access key id and the scope that a request claims to be signed with, well-formed or not, for
// servers that prove nothing. What is not there is empty.
func Claim(r *http.Request) (accessKeyID string, scope Scope) {
	credential := ""
	if _, after, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
		credential, _, _ = strings.Cut(after, ",")
	} else if r.URL.RawQuery != "" {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.SplitN(strings.TrimSpace(credential), "/", 5)
	for len(parts) < 5 {
		parts = append(parts, "")
	}
	return parts[0], Scope{parts[1], parts[2], parts[3], parts[4]}
}

// IsRegion reports whether a name has the form of the names of Regions, such as us-east-1 or us-gov-west-1. Which ones
// there are is not asked, since there will be more.
func IsRegion(s string) bool {
	dashes := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-':
			if dashes++; i == 0 || s[i-1] == '-' {
				return false
			}
		case '0' <= c && c <= '9':
			if dashes < 2 {
				return false
			}
		case c < 'a' || c > 'z':
			return false
		}
	}
	return dashes >= 2 && len(s) <= 32 && '0' <= s[len(s)-1] && s[len(s)-1] <= '9'
}
