package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
)

const (
	simulatedKey = "arn:aws:kms:us-east-1:" + home + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	theirKey     = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	allowAll     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// keyring are keys by their ARNs.
type keyring map[string]*kms.Key

// KeyByARN implements [enforce.Keys].
func (k keyring) KeyByARN(arn string) *kms.Key { return k[arn] }

// put gives a key a policy.
func (k keyring) put(t *testing.T, arn, text string) {
	t.Helper()
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(text))
	require.False(t, diags.HasErrors(), diags)
	k[arn] = &kms.Key{ARN: arn, Policy: text, PolicyDocument: doc, Tags: []kms.Tag{{TagKey: "env", TagValue: "prod"}}}
}

func keyPolicy(principal, action string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"%s","Resource":"*"}}`, principal, action)
}

// newSimulating is a fixture with a user alice of a group, a role App and a key that is left to IAM.
func newSimulating(t *testing.T) (*caller, keyring) {
	t.Helper()
	f := newFixture(t)
	keys := keyring{}
	keys.put(t, simulatedKey, keyPolicy("arn:aws:iam::"+home+":root", "kms:*"))
	enforcer, err := enforce.New(enforce.Config{World: enforce.World(f.identities), Mode: enforce.Strict})
	require.NoError(t, err)
	f.service.config.Simulator = enforcer.Simulator(keys)
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice", "Tags": []in{{"Key": "team", "Value": "red"}}})
	root.do("CreateGroup", in{"GroupName": "Devs"})
	root.do("AddUserToGroup", in{"UserName": "alice", "GroupName": "Devs"})
	root.do("PutGroupPolicy", in{"GroupName": "Devs", "PolicyName": "use", "PolicyDocument": document})
	root.do("CreateRole", in{"RoleName": "App", "AssumeRolePolicyDocument": trusting(userARN("/alice"))})
	return root, keys
}

// results are the results of a simulation of a principal.
func (c *caller) results(source string, input in) []evaluationResult {
	c.f.t.Helper()
	input["PolicySourceArn"] = source
	return c.do("SimulatePrincipalPolicy", input).(*simulateOutput).EvaluationResults
}

func (c *caller) custom(input in) evaluationResult {
	c.f.t.Helper()
	out := c.do("SimulateCustomPolicy", input).(*simulateOutput).EvaluationResults
	require.Len(c.f.t, out, 1)
	return out[0]
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	t.Parallel()
	root, keys := newSimulating(t)
	got := root.results(userARN("/alice"), in{"ActionNames": []string{"kms:Decrypt", "kms:Encrypt", "iam:GetUser"}, "ResourceArns": []string{"*", simulatedKey}})
	var decisions []string
	for _, r := range got {
		decisions = append(decisions, r.EvalActionName+" "+r.EvalDecision)
	}
	require.Equal(t, []string{
		"kms:Decrypt allowed", "kms:Decrypt allowed", "kms:Encrypt implicitDeny", "kms:Encrypt implicitDeny",
		"iam:GetUser implicitDeny", "iam:GetUser implicitDeny",
	}, decisions)
	require.Empty(t, got[0].ResourceSpecificResults)
	require.Nil(t, got[0].EvalDecisionDetails)
	statement := strings.Index(document, `{"Effect"`)
	want := []matchedStatement{{
		"group_Devs_use", "group", &textPosition{1, int32(statement + 1)}, &textPosition{1, int32(len(document) - 1)},
	}}
	require.Equal(t, want, got[0].MatchedStatements)
	require.Equal(t, simulatedKey, got[1].ResourceSpecificResults[0].EvalResourceName)
	require.Equal(t, evalAllowed, got[1].ResourceSpecificResults[0].EvalResourceDecision)
	require.Equal(t, map[string]string{}, got[1].EvalDecisionDetails)

	// The key policy and the role count, too.
	keys.put(t, simulatedKey, keyPolicy(roleARN("/App"), "kms:Encrypt"))
	both := in{"ActionNames": []string{"kms:Encrypt", "kms:Decrypt"}, "ResourceArns": []string{simulatedKey}}
	require.Equal(t, evalImplicitDeny, root.results(userARN("/alice"), both)[1].EvalDecision, "the key policy does not leave it to IAM")
	ofRole := root.results(roleARN("/App"), both)
	require.Equal(t, []string{evalAllowed, evalImplicitDeny}, []string{ofRole[0].EvalDecision, ofRole[1].EvalDecision})
	require.Equal(t, "resource", ofRole[0].MatchedStatements[0].SourcePolicyType)

	// A member of a group, whoever it is.
	keys.put(t, simulatedKey, keyPolicy("arn:aws:iam::"+home+":root", "kms:*"))
	require.Equal(t, evalAllowed, root.results("arn:aws:iam::"+home+":group/Devs", both)[1].EvalDecision)

	// Trust policies count as well.
	root.do("PutUserPolicy", in{"UserName": "alice", "PolicyName": "assume", "PolicyDocument": strings.Replace(document, "kms:Decrypt", "sts:AssumeRole", 1)})
	assume := in{"ActionNames": []string{"sts:AssumeRole"}, "ResourceArns": []string{roleARN("/App")}}
	require.Equal(t, evalAllowed, root.results(userARN("/alice"), assume)[0].EvalDecision)
	root.do("UpdateAssumeRolePolicy", in{"RoleName": "App", "PolicyDocument": trusting("arn:aws:iam::444455556666:root")})
	require.Equal(t, evalImplicitDeny, root.results(userARN("/alice"), assume)[0].EvalDecision)
}

func TestSimulateWhatLimits(t *testing.T) {
	t.Parallel()
	root, _ := newSimulating(t)
	decrypt := func(more in) in {
		out := in{"ActionNames": []string{"kms:Decrypt"}, "ResourceArns": []string{simulatedKey}}
		maps.Copy(out, more)
		return out
	}
	deny := strings.Replace(document, "Allow", "Deny", 1)
	got := root.results(userARN("/alice"), decrypt(in{"PolicyInputList": []string{allowAll, deny}}))[0]
	require.Equal(t, evalExplicitDeny, got.EvalDecision)
	require.Len(t, got.MatchedStatements, 1, "the Deny alone")
	require.Equal(t, "PolicyInputList.2", got.MatchedStatements[0].SourcePolicyId)
	require.Nil(t, got.PermissionsBoundaryDecisionDetail)
	require.Nil(t, got.OrganizationsDecisionDetail)

	bounded := decrypt(in{"PermissionsBoundaryPolicyInputList": []string{strings.Replace(document, "Decrypt", "Encrypt", 1)}})
	got = root.results(userARN("/alice"), bounded)[0]
	require.Equal(t, evalImplicitDeny, got.EvalDecision)
	require.Equal(t, &boundaryDetail{false}, got.PermissionsBoundaryDecisionDetail)
	got = root.results(userARN("/alice"), decrypt(in{"PermissionsBoundaryPolicyInputList": []string{allowAll}}))[0]
	require.Equal(t, evalAllowed, got.EvalDecision)
	require.Equal(t, &boundaryDetail{true}, got.PermissionsBoundaryDecisionDetail)

	require.NoError(t, root.f.identities.Edit(t.Context(), func(e *iam.Edit) error {
		return e.PutOrganization(&iam.Organization{Account: home, ID: "o-1", SCPs: [][]*iam.Policy{{{Name: "scp", Text: deny}}}})
	}))
	got = root.results(userARN("/alice"), decrypt(nil))[0]
	require.Equal(t, evalExplicitDeny, got.EvalDecision)
	require.Equal(t, &organizationsDetail{false}, got.OrganizationsDecisionDetail)
	require.Empty(t, got.MatchedStatements, "policies of the organization are not told")
}

func TestSimulateCustomPolicy(t *testing.T) {
	t.Parallel()
	root, keys := newSimulating(t)
	keys.put(t, theirKey, keyPolicy("arn:aws:iam::"+home+":root", "kms:Decrypt"))
	conditional := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:tenant":"${aws:PrincipalTag/team}"}}}}`
	entry := func(value string) []in {
		return []in{{"ContextKeyName": "kms:EncryptionContext:tenant", "ContextKeyType": "string", "ContextKeyValues": []string{value}}}
	}
	for _, test := range []struct {
		name    string
		input   in
		want    string
		missing []string
		details map[string]string
	}{
		{"allowed", in{"PolicyInputList": []string{document}}, evalAllowed, []string{}, nil},
		{"some keys are not all", in{"PolicyInputList": []string{strings.Replace(document, `"Resource":"*"`, `"Resource":"`+simulatedKey+`"`, 1)}}, evalImplicitDeny, []string{}, nil},
		{"missing context", in{"PolicyInputList": []string{conditional}}, evalImplicitDeny, []string{"kms:EncryptionContext:tenant"}, nil},
		{"context, no tags", in{"PolicyInputList": []string{conditional}, "ContextEntries": entry("red")}, evalImplicitDeny, []string{}, nil},
		{"context and tags", in{"PolicyInputList": []string{conditional}, "ContextEntries": entry("red"), "CallerArn": userARN("/alice")}, evalAllowed, []string{}, nil},
		{"other context", in{"PolicyInputList": []string{conditional}, "ContextEntries": entry("blue"), "CallerArn": userARN("/alice")}, evalImplicitDeny, []string{}, nil},
		{"resource policy", in{
			"PolicyInputList": []string{document}, "ResourceArns": []string{simulatedKey}, "CallerArn": userARN("/nobody"),
			"ResourcePolicy": keyPolicy(userARN("/nobody"), "kms:Encrypt"),
		}, evalImplicitDeny, []string{}, map[string]string{}},
		{"key that is not there", in{"PolicyInputList": []string{document}, "ResourceArns": []string{simulatedKey + "0"}}, evalAllowed, []string{}, map[string]string{}},
		{"their key", in{"PolicyInputList": []string{document}, "ResourceArns": []string{theirKey}}, evalAllowed, []string{}, map[string]string{"IAM Policy": evalAllowed, "Resource Policy": evalAllowed}},
		{"their key that is not there", in{"PolicyInputList": []string{document}, "ResourceArns": []string{theirKey + "0"}}, evalImplicitDeny, []string{}, map[string]string{"IAM Policy": evalAllowed, "Resource Policy": evalImplicitDeny}},
		{"alias", in{"PolicyInputList": []string{allowAll}, "ActionNames": []string{"kms:CreateAlias"}, "ResourceArns": []string{"arn:aws:kms:us-east-1:" + home + ":alias/x"}}, evalAllowed, []string{}, map[string]string{}},
		{"tags of a user", in{
			"PolicyInputList": []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}}`},
			"ActionNames":     []string{"iam:GetUser"}, "ResourceArns": []string{userARN("/alice")},
		}, evalAllowed, []string{}, map[string]string{}},
		{"no such combination", in{"PolicyInputList": []string{allowAll}, "ActionNames": []string{"iam:GetUser"}, "ResourceArns": []string{simulatedKey}}, evalImplicitDeny, []string{}, map[string]string{}},
		{"no resource", in{"PolicyInputList": []string{allowAll}, "ActionNames": []string{"kms:ListKeys"}, "ResourceArns": []string{simulatedKey}}, evalAllowed, []string{}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &caller{f: &fixture{t, root.f.identities, root.f.service}, account: home}
			if test.input["ActionNames"] == nil {
				test.input["ActionNames"] = []string{"kms:Decrypt"}
			}
			got := c.custom(test.input)
			require.Equal(t, test.want, got.EvalDecision)
			require.Equal(t, test.details, got.EvalDecisionDetails)
			missing := got.MissingContextValues
			if len(got.ResourceSpecificResults) > 0 {
				require.Empty(t, missing)
				missing = got.ResourceSpecificResults[0].MissingContextValues
			}
			require.Equal(t, test.missing, missing)
		})
	}
}

// TestSimulatedSources: answers tell which policy decided, but not what is in the key policies of other accounts.
func TestSimulatedSources(t *testing.T) {
	t.Parallel()
	root, keys := newSimulating(t)
	arn := root.do("CreatePolicy", in{"PolicyName": "Own", "PolicyDocument": strings.Replace(document, "Decrypt", "Sign", 1), "Tags": []in{{"Key": "env", "Value": "x"}}}).(*createPolicyOutput).Policy.Arn
	root.do("AttachUserPolicy", in{"UserName": "alice", "PolicyArn": arn})
	root.do("AttachUserPolicy", in{"UserName": "alice", "PolicyArn": "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser"})
	tagged := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetPolicy","iam:GetRole"],"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/env":"x"}}}}`
	root.do("PutUserPolicy", in{"UserName": "alice", "PolicyName": "tagged", "PolicyDocument": tagged})
	root.do("TagRole", in{"RoleName": "App", "Tags": []in{{"Key": "env", "Value": "x"}}})
	for _, test := range []struct{ action, resource, id, kind string }{
		{"kms:Decrypt", simulatedKey, "group_Devs_use", "group"},
		{"kms:Sign", simulatedKey, "Own", "user-managed"},
		{"kms:DescribeKey", simulatedKey, "AWSKeyManagementServicePowerUser", "aws-managed"},
		{"iam:GetPolicy", arn, "user_alice_tagged", "user"},
		{"iam:GetRole", roleARN("/App"), "user_alice_tagged", "user"},
	} {
		got := root.results(userARN("/alice"), in{"ActionNames": []string{test.action}, "ResourceArns": []string{test.resource}})[0]
		require.Equal(t, evalAllowed, got.EvalDecision, test.action)
		statements := got.MatchedStatements
		require.Equal(t, test.id, statements[len(statements)-1].SourcePolicyId)
		require.Equal(t, test.kind, statements[len(statements)-1].SourcePolicyType)
		require.NotNil(t, statements[len(statements)-1].EndPosition)
	}
	root.do("PutRolePolicy", in{"RoleName": "App", "PolicyName": "own", "PolicyDocument": document})
	got := root.results(roleARN("/App"), in{"ActionNames": []string{"kms:Decrypt"}})[0]
	require.Equal(t, "role", got.MatchedStatements[0].SourcePolicyType)

	conditional := strings.Replace(keyPolicy("arn:aws:iam::"+home+":root", "kms:Decrypt"), `"Resource"`, `"Condition":{"Null":{"kms:EncryptionContext:secret":"false"}},"Resource"`, 1)
	for text, want := range map[string]string{keyPolicy("arn:aws:iam::"+home+":root", "kms:Decrypt"): evalAllowed, conditional: evalImplicitDeny} {
		keys.put(t, theirKey, text)
		got := root.results(userARN("/alice"), in{"ActionNames": []string{"kms:Decrypt"}, "ResourceArns": []string{theirKey}})[0]
		require.Equal(t, want, got.EvalDecision)
		require.Empty(t, got.ResourceSpecificResults[0].MissingContextValues)
		for _, st := range got.MatchedStatements {
			require.Equal(t, "group", st.SourcePolicyType)
		}
	}
}

func TestSimulationErrors(t *testing.T) {
	t.Parallel()
	root, _ := newSimulating(t)
	custom := func(more in) in {
		out := in{"PolicyInputList": []string{document}, "ActionNames": []string{"kms:Decrypt"}}
		maps.Copy(out, more)
		return out
	}
	source := func(arn string) in { return in{"PolicySourceArn": arn, "ActionNames": []string{"kms:Decrypt"}} }
	denied := "User:  is not authorized to perform this operation on resource: arn:aws:iam::444455556666:user/x"
	for _, test := range []struct {
		name, operation string
		input           in
		code, message   string
	}{
		{"nobody", "SimulatePrincipalPolicy", source(userARN("/nobody")), "NoSuchEntity", "The user with name nobody cannot be found."},
		{"other path", "SimulatePrincipalPolicy", source(userARN("/x/alice")), "NoSuchEntity", "The user with name alice cannot be found."},
		{"root", "SimulatePrincipalPolicy", source("arn:aws:iam::" + home + ":root"), "InvalidInput", "Invalid ARN: arn:aws:iam::" + home + ":root"},
		{"other account", "SimulatePrincipalPolicy", source("arn:aws:iam::444455556666:user/x"), "AccessDenied", denied},
		{"broken policy", "SimulateCustomPolicy", custom(in{"PolicyInputList": []string{"{"}}), "", "The policy document PolicyInputList.1 is invalid"},
		{"two boundaries", "SimulateCustomPolicy", custom(in{"PermissionsBoundaryPolicyInputList": []string{document, document}}), "InvalidInput", "Only one permissions boundary policy can be simulated."},
		{"action", "SimulateCustomPolicy", custom(in{"ActionNames": []string{"s3:GetObject"}}), "InvalidInput", "Invalid action name: s3:GetObject. The actions of AWS KMS, IAM, STS, Organizations and CloudFormation can be simulated."},
		{"too many", "SimulateCustomPolicy", custom(in{"ActionNames": slices.Repeat([]string{"kms:Decrypt"}, 101), "ResourceArns": slices.Repeat([]string{"*"}, 100)}), "InvalidInput", "The simulation has more than 10000 combinations of an action and a resource."},
		{"resource", "SimulateCustomPolicy", custom(in{"ResourceArns": []string{"key"}}), "InvalidInput", "Invalid ARN: key"},
		{"caller", "SimulateCustomPolicy", custom(in{"CallerArn": roleARN("/App")}), "InvalidInput", "CallerArn must be the ARN of an IAM user: " + roleARN("/App")},
		{"whose resource policy", "SimulateCustomPolicy", custom(in{"ResourcePolicy": keyPolicy("*", "kms:*")}), "InvalidInput", "CallerArn is required when a ResourcePolicy is given."},
		{"owner", "SimulateCustomPolicy", custom(in{"ResourceOwner": "me"}), "InvalidInput", "Invalid ResourceOwner: me"},
		{"option", "SimulateCustomPolicy", custom(in{"ResourceHandlingOption": "x"}), "InvalidInput", "Invalid ResourceHandlingOption: x"},
		{"context twice", "SimulateCustomPolicy", custom(in{"ContextEntries": []in{{"ContextKeyName": "aws:x", "ContextKeyValues": []string{"a"}}, {"ContextKeyName": "aws:x"}}}), "InvalidInput", "The context key aws:x is there more than once."},
		{"no list", "SimulateCustomPolicy", custom(in{"ContextEntries": []in{{"ContextKeyName": "aws:x", "ContextKeyType": "string", "ContextKeyValues": []string{"a", "b"}}}}), "InvalidInput", "The context key aws:x has more than one value, and its type is no list."},
		{"no name", "SimulateCustomPolicy", custom(in{"ContextEntries": []in{{"ContextKeyType": "string"}}}), "InvalidInput", "A context entry has no ContextKeyName."},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &caller{f: &fixture{t, root.f.identities, root.f.service}, account: home}
			if test.code == "" {
				_, err := c.try(test.operation, test.input)
				require.ErrorContains(t, err, test.message)
				return
			}
			c.fails(test.operation, test.input, test.code, test.message)
		})
	}
	(&fixture{t, newFixture(t).identities, newFixture(t).service}).root().fails("SimulateCustomPolicy", custom(nil), "ServiceFailure", "There is nothing here that simulates.")
}

func TestSimulationPages(t *testing.T) {
	t.Parallel()
	root, _ := newSimulating(t)
	input := in{"PolicyInputList": []string{document}, "ActionNames": []string{"kms:Decrypt", "kms:Encrypt", "kms:Sign"}, "ResourceArns": []string{"*", simulatedKey}, "MaxItems": 4}
	first := root.do("SimulateCustomPolicy", input).(*simulateOutput)
	require.Len(t, first.EvaluationResults, 4)
	input["Marker"] = first.Marker
	second := root.do("SimulateCustomPolicy", input).(*simulateOutput)
	require.Len(t, second.EvaluationResults, 2)
	require.False(t, second.IsTruncated)
	require.Equal(t, "kms:Sign", second.EvaluationResults[0].EvalActionName)
}
