package oidc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam/oidc"
)

const (
	// publicKey is the key of RFC 7517, appendix A.1, privateKey that of A.2.
	publicKey  = `{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}`
	privateKey = `{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}`
	symmetric  = `{"kty":"oct","kid":"1","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`
)

func document(issuer, clients, keys string) string {
	return `{"issuer":"` + issuer + `","clientIds":` + clients + `,"jwks":{"keys":[` + keys + `]}}`
}

func TestParseProvider(t *testing.T) {
	const issuer, clients = "https://idp.example.com/pool", `["sts.amazonaws.com"]`
	for _, test := range []struct{ name, text, problem string }{
		{"a provider", document(issuer, clients, publicKey), ""},
		{"no JSON", "{", "identity provider"},
		{"something else", `{"iss":"x"}`, "unknown field"},
		{"two", document(issuer, clients, publicKey) + "{}", "something behind it"},
		{"no issuer", document("", clients, publicKey), "expected https://HOST"},
		{"without TLS", document("http://idp.example.com", clients, publicKey), "expected https://HOST"},
		{"with a query", document(issuer+"?a=b", clients, publicKey), "expected https://HOST"},
		{"with a port", document("https://idp.example.com:8443", clients, publicKey), "expected https://HOST"},
		{"with a password", document("https://a:b@idp.example.com", clients, publicKey), "expected https://HOST"},
		{"for nobody", document(issuer, "[]", publicKey), "expected clientIds"},
		{"for anybody", document(issuer, `[""]`, publicKey), "expected clientIds"},
		{"no key", document(issuer, clients, ""), "no key"},
		{"no key set", `{"issuer":"` + issuer + `","clientIds":["x"],"jwks":"x"}`, "no JSON Web Key Set"},
		{"a private key", document(issuer, clients, privateKey), "not public"},
		{"a symmetric key", document(issuer, clients, symmetric), "expected RSA or EC"},
		{"a key without an id", document(issuer, clients, strings.Replace(publicKey, `"kid":"1",`, "", 1)), "no kid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := oidc.ParseProvider([]byte(test.text))
			if test.problem == "" {
				require.NoError(t, err)
				require.Equal(t, "idp.example.com/pool", p.Name())
				return
			}
			require.ErrorContains(t, err, test.problem)
			require.NotContains(t, err.Error(), "870MB6gfuTJ4")
			require.NotContains(t, err.Error(), "AyM1SysPpbyDfgZld3")
		})
	}
}

func TestProvidersAreThereOnce(t *testing.T) {
	p, err := oidc.ParseProvider([]byte(document("https://idp.example.com", `["x"]`, publicKey)))
	require.NoError(t, err)
	_, err = oidc.NewProviders(p, p)
	require.ErrorContains(t, err, "twice")
}

// FuzzVerify gives the verifier tokens that nobody signed: each is refused.
func FuzzVerify(f *testing.F) {
	p, err := oidc.ParseProvider([]byte(document("https://idp.example.com", `["x"]`, publicKey)))
	require.NoError(f, err)
	providers, err := oidc.NewProviders(p)
	require.NoError(f, err)
	for _, seed := range []string{
		"", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSJ9.AAAA",
		`{"payload":"e30","signatures":[]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := providers.Verify(token, time.Unix(1e9, 0))
		require.Error(t, err)
		_, err = (*oidc.Providers)(nil).Verify(token, time.Unix(1e9, 0))
		require.Error(t, err)
	})
}
