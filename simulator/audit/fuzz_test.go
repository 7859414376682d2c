package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
)

// FuzzRun audits whatever can be read as a key policy or an identity policy: it does not panic, every finding has a
// place, and the same input gives the same findings.
func FuzzRun(f *testing.F) {
	for _, r := range audit.Rules() {
		f.Add([]byte(r.Bad.Text))
		f.Add([]byte(r.Good.Text))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, kind := range []policy.Kind{policy.KeyPolicy, policy.IdentityPolicy} {
			in := audit.Input{Now: now, AssumedAccount: account, Sources: map[string][]byte{"f.json": src}}
			doc, diags := policy.Parse(kind, "f", src, policy.WithFile("f.json"))
			in.Diagnostics = diags
			if doc != nil {
				in.Documents = append(in.Documents, doc)
			}
			found, err := audit.Run(t.Context(), in)
			require.NoError(t, err)
			for _, finding := range found {
				require.True(t, finding.Position.IsValid(), finding.Message)
			}
			again, err := audit.Run(t.Context(), in)
			require.NoError(t, err)
			require.Equal(t, found, again)
		}
	})
}
