package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatementFindings(t *testing.T) {
	const (
		who  = `"Principal": "*",`
		what = `"Action": "kms:*", "Resource": "*"`
	)
	runFindings(t, []finding{
		{"unknown element", KeyPolicy, keyStatement(`"action": "kms:*"`), []string{"!3:1 unknown-element"}, `unknown element "action" in a statement: did you mean "Action"?`},
		{"no effect", KeyPolicy, statement(who + what), []string{"!2:1 missing-element"}, `Effect is missing: expected "Allow" or "Deny"`},
		{"effect in lower case", KeyPolicy, statement(`"Effect": "allow",` + who + what), []string{"!2:12 unknown-effect"}, `unknown Effect "allow"`},
		{"effect as list", KeyPolicy, statement(`"Effect": ["Allow"],` + who + what), []string{"!2:12 wrong-type"}, "Effect is an array"},
		{"sid as number", KeyPolicy, keyStatement(`"Sid": 1`), []string{"!3:8 wrong-type"}, ""},
		{"empty sid", IdentityPolicy, iamStatement(`"Sid": ""`), []string{}, ""},
		{"spaces in sid", KeyPolicy, keyStatement(`"Sid": "a b"`), []string{}, ""},
		{"spaces in sid of IAM", IdentityPolicy, iamStatement(`"Sid": "a b"`), []string{"!3:8 invalid-sid"}, "letters and digits only"},
		{
			"same sid twice", KeyPolicy,
			`{"Statement": [{"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"},` + "\n" +
				`{"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}`,
			[]string{"2:9 invalid-sid"},
			"",
		},
		{
			"same sid twice in IAM", IdentityPolicy,
			`{"Statement": [{"Sid": "a", "Effect": "Deny", "Action": "*", "Resource": "*"},` + "\n" +
				`{"Sid": "a", "Effect": "Deny", "Action": "*", "Resource": "*"}]}`,
			[]string{"!2:9 invalid-sid"},
			"",
		},
		{"action and notaction", KeyPolicy, keyStatement(`"NotAction": "kms:*"`), []string{"!3:1 conflicting-elements"}, "both Action and NotAction"},
		{"resource and notresource", KeyPolicy, keyStatement(`"NotResource": "*"`), []string{"!3:1 conflicting-elements"}, "both Resource and NotResource"},
		{"no action in a key policy", KeyPolicy, statement(`"Effect": "Allow", "Resource": "*",` + who + `"Sid": "x"`), []string{"2:1 missing-element"}, "Action is missing: the statement has no effect"},
		{"no resource in a key policy", KeyPolicy, statement(`"Effect": "Allow", "Action": "kms:*",` + who + `"Sid": "x"`), []string{"2:1 missing-element"}, "Resource is missing"},
		{"no action or resource elsewhere", IdentityPolicy, statement(`"Effect": "Allow"`), []string{"!2:1 missing-element", "!2:1 missing-element"}, "Action is missing"},
		{"no actions in a key policy", KeyPolicy, statement(`"Effect": "Allow", "Resource": "*",` + who + `"NotAction": []`), []string{"2:67 empty-list"}, "NotAction is an empty list"},
		{"no resources elsewhere", IdentityPolicy, statement(`"Effect": "Allow", "Action": "*", "Resource": []`), []string{"!2:48 empty-list"}, ""},
		{"action as number", KeyPolicy, statement(`"Effect": "Allow", "Resource": "*",` + who + `"Action": ["kms:*", 5, null]`), []string{"!2:74 wrong-type", "!2:77 wrong-type"}, "a value of Action is a number"},
		{"resource as object", KeyPolicy, statement(`"Effect": "Allow", "Action": "*",` + who + `"Resource": {"Ref": "x"}`), []string{"!2:64 wrong-type"}, ""},
	})
}

func TestActionFindings(t *testing.T) {
	with := func(action string) string {
		return statement(`"Effect": "Allow", "Principal": "*", "Resource": "*", "Action":` + "\n" + action)
	}
	runFindings(t, []finding{
		{"any", KeyPolicy, with(`["*", "*:*", "KMS:decrypt", "kms:*", "kms:De*"]`), []string{}, ""},
		{"no service", KeyPolicy, with(`"Decrypt"`), []string{"!3:1 invalid-action"}, "for example kms:Decrypt"},
		{"nothing known", KeyPolicy, with(`["x", ":x", "kms:", ""]`), []string{"!3:2 invalid-action", "!3:7 invalid-action", "!3:13 invalid-action", "!3:21 invalid-action"}, ""},
		{"wildcard in service", KeyPolicy, with(`["k*:Decrypt", "km?:*"]`), []string{"!3:2 invalid-action", "!3:16 invalid-action"}, "wildcard in the service name"},
		{"misspelt", KeyPolicy, with(`"kms:Decyrpt"`), []string{"3:1 unknown-action"}, `did you mean "kms:Decrypt"?`},
		{"like no other", KeyPolicy, with(`"kms:Nope"`), []string{"3:1 unknown-action"}, `"kms:Nope" matches no action of KMS`},
		{"no such permission", KeyPolicy, with(`"kms:ReEncrypt"`), []string{"3:1 unknown-action"}, "kms:ReEncryptTo"},
		{"other service", KeyPolicy, with(`"s3:GetObject"`), []string{"3:1 no-effect"}, "no action of KMS"},
		{"other service in IAM", IdentityPolicy, statement(`"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"`), []string{}, ""},
	})
}

func TestResourceFindings(t *testing.T) {
	with := func(kind, resource string) string {
		principal := `"Principal": "*",`
		if kind == "iam" {
			principal = ""
		}
		return statement(`"Effect": "Allow", "Action": "kms:*", ` + principal + ` "Resource":` + "\n" + resource)
	}
	runFindings(t, []finding{
		{"key ARN", IdentityPolicy, with("iam", `["*", "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:111122223333:alias/x"]`), []string{}, ""},
		{"alias name", IdentityPolicy, with("iam", `"alias/x"`), []string{"!3:1 invalid-resource"}, ""},
		{"alias name in a key policy", KeyPolicy, with("", `"alias/x"`), []string{"3:1 invalid-resource"}, "compared with the ARN of the key"},
		{"variable", IdentityPolicy, with("iam", `"arn:aws:kms:*:*:alias/${aws:username}"`), []string{}, ""},
		{"malformed variable", IdentityPolicy, with("iam", `["*", "arn:aws:kms:*:*:alias/${username}"]`), []string{"!3:7 invalid-variable"}, "not a condition key"},
		{"variable in front", IdentityPolicy, with("iam", `"arn:aws:kms:*:${aws:PrincipalAccount}:key/*"`), []string{"3:1 invalid-variable"}, "before the fifth colon"},
		{
			"variable in the old language", IdentityPolicy,
			`{"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource":` + "\n" + `["arn:aws:kms:*:*:alias/${aws:username}", "arn:aws:kms:*:*:alias/${x"]}}`,
			[]string{"2:2 invalid-variable"},
			"literal text",
		},
	})
}

func TestKindRules(t *testing.T) {
	const full = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}`
	rcp := func(members string) string { return statement(`"Effect": "Deny", "Resource": "*",` + "\n" + members) }
	runFindings(t, []finding{
		{"principal in IAM", IdentityPolicy, iamStatement(`"Principal": "*"`), []string{"!3:1 element-not-allowed"}, "an identity policy cannot have Principal"},
		{"principal in a boundary", PermissionsBoundary, iamStatement(`"Principal": "*"`), []string{"!3:1 element-not-allowed"}, ""},
		{"principal in a session policy", SessionPolicy, iamStatement(`"NotPrincipal": {"AWS": "garbage"}`), []string{"!3:1 element-not-allowed"}, "NotPrincipal"},
		{"principal in an SCP", ServiceControlPolicy, iamStatement(`"Principal": "*"`), []string{"!3:1 element-not-allowed"}, "a service control policy cannot have Principal"},
		{"SCP in the full language", ServiceControlPolicy, statement(`"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:kms:*:*:key/x", "Condition": {"Bool": {"aws:SecureTransport": true}}`), []string{}, ""},
		{"no principal in a key policy", KeyPolicy, iamStatement(`"Sid": "x"`), []string{"!2:1 missing-element"}, "Principal is missing"},
		{"no principal in an RCP", ResourceControlPolicy, rcp(`"Action": "kms:*"`), []string{"!2:1 missing-element"}, ""},
		{"no principal in an endpoint policy", VPCEndpointPolicy, iamStatement(`"Sid": "x"`), []string{"!2:1 missing-element"}, ""},
		{"default endpoint policy", VPCEndpointPolicy, full, []string{}, ""},
		{"RCPFullAWSAccess", ResourceControlPolicy, full, []string{}, ""},
		{"RCP that allows", ResourceControlPolicy, statement(`"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"`), []string{"!2:1 element-not-allowed"}, `can only have Effect "Deny"`},
		{"RCP", ResourceControlPolicy, rcp(`"Principal": "*", "Action": "kms:*", "Condition": {"Bool": {"aws:SecureTransport": false}}`), []string{}, ""},
		{"RCP about somebody", ResourceControlPolicy, rcp(`"Principal": {"AWS": ["111122223333", "444455556666"]}, "Action": "kms:*"`), []string{"!3:14 invalid-principal"}, `must be "*"`},
		{"RCP with NotPrincipal", ResourceControlPolicy, rcp(`"NotPrincipal": {"AWS": "111122223333"}, "Action": "kms:*"`), []string{"!3:1 element-not-allowed"}, ""},
		{"RCP with NotAction", ResourceControlPolicy, rcp(`"Principal": "*", "NotAction": "kms:*"`), []string{"!3:19 element-not-allowed"}, ""},
	})
}

func TestNoEffectElementsAreNil(t *testing.T) {
	doc := parse(t, KeyPolicy, statement(`"Effect": "Allow", "Principal": "*", "NotAction": []`))
	require.Nil(t, doc.Statements[0].Actions)
	require.Nil(t, doc.Statements[0].Resources)
}
