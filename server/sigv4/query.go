package sigv4

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxExpires is the longest that a presigned URL may be good for: seven days
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html, Query string).
const maxExpires = 7 * 24 * time.Hour

// pair is a parameter of the query with name and value encoded as they are signed.
type pair struct{ name, value string }

// presigned are the parameters of a presigned URL, decoded. Those that are not there are nil.
type presigned struct {
	algorithm, credential, date, expires, signedHeaders, signature, token *string
}

// present reports whether a query has a signature, whole or not.
func (p *presigned) present() bool { return p.algorithm != nil || p.signature != nil }

// field returns where a parameter is kept, nil when it is none of presigned URLs.
func (p *presigned) field(name string) **string {
	switch name {
	case "X-Amz-Algorithm":
		return &p.algorithm
	case "X-Amz-Credential":
		return &p.credential
	case "X-Amz-Date":
		return &p.date
	case "X-Amz-Expires":
		return &p.expires
	case "X-Amz-SignedHeaders":
		return &p.signedHeaders
	case "X-Amz-Signature":
		return &p.signature
	case "X-Amz-Security-Token":
		return &p.token
	default:
		return nil
	}
}

// parseQuery returns the parameters of a query as they are signed, sorted by name and then by value, without the
// signature itself; and those of a presigned URL.
func parseQuery(raw string) ([]pair, presigned, error) {
	var auth presigned
	if raw == "" {
		return nil, auth, nil
	}
	pairs := make([]pair, 0, 1+strings.Count(raw, "&"))
	for parameter := range strings.SplitSeq(raw, "&") {
		if parameter == "" {
			continue
		}
		encodedName, encodedValue, _ := strings.Cut(parameter, "=")
		name, ok := unescape(encodedName)
		value, valid := unescape(encodedValue)
		if !ok || !valid {
			return nil, auth, errMismatch // nobody signs what is not a query
		}
		if field := auth.field(name); field != nil {
			if *field != nil {
				return nil, auth, incomplete("The query string has more than one '" + name + "' parameter.")
			}
			*field = &value
		}
		if name != "X-Amz-Signature" {
			pairs = append(pairs, pair{string(appendEscaped(nil, name, false)), string(appendEscaped(nil, value, false))})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	return pairs, auth, nil
}

// fromQuery reads the parameters of a presigned URL.
func (s *Signature) fromQuery(p presigned) error {
	if p.algorithm != nil && *p.algorithm != algorithm {
		return incomplete("Unsupported AWS 'algorithm': '" + printable(*p.algorithm) + "'.")
	}
	if err := p.missing(); err != nil {
		return err
	}
	if p.token != nil {
		s.Token = *p.token
	}
	if len(s.request.Header["X-Amz-Security-Token"]) > 0 {
		return incomplete("A presigned request has its session token in the query string only.")
	}
	s.signature = *p.signature
	if err := s.setSignedHeaders(*p.signedHeaders); err != nil {
		return err
	}
	if err := s.setTime(*p.date); err != nil {
		return err
	}
	if err := s.setExpires(p.expires); err != nil {
		return err
	}
	return s.setCredential(*p.credential)
}

// missing says what a presigned URL lacks.
func (p *presigned) missing() error {
	var b strings.Builder
	for _, required := range [...]struct {
		value *string
		name  string
	}{
		{p.algorithm, "X-Amz-Algorithm"},
		{p.credential, "X-Amz-Credential"},
		{p.signature, "X-Amz-Signature"},
		{p.signedHeaders, "X-Amz-SignedHeaders"},
		{p.date, "X-Amz-Date"},
	} {
		if required.value == nil || *required.value == "" {
			b.WriteString("AWS query-string parameters must include '" + required.name + "'. ")
		}
	}
	if b.Len() == 0 {
		return nil
	}
	b.WriteString("Re-examine the query-string parameters.")
	return incomplete(b.String())
}

// setExpires reads X-Amz-Expires: seconds. Services other than Amazon S3 do without it.
func (s *Signature) setExpires(expires *string) error {
	if expires == nil {
		return nil
	}
	seconds, err := strconv.ParseUint(*expires, 10, 31)
	if err != nil || seconds == 0 {
		return incomplete("X-Amz-Expires should be a number greater than 0")
	}
	if s.Expires = time.Duration(seconds) * time.Second; s.Expires > maxExpires {
		return incomplete("X-Amz-Expires must be less than a week (in seconds); that is, " +
			"the given X-Amz-Expires must be less than 604800 seconds")
	}
	return nil
}
