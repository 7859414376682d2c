package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// appendCanonicalRequest appends what the hash in the string to sign is of.
func (s *Signature) appendCanonicalRequest(b []byte, bodyHash [sha256.Size]byte) ([]byte, error) {
	b = append(b, s.request.Method...)
	b = append(b, '\n')
	b = appendPath(b, wirePath(s.request))
	b = append(b, '\n')
	for i, p := range s.query {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	b = append(b, '\n')
	for _, name := range s.SignedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		var found bool
		if b, found = appendHeader(b, s.request, name); !found {
			return nil, errMismatch // it was signed, and is gone
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range s.SignedHeaders {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return hex.AppendEncode(b, bodyHash[:]), nil
}

// appendStringToSign appends what the signature is of.
func (s *Signature) appendStringToSign(b []byte, canonicalHash [sha256.Size]byte) []byte {
	b = append(b, algorithm+"\n"...)
	b = append(b, s.stamp...)
	b = append(b, '\n')
	b = append(b, s.Scope.Date...)
	b = append(b, '/')
	b = append(b, s.Scope.Region...)
	b = append(b, '/')
	b = append(b, s.Scope.Service...)
	b = append(b, '/')
	b = append(b, s.Scope.terminator...)
	b = append(b, '\n')
	return hex.AppendEncode(b, canonicalHash[:])
}

// wirePath is the path as the client wrote it. Package net/url decodes it, and does not always give the same back.
func wirePath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// appendHeader appends the canonical values of a header, by its lower-case name, and reports whether it is there.
func appendHeader(b []byte, r *http.Request, name string) ([]byte, bool) {
	if name == "host" { // package net/http takes it out of the headers
		return appendTrimmed(b, r.Host), r.Host != ""
	}
	var room [64]byte
	key := append(room[:0], name...)
	upper := true
	for i, c := range key {
		if upper && 'a' <= c && c <= 'z' {
			key[i] = c - ('a' - 'A')
		}
		upper = c == '-'
	}
	values, found := r.Header[string(key)]
	if !found && name == "content-length" && r.ContentLength >= 0 {
		return strconv.AppendInt(b, r.ContentLength, 10), true
	}
	for i, value := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, value)
	}
	return b, found
}

// appendTrimmed appends a value without white space at its ends and with one space for each run of them inside.
func appendTrimmed(b []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	for i := range len(value) {
		if value[i] == ' ' && i > 0 && value[i-1] == ' ' {
			continue
		}
		b = append(b, value[i])
	}
	return b
}
