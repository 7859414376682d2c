package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCatalogue(t *testing.T) {
	actions := ServiceActions("kms").Actions()
	require.Len(t, actions, 58)
	grantable, crossAccount := 0, 0
	for i, a := range actions {
		require.Equal(t, i, a.Index)
		require.True(t, a.IsKMS())
		require.NotEmpty(t, a.AccessLevels, a.Name)
		require.Equal(t, a.On("key"), a.Populates("kms:KeySpec") && a.Name != "kms:CreateKey", a.Name)
		require.False(t, a.Grantable && !a.On("key"), a.Name)
		require.IsIncreasing(t, a.ConditionKeys, a.Name)
		for key, value := range a.Defaults {
			require.True(t, a.Populates(key), "%s %s", a.Name, key)
			require.NotEmpty(t, value)
		}
		found, ok := LookupAction(strings.ToUpper(a.Name))
		require.True(t, ok)
		require.Same(t, a, found)
		found, ok = LookupAction(a.Operation())
		require.True(t, ok)
		require.Same(t, a, found)
		if a.Grantable {
			grantable++
		}
		if a.CrossAccount {
			crossAccount++
		}
	}
	require.Equal(t, 19, grantable)
	require.Equal(t, 22, crossAccount)
	_, ok := LookupAction("kms:ReEncrypt")
	require.False(t, ok, "there is no permission kms:ReEncrypt")
}

// The other services have their actions, their types of resource and condition keys, and nothing that is of KMS.
func TestCatalogueOfServices(t *testing.T) {
	actions := Actions()
	require.Len(t, actions, AllActions().Len())
	kms := ServiceActions("kms")
	counts := map[string]int{}
	for i, a := range actions {
		require.Equal(t, i, a.Index)
		require.NotEmpty(t, a.AccessLevels, a.Name)
		require.NotEmpty(t, ServiceTitle(a.Name), a.Name)
		counts[a.Service()]++
		found, ok := LookupAction(strings.ToUpper(a.Name))
		require.True(t, ok)
		require.Same(t, a, found)
		if kms.Has(a) {
			continue
		}
		require.False(t, a.Grantable || a.InKeyPolicy || a.On("key") || a.On("alias"), a.Name)
		require.Equal(t, a.CrossAccount, a.Service() == "sts" && a.On("role"), a.Name)
		require.False(t, a.Populates("kms:CallerAccount"), a.Name)
		for _, r := range a.Resources {
			require.NotEmpty(t, theCatalogue.services[a.Service()].arns[r.Name], "%s acts on %s", a.Name, r.Name)
		}
		for _, key := range a.ConditionKeys {
			require.True(t, HasService(FoldKey(key)), key)
		}
	}
	require.Equal(t, map[string]int{"kms": 58, "iam": 99, "sts": 10, "cloudformation": 28, "organizations": 34}, counts)
	require.Empty(t, ServiceActions("s3"))
	_, ok := LookupAction("AssumeRole")
	require.False(t, ok, "the namespace is optional for KMS only")
}

func TestTypeOf(t *testing.T) {
	for _, c := range []struct{ action, arn, want string }{
		{"iam:CreateUser", "arn:aws:iam::111122223333:user/people/alice", "user"},
		{"iam:CreateUser", "arn:aws:iam::111122223333:user/", ""},
		{"iam:CreateUser", "arn:aws:iam::111122223333:role/App", ""},
		{"iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", "policy"},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/App", "role"},
		{"sts:AssumeRole", "arn:aws:sts::111122223333:role/App", ""},
		{"sts:GetFederationToken", "arn:aws:sts::111122223333:federated-user/x", "federated-user"},
		{"cloudformation:CreateStack", "arn:aws:cloudformation:us-east-1:111122223333:stack/app/*", "stack"},
		{"cloudformation:CreateStack", "arn:aws:cloudformation::111122223333:stack/app/*", ""},
		{"organizations:AttachPolicy", "arn:aws:organizations::111122223333:ou/o-1/ou-1", "organizationalunit"},
		{"organizations:AttachPolicy", "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "policy"},
		{"kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/1", ""},
	} {
		action, ok := LookupAction(c.action)
		require.True(t, ok, c.action)
		arn, ok := ParseARN(c.arn)
		require.True(t, ok, c.arn)
		got, ok := action.TypeOf(arn)
		require.Equal(t, c.want, got, "%s %s", c.action, c.arn)
		require.Equal(t, c.want != "", ok)
	}
}

func TestUnchecked(t *testing.T) {
	var unchecked []string
	for _, a := range Actions() {
		if a.Unchecked {
			unchecked = append(unchecked, a.Name)
		}
	}
	require.Equal(t, []string{"sts:GetCallerIdentity", "sts:GetSessionToken"}, unchecked)
}

func TestServiceTitle(t *testing.T) {
	for action, want := range map[string]string{
		"kms:Decrypt": "AWS KMS", "Decrypt": "AWS KMS", "s3:GetObject": "AWS KMS", "IAM:CreateUsr": "AWS IAM", "sts:X": "AWS STS",
		"organizations:X": "AWS Organizations", "cloudformation:X": "AWS CloudFormation",
	} {
		require.Equal(t, want, ServiceTitle(action), action)
	}
}

func TestActionData(t *testing.T) {
	decrypt, ok := LookupAction("kms:decrypt")
	require.True(t, ok)
	require.Equal(t, "kms:Decrypt", decrypt.Name)
	require.Equal(t, []string{"Write"}, decrypt.AccessLevels)
	require.Equal(t, []ResourceType{{Name: "key", Required: true}}, decrypt.Resources)
	require.Equal(t, map[string]string{"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, decrypt.Defaults)
	for key, want := range map[string]bool{
		"kms:encryptioncontext:Tenant":           true,
		"kms:EncryptionContextKeys":              true,
		"kms:RecipientAttestation:PCR31":         true,
		"kms:RecipientAttestation:PCR32":         false,
		"kms:CustomerMasterKeySpec":              true,
		"aws:ResourceTag/a":                      true,
		"AWS:SourceIP":                           true,
		"kms:GrantOperations":                    false,
		"kms:MessageType":                        false,
		"kms:NoSuchKey":                          false,
		"s3:prefix":                              false,
		"kms:RecipientAttestation:PCR":           false,
		"kms:recipientattestation:NITROTPMPCR23": true,
	} {
		require.Equal(t, want, decrypt.Populates(key), key)
	}
	alias, _ := LookupAction("UpdateAlias")
	require.True(t, alias.On("alias") && alias.On("key"))
	retire, _ := LookupAction("RetireGrant")
	require.False(t, retire.InKeyPolicy)
	create, _ := LookupAction("CreateKey")
	require.False(t, create.InKeyPolicy)
	require.Empty(t, create.Resources)
	require.Equal(t, "AWS_KMS", create.Defaults["kms:KeyOrigin"])
}

func TestNearestAction(t *testing.T) {
	for in, want := range map[string]string{
		"kms:Decyrpt": "kms:Decrypt", "kms:ReEncrypt": "kms:ReEncryptTo", "reencryptt": "kms:ReEncryptTo", "GenerateDatakeys": "kms:GenerateDataKey", "kms:ListKey": "kms:ListKeys",
		"iam:CreateUsr": "iam:CreateUser", "STS:assumerol": "sts:AssumeRole", "s3:Encrypt": "kms:Encrypt", "CreateUser": "kms:CreateKey",
		"kms:Nope": "", "kms:": "", "": "", "kms:S": "", "kms:Sig": "kms:Sign", "fly": "", "iam:Decrypt": "",
	} {
		require.Equal(t, want, NearestAction(in), in)
		hint := ActionHint(", perhaps %s", in)
		require.Equal(t, want, strings.TrimPrefix(hint, ", perhaps "))
		require.Equal(t, want == "", hint == "")
	}
}

func TestConditionKeys(t *testing.T) {
	kms, multivalued := 0, []string{}
	for _, k := range ConditionKeys() {
		require.Equal(t, !k.Global, HasService(FoldKey(k.Name)), k.Name)
		if k.Service() == "kms" {
			kms++
		}
		if k.Multivalued {
			multivalued = append(multivalued, k.Name)
		}
		found, ok := LookupConditionKey(strings.ToUpper(k.Name))
		require.True(t, ok, k.Name)
		require.Same(t, k, found)
		require.NotEqual(t, KeyTypeUnknown, k.Type)
	}
	// 98 in the service authorization reference, which counts three global keys.
	require.Equal(t, 95, kms)
	require.Equal(t, []string{
		"kms:EncryptionContextKeys", "kms:GrantOperations", "kms:ResourceAliases",
		"aws:CalledVia", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:ResourceOrgPaths",
		"aws:SourceOrgPaths", "aws:TagKeys", "aws:VpceOrgPaths",
		"cloudformation:ResourceTypes", "sts:TransitiveTagKeys",
	}, multivalued)

	tag, ok := LookupConditionKey("AWS:resourcetag/Team")
	require.True(t, ok)
	require.Equal(t, "aws:ResourceTag/${TagKey}", tag.Name)
	require.True(t, tag.IAMOnly && tag.Global)
	aliases, _ := LookupConditionKey("kms:ResourceAliases")
	require.True(t, aliases.IAMOnly && aliases.Multivalued && !aliases.Global)
	for _, name := range []string{"", "aws:ResourceTag/", "kms:EncryptionContext:", "kms:EncryptionContext"} {
		_, ok := LookupConditionKey(name)
		require.False(t, ok, name)
	}
	date, _ := LookupConditionKey("aws:currenttime")
	require.Equal(t, KeyTypeDate, date.Type)
}

func TestBadCatalogue(t *testing.T) {
	for src, want := range map[string]string{
		`{`: "unexpected end",
		`{"keys": [{"name": "kms:X", "type": "Text"}]}`:                                     `condition key kms:X has unknown type "Text"`,
		`{"globalKeys": [{"name": "aws:X", "type": "Text"}]}`:                               `condition key aws:X has unknown type "Text"`,
		`{"actions": [{"name": "kms:A", "conditionKeys": ["kms:X"]}]}`:                      `action kms:A has unknown condition key "kms:X"`,
		`{"actions": [{"name": "kms:B"}, {"name": "kms:A"}]}`:                               "not sorted",
		`{"actions": [` + strings.Repeat(`{"name": "kms:A"},`, 256) + `{"name": "kms:A"}]}`: "more than 256 actions are too many",
	} {
		_, err := loadCatalogue([]byte(src))
		require.ErrorContains(t, err, want)
		require.Panics(t, func() { mustLoadCatalogue([]byte(src)) })
	}
}

func TestHasService(t *testing.T) {
	for folded, want := range map[string]bool{
		"kms:viaservice": true, "sts:externalid": true, "aws:sourceip": false, "accounts.google.com:aud": false, "kms": false, "": false,
	} {
		require.Equal(t, want, HasService(folded), folded)
	}
}
