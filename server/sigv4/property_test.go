package sigv4_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/server/sigv4"
)

// call is a request as a client has it before it is signed.
type call struct {
	method, path, query string
	header              http.Header
	body                []byte
	credentials         aws.Credentials
	region              string
	time                time.Time
	presign             bool
}

// anyCall draws a request. Paths have no empty, . or .. segments: the SDK signs those as they are, AWS without them.
func anyCall(t *rapid.T) *call {
	segment := rapid.StringMatching(`[ -.0-~äß]{1,6}`).Filter(func(s string) bool { return s != "." && s != ".." })
	c := &call{
		method: rapid.SampledFrom([]string{"POST", "GET", "PUT"}).Draw(t, "method"),
		path:   "/" + strings.Join(rapid.SliceOfN(segment, 0, 3).Draw(t, "path"), "/"),
		header: http.Header{},
		body:   rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "body"),
		credentials: aws.Credentials{
			AccessKeyID:     rapid.StringMatching(`AKIA[A-Z0-9]{16}`).Draw(t, "access key"),
			SecretAccessKey: rapid.StringMatching(`[A-Za-z0-9+/]{40}`).Draw(t, "secret"),
			SessionToken:    rapid.StringMatching(`([A-Za-z0-9+/]{30}=)?`).Draw(t, "token"),
		},
		region:  rapid.SampledFrom([]string{"us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"}).Draw(t, "region"),
		time:    time.Unix(rapid.Int64Range(1_500_000_000, 2_000_000_000).Draw(t, "time"), 0).UTC(),
		presign: rapid.Bool().Draw(t, "presign"),
	}
	query := url.Values{}
	for range rapid.IntRange(0, 3).Draw(t, "parameters") {
		query.Add(rapid.StringMatching(`[a-zA-Z +/~]{1,4}`).Draw(t, "name"), rapid.StringMatching(`[ -~]{0,6}`).Draw(t, "value"))
	}
	c.query = query.Encode()
	for _, name := range []string{"X-Amz-Target", "Content-Type", "My-Header", "X-Amz-Meta-A"} {
		for range rapid.IntRange(0, 2).Draw(t, name) {
			c.header.Add(name, strings.TrimSpace(rapid.StringMatching(`[ -~]{0,12}`).Draw(t, "value")))
		}
	}
	return c
}

// sign signs with the SDK and returns the request as a server gets it.
func (c *call) sign(t require.TestingT) *http.Request {
	out, err := http.NewRequest(c.method, "http://localhost:4566", bytes.NewReader(c.body))
	require.NoError(t, err)
	out.URL.Path, out.URL.RawQuery = c.path, c.query
	out.Header = c.header.Clone()
	sum := sha256.Sum256(c.body)
	hash := hex.EncodeToString(sum[:])
	signer := v4.NewSigner()
	if !c.presign {
		require.NoError(t, signer.SignHTTP(out.Context(), c.credentials, out, hash, "kms", c.region, c.time))
		return arrived(t, out.URL.RequestURI(), out.Header, c)
	}
	out.ContentLength = 0 // what the SDK would sign and not send
	signed, header, err := signer.PresignHTTP(out.Context(), c.credentials, out, hash, "kms", c.region, c.time)
	require.NoError(t, err)
	u, err := url.Parse(signed)
	require.NoError(t, err)
	header.Del("Host")
	return arrived(t, u.RequestURI(), header, c)
}

// arrived is the request that package net/http makes of what a client sent.
func arrived(t require.TestingT, uri string, header http.Header, c *call) *http.Request {
	u, err := url.ParseRequestURI(uri)
	require.NoError(t, err)
	return &http.Request{
		Method: c.method, RequestURI: uri, URL: u, Host: "localhost:4566", Header: header,
		ContentLength: int64(len(c.body)),
	}
}

// TestSDKSignaturesVerify signs random requests with the SDK.
func TestSDKSignaturesVerify(t *testing.T) {
	keys := sigv4.NewKeys()
	rapid.Check(t, func(t *rapid.T) {
		c := anyCall(t)
		r := c.sign(t)
		require.NoError(t, verifyWith(keys, r, c.body, "kms", c.credentials.SecretAccessKey, c.time))

		s, err := sigv4.Parse(r)
		require.NoError(t, err)
		require.Equal(t, c.credentials.AccessKeyID, s.AccessKeyID)
		require.Equal(t, c.credentials.SessionToken, s.Token)
		require.Equal(t, c.region, s.Scope.Region)
		require.Equal(t, c.time, s.Time)
		require.Equal(t, c.presign, s.Presigned)
		require.True(t, s.Signs("host"))
	})
}

// TestChangedRequestsFail signs random requests and changes one byte of what is signed.
func TestChangedRequestsFail(t *testing.T) {
	keys := sigv4.NewKeys()
	rapid.Check(t, func(t *rapid.T) {
		c := anyCall(t)
		r := c.sign(t)
		secret := c.credentials.SecretAccessKey
		require.NoError(t, verifyWith(keys, r, c.body, "kms", secret, c.time))
		body := c.body
		switch what := rapid.SampledFrom([]string{"method", "path", "query", "header", "host", "body", "secret"}).Draw(t, "what"); what {
		case "method":
			r.Method = "PATCH"
		case "path":
			changePath(r, rapid.SampledFrom([]string{"/x", "/%78", "x"}).Draw(t, "suffix"))
		case "query":
			r.URL.RawQuery += "&added=1"
		case "header":
			names := signedHeaders(t, r)
			if len(names) == 0 {
				t.Skip("no header but the host is signed")
			}
			name := rapid.SampledFrom(names).Draw(t, "name")
			values := slices.Clone(r.Header[name])
			i := rapid.IntRange(0, len(values)-1).Draw(t, "value")
			values[i] = flip(t, values[i])
			r.Header[name] = values
		case "host":
			r.Host = flip(t, r.Host)
		case "body":
			body = []byte(flip(t, string(body)))
		case "secret":
			secret = flip(t, secret)
		}
		require.Error(t, verifyWith(keys, r, body, "kms", secret, c.time))
	})
}

// TestChangedSignatureFails changes one byte of the credential, the names of the signed headers, the signature, or the
// date.
func TestChangedSignatureFails(t *testing.T) {
	keys := sigv4.NewKeys()
	rapid.Check(t, func(t *rapid.T) {
		c := anyCall(t)
		r := c.sign(t)
		if !c.presign {
			name := rapid.SampledFrom([]string{"Authorization", "X-Amz-Date"}).Draw(t, "name")
			value := r.Header.Get(name)
			r.Header.Set(name, flipAfter(t, value, strings.Index(value, "/")+1))
		} else {
			query := r.URL.Query()
			name := rapid.SampledFrom([]string{
				"X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Algorithm",
			}).Draw(t, "name")
			query.Set(name, flipAfter(t, query.Get(name), strings.Index(query.Get(name), "/")+1))
			r.URL.RawQuery = query.Encode()
		}
		require.Error(t, verifyWith(keys, r, c.body, "kms", c.credentials.SecretAccessKey, c.time))
	})
}

// signedHeaders are the signed headers that a request has.
func signedHeaders(t *rapid.T, r *http.Request) []string {
	s, err := sigv4.Parse(r)
	require.NoError(t, err)
	var names []string
	for name, values := range r.Header {
		if s.Signs(strings.ToLower(name)) && len(values) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func changePath(r *http.Request, suffix string) {
	path, query, found := strings.Cut(r.RequestURI, "?")
	r.RequestURI = path + suffix
	if found {
		r.RequestURI += "?" + query
	}
}

// flip changes one byte so that it does not become or stop being white space, which is not signed.
func flip(t *rapid.T, s string) string { return flipAfter(t, s, 0) }

func flipAfter(t *rapid.T, s string, from int) string {
	if s == "" {
		return "x"
	}
	b := []byte(s)
	i := rapid.IntRange(from, len(b)-1).Draw(t, "byte")
	if b[i] == ' ' || b[i] == ',' {
		b[i] = 'x'
	} else {
		b[i] = b[i] ^ 1 | 0x40
		if b[i] == s[i] {
			b[i] ^= 2
		}
	}
	return string(b)
}
