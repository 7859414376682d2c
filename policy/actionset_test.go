package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func names(s ActionSet) []string {
	out := []string{}
	for _, a := range s.Actions() {
		out = append(out, a.Operation())
	}
	return out
}

func TestActionSet(t *testing.T) {
	decrypt, _ := LookupAction("Decrypt")
	verify, _ := LookupAction("VerifyMac")
	var s ActionSet
	require.True(t, s.IsEmpty())
	s.Add(decrypt)
	s.Add(verify)
	s.Add(verify)
	require.Equal(t, 2, s.Len())
	require.True(t, s.Has(decrypt) && s.Has(verify))
	require.Equal(t, []string{"Decrypt", "VerifyMac"}, names(s))
	require.Equal(t, s, s.Intersect(AllActions()))
	require.Equal(t, AllActions(), s.Union(AllActions()))
	require.Equal(t, AllActions().Len()-2, AllActions().Minus(s).Len())
	require.True(t, AllActions().Contains(s) && s.Contains(s) && !s.Contains(AllActions()))
	require.Equal(t, ActionSet{}, s.Minus(AllActions()))
}

func TestStringsActionSet(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   []string
	}{
		{[]string{"kms:Decrypt"}, []string{"Decrypt"}},
		{[]string{"KMS:dEcrypt"}, []string{"Decrypt"}},
		{[]string{"Decrypt"}, []string{}},
		{[]string{"kms:ReEncrypt*"}, []string{"ReEncryptFrom", "ReEncryptTo"}},
		{[]string{"kms:generatedatakey*", "kms:Sign"}, []string{
			"GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "Sign",
		}},
		{[]string{"kms:???n"}, []string{"Sign"}},
		{[]string{"kms:*ryp*om"}, []string{"ReEncryptFrom"}},
		{[]string{"k?s:Verif*c**"}, []string{"VerifyMac"}},
		{[]string{"sts:AssumeRole"}, []string{"AssumeRole"}},
		{[]string{"sts:Assume*"}, []string{"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}},
		{[]string{"AssumeRole"}, []string{}},
		{[]string{"s3:*", "kms:Nothing", "kms:Sig?n"}, []string{}},
	} {
		s := &Strings{}
		for _, v := range c.values {
			s.Values = append(s.Values, Value{Text: v})
		}
		require.Equal(t, c.want, names(s.ActionSet()), c.values)
		inverse := &Strings{Negated: true, Values: s.Values}
		require.Equal(t, AllActions(), s.ActionSet().Union(inverse.ActionSet()))
		require.True(t, s.ActionSet().Intersect(inverse.ActionSet()).IsEmpty())
	}
	for text, want := range map[string]ActionSet{
		"*": AllActions(), "*:*": AllActions(), "kms:*": ServiceActions("kms"), "k*": ServiceActions("kms"), "KMS:*": ServiceActions("kms"),
		"iam:*": ServiceActions("iam"), "sts:*": ServiceActions("sts"), "?am:*": ServiceActions("iam"), "s*s:*": ServiceActions("sts"),
	} {
		require.Equal(t, want, (&Strings{Values: []Value{{Text: text}}}).ActionSet(), text)
	}
	require.Equal(t, []string{"AddUserToGroup", "CreateUser", "DeleteUser", "GetUser", "ListUsers", "TagUser", "UntagUser", "UpdateUser"},
		names((&Strings{Values: []Value{
			{Text: "iam:???????USER"},
			{Text: "iam:??????User"},
			{Text: "iam:Create[User"},
			{Text: "iam:ListUsers"},
			{Text: "iam:*?gUser"},
			{Text: "iam:GetUser"},
			{Text: "iam:AddUser*"},
		}}).ActionSet()))
	unresolved := &Strings{Values: []Value{{Text: "*", Unresolved: true}}}
	require.True(t, unresolved.ActionSet().IsEmpty())
}
