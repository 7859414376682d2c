package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrincipalForms(t *testing.T) {
	canonical := strings.Repeat("0123456789abcdef", 4)
	for _, c := range []struct {
		principal string
		form      PrincipalForm
		account   string
		text      string
	}{
		{`"*"`, PrincipalAny, "", "*"},
		{`{"AWS": "*"}`, PrincipalAny, "", "*"},
		{`{"AWS": "111122223333"}`, PrincipalAccount, "111122223333", "111122223333"},
		{`{"AWS": 111122223333}`, PrincipalAccount, "111122223333", "111122223333"},
		{`{"AWS": "arn:aws:iam::111122223333:root"}`, PrincipalAccount, "111122223333", "arn:aws:iam::111122223333:root"},
		{`{"AWS": "arn:aws-cn:iam::111122223333:user/alice"}`, PrincipalUser, "111122223333", "arn:aws-cn:iam::111122223333:user/alice"},
		{`{"AWS": "arn:aws:iam::111122223333:user/a/b/alice@example.com"}`, PrincipalUser, "111122223333", "arn:aws:iam::111122223333:user/a/b/alice@example.com"},
		{`{"AWS": "arn:aws-us-gov:iam::111122223333:role/service-role/App"}`, PrincipalRole, "111122223333", "arn:aws-us-gov:iam::111122223333:role/service-role/App"},
		{`{"AWS": ["arn:aws:sts::111122223333:assumed-role/App/s-1"]}`, PrincipalRoleSession, "111122223333", "arn:aws:sts::111122223333:assumed-role/App/s-1"},
		{`{"AWS": "arn:aws:sts::111122223333:federated-user/bob"}`, PrincipalFederatedUser, "111122223333", "arn:aws:sts::111122223333:federated-user/bob"},
		{`{"AWS": "AROAEXAMPLE12345678AB"}`, PrincipalUniqueID, "", "AROAEXAMPLE12345678AB"},
		{`{"AWS": "AIDACKCEVSQ6C2EXAMPLE"}`, PrincipalUniqueID, "", "AIDACKCEVSQ6C2EXAMPLE"},
		{`{"Service": "logs.eu-west-1.amazonaws.com"}`, PrincipalService, "", "logs.eu-west-1.amazonaws.com"},
		{`{"Federated": "cognito-identity.amazonaws.com"}`, PrincipalFederated, "", "cognito-identity.amazonaws.com"},
		{`{"Federated": "token.example.com/tenant/1"}`, PrincipalFederated, "", "token.example.com/tenant/1"},
		{`{"Federated": "arn:aws:iam::111122223333:saml-provider/okta"}`, PrincipalFederated, "", "arn:aws:iam::111122223333:saml-provider/okta"},
		{`{"Federated": "arn:aws:iam::111122223333:oidc-provider/x.example.com/id"}`, PrincipalFederated, "", "arn:aws:iam::111122223333:oidc-provider/x.example.com/id"},
		{`{"CanonicalUser": "` + canonical + `"}`, PrincipalCanonicalUser, "", canonical},
	} {
		t.Run(c.principal, func(t *testing.T) {
			doc := parse(t, KeyPolicy, statement(`"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Principal": `+c.principal))
			values := doc.Statements[0].Principals.Values
			require.Len(t, values, 1)
			require.Equal(t, c.form, values[0].Form)
			require.Equal(t, c.account, values[0].Account)
			require.Equal(t, c.text, values[0].Text)
			require.True(t, values[0].Pos.IsValid())
		})
	}
}

func TestPrincipalFindings(t *testing.T) {
	with := func(members string) string {
		return statement(`"Effect": "Deny", "Action": "kms:*", "Resource": "*",` + "\n" + members)
	}
	bad := func(name, value, text string) finding {
		return finding{name, KeyPolicy, with(`"Principal": {` + value + `}`), []string{"!3:22 invalid-principal"}, text}
	}
	runFindings(t, []finding{
		{"both", KeyPolicy, with(`"Principal": "*", "NotPrincipal": "*"`), []string{"!3:19 conflicting-elements"}, ""},
		{"bare text", KeyPolicy, with(`"Principal": "111122223333"`), []string{"!3:14 invalid-principal"}, `{"AWS": "111122223333"}`},
		{"list", KeyPolicy, with(`"Principal": ["*"]`), []string{"!3:14 wrong-type"}, ""},
		{"nobody", KeyPolicy, with(`"Principal": {}`), []string{"!3:14 empty-list"}, "Principal names nobody"},
		{"empty list", KeyPolicy, with(`"NotPrincipal": {"AWS": []}`), []string{"!3:17 empty-list"}, "NotPrincipal names nobody"},
		{"unknown type", KeyPolicy, with(`"Principal": {"Aws": "*"}`), []string{"!3:15 unknown-element"}, `unknown element "Aws" in Principal: did you mean "AWS"?`},
		{"values of other types", KeyPolicy, with(`"Principal": {"AWS": [true, {}], "Service": 111122223333}`), []string{"!3:23 wrong-type", "!3:29 wrong-type", "!3:45 wrong-type"}, ""},
		{"several", KeyPolicy, with(`"Principal": {"AWS": ["*", "x", "y"]}`), []string{"!3:28 invalid-principal", "!3:33 invalid-principal"}, ""},
		{"allow everybody else", KeyPolicy, statement(`"Effect": "Allow", "Action": "kms:*", "Resource": "*",` + "\n" + `"NotPrincipal": {"AWS": "111122223333"}`), []string{"3:1 no-effect"}, "AWS does not support"},
		{"canonical user", KeyPolicy, with(`"Principal": {"CanonicalUser": "` + strings.Repeat("a", 64) + `"}`), []string{"3:32 no-effect"}, "never the caller"},
		bad("short number", `"AWS": 11122223333`, "loses leading zeros"),
		bad("number with exponent", `"AWS": 1.1e11`, "12 digits"),
		bad("partial wildcard", `"AWS": "arn:aws:iam::111122223333:role/*"`, "aws:PrincipalArn"),
		bad("any session", `"AWS": "arn:aws:sts::111122223333:assumed-role/App/*"`, "wildcard"),
		bad("any account", `"AWS": "arn:aws:iam::*:root"`, "wildcard"),
		bad("group", `"AWS": "arn:aws:iam::111122223333:group/admins"`, "a group is no principal"),
		bad("garbage", `"AWS": "alice"`, "expected an account id of 12 digits"),
		bad("empty", `"AWS": ""`, "expected an account id of 12 digits"),
		bad("organization", `"AWS": "arn:aws:organizations::111122223333:organization/o-x"`, "an ARN of organizations is no principal"),
		bad("partition", `"AWS": "arn:aws-iso:iam::111122223333:root"`, "unknown partition aws-iso"),
		bad("Region", `"AWS": "arn:aws:iam:eu-west-1:111122223333:root"`, "has no Region"),
		bad("account", `"AWS": "arn:aws:iam::1111:root"`, "account 1111 is not an account id"),
		bad("no account", `"AWS": "arn:aws:iam:::root"`, "is not an account id"),
		bad("user without name", `"AWS": "arn:aws:iam::111122223333:user/"`, "expected a name"),
		bad("user with path only", `"AWS": "arn:aws:iam::111122223333:user/path/"`, "expected a name"),
		bad("role with spaces", `"AWS": "arn:aws:iam::111122223333:role/a b"`, "expected a name"),
		bad("path with spaces", `"AWS": "arn:aws:iam::111122223333:role/a b/c"`, "expected a name"),
		bad("session without name", `"AWS": "arn:aws:sts::111122223333:assumed-role/App"`, "expected assumed-role/role-name/session-name"),
		bad("session with path", `"AWS": "arn:aws:sts::111122223333:assumed-role/a/App/s"`, "expected assumed-role"),
		bad("federated user without name", `"AWS": "arn:aws:sts::111122223333:federated-user"`, "expected federated-user/name"),
		bad("provider", `"AWS": "arn:aws:iam::111122223333:saml-provider/okta"`, `belongs under "Federated"`),
		bad("policy", `"AWS": "arn:aws:iam::111122223333:policy/p"`, "iam ARN of policy is no principal"),
		bad("lower-case unique id", `"AWS": "AROAexample"`, ""),
		bad("empty unique id", `"AWS": "AIDA"`, ""),
		{"any service", KeyPolicy, with(`"Principal": {"Service": "*"}`), []string{"!3:26 invalid-principal"}, "logs.amazonaws.com"},
		{"service without domain", KeyPolicy, with(`"Principal": {"Service": "logs"}`), []string{"!3:26 invalid-principal"}, ""},
		{"any provider", KeyPolicy, with(`"Principal": {"Federated": "*"}`), []string{"!3:28 invalid-principal"}, ""},
		{"role as provider", KeyPolicy, with(`"Principal": {"Federated": "arn:aws:iam::111122223333:role/r"}`), []string{"!3:28 invalid-principal"}, "saml-provider or oidc-provider"},
		{"short canonical user", KeyPolicy, with(`"Principal": {"CanonicalUser": "abc"}`), []string{"!3:32 invalid-principal"}, "64 hexadecimal digits"},
	})
}
