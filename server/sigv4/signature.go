package sigv4

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	// basicFormat is the form of ISO 8601 that dates of requests have.
	basicFormat = "20060102T150405Z"
)

// Signature is what a request says about who signed it, and how. Nothing of it is proved before [Signature.Check] and
// [Keys.Verify].
type Signature struct {
	// AccessKeyID names the secret that the request is said to be signed with.
	AccessKeyID string
	// Token is the session token of temporary credentials, empty for none. It must not be logged.
	Token string
	Scope Scope
	// Time is when the request was signed.
	Time time.Time
	// Presigned is true when the signature is in the query and not in the Authorization header.
	Presigned bool
	// Expires is how long a presigned URL is good for; zero when it does not say.
	Expires time.Duration
	// SignedHeaders are the names of the headers that are signed: lower case, sorted, without duplicates.
	SignedHeaders []string

	signature string // hexadecimal
	stamp     string // Time as it is signed
	request   *http.Request
	query     []pair    // what of the query is signed, canonical
	room      [8]string // for the usual number of signed headers
}

// Scope is what a signature is good for.
type Scope struct {
	Date            string // YYYYMMDD
	Region, Service string
	terminator      string
}

// String returns the scope as it is signed.
func (s Scope) String() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/" + s.terminator
}

// Parse reads the signature of a request. It reads nothing of the body. The request must not be changed before the
// signature is verified. The error is an [*Error].
func Parse(r *http.Request) (*Signature, error) {
	query, presigned, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	s := &Signature{request: r, query: query, Presigned: presigned.present()}
	authorization := r.Header["Authorization"]
	switch {
	case len(authorization) == 0 && !s.Presigned:
		return nil, &Error{CodeMissingToken, "Missing Authentication Token"}
	case len(authorization) > 0 && s.Presigned:
		return nil, errMismatch // AWS: one or the other
	case len(authorization) > 1:
		return nil, incomplete("The request has more than one Authorization header.")
	case s.Presigned:
		err = s.fromQuery(presigned)
	default:
		err = s.fromHeader(authorization[0])
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkSignedHeaders(); err != nil {
		return nil, err
	}
	return s, nil
}

// String tells who signed for what, and no secret.
func (s *Signature) String() string {
	return s.AccessKeyID + "/" + s.Scope.String()
}

// Format writes [Signature.String], whatever the verb: a dump of the fields would have the session token.
func (s *Signature) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns [Signature.String].
func (s *Signature) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Signs reports whether a header, by its lower-case name, is signed.
func (s *Signature) Signs(header string) bool {
	_, found := slices.BinarySearch(s.SignedHeaders, header)
	return found
}

// setCredential reads accesskey/date/region/service/aws4_request.
func (s *Signature) setCredential(credential string) error {
	id, rest, _ := strings.Cut(credential, "/")
	date, rest, _ := strings.Cut(rest, "/")
	region, rest, _ := strings.Cut(rest, "/")
	service, end, found := strings.Cut(rest, "/")
	if !found || id == "" || strings.Contains(end, "/") {
		return incomplete("Credential must have exactly 5 slash-delimited elements, " +
			"e.g. keyid/date/region/service/term, got '" + printable(credential) + "'")
	}
	s.AccessKeyID, s.Scope = id, Scope{date, region, service, end}
	return nil
}

// setSignedHeaders reads names with semicolons between them. AWS sorts them, and so do signers.
func (s *Signature) setSignedHeaders(names string) error {
	s.SignedHeaders = s.room[:0]
	for name := range strings.SplitSeq(names, ";") {
		s.SignedHeaders = append(s.SignedHeaders, name)
	}
	if !slices.IsSorted(s.SignedHeaders) {
		slices.Sort(s.SignedHeaders)
	}
	for i, name := range s.SignedHeaders {
		if !isHeaderName(name) || i > 0 && name == s.SignedHeaders[i-1] {
			return errMismatch
		}
	}
	return nil
}

// setTime reads a date in ISO 8601 basic format.
func (s *Signature) setTime(date string) error {
	if t, ok := parseStamp(date); ok {
		s.Time, s.stamp = t, date
		return nil
	}
	t, err := time.Parse(basicFormat, date)
	if err != nil {
		return incomplete("Date must be in ISO-8601 'basic format'. Got '" + printable(date) +
			"'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	s.Time, s.stamp = t, t.Format(basicFormat)
	return nil
}

// parseStamp is time.Parse of [basicFormat] for the dates that nearly all requests have. It reports false for all
// others: from the 29th of a month on, with fractions, and wrong ones.
func parseStamp(s string) (t time.Time, ok bool) {
	if len(s) != len(basicFormat) || s[8] != 'T' || s[15] != 'Z' {
		return t, false
	}
	number := func(from, to, least, most int) int {
		n := 0
		for _, c := range []byte(s[from:to]) {
			if c < '0' || c > '9' {
				ok = false
				return 0
			}
			n = n*10 + int(c-'0')
		}
		ok = ok && least <= n && n <= most
		return n
	}
	ok = true
	year, month, day := number(0, 4, 0, 9999), number(4, 6, 1, 12), number(6, 8, 1, 28)
	hour, minute, second := number(9, 11, 0, 23), number(11, 13, 0, 59), number(13, 15, 0, 59)
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), ok
}

// printable cuts what a message quotes of a request to what is worth reading.
func printable(s string) string {
	const limit = 256
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// isHeaderName reports whether a name of a signed header is one, in lower case.
func isHeaderName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
