package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePrincipal(t *testing.T) {
	for text, want := range map[string]PrincipalForm{
		"111122223333":                                       PrincipalAccount,
		"arn:aws:iam::111122223333:root":                     PrincipalAccount,
		"arn:aws:iam::111122223333:role/path/App":            PrincipalRole,
		"arn:aws:sts::111122223333:assumed-role/App/session": PrincipalRoleSession,
		"AROAEXAMPLE12345678AB":                              PrincipalUniqueID,
		"s3.amazonaws.com":                                   PrincipalService,
	} {
		p, ok := ParsePrincipal(text)
		require.True(t, ok, text)
		require.Equal(t, want, p.Form, text)
		require.Equal(t, text, p.Text)
		if want != PrincipalService && want != PrincipalUniqueID {
			require.Equal(t, "111122223333", p.Account)
		}
	}
	for _, text := range []string{"", "alice", "s3", "arn:aws:iam::111122223333:group/g", "arn:aws:iam::111122223333:role/*", "a b.c"} {
		_, ok := ParsePrincipal(text)
		require.False(t, ok, text)
	}
}
