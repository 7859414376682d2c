package sigv4_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server/sigv4"
)

// The credentials and the clock of AWS's examples.
const (
	exampleKey    = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var exampleTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

// TestPublishedSignatures holds signatures that AWS published with the requests that they sign.
func TestPublishedSignatures(t *testing.T) {
	for _, test := range []struct{ name, request, service, signed, signature string }{
		{
			"example of the AWS General Reference, ListUsers",
			"GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\nHost: iam.amazonaws.com\n" +
				"Content-Type: application/x-www-form-urlencoded; charset=utf-8\nX-Amz-Date: 20150830T123600Z",
			"iam", "content-type;host;x-amz-date", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
		{
			"test suite, get-vanilla",
			"GET / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z",
			"service", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, body := readRequest(t, test.request)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+exampleKey+"/20150830/us-east-1/"+
				test.service+"/aws4_request, SignedHeaders="+test.signed+", Signature="+test.signature)
			require.NoError(t, verify(r, body, test.service, exampleSecret, exampleTime))
			require.Error(t, verify(r, body, test.service, exampleSecret+"x", exampleTime))
		})
	}
}

// TestSuite runs AWS's Signature Version 4 test suite (Apache-2.0,
// https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html) from the directory that is named by
// SIGV4_TEST_SUITE: a directory of .req and .authz files. The suite is not part of this repository.
func TestSuite(t *testing.T) {
	root := os.Getenv("SIGV4_TEST_SUITE")
	if root == "" {
		t.Skip("SIGV4_TEST_SUITE names no directory")
	}
	requests, err := filepath.Glob(filepath.Join(root, "*", "*.req"))
	require.NoError(t, err)
	deeper, err := filepath.Glob(filepath.Join(root, "*", "*", "*.req"))
	require.NoError(t, err)
	requests = append(requests, deeper...)
	require.Greater(t, len(requests), 25)
	for _, path := range requests {
		name := strings.TrimSuffix(filepath.Base(path), ".req")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			authorization, err := os.ReadFile(strings.TrimSuffix(path, ".req") + ".authz")
			require.NoError(t, err)
			requireWhole(t, strings.TrimSuffix(path, ".req"))
			r, body := readRequest(t, string(text))
			r.Header.Set("Authorization", string(authorization))
			err = verify(r, body, "service", exampleSecret, exampleTime)
			if name == "post-sts-header-after" {
				// The session token is added after signing, which no KMS client does.
				require.NoError(t, err, "without its token")
				r.Header.Set("X-Amz-Security-Token", "token")
				require.Error(t, verify(r, body, "service", exampleSecret, exampleTime))
				return
			}
			require.NoError(t, err)
		})
	}
}

// requireWhole skips a case whose string to sign is not that of its canonical request, which no signature fits.
func requireWhole(t *testing.T, path string) {
	t.Helper()
	canonical, err := os.ReadFile(path + ".creq")
	require.NoError(t, err)
	toSign, err := os.ReadFile(path + ".sts")
	require.NoError(t, err)
	sum := sha256.Sum256(canonical)
	if !bytes.HasSuffix(toSign, []byte(hex.EncodeToString(sum[:]))) {
		t.Skip("the files of the suite contradict each other")
	}
}

// readRequest reads a request as the suite writes it: with paths that package net/http would not read.
func readRequest(t *testing.T, text string) (*http.Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	uri := strings.TrimSuffix(rest, " HTTP/1.1")
	path, query, _ := strings.Cut(uri, "?")
	r := &http.Request{
		Method: method, RequestURI: uri, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{},
		Proto: "HTTP/1.1", ContentLength: int64(len(body)),
	}
	name := ""
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, " ") { // a line that is folded
			values := r.Header[name]
			values[len(values)-1] += "," + strings.TrimSpace(line)
			continue
		}
		key, value, found := strings.Cut(line, ":")
		require.True(t, found, line)
		if name = http.CanonicalHeaderKey(key); name == "Host" {
			r.Host = strings.TrimSpace(value)
			continue
		}
		r.Header[name] = append(r.Header[name], strings.TrimSpace(value))
	}
	return r, []byte(body)
}

// verify does what a server does.
func verify(r *http.Request, body []byte, service, secret string, now time.Time) error {
	return verifyWith(sigv4.NewKeys(), r, body, service, secret, now)
}

func verifyWith(keys *sigv4.Keys, r *http.Request, body []byte, service, secret string, now time.Time) error {
	s, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	if err := s.Check(now, service); err != nil {
		return err
	}
	return keys.Verify(s, secret, sha256.Sum256(body))
}
