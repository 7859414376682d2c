package audit_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLargePolicies audits key policies as large as KMS takes them, of the shapes that make the most work: none takes
// longer than some seconds, where each once took minutes, and what was not looked at is said.
func TestLargePolicies(t *testing.T) {
	many := func(n int, format string) string {
		var out []string
		for i := range n {
			out = append(out, strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
		}
		return strings.Join(out, ",\n")
	}
	strangers := func(n int) string {
		return `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {` +
			`"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1234abcdf5678c90a", "aws:SourceAccount": "111122223333"}, "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},` +
			`"IpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}, "ArnLike": {"aws:PrincipalArn": [` + many(n, `"arn:aws:iam::*:role/r%d*"`) + `]}}}`
	}
	for _, c := range []struct{ name, statements, want string }{
		{"names in any account", strangers(500), ""},
		{"Denies with conditions", many(50, `{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-%d"}}}`), ""},
		{"Denies with NotPrincipal", many(80, `{"Effect": "Deny", "NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/r%d"]}, "Action": "kms:*", "Resource": "*", "Condition": {"StringNotEquals": {"kms:ViaService": "s%d.us-east-1.amazonaws.com"}}}`), ""},
		{"more Denies than are looked at", many(120, `{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-%d"}}}`), "120 statements that deny kms:CancelKeyDeletion: whether one of them alone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var found []string
			for _, f := range findings(t, "p.json", keyPolicy(c.statements)) {
				require.True(t, f.Position.IsValid())
				if f.Code == "KP204" {
					found = append(found, f.Message)
				}
			}
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Contains(t, strings.Join(found, "\n"), c.want)
		})
	}
}
