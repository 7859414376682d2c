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
