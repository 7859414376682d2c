package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// keyFor is a world of one key, one user and one role, whose policy has the statements.
func keyFor(t *testing.T, statements string) *source.World {
	t.Helper()
	parse := func(kind policy.Kind, text string) *policy.Document {
		doc, diags := policy.Parse(kind, kind.String(), []byte(`{"Version": "2012-10-17", "Statement": `+text+`}`))
		require.False(t, diags.HasErrors(), "%v", diags)
		return doc
	}
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	w.Users = []*source.User{{Account: "111122223333", Path: "/people/", Name: "alice", Groups: []string{"Team"}, Attached: []string{
		"arn:aws:iam::111122223333:policy/Own", "arn:aws:iam::aws:policy/ReadOnlyAccess",
	}}}
	w.Groups = []*source.Group{{Account: "111122223333", Path: "/", Name: "Team", Attached: []string{"arn:aws:iam::111122223333:policy/Team"}}}
	w.Roles = []*source.Role{{
		Account: "111122223333", Path: "/", Name: "App",
		Trust: parse(policy.TrustPolicy, `{"Effect": "Allow", "Principal": {"Federated": "id.example.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}`),
	}}
	w.Keys = []*source.Key{{Key: evaluator.Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/1", Policy: parse(policy.KeyPolicy, statements)}}}
	return w
}

func TestCandidates(t *testing.T) {
	// Whom the world holds whatever the key policy says.
	always := []string{
		"user arn:aws:iam::111122223333:user/people/alice", "role arn:aws:iam::111122223333:role/App",
		"root arn:aws:iam::111122223333:root", "web-identity id.example.com", "account others in account 111122223333",
	}
	for _, c := range []struct {
		name, statements string
		more             []string
	}{
		{"its own account", `{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}`, nil},
		{
			"another account", `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "kms:*", "Resource": "*"}`,
			[]string{"root arn:aws:iam::444455556666:root", "account others in account 444455556666"},
		},
		{
			"somebody who was not loaded", `{"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Gone"}, "Action": "kms:*", "Resource": "*"}`,
			[]string{"role arn:aws:iam::111122223333:role/Gone"},
		},
		{
			"one session", `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/App/nightly"}, "Action": "kms:*", "Resource": "*"}`,
			[]string{"session arn:aws:sts::111122223333:assumed-role/App/nightly"},
		},
		{
			"a service", `{"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}`,
			[]string{"service logs.us-east-1.amazonaws.com"},
		},
		{
			"everybody", `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}`,
			[]string{"anyone anyone in any other account"},
		},
		{
			"sessions through a provider", `{"Effect": "Allow", "Principal": {"Federated": "id.example.com"}, "Action": "kms:*", "Resource": "*"}`,
			[]string{"session arn:aws:iam::111122223333:role/App through id.example.com"},
		},
		{
			"an account that only a condition names",
			`{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"KMS:CallerAccount": "444455556666"}}}`,
			[]string{"root arn:aws:iam::444455556666:root", "account others in account 444455556666", "anyone anyone in any other account"},
		},
		{
			"accounts by patterns, of which two say something",
			`{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringLike": {"kms:CallerAccount": ["4444*", "11112222333?", "*", "????????????", "4?", "44445555666677*", "abc*"]}}}`,
			[]string{"anyone anyone in any other account", "anyone anyone in any other account like 4444*", "anyone anyone in any other account like 11112222333?"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, candidate := range keyFor(t, c.statements).Candidates() {
				got = append(got, candidate.Kind.String()+" "+candidate.Name)
				require.NotNil(t, candidate.Principal)
			}
			require.ElementsMatch(t, append(c.more, always...), got)
		})
	}
}

// TestCandidatesElsewhere checks that accounts count that only a resource control policy or a grant names, and that who
// stands for others says in which accounts they are.
func TestCandidatesElsewhere(t *testing.T) {
	w := keyFor(t, `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalAccount": "44445555666?"}}}`)
	rcp, diags := policy.Parse(policy.ResourceControlPolicy, "R", []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "kms:*",
		"Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["111122223333", "444455556660"]}}}}`))
	require.False(t, diags.HasErrors(), diags)
	w.Accounts = map[string]*evaluator.Account{"111122223333": {ID: "111122223333", OrganizationID: "o-example", RCPs: [][]*policy.Document{{rcp}}}}
	w.Keys[0].Grants = append(w.Keys[0].Grants, &policy.Grant{
		ID: "g", GranteePrincipal: "arn:aws:iam::111122223333:role/App", Operations: []string{"Decrypt"},
		RetiringPrincipal: "arn:aws:iam::777788889999:user/retirer", IssuingAccount: "888899990000",
	})
	found := map[string]source.Candidate{}
	for _, c := range w.Candidates() {
		found[c.Name] = c
	}
	require.Contains(t, found, "arn:aws:iam::777788889999:user/retirer")
	require.Equal(t, "444455556660", found["others in account 444455556660"].Within)
	require.Contains(t, found, "others in account 888899990000")
	anyone := found["anyone in any other account"]
	require.Equal(t, "????????????", anyone.Within)
	require.Equal(t, []string{"111122223333", "444455556660", "777788889999", "888899990000"}, anyone.Without)
	like := found["anyone in any other account like 44445555666?"]
	require.Equal(t, "44445555666?", like.Within)
	require.Equal(t, "444455556661", like.Principal.Account, "the first one is named")
	again, ok := w.Counterpart(like)
	require.True(t, ok)
	require.Equal(t, like.Principal, again.Principal)
	require.Empty(t, found["arn:aws:iam::111122223333:root"].Within)
}

func TestCandidatesOfWholeAccounts(t *testing.T) {
	w := keyFor(t, `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Action": "kms:*", "Resource": "*"}`)
	w.WholeAccounts = map[string]bool{"111122223333": true}
	g := &policy.Grant{ID: "g", GranteePrincipal: "arn:aws:iam::777788889999:role/Visitor", Operations: []string{"Decrypt"}}
	w.Keys[0].Grants = append(w.Keys[0].Grants, g)
	kinds := map[string]source.Candidate{}
	for _, c := range w.Candidates() {
		kinds[c.Name] = c
	}
	require.NotContains(t, kinds, "others in account 111122223333")
	require.Contains(t, kinds, "others in account 777788889999")
	require.Equal(t, "not loaded: its IAM policies are not known", kinds["arn:aws:iam::777788889999:role/Visitor"].Note)
	require.Equal(t, source.CandidateUser, kinds["arn:aws:iam::111122223333:user/bob"].Kind)
	require.NotEmpty(t, kinds["arn:aws:iam::111122223333:user/bob"].Note)

	alice := kinds["arn:aws:iam::111122223333:user/people/alice"]
	require.Equal(t, []string{"arn:aws:iam::111122223333:group/Team"}, alice.Groups)
	require.Equal(t, []string{"arn:aws:iam::111122223333:policy/Own", "arn:aws:iam::111122223333:policy/Team"}, alice.Attached)
	require.Empty(t, alice.Note)

	// The same one again has the same pointers, for what the evaluator keeps in them.
	for _, c := range w.Candidates() {
		if c.Kind == source.CandidateWebIdentity { // has no policies to keep anything about
			continue
		}
		require.Same(t, kinds[c.Name].Principal, c.Principal, c.Name)
	}
}

func TestCandidateNamed(t *testing.T) {
	w := keyFor(t, `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}`)
	c, err := w.CandidateNamed("role/App")
	require.NoError(t, err)
	require.Equal(t, source.CandidateRole, c.Kind)
	require.Equal(t, []string{"aws:userid"}, c.Open, "which ends with the name of the session")
	c, err = w.CandidateNamed("role/App/nightly")
	require.NoError(t, err)
	require.Equal(t, source.CandidateSession, c.Kind)
	require.Empty(t, c.Open)
	_, err = w.CandidateNamed("user/alic")
	require.ErrorContains(t, err, "nearest: user/alice")
}
