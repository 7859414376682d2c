package evaluator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// policiesDir holds policies from documentation and samples, outside this repository.
const policiesDir = "../../shared/corpus/policies"

// TestPoliciesOfTheCorpus decides requests under every policy of the corpus, in every kind of caller, and holds the
// answers to the reference. What is refused is refused with a position and a reason.
func TestPoliciesOfTheCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(policiesDir, "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("no policies in %s", policiesDir)
	}
	shared := evaluator.New(mapWorld{})
	accepted, refused := 0, 0
	var seen tally
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		name, kind := filepath.Base(file), policy.KeyPolicy
		if strings.HasPrefix(name, "iam-policy") {
			kind = policy.IdentityPolicy
		}
		doc, problems := policy.Parse(kind, name, src, policy.WithFile(name))
		if doc == nil {
			refused++
			require.NotEmpty(t, problems.Errors(), name)
			for _, p := range problems.Errors() {
				require.True(t, p.Pos.IsValid(), "%s: %s", name, p)
				require.NotEmpty(t, p.Message, name)
			}
			continue
		}
		accepted++
		for _, req := range requestsUnder(doc) {
			want := refDecide(mapWorld{}, req)
			for what, decide := range map[string]func() (evaluator.Decision, error){
				"authorize": func() (evaluator.Decision, error) { return shared.Authorize(t.Context(), req) },
				"explain":   func() (evaluator.Decision, error) { return shared.Explain(t.Context(), req) },
			} {
				got, err := decide()
				require.NoError(t, err, name)
				require.Equal(t, want.String(), summary(got).String(), "%s: %s %s by %s", what, name, req.Action, req.Principal.ARN)
			}
			seen.add(want.reason)
		}
	}
	t.Logf("%d policies, %d refused: %v", accepted, refused, seen.counts)
	require.Greater(t, seen.counts["direct-key-policy"], 50)
	require.Greater(t, seen.counts["key-policy-and-iam"], 50)
}

// requestsUnder asks for some actions by every caller that the policy names, and by one that it does not.
func requestsUnder(doc *policy.Document) []evaluator.Request {
	const account = "111122223333"
	key := &evaluator.Key{ARN: "arn:aws:kms:us-west-2:" + account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab", Spec: "SYMMETRIC_DEFAULT"}
	callers := []*evaluator.Principal{
		{Type: evaluator.User, ARN: "arn:aws:iam::" + account + ":user/someone", Account: account, Name: "someone"},
		{Type: evaluator.Root, ARN: "arn:aws:iam::" + account + ":root", Account: account},
		{Type: evaluator.Service, ARN: "cloudtrail.amazonaws.com"},
	}
	var able *policy.Document
	if doc.Kind == policy.KeyPolicy {
		key.Policy = doc
		able, _ = policy.Parse(policy.IdentityPolicy, "able", []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}`))
		for _, st := range doc.Statements {
			if st.Principals != nil {
				for _, p := range st.Principals.Values {
					callers = append(callers, named(p)...)
				}
			}
		}
	} else {
		able = doc
		key.Policy, _ = policy.Parse(policy.KeyPolicy, "key", []byte(`{"Statement": {"Effect": "Allow", "Principal": {"AWS": "`+account+`"}, "Action": "kms:*", "Resource": "*"}}`))
	}
	var out []evaluator.Request
	for i, caller := range callers {
		if caller.Type != evaluator.Service && caller.Type != evaluator.Root && (i > 0 || doc.Kind != policy.KeyPolicy) {
			caller.Identity = []*policy.Document{able}
		}
		for _, action := range []string{"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:DescribeKey"} {
			for _, context := range []evaluator.Context{nil, {"kms:ViaService": {"ec2.us-west-2.amazonaws.com"}, "kms:GrantIsForAWSResource": {"true"}}} {
				out = append(out, evaluator.Request{Principal: caller, Action: action, Key: key, Context: context})
			}
		}
	}
	return out
}

// named makes the callers that a principal of a policy names.
func named(p policy.Principal) []*evaluator.Principal {
	name := p.Text[strings.LastIndex(p.Text, "/")+1:]
	switch p.Form {
	case policy.PrincipalUser:
		return []*evaluator.Principal{{Type: evaluator.User, ARN: p.Text, Account: p.Account, Name: name}}
	case policy.PrincipalRole:
		return []*evaluator.Principal{{
			Type: evaluator.RoleSession, ARN: "arn:aws:sts::" + p.Account + ":assumed-role/" + name + "/s", Account: p.Account, Name: "s", Issuer: p.Text,
		}}
	case policy.PrincipalAccount:
		return []*evaluator.Principal{{Type: evaluator.User, ARN: "arn:aws:iam::" + p.Account + ":user/anyone", Account: p.Account, Name: "anyone"}}
	case policy.PrincipalService:
		return []*evaluator.Principal{{Type: evaluator.Service, ARN: p.Text}}
	default:
		return nil
	}
}
