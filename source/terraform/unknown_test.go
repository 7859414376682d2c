package terraform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source/terraform"
)

// TestUnknown holds everything that is not known to make the answers conditional that may depend on it.
func TestUnknown(t *testing.T) {
	role := create("aws_iam_role.r", `{"name":"r"}`)
	key := create("aws_kms_key.k", `{"policy":`+quoted(strings.Replace(denyKey, `"Deny","Principal":"*"`, `"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, 1))+`}`)
	statement := func(known, unknown string) string {
		return configured(planWith(role, later("aws_kms_key.k", `{}`, `{"policy":true}`), document(`{"actions":["kms:Decrypt"],"resources":["*"]`+known+`}`, unknown)),
			`{"address":"aws_kms_key.k","expressions":{"policy":{"references":["data.aws_iam_policy_document.d.json"]}}},{"address":"data.aws_iam_policy_document.d","expressions":{"statement":[{}]}}`, "")
	}
	for name, plan := range map[string]string{
		"the key of a key policy":         planWith(role, key, later("aws_kms_key_policy.p", `{"policy":`+quoted(denyKey)+`}`, `{"key_id":true}`)),
		"the policy of an inline policy":  planWith(role, key, later("aws_iam_role_policy.p", `{"role":"r"}`, `{"policy":true,"name":true}`)),
		"the inline policies of a role":   configured(planWith(key, later("aws_iam_role.r", `{"name":"r"}`, `{"inline_policy":true}`)), `{"address":"aws_iam_role.r","expressions":{"inline_policy":{"references":["local.x"]}}}`, ""),
		"the principals of a statement":   statement(``, `{"principals":true}`),
		"the type of a principal":         statement(`,"principals":[{"identifiers":["x"]}]`, `{"principals":[{"type":true}]}`),
		"a statement":                     statement(``, `true`),
		"a variable of a condition":       statement(`,"principals":[{"type":"AWS","identifiers":["*"]}],"condition":[{"test":"StringEquals","values":["x"]}]`, `{"condition":[{"variable":true}]}`),
		"the version of a document":       strings.Replace(statement(``, `{}`), `"json":true`, `"json":true,"version":true`, 1),
		"the sources of a document":       strings.Replace(statement(``, `{}`), `"json":true`, `"json":true,"source_policy_documents":true`, 1),
		"a source of a document":          strings.Replace(statement(``, `{}`), `"json":true`, `"json":true,"source_json":true`, 1),
		"the role of a policy":            planWith(role, key, later("aws_iam_role_policy.p", `{"name":"p","policy":`+quoted(allowAll)+`}`, `{"role":true}`)),
		"the role of an attachment":       planWith(role, key, later("aws_iam_role_policy_attachment.a", `{"policy_arn":"arn:aws:iam::111122223333:policy/else"}`, `{"role":true}`)),
		"a managed policy":                planWith(create("aws_iam_role.r", `{"name":"r","managed_policy_arns":["arn:aws:iam::111122223333:policy/p"]}`), key, later("aws_iam_policy.p", `{"name":"p"}`, `{"policy":true}`)),
		"a managed policy that is not in": planWith(create("aws_iam_role.r", `{"name":"r","managed_policy_arns":["arn:aws:iam::111122223333:policy/else"]}`), key),
		"the boundary": planWith(later("aws_iam_role.r", `{"name":"r"}`, `{"permissions_boundary":true}`), key,
			create("aws_iam_role_policy.p", `{"role":"r","name":"p","policy":`+quoted(allowAll)+`}`)),
		"the constraints of a grant": planWith(role, key, later("aws_kms_grant.g", `{"operations":["Decrypt"],"grantee_principal":"arn:aws:iam::111122223333:role/r"}`, `{"key_id":true,"constraints":true}`)),
		"the operations of a grant":  planWith(role, key, later("aws_kms_grant.g", `{"grantee_principal":"arn:aws:iam::111122223333:role/r"}`, `{"key_id":true,"operations":true}`)),
		"the names of exclusive policies": planWith(role, key, create("aws_iam_role_policy.p", `{"role":"r","name":"p","policy":`+quoted(strings.Replace(allowAll, `"Resource":"*"`, `"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/x":"y"}}`, 1))+`}`),
			later("aws_iam_role_policy_attachments_exclusive.e", `{"role_name":"r"}`, `{"policy_arns":true}`)),
	} {
		t.Run(name, func(t *testing.T) {
			w := load(t, []byte(plan), terraform.Options{})
			d := ask(t, w, evaluator.New(w), "role/r", "kms:Decrypt", "aws_kms_key.k")
			require.Equal(t, evaluator.Conditional, d.Decision, "%v %v", d.Message, shownOf(w))
			require.NotEmpty(t, append(shownOf(w), d.Conditions...))
		})
	}
}

// TestTrust holds mistakes of a trust policy to be warnings: it decides about no key.
func TestTrust(t *testing.T) {
	w := load(t, []byte(planWith(create("aws_iam_role.r", `{"name":"r","assume_role_policy":"{\"Statement\":{\"Effect\":\"Allow\"}}"}`))), terraform.Options{})
	require.Nil(t, w.Roles[0].Trust)
	require.NotEmpty(t, w.Warnings)
	require.Contains(t, strings.Join(w.Roles[0].Unknown, "\n"), "nobody may assume the role r: ")
}

// TestNames holds names that are made up to be those that IAM takes, and different ones.
func TestNames(t *testing.T) {
	long := strings.Repeat("long_", 20)
	w := load(t, []byte(planWith(
		later(`module.a[\"x.y]\"].aws_iam_role.`+long+`a`, `{}`, `{"name":true}`), later(`module.a[\"x.y]\"].aws_iam_role.`+long+`b`, `{}`, `{"name":true}`),
		later(`module.a.module.b[1].aws_iam_user.u[\"é\"]`, `{"name_prefix":"me-"}`, `{"name":true}`),
	)), terraform.Options{})
	require.Len(t, w.Roles[0].Name, 64)
	require.NotEqual(t, w.Roles[0].Name, w.Roles[1].Name)
	require.Equal(t, "me-module.a.module.b-1-.aws_iam_user.u", w.Users[0].Name)
	for _, name := range []string{w.Roles[0].Name, w.Roles[1].Name, w.Users[0].Name} {
		require.Regexp(t, `\A[\w+=,.@-]{1,64}\z`, name)
	}
	_, err := w.Principal(w.Roles[0].LogicalID)
	require.NoError(t, err)
}

// TestAfter lists what is made before a key.
func TestAfter(t *testing.T) {
	plan := configured(planWith(create("aws_iam_role.r", `{"name":"r"}`), create("aws_iam_user.u", `{"name":"u"}`),
		create("module.m.aws_iam_user.v", `{"name":"v"}`), create("aws_kms_key.k", `{}`), create("aws_kms_key.l", `{}`)),
		`{"address":"aws_kms_key.k","depends_on":["aws_iam_role.r","module.m"]},{"address":"aws_iam_role.r","depends_on":["aws_iam_user.u"]},{"address":"aws_iam_user.u"},`+
			`{"address":"aws_kms_key.l","expressions":{"policy":{"references":["local.x"]}}}`,
		`"m":{"depends_on":["aws_iam_role.r"],"module":{"resources":[{"address":"aws_iam_user.v"}]}}`)
	w := load(t, []byte(plan), terraform.Options{})
	require.Equal(t, []string{"aws_iam_role.r", "aws_iam_user.u", "module.m.aws_iam_user.v"}, w.Keys[0].After)
	require.Nil(t, w.Keys[1].After, "a local value may depend on anything")
}
