package kms

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

func TestSeedMakesAKeyOnce(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	f := newFixture(t)
	grants := make([]*policy.Grant, 300)
	for i := range grants {
		grants[i] = &policy.Grant{
			GranteePrincipal: "arn:aws:iam::111122223333:user/bob", Operations: []string{"Decrypt"},
			RetiringPrincipal: "arn:aws:iam::111122223333:user/carol",
		}
	}
	grants[0].ID = "the-first"
	text := policyFor(everybody, `{}`)
	seed := &Seed{
		ARN: arn, Description: "seeded", Policy: text, Disabled: true, RotationPeriodInDays: 100,
		Tags: []Tag{{"b", "2"}, {"a", "1"}}, Aliases: []string{"alias/z", "alias/aws/s3"}, Grants: grants,
	}
	for i := range 3 {
		made, err := f.service.Seed(t.Context(), seed)
		require.NoError(t, err)
		require.Equal(t, Seeded{Made: i == 0}, made)
		f.restart()
	}
	alice := f.alice().inIreland()
	metadata := alice.describe("alias/z")
	require.Equal(t, arn, metadata["Arn"])
	require.Equal(t, "Disabled", metadata["KeyState"])
	require.Equal(t, "seeded", metadata["Description"])
	require.Equal(t, text, alice.do("GetKeyPolicy", in{"KeyId": arn})["Policy"])
	require.Equal(t, []string{"a", "b"}, alice.list("ListResourceTags", "Tags", "TagKey", in{"KeyId": arn}))
	require.Equal(t, []string{"alias/aws/s3", "alias/z"}, alice.list("ListAliases", "Aliases", "AliasName", in{"KeyId": arn}))
	require.Equal(t, float64(100), alice.do("GetKeyRotationStatus", in{"KeyId": arn})["RotationPeriodInDays"])
	key := f.service.state.current.Load().keyByID("1234abcd-12ab-34cd-56ef-1234567890ab", "eu-west-1")
	require.Len(t, key.Grants, len(grants))
	require.NotNil(t, key.grant("the-first"))
	alice.do("EnableKey", in{"KeyId": arn})
	alice.do("Encrypt", in{"KeyId": "alias/aws/s3", "Plaintext": []byte("x")})

	alice.do("ScheduleKeyDeletion", in{"KeyId": arn})
	f.advance(days(30))
	_, err := alice.try("DescribeKey", in{"KeyId": arn})
	require.Equal(t, CodeNotFound, withoutCause(t, err).Code)
	entries, _, err := f.store.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	entries = slices.DeleteFunc(entries, func(e store.Entry) bool { return e.Key == trackingKey })
	require.Len(t, entries, 1, "hundreds of grants go as well")
	require.Equal(t, "kms/seeded/111122223333/eu-west-1/1234abcd-12ab-34cd-56ef-1234567890ab", entries[0].Key)
	require.Zero(t, f.service.state.current.Load().retirable.Len())

	f.restart()
	made, err := f.service.Seed(t.Context(), seed)
	require.NoError(t, err)
	require.Equal(t, Seeded{}, made, "what was deleted is not made again")
	_, err = alice.try("DescribeKey", in{"KeyId": arn})
	require.Equal(t, CodeNotFound, withoutCause(t, err).Code)
}

func TestSeedOfAReplicaHasThePrimarysMaterial(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for region, kind := range map[string]string{"us-east-1": "PRIMARY", "eu-west-1": "REPLICA"} {
		made, err := f.service.Seed(t.Context(), &Seed{
			ARN: "arn:aws:kms:" + region + ":111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", MultiRegionKeyType: kind,
		})
		require.NoError(t, err)
		require.True(t, made.Made)
	}
	blob := f.alice().do("Encrypt", in{"KeyId": "mrk-1234abcd12ab34cd56ef1234567890ab", "Plaintext": []byte("x")})["CiphertextBlob"]
	out := f.alice().inIreland().do("Decrypt", in{"CiphertextBlob": blob})
	require.Equal(t, "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", out["KeyId"])
}

func TestSeedsThatAreRefused(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	f := newFixture(t)
	_, err := f.service.Seed(t.Context(), &Seed{ARN: "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", Aliases: []string{"alias/taken"}})
	require.NoError(t, err)
	tooMany := []string{}
	for i := range maxAliasesPerKey + 1 {
		tooMany = append(tooMany, fmt.Sprintf("alias/%d", i))
	}
	for _, seed := range []*Seed{
		{},
		{ARN: "arn:aws:kms:us-east-1:111122223333:key/app"},
		{ARN: "arn:aws:kms:us-east-1:111122223333:alias/app"},
		{ARN: arn, Policy: "{"},
		{ARN: arn, Spec: "ROT13", Usage: "ENCRYPT_DECRYPT"},
		{ARN: arn, Spec: "HMAC_256"},
		{ARN: arn, Aliases: []string{"app"}},
		{ARN: arn, Aliases: []string{"alias/ä"}},
		{ARN: arn, Aliases: []string{"alias/aws/"}},
		{ARN: arn, Aliases: tooMany},
		{ARN: arn, Grants: []*policy.Grant{{ID: "a/b"}}},
	} {
		made, err := f.service.Seed(t.Context(), seed)
		require.Error(t, err, "%+v", seed)
		require.Equal(t, Seeded{}, made)
		checked := f.service.CheckSeed(seed)
		require.EqualError(t, checked, err.Error())
	}
	require.Len(t, f.alice().list("ListKeys", "Keys", "KeyId", in{}), 1)
}

// TestSeedLeavesOutTakenAliases keeps an alias with the key that it was given to.
func TestSeedLeavesOutTakenAliases(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	alice.do("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": id})
	seed := &Seed{ARN: arn, Aliases: []string{"alias/app", "alias/other"}}
	require.NoError(t, f.service.CheckSeed(seed))
	made, err := f.service.Seed(t.Context(), seed)
	require.NoError(t, err)
	require.Equal(t, Seeded{Made: true, Taken: []string{"alias/app"}}, made)
	require.Equal(t, id, alice.describe("alias/app")["KeyId"])
	require.Equal(t, arn, alice.describe("alias/other")["Arn"])
}

// TestSeedSaysWhatAKeyIDIs helps with the ids that world files have in examples.
func TestSeedSaysWhatAKeyIDIs(t *testing.T) {
	t.Parallel()
	_, err := newFixture(t).service.Seed(t.Context(), &Seed{ARN: "arn:aws:kms:us-east-1:111122223333:key/signing"})
	require.EqualError(t, err, `seeding "arn:aws:kms:us-east-1:111122223333:key/signing": a key id is a UUID such as `+
		`1234abcd-12ab-34cd-56ef-1234567890ab, or mrk- and 32 hexadecimal digits for a multi-Region key, not "signing"`)
}

// TestSeedRemembersWhomItMeans keeps the unique ids of the principals of policies and grants.
func TestSeedRemembersWhomItMeans(t *testing.T) {
	t.Parallel()
	const (
		arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		app = "arn:aws:iam::111122223333:role/app"
	)
	f := newFixture(t)
	f.config.Principals = users{app: "AROAAPP"}
	f.restart()
	_, err := f.service.Seed(t.Context(), &Seed{
		ARN: arn, Policy: policyFor(`{"AWS":["arn:aws:iam::111122223333:role/none","`+app+`"]}`, `{}`),
		Grants: []*policy.Grant{
			{ID: "a", GranteePrincipal: app, RetiringPrincipal: "arn:aws:iam::111122223333:role/none", Operations: []string{"Decrypt"}},
			{ID: "b", GranteePrincipal: "arn:aws:iam::111122223333:root", Operations: []string{"Decrypt"}},
		},
	})
	require.NoError(t, err)
	key := f.service.state.current.Load().key("111122223333/us-east-1/1234abcd-12ab-34cd-56ef-1234567890ab")
	require.Equal(t, map[string]string{app: "AROAAPP"}, key.PrincipalIDs)
	require.Equal(t, map[string]string{app: "AROAAPP"}, key.GrantPrincipalIDs("a"))
	require.Empty(t, key.GrantPrincipalIDs("b"))
}
