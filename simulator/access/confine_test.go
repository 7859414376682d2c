package access_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/simulator/access"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

// TestNamesOfOthers asks who can when a statement for everyone has conditions on names and accounts: whoever else there is in
// an account has names of that account, and no answer speaks of what says so.
func TestNamesOfOthers(t *testing.T) {
	for _, c := range []struct{ name, condition, want string }{
		{
			"one's own account", `ArnLike: {aws:PrincipalArn: "arn:aws:iam::111122223333:role/*"}`,
			`others in account 111122223333: aws:PrincipalArn is like "arn:aws:iam::111122223333:role/*" and the IAM policies of others in account 111122223333 do not deny it`,
		},
		{
			"one's own account as a whole", `ArnLike: {aws:PrincipalArn: "arn:*:*::111122223333:*"}`,
			`others in account 111122223333: the IAM policies of others in account 111122223333 do not deny it`,
		},
		{
			"not one's own account", `ArnNotLike: {aws:PrincipalArn: "arn:aws:iam::111122223333:*"}`, // sessions of users have names of STS
			`others in account 111122223333: aws:PrincipalArn is not like "arn:aws:iam::111122223333:*" or missing and the IAM policies of others in account 111122223333 do not deny it
anyone in any other account: the IAM policies of other accounts allow it`,
		},
		{
			"any account", `ArnLike: {aws:PrincipalArn: "arn:aws:iam::*:role/Reader"}`,
			`others in account 111122223333: aws:PrincipalArn is like "arn:aws:iam::*:role/Reader" and the IAM policies of others in account 111122223333 do not deny it
anyone in any other account: aws:PrincipalArn is like "arn:aws:iam::*:role/Reader" and the IAM policies of other accounts allow it`,
		},
		{
			"accounts by a pattern", `StringLike: {kms:CallerAccount: "4444*"}`,
			`anyone in any other account like 4444*: the IAM policies of other accounts like 4444* allow it`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
			require.NoError(t, files.Load(w, "w.yaml", []byte(`{accounts: {"111122223333": {keys: {k: {policy: {Version: 2012-10-17, Statement: [
				{Effect: Allow, Principal: "*", Action: "kms:Decrypt", Resource: "*", Condition: {`+c.condition+`}}]}}}}}}`), w.Defaults))
			answer, err := asking(w).WhoCan(t.Context(), action(t, "kms:Decrypt"), &w.Keys[0].Key, "", access.Options{Direct: true})
			require.NoError(t, err)
			var got []string
			for _, e := range answer.Principals {
				if e.Kind == source.CandidateRoot {
					continue
				}
				require.Equal(t, access.Conditional, e.Verdict)
				for _, way := range e.Ways {
					var words []string
					for _, condition := range way.If {
						words = append(words, condition.Text)
					}
					got = append(got, e.Principal+": "+strings.Join(words, " and "))
				}
			}
			require.Equal(t, c.want, strings.Join(got, "\n"))
		})
	}
}
