package terraform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source/terraform"
)

// TestComputed holds what an expression computes to be unknown, though the plan does not tell of what, and only what is null for
// certain to be what AWS does without it: the default key policy, which lets the role through.
func TestComputed(t *testing.T) {
	role := create("aws_iam_role.r", `{"name":"r"}`) + ",\n" +
		create("aws_iam_role_policy.p", `{"role":"r","name":"p","policy":`+quoted(allowAll)+`}`)
	key := later("aws_kms_key.k", `{}`, `{"arn":true,"policy":true}`)
	known := later("data.aws_iam_policy_document.known", `{"json":"{}"}`, `{}`)
	const resource = `{"address":"aws_kms_key.k","expressions":{"policy":`
	const variables = `"variables":{"null":{"value":null},"empty":{"value":""},"other":{"value":null},"keys":{"value":{"a":{"policy":null},"b":{},"c":{"policy":""}}}}`
	inRoot := func(expression string, more ...string) string {
		return configured(planWith(append([]string{role, key}, more...)...), resource+expression+`}}`, "")
	}
	inModule := func(call, expression, variable string) string {
		return configured(planWith(role, strings.Replace(key, "aws_kms_key.k", "module.m.aws_kms_key.k", 1)), "",
			`"m":{`+call+`"module":{"resources":[`+resource+expression+`}}],"variables":{`+variable+`}}}`)
	}
	each := func(instance, expression string) string {
		return configured(planWith(role, strings.Replace(key, "aws_kms_key.k", `aws_kms_key.k[\"`+instance+`\"]`, 1)),
			resource+expression+`},"for_each_expression":{"references":["var.keys"]}}`, "")
	}
	for _, c := range []struct {
		name, plan string
		want       evaluator.Verdict
	}{
		{"not given", configured(planWith(role, key), `{"address":"aws_kms_key.k"}`, ""), evaluator.Allow},
		{"null", inRoot(`{"constant_value":null}`), evaluator.Allow},
		{"a function without references", inRoot(`{}`), evaluator.Conditional},
		{"no configuration", planWith(role, key), evaluator.Conditional},
		{"a resource that is not in the plan", inRoot(`{"references":["aws_s3_bucket.b.arn","aws_s3_bucket.b"]}`), evaluator.Conditional},
		{"a data source that is not in the plan", inRoot(`{"references":["data.aws_iam_policy_document.d.json","data.aws_iam_policy_document.d"]}`), evaluator.Conditional},
		{"what is known", inRoot(`{"references":["data.aws_iam_policy_document.known.json","data.aws_iam_policy_document.known"]}`, known), evaluator.Conditional},
		{"a local value", inRoot(`{"references":["local.x"]}`), evaluator.Conditional},
		{"an output that is not there", inRoot(`{"references":["module.m.x","module.m"]}`), evaluator.Conditional},
		{"an output of a function", configured(planWith(role, key), resource+`{"references":["module.m.x","module.m"]}}}`, `"m":{"module":{"outputs":{"x":{"expression":{}}}}}`), evaluator.Conditional},
		{"a null variable", inRoot(`{"references":["var.null"]}`), evaluator.Allow},
		{"null variables", inRoot(`{"references":["var.null","var.other","var.null"]}`), evaluator.Allow},
		{"an empty variable", inRoot(`{"references":["var.empty"]}`), evaluator.Conditional},
		{"a null variable and a known one", inRoot(`{"references":["var.null","var.empty"]}`), evaluator.Conditional},
		{"a null variable and a resource", inRoot(`{"references":["var.null","data.aws_iam_policy_document.known.json","data.aws_iam_policy_document.known"]}`, known), evaluator.Conditional},
		{"a variable that the plan does not have", inRoot(`{"references":["var.absent"]}`), evaluator.Conditional},
		{"a null attribute of each value", each("a", `{"references":["each.value.policy","each.value"]}`), evaluator.Allow},
		{"an attribute that is not in each value", each("b", `{"references":["each.value.policy","each.value"]}`), evaluator.Allow},
		{"an empty attribute of each value", each("c", `{"references":["each.value.policy","each.value"]}`), evaluator.Conditional},
		{"something of each value", each("a", `{"references":["each.value"]}`), evaluator.Conditional},
		{"a default of a module", inModule("", `{"references":["var.policy"]}`, `"policy":{"default":null}`), evaluator.Allow},
		{"a null argument of a module", inModule(`"expressions":{"policy":{"references":["var.null"]}},`, `{"references":["var.policy"]}`, `"policy":{}`), evaluator.Allow},
		{"a constant null argument of a module", inModule(`"expressions":{"policy":{"constant_value":null}},`, `{"references":["var.policy"]}`, `"policy":{}`), evaluator.Allow},
		{"a computed argument of a module", inModule(`"expressions":{"policy":{}},`, `{"references":["var.policy"]}`, `"policy":{"default":null}`), evaluator.Conditional},
		{"an argument of a module that is text", inModule(`"expressions":{"policy":{"constant_value":"x"}},`, `{"references":["var.policy"]}`, `"policy":{"default":null}`), evaluator.Conditional},
		{"no such variable of a module", inModule("", `{"references":["var.policy"]}`, ``), evaluator.Conditional},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, []byte(strings.TrimSuffix(c.plan, "}")+","+variables+"}"), terraform.Options{})
			d := ask(t, w, evaluator.New(w), "role/r", "kms:Decrypt", w.Keys[0].LogicalID)
			require.Equal(t, c.want, d.Decision, "%v %v", d.Message, shownOf(w))
			if c.want == evaluator.Conditional {
				require.Contains(t, strings.Join(shownOf(w), "\n"), "key policy of "+w.Keys[0].LogicalID+" is unknown: <known after apply")
				return
			}
			require.Empty(t, w.Warnings)
			said := strings.Join(w.Keys[0].Unknown, "\n")
			if c.name == "null variables" {
				require.Equal(t, "how key policy of aws_kms_key.k is computed is not in the plan: it is read as null, as var.null, var.other are", said)
			} else {
				require.Empty(t, said)
			}
		})
	}
}
