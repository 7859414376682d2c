package kms

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAliasesComeAndGo(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:kms:us-east-1:111122223333:alias/"
	f := newFixture(t)
	alice := f.alice()
	one, oneARN := alice.createKey(in{})
	two, _ := alice.createKey(in{})
	created := f.time()
	alice.do("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": oneARN})
	require.Equal(t, []string{"kms:CreateAlias" + prefix + "app", "kms:CreateAlias"}, alice.actions())
	f.advance(time.Hour)
	alice.do("UpdateAlias", in{"AliasName": "alias/app", "TargetKeyId": two})
	require.Equal(t, []string{"kms:UpdateAlias" + prefix + "app", "kms:UpdateAlias", "kms:UpdateAlias"}, alice.actions())
	require.Equal(t, []string{one, two}, []string{alice.asked[1].Key.ID, alice.asked[2].Key.ID}, "both keys are decided about")
	require.Equal(t, map[string]any{"Truncated": false, "Aliases": []any{map[string]any{
		"AliasName": "alias/app", "AliasArn": prefix + "app", "TargetKeyId": two,
		"CreationDate": float64(created.Unix()), "LastUpdatedDate": float64(f.time().Unix()),
	}}}, alice.do("ListAliases", in{}))
	require.Equal(t, two, alice.describe("alias/app")["KeyId"])
	require.Empty(t, f.service.state.current.Load().keyByID(one, "us-east-1").Aliases)
	require.Equal(t, []string{"alias/app"}, f.service.state.current.Load().keyByID(two, "us-east-1").Aliases)
	f.restart()
	require.Equal(t, []string{"alias/app"}, f.service.state.current.Load().keyByID(two, "us-east-1").Aliases)
	alice.do("DeleteAlias", in{"AliasName": "alias/app"})
	require.Equal(t, []string{"kms:DeleteAlias" + prefix + "app", "kms:DeleteAlias"}, alice.actions())
	alice.fails("DescribeKey", in{"KeyId": "alias/app"}, CodeNotFound, "Alias "+prefix+"app is not found.")
	require.Empty(t, f.service.state.current.Load().keyByID(two, "us-east-1").Aliases)
}

func TestAliasesThatAreRefused(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:kms:us-east-1:111122223333:alias/"
	const noPrefix = "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	hmac, hmacARN := alice.createKey(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	alice.do("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": id})
	for _, test := range []struct{ operation, name, target, code, message string }{
		{"CreateAlias", "app", id, CodeValidation, noPrefix},
		{"CreateAlias", "alias/", id, CodeInvalidAliasName, ""},
		{"CreateAlias", "alias/aws/s3", id, CodeInvalidAliasName, ""},
		{"DeleteAlias", "alias/aws/s3", id, CodeInvalidAliasName, ""},
		{"UpdateAlias", "alias/aws/s3", id, CodeInvalidAliasName, ""},
		{"CreateAlias", "alias/a:b", id, CodeValidation, "alias/a:b contains invalid characters for an alias"},
		{"CreateAlias", "alias/app", id, CodeAlreadyExists, "An alias with the name " + prefix + "app already exists"},
		{"CreateAlias", "alias/new", "alias/app", CodeValidation, "Aliases must refer to keys. Not aliases"},
		{"UpdateAlias", "alias/app", "alias/app", CodeValidation, "Aliases must refer to keys. Not aliases"},
		{"UpdateAlias", "alias/none", id, CodeNotFound, "Alias " + prefix + "none is not found."},
		{"DeleteAlias", "alias/none", id, CodeNotFound, "Alias " + prefix + "none is not found."},
		{
			"UpdateAlias", "alias/app", hmac, CodeValidation,
			"Alias cannot be changed from key " + arn + " to key " + hmacARN + ": the keys must be of the same type and have the same key usage.",
		},
	} {
		alice.fails(test.operation, in{"AliasName": test.name, "TargetKeyId": test.target}, test.code, test.message)
	}
	for _, operation := range []string{"CreateAlias", "UpdateAlias", "DeleteAlias"} {
		name := map[string]string{"CreateAlias": "alias/new", "UpdateAlias": "alias/app", "DeleteAlias": "alias/app"}[operation]
		for side := range 2 {
			alice.deny = func(a *Access) bool { return (a.Alias != "") == (side == 0) }
			alice.fails(operation, in{"AliasName": name, "TargetKeyId": id}, CodeAccessDenied, "denied kms:"+operation)
		}
		alice.deny = nil
	}
	require.Equal(t, []string{"alias/app"}, alice.list("ListAliases", "Aliases", "AliasName", in{}))
	require.Equal(t, id, alice.describe("alias/app")["KeyId"])
	for i := range maxAliasesPerKey - 1 {
		alice.do("CreateAlias", in{"AliasName": fmt.Sprintf("alias/%d", i), "TargetKeyId": id})
	}
	_, err := alice.try("CreateAlias", in{"AliasName": "alias/more", "TargetKeyId": id})
	require.Equal(t, CodeLimitExceeded, withoutCause(t, err).Code)
}

// TestListsPage: every list ends, has everything, and has it once, whatever the size of the pages.
func TestListsPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice, abroad := f.alice(), f.as("444455556666")
	abroad.createKey(in{})
	f.alice().inIreland().createKey(in{})
	var ids, names []string
	for i := range 105 {
		id, _ := alice.createKey(in{})
		ids = append(ids, id)
		names = append(names, fmt.Sprintf("alias/%d", i))
		alice.do("CreateAlias", in{"AliasName": names[i], "TargetKeyId": id})
		if i < 30 {
			alice.do("CreateAlias", in{"AliasName": fmt.Sprintf("alias/first/%d", i), "TargetKeyId": ids[0]})
			alice.do("TagResource", in{"KeyId": ids[0], "Tags": []in{{"TagKey": strconv.Itoa(i), "TagValue": ""}}})
		}
	}
	slices.Sort(ids)
	first := alice.describe("alias/0")["KeyId"]
	for _, limit := range []int{1, 7, 104, 105, 1000} {
		require.Equal(t, ids, alice.list("ListKeys", "Keys", "KeyId", in{"Limit": limit}), limit)
		require.Len(t, alice.list("ListAliases", "Aliases", "AliasName", in{"Limit": limit}), 135, limit)
		require.Len(t, alice.list("ListAliases", "Aliases", "AliasName", in{"Limit": limit, "KeyId": first}), 31, limit)
		require.Len(t, alice.list("ListResourceTags", "Tags", "TagKey", in{"Limit": limit, "KeyId": first}), 30, limit)
	}
	require.Len(t, alice.do("ListKeys", in{})["Keys"], maxAnswers)
	require.Subset(t, alice.list("ListAliases", "Aliases", "AliasName", in{}), names)

	marker := alice.do("ListKeys", in{"Limit": 1})["NextMarker"]
	for _, wrong := range []any{"x", "%%", marker.(string) + "!"} {
		alice.fails("ListKeys", in{"Marker": wrong}, CodeInvalidMarker, "Invalid marker.")
	}
	alice.fails("ListAliases", in{"Marker": marker}, CodeInvalidMarker, "Invalid marker.")
}
