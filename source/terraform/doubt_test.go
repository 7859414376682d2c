package terraform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/terraform"
)

// delegating is a key policy that gives everything to the account.
var delegating = strings.Replace(denyKey, `"Deny","Principal":"*"`, `"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, 1)

// onlyIf is a policy with a condition.
func onlyIf(document, operator, key, value string) string {
	return quoted(strings.Replace(document, `"Resource":"*"`, `"Resource":"*","Condition":{"`+operator+`":{"`+key+`":"`+value+`"}}`, 1))
}

// abroad is a key of another account than that of the plan.
const (
	abroad  = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	inOther = `{"address":"aws_kms_key.l","provider_config_key":"aws.other"}`
)

// TestDoubt holds what an unknown argument may take away, limit or concern to be in doubt: the role has a policy that allows
// everything, and the account has the say about the key.
func TestDoubt(t *testing.T) {
	role := create("aws_iam_role.r", `{"name":"r"}`)
	rolePolicy := create("aws_iam_role_policy.p", `{"role":"r","name":"p","policy":`+quoted(allowAll)+`}`)
	key := create("aws_kms_key.k", `{"policy":`+quoted(delegating)+`}`)
	managed := create("aws_iam_policy.m", `{"name":"m","policy":`+quoted(allowAll)+`}`) + ",\n" +
		create("aws_iam_role_policy_attachment.m", `{"role":"r","policy_arn":"arn:aws:iam::111122223333:policy/m"}`)
	scp := create("aws_organizations_policy.s", `{"id":"p-1","name":"s","content":`+quoted(denyAll)+`}`)
	attached := func(target string) string {
		return create("aws_organizations_policy_attachment.a", `{"policy_id":"p-1","target_id":"`+target+`"}`)
	}
	organization := func(accounts string) string {
		return create("aws_organizations_organization.o", `{"id":"o-1","roots":[{"id":"r-1"}],"master_account_id":"999999999999","accounts":[`+accounts+`]}`)
	}
	all := func(more ...string) string { return planWith(append([]string{role, rolePolicy, key}, more...)...) }
	withPolicy := func(document string, role string, more ...string) string {
		return planWith(append([]string{role, key, create("aws_iam_role_policy.p", `{"role":"r","name":"p","policy":`+document+`}`)}, more...)...)
	}
	for name, c := range map[string]struct {
		plan string
		want evaluator.Verdict
	}{
		"nothing":                                 {all(), evaluator.Allow},
		"the role of exclusive policies":          {all(later("aws_iam_role_policies_exclusive.e", `{"policy_names":[]}`, `{"role_name":true}`)), evaluator.Conditional},
		"the names of exclusive policies":         {all(later("aws_iam_role_policies_exclusive.e", `{"role_name":"r"}`, `{"policy_names":true}`)), evaluator.Conditional},
		"one name of exclusive policies":          {all(later("aws_iam_role_policies_exclusive.e", `{"role_name":"r","policy_names":["p",null]}`, `{"policy_names":[false,true]}`)), evaluator.Allow},
		"no exclusive policies":                   {all(create("aws_iam_role_policies_exclusive.e", `{"role_name":"r","policy_names":[]}`)), evaluator.Deny},
		"the role of exclusive attachments":       {planWith(role, key, managed, later("aws_iam_role_policy_attachments_exclusive.e", `{"policy_arns":[]}`, `{"role_name":true}`)), evaluator.Conditional},
		"an attachment":                           {planWith(role, key, managed), evaluator.Allow},
		"no exclusive attachments":                {planWith(role, key, managed, create("aws_iam_role_policy_attachments_exclusive.e", `{"role_name":"r","policy_arns":[]}`)), evaluator.Deny},
		"exclusive attachments attach":            {planWith(role, key, strings.Split(managed, ",\n")[0], create("aws_iam_role_policy_attachments_exclusive.e", `{"role_name":"r","policy_arns":["arn:aws:iam::111122223333:policy/m"]}`)), evaluator.Allow},
		"exclusive attachments of an unknown one": {planWith(role, key, strings.Split(managed, ",\n")[0], later("aws_iam_role_policy_attachments_exclusive.e", `{"policy_arns":["arn:aws:iam::111122223333:policy/m"]}`, `{"role_name":true}`)), evaluator.Conditional},
		"policies of AWS in doubt":                {planWith(role, key, later("aws_iam_role_policy_attachment.m", `{"policy_arn":"arn:aws:iam::aws:policy/AdministratorAccess"}`, `{"role":true}`)), evaluator.Conditional},
		"the target of a service control policy":  {all(scp, later("aws_organizations_policy_attachment.a", `{"policy_id":"p-1"}`, `{"target_id":true}`)), evaluator.Conditional},
		"a target that is the account":            {all(scp, attached("111122223333")), evaluator.Deny},
		"a target that is another account":        {all(scp, attached("444455556666")), evaluator.Allow},
		"a root of which nothing is known":        {all(scp, attached("r-1")), evaluator.Conditional},
		"a unit of which nothing is known":        {all(scp, attached("ou-1")), evaluator.Conditional},
		"the root above the account":              {all(scp, attached("r-1"), organization(`{"id":"111122223333"}`)), evaluator.Deny},
		"a unit that may be above the account":    {all(scp, attached("ou-1"), organization(`{"id":"111122223333"}`)), evaluator.Conditional},
		"an account outside the organization":     {all(scp, attached("r-1"), organization(`{"id":"444455556666"}`)), evaluator.Allow},
		"accounts that are unknown":               {all(scp, attached("r-1"), later("aws_organizations_organization.o", `{"id":"o-1","roots":[{"id":"r-1"}],"master_account_id":"999999999999"}`, `{"accounts":true}`)), evaluator.Conditional},
		"a policy that is not in the plan":        {all(attached("111122223333")), evaluator.Conditional},
		"the policy of AWS":                       {all(create("aws_organizations_policy_attachment.a", `{"policy_id":"p-FullAWSAccess","target_id":"111122223333"}`)), evaluator.Allow},
		"the type of a policy":                    {all(later("aws_organizations_policy.s", `{"id":"p-1","name":"s","content":`+quoted(denyAll)+`}`, `{"type":true}`), attached("111122223333")), evaluator.Conditional},
		"a resource control policy on a unit": {all(create("aws_organizations_policy.s", `{"id":"p-1","name":"s","type":"RESOURCE_CONTROL_POLICY","content":`+
			quoted(denyKey)+`}`), attached("ou-1"), organization(`{"id":"111122223333"}`)), evaluator.Conditional},
		"which organization": {withPolicy(onlyIf(allowAll, "StringEquals", "aws:PrincipalOrgID", "o-1"), role, scp, attached("ou-1")), evaluator.Conditional},
		"the name of a role": {planWith(later("aws_iam_role.r", `{}`, `{"name":true}`),
			create("aws_kms_key.k", `{"policy":`+onlyIf(strings.Replace(denyKey, "Deny", "Allow", 1), "ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/app-*")+`}`)), evaluator.Conditional},
		"the id in an external key store": {withPolicy(onlyIf(allowAll, "StringEquals", "kms:KeyOrigin", "EXTERNAL_KEY_STORE"), role,
			later("aws_kms_key.l", `{"custom_key_store_id":"cks-1","policy":`+quoted(delegating)+`}`, `{"xks_key_id":true}`)), evaluator.Conditional},
		"the key store": {withPolicy(onlyIf(allowAll, "StringEquals", "kms:KeyOrigin", "AWS_CLOUDHSM"), role,
			later("aws_kms_key.l", `{"policy":`+quoted(delegating)+`}`, `{"custom_key_store_id":true}`)), evaluator.Conditional},
		"a key in a key store": {withPolicy(onlyIf(allowAll, "StringEquals", "kms:KeyOrigin", "AWS_CLOUDHSM"), role,
			create("aws_kms_key.l", `{"custom_key_store_id":"cks-1","policy":`+quoted(delegating)+`}`)), evaluator.Allow},
		"a grant of another account": {
			configured(planWith(role, key, create("aws_kms_key.l", `{"arn":"`+abroad+`","policy":`+quoted(strings.Replace(delegating, "111122223333", "444455556666", 1))+`}`),
				create("aws_kms_grant.g", `{"key_id":"`+abroad+`","operations":["Decrypt"],"grantee_principal":"arn:aws:iam::111122223333:role/r"}`)), inOther, ""), evaluator.Allow,
		},
		"a grant of another account, in part": {
			configured(planWith(role, key, create("aws_kms_key.l", `{"arn":"`+abroad+`","policy":`+quoted(strings.Replace(delegating, "111122223333", "444455556666", 1))+`}`),
				later("aws_kms_grant.g", `{"key_id":"`+abroad+`","operations":["Decrypt"],"grantee_principal":"arn:aws:iam::111122223333:role/r"}`, `{"constraints":true}`)), inOther, ""), evaluator.Conditional,
		},
		"a grant of another account to somebody else": {
			configured(planWith(role, key, create("aws_kms_key.l", `{"arn":"`+abroad+`","policy":`+quoted(strings.Replace(delegating, "111122223333", "444455556666", 1))+`}`),
				later("aws_kms_grant.g", `{"key_id":"`+abroad+`","operations":["Decrypt"],"grantee_principal":"arn:aws:iam::111122223333:role/other"}`, `{"constraints":true}`)), inOther, ""), evaluator.Deny,
		},
		"the spec of a primary key": {withPolicy(onlyIf(allowAll, "StringEquals", "kms:KeySpec", "RSA_2048"), role,
			later("aws_kms_key.primary", `{"arn":"arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab","policy":`+quoted(delegating)+`}`, `{"customer_master_key_spec":true}`),
			create("aws_kms_replica_key.l", `{"region":"us-west-2","primary_key_arn":"arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab","policy":`+quoted(delegating)+`}`)), evaluator.Conditional},
	} {
		t.Run(name, func(t *testing.T) {
			w := load(t, []byte(c.plan), terraform.Options{})
			d := ask(t, w, evaluator.New(w), "aws_iam_role.r", "kms:Decrypt", w.Keys[len(w.Keys)-1].LogicalID)
			require.Equal(t, c.want, d.Decision, "%v %v", d.Message, shownOf(w))
			require.True(t, c.want != evaluator.Conditional || len(w.Warnings)+len(d.Conditions) > 0)
		})
	}
}

// TestEndpoints loads the policies of VPC endpoints, known and unknown.
func TestEndpoints(t *testing.T) {
	const kms, s3 = `"service_name":"com.amazonaws.eu-west-1.kms"`, `"service_name":"com.amazonaws.eu-west-1.s3"`
	allow := quoted(strings.Replace(denyKey, "Deny", "Allow", 1))
	endpoint := func(more, unknown string) string {
		return later("aws_vpc_endpoint.e", `{`+more+`}`, `{`+unknown+`}`)
	}
	policyOf := func(more, unknown string) string {
		return later("aws_vpc_endpoint_policy.p", `{`+more+`}`, `{`+unknown+`}`)
	}
	bound := func(doc *policy.Document) string {
		switch {
		case doc == nil:
			return "not loaded"
		case strings.HasPrefix(doc.Statements[0].Sid, "what it may"):
			return "unknown"
		case len(doc.Statements) == 1 && doc.Statements[0].Effect == policy.Deny:
			return "deny"
		default:
			return "allow"
		}
	}
	for name, c := range map[string]struct{ plan, want string }{
		"none":                        {configured(planWith(endpoint(kms, `"policy":true`)), `{"address":"aws_vpc_endpoint.e"}`, ""), "allow"},
		"computed":                    {configured(planWith(endpoint(kms, `"policy":true`)), `{"address":"aws_vpc_endpoint.e","expressions":{"policy":{}}}`, ""), "unknown"},
		"written":                     {planWith(endpoint(kms+`,"policy":`+quoted(denyKey), ``)), "deny"},
		"another service":             {planWith(endpoint(s3, `"policy":true`)), "not loaded"},
		"an unknown service":          {planWith(endpoint(`"policy":`+quoted(denyKey), `"service_name":true`)), "deny"},
		"replaced":                    {planWith(endpoint(kms+`,"id":"vpce-1","policy":`+allow, ``), policyOf(`"vpc_endpoint_id":"vpce-1","policy":`+quoted(denyKey), ``)), "deny"},
		"replaced by nothing":         {configured(planWith(endpoint(kms+`,"id":"vpce-1","policy":`+quoted(denyKey), ``), policyOf(`"vpc_endpoint_id":"vpce-1"`, `"policy":true`)), `{"address":"aws_vpc_endpoint_policy.p"}`, ""), "allow"},
		"replaced by nobody knows":    {planWith(endpoint(kms+`,"id":"vpce-1","policy":`+allow, ``), policyOf(`"vpc_endpoint_id":"vpce-1"`, `"policy":true`)), "unknown"},
		"perhaps replaced":            {planWith(endpoint(kms+`,"policy":`+allow, ``), policyOf(`"policy":`+quoted(denyKey), `"vpc_endpoint_id":true`)), "unknown"},
		"not in the plan":             {planWith(policyOf(`"vpc_endpoint_id":"vpce-9","policy":`+quoted(denyKey), ``)), "deny"},
		"another service is replaced": {planWith(endpoint(s3+`,"id":"vpce-1"`, ``), policyOf(`"vpc_endpoint_id":"vpce-1","policy":`+quoted(denyKey), ``)), "not loaded"},
		"its policy is taken away": {planWith(endpoint(kms+`,"id":"vpce-1","policy":`+quoted(denyKey), ``),
			`{"address":"aws_vpc_endpoint_policy.p","change":{"actions":["delete"],"before":{"vpc_endpoint_id":"vpce-1","policy":`+quoted(denyKey)+`},"after":null,"after_unknown":{}}}`), "allow"},
	} {
		t.Run(name, func(t *testing.T) {
			w := load(t, []byte(c.plan), terraform.Options{})
			var doc *policy.Document
			for _, doc = range w.Endpoints {
				require.Len(t, w.Endpoints, 1)
			}
			require.Equal(t, c.want, bound(doc), "%v", shownOf(w))
		})
	}
}

// TestUnknownState holds what decides nothing to be said when it is unknown.
func TestUnknownState(t *testing.T) {
	w := load(t, []byte(configured(planWith(later("aws_kms_key.k", `{}`, `{"is_enabled":true,"bypass_policy_lockout_safety_check":true,"policy":true}`)),
		`{"address":"aws_kms_key.k","expressions":{"is_enabled":{},"bypass_policy_lockout_safety_check":{"references":["local.x"]}}}`, "")), terraform.Options{})
	said := strings.Join(w.Keys[0].Unknown, "\n")
	require.Contains(t, said, "is_enabled of aws_kms_key.k is unknown")
	require.Contains(t, said, "bypass_policy_lockout_safety_check of aws_kms_key.k is unknown")
	require.Len(t, w.Warnings, 2)
}
