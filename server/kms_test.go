package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

// newKey makes a key with AWS's default policy.
func newKey(t testing.TB, client *kms.Client) string {
	t.Helper()
	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	return aws.ToString(out.KeyMetadata.Arn)
}

func encrypt(t testing.TB, client *kms.Client, key string) ([]byte, error) {
	t.Helper()
	out, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("secret")})
	if err != nil {
		return nil, err
	}
	return out.CiphertextBlob, nil
}

// TestSDK does what the quick start does, with the SDK as it is.
func TestSDK(t *testing.T) {
	w := start(t, enforce.Strict)
	alice := w.client(w.user(t, "alice", allowAll))
	key := newKey(t, alice)
	require.True(t, strings.HasPrefix(key, "arn:aws:kms:us-east-1:"+account+":key/"), key)
	ciphertext, err := encrypt(t, alice, key)
	require.NoError(t, err)
	out, err := alice.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: ciphertext})
	require.NoError(t, err)
	require.Equal(t, "secret", string(out.Plaintext))

	_, err = alice.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
	require.NoError(t, err) // an operation that answers nothing
	_, err = encrypt(t, alice, key)
	disabled, ok := errors.AsType[*types.DisabledException](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, key+" is disabled.", disabled.ErrorMessage())
	require.NotContains(t, w.log.String(), "secret\"")
}

// TestDenied denies with AWS's sentence and tells why afterwards.
func TestDenied(t *testing.T) {
	w := start(t, enforce.Strict)
	key := newKey(t, w.client(w.user(t, "alice", allowAll)))
	bob := w.client(w.user(t, "bob", strings.Replace(allowAll, "kms:*", "kms:Decrypt", 1)))
	_, err := encrypt(t, bob, key)
	denied, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "AccessDeniedException", denied.ErrorCode())
	require.Equal(t, "User: arn:aws:iam::"+account+":user/bob is not authorized to perform: kms:Encrypt on resource: "+
		key+" because no identity-based policy allows the kms:Encrypt action", denied.ErrorMessage())
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	require.True(t, ok)
	require.Equal(t, http.StatusBadRequest, response.HTTPStatusCode())

	id := response.Response.Header.Get("X-Amzn-Requestid")
	explained, found := w.trail.Explain(t.Context(), id)
	require.True(t, found, id)
	require.Equal(t, "Encrypt", explained.Operation)
	require.Contains(t, send(t, mustGet(t, w.url+trail.ExplainPath+id)).body, "user/bob")
}

// TestSoft lets what would be denied pass, but nobody who proves nothing.
func TestSoft(t *testing.T) {
	w := start(t, enforce.Soft)
	key := newKey(t, w.client(w.user(t, "alice", allowAll)))
	_, err := encrypt(t, w.client(w.user(t, "bob", allowNothing)), key)
	require.NoError(t, err)
	unsigned := send(t, w.request(t, "ListKeys", `{}`))
	require.JSONEq(t, `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`, unsigned.body)
}

// TestAuthentication refuses credentials that are not good.
func TestAuthentication(t *testing.T) {
	w := start(t, enforce.Strict)
	alice := w.user(t, "alice", allowAll)
	role := w.role(t, "App", allowAll)
	with := func(c iam.Credentials, change func(*iam.Credentials)) iam.Credentials { change(&c); return c }
	for _, test := range []struct {
		name        string
		credentials iam.Credentials
		code        string
	}{
		{"user", alice, ""},
		{"session", role, ""},
		{"another secret", with(alice, func(c *iam.Credentials) { c.SecretAccessKey += "x" }), "InvalidSignatureException"},
		{"nobody", with(alice, func(c *iam.Credentials) { c.AccessKeyID = "AKIA0000000000000000" }), "UnrecognizedClientException"},
		{"no token", with(role, func(c *iam.Credentials) { c.SessionToken = "" }), "UnrecognizedClientException"},
		{"bad token", with(role, func(c *iam.Credentials) { c.SessionToken += "x" }), "UnrecognizedClientException"},
		{"token of another", with(alice, func(c *iam.Credentials) { c.SessionToken = role.SessionToken }), "UnrecognizedClientException"},
		{"secret of another", with(role, func(c *iam.Credentials) { c.SecretAccessKey = alice.SecretAccessKey }), "InvalidSignatureException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.client(test.credentials).ListKeys(t.Context(), &kms.ListKeysInput{})
			if test.code == "" {
				require.NoError(t, err)
				return
			}
			refused, ok := errors.AsType[smithy.APIError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, test.code, refused.ErrorCode())
			require.NotContains(t, w.log.String(), test.credentials.SecretAccessKey)
		})
	}
}

// TestRegions finds keys in the Region of the credential scope.
func TestRegions(t *testing.T) {
	w := start(t, enforce.Strict)
	alice := w.user(t, "alice", allowAll)
	key := newKey(t, w.client(alice, func(o *kms.Options) { o.Region = "eu-central-1" }))
	require.True(t, strings.HasPrefix(key, "arn:aws:kms:eu-central-1:"), key)
	_, err := encrypt(t, w.client(alice), key)
	_, missing := errors.AsType[*types.NotFoundException](err)
	require.True(t, missing, "%v", err)
}

// TestOff takes everybody's word.
func TestOff(t *testing.T) {
	w := start(t, enforce.Off)
	for _, test := range []struct{ name, authorization, prefix string }{
		{"unsigned", "", "arn:aws:kms:us-east-1:111122223333:key/"},
		{
			"an account for an access key", "AWS4-HMAC-SHA256 Credential=444455556666/20260101/eu-west-1/kms/aws4_request, " +
				"SignedHeaders=host, Signature=0", "arn:aws:kms:eu-west-1:444455556666:key/",
		},
		{
			"an access key that is unknown", "AWS4-HMAC-SHA256 Credential=test/20260101/cn-north-1/kms/aws4_request, Signature=0",
			"arn:aws-cn:kms:cn-north-1:111122223333:key/",
		},
		{"garbage", "Bearer ../../x", "arn:aws:kms:us-east-1:111122223333:key/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := w.request(t, "CreateKey", `{}`)
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			got := send(t, r)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.Contains(t, got.body, test.prefix)
		})
	}
	key := newKey(t, w.client(w.user(t, "nobody", allowNothing)))
	require.True(t, strings.HasPrefix(key, "arn:aws:kms:us-east-1:111122223333:key/"), key)
}

// TestForwardAccess lets services, and nobody else, call for a principal.
func TestForwardAccess(t *testing.T) {
	w := start(t, enforce.Strict)
	alice := w.user(t, "alice", allowAll)
	key := newKey(t, w.client(alice))
	viaS3 := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}}]}`
	bob := w.user(t, "bob", viaS3)
	s3 := w.credentials(t, "s3.amazonaws.com")
	forBob := func(o *kms.Options) {
		o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Strictkms-On-Behalf-Of", bob.Principal.ARN))
	}
	_, err := encrypt(t, w.client(s3, forBob), key)
	require.NoError(t, err)

	for name, client := range map[string]*kms.Client{
		"bob himself":   w.client(bob),
		"alice for bob": w.client(alice, forBob),
		"the service":   w.client(s3),
		"for nobody": w.client(s3, func(o *kms.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Strictkms-On-Behalf-Of", "arn:aws:iam::"+account+":user/x"))
		}),
	} {
		_, err := encrypt(t, client, key)
		denied, ok := errors.AsType[smithy.APIError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, "AccessDeniedException", denied.ErrorCode(), name)
	}
}

// TestSourceArn has aws:SourceArn and aws:SourceAccount from signed headers, as the Kubernetes provider sends them.
func TestSourceArn(t *testing.T) {
	w := start(t, enforce.Strict)
	key := newKey(t, w.client(w.user(t, "alice", allowAll)))
	bob := w.user(t, "bob", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*",`+
		`"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:eks:us-east-1:111122223333:cluster/a"},`+
		`"StringEquals":{"aws:SourceAccount":"111122223333"}}}]}`)
	from := func(arn string) func(*kms.Options) {
		return func(o *kms.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Amz-Source-Arn", arn),
				smithyhttp.AddHeaderValue("X-Amz-Source-Account", account))
		}
	}
	_, err := encrypt(t, w.client(bob, from("arn:aws:eks:us-east-1:111122223333:cluster/a")), key)
	require.NoError(t, err)
	_, err = encrypt(t, w.client(bob, from("arn:aws:eks:us-east-1:111122223333:cluster/b")), key)
	require.Error(t, err)
	_, err = encrypt(t, w.client(bob), key)
	require.Error(t, err)
}

// TestSecureTransport is true with TLS, on the loopback interface, and when the configuration says so.
func TestSecureTransport(t *testing.T) {
	onlyTLS := strings.Replace(allowAll, `"Resource":"*"`, `"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}`, 1)
	for _, test := range []struct {
		name   string
		local  string
		tls    *tls.ConnectionState
		assume bool
		status int
	}{
		{"loopback", "127.0.0.1", nil, false, 200},
		{"loopback, version 6", "::1", nil, false, 200},
		{"another", "10.1.2.3", nil, false, 400},
		{"unknown", "", nil, false, 400},
		{"another, taken for TLS", "10.1.2.3", nil, true, 200},
		{"TLS", "10.1.2.3", &tls.ConnectionState{}, false, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, enforce.Strict, func(c *server.Config) { c.AssumeTLS = test.assume })
			alice := w.user(t, "alice", onlyTLS)
			r := w.request(t, "ListKeys", `{}`)
			r.URL.Path, r.RequestURI, r.TLS = "/", "/", test.tls
			r.Host = r.URL.Host
			sign(t, r, `{}`, alice, w.config.Clock(), "")
			recorder := httptest.NewRecorder()
			if test.local != "" {
				r = r.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey,
					&net.TCPAddr{IP: net.ParseIP(test.local), Port: 4566}))
			}
			w.server.ServeHTTP(recorder, r)
			require.Equal(t, test.status, recorder.Code, recorder.Body)
		})
	}
}
