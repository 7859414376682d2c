package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
	"github.com/strictkms/strictkms/source"
)

// TestUnknownPolicies audits key policies of which nothing is known, or not all: what they may allow or deny is no finding.
func TestUnknownPolicies(t *testing.T) {
	pos := policy.Position{File: "p.json", Line: 1, Column: 1}
	known, diags := policy.Parse(policy.KeyPolicy, "k", []byte(`{"Version": "2012-10-17", "Statement": [`+allow(app, `"kms:Decrypt"`, "")+"]}"), policy.WithFile("p.json"))
	require.False(t, diags.HasErrors())
	unknown := source.UnknownPolicy(policy.KeyPolicy, "k", "", "known after apply", pos)
	half := *unknown
	half.Statements = append(half.Statements, known.Statements...)
	for name, doc := range map[string]*policy.Document{
		"unknown": unknown, "unknown, and a statement": &half,
	} {
		t.Run(name, func(t *testing.T) {
			w := &source.World{Keys: []*source.Key{{Pos: pos, Key: evaluator.Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: doc}}}}
			found, err := audit.Run(t.Context(), audit.Input{World: w, AssumedAccount: account, Now: now})
			require.NoError(t, err)
			for _, f := range found {
				require.Equal(t, audit.Info, f.Severity, "%s: %s", f.Code, f.Message)
			}
		})
	}
}
