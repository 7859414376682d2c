package sigv4

import (
	"net/http"
	"sort"
	"strings"
	"time"
)

// fromHeader reads the Authorization header:
//
//	AWS4-HMAC-SHA256 Credential=ID/SCOPE, SignedHeaders=host;x-amz-date, Signature=HEX
func (s *Signature) fromHeader(authorization string) error {
	scheme, parameters, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if scheme != algorithm {
		return incomplete("Unsupported AWS 'algorithm': '" + printable(schemeOf(scheme)) + "'.")
	}
	credential, names, err := s.parameters(authorization, parameters)
	if err != nil {
		return err
	}
	date, err := s.dateHeader()
	if err != nil {
		return err
	}
	if err := s.missing(authorization, credential, names, date); err != nil {
		return err
	}
	if s.Token, err = s.single("X-Amz-Security-Token"); err != nil {
		return err
	}
	if err := s.setSignedHeaders(names); err != nil {
		return err
	}
	if err := s.setTime(date); err != nil {
		return err
	}
	return s.setCredential(credential)
}

// schemeOf keeps what is not the name of a scheme out of the answer: a header that is only a token is a secret.
func schemeOf(scheme string) string {
	if len(scheme) > 32 {
		return "(hashed with SHA-256 and encoded with Base64) " + hashed(scheme)
	}
	return scheme
}

// parameters reads the parameters of an Authorization header; the signature is set, the others are returned.
func (s *Signature) parameters(authorization, parameters string) (credential, names string, err error) {
	for parameter := range strings.SplitSeq(parameters, ",") {
		parameter = strings.TrimSpace(parameter)
		if parameter == "" {
			continue
		}
		name, value, found := strings.Cut(parameter, "=")
		if !found {
			return "", "", incomplete("Invalid key=value pair (missing equal-sign) in Authorization header " +
				"(hashed with SHA-256 and encoded with Base64): '" + hashed(authorization) + "'.")
		}
		var field *string
		switch name {
		case "Credential":
			field = &credential
		case "SignedHeaders":
			field = &names
		case "Signature":
			field = &s.signature
		default:
			continue
		}
		if *field != "" {
			return "", "", incomplete("Authorization header has more than one '" + name + "' parameter.")
		}
		*field = value
	}
	return credential, names, nil
}

// dateHeader returns the date that is signed in basic format: X-Amz-Date, or else Date, which may be in HTTP's format.
// It is empty when there is none.
func (s *Signature) dateHeader() (string, error) {
	if date, err := s.single("X-Amz-Date"); err != nil || date != "" {
		return date, err
	}
	date, err := s.single("Date")
	if err != nil {
		return "", err
	}
	if t, err := http.ParseTime(date); err == nil {
		return t.In(time.UTC).Format(basicFormat), nil
	}
	return date, nil
}

// single returns a header that must not be there twice.
func (s *Signature) single(name string) (string, error) {
	switch values := s.request.Header[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	default:
		return "", incomplete("The request has more than one '" + name + "' header.")
	}
}

// missing says what an Authorization header lacks.
func (s *Signature) missing(authorization, credential, names, date string) error {
	var b strings.Builder
	for _, required := range [...]struct{ value, message string }{
		{credential, "Authorization header requires 'Credential' parameter. "},
		{s.signature, "Authorization header requires 'Signature' parameter. "},
		{names, "Authorization header requires 'SignedHeaders' parameter. "},
		{date, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "},
	} {
		if required.value == "" {
			b.WriteString(required.message)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	b.WriteString("(Hashed with SHA-256 and encoded with Base64) Authorization=")
	b.WriteString(hashed(authorization))
	return incomplete(b.String())
}

// checkSignedHeaders refuses headers that must be signed and are not: the host, and all that have a meaning for AWS
// or, as ours do, say for whom a call is made. X-Amz-User-Agent is User-Agent by another name, which proxies change and
// some signers leave out.
func (s *Signature) checkSignedHeaders() error {
	if !s.Signs("host") {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for key := range s.request.Header {
		if !strings.HasPrefix(key, "X-Amz-") && !strings.HasPrefix(key, "X-Strictkms-") || key == "X-Amz-User-Agent" {
			continue
		}
		if !s.signsKey(key) {
			return invalid("'" + strings.ToLower(key) + "' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	return nil
}

// signsKey reports whether a header, by the name that package net/http gives it, is signed.
func (s *Signature) signsKey(key string) bool {
	var room [64]byte
	name := append(room[:0], key...)
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + ('a' - 'A')
		}
	}
	i := sort.Search(len(s.SignedHeaders), func(i int) bool { return s.SignedHeaders[i] >= string(name) })
	return i < len(s.SignedHeaders) && s.SignedHeaders[i] == string(name)
}
