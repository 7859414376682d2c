package evaluator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// TestSuggestionsForEachKey asks about two keys behind one endpoint policy: what was tried for the first must not
// be taken for what is tried for the second.
func TestSuggestionsForEachKey(t *testing.T) {
	endpoint := mustParse(t, policy.VPCEndpointPolicy, "endpoint",
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}`)
	open := mustParse(t, policy.KeyPolicy, "key",
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}}`)
	e := evaluator.New(mapWorld{})
	var first []string
	for _, arn := range []string{keyOne, keyOne + "2"} {
		texts, err := e.Suggest(t.Context(), evaluator.Request{
			Principal: bob(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: arn, Policy: open}, EndpointPolicies: []*policy.Document{endpoint},
		})
		require.NoError(t, err)
		require.NotEmpty(t, texts)
		for _, text := range texts {
			require.NotContains(t, text, "; and ", "one change is enough")
		}
		if first == nil {
			first = texts
		}
		require.Equal(t, first, texts)
	}
}

// TestSuggestionsForStatementsWithoutElements asks about a key policy whose statements name no action or resource,
// which KMS accepts.
func TestSuggestionsForStatementsWithoutElements(t *testing.T) {
	key := mustParse(t, policy.KeyPolicy, "key", `{"Statement": [
		{"Sid": "no action", "Effect": "Allow", "Principal": {"AWS": "`+accountB+`"}, "Resource": "*"},
		{"Sid": "no resource", "Effect": "Allow", "Principal": {"AWS": "`+accountB+`"}, "Action": "kms:*"},
		{"Sid": "nobody", "Effect": "Deny", "NotPrincipal": "*", "Action": "kms:*", "Resource": "*"}]}`)
	texts, err := evaluator.New(mapWorld{}).Suggest(t.Context(), evaluator.Request{
		Principal: bob(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Policy: key},
	})
	require.NoError(t, err)
	require.NotEmpty(t, texts)
}

// TestGrantsAreNamed says how a decision calls a grant.
func TestGrantsAreNamed(t *testing.T) {
	for _, c := range []struct {
		grant evaluator.Grant
		want  string
	}{
		{evaluator.Grant{ID: "abc", Name: "for bob"}, "grant abc"},
		{evaluator.Grant{Name: "for bob"}, `grant "for bob"`},
	} {
		g := c.grant
		g.KeyARN, g.GranteePrincipal, g.Operations = keyOne, bob().ARN, []string{"Decrypt"}
		d, err := evaluator.New(mapWorld{}).Authorize(t.Context(), evaluator.Request{
			Principal: bob(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Grants: []*evaluator.Grant{&g}},
		})
		require.NoError(t, err)
		require.Equal(t, "grant", d.Reason)
		require.Equal(t, c.want, d.Layers[0].Statements[0].Policy)
	}
}

// TestSuggestionsAgainstDeny offers values that a Deny spares, where the caller can choose them, and to remove the Deny.
func TestSuggestionsAgainstDeny(t *testing.T) {
	key := mustParse(t, policy.KeyPolicy, "key", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
		{"Sid": "Tenant", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {
			"StringNotLike": {"kms:EncryptionContext:tenant": "re?-*"}, "NumericNotEquals": {"kms:EncryptionContext:size": "7"},
			"Null": {"kms:EncryptionContext:tenant": "true"}, "NotIpAddress": {"kms:EncryptionContext:from": "10.0.0.0/8"}}}]}`)
	texts, err := evaluator.New(mapWorld{}).Suggest(t.Context(), evaluator.Request{
		Principal: bob(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Policy: key},
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		`make the request with kms:EncryptionContext:tenant like "re?-*"`, `make the request with kms:EncryptionContext:size = "7"`,
		`remove or narrow the Deny in statement "Tenant" of key (3:3)`,
	}, texts)
}

// TestSuggestionsForNearMisses has statements that miss a request by one element.
func TestSuggestionsForNearMisses(t *testing.T) {
	alice := &evaluator.Principal{
		Type: evaluator.User, ARN: "arn:aws:iam::" + accountA + ":user/alice", Account: accountA, Name: "alice",
		Identity: []*policy.Document{mustParse(t, policy.IdentityPolicy, "own", `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`)},
	}
	for statement, want := range map[string][]string{
		`"Principal": {"AWS": "` + alice.ARN + `"}, "Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:EncryptionContext:a": "b"}}`: {
			`make the request with kms:EncryptionContext:a = "b"`, `add a statement to key (1:1) that allows ` + alice.ARN + ` to do kms:Decrypt`,
		},
		`"Principal": {"AWS": "` + accountA + `"}, "Action": "kms:Encrypt"`: {
			`add a statement to key (1:1) that allows ` + alice.ARN + ` to do kms:Decrypt`,
			`add "kms:Decrypt" to Action in statement 1 of key (1:41); and add "kms:Decrypt" to Action in statement 1 of own (1:40)`,
		},
		`"Principal": {"AWS": "` + accountA + `"}, "Action": "kms:Decrypt"`: {
			`add "kms:Decrypt" to Action in statement 1 of own (1:40)`,
			`give ` + alice.ARN + ` an identity policy that allows kms:Decrypt on ` + keyOne,
		},
	} {
		key := mustParse(t, policy.KeyPolicy, "key", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", `+statement+`}]}`)
		texts, err := evaluator.New(mapWorld{}).Suggest(t.Context(), evaluator.Request{
			Principal: alice, Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Policy: key},
		})
		require.NoError(t, err)
		require.Equal(t, want, texts)
	}
}
