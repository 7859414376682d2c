package sigv4_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server/sigv4"
)

const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret " +
	"Access Key and signing method. Consult the service documentation for details."

// example is a signed call of KMS.
func example(t testing.TB, change ...func(*call)) (*http.Request, *call) {
	t.Helper()
	c := &call{
		method: "POST", path: "/", body: []byte(`{"KeyId":"alias/a"}`),
		header: http.Header{
			"X-Amz-Target": {"TrentService.DescribeKey"}, "Content-Type": {"application/x-amz-json-1.1"},
		},
		credentials: aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: exampleSecret},
		region:      "us-east-1", time: exampleTime,
	}
	for _, f := range change {
		f(c)
	}
	return c.sign(t), c
}

func presigned(c *call) { c.presign = true }

// withToken signs with temporary credentials.
func withToken(c *call) { c.credentials.SessionToken = "token-of-session" }

// replaced replaces text in the Authorization header.
func replaced(old, by string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, by, 1))
	}
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		if r.Header.Del(name); len(values) > 0 {
			r.Header[name] = values
		}
	}
}

// parameter sets parameters of the query.
func parameter(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		query := r.URL.Query()
		query.Del(name)
		for _, value := range values {
			query.Add(name, value)
		}
		r.URL.RawQuery = query.Encode()
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name          string
		sign          []func(*call)
		change        func(*http.Request)
		code, message string
	}{
		{"no signature", nil, header("Authorization"), sigv4.CodeMissingToken, "Missing Authentication Token"},
		{
			"signed twice", nil, parameter("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
			sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"two Authorization headers", nil, header("Authorization", "AWS4-HMAC-SHA256 a=b", "AWS4-HMAC-SHA256 a=b"),
			sigv4.CodeIncompleteSignature, "The request has more than one Authorization header.",
		},
		{
			"Basic", nil, header("Authorization", "Basic dTpw"),
			sigv4.CodeIncompleteSignature, "Unsupported AWS 'algorithm': 'Basic'.",
		},
		{
			"empty header", nil, header("Authorization", ""),
			sigv4.CodeIncompleteSignature, "Unsupported AWS 'algorithm': ''.",
		},
		{
			"Signature Version 4A", nil, replaced("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
			sigv4.CodeIncompleteSignature, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
		},
		{
			"Signature Version 4A, presigned",
			[]func(*call){presigned},
			parameter("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"),
			sigv4.CodeIncompleteSignature, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
		},
		{
			"no equal-sign", nil, header("Authorization", "AWS4-HMAC-SHA256 secret"), sigv4.CodeIncompleteSignature,
			"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with " +
				"Base64): 'ri+sqoSeDlaFjesqKlUs5ZIJ0vQgWvzVnhxVpJGeKZE='.",
		},
		{
			"nothing in it", nil, func(r *http.Request) {
				r.Header = http.Header{"Authorization": {"AWS4-HMAC-SHA256"}}
			}, sigv4.CodeIncompleteSignature,
			"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
				"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of " +
				"either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) " +
				"Authorization=YI2YWea8FSxnksZL2ETHbs5elHm9HQufxTLK0W0ffV0=",
		},
		{
			"a parameter twice", nil, replaced("Signature=", "Signature=a, Signature="),
			sigv4.CodeIncompleteSignature, "Authorization header has more than one 'Signature' parameter.",
		},
		{
			"short credential", nil, replaced("/us-east-1/kms/", "/us-east-1/"), sigv4.CodeIncompleteSignature,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, " +
				"got 'AKIDEXAMPLE/20150830/us-east-1/aws4_request'",
		},
		{
			"long credential", nil, replaced("/kms/", "/kms/kms/"), sigv4.CodeIncompleteSignature,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, " +
				"got 'AKIDEXAMPLE/20150830/us-east-1/kms/kms/aws4_request'",
		},
		{
			"date in another format", nil, header("X-Amz-Date", "2015-08-30T12:36:00Z"), sigv4.CodeIncompleteSignature,
			"Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'. See http://en.wikipedia.org/wiki/ISO_8601",
		},
		{
			"two dates", nil, header("X-Amz-Date", "20150830T123600Z", "20150830T123600Z"),
			sigv4.CodeIncompleteSignature, "The request has more than one 'X-Amz-Date' header.",
		},
		{
			"two tokens",
			[]func(*call){withToken},
			header("X-Amz-Security-Token", "a", "b"),
			sigv4.CodeIncompleteSignature, "The request has more than one 'X-Amz-Security-Token' header.",
		},
		{
			"host not signed", nil, replaced("host;", ""), sigv4.CodeInvalidSignature,
			"'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
		},
		{
			"target not signed", nil, replaced(";x-amz-target", ""), sigv4.CodeInvalidSignature,
			"'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
		},
		{
			"token not signed", nil, header("X-Amz-Security-Token", "t"), sigv4.CodeInvalidSignature,
			"'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.",
		},
		{
			"on behalf of somebody, not signed", nil, header("X-Strictkms-On-Behalf-Of", "arn"), sigv4.CodeInvalidSignature,
			"'x-strictkms-on-behalf-of' must be a 'SignedHeader' in the AWS Authorization.",
		},
		{
			"a signed header is gone", nil, header("X-Amz-Target"), sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"a signed header twice", nil, replaced("host;", "host;host;"), sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"a name that is none", nil, replaced("host;", "host;Host;"), sigv4.CodeInvalidSignature, mismatch,
		},
		{"as it was signed", nil, nil, "", ""},
		{"a user agent that is not signed", nil, header("X-Amz-User-Agent", "a"), "", ""},
		{"what a proxy adds", nil, header("X-Amzn-Trace-Id", "a"), "", ""},
		{
			"payload hash that is not that of the body", []func(*call){func(c *call) {
				c.header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			}}, nil, sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"payload of another form, presigned", []func(*call){func(c *call) {
				c.header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
			}, presigned}, nil, sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"signature in upper case", nil, func(r *http.Request) {
				name, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
				r.Header.Set("Authorization", name+"Signature="+strings.ToUpper(signature))
			}, sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"presigned, nothing in it",
			[]func(*call){presigned},
			func(r *http.Request) {
				r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
			}, sigv4.CodeIncompleteSignature,
			"AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include " +
				"'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string " +
				"parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
		},
		{
			"presigned, a parameter twice",
			[]func(*call){presigned},
			parameter("X-Amz-Date", "a", "b"),
			sigv4.CodeIncompleteSignature, "The query string has more than one 'X-Amz-Date' parameter.",
		},
		{
			"presigned, token in a header",
			[]func(*call){presigned},
			header("X-Amz-Security-Token", "t"),
			sigv4.CodeIncompleteSignature, "A presigned request has its session token in the query string only.",
		},
		{
			"presigned for nothing",
			[]func(*call){presigned},
			parameter("X-Amz-Expires", "0"),
			sigv4.CodeIncompleteSignature, "X-Amz-Expires should be a number greater than 0",
		},
		{
			"presigned for no number",
			[]func(*call){presigned},
			parameter("X-Amz-Expires", "-5"),
			sigv4.CodeIncompleteSignature, "X-Amz-Expires should be a number greater than 0",
		},
		{
			"presigned for too long",
			[]func(*call){presigned},
			parameter("X-Amz-Expires", "604801"),
			sigv4.CodeIncompleteSignature, "X-Amz-Expires must be less than a week (in seconds); that is, the given " +
				"X-Amz-Expires must be less than 604800 seconds",
		},
		{
			"query that is none", nil, func(r *http.Request) { r.URL.RawQuery = "a=%zz" },
			sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"query that ends early", nil, func(r *http.Request) { r.URL.RawQuery = "a=%2" },
			sigv4.CodeInvalidSignature, mismatch,
		},
		{
			"another service", nil, replaced("/kms/", "/sts/"),
			sigv4.CodeInvalidSignature, "Credential should be scoped to correct service: 'kms'.",
		},
		{
			"no Region", nil, replaced("/us-east-1/", "/../"),
			sigv4.CodeInvalidSignature, "Credential should be scoped to a valid region.",
		},
		{
			"another end", nil, replaced("aws4_request", "aws5_request"), sigv4.CodeInvalidSignature,
			"Credential should be scoped with a valid terminator: 'aws4_request'.",
		},
		{
			"another day", nil, replaced("/20150830/", "/20150829/"), sigv4.CodeInvalidSignature,
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != " +
				"'20150830', from '20150830T123600Z'.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, c := example(t, test.sign...)
			if test.change != nil {
				test.change(r)
			}
			err := verify(r, c.body, "kms", exampleSecret, exampleTime)
			if test.code == "" {
				require.NoError(t, err)
				return
			}
			refusal, ok := errors.AsType[*sigv4.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, test.code, refusal.Code)
			require.Equal(t, test.message, refusal.Message)
		})
	}
}

func TestTime(t *testing.T) {
	for _, test := range []struct {
		name    string
		sign    []func(*call)
		expires string
		off     time.Duration
		message string
	}{
		{"now", nil, "", 0, ""},
		{"15 minutes old", nil, "", 15 * time.Minute, ""},
		{
			"older", nil, "", 15*time.Minute + time.Second,
			"Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)",
		},
		{"15 minutes ahead", nil, "", -15 * time.Minute, ""},
		{
			"further ahead", nil, "", -15*time.Minute - time.Second,
			"Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)",
		},
		{"presigned without end", []func(*call){presigned}, "", 15 * time.Minute, ""},
		{
			"presigned without end, older",
			[]func(*call){presigned},
			"", 16 * time.Minute,
			"Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T125200Z - 15 min.)",
		},
		{"presigned", []func(*call){presigned}, "90", 90 * time.Second, ""},
		{
			"presigned, older",
			[]func(*call){presigned},
			"90", 91 * time.Second,
			"Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123731Z - 90 sec.)",
		},
		{"presigned for a week", []func(*call){presigned}, "604800", 7 * 24 * time.Hour, ""},
		{
			"presigned, ahead",
			[]func(*call){presigned},
			"604800", -16 * time.Minute,
			"Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T122000Z + 15 min.)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			sign := append([]func(*call){func(c *call) {
				if test.expires != "" {
					c.query = "X-Amz-Expires=" + test.expires
				}
			}}, test.sign...)
			r, c := example(t, sign...)
			err := verify(r, c.body, "kms", exampleSecret, exampleTime.Add(test.off))
			if test.message == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, sigv4.CodeInvalidSignature+": "+test.message)
		})
	}
}

// TestDateHeader signs without X-Amz-Date, which the SDK does not do.
func TestDateHeader(t *testing.T) {
	for _, date := range []string{"20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT"} {
		r, _ := readRequest(t, "GET / HTTP/1.1\nHost:example.amazonaws.com")
		r.Header.Set("Date", date)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "+
			"SignedHeaders=host, Signature=00")
		s, err := sigv4.Parse(r)
		require.NoError(t, err)
		require.Equal(t, exampleTime, s.Time)
	}
}

// TestSignatureTellsNoToken prints what a log may print.
func TestSignatureTellsNoToken(t *testing.T) {
	r, _ := example(t, withToken)
	s, err := sigv4.Parse(r)
	require.NoError(t, err)
	require.Equal(t, "token-of-session", s.Token)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		require.Equal(t, "AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request", fmt.Sprintf(format, s))
	}
	require.Equal(t, "AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request", s.LogValue().String())
}

// TestScopesHaveTheirOwnKeys uses one cache for several secrets and scopes.
func TestScopesHaveTheirOwnKeys(t *testing.T) {
	keys := sigv4.NewKeys()
	for range 2 {
		for _, region := range []string{"us-east-1", "us-west-2"} {
			for _, secret := range []string{exampleSecret, "other"} {
				r, c := example(t, func(c *call) { c.region, c.credentials.SecretAccessKey = region, secret })
				require.NoError(t, verifyWith(keys, r, c.body, "kms", secret, exampleTime))
				require.Error(t, verifyWith(keys, r, c.body, "kms", secret+"x", exampleTime))
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, change := range [][]func(*call){nil, {presigned}, {withToken}, {presigned, withToken}} {
		r, _ := example(f, change...)
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
		require.NoError(f, r.Header.Write(&b))
		f.Add(b.String() + "\r\n")
	}
	keys := sigv4.NewKeys()
	f.Fuzz(func(t *testing.T, text string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			r = &http.Request{Method: "POST", URL: &url.URL{RawQuery: text}, Header: http.Header{"Authorization": {text}}}
		}
		// Nobody finds this secret by chance.
		err = verifyWith(keys, r, nil, "kms", "8f4b1c", exampleTime)
		if _, ok := errors.AsType[*sigv4.Error](err); !ok {
			t.Fatalf("%v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	keys := sigv4.NewKeys()
	r, c := example(b)
	hash := sha256.Sum256(c.body)
	b.ReportAllocs()
	for b.Loop() {
		s, err := sigv4.Parse(r)
		if err == nil {
			err = s.Check(exampleTime, "kms")
		}
		if err == nil {
			err = keys.Verify(s, exampleSecret, hash)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
