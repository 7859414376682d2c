package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/diff"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

// load reads a world file.
func load(t testing.TB, name, text string) diff.Side {
	t.Helper()
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	require.NoError(t, files.Load(w, name, []byte(text), w.Defaults), text)
	return diff.Side{World: w, Evaluator: shared.In(w)}
}

// shared keeps the compiled decision module from test to test.
var shared = evaluator.New(&source.World{})

// short names things without what all of them have.
var short = strings.NewReplacer("arn:aws:iam::111122223333:", "", "arn:aws:kms:us-east-1:111122223333:key/", "", "arn:aws:kms:us-east-1:111122223333:", "")

// summary is a report in a line for each change.
func summary(r *diff.Report) []string {
	var out []string
	for _, c := range r.Changes {
		side := func(a diff.Access) string {
			if a.Access == "conditional" {
				return "if " + strings.Join(a.If, " | ")
			}
			return a.Access
		}
		actions := strings.Join(c.Actions, " ")
		if len(c.Actions) > 3 {
			actions = fmt.Sprintf("%d actions", len(c.Actions))
		}
		line := fmt.Sprintf("%s %s: %s on %s: %s -> %s", c.Change, strings.Join(c.Principals, ", "),
			actions, strings.Join(c.Resources, ", "), side(c.Before), side(c.After))
		if c.Endpoint != "" {
			line += " through " + c.Endpoint
		}
		out = append(out, short.Replace(line))
	}
	return out
}

func compare(t testing.TB, before, after string) *diff.Report {
	t.Helper()
	r, err := diff.Compare(t.Context(), load(t, "old.yaml", before), load(t, "new.yaml", after))
	require.NoError(t, err)
	return r
}

// keyPolicy is a world with alice, the role App, and a key with some statements besides that of its administrators.
func keyPolicy(statements string) string {
	return `
accounts:
  "111122223333":
    users:
      alice: {}
    roles:
      App: {}
    keys:
      k:
        policy:
          Version: 2012-10-17
          Statement:
            - {Sid: Admin, Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:role/App"}, Action: kms:PutKeyPolicy, Resource: "*"}
` + indent(statements)
}

func indent(statements string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(statements)) {
		b.WriteString("            " + line)
	}
	return b.String()
}

// use is a statement that lets alice decrypt if conditions hold.
func use(conditions string) string {
	st := `- {Sid: Use, Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}, Action: kms:Decrypt, Resource: "*"`
	if conditions != "" {
		st += ", Condition: {" + conditions + "}"
	}
	return st + "}\n"
}

const alice = " user/alice: kms:Decrypt on k: "

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		want                []string
	}{
		{"nothing", use("StringEquals: {kms:ViaService: a}"), use("StringEquals: {kms:ViaService: a}"), nil},
		{"a condition is dropped", use("StringEquals: {kms:ViaService: a}"), use(""), []string{"widened" + alice + `if kms:ViaService = "a" -> always`}},
		{"a condition is added", use(""), use("StringEquals: {kms:ViaService: a}"), []string{"narrowed" + alice + `always -> if kms:ViaService = "a"`}},
		{"another value", use("StringEquals: {kms:ViaService: a}"), use("StringEquals: {kms:ViaService: [a, b]}"), []string{"widened" + alice + `if kms:ViaService = "a" -> if kms:ViaService is one of "a", "b"`}},
		{"a value less", use("StringEquals: {kms:ViaService: [a, b]}"), use("StringEquals: {kms:ViaService: a}"), []string{"narrowed" + alice + `if kms:ViaService is one of "a", "b" -> if kms:ViaService = "a"`}},
		{"one statement or two", use("StringEquals: {kms:ViaService: [a, b]}"), use("StringEquals: {kms:ViaService: a}") + use("StringEquals: {kms:ViaService: b}"), nil},
		{"a pattern", use(`StringLike: {"kms:EncryptionContext:t": "ab*"}`), use(`StringLike: {"kms:EncryptionContext:t": "a*"}`), []string{"widened" + alice + `if kms:EncryptionContext:t is like "ab*" -> if kms:EncryptionContext:t is like "a*"`}},
		{"a pattern for a text", use(`StringEquals: {"kms:EncryptionContext:t": "ab"}`), use(`StringLike: {"kms:EncryptionContext:t": "a*"}`), []string{"widened" + alice + `if kms:EncryptionContext:t = "ab" -> if kms:EncryptionContext:t is like "a*"`}},
		{"a pattern without wildcards", use(`StringEquals: {"kms:EncryptionContext:t": "ab"}`), use(`StringLike: {"kms:EncryptionContext:T": "ab"}`), nil},
		{"something else", use(`StringEquals: {"kms:EncryptionContext:t": "a"}`), use(`StringEquals: {"kms:EncryptionContext:t": "b"}`), []string{"widened" + alice + `if kms:EncryptionContext:t = "a" -> if kms:EncryptionContext:t = "b"`}},
		{"another key as well", use(`StringEquals: {"kms:EncryptionContext:t": "a"}`), use(`StringEquals: {"kms:EncryptionContext:t": "a", "kms:EncryptionContext:u": "a"}`), []string{"narrowed" + alice + `if kms:EncryptionContext:t = "a" -> if kms:EncryptionContext:t = "a" and kms:EncryptionContext:u = "a"`}},
		{"a larger network", use(`IpAddress: {aws:SourceIp: 10.1.0.0/16}`), use(`IpAddress: {aws:SourceIp: 10.0.0.0/8}`), []string{"widened" + alice + `if aws:SourceIp in 10.1.0.0/16 -> if aws:SourceIp in 10.0.0.0/8`}},
		{"two halves of a network", use(`IpAddress: {aws:SourceIp: 10.0.0.0/8}`), use(`IpAddress: {aws:SourceIp: [10.0.0.0/9, 10.128.0.0/9]}`), nil},
		{"MFA", use(`Bool: {aws:MultiFactorAuthPresent: true}`), use(`BoolIfExists: {aws:MultiFactorAuthPresent: true}`), []string{"widened" + alice + `if aws:MultiFactorAuthPresent = "true" -> if aws:MultiFactorAuthPresent = "true" or missing`}},
		{"not false is true", use(`Bool: {aws:MultiFactorAuthPresent: true}`), use(`Bool: {aws:MultiFactorAuthPresent: "true"}, "Null": {aws:MultiFactorAuthPresent: false}`), nil},
		{"numbers", use(`NumericLessThan: {aws:MultiFactorAuthAge: 100}`), use(`NumericLessThanEquals: {aws:MultiFactorAuthAge: 100}`), []string{"widened" + alice + `if aws:MultiFactorAuthAge < 100 -> if aws:MultiFactorAuthAge <= 100`}},
		{"numbers the other way round", use(`NumericLessThan: {aws:MultiFactorAuthAge: 200}`), use(`NumericLessThan: {aws:MultiFactorAuthAge: 100}`), []string{"narrowed" + alice + `if aws:MultiFactorAuthAge < 200 -> if aws:MultiFactorAuthAge < 100`}},
		{"dates", use(`DateLessThan: {aws:CurrentTime: "2027-01-01T00:00:00Z"}`), use(`DateLessThan: {aws:CurrentTime: "2028-01-01T00:00:00Z"}`), []string{"widened" + alice + `if aws:CurrentTime before 2027-01-01T00:00:00Z -> if aws:CurrentTime before 2028-01-01T00:00:00Z`}},
		{"overlapping patterns", use(`StringLike: {"kms:EncryptionContext:t": "*ab"}`), use(`StringLike: {"kms:EncryptionContext:t": "*a?"}`), []string{"widened" + alice + `if kms:EncryptionContext:t is like "*ab" -> if kms:EncryptionContext:t is like "*a?"`}},
		{"sets", use(`"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": [a, b]}`), use(`"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": [a, b]}`), []string{"widened" + alice + `if some value of kms:EncryptionContextKeys is one of "a", "b" -> if every value of kms:EncryptionContextKeys is one of "a", "b", or missing`}},
		{"a Deny that it is excepted from", use(""), use("") + strings.Replace(use("StringNotEquals: {kms:ViaService: a}"), "Allow", "Deny", 1), []string{"narrowed" + alice + `always -> if kms:ViaService = "a"`}},
		{"a Deny instead of a condition", use("StringEquals: {kms:ViaService: a}"), use("") + strings.Replace(use("StringNotEquals: {kms:ViaService: a}"), "Allow", "Deny", 1), nil},
		{"a variable", use(`StringEquals: {"kms:EncryptionContext:t": "${aws:SourceIp}"}`), use(`StringEquals: {"kms:EncryptionContext:t": "${aws:SourceVpc}"}`), []string{"may-widen" + alice + `if kms:EncryptionContext:t = "${aws:SourceIp}" -> if kms:EncryptionContext:t = "${aws:SourceVpc}"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, summary(compare(t, keyPolicy(c.before), keyPolicy(c.after))))
		})
	}
}

// Everything else that a world is made of.
func TestWorlds(t *testing.T) {
	world := func(rest string) string {
		return `{accounts: {"111122223333": {` + rest + `}}}`
	}
	const (
		open  = `keys: {k: {aliases: [alias/app], policy: {Statement: [{Sid: IAM, Effect: Allow, Principal: {AWS: "111122223333"}, Action: [kms:Decrypt, kms:Encrypt], Resource: "*"}]}}}`
		allow = `{Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:Decrypt", Resource: "*"}}`
		all   = `{Version: 2012-10-17, Statement: {Effect: Allow, Action: "*", Resource: "*"}}`
	)
	organization := func(policies string) string {
		return `{organization: {id: o-example, management-account: "999988887777", root: {id: r-ab12, ` + policies + `, accounts: ["111122223333"]}}, ` +
			world(open + `, users: {alice: {policies: {P: ` + all + `}}}`)[1:]
	}
	for _, c := range []struct {
		name, before, after string
		want                []string
	}{
		{"an IAM policy", world(open + `, users: {alice: {}}`), world(open + `, users: {alice: {policies: {P: ` + allow + `}}}`), []string{
			`gained user/alice: kms:Decrypt on k: never -> always`,
		}},
		{"a user is added", world(open), world(open + `, users: {alice: {policies: {P: ` + allow + `}}}`), []string{
			`gained user/alice: kms:Decrypt on k: never -> always`,
		}},
		{"a user without permissions is added", world(open), world(open + `, users: {alice: {}}`), nil},
		{"a user is removed", world(open + `, users: {alice: {policies: {P: ` + allow + `}}}`), world(open), []string{
			`lost user/alice: kms:Decrypt on k: always -> never`,
		}},
		{"through a group", world(open + `, groups: {g: {}}, users: {alice: {groups: [g]}}`), world(open + `, groups: {g: {policies: {P: ` + allow + `}}}, users: {alice: {groups: [g]}}`), []string{
			`gained user/alice: kms:Decrypt on k: never -> always`,
		}},
		{"a boundary", world(open + `, policies: {B: ` + allow + `}, users: {alice: {policies: {P: ` + all + `}}}`), world(open + `, policies: {B: ` + allow + `}, users: {alice: {boundary: B, policies: {P: ` + all + `}}}`), []string{
			`lost user/alice: kms:Encrypt on k: always -> never`,
			`lost user/alice: 11 actions on *: always -> never`,
			`lost user/alice: kms:CreateAlias kms:DeleteAlias kms:UpdateAlias on alias/app: always -> never`,
		}},
		{"a key is added", world(`users: {alice: {policies: {P: ` + allow + `}}}`), world(open + `, users: {alice: {policies: {P: ` + allow + `}}}`), []string{
			`gained root: kms:Decrypt kms:Encrypt on k: never -> always`,
			`gained user/alice: kms:Decrypt on k: never -> always`,
			`gained others in account 111122223333: kms:Decrypt kms:Encrypt on k: never -> if its IAM policies, which are not loaded, allow it`,
		}},
		{"a key of another id under the same alias", world(open), world(strings.Replace(open, "{k:", "{other:", 1)), nil},
		{"a grant", world(open + `, users: {alice: {}}`), world(strings.Replace(open, "{aliases", `{grants: [{GrantId: g1, GranteePrincipal: "arn:aws:iam::111122223333:user/alice", Operations: [Decrypt], Constraints: {EncryptionContextSubset: {t: a}}}], aliases`, 1) + `, users: {alice: {}}`), []string{
			`gained root: kms:RetireGrant on k: never -> always`,
			`gained user/alice: kms:Decrypt on k: never -> if the encryption context contains {t=a}`,
			`gained others in account 111122223333: kms:RetireGrant on k: never -> if its IAM policies, which are not loaded, allow it`,
		}},
		{"an SCP", organization(`scps: {S: ` + all + `}`), organization(`scps: {S: ` + allow + `}`), []string{
			`lost root: kms:Encrypt on k: always -> never`,
			`lost user/alice: kms:Encrypt on k: always -> never`,
			`lost others in account 111122223333: kms:Encrypt on k: if its IAM policies, which are not loaded, allow it -> never`,
			`lost root, user/alice: 11 actions on *: always -> never`,
			`lost others in account 111122223333: 11 actions on *: if its IAM policies, which are not loaded, allow it -> never`,
			`lost root, user/alice: kms:CreateAlias kms:DeleteAlias kms:UpdateAlias on alias/app: always -> never`,
			`lost others in account 111122223333: kms:CreateAlias kms:DeleteAlias kms:UpdateAlias on alias/app: if its IAM policies, which are not loaded, allow it -> never`,
		}},
		{"an RCP", organization(`rcps: {R: {Version: 2012-10-17, Statement: {Effect: Deny, Principal: "*", Action: "kms:Decrypt", Resource: "*", Condition: {Bool: {aws:SecureTransport: "false"}}}}}`), organization(`rcps: {}`), []string{
			`widened root: kms:Decrypt on k: if aws:SecureTransport = "true" or missing -> always`,
			`widened user/alice: kms:Decrypt on k: if aws:SecureTransport = "true" or missing -> always`,
			`widened others in account 111122223333: kms:Decrypt on k: if aws:SecureTransport = "true" or missing and its IAM policies, which are not loaded, allow it -> if its IAM policies, which are not loaded, allow it`,
		}},
		{
			"a trust policy", world(`roles: {App: {trust: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}}}}, users: {alice: {}}`),
			world(`roles: {App: {trust: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ec2.amazonaws.com, AWS: "arn:aws:iam::111122223333:user/alice"}, Action: "sts:AssumeRole"}}}}, users: {alice: {}}`),
			[]string{
				`gained user/alice: sts:AssumeRole on role/App: never -> always`,
			},
		},
		{"another account", keyPolicy(""), keyPolicy(`- {Sid: Partner, Effect: Allow, Principal: {AWS: "444455556666"}, Action: kms:Decrypt, Resource: "*"}`), []string{
			`gained arn:aws:iam::444455556666:root: kms:Decrypt on k: never -> always`,
			`gained others in account 444455556666: kms:Decrypt on k: never -> if its IAM policies, which are not loaded, allow it`,
		}},
		{"everybody", keyPolicy(""), keyPolicy(`- {Sid: All, Effect: Allow, Principal: "*", Action: kms:Decrypt, Resource: "*"}`), []string{
			`gained anyone in any other account: kms:Decrypt on k: never -> if its IAM policies, which are not loaded, allow it`,
			`gained role/App, root, user/alice: kms:Decrypt on k: never -> always`,
			`gained others in account 111122223333: kms:Decrypt on k: never -> if its IAM policies, which are not loaded, do not deny it`,
		}},
		{"a service", keyPolicy(""), keyPolicy(`- {Sid: Logs, Effect: Allow, Principal: {Service: logs.us-east-1.amazonaws.com}, Action: kms:Decrypt, Resource: "*"}`), []string{
			`gained logs.us-east-1.amazonaws.com: kms:Decrypt on k: never -> always`,
		}},
		{"an action without a key", world(`users: {alice: {}}`), world(`users: {alice: {policies: {P: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:ListKeys", Resource: "*"}}}}}`), []string{
			`gained user/alice: kms:ListKeys on *: never -> always`,
		}},
		{"the name of an alias", world(open + `, users: {alice: {}}`), world(open + `, users: {alice: {policies: {P: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:CreateAlias", Resource: "*"}}}}}`), []string{
			`gained user/alice: kms:CreateAlias on alias/app: never -> always`,
		}},
		{
			"a VPC endpoint", "endpoints: {vpce-1: " + strings.Replace(allow, "Effect", `Principal: "*", Effect`, 1) + "}" + keyPolicy(use("")),
			"endpoints: {vpce-1: " + strings.Replace(allow, "Effect", `Principal: "*", Condition: {StringEquals: {aws:PrincipalTag/team: red}}, Effect`, 1) + "}" + keyPolicy(use("")),
			[]string{ // a call that a service makes does not pass it
				`narrowed user/alice: kms:Decrypt on k: always -> if aws:ViaAWSService = "true" through vpce-1`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, summary(compare(t, c.before, c.after)))
		})
	}
}
