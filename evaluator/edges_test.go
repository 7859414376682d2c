package evaluator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// webIdentity is a request of somebody who has no credentials of AWS, only a token of a provider.
func webIdentity(t *testing.T, trust string) evaluator.Request {
	t.Helper()
	return evaluator.Request{
		Principal: &evaluator.Principal{Type: evaluator.WebIdentity, Provider: "accounts.google.com", Name: "1234"},
		Action:    "sts:AssumeRoleWithWebIdentity",
		Role:      &evaluator.Role{ARN: roleARN, Trust: document(t, policy.TrustPolicy, trust)},
		Context:   evaluator.Context{"accounts.google.com:aud": {"another"}},
	}
}

// TestSuggestionsForWebIdentities suggests what the owner of the role can change, and not what the token says: that
// is the provider's. Nobody without an ARN can be named in a statement.
func TestSuggestionsForWebIdentities(t *testing.T) {
	e := evaluator.New(noWorld{})
	req := webIdentity(t, `{"Version": "2012-10-17", "Statement": {"Sid": "App", "Effect": "Allow", "Principal": {"Federated": "accounts.google.com"},
		"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"accounts.google.com:aud": "ours"}}}}`)
	texts, err := e.Suggest(t.Context(), req)
	require.NoError(t, err)
	for _, text := range texts {
		require.NotContains(t, text, "make the request with accounts.google.com:aud")
		require.NotContains(t, text, "add a statement")
	}
	req.Context = evaluator.Context{"accounts.google.com:aud": {"ours"}}
	d, err := e.Authorize(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, evaluator.Allow, d.Decision)

	texts, err = e.Suggest(t.Context(), webIdentity(t, trusts))
	require.NoError(t, err)
	require.Empty(t, texts)
}

// TestActed says what a request acts on.
func TestActed(t *testing.T) {
	const alias, bucket = "arn:aws:kms:us-east-1:111122223333:alias/a", "arn:aws:s3:::bucket"
	for want, req := range map[string]evaluator.Request{
		keyOne:  {Key: &evaluator.Key{ARN: keyOne}},
		roleARN: {Role: &evaluator.Role{ARN: roleARN}},
		alias:   {Alias: alias},
		bucket:  {Resource: bucket},
		"":      {},
	} {
		require.Equal(t, want, req.Acted())
	}
}

// TestSuggestionsForMadeDocuments suggests a change to a document that no file holds: there is no place to name.
func TestSuggestionsForMadeDocuments(t *testing.T) {
	made := *document(t, policy.KeyPolicy, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:*", "Resource": "*"}}`)
	made.Pos = policy.Position{}
	texts, err := evaluator.New(noWorld{}).Suggest(t.Context(), evaluator.Request{
		Principal: userWith(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: &made},
	})
	require.NoError(t, err)
	require.Contains(t, texts, "add a statement to key-policy that allows arn:aws:iam::111122223333:user/alice to do kms:Decrypt")
}

// TestExportIsTheStrictHalf exports a policy with a value that is not known before deployment: in the bundle it never
// helps a request.
func TestExportIsTheStrictHalf(t *testing.T) {
	text := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
		"Condition": {"StringEquals": {"kms:EncryptionContext:a": "` + string(policy.Unresolved) + `"}}}}`
	doc, diags := policy.Parse(policy.KeyPolicy, "key", []byte(text), policy.WithUnresolved())
	require.NotNil(t, doc, "%v", diags)
	export, err := evaluator.New(noWorld{}).Export(evaluator.Request{
		Principal: userWith(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Policy: doc},
		Context: evaluator.Context{"kms:EncryptionContext:a": {"b"}},
	})
	require.NoError(t, err)
	require.Len(t, export.Units, 1)
	require.NotContains(t, export.Units[0].Module, string(policy.Unresolved))
}
