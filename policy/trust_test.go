package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTrustPolicy(t *testing.T) {
	for _, c := range []struct{ name, statement, want string }{
		{"right", `{"Sid": "A1", "Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": ["sts:Assume*", "STS:TagSession"]}`, ""},
		{"resource", `{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}`, "a trust policy cannot have Resource"},
		{"not resource", `{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "NotResource": "*"}`, "a trust policy cannot have NotResource"},
		{"other service", `{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt"}`, `action "kms:Decrypt" of a trust policy is not one of AWS STS`},
		{"nobody", `{"Effect": "Allow", "Action": "sts:AssumeRole"}`, "Principal is missing"},
		{"no action", `{"Effect": "Allow", "Principal": "*"}`, "Action is missing"},
		{"sid", `{"Sid": "a b", "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}`, "may contain letters and digits only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, diags := Parse(TrustPolicy, "trust", []byte(`{"Version": "2012-10-17", "Id": "x", "Statement": `+c.statement+`}`))
			if c.want == "" {
				require.Empty(t, diags)
				require.Nil(t, doc.Statements[0].Resources)
				return
			}
			require.Nil(t, doc)
			require.ErrorContains(t, diags.Errors(), c.want)
		})
	}
}

func TestUnknownTrustPolicy(t *testing.T) {
	doc := Unknown(TrustPolicy, "trust", "", "why", Position{})
	require.True(t, doc.HasUnresolved())
	for _, s := range doc.Statements {
		require.Nil(t, s.Resources)
		require.NotNil(t, s.Principals)
	}
	require.Len(t, doc.Bound(true).Statements, 1)
}
