package xksproxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

// asker signs requests to a proxy.
type asker struct {
	t       *testing.T
	proxy   *Proxy
	id      string
	secret  string
	service string
	at      time.Time
	now     time.Time
}

func newAsker(t *testing.T) *asker {
	t.Helper()
	a := &asker{t: t, service: service, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	a.id, a.secret = NewCredential()
	a.at = a.now
	var err error
	a.proxy, err = New(Config{Path: "/tenant/kms/xks/v1", Credentials: map[string]string{a.id: a.secret}, Clock: func() time.Time { return a.now }})
	require.NoError(t, err)
	require.NoError(t, a.proxy.AddKey("one", Key{}))
	return a
}

// ask returns the status and the answer.
func (a *asker) ask(method, path, body string) (int, map[string]any) {
	a.t.Helper()
	r := httptest.NewRequest(method, "https://xks.example.com"+path, strings.NewReader(body))
	hash := sha256.Sum256([]byte(body))
	require.NoError(a.t, v4.NewSigner().SignHTTP(a.t.Context(), aws.Credentials{AccessKeyID: a.id, SecretAccessKey: a.secret}, r,
		hex.EncodeToString(hash[:]), a.service, "us-east-1", a.at))
	return a.send(r)
}

func (a *asker) send(r *http.Request) (int, map[string]any) {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.proxy.ServeHTTP(w, r)
	var answer map[string]any
	require.NoError(a.t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	return w.Code, answer
}

const (
	why     = `"requestMetadata":{"awsPrincipalArn":"p","kmsKeyArn":"k","kmsOperation":"Encrypt","kmsRequestId":"1"}`
	keys    = "/tenant/kms/xks/v1/keys/"
	aad     = `,"additionalAuthenticatedData":"cHJvamVjdD1uaWxl"`
	encrypt = `{` + why + aad + `,"plaintext":"SGVsbG8gV29ybGQh","encryptionAlgorithm":"AES_GCM"}`
)

// TestEncryptAndDecrypt: what is encrypted is decrypted, with the same additional data only, also after a rotation.
func TestEncryptAndDecrypt(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	decrypt := func(parts map[string]any, aad string) (int, map[string]any) {
		body, err := json.Marshal(parts)
		require.NoError(t, err)
		return a.ask("POST", keys+"one/decrypt", `{`+why+aad+`,"encryptionAlgorithm":"AES_GCM",`+string(body[1:]))
	}
	status, parts := a.ask("POST", keys+"one/encrypt", encrypt)
	require.Equal(t, http.StatusOK, status, parts)
	require.NotContains(t, parts, "ciphertextDataIntegrityValue")
	require.True(t, a.proxy.RotateKey("one"))
	status, answer := decrypt(parts, aad)
	require.Equal(t, http.StatusOK, status, answer)
	require.Equal(t, map[string]any{"plaintext": "SGVsbG8gV29ybGQh"}, answer)
	status, rotated := a.ask("POST", keys+"one/encrypt", encrypt)
	require.Equal(t, http.StatusOK, status)
	require.NotEqual(t, parts["ciphertextMetadata"], rotated["ciphertextMetadata"])
	_, answer = decrypt(parts, "")
	require.Equal(t, "InvalidCiphertextException", answer["errorName"])
	for name := range parts {
		for _, wrong := range []any{"AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAg==", "AAAAAA==", "", nil} {
			if wrong == parts[name] {
				continue
			}
			damaged := maps.Clone(parts)
			damaged[name] = wrong
			status, answer := decrypt(damaged, aad)
			require.Equal(t, http.StatusBadRequest, status, "%s %v", name, wrong)
			require.Contains(t, []any{"InvalidCiphertextException", "ValidationException"}, answer["errorName"])
		}
	}
	// Metadata are not taken for additional data, nor the reverse.
	_, bare := a.ask("POST", keys+"one/encrypt", strings.Replace(encrypt, aad, "", 1))
	moved := maps.Clone(bare)
	delete(moved, "ciphertextMetadata")
	status, _ = decrypt(moved, `,"additionalAuthenticatedData":"`+bare["ciphertextMetadata"].(string)+`"`)
	require.Equal(t, http.StatusBadRequest, status)
	status, proven := a.ask("POST", keys+"one/encrypt", strings.Replace(encrypt, "{", `{"ciphertextDataIntegrityValueAlgorithm":"SHA_256",`, 1))
	require.Equal(t, http.StatusOK, status)
	require.Len(t, proven["ciphertextDataIntegrityValue"], 44)
}

// TestRefusals: each error of the specification that the proxy can give.
func TestRefusals(t *testing.T) {
	t.Parallel()
	type change func(*asker)
	for _, test := range []struct {
		name, method, path, body string
		change                   change
		status                   int
		want                     string
	}{
		{"get", "GET", keys + "one/encrypt", encrypt, nil, 405, "ValidationException"},
		{"another path", "POST", "/kms/xks/v1/health", `{` + why + `}`, nil, 404, "InvalidUriPathException"},
		{"another operation", "POST", keys + "one/sign", encrypt, nil, 404, "InvalidUriPathException"},
		{"more path", "POST", keys + "one/encrypt/more", encrypt, nil, 404, "InvalidUriPathException"},
		{"an escaped path", "POST", keys + "o%6ee/encrypt", encrypt, nil, 404, "InvalidUriPathException"},
		{"no key", "POST", keys + "two/encrypt", encrypt, nil, 404, "KeyNotFoundException"},
		{"another secret", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.secret = strings.Repeat("a", 43) }, 401, "AuthenticationFailedException"},
		{"another id", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.id = strings.Repeat("A", 20) }, 401, "AuthenticationFailedException"},
		{"another service", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.service = "kms" }, 401, "AuthenticationFailedException"},
		{"old", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.now = a.at.Add(skew + time.Second) }, 401, "AuthenticationFailedException"},
		{"early", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.now = a.at.Add(-skew - time.Second) }, 401, "AuthenticationFailedException"},
		{"not JSON", "POST", keys + "one/encrypt", `{`, nil, 400, "ValidationException"},
		{"no metadata", "POST", keys + "one/encrypt", `{"plaintext":"AAAA","encryptionAlgorithm":"AES_GCM"}`, nil, 400, "ValidationException"},
		{"no plaintext", "POST", keys + "one/encrypt", `{` + why + `,"encryptionAlgorithm":"AES_GCM"}`, nil, 400, "ValidationException"},
		{"another algorithm", "POST", keys + "one/encrypt", strings.Replace(encrypt, "AES_GCM", "AES_CBC", 1), nil, 400, "ValidationException"},
		{"another digest", "POST", keys + "one/encrypt", strings.Replace(encrypt, "{", `{"ciphertextDataIntegrityValueAlgorithm":"MD5",`, 1), nil, 400, "ValidationException"},
		{"much text", "POST", keys + "one/encrypt", strings.Replace(encrypt, "SGVs", strings.Repeat("SGVs", 1500), 1), nil, 501, "UnsupportedOperationException"},
		{"much more text", "POST", keys + "one/encrypt", strings.Repeat(" ", maxBody) + encrypt, nil, 400, "ValidationException"},
		{"disabled", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.proxy.ChangeKey("one", func(k *Key) { k.Disabled = true }) }, 400, "InvalidStateException"},
		{"not for that", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.proxy.ChangeKey("one", func(k *Key) { k.Usage = []string{"DECRYPT"} }) }, 400, "InvalidKeyUsageException"},
		{"out of order", "POST", keys + "one/encrypt", encrypt, func(a *asker) { a.proxy.SetHealth("UNAVAILABLE") }, 500, "InternalException"},
		{"denied", "POST", keys + "one/encrypt", encrypt, func(a *asker) {
			a.proxy.SetAuthorization(func(r *Request) bool { return r.Metadata["awsPrincipalArn"] != "p" })
		}, 403, "AccessDeniedException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAsker(t)
			if test.change != nil {
				test.change(a)
			}
			status, answer := a.ask(test.method, test.path, test.body)
			require.Equal(t, test.status, status, answer)
			require.Equal(t, test.want, answer["errorName"])
			require.NotContains(t, answer, "ciphertext")
		})
	}
	a := newAsker(t)
	status, answer := a.send(httptest.NewRequest(http.MethodPost, "https://xks.example.com"+keys+"one/encrypt", strings.NewReader(encrypt)))
	require.Equal(t, http.StatusUnauthorized, status, "it is not signed")
	require.Equal(t, "AuthenticationFailedException", answer["errorName"])
	a.proxy.SetAuthorization(func(*Request) bool { return false })
	status, _ = a.ask("POST", "/tenant/kms/xks/v1/health", `{`+why+`}`)
	require.Equal(t, http.StatusOK, status, "health is not asked about")
}

// TestTwoCredentials: both are taken while they are changed (the specification, SigV4 credentials rotation).
func TestTwoCredentials(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	id, secret := NewCredential()
	require.NoError(t, a.proxy.SetCredentials(map[string]string{a.id: a.secret, id: secret}))
	old := *a
	for _, asks := range []*asker{a, {t: t, proxy: a.proxy, id: id, secret: secret, service: service, at: a.at}} {
		status, answer := asks.ask("POST", keys+"one/metadata", `{`+why+`}`)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, map[string]any{"keySpec": "AES_256", "keyUsage": []any{"ENCRYPT", "DECRYPT"}, "keyStatus": "ENABLED"}, answer)
	}
	require.NoError(t, a.proxy.SetCredentials(map[string]string{id: secret}))
	status, _ := old.ask("POST", keys+"one/metadata", `{`+why+`}`)
	require.Equal(t, http.StatusUnauthorized, status)
	for _, wrong := range []map[string]string{{}, {"short": secret}, {id: "short"}, {strings.Repeat("a", 20): secret}} {
		require.Error(t, a.proxy.SetCredentials(wrong))
	}
}

// TestFolder: a proxy goes on with what is in its directory, and says what is wrong with it.
func TestFolder(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "xks")
	first, err := OpenFolder(directory, Host, "")
	require.NoError(t, err)
	require.NoError(t, first.KeepKeys("one", "two"))
	require.Error(t, first.KeepKeys("a/b"))
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(directory, name))
		require.NoError(t, err)
		return text
	}
	credential, certificate, external := read(CredentialFile), read(CertificateFile), read(externalKeyFile)
	for _, name := range []string{CredentialFile, externalKeyFile, certificateKey} {
		info, err := os.Stat(filepath.Join(directory, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode(), name)
	}
	again, err := OpenFolder(directory, Host, "")
	require.NoError(t, err)
	require.NoError(t, again.KeepKeys("one"))
	require.Equal(t, first.Keys(), again.Keys())
	require.True(t, bytes.Equal(credential, read(CredentialFile)) && bytes.Equal(certificate, read(CertificateFile)) && bytes.Equal(external, read(externalKeyFile)))
	moved, err := OpenFolder(directory, "other.example.com", "/tenant/kms/xks/v1")
	require.NoError(t, err)
	require.Equal(t, "/tenant/kms/xks/v1", moved.Path())
	require.NoError(t, moved.Certificate.Leaf.VerifyHostname("other.example.com"))
	require.False(t, bytes.Equal(certificate, read(CertificateFile)))

	_, err = OpenFolder(directory, Host, "/elsewhere")
	require.ErrorContains(t, err, `path "/elsewhere": expected one that ends in /kms/xks/v1`)
	for name, text := range map[string]string{CredentialFile: `{"XksProxyUriPath":`, externalKeyFile: `{"one":{"versions":["AAAA"]}}`, certificateKey: "x"} {
		whole := read(name)
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600))
		_, err := OpenFolder(directory, "other.example.com", "")
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "AAAA")
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), whole, 0o600))
	}
}
