package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/live"
	"github.com/strictkms/strictkms/kmstest"
)

const (
	alice = "arn:aws:iam::111122223333:user/alice" // may do everything
	bob   = "arn:aws:iam::111122223333:user/bob"   // may do nothing
	app   = "arn:aws:iam::111122223333:role/service/App"
	key   = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	world = `
accounts:
  "111122223333":
    users:
      alice: {policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}}}
      bob: {}
    roles:
      App: {path: /service/, policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:Encrypt", Resource: "*"}}}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {aliases: [alias/app]}
`
	anyone = `,"resourcePolicy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`
)

// noon is when requests without an expectation are decided.
func noon() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// verifier asks a server as alice, bob and the role App.
func verifier(t *testing.T, s *kmstest.Server) *live.Verifier {
	t.Helper()
	callers, err := live.NewCallers(t.Context(), from(s), map[string]string{alice: "user/alice", bob: "user/bob", app: "role/App/run"})
	require.NoError(t, err)
	return live.NewVerifier(callers, evaluator.Readings{}, noon)
}

// from has a profile for each principal of a server, named like it.
func from(s *kmstest.Server) live.Credentials {
	return func(_ context.Context, profile string) (aws.Config, error) {
		if profile == "" {
			profile = "user/alice"
		}
		return s.Config(profile), nil //nolint:contextcheck // it takes that of the test
	}
}

// request is a line. The context is JSON, empty for none; more begins with a comma.
func request(principal, action, key, context, more string) string {
	if context == "" {
		context = "{}"
	}
	return fmt.Sprintf(`{"id":7,"principal":%q,"action":%q,"resource":%q,"context":%s%s}`, principal, action, key, context, more)
}

// check verifies a line.
func check(t *testing.T, v *live.Verifier, line string) live.Result {
	t.Helper()
	r, err := v.Check(t.Context(), []byte(line), "line 1")
	require.NoError(t, err)
	return r
}

// call is a request that can be asked.
type call struct{ action, key, context, more string }

// calls are requests of every operation that can be asked, with every condition key that is a parameter.
func calls(t *testing.T, s *kmstest.Server) []call {
	t.Helper()
	c := kms.NewFromConfig(s.Config("root"))
	create := func(spec types.KeySpec, usage types.KeyUsageType) string {
		out, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
		require.NoError(t, err)
		return aws.ToString(out.KeyMetadata.Arn)
	}
	sign := create(types.KeySpecEccNistP384, types.KeyUsageTypeSignVerify)
	mac := create(types.KeySpecHmac512, types.KeyUsageTypeGenerateVerifyMac)
	agree := create(types.KeySpecEccNistP521, types.KeyUsageTypeKeyAgreement)
	shortMac := create(types.KeySpecHmac224, types.KeyUsageTypeGenerateVerifyMac)
	shortSign := create(types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify)
	agree256 := create(types.KeySpecEccNistP256, types.KeyUsageTypeKeyAgreement)
	agree384 := create(types.KeySpecEccNistP384, types.KeyUsageTypeKeyAgreement)
	rsa := create(types.KeySpecRsa2048, types.KeyUsageTypeEncryptDecrypt)
	grant, err := c.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: aws.String(key), GranteePrincipal: aws.String(app), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
	})
	require.NoError(t, err)
	grants := fmt.Sprintf(`,"grants":[{"GrantId":%q,"GranteePrincipal":%q,"Operations":["Decrypt"]}]`, aws.ToString(grant.GrantId), app)
	const pair = `"kms:EncryptionContext:Tenant":"a","kms:EncryptionContextKeys":["Tenant"]`
	const asymmetric, symmetric = `"kms:EncryptionAlgorithm":"RSAES_OAEP_SHA_256"`, `"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"`
	list := []call{
		{"kms:CreateGrant", key, `{"kms:GrantOperations":["Encrypt","Decrypt"],"kms:GranteePrincipal":"` + alice + `",` + pair +
			`,"kms:RetiringPrincipal":"` + bob + `","kms:GrantConstraintType":"EncryptionContextSubset"}`, ""},
		{"kms:CreateGrant", key, `{"kms:GrantOperations":["Encrypt"],"kms:GranteeServicePrincipal":"s3.amazonaws.com",
			"kms:RetiringServicePrincipal":"s3.amazonaws.com","kms:GrantConstraintSourceArn":"arn:aws:s3:::b"}`, ""},
		{"kms:CreateGrant", key, `{"kms:GrantOperations":["Encrypt"],"kms:GranteePrincipal":"` + alice + `",` + pair +
			`,"kms:GrantConstraintType":"EncryptionContextEquals"}`, ""},
		{"kms:RevokeGrant", key, "", grants},
		{"kms:RetireGrant", key, "", grants},
		{"kms:DeriveSharedSecret", agree, `{"kms:KeyAgreementAlgorithm":"ECDH","kms:KeySpec":"ECC_NIST_P521"}`, ""},
		{"kms:DeriveSharedSecret", agree256, `{"kms:KeyAgreementAlgorithm":"ECDH"}`, ""},
		{"kms:DeriveSharedSecret", agree384, `{"kms:KeyAgreementAlgorithm":"ECDH","kms:KeySpec":"ECC_NIST_P384"}`, ""},
		{"kms:CreateGrant", key, `{"kms:GrantOperations":["Encrypt"],"kms:GranteePrincipal":"` + alice + `"}`, ""},
		{"kms:Encrypt", rsa, `{` + asymmetric + `}`, ""},
		{"kms:Decrypt", rsa, `{` + asymmetric + `}`, ""},
		{"kms:ReEncryptFrom", rsa, `{` + asymmetric + `,"kms:ReEncryptOnSameKey":"true"}`, ""},
	}
	for _, action := range []string{
		"Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair",
		"GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	} {
		context := `{` + pair + `,` + symmetric + `,"kms:RequestAlias":"alias/app"`
		if strings.Contains(action, "Pair") {
			context += `,"kms:DataKeyPairSpec":"ECC_NIST_P256"`
		}
		if strings.HasPrefix(action, "ReEncrypt") {
			context += `,"kms:ReEncryptOnSameKey":"true"`
		}
		list = append(list, call{"kms:" + action, key, context + `}`, ""})
	}
	for _, action := range []string{"kms:Sign", "kms:Verify"} {
		list = append(list,
			call{action, sign, `{"kms:SigningAlgorithm":"ECDSA_SHA_384"}`, ""},
			call{action, sign, `{"kms:SigningAlgorithm":"ECDSA_SHA_384","kms:MessageType":"DIGEST"}`, ""},
			call{action, shortSign, `{"kms:SigningAlgorithm":"ECDSA_SHA_256","kms:MessageType":"DIGEST"}`, ""})
	}
	for _, action := range []string{"kms:GenerateMac", "kms:VerifyMac"} {
		list = append(list, call{action, shortMac, `{"kms:MacAlgorithm":"HMAC_SHA_224"}`, ""}, call{action, mac, `{"kms:MacAlgorithm":"HMAC_SHA_512"}`, ""})
	}
	return list
}

// TestEveryOperation asks for every operation as somebody who may and as somebody who may not.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(world))
	v := verifier(t, s)
	for _, c := range calls(t, s) {
		t.Run(c.action+" "+c.context, func(t *testing.T) {
			if side := otherSide(c.action); side != "" {
				s.PutPolicy("user/bob", "Side", allow(t, side, "StringLike", "aws:PrincipalArn", "*"))
			}
			for principal, want := range map[string]evaluator.Verdict{alice: evaluator.Allow, bob: evaluator.Deny} {
				for _, expected := range []evaluator.Verdict{evaluator.Allow, evaluator.Deny} {
					r := check(t, v, request(principal, c.action, c.key, c.context, fmt.Sprintf(`,"expect":%q`, expected)+c.more))
					require.Equal(t, want, r.AWS, "%+v", r)
					require.Equal(t, expected, r.Expected)
					require.NotEmpty(t, r.RequestID)
					require.Equal(t, want == expected, r.Outcome == live.Same)
					require.Equal(t, want == evaluator.Deny, strings.Contains(r.Message, "is not authorized to perform: "+c.action))
				}
			}
		})
	}
	grants, err := kms.NewFromConfig(s.Config("root")).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: aws.String(key)})
	require.NoError(t, err)
	require.Len(t, grants.Grants, 1, "nothing was done: the grant of before is the only one")
}

// TestContextReachesTheCall gives bob a policy that asks for each condition key of a request, once as it is given and
// once otherwise.
func TestContextReachesTheCall(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(world))
	v := verifier(t, s)
	for _, c := range calls(t, s) {
		t.Run(c.action+" "+c.context, func(t *testing.T) {
			var context map[string]any
			if c.context != "" {
				require.NoError(t, json.Unmarshal([]byte(c.context), &context))
			}
			if side := otherSide(c.action); side != "" {
				s.PutPolicy("user/bob", "Side", allow(t, side, "StringLike", "aws:PrincipalArn", "*"))
			}
			for name, value := range context {
				values, several := value.([]any)
				operator := "StringEquals"
				if several {
					operator = "ForAnyValue:StringEquals"
					value = values[len(values)-1]
				}
				line := request(bob, c.action, c.key, c.context, `,"expect":"allow"`+c.more)
				s.PutPolicy("user/bob", "If", allow(t, c.action, operator, name, value))
				require.Equal(t, live.Same, check(t, v, line).Outcome, "%s = %v", name, value)
				s.PutPolicy("user/bob", "If", allow(t, c.action, operator, name, fmt.Sprint(value, "x")))
				require.Equal(t, live.Different, check(t, v, line).Outcome, "%s = %v", name, value)
			}
		})
	}
}

// otherSide is what else a call of ReEncrypt needs.
func otherSide(action string) string {
	return map[string]string{"kms:ReEncryptFrom": "kms:ReEncryptTo", "kms:ReEncryptTo": "kms:ReEncryptFrom"}[action]
}

// allow is a policy with one condition.
func allow(t *testing.T, action, operator, name string, value any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
		"Effect": "Allow", "Action": action, "Resource": "*", "Condition": map[string]any{operator: map[string]any{name: value}},
	}})
	require.NoError(t, err)
	return string(text)
}

// TestExpectation asks the evaluator where a line does not say what is expected.
func TestExpectation(t *testing.T) {
	t.Parallel()
	v := verifier(t, kmstest.Start(t, kmstest.WithWorld(world)))
	for name, test := range map[string]struct {
		principal, more string
		want            live.Outcome
		reason          string
	}{
		"as decided":  {alice, anyone, live.Same, "direct-key-policy"},
		"allowed not": {bob, anyone, live.Different, "direct-key-policy"},
		"denied not":  {alice, "", live.Different, "no-key-policy"},
		"both deny":   {bob, "", live.Same, "no-key-policy"},
		"a role":      {app, anyone, live.Same, "direct-key-policy"},
		"TLS and time": {
			alice, strings.Replace(anyone, `"Resource":"*"`, `"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},
				"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},"NumericGreaterThan":{"aws:EpochTime":"1577836800"}}`, 1),
			live.Same, "direct-key-policy",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := check(t, v, request(test.principal, "kms:Encrypt", key, "", test.more))
			require.Equal(t, test.want, r.Outcome, "%+v", r)
			require.Equal(t, test.reason, r.Reason)
			require.JSONEq(t, "7", string(r.ID))
			require.Equal(t, test.principal, r.Principal)
		})
	}
}

// TestSkipped has what cannot be asked.
func TestSkipped(t *testing.T) {
	t.Parallel()
	v := verifier(t, kmstest.Start(t, kmstest.WithWorld(world)))
	grantee := `"kms:GrantOperations":"Encrypt","kms:GranteePrincipal":"` + alice + `"`
	for name, test := range map[string]struct{ action, context, more, want string }{
		"no DryRun":               {"kms:DescribeKey", "", "", "kms:DescribeKey has no DryRun"},
		"endpoint":                {"kms:Encrypt", "", `,"vpcEndpointPolicies":[{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}]`, "VPC endpoint"},
		"not chosen":              {"kms:Encrypt", `{"kms:ViaService":"s3.us-east-1.amazonaws.com"}`, "", "kms:ViaService is not the caller's to choose"},
		"network":                 {"kms:Encrypt", `{"aws:SourceIp":"10.0.0.1"}`, "", "aws:SourceIp is not the caller's to choose"},
		"another key of the call": {"kms:Encrypt", `{"kms:CallerAccount":"444455556666"}`, "", `the call would have kms:CallerAccount = "111122223333"`},
		"Region":                  {"kms:Encrypt", `{"aws:RequestedRegion":"eu-west-2"}`, "", `aws:RequestedRegion = "us-east-1"`},
		"TLS":                     {"kms:Encrypt", `{"aws:SecureTransport":"true"}`, "", `aws:SecureTransport = "false"`},
		"service":                 {"kms:Encrypt", `{"aws:ViaAWSService":"true"}`, "", `aws:ViaAWSService = "false"`},
		"algorithm":               {"kms:GenerateDataKey", `{"kms:EncryptionAlgorithm":"RSAES_OAEP_SHA_1"}`, "", `"SYMMETRIC_DEFAULT"`},
		"no value":                {"kms:Encrypt", `{"kms:EncryptionAlgorithm":[]}`, "", "without a value"},
		"two values":              {"kms:Encrypt", `{"kms:RequestAlias":["alias/a","alias/b"]}`, "", "several values"},
		"two values of a pair":    {"kms:Encrypt", `{"kms:EncryptionContext:a":["1","2"]}`, "", "several values"},
		"not of the action":       {"kms:Sign", `{"kms:SigningAlgorithm":"ECDSA_SHA_256","kms:EncryptionContext:a":"1"}`, "", "calls of Sign never have"},
		"parameter missing":       {"kms:Sign", "", "", "every call of Sign has kms:SigningAlgorithm"},
		"keys of context":         {"kms:Encrypt", `{"kms:EncryptionContext:a":"1","kms:EncryptionContextKeys":"b"}`, "", "not the keys of the encryption context"},
		"two keys":                {"kms:ReEncryptTo", `{"kms:ReEncryptOnSameKey":"false"}`, "", `kms:ReEncryptOnSameKey = "true"`},
		"grant id":                {"kms:RevokeGrant", "", "", "needs the GrantId"},
		"grant without id":        {"kms:RetireGrant", "", `,"grants":[{"GranteePrincipal":"` + bob + `","Operations":["Encrypt"]}]`, "needs the GrantId"},
		"grantee":                 {"kms:CreateGrant", `{"kms:GrantOperations":"Encrypt"}`, "", "either kms:GranteePrincipal or"},
		"constraint":              {"kms:CreateGrant", `{` + grantee + `,"kms:GrantConstraintType":"SourceArn"}`, "", "is EncryptionContextEquals or"},
		"constraint without":      {"kms:CreateGrant", `{` + grantee + `,"kms:EncryptionContext:a":"1"}`, "", "come together"},
	} {
		t.Run(name, func(t *testing.T) {
			r := check(t, v, request(alice, test.action, key, test.context, test.more))
			require.Equal(t, live.Skipped, r.Outcome, "%+v", r)
			require.Contains(t, r.Why, test.want)
			require.Empty(t, r.AWS)
		})
	}
	r := check(t, v, request("arn:aws:iam::111122223333:user/carol", "kms:Encrypt", key, "", ""))
	require.Equal(t, live.Skipped, r.Outcome)
	require.Contains(t, r.Why, "no credentials for the principal, only for arn:aws:sts::111122223333:assumed-role/App/run, "+alice)
	r = check(t, v, request(alice, "kms:CreateKey", "*", "", ""))
	require.Equal(t, live.Skipped, r.Outcome)
	require.Contains(t, r.Why, "has no DryRun")
}

// TestFacts are condition keys that say what the account holds: the request is asked all the same.
func TestFacts(t *testing.T) {
	t.Parallel()
	v := verifier(t, kmstest.Start(t, kmstest.WithWorld(world)))
	r := check(t, v, request(alice, "kms:Encrypt", key, `{"aws:PrincipalTag/team":"x","aws:ResourceTag/team":"y","kms:KeySpec":"SYMMETRIC_DEFAULT",
		"aws:PrincipalArn":"`+alice+`","kms:CallerAccount":"111122223333","aws:SecureTransport":"false","aws:ResourceAccount":"111122223333"}`, anyone))
	require.Equal(t, live.Same, r.Outcome, "%+v", r)
}

// TestFailed has lines that cannot be read, and calls that AWS answers with neither yes nor no.
func TestFailed(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(world))
	v := verifier(t, s)
	c := kms.NewFromConfig(s.Config("root"))
	out, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	_, err = c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: out.KeyMetadata.KeyId})
	require.NoError(t, err)
	other := strings.Replace(key, "1234abcd", "00000000", 1)
	for name, test := range map[string]struct{ line, want string }{
		"not JSON":      {`{`, "line 1:1:"},
		"expectation":   {request(alice, "kms:Encrypt", key, "", `,"expect":"maybe"`), `expect is "maybe": expected "allow" or "deny"`},
		"type":          {request(alice, "kms:Encrypt", key, "", `,"expect":1`), "expect is a number: expected a string"},
		"two spellings": {request(alice, "kms:Encrypt", key, `{"aws:PrincipalTag/a":"1","aws:principaltag/A":"2"}`, anyone), "line 1: "},
		"disabled":      {request(alice, "kms:Encrypt", aws.ToString(out.KeyMetadata.Arn), "", `,"expect":"allow"`), "DisabledException: "},
		"no key":        {request(alice, "kms:Encrypt", other, "", `,"expect":"allow"`), "NotFoundException: "},
		"no spec":       {request(alice, "kms:GenerateDataKeyPair", key, `{"kms:DataKeyPairSpec":"RSA_1"}`, `,"expect":"allow"`), "ValidationException: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := check(t, v, test.line)
			require.Equal(t, live.Failed, r.Outcome, "%+v", r)
			require.Contains(t, r.Why, test.want)
			require.Empty(t, r.AWS)
		})
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = v.Check(ended, []byte(request(alice, "kms:Encrypt", key, "", "")), "line 1")
	require.ErrorIs(t, err, context.Canceled)
}

// TestAnotherSide has somebody who may do one side of ReEncrypt: a denial of the other leaves it open.
func TestAnotherSide(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(world))
	v := verifier(t, s)
	for _, action := range []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"} {
		s.PutPolicy("user/bob", "Side", allow(t, action, "StringLike", "aws:PrincipalArn", "*"))
		r := check(t, v, request(bob, action, key, `{"kms:ReEncryptOnSameKey":"true"}`, `,"expect":"allow"`))
		require.Equal(t, live.Skipped, r.Outcome)
		require.Contains(t, r.Why, "another action that the call needs was denied: ")
		require.Empty(t, r.AWS)
		require.NotEmpty(t, r.RequestID)
	}
}

// TestAnotherKey has an alias of another key than the line's: the denial is about that one.
func TestAnotherKey(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(world))
	other := strings.Replace(key, "1234abcd", "00000000", 1)
	r := check(t, verifier(t, s), request(bob, "kms:Encrypt", other, `{"kms:RequestAlias":"alias/app"}`, `,"expect":"deny"`))
	require.Equal(t, live.Failed, r.Outcome)
	require.Contains(t, r.Why, "another key was asked about: ")
}

func TestNewCallers(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(world))
	callers, err := live.NewCallers(t.Context(), from(s), nil)
	require.NoError(t, err)
	v := live.NewVerifier(callers, evaluator.Readings{}, noon)
	require.Equal(t, live.Same, check(t, v, request(alice, "kms:Encrypt", key, "", `,"expect":"allow"`)).Outcome)
	require.Equal(t, live.Skipped, check(t, v, request(bob, "kms:Encrypt", key, "", "")).Outcome)

	for _, principal := range []string{
		bob, "arn:aws:iam::111122223333:role/alice", "arn:aws:iam::444455556666:user/alice", "arn:aws-cn:iam::111122223333:user/alice", "x",
	} {
		_, err := live.NewCallers(t.Context(), from(s), map[string]string{principal: "user/alice"})
		require.EqualError(t, err, "profile user/alice: its credentials are those of "+alice+", not of "+principal)
	}
	session := "arn:aws:sts::111122223333:assumed-role/App/run"
	for _, principal := range []string{app, session, "arn:aws:iam::111122223333:role/App"} {
		_, err := live.NewCallers(t.Context(), from(s), map[string]string{principal: "role/App/run"})
		require.NoError(t, err)
	}
	for _, principal := range []string{
		"arn:aws:sts::111122223333:assumed-role/App/other", "arn:aws:iam::444455556666:role/App", "arn:aws:iam::111122223333:role/App2",
		"arn:aws:iam::111122223333:role/service/pp", "arn:aws:iam::111122223333:user/App",
	} {
		_, err := live.NewCallers(t.Context(), from(s), map[string]string{principal: "role/App/run"})
		require.ErrorContains(t, err, "its credentials are those of "+session)
	}

	noProfile := errors.New("no such profile")
	_, err = live.NewCallers(t.Context(), func(context.Context, string) (aws.Config, error) { return aws.Config{}, noProfile }, nil)
	require.ErrorIs(t, err, noProfile)
	_, err = live.NewCallers(t.Context(), func(context.Context, string) (aws.Config, error) {
		cfg := s.Config("user/alice") //nolint:contextcheck // it takes that of the test
		cfg.Region = ""
		cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "not the secret", "")
		return cfg, nil
	}, map[string]string{alice: "p"})
	require.ErrorContains(t, err, "InvalidClientTokenId")
	require.NotContains(t, err.Error(), "not the secret")
}

// TestDone has an endpoint that does what it is asked although DryRun is set, as some emulators do.
func TestDone(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && strings.Contains(string(body), "GetCallerIdentity") {
			_, _ = io.WriteString(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
				<GetCallerIdentityResult><Arn>`+alice+`</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(s.Close)
	callers, err := live.NewCallers(t.Context(), func(context.Context, string) (aws.Config, error) {
		return aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider("A", "b", ""),
		}, nil
	}, nil)
	require.NoError(t, err)
	v := live.NewVerifier(callers, evaluator.Readings{}, noon)
	r, err := v.Check(t.Context(), []byte(request(alice, "kms:Encrypt", key, "", "")), "line 1")
	require.ErrorIs(t, err, live.ErrDone)
	require.Equal(t, live.Failed, r.Outcome)
}
