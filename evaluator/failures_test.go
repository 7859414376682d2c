package evaluator

import (
	"context"
	"fmt"
	"strings"
	"testing"

	oparego "github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// mustParse parses a policy with one statement that holds under a condition, which no index decides alone.
func mustParse(t *testing.T, kind policy.Kind, principal string) *policy.Document {
	t.Helper()
	effect, matching := "Allow", "c*c"
	if kind == policy.ResourceControlPolicy { // which can only deny
		effect, matching = "Deny", "d*d"
	}
	text := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": %q, %s "Action": "kms:*", "Resource": "*",
		"Condition": {"StringLike": {"kms:EncryptionContext:a": [%q, %q]}}}]}`, effect, principal, matching, kind)
	doc, diags := policy.Parse(kind, kind.String(), []byte(text))
	require.NotNil(t, doc, "%v", diags)
	return doc
}

// oneAccount is a world of one account.
type oneAccount struct{ account *Account }

// Account implements [World].
func (w oneAccount) Account(string) *Account { return w.account }

// everyLayer is a request that every kind of policy has a say in.
func everyLayer(t *testing.T) (World, Request) {
	t.Helper()
	const any = `"Principal": "*",`
	account := &Account{
		ID:   "111122223333",
		SCPs: [][]*policy.Document{{mustParse(t, policy.ServiceControlPolicy, "")}},
		RCPs: [][]*policy.Document{{mustParse(t, policy.ResourceControlPolicy, any)}},
	}
	const role = "arn:aws:iam::111122223333:role/App"
	principal := &Principal{
		Type: RoleSession, ARN: "arn:aws:sts::111122223333:assumed-role/App/run", Issuer: role, Account: account.ID, Name: "run",
		Identity: []*policy.Document{mustParse(t, policy.IdentityPolicy, "")}, HasSession: true,
		Session:  []*policy.Document{mustParse(t, policy.SessionPolicy, "")},
		Boundary: mustParse(t, policy.PermissionsBoundary, ""),
	}
	key := &Key{
		ARN:    "arn:aws:kms:us-east-1:111122223333:key/k",
		Policy: mustParse(t, policy.KeyPolicy, `"Principal": {"AWS": "111122223333"},`),
		Grants: []*Grant{{
			ID: "g", GranteePrincipal: role, Operations: []string{"Decrypt"}, IssuingAccount: account.ID,
			EncryptionContextSubset: map[string]string{"a": "b"},
		}},
	}
	return oneAccount{account}, Request{
		Principal: principal, Key: key, Action: "kms:Decrypt", Context: Context{"kms:EncryptionContext:a": {"c c"}},
		EndpointPolicies: []*policy.Document{mustParse(t, policy.VPCEndpointPolicy, any)},
	}
}

// spoilt are the ways in which a translation could be wrong. Each fails some of what an evaluator does.
var spoilt = map[string]func(*rego.Unit){
	"residual is no Rego": func(u *rego.Unit) { u.Residual, u.Residuals = "package x\nallow if {", 1 },
	"residual does not compile": func(u *rego.Unit) {
		u.Residual, u.Residuals = "package x\nallow if no_such_function(1)", 1
	},
	"residual has too few rules":   func(u *rego.Unit) { u.Residual, u.Residuals = "package x\n", 1 },
	"residual fails":               failResidual,
	"explanation is no Rego":       func(u *rego.Unit) { u.Explain = "package" },
	"explanation is no set":        func(u *rego.Unit) { u.Explain = explainPackage + "met := 1" },
	"explanation contradicts":      func(u *rego.Unit) { u.Explain = explainPackage + "met := 1 if true\nmet := 2 if true" },
	"explanation is not the units": func(u *rego.Unit) { u.Explain = explainPackage + "met contains \"nothing\"" },
}

const explainPackage = "package strictkms.unit.one.explain\n"

// failResidual makes every residual a contradiction.
func failResidual(u *rego.Unit) {
	u.Residual = "package strictkms.unit.one\n" + strings.Repeat("allow if both\n", u.Residuals) +
		"both := true if true\nboth := false if true\n"
}

// TestMistakesDeny spoils the translation of one policy after the other: what then cannot be decided or explained is an
// error, and the decision beside it denies.
func TestMistakesDeny(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoilt {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failures := 0
			for n, last := 0, false; !last; n++ {
				world, req := everyLayer(t)
				e := New(world)
				at := 0
				e.testOnlySpoil = func(u *rego.Unit) {
					if at++; at == n+1 || n == 0 {
						spoil(u)
					}
				}
				d, err := e.Explain(t.Context(), req)
				last = n > at
				if err == nil {
					continue
				}
				failures++
				require.Equal(t, Deny, d.Decision)
				require.Equal(t, "error", d.Reason)
				require.NotPanics(t, func() { _, _ = e.Suggest(t.Context(), req) })
			}
			require.GreaterOrEqual(t, failures, 3)
		})
	}
}

// TestMistakesDenyAuthorize does the same to what explains nothing, to what is exported, and to what is remembered.
func TestMistakesDenyAuthorize(t *testing.T) {
	t.Parallel()
	for n := range 9 {
		for _, spoil := range []string{"residual is no Rego", "residual fails"} {
			world, req := everyLayer(t)
			e := New(world).Remembering()
			at := 0
			e.testOnlySpoil = func(u *rego.Unit) {
				if at++; at == n {
					spoilt[spoil](u)
				}
			}
			d, err := e.Authorize(t.Context(), req)
			if err != nil {
				require.Equal(t, failed(), d)
			}
			_, err = e.Export(req)
			require.True(t, err == nil || strings.Contains(err.Error(), "translated policy"), "%v", err)
		}
	}
}

// TestDecisionModuleFails has decision modules that answer with what is no verdict.
func TestDecisionModuleFails(t *testing.T) {
	t.Parallel()
	for module, want := range map[string]string{
		"":              "0 results",
		"verdict := 1":  "verdict is json.Number",
		"verdict := {}": "verdict map[]",
		`verdict := {"decision": "perhaps", "reason": "r"}`: "verdict map[",
		`verdict := {"decision": "allow"}`:                  "verdict map[",
		"verdict := 1 if true\nverdict := 2 if true":        "evaluate the decision module",
	} {
		world, req := everyLayer(t)
		e := New(world)
		query, err := oparego.New(
			oparego.Query("verdict = data.strictkms.decision.verdict; assumptions = data.strictkms.decision.assumptions"),
			oparego.Module("decision.rego", "package strictkms.decision\nassumptions := set()\n"+module),
		).PrepareForEval(context.Background())
		require.NoError(t, err)
		e.combiner = &combiner{query: query}
		e.combiner.known.Store(&map[facts]*verdict{})
		d, err := e.Authorize(t.Context(), req)
		require.ErrorContains(t, err, want)
		require.Equal(t, failed(), d)
		d, err = e.Explain(t.Context(), req)
		require.ErrorContains(t, err, want)
		require.Equal(t, failed(), d)
	}
}
