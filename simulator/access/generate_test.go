package access

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

const (
	home    = "111122223333"
	partner = "444455556666"
)

var (
	userNames = []string{"alice", "bob", "carol"}
	roleNames = []string{"App", "Ops", "Job"}
	keyARNs   = []string{
		"arn:aws:kms:us-east-1:111122223333:key/11111111-1111-4111-8111-111111111111",
		"arn:aws:kms:us-east-1:111122223333:key/22222222-2222-4222-8222-222222222222",
		"arn:aws:kms:us-east-1:444455556666:key/33333333-3333-4333-8333-333333333333",
	}
	principals = []string{
		`"*"`, `{"AWS": "*"}`, `{"AWS": "111122223333"}`, `{"AWS": "arn:aws:iam::444455556666:root"}`,
		`{"AWS": "arn:aws:iam::111122223333:user/alice"}`, `{"AWS": "arn:aws:iam::111122223333:user/bob"}`,
		`{"AWS": ["arn:aws:iam::111122223333:role/App", "arn:aws:iam::111122223333:user/carol"]}`,
		`{"AWS": "arn:aws:iam::111122223333:role/Ops"}`, `{"AWS": "arn:aws:sts::111122223333:assumed-role/Job/nightly"}`,
		`{"AWS": "arn:aws:iam::444455556666:role/Visitor"}`, `{"AWS": "arn:aws:iam::111122223333:role/Gone"}`,
		`{"Service": "logs.us-east-1.amazonaws.com"}`, `{"AWS": "AROAAPPAPPAPPAPPAPPA"}`,
		`{"Federated": "arn:aws:iam::111122223333:oidc-provider/id.example.com"}`,
		`{"AWS": "arn:aws:iam::555566667777:root"}`,
	}
	keyActions = []string{
		`"kms:*"`, `"kms:Decrypt"`, `["kms:Decrypt", "kms:CreateGrant"]`, `"kms:PutKeyPolicy"`, `["kms:Encrypt", "kms:GenerateDataKey*"]`,
		`"kms:CreateGrant"`, `["kms:Put*", "kms:Describe*"]`, `["kms:CreateAlias", "kms:Decrypt"]`, `"kms:RetireGrant"`,
	}
	identityActions = append([]string{
		`"*"`, `"iam:*"`, `"sts:AssumeRole"`, `["iam:PutUserPolicy", "iam:PutRolePolicy"]`, `"iam:CreateAccessKey"`,
		`"iam:UpdateAssumeRolePolicy"`, `"iam:AttachGroupPolicy"`, `"iam:CreatePolicyVersion"`, `["sts:*", "kms:Decrypt"]`,
	}, keyActions...)
	resources = []string{
		`"*"`, `"arn:aws:kms:*:*:key/*"`, `"` + keyARNs[0] + `"`, `["` + keyARNs[1] + `", "` + keyARNs[2] + `"]`,
		`"arn:aws:iam::111122223333:user/${aws:username}"`, `"arn:aws:iam::111122223333:user/alice"`,
		`"arn:aws:iam::111122223333:role/*"`, `"arn:aws:iam::111122223333:*"`, `"arn:aws:kms:us-east-1:111122223333:alias/*"`,
	}
	conditionTexts = []string{
		``, ``, ``, ``, ``,
		`"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}`,
		`"StringEquals": {"kms:EncryptionContext:tenant": "a"}`,
		`"StringNotEquals": {"kms:EncryptionContext:tenant": "b"}`,
		`"StringEquals": {"aws:PrincipalTag/team": "red"}`,
		`"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}`,
		`"StringEquals": {"kms:CallerAccount": "111122223333"}`,
		`"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}`,
		`"StringLike": {"aws:userid": "*:nightly"}`,
		`"Bool": {"kms:GrantIsForAWSResource": "true"}`,
		`"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]}`,
		`"ForAnyValue:StringEquals": {"kms:GrantOperations": "Encrypt"}`,
		`"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}`,
		`"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}`,
		`"StringEquals": {"sts:ExternalId": "4711"}`,
		`"StringLike": {"kms:CallerAccount": "4444*"}`,
		`"StringNotLike": {"aws:PrincipalAccount": "4444*"}`,
		`"StringNotEquals": {"kms:CallerAccount": ["111122223333", "888877776666"]}`,
		`"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:*", "arn:aws:iam::888877776666:role/Guest"]}`,
		`"StringLike": {"aws:PrincipalArn": "*:role/Visitor"}`,
	}
	// contexts are what requests carry: some of what the conditions ask for.
	contexts = map[string][]string{
		"kms:ViaService":               {"s3.us-east-1.amazonaws.com", "rds.us-east-1.amazonaws.com"},
		"kms:EncryptionContext:tenant": {"a", "b"}, "aws:PrincipalOrgID": {"o-exampleorgid", "o-otherother1"},
		"aws:MultiFactorAuthPresent": {"true", "false"}, "aws:SourceIp": {"10.1.2.3", "203.0.113.5"},
		"kms:GrantIsForAWSResource": {"true", "false"},
	}
)

// drawer draws the parts of a world.
type drawer struct {
	t *rapid.T
}

func (d drawer) one(label string, from []string) string {
	return rapid.SampledFrom(from).Draw(d.t, label)
}

func (d drawer) times(label string, most int) int { return rapid.IntRange(0, most).Draw(d.t, label) }

// document draws a policy of some statements.
func (d drawer) document(kind policy.Kind, name string, actions []string, most int) *policy.Document {
	var statements []string
	for i := range 1 + d.times(name+" statements", most-1) {
		var s []string
		effect := "Allow"
		if d.times("deny", 5) == 0 {
			effect = "Deny"
		}
		s = append(s, fmt.Sprintf(`"Sid": "S%d", "Effect": %q`, i, effect))
		if kind.IsResourcePolicy() {
			element := "Principal"
			if effect == "Deny" && d.times("not principal", 9) == 0 {
				element = "NotPrincipal"
			}
			s = append(s, fmt.Sprintf(`%q: %s`, element, d.one("principal", principals)))
		}
		s = append(s, `"Action": `+d.one("action", actions))
		switch kind {
		case policy.TrustPolicy:
		case policy.KeyPolicy:
			s = append(s, `"Resource": "*"`)
		default:
			s = append(s, `"Resource": `+d.one("resource", resources))
		}
		if c := d.one("condition", conditionTexts); c != "" {
			s = append(s, `"Condition": {`+c+`}`)
		}
		statements = append(statements, "{"+strings.Join(s, ", ")+"}")
	}
	doc, diags := policy.Parse(kind, name, []byte(`{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ", ")+`]}`))
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	return doc
}

// world draws a world of two accounts.
func (d drawer) world() *source.World {
	w := &source.World{Defaults: source.Defaults{Account: home, Region: "us-east-1", Partition: "aws"}}
	if rapid.Bool().Draw(d.t, "organization") {
		w.Accounts = map[string]*evaluator.Account{home: {ID: home, OrganizationID: "o-exampleorgid", OrganizationPath: "o-exampleorgid/r-ab12/ou-1/"}}
	}
	if d.times("control policies", 3) == 0 {
		if w.Accounts == nil {
			w.Accounts = map[string]*evaluator.Account{home: {ID: home, OrganizationID: "o-exampleorgid", OrganizationPath: "o-exampleorgid/r-ab12/ou-1/"}}
		}
		w.Accounts[home].RCPs = [][]*policy.Document{{d.control(policy.ResourceControlPolicy)}}
		w.Accounts[home].SCPs = [][]*policy.Document{{d.control(policy.ServiceControlPolicy)}}
	}
	shared := d.document(policy.IdentityPolicy, "Shared", identityActions, 2)
	shared.ARN = "arn:aws:iam::111122223333:policy/Shared"
	w.ManagedPolicies = append(w.ManagedPolicies, shared)
	w.Groups = append(w.Groups, &source.Group{
		Account: home, Path: "/", Name: "Team", Policies: []*policy.Document{d.document(policy.IdentityPolicy, "team", identityActions, 1)},
	})
	for _, name := range userNames {
		u := &source.User{Account: home, Path: "/", Name: name, Tags: map[string]string{"team": d.one("team", []string{"red", "blue"})}}
		u.Policies, u.Attached, u.Boundary = d.policies(name)
		if rapid.Bool().Draw(d.t, "in the team") {
			u.Groups = []string{"Team"}
		}
		w.Users = append(w.Users, u)
	}
	for _, name := range roleNames {
		r := &source.Role{Account: home, Path: "/", Name: name, UniqueID: "AROA" + strings.Repeat(strings.ToUpper(name), 6)[:16]}
		r.Policies, r.Attached, r.Boundary = d.policies(name)
		r.Trust = d.document(policy.TrustPolicy, "trust of "+name, []string{`"sts:AssumeRole"`, `["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]`}, 2)
		w.Roles = append(w.Roles, r)
	}
	for i, arn := range keyARNs {
		k := &source.Key{Key: evaluator.Key{
			ARN: arn, Policy: d.document(policy.KeyPolicy, fmt.Sprint("key ", i), keyActions, 4), Aliases: []string{fmt.Sprintf("alias/key-%d", i)},
		}}
		if rapid.Bool().Draw(d.t, "has a grant") {
			g := &policy.Grant{ID: "g", KeyARN: arn, GranteePrincipal: d.one("grantee", []string{
				"arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:role/App", "arn:aws:iam::111122223333:root", "logs.us-east-1.amazonaws.com",
			}), IssuingAccount: home, Operations: []string{d.one("operation", []string{"Decrypt", "CreateGrant"}), "RetireGrant"}}
			if rapid.Bool().Draw(d.t, "constrained") {
				g.EncryptionContextSubset = map[string]string{"tenant": "a"}
			}
			k.Grants = append(k.Grants, g)
		}
		w.Keys = append(w.Keys, k)
	}
	return w
}

// control draws a policy of an organization that denies some of all.
func (d drawer) control(kind policy.Kind) *policy.Document {
	who, allow := "", `{"Effect": "Allow", "Action": "*", "Resource": "*"}, `
	if kind == policy.ResourceControlPolicy {
		who, allow = `"Principal": "*", `, ""
	}
	s := `{"Effect": "Deny", ` + who + `"Action": ` + d.one("denied", []string{`"kms:*"`, `"kms:Decrypt"`, `["kms:CreateGrant", "kms:Encrypt"]`}) + `, "Resource": "*"`
	if c := d.one("control", conditionTexts); c != "" {
		s += `, "Condition": {` + c + `}`
	}
	doc, diags := policy.Parse(kind, kind.String(), []byte(`{"Version": "2012-10-17", "Statement": [`+allow+s+`}]}`))
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	return doc
}

// policies draws what a user or a role has.
func (d drawer) policies(name string) (inline []*policy.Document, attached []string, boundary string) {
	for i := range d.times(name+" policies", 2) {
		inline = append(inline, d.document(policy.IdentityPolicy, fmt.Sprint(name, " ", i), identityActions, 2))
	}
	const shared = "arn:aws:iam::111122223333:policy/Shared"
	switch d.times(name+" attached", 6) {
	case 0:
		attached = []string{"arn:aws:iam::111122223333:policy/NotLoaded"}
	case 1, 2:
		attached = []string{shared}
	case 3:
		boundary = shared
	}
	return inline, attached, boundary
}

// context draws what a request carries.
func (d drawer) context() evaluator.Context {
	c := evaluator.Context{}
	for _, key := range []string{
		"kms:ViaService", "kms:EncryptionContext:tenant", "aws:PrincipalOrgID", "aws:MultiFactorAuthPresent", "aws:SourceIp", "kms:GrantIsForAWSResource",
	} {
		if rapid.Bool().Draw(d.t, key) {
			c[key] = []string{d.one(key+" value", contexts[key])}
		}
	}
	return c
}

// check runs a property.
func check(t *testing.T, property func(t *rapid.T, d drawer)) {
	t.Helper()
	rapid.Check(t, drawing(property))
}

// drawing is a property that draws with a drawer.
func drawing(property func(t *rapid.T, d drawer)) func(*rapid.T) {
	return func(t *rapid.T) { property(t, drawer{t}) }
}

// someActions are those that the properties ask about.
func someActions(t require.TestingT) []*policy.Action {
	actions, err := Actions("Decrypt", "Encrypt", "CreateGrant", "PutKeyPolicy", "RetireGrant", "CreateAlias", "DescribeKey")
	require.NoError(t, err)
	return actions
}
