package api

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// samples are values of members that do not take just any text.
var samples = map[string]any{
	"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA", "PolicyDocument": document, "AccountAlias": "acme",
	"PermissionsBoundary": "arn:aws:iam::" + home + ":policy/P", "PolicyArn": "arn:aws:iam::" + home + ":policy/P",
	"PolicySourceArn": userARN("/alice"), "AssumeRolePolicyDocument": document, "VersionId": "v1",
	"AWSServiceName": "ops.apigateway.amazonaws.com", "DeletionTaskId": "task/a/b",
	"PolicyInputList": []string{document}, "ActionNames": []string{"kms:Decrypt"}, "MaxSessionDuration": 3600,
	"ContextKeyNames": []string{"a"},
}

// sample is an input with every member that is required. Users, groups and so on have the name.
func sample(of reflect.Type, name string) in {
	out := in{}
	for _, field := range fields(of) {
		tag := rules.Parse(field.Tag.Get("iam"))
		value, known := samples[field.Name]
		switch {
		case !tag.Required && field.Name != "UserName":
		case known:
			out[field.Name] = value
		case tag.Enum != "":
			out[field.Name] = enums[tag.Enum][0]
		case field.Type == reflect.TypeFor[[]tagOf]():
			out[field.Name] = []in{{"Key": "k", "Value": "v"}}
		case field.Type == reflect.TypeFor[[]string]():
			out[field.Name] = []string{"k"}
		default:
			out[field.Name] = name
		}
	}
	return out
}

// tagOf is tag, which is hidden where a variable has the name.
type tagOf = tag

// TestNothingIsToldOrDoneUnasked denies everything: each operation ends with that, alike for what is there and for
// what is not, and nothing changes.
func TestNothingIsToldOrDoneUnasked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.root().do("CreateUser", in{"UserName": "alice"})
	f.root().do("CreateGroup", in{"GroupName": "alice"})
	f.root().do("AddUserToGroup", in{"GroupName": "alice", "UserName": "alice"})
	before := f.root().do("GetAccountAuthorizationDetails", in{})
	for _, name := range operations.Names() {
		t.Run(name, func(t *testing.T) {
			for _, who := range []string{"alice", "nobody"} {
				c := f.root()
				c.f, c.denies = &fixture{t, f.identities, f.service}, "*"
				_, err := c.try(name, sample(reflect.TypeOf(operations.Input(name)).Elem(), who))
				require.ErrorIs(t, err, errDenied)
				require.Len(t, c.asked, 1)
				require.Regexp(t, "^iam:[A-Z]", c.asked[0].Action)
				require.NotEmpty(t, c.asked[0].Resource)
			}
		})
	}
	require.Equal(t, before, f.root().do("GetAccountAuthorizationDetails", in{}))
}
