package cloudformation_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// everything is a template with a bit of everything that decides.
const everything = `{"Resources": {
"K": {"Type": "AWS::KMS::Key", "Properties": {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": false, "Tags": [{"Key": "team", "Value": "red"}], "KeyPolicy": {"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/direct"]}, "Action": "kms:*", "Resource": "*"},
 {"Sid": "No", "Effect": "Deny", "Principal": {"AWS": ["arn:aws:iam::111122223333:user/denied"]}, "Action": ["kms:Decrypt", "kms:Sign"], "Resource": "*", "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}]}}},
"L": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/denied"}, "NotAction": ["kms:Decrypt"], "Resource": "*"}}}},
"A": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/a", "TargetKeyId": {"Ref": "K"}}},
"G": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "g", "ManagedPolicyArns": [{"Ref": "M"}], "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:PutKeyPolicy", "Resource": "*"}]}}]}},
"M": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "m", "Users": ["tagged"], "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": {"Fn::GetAtt": ["K", "Arn"]}, "Condition": {"StringEquals": {"aws:ResourceTag/team": "red", "kms:KeySpec": "SYMMETRIC_DEFAULT"}}}]}}},
"Direct": {"Type": "AWS::IAM::User", "Properties": {"UserName": "direct", "Groups": ["g"]}},
"Denied": {"Type": "AWS::IAM::User", "Properties": {"UserName": "denied", "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}},
"Tagged": {"Type": "AWS::IAM::User", "Properties": {"UserName": "tagged", "Tags": [{"Key": "team", "Value": "red"}]}},
"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}, "PermissionsBoundary": {"Ref": "B"}, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}},
"B": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "b", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}}},
"P": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "p", "Users": ["tagged"], "Groups": ["g"], "Roles": ["r"], "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Sign", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/a"]}}}]}}},
"Add": {"Type": "AWS::IAM::UserToGroupAddition", "Properties": {"GroupName": "g", "Users": ["tagged"]}}
}}`

// TestNeverAbsent makes every part of the properties of a template unknown, one at a time: an answer stays what it is or becomes
// conditional. What says what a user, group, role or policy is called is left alone: the question would be another.
func TestNeverAbsent(t *testing.T) {
	shared := evaluator.New(&source.World{})
	was, ok := answersOf(t, shared, []byte(everything))
	require.True(t, ok)
	require.Contains(t, slices.Collect(maps.Values(was)), evaluator.Allow)
	var template map[string]any
	require.NoError(t, json.Unmarshal([]byte(everything), &template))
	open, refused, all := 0, 0, 0
	var visit func(path string, at any, set func(any))
	visit = func(path string, at any, set func(any)) {
		set(map[string]any{"Fn::ImportValue": "unknown"})
		src, err := json.Marshal(template)
		require.NoError(t, err)
		now, ok := answersOf(t, shared, src)
		all++
		if !ok {
			refused++ // with a located error
		}
		for question, answer := range now {
			require.Contains(t, []evaluator.Verdict{was[question], evaluator.Conditional}, answer, "%s unknown: %s", path, question)
			if answer != was[question] {
				open++
			}
		}
		set(at)
		switch at := at.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(at)) {
				if !strings.HasPrefix(name, "Fn::") && name != "Ref" {
					visit(path+"/"+name, at[name], func(v any) { at[name] = v })
				}
			}
		case []any:
			for i := range at {
				visit(path+"/"+strconv.Itoa(i), at[i], func(v any) { at[i] = v })
			}
		}
	}
	resources := template["Resources"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		properties := resources[id].(map[string]any)["Properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if name == "UserName" || name == "RoleName" || name == "ManagedPolicyName" || name == "GroupName" && id == "G" {
				continue
			}
			visit(id+"/"+name, properties[name], func(v any) { properties[name] = v })
		}
	}
	t.Logf("%d parts, %d of them refused, %d answers became conditional", all, refused, open)
	require.Greater(t, open, 2*all)
	require.Less(t, 4*refused, all)
}

// answersOf decides what everybody may do with every key; ok is false when the template is refused.
func answersOf(t *testing.T, shared *evaluator.Evaluator, src []byte) (answers map[string]evaluator.Verdict, ok bool) {
	t.Helper()
	w := &source.World{}
	if err := cloudformation.Load(w, "t.json", src, options); err != nil {
		require.ErrorContains(t, err, "t.json:1:")
		return nil, false
	}
	e := shared.In(w)
	answers = map[string]evaluator.Verdict{}
	for _, principal := range []string{"Direct", "Denied", "Tagged", "R"} {
		p, err := w.Principal(principal)
		require.NoError(t, err)
		for _, key := range []string{"K", "L"} {
			k, _, err := w.Key(key)
			require.NoError(t, err)
			for _, action := range []string{"kms:Decrypt", "kms:Encrypt", "kms:PutKeyPolicy", "kms:Sign"} {
				d, err := e.Authorize(t.Context(), evaluator.Request{Principal: p, Action: action, Key: k, Context: evaluator.Context{}})
				require.NoError(t, err)
				answers[principal+" "+action+" "+key] = d.Decision
			}
		}
	}
	return answers, true
}
