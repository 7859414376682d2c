package evaluator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// document parses a policy that must be right.
func document(t *testing.T, kind policy.Kind, text string) *policy.Document {
	t.Helper()
	doc, diags := policy.Parse(kind, kind.String(), []byte(text))
	require.NotNil(t, doc, "%v", diags)
	return doc
}

const (
	roleARN   = "arn:aws:iam::111122223333:role/App"
	allowsAll = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`
	trusts    = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}`
)

func userWith(docs ...*policy.Document) *evaluator.Principal {
	return &evaluator.Principal{
		Type: evaluator.User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice", Identity: docs,
	}
}

type noWorld struct{}

func (noWorld) Account(string) *evaluator.Account { return nil }

// What does not fit together is no question, and the decision that goes with the error denies.
func TestServiceRequestErrors(t *testing.T) {
	user := userWith(document(t, policy.IdentityPolicy, allowsAll))
	role := &evaluator.Role{ARN: roleARN, Trust: document(t, policy.TrustPolicy, trusts)}
	key := &evaluator.Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k"}
	e := evaluator.New(noWorld{})
	for _, c := range []struct {
		req  evaluator.Request
		want string
	}{
		{evaluator.Request{Action: "iam:CreateUsr"}, `"iam:CreateUsr" is not an action of AWS IAM; did you mean iam:CreateUser?`},
		{evaluator.Request{Action: "sts:AssumeRole"}, "sts:AssumeRole acts on a role and the request names none"},
		{evaluator.Request{Action: "sts:AssumeRole", Resource: roleARN}, "the request names none"},
		{evaluator.Request{Action: "sts:AssumeRole", Role: role, Resource: roleARN}, "a role and another resource"},
		{evaluator.Request{Action: "sts:AssumeRole", Role: &evaluator.Role{ARN: key.ARN}}, "is not the ARN of what sts:AssumeRole acts on"},
		{evaluator.Request{Action: "sts:AssumeRole", Role: &evaluator.Role{ARN: "App"}}, `"App" is not an ARN`},
		{evaluator.Request{Action: "sts:GetCallerIdentity", Role: role}, "not decided by the trust policy"},
		{evaluator.Request{Action: "iam:PassRole", Role: role}, "not decided by the trust policy"},
		{evaluator.Request{Action: "iam:GetUser", Key: key}, "iam:GetUser does not act on a key"},
		{evaluator.Request{Action: "iam:GetUser", Resource: roleARN}, "is not the ARN of what iam:GetUser acts on"},
		{evaluator.Request{Action: "iam:ListUsers", Resource: key.ARN}, "is not the ARN of what iam:ListUsers acts on"},
		{evaluator.Request{Action: "iam:UpdateRole", Resource: roleARN, ResourceTags: map[string]string{"a": "1", "A": "2"}}, "differ only by case"},
		{evaluator.Request{Action: "kms:Decrypt", Key: key, Role: role}, "kms:Decrypt acts on a key or an alias only"},
		{evaluator.Request{Action: "kms:ListKeys", Resource: roleARN}, "kms:ListKeys acts on a key or an alias only"},
		{evaluator.Request{Action: "iam:ListUsers", Principal: &evaluator.Principal{Type: evaluator.WebIdentity}}, "needs credentials of AWS"},
	} {
		if c.req.Principal == nil {
			c.req.Principal = user
		}
		d, err := e.Authorize(t.Context(), c.req)
		var bad *evaluator.RequestError
		require.ErrorAs(t, err, &bad, c.want)
		require.ErrorContains(t, err, c.want)
		require.Equal(t, evaluator.Deny, d.Decision)
	}
}

// One evaluator that remembers answers about one principal and many resources.
func TestServiceRequestsAreNotRemembered(t *testing.T) {
	user := userWith(document(t, policy.IdentityPolicy, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/a"},
		{"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/own": "yes"}}}]}`))
	e := evaluator.New(noWorld{}).Remembering()
	for range 3 {
		for name, want := range map[string]evaluator.Verdict{"a": evaluator.Allow, "b": evaluator.Deny} {
			d, err := e.Authorize(t.Context(), evaluator.Request{
				Principal: user, Action: "iam:DeleteUser", Resource: "arn:aws:iam::111122223333:user/" + name,
			})
			require.NoError(t, err)
			require.Equal(t, want, d.Decision, name)
		}
		for tag, want := range map[string]evaluator.Verdict{"yes": evaluator.Allow, "no": evaluator.Deny} {
			d, err := e.Authorize(t.Context(), evaluator.Request{
				Principal: user, Action: "iam:DeleteRole", Resource: roleARN, ResourceTags: map[string]string{"own": tag},
			})
			require.NoError(t, err)
			require.Equal(t, want, d.Decision, tag)
		}
	}
}

// What a role's trust policy lacks is suggested, and each suggestion was tried.
func TestSuggestTrust(t *testing.T) {
	e := evaluator.New(noWorld{})
	req := evaluator.Request{
		Principal: userWith(), Action: "sts:AssumeRole",
		Role: &evaluator.Role{ARN: roleARN, Trust: document(t, policy.TrustPolicy, trusts), Unknown: []string{"something"}},
	}
	texts, err := e.Suggest(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, []string{"give arn:aws:iam::111122223333:user/alice an identity policy that allows sts:AssumeRole on " + roleARN}, texts)

	d, err := e.Explain(t.Context(), req)
	require.NoError(t, err)
	require.Contains(t, d.Warnings, "something")
	require.Equal(t, "trust-policy", d.Layers[3].Layer)
	require.Equal(t, "delegates", d.Layers[3].Outcome)

	req.Role = &evaluator.Role{ARN: roleARN, Trust: document(t, policy.TrustPolicy,
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}}`)}
	texts, err = e.Suggest(t.Context(), req)
	require.NoError(t, err)
	require.Contains(t, texts, `add "arn:aws:iam::111122223333:user/alice" to Principal in statement 1 of trust-policy (1:40)`)
}

// Unresolved values of a trust policy make the answer conditional.
func TestTrustUnresolved(t *testing.T) {
	e := evaluator.New(noWorld{})
	for _, c := range []struct {
		principal *evaluator.Principal
		want      evaluator.Verdict
	}{
		{userWith(), evaluator.Conditional},
		{userWith(document(t, policy.IdentityPolicy, `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}}`)), evaluator.Deny},
	} {
		d, err := e.Authorize(t.Context(), evaluator.Request{
			Principal: c.principal, Action: "sts:AssumeRole",
			Role: &evaluator.Role{ARN: roleARN, Trust: policy.Unknown(policy.TrustPolicy, "trust", "", "why", policy.Position{})},
		})
		require.NoError(t, err)
		require.Equal(t, c.want, d.Decision)
	}
}
