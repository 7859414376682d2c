package terraform_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// planWith is a plan of changes, one to a line from line 2 on.
func planWith(changes ...string) string {
	return `{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[` + "\n" +
		strings.Join(changes, ",\n") + "\n]}"
}

// stateWith is a state of resources, one to a line from line 2 on.
func stateWith(resources ...string) string {
	return `{"format_version":"1.0","terraform_version":"1.11.4","values":{"root_module":{"resources":[` + "\n" +
		strings.Join(resources, ",\n") + "\n]}}}"
}

// create is a change that makes a resource with arguments.
func create(address, after string) string {
	return `{"address":"` + address + `","change":{"actions":["create"],"before":null,"after":` + after + `,"after_unknown":{}}}`
}

// keyWith is a change that makes a key with a policy, a JSON string.
func keyWith(policy string) string { return create("aws_kms_key.k", `{"policy":`+policy+`}`) }

// mistakes loads a plan that must be refused.
func mistakes(t *testing.T, src string, options terraform.Options) []string {
	t.Helper()
	w := &source.World{}
	err := terraform.Load(w, "p.json", []byte(src), options)
	diags, ok := errors.AsType[policy.Diagnostics](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, &source.World{}, w)
	return shown(diags)
}

func shown(diags policy.Diagnostics) []string {
	var out []string
	for _, d := range diags {
		out = append(out, strings.TrimPrefix(d.String(), "p.json:"))
	}
	return out
}

// TestRefuses holds what is no plan to be refused, with the place and what was expected.
func TestRefuses(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"nothing", "", "1:1: the file is empty, expected a Terraform plan"},
		{"no JSON", "{\n \"a\": }", "2:7: not valid JSON: invalid character '}' looking for beginning of value: expected a Terraform plan"},
		{"a list", "[]", "1:1: expected a Terraform plan as JSON, an object: write it with terraform show -json PLAN"},
		{"a plan file", "PK\x03\x04", "1:1: this is a plan as Terraform keeps it, not as JSON: write it with terraform show -json PLAN"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "1:1: this is UTF-16: expected a Terraform plan as JSON in UTF-8"},
		{"a state file", `{"version":4,"serial":1,"lineage":"a","resources":[]}`, "1:1: this is a state as Terraform keeps it: write it with terraform show -json"},
		{"a log", `{"@level":"info"}`, "1:1: this is the log of a run, not a plan: write it with terraform show -json PLAN"},
		{"no version", `{"resource_changes":[]}`, "1:1: unexpected plan input, format version is missing"},
		{"a version to come", `{"format_version":"2.0","resource_changes":[]}`, `1:19: unsupported plan format version: "2.0.0" does not satisfy ">= 0.1, < 2.0"`},
		{"an old state", `{"format_version":"7.0","values":{}}`, `1:19: unsupported state format version: "7.0.0" does not satisfy ">= 0.1, < 2.0"`},
		{"failed", `{"format_version":"1.2","resource_changes":[],"errored":true}`, "1:57: the plan failed: it holds only a part of what would be made"},
		{"twice", `{"format_version":"1.2","resource_changes":[],"resource_changes":[]}`, `1:47: the name "resource_changes" is in this object twice, see p.json:1:44`},
		{"changes of no type", `{"format_version":"1.2","resource_changes":{}}`, "1:44: expected resource_changes as an array"},
		{"a change of no type", planWith("1"), "2:1: expected an element of resource_changes as an object"},
		{"no address", planWith(`{"change":{}}`), "2:1: expected a resource with an address, a string"},
		{"no such address", planWith(`{"address":"x","change":{}}`), `2:12: "x" is no address of a resource: expected for example module.a.aws_kms_key.main[0]`},
		{"no change", planWith(`{"address":"a.b"}`), "2:1: expected the change of a.b, an object"},
		{"no action", planWith(`{"address":"a.b","change":{"actions":["jump"]}}`), "2:38: the actions of a.b are not known: expected create, read, update, delete, no-op, forget, or two of them"},
		{"no object after", planWith(`{"address":"a.b","change":{"actions":["create"],"after":1}}`), "2:57: expected after of a.b as an object, found a number"},
		{"no values", stateWith(`{"address":"a.b","values":1}`), "2:27: expected the values of a.b as an object"},
		{"no configuration", `{"format_version":"1.2","configuration":{"root_module":1}}`, "1:56: expected a module as an object, found a number"},
		{"a policy of no type", planWith(create("aws_kms_key.k", `{"policy":1}`)), "2:91: expected policy of aws_kms_key.k as a string, found a number"},
		{"a policy as an object", planWith(create("aws_kms_key.k", `{"policy":{}}`)), "2:91: expected policy of aws_kms_key.k as a string, found an object"},
		{"a reference of no type", planWith(create("aws_kms_alias.a", `{"target_key_id":["x"]}`)), "2:100: expected target_key_id of aws_kms_alias.a as a string, found an array"},
		{"names of no type", planWith(create("aws_iam_group_membership.a", `{"users":[{}],"group":"g"}`)), "2:104: expected an element of users of aws_iam_group_membership.a as a string, found an object"},
		{"a tag of no type", planWith(create("aws_kms_key.k", `{"tags_all":{"a":[]}}`)), `2:98: expected an element of tags_all of aws_kms_key.k as a string, found an array`},
		{"an address of no type", planWith(`{"address":1,"change":{}}`), "2:12: expected a resource with an address, a string"},
		{"a version of no type", `{"format_version":1}`, "1:19: expected format_version as a string, found a number"},
		{"values of no type", `{"format_version":"1.0","values":"x"}`, "1:34: expected values as an object, found a string"},
		{"a module of no type", `{"format_version":"1.0","values":{"root_module":[]}}`, "1:49: expected a module as an object, found an array"},
		{"resources of no type", `{"format_version":"1.0","values":{"root_module":{"resources":"x"}}}`, "1:62: expected resources as an array, found a string"},
		{"no values of a key", stateWith(`{"address":"aws_kms_key.k"}`), "2:1: expected the values of aws_kms_key.k as an object, found nothing"},
		{"nothing after", planWith(create("aws_kms_key.k", "null")), "2:81: expected what is planned for aws_kms_key.k as an object, found nothing"},
		{"nothing before", planWith(`{"address":"aws_kms_key.k","change":{"actions":["forget"],"before":null,"after":null}}`), "2:68: expected what aws_kms_key.k is before as an object, found nothing"},
		{"before of no type", planWith(`{"address":"aws_kms_key.k","change":{"actions":["delete"],"before":[],"after":null}}`), "2:68: expected before of aws_kms_key.k as an object, found an array"},
		{"a change that is a text", planWith(`{"address":"aws_kms_key.k","change":"x"}`), "2:37: expected the change of aws_kms_key.k as an object, found a string"},
		{"an address before of no type", planWith(`{"address":"a.b","previous_address":1,"change":{"actions":["no-op"],"after":{}}}`), "2:37: expected previous_address as a string, found a number"},
		{"a deposed object of no type", planWith(`{"address":"a.b","deposed":true,"change":{"actions":["delete"]}}`), "2:28: expected deposed as a string, found true"},
		{"what is unknown of no type", planWith(later("aws_kms_key.k", `{}`, `{"policy":"yes"}`)), "2:110: expected whether policy of aws_kms_key.k is known after apply as true or false, found a string"},
		{"a prior state of no type", `{"format_version":"1.2","resource_changes":[],"prior_state":[]}`, "1:61: expected prior_state as an object, found an array"},
		{"values before of no type", `{"format_version":"1.2","resource_changes":[],"prior_state":{"values":1}}`, "1:71: expected values as an object, found a number"},
		{"planned values of no type", `{"format_version":"1.2","planned_values":1}`, "1:42: expected planned_values as an object, found a number"},
		{"planned values alone", `{"format_version":"1.2","planned_values":{"root_module":{"resources":[{"address":"aws_kms_key.k"}]}}}`, "1:42: the plan has planned_values and no resource_changes: expected a whole plan, write it with terraform show -json PLAN"},
		{"variables of no type", `{"format_version":"1.2","resource_changes":[],"variables":[]}`, "1:59: expected variables as an object, found an array"},
		{"a variable of no type", `{"format_version":"1.2","resource_changes":[],"variables":{"a":"x"}}`, "1:64: expected the variable a as an object, found a string"},
		{"a configuration of no type", `{"format_version":"1.2","resource_changes":[],"configuration":"x"}`, "1:63: expected configuration as an object, found a string"},
		{"a mark of no type", `{"format_version":"1.2","resource_changes":[],"errored":"true"}`, "1:57: expected errored as true or false, found a string"},
		{"references of no type", configured(planWith(), `{"address":"a.b","expressions":{"x":{"references":"var.x"}}}`, ""), "3:98: expected references as an array of strings, found a string"},
		{"a reference in a block of no type", configured(planWith(), `{"address":"a.b","expressions":{"x":[{"y":{"references":[1]}}]}}`, ""), "3:105: expected an element of references as a string, found a number"},
		{"an expression of no type", configured(planWith(), `{"address":"a.b","expressions":{"x":"y"}}`, ""), "3:84: expected the expression of x as an object, found a string"},
		{"a module call of no type", configured(planWith(), "", `"m":1`), "3:70: expected the call of the module m as an object, found a number"},
		{"a flag of no type", planWith(create("aws_kms_key.k", `{"is_enabled":"false"}`)), "2:95: expected is_enabled of aws_kms_key.k as true or false, found a string"},
		{"a list of no type", planWith(create("aws_kms_grant.g", `{"operations":"Decrypt"}`)), "2:97: expected operations of aws_kms_grant.g as an array of strings, found a string"},
		{"tags of no type", planWith(create("aws_kms_key.k", `{"tags":"x"}`)), "2:89: expected tags of aws_kms_key.k as an object of strings, found a string"},
		{"blocks of no type", planWith(create("aws_kms_grant.g", `{"constraints":{}}`)), "2:98: expected constraints of aws_kms_grant.g as an array of objects, found an object"},
		{"a block of no type", planWith(create("aws_kms_grant.g", `{"constraints":["x"]}`)), "2:99: expected an element of constraints of aws_kms_grant.g as an object, found a string"},
		{"an attribute of a block of no type", planWith(create("aws_iam_role.r", `{"inline_policy":[{"policy":{}}]}`)), "2:110: expected policy in inline_policy of aws_iam_role.r as a string, found an object"},
		{"an alias of no name", planWith(keyWith("null"), create("aws_kms_alias.a", `{"name":"a","target_key_id":"arn:aws:kms:us-east-1:111122223333:key/x"}`), state(`{"key_id":"x"}`)), `3:91: "a" is no alias name: expected alias/ and then letters, digits, / _ or -`},
		{"an operation of no grant", planWith(create("aws_kms_grant.g", `{"key_id":"k","operations":["Fly"]}`)), `2:111: a grant cannot have the operation "Fly": expected the name of a grant operation, for example Decrypt`},
		{"a policy without text", planWith(create("aws_iam_policy.p", `{"name":"p"}`)), "2:1: aws_iam_policy.p has no policy"},
		{"days of no number", planWith(create("aws_kms_key.k", `{"enable_key_rotation":true,"rotation_period_in_days":"x"}`)), "2:135: expected rotation_period_in_days of aws_kms_key.k as a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mistakes(t, c.src, terraform.Options{})
			require.Contains(t, got[0], c.want)
			require.Len(t, got, 1)
		})
	}
	require.Equal(t, []string{
		"1:1: \"1\" is no account id: expected 12 digits",
		"1:1: \"here\" is no Region: expected a name such as eu-west-2",
		"1:1: a state has no changes: there is no world before them",
	}, mistakes(t, stateWith(), terraform.Options{Account: "1", Region: "here", Before: true}))
}

// state is a change of nothing: the key that there is.
func state(values string) string {
	return `{"address":"aws_kms_key.there","change":{"actions":["no-op"],"before":` + values + `,"after":` + values + `,"after_unknown":{}}}`
}

// TestEveryMistake holds all mistakes of a plan to be reported, each where it is, also inside policies that are
// written as JSON strings with escapes.
func TestEveryMistake(t *testing.T) {
	src := planWith(
		keyWith(`"{\"Statement\":\n[{\"Sid\":\"\u00e9\u00e9\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"me\"},\"Action\":\"kms:*\",\"Resorce\":\"*\"}]}"`),
		create("aws_iam_role.r", `{"name":"r"}`), create("aws_iam_role.s", `{"name":"R"}`),
		create("aws_iam_policy.p", `{"name":"p","policy":"{\"Statement\": {\"Effect\": \"Permit\", \"Action\": \"kms:*\", \"Resource\": \"*\"}}"}`),
	)
	got := mistakes(t, src, terraform.Options{})
	require.Len(t, got, 4, "%v", got)
	for i, want := range []struct{ place, message string }{
		{`\"me`, `"me"`},
		{`\"Resorce`, `"Resorce"`},
		{`{"address":"aws_iam_role.s"`, "the role R is declared already, see p.json:3:1"},
		{`\"Permit`, "Permit"},
	} {
		offset := strings.Index(src, want.place)
		line := 1 + strings.Count(src[:offset], "\n")
		column := offset - strings.LastIndex(src[:offset], "\n")
		require.True(t, strings.HasPrefix(got[i], strconv.Itoa(line)+":"+strconv.Itoa(column)+": "), "%s: expected %d:%d", got[i], line, column)
		require.Contains(t, got[i], want.message)
	}
}
