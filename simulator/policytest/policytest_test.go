package policytest_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/simulator/policytest"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/expectations"
	"github.com/strictkms/strictkms/source/files"
)

const everything = `
accounts:
  "111122223333":
    policies:
      Managed: {Version: 2012-10-17, Statement: [{Sid: Managed, Effect: Allow, Action: "kms:*", Resource: "*"}]}
    groups:
      team: {policies: {Group: {Version: 2012-10-17, Statement: [{Sid: Group, Effect: Allow, Action: kms:ListKeys, Resource: "*"}]}}}
    users:
      alice:
        groups: [team]
        policies: {User: {Version: 2012-10-17, Statement: [
          {Sid: User, Effect: Allow, Action: kms:CreateAlias, Resource: "*"}, {Sid: Storage, Effect: Allow, Action: "s3:*", Resource: "*"}]}}
    roles:
      App:
        attached: [Managed]
        trust: {Version: 2012-10-17, Statement: [{Sid: Trust, Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}]}
    keys:
      k:
        aliases: [alias/app]
        policy: {Statement: [
          {Sid: Key, Effect: Allow, Principal: {AWS: "111122223333"}, Action: "kms:*", Resource: "*"},
          {Sid: Nothing, Effect: Allow, Principal: "*", Resource: "*"}]}
        grants: [{GrantId: g1, GranteePrincipal: "arn:aws:iam::111122223333:user/alice", Operations: [Decrypt]}]
      default: {}
organization:
  id: o-example
  management-account: "999988887777"
  root:
    id: r-ab12
    scps: {Guard: {Version: "2012-10-17", Statement: [{Sid: Scp, Effect: Allow, Action: "*", Resource: "*"}]}}
    rcps: {No: {Version: "2012-10-17", Statement: [{Sid: Rcp, Effect: Deny, Principal: "*", Action: "kms:Encrypt", Resource: "*"}]}}
    accounts: ["111122223333"]
endpoints:
  vpce-1: {Version: "2012-10-17", Statement: [{Sid: Endpoint, Effect: Allow, Principal: "*", Action: "*", Resource: "*"}]}
`

func load(t *testing.T) *source.World {
	t.Helper()
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	require.NoError(t, files.Load(w, "world.yaml", []byte(everything), w.Defaults))
	return w
}

func ask(t *testing.T, w *source.World, principal, action, key string) *simulator.Answer {
	t.Helper()
	p, err := w.Principal(principal)
	require.NoError(t, err)
	q := simulator.Question{Principal: p, Action: action}
	if key != "" {
		k, named, err := w.Key(key)
		require.NoError(t, err)
		q.Key = k
		if named.Alias != "" {
			q.Alias = "arn:aws:kms:us-east-1:111122223333:" + named.Alias
		}
	}
	a, err := simulator.Can(t.Context(), evaluator.New(w), q)
	require.NoError(t, err)
	return a
}

func sids(s policytest.Summary) []string {
	var out []string
	for _, n := range s.Never {
		out = append(out, strings.TrimSpace(n.Sid))
	}
	return out
}

// Every kind of policy counts; what cannot decide anything here does not: statements about other services, statements
// without an action, policies that nobody wrote.
func TestCoverage(t *testing.T) {
	w := load(t)
	var c policytest.Coverage
	c.Load(w)
	c.Load(load(t)) // the same files again
	require.Equal(t, []string{"Managed", "Group", "User", "Trust", "Key", "", "Scp", "Rcp", "Endpoint"}, sids(c.Summary()))
	require.Equal(t, 9, c.Summary().Statements)
	require.Zero(t, c.Summary().Percent)

	c.Add(ask(t, w, "user/alice", "kms:ListKeys", ""))
	require.Equal(t, []string{"Managed", "User", "Trust", "Key", "", "Rcp", "Endpoint"}, sids(c.Summary()))
	c.Add(ask(t, w, "user/alice", "kms:CreateAlias", "alias/app")) // the alias and the key
	require.Equal(t, []string{"Managed", "Trust", "", "Rcp", "Endpoint"}, sids(c.Summary()))
	c.Add(ask(t, w, "role/App", "kms:Encrypt", "k")) // a denial exercises what it would have been allowed by
	require.Equal(t, []string{"Trust", "", "Endpoint"}, sids(c.Summary()))
	c.Add(ask(t, w, "user/alice", "kms:Decrypt", "k"))
	require.Equal(t, []string{"Trust", "Endpoint"}, sids(c.Summary()))
	require.InDelta(t, 77.7, c.Summary().Percent, 0.1)
	c.Add(ask(t, w, "root", "kms:Decrypt", "default"))
	require.Equal(t, 7, c.Summary().Exercised, "the default key policy is not counted")

	require.Equal(t, 100.0, new(policytest.Coverage).Summary().Percent, "nothing to exercise") //nolint:testifylint // exactly
}

func TestNewResult(t *testing.T) {
	w := load(t)
	text := func(values ...string) (out []expectations.Text) {
		for _, v := range values {
			out = append(out, expectations.Text{Value: v})
		}
		return out
	}
	for _, c := range []struct {
		name, principal, action, key string
		expect                       evaluator.Verdict
		because                      []string
		problems                     []string
	}{
		{"met", "user/alice", "kms:ListKeys", "", evaluator.Allow, nil, nil},
		{"not met", "user/alice", "kms:ListKeys", "", evaluator.Deny, nil, []string{"wanted deny, got allow"}},
		{"by Sid, policy, number, place", "user/alice", "kms:ListKeys", "", evaluator.Allow, []string{"Group", "group/team/Group/Group", "group/team/Group/1", "world.yaml:7"}, nil},
		{"by a grant", "user/alice", "kms:Decrypt", "k", evaluator.Allow, []string{"grant", "grant g1"}, nil},
		{"every part of an answer that allows", "role/App", "kms:CreateAlias", "alias/app", evaluator.Allow, []string{"iam-policy", "key-policy-and-iam", "Key"}, nil},
		{"the part that denies", "root", "kms:Encrypt", "k", evaluator.Deny, []string{"explicit-deny", "Rcp"}, nil},
		{
			"another reason", "user/alice", "kms:ListKeys", "", evaluator.Allow,
			[]string{"Managed", "grant"},
			[]string{`wanted because of Managed, got iam-policy by "Group"`, `wanted because of grant, got iam-policy by "Group"`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := policytest.NewResult(&expectations.Case{Expect: c.expect, Because: text(c.because...)}, ask(t, w, c.principal, c.action, c.key))
			require.Equal(t, c.problems, r.Problems)
			require.Equal(t, len(c.problems) == 0, r.Met())
		})
	}
}

func TestCheckBecause(t *testing.T) {
	w := load(t)
	at := policy.Position{File: "a_test.yaml", Line: 3, Column: 4}
	check := func(because string) policy.Diagnostics {
		c := &expectations.Case{Because: []expectations.Text{{Value: because, Pos: at}}}
		return policytest.CheckBecause(w, []*expectations.Case{c, c})
	}
	for _, known := range []string{"no-key-policy", "Key", "Enable IAM User Permissions", "grant g1", "key/k/Key", "world.yaml:21"} {
		require.Empty(t, check(known), known)
	}
	require.EqualError(t, check("Kay"), `a_test.yaml:3:4: "Kay" is neither the code of a reason nor a statement that was loaded; nearest: Key, Rcp, Scp`)
}

// Whatever an expectation is called, the report is well-formed.
func TestReportIsWellFormed(t *testing.T) {
	w := load(t)
	answer := ask(t, w, "user/alice", "kms:ListKeys", "")
	hostile := "]]>\x00\x1b[31m\n::error::<&\"\tü"
	c := &expectations.Case{
		Name: hostile, Pos: policy.Position{File: "a,b%.yaml", Line: 1, Column: 1}, Expect: evaluator.Deny,
		Principal: expectations.Text{Value: hostile}, Action: expectations.Text{Value: "kms:ListKeys"},
	}
	r := &policytest.Report{
		Files:     []policytest.FileReport{{Name: "a<b&\x01.yaml", Results: []*policytest.Result{policytest.NewResult(c, answer)}}},
		FailUnder: 50, Coverage: policytest.Summary{Statements: 4, Exercised: 1, Percent: 25},
	}
	var out strings.Builder
	require.NoError(t, r.WriteJUnit(&out))
	d := xml.NewDecoder(strings.NewReader(out.String()))
	for {
		if _, err := d.Token(); err != nil {
			require.ErrorContains(t, err, "EOF", out.String())
			break
		}
	}
	require.Contains(t, out.String(), `<testsuites name="strictkms test" tests="2" failures="2">`)

	out.Reset()
	require.NoError(t, r.WriteGitHub(&out))
	for line := range strings.Lines(out.String()) {
		require.NotContains(t, line[1:], "\n::error", line)
	}
	require.Equal(t, 3, strings.Count(out.String(), "\n"), "two annotations and the summary")

	out.Reset()
	require.NoError(t, r.WriteText(&out))
	require.NotContains(t, out.String(), "\x1b[31m", "no control characters in the table")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestReportKeepsTheErrorOfItsWriter(t *testing.T) {
	r := &policytest.Report{Coverage: policytest.Summary{Percent: 100}}
	require.ErrorContains(t, r.WriteText(full{}), "disk full")
	require.ErrorContains(t, r.WriteJSON(full{}), "disk full")
	require.ErrorContains(t, r.WriteJUnit(full{}), "disk full")
	require.ErrorContains(t, r.WriteGitHub(full{}), "disk full")
}
