package sts_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

const web = `
accounts:
  "111122223333":
    roles:
      Web:
        trust:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal: {Federated: "arn:aws:iam::111122223333:oidc-provider/idp.example.com/pool"}
              Action: [sts:AssumeRoleWithWebIdentity, sts:TagSession]
              Condition:
                StringEquals: {"idp.example.com/pool:aud": sts.amazonaws.com}
                StringLike: {"idp.example.com/pool:sub": "repo:octo/app:*"}
        policies: {Use: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*", Condition: {StringEquals: {"aws:PrincipalTag/team": blue}}}}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {}
`

// issuer signs tokens.
type issuer struct {
	clock *kmstest.Clock
	key   jwk.Key
	text  []byte // the configuration of the provider
}

func newIssuer(t *testing.T, clock *kmstest.Clock, name string) *issuer {
	t.Helper()
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key, err := jwk.Import(raw)
	require.NoError(t, err)
	require.NoError(t, key.Set(jwk.KeyIDKey, "k1"))
	require.NoError(t, key.Set(jwk.AlgorithmKey, jwa.ES256()))
	public, err := key.PublicKey()
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{
		"issuer": name, "clientIds": []string{"sts.amazonaws.com"}, "jwks": map[string]any{"keys": []any{public}},
	})
	require.NoError(t, err)
	return &issuer{clock, key, text}
}

// token signs claims over those of a good token; nil takes a claim away.
func (i *issuer) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	now := i.clock.Now()
	all := map[string]any{
		"iss": "https://idp.example.com/pool", "sub": "repo:octo/app:main", "aud": "sts.amazonaws.com",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	token := jwt.New()
	for name, value := range all {
		if value != nil {
			require.NoError(t, token.Set(name, value))
		}
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256(), i.key))
	require.NoError(t, err)
	return string(signed)
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	clock := &kmstest.Clock{}
	good, evil := newIssuer(t, clock, "https://idp.example.com/pool"), newIssuer(t, clock, "https://idp.example.com/pool")
	s := kmstest.Start(t, kmstest.WithWorld(web), kmstest.WithClock(clock), kmstest.WithIdentityProvider(string(good.text)))
	assume := func(token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.URL()), RetryMaxAttempts: 1}).
			AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: roleARN(home, "Web"), RoleSessionName: aws.String("ci"), WebIdentityToken: &token,
			})
	}
	tagged := map[string]any{"https://aws.amazon.com/tags": map[string]any{
		"principal_tags": map[string]any{"team": []string{"blue"}}, "transitive_tag_keys": []string{"team"},
	}}
	token := good.token(t, tagged)
	got, err := assume(token)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+home+":assumed-role/Web/ci", *got.AssumedRoleUser.Arn)
	require.Equal(t, "repo:octo/app:main", *got.SubjectFromWebIdentityToken)
	require.Equal(t, "sts.amazonaws.com", *got.Audience)
	require.Equal(t, "https://idp.example.com/pool", *got.Provider)
	require.NoError(t, describe(t, with(s, got.Credentials)))

	plain, err := assume(good.token(t, nil))
	require.NoError(t, err)
	requireRefused(t, describe(t, with(s, plain.Credentials)), "AccessDeniedException", "kms:DescribeKey")

	for _, test := range []struct {
		name, token, code, message string
	}{
		{"no token", "abcd", "InvalidIdentityToken", "is not a valid JWT"},
		{"signed by another key", evil.token(t, nil), "InvalidIdentityToken", "Couldn't retrieve verification key"},
		{"changed", flip(token, len(token)/2), "InvalidIdentityToken", ""},
		{"not signed", unsigned(t), "InvalidIdentityToken", "algorithm"},
		{
			"of an unknown issuer", good.token(t, map[string]any{"iss": "https://other.example.com"}), "InvalidIdentityToken",
			"No OpenIDConnect provider found in your account for https://other.example.com",
		},
		{"for somebody else", good.token(t, map[string]any{"aud": "other"}), "InvalidIdentityToken", "Incorrect token audience"},
		{"for several", good.token(t, map[string]any{"aud": []string{"sts.amazonaws.com", "other"}}), "InvalidIdentityToken", "Incorrect token audience"},
		{"expired", good.token(t, map[string]any{"exp": clock.Now().Add(-time.Minute).Unix()}), "ExpiredTokenException", "Token expired"},
		{"not valid yet", good.token(t, map[string]any{"nbf": clock.Now().Add(time.Hour).Unix()}), "InvalidIdentityToken", "not valid yet"},
		{"without an end", good.token(t, map[string]any{"exp": nil}), "InvalidIdentityToken", "Missing a required claim: exp"},
		{"without a subject", good.token(t, map[string]any{"sub": nil}), "InvalidIdentityToken", "Missing a required claim: sub"},
		{
			"of another subject", good.token(t, map[string]any{"sub": "repo:octo/app-evil:main"}), "AccessDenied",
			"Not authorized to perform sts:AssumeRoleWithWebIdentity",
		},
		{
			"with a source identity that the role does not take", good.token(t, map[string]any{"https://aws.amazon.com/source_identity": "alice"}),
			"AccessDenied", "Not authorized to perform",
		},
		{"with tags that are none", good.token(t, map[string]any{"https://aws.amazon.com/tags": "blue"}), "InvalidIdentityToken", "cannot be read"},
		{"with a tag of AWS", good.token(t, map[string]any{"https://aws.amazon.com/tags": map[string]any{
			"principal_tags": map[string]any{"aws:x": []string{"y"}},
		}}), "ValidationError", "reserved"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := assume(test.token)
			requireRefused(t, err, test.code, test.message)
		})
	}
	clock.Advance(2 * time.Hour)
	_, err = assume(token)
	requireRefused(t, err, "ExpiredTokenException", "Token expired")
	requireRefused(t, describe(t, with(s, got.Credentials)), "ExpiredTokenException", "")
}

// unsigned is a token with the algorithm none.
func unsigned(t *testing.T) string {
	t.Helper()
	token := jwt.New()
	require.NoError(t, token.Set("iss", "https://idp.example.com/pool"))
	signed, err := jwt.Sign(token, jwt.WithInsecureNoSignature())
	require.NoError(t, err)
	return string(signed)
}
