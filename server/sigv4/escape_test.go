package sigv4_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server/sigv4"
)

// TestCanonicalPath has the expectations of AWS's test suite (normalize-path) and of its user guide: what arrives is
// encoded once more.
func TestCanonicalPath(t *testing.T) {
	for path, want := range map[string]string{
		"": "/", "/": "/", "//": "/", "/./": "/", "/..": "/", "/example/..": "/", "/example1/example2/../..": "/",
		"/./example": "/example", "//example//": "/example/", "/a/./b": "/a/b", "/a/.": "/a/", "/a/b/..": "/a/",
		"/../../a": "/a", "/example space/": "/example%20space/", "/example%20space/": "/example%2520space/",
		"/ሴ": "/%E1%88%B4", "/-._~0aZ": "/-._~0aZ", "/a:b@c": "/a%3Ab%40c", "*": "/%2A",
	} {
		require.Equal(t, want, sigv4.CanonicalPath(path), path)
	}
}

// TestQueryForms signs parameters in one form and sends them in others that mean the same.
func TestQueryForms(t *testing.T) {
	r, c := example(t, func(c *call) { c.query = "a=%20b&c=&a=%C3%A4" })
	for _, query := range []string{"a=%20b&c=&a=%C3%A4", "c&a=+b&a=%c3%a4", "&a=%C3%A4&&a=%20b&c=", "%61=+%62&a=ä&c="} {
		r.URL.RawQuery = query
		require.NoError(t, verify(r, c.body, "kms", exampleSecret, exampleTime), query)
	}
	for _, query := range []string{"", "a=%20b&c=", "a=%20b&c=&a=%C3%A4&c=", "a=%2520b&c=&a=%C3%A4", "A=%20b&c=&a=%C3%A4"} {
		r.URL.RawQuery = query
		require.Error(t, verify(r, c.body, "kms", exampleSecret, exampleTime), query)
	}
}

// TestHeaderForms changes white space that is not signed, and white space that is.
func TestHeaderForms(t *testing.T) {
	r, c := example(t, func(c *call) { c.header["My-Header"] = []string{"a  b", "c"} })
	for _, values := range [][]string{{"a  b", "c"}, {" a b\t", "  c"}, {"a b,c"}} {
		r.Header["My-Header"] = values
		require.NoError(t, verify(r, c.body, "kms", exampleSecret, exampleTime), values)
	}
	for _, values := range [][]string{nil, {"ab", "c"}, {"c", "a b"}, {"a b"}, {"a b", "c", ""}} {
		r.Header["My-Header"] = values
		require.Error(t, verify(r, c.body, "kms", exampleSecret, exampleTime), values)
	}
}

// TestPayloadHash is optional, but has to be right.
func TestPayloadHash(t *testing.T) {
	const right = "2a3fe0dd2d4ee6d5f6e2d0d4d9fb8ca8ec1d0c9a8b6a7c0b5e9c8c9a3d5b1c7e"
	for _, test := range []struct {
		value string
		good  bool
	}{
		{payloadHash, true}, {right, false}, {strings.Repeat("z", 64), false}, {"", false}, {payloadHash[1:], false},
	} {
		for _, form := range []func(*call){func(*call) {}, presigned} {
			r, c := example(t, func(c *call) { c.header.Set("X-Amz-Content-Sha256", test.value) }, form)
			err := verify(r, c.body, "kms", exampleSecret, exampleTime)
			require.Equal(t, test.good, err == nil, "%s: %v", test.value, err)
		}
	}
}

// payloadHash is that of the body of [example].
const payloadHash = "26bf5a4998dc23d67ca5ad5613737745adfc0305e183057016a1a7cc51d0fbcb"

// TestURLWithoutRequestURI verifies a request that did not come from package net/http's server.
func TestURLWithoutRequestURI(t *testing.T) {
	r, c := example(t)
	r.RequestURI = ""
	require.NoError(t, verify(r, c.body, "kms", exampleSecret, exampleTime))
}

// TestLongQuotes cuts what is quoted, and quotes nothing that may be a secret.
func TestLongQuotes(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for _, authorization := range []string{long, "AWS4-HMAC-SHA256 Credential=" + long + ",SignedHeaders=host,Signature=a"} {
		_, err := sigv4.Parse(&http.Request{URL: &url.URL{}, Header: http.Header{
			"Authorization": {authorization}, "X-Amz-Date": {"20150830T123600Z"},
		}})
		require.Error(t, err)
		require.Less(t, len(err.Error()), 600)
	}
	_, err := sigv4.Parse(&http.Request{URL: &url.URL{}, Header: http.Header{
		"Authorization": {"a-token-of-another-kind-that-is-a-secret"},
	}})
	require.ErrorContains(t, err, "Unsupported AWS 'algorithm'")
	require.NotContains(t, err.Error(), "secret")
}
