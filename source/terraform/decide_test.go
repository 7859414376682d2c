package terraform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source/terraform"
)

// later is a change that makes a resource of which something is known after apply.
func later(address, after, unknown string) string {
	return `{"address":"` + address + `","change":{"actions":["create"],"before":null,"after":` + after + `,"after_unknown":` + unknown + `}}`
}

// configured adds the configuration of resources, and module calls, to a plan.
func configured(plan, resources, calls string) string {
	return strings.TrimSuffix(plan, "}") + `,"configuration":{"root_module":{"resources":[` + resources + `],"module_calls":{` + calls + `}}}}`
}

// document is a data source that is read during apply, with one statement.
func document(statement, unknown string) string {
	return `{"address":"data.aws_iam_policy_document.d","change":{"actions":["read"],"before":null,"after":{"statement":[` + statement +
		`]},"after_unknown":{"json":true,"statement":[` + unknown + `]}}}`
}

// TestDecisions holds what is known after apply to be found where the plan tells, and to make the answer conditional
// where it does not.
func TestDecisions(t *testing.T) {
	role := later("aws_iam_role.r", `{"name":"r"}`, `{"arn":true}`)
	user := create("aws_iam_user.u", `{"name":"u","arn":"arn:aws:iam::111122223333:user/u"}`)
	key := later("aws_kms_key.k", `{}`, `{"arn":true,"policy":true}`)
	const identifiers = `"effect":null,"actions":["kms:Decrypt"],"resources":["*"],"principals":[{"type":"AWS","identifiers":`
	keyConfig := func(statement string) string {
		return `{"address":"aws_kms_key.k","expressions":{"policy":{"references":["data.aws_iam_policy_document.d.json","data.aws_iam_policy_document.d"]}}},` +
			`{"address":"data.aws_iam_policy_document.d","expressions":{"statement":[` + statement + `]}}`
	}
	refers := func(references string) string {
		return keyConfig(`{"principals":[{"type":{"constant_value":"AWS"},"identifiers":{"references":[` + references + `]}}]}`)
	}
	for _, c := range []struct {
		name, plan string
		want       evaluator.Verdict
	}{
		{"a reference", configured(planWith(role, key, document(`{`+identifiers+`[null]}]}`, `{"principals":[{"identifiers":[true]}]}`)),
			refers(`"aws_iam_role.r.arn","aws_iam_role.r"`), ""), evaluator.Allow},
		{"a reference twice", configured(planWith(role, key, document(`{`+identifiers+`[null]}]}`, `{"principals":[{"identifiers":[true]}]}`)),
			refers(`"aws_iam_role.r.arn","aws_iam_role.r","aws_iam_role.r.arn","aws_iam_role.r"`), ""), evaluator.Conditional},
		{"another attribute", configured(planWith(later("aws_iam_role.r", `{"name":"r"}`, `{"arn":true,"unique_id":true}`), key, document(`{`+identifiers+`[null]}]}`, `{"principals":[{"identifiers":[true]}]}`)),
			refers(`"aws_iam_role.r.unique_id","aws_iam_role.r"`), ""), evaluator.Conditional},
		{"a local value", configured(planWith(role, key, document(`{`+identifiers+`[null]}]}`, `{"principals":[{"identifiers":[true]}]}`)),
			refers(`"local.role"`), ""), evaluator.Conditional},
		{"a local value beside it", configured(planWith(role, key, document(`{`+identifiers+`[null]}]}`, `{"principals":[{"identifiers":[true]}]}`)),
			refers(`"aws_iam_role.r.arn","aws_iam_role.r","local.suffix"`), ""), evaluator.Conditional},
		{"what is known beside it", configured(planWith(role, user, key, document(`{`+identifiers+`[null,"arn:aws:iam::111122223333:user/u"]}]}`, `{"principals":[{"identifiers":[true,false]}]}`)),
			refers(`"aws_iam_role.r.arn","aws_iam_role.r","aws_iam_user.u.arn","aws_iam_user.u"`), ""), evaluator.Allow},
		{"all roles", configured(planWith(later(`aws_iam_role.x[0]`, `{"name":"x0"}`, `{"arn":true}`), later(`aws_iam_role.x[1]`, `{"name":"r"}`, `{"arn":true}`), key,
			document(`{`+identifiers+`[null,null]}]}`, `{"principals":[{"identifiers":[true,true]}]}`)), refers(`"aws_iam_role.x"`), ""), evaluator.Allow},
		{"a set of unknown size", configured(planWith(role, key, document(`{"actions":["kms:Decrypt"],"resources":["*"],"principals":[{"type":"AWS"}]}`, `{"principals":[{"identifiers":true}]}`)),
			refers(`"aws_iam_role.r.arn","aws_iam_role.r"`), ""), evaluator.Conditional},
		{"a dynamic block", configured(planWith(role, key, document(`{`+identifiers+`[null]}]}`, `{"principals":[{"identifiers":[true]}]}`)),
			keyConfig(""), ""), evaluator.Conditional},
		{"unknown statements", configured(planWith(role, key, `{"address":"data.aws_iam_policy_document.d","change":{"actions":["read"],"before":null,"after":{},"after_unknown":{"json":true,"statement":true}}}`),
			keyConfig(""), ""), evaluator.Conditional},
		{"a condition", configured(planWith(role, key, document(`{`+identifiers+`["arn:aws:iam::111122223333:role/r"]}],"condition":[{"test":"StringEquals","variable":"aws:PrincipalTag/x","values":[null]}]}`,
			`{"condition":[{"values":[true]}]}`)), keyConfig(`{"condition":[{"test":{"constant_value":"StringEquals"},"variable":{"constant_value":"aws:PrincipalTag/x"},"values":{"references":["local.x"]}}]}`), ""), evaluator.Conditional},
		{"a condition of unknown kind", configured(planWith(role, key, document(`{`+identifiers+`["arn:aws:iam::111122223333:role/r"]}],"condition":[{"variable":"aws:PrincipalTag/x","values":["y"]}]}`,
			`{"condition":[{"test":true}]}`)), keyConfig(`{"condition":[{"test":{"references":["local.x"]}}]}`), ""), evaluator.Conditional},
		{"conditions of a dynamic block", configured(planWith(role, key, document(`{`+identifiers+`["arn:aws:iam::111122223333:role/r"]}]}`,
			`{"condition":true}`)), keyConfig(`{}`), ""), evaluator.Conditional},
		{"tags of a key", planWith(role, later("aws_kms_key.k", `{}`, `{"arn":true,"tags":true,"tags_all":true}`),
			create("aws_iam_role_policy.p", `{"role":"r","name":"p","policy":`+quoted(strings.Replace(allowAll, `"Resource":"*"`, `"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}`, 1))+`}`)), evaluator.Conditional},
		{"a tag of a role", planWith(later("aws_iam_role.r", `{"name":"r","tags_all":{"other":"x"}}`, `{"tags_all":{"team":true}}`),
			create("aws_kms_key.k", `{"policy":`+quoted(strings.NewReplacer("Deny", "Allow", `"Resource":"*"`, `"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}`).Replace(denyKey))+`}`)), evaluator.Conditional},
		{"a variable of a module", configured(planWith(role, `{"address":"module.m[\"a\"].aws_kms_grant.g","change":{"actions":["create"],"before":null,"after":{"operations":["Decrypt"]},"after_unknown":{"grantee_principal":true,"key_id":true}}}`,
			later("aws_kms_key.k", `{"policy":`+quoted(strings.Replace(denyKey, `"Deny","Principal":"*"`, `"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/x"}`, 1))+`}`, `{"arn":true}`)),
			`{"address":"aws_kms_key.k"}`, `"m":{"expressions":{"who":{"references":["aws_iam_role.r"]},"key":{"references":["each.value"]}},"for_each_expression":{"references":["aws_kms_key.k.arn","aws_kms_key.k"]},`+
				`"module":{"resources":[{"address":"aws_kms_grant.g","expressions":{"grantee_principal":{"references":["var.who.arn","var.who"]},"key_id":{"references":["var.key"]}}}]}}`), evaluator.Allow},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, []byte(c.plan), terraform.Options{})
			d := ask(t, w, evaluator.New(w), "role/r", "kms:Decrypt", "aws_kms_key.k")
			require.Equal(t, c.want, d.Decision, "%v %v", d.Message, shownOf(w))
		})
	}
}
