package evaluator

import (
	"context"
	"fmt"
	"strings"
	"testing"

	oparego "github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

// combinerOf has a decision module of the given rules.
func combinerOf(t *testing.T, rules string) *combiner {
	t.Helper()
	query, err := oparego.New(
		oparego.Query("verdict = data.strictkms.decision.verdict; assumptions = data.strictkms.decision.assumptions"),
		oparego.Module("decision.rego", "package strictkms.decision\nassumptions := set()\n"+rules),
	).PrepareForEval(context.Background())
	require.NoError(t, err)
	c := &combiner{query: query}
	c.known.Store(&map[facts]*verdict{})
	return c
}

// waysRequest has a key policy of some statements for everyone, behind the rest of the policy language.
func waysRequest(t *testing.T, statements ...string) Request {
	t.Helper()
	texts := make([]string, len(statements))
	for i, s := range statements {
		texts[i] = fmt.Sprintf(`{"Principal": "*", "Action": "kms:*", "Resource": "*", %s}`, s)
	}
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version": "2012-10-17", "Statement": [`+
		strings.Join(texts, ", ")+`]}`), policy.WithUnresolved())
	require.False(t, diags.HasErrors(), "%v", diags)
	return Request{
		Principal: &Principal{Type: User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice"},
		Action:    "kms:Decrypt", Key: &Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: doc},
	}
}

// TestDecisionModuleFailsForSomeWays has decision modules that have no answer to some of what the ways are made of: to
// whether the request is allowed when only part of what is open helps it.
func TestDecisionModuleFailsForSomeWays(t *testing.T) {
	t.Parallel()
	req := waysRequest(t,
		`"Effect": "Allow", "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}`,
		`"Effect": "Deny", "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`)
	const allows = "verdict := {\"decision\": \"allow\", \"reason\": \"r\"} if {\n\tinput.key.direct\n\tnot input.deny[\"key-policy\"]\n}\n"
	const denies = "verdict := {\"decision\": \"deny\", \"reason\": \"r\", \"layer\": \"key-policy\"} if "
	for name, rules := range map[string]string{
		"the Deny does not match and nothing allows": allows + denies + `input.deny["key-policy"]`,
		"the Deny matches and something allows":      allows + denies + "not input.key.direct",
	} {
		e := New(oneAccount{})
		e.combiner = combinerOf(t, rules)
		v, err := e.Settle(t.Context(), req, Unknown{Others: true})
		require.NoError(t, err, name)
		require.Equal(t, Conditional, v, name)
		r, err := e.Resolve(t.Context(), req, Unknown{Others: true})
		require.ErrorContains(t, err, "0 results", name)
		require.Equal(t, failed(), r.Decision, name)
		v, err = e.SettleExactly(t.Context(), req, Unknown{Others: true})
		require.ErrorContains(t, err, "0 results", name)
		require.Equal(t, Deny, v, name)
	}
}

// TestExactlyUnresolved has statements that together leave nothing out, beside values that a source could not compute.
func TestExactlyUnresolved(t *testing.T) {
	t.Parallel()
	hole := `"Condition": {"StringEquals": {"aws:SourceAccount": "` + string(policy.Unresolved) + `"}}`
	is, not := `"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}`, `"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}`
	for name, c := range map[string]struct {
		req  Request
		want Verdict
	}{
		"allowed, whatever the value": {waysRequest(t, `"Effect": "Allow", `+is, `"Effect": "Allow", `+not, `"Effect": "Allow", `+hole), Allow},
		"denied, whatever the value":  {waysRequest(t, `"Effect": "Allow", `+is, `"Effect": "Deny", `+is, `"Effect": "Deny", `+hole), Deny},
		"it depends on the value":     {waysRequest(t, `"Effect": "Allow", `+is, `"Effect": "Allow", `+not, `"Effect": "Deny", `+hole), Conditional},
		"it depends on the value or the others": {
			waysRequest(t, `"Effect": "Allow", `+is, `"Effect": "Allow", "Condition": {"StringEquals": {"aws:SourceAccount": "`+string(policy.Unresolved)+
				`", "kms:ViaService": "s3.us-east-1.amazonaws.com"}}`), Conditional,
		},
		"it depends on the others": {waysRequest(t, `"Effect": "Allow", `+is, `"Effect": "Allow", `+hole), Conditional},
	} {
		e := New(oneAccount{})
		v, err := e.SettleExactly(t.Context(), c.req, Unknown{Others: true})
		require.NoError(t, err, name)
		require.Equal(t, c.want, v, name)
		r, err := e.Resolve(t.Context(), c.req, Unknown{Others: true})
		require.NoError(t, err, name)
		require.Equal(t, c.want, r.Decision.Decision, name)
	}
}

// TestUnknownPrincipals has statements that no index finds by the caller's name.
func TestUnknownPrincipals(t *testing.T) {
	t.Parallel()
	for listed, want := range map[string]Verdict{"alice": Allow, "bob": Conditional} {
		doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
			{"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/`+listed+`"}, "Action": "kms:*", "Resource": "*",
				"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}]}`))
		require.False(t, diags.HasErrors(), "%v", diags)
		req := waysRequest(t, `"Effect": "Allow"`)
		req.Key.Policy = doc
		r, err := New(oneAccount{}).Resolve(t.Context(), req, Unknown{Others: true})
		require.NoError(t, err)
		require.Equal(t, want, r.Decision.Decision, listed)
	}
}

// TestUnknownMultiRegion leaves open what follows from a key, where it is known and where it is not.
func TestUnknownMultiRegion(t *testing.T) {
	t.Parallel()
	for known, want := range map[string]Verdict{"false": Deny, "": Conditional} {
		req := waysRequest(t, `"Effect": "Allow", "Condition": {"StringEquals": {"kms:MultiRegionKeyType": "PRIMARY"}}`)
		req.Key.MultiRegion = known
		r, err := New(oneAccount{}).Resolve(t.Context(), req, Unknown{Others: true})
		require.NoError(t, err)
		require.Equal(t, want, r.Decision.Decision, known)
	}
}
