package kms

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

const (
	appRole   = "arn:aws:iam::111122223333:role/app"
	aliceUser = "arn:aws:iam::111122223333:user/alice"
)

// TestPolicyOfPrincipalsThatAreGone shows the unique id of a role that was deleted, also when there is another one of
// its name, and changes nothing else of the text.
func TestPolicyOfPrincipalsThatAreGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	exist := users{appRole: "AROAAPP", aliceUser: "AIDAALICE"}
	f.service.config.Principals = exist
	alice := f.alice()
	id, _ := alice.createKey(in{})
	text := `{"Version":"2012-10-17", "Statement":[
		{"Sid":"` + `é", "Effect":"Allow", "Principal":{"AWS":["` + aliceUser + `", "arn:aws:iam::111122223333:role\/app"]}, "Action":"kms:*","Resource":"*",
		 "Condition":{"ArnEquals":{"aws:PrincipalArn":"` + appRole + `"}}},
		{"Effect":"Deny","NotPrincipal":{"AWS":"` + appRole + `"},"Action":"kms:Sign","Resource":"*"}]}`
	alice.do("PutKeyPolicy", in{"KeyId": id, "Policy": text})
	shown := func() any { return alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"] }
	require.Equal(t, text, shown())

	gone := `{"Version":"2012-10-17", "Statement":[
		{"Sid":"` + `é", "Effect":"Allow", "Principal":{"AWS":["` + aliceUser + `", "AROAAPP"]}, "Action":"kms:*","Resource":"*",
		 "Condition":{"ArnEquals":{"aws:PrincipalArn":"` + appRole + `"}}},
		{"Effect":"Deny","NotPrincipal":{"AWS":"AROAAPP"},"Action":"kms:Sign","Resource":"*"}]}`
	delete(exist, appRole)
	require.Equal(t, gone, shown())
	exist[appRole] = "AROAOTHER"
	require.Equal(t, gone, shown())
	exist[appRole] = "AROAAPP"
	require.Equal(t, text, shown())
}

// TestSeenBy gives a role that was made anew a key that means the old one, and everybody else the key itself.
func TestSeenBy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	exist := users{appRole: "AROAAPP", aliceUser: "AIDAALICE"}
	f.service.config.Principals = exist
	alice := f.alice()
	id, _ := alice.createKey(in{"Policy": policyFor(`{"AWS":["`+appRole+`","`+aliceUser+`"]}`, `{}`)})
	grant := func() string {
		return alice.do("CreateGrant", in{
			"KeyId": id, "GranteePrincipal": appRole, "RetiringPrincipal": aliceUser, "Operations": []string{"Decrypt"},
		})["GrantId"].(string)
	}
	old := grant()
	exist[appRole] = "AROAOTHER"
	anew := grant()
	key := func() *Key { return f.service.state.current.Load().keyByID(id, "us-east-1") }
	k := key()
	require.Same(t, k, k.SeenBy(aliceUser, "AIDAALICE"))
	require.Same(t, k, k.SeenBy("arn:aws:iam::111122223333:role/unnamed", "AROAUNNAMED"))
	require.Same(t, k, k.SeenBy("arn:aws:iam::111122223333:root", "111122223333"))

	seen := k.SeenBy(appRole, "AROAOTHER")
	require.Same(t, seen, k.SeenBy(appRole, "AROAOTHER"), "it is made once")
	require.Len(t, seen.PolicyDocument.Statements, 1)
	named := seen.PolicyDocument.Statements[0].Principals.Values
	require.Equal(t, "AROAAPP", named[0].Text)
	require.Equal(t, policy.PrincipalUniqueID, named[0].Form)
	require.Equal(t, aliceUser, named[1].Text)
	require.NotEqual(t, k.PolicyDocument.Digest, seen.PolicyDocument.Digest)
	require.Equal(t, "AROAAPP", seen.grant(old).GranteePrincipal)
	require.Equal(t, aliceUser, seen.grant(old).RetiringPrincipal)
	require.Equal(t, appRole, seen.grant(anew).GranteePrincipal, "this one means the new role")
	require.Equal(t, appRole, k.grant(old).GranteePrincipal, "a version of a key does not change")

	// One without an id is nobody that is meant, and the old role sees neither the new grant nor a change of the policy.
	require.Equal(t, "AROAOTHER", k.SeenBy(appRole, "").grant(anew).GranteePrincipal)
	require.Equal(t, "AROAOTHER", k.SeenBy(appRole, "AROAAPP").grant(anew).GranteePrincipal)
	require.Same(t, k.PolicyDocument, k.SeenBy(appRole, "AROAAPP").PolicyDocument)
	for i, g := range seen.Grants {
		require.Same(t, &seen.grants[i].Grant, g)
	}

	// A new version of the key is seen anew.
	alice.do("PutKeyPolicy", in{"KeyId": id, "Policy": policyFor(`{"AWS":"`+appRole+`"}`, `{}`)})
	require.Equal(t, appRole, key().SeenBy(appRole, "AROAOTHER").PolicyDocument.Statements[0].Principals.Values[0].Text)
	alice.do("RevokeGrant", in{"KeyId": id, "GrantId": old})
	require.Same(t, key(), key().SeenBy(appRole, "AROAOTHER"))
}

// TestRetirableGrantsOfSomebodyElse are not listed to a user of the same name.
func TestRetirableGrantsOfSomebodyElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	exist := users{aliceUser: "AIDAALICE"}
	f.service.config.Principals = exist
	alice := f.alice()
	id, _ := alice.createKey(in{})
	alice.do("CreateGrant", in{
		"KeyId": id, "GranteePrincipal": aliceUser, "RetiringPrincipal": aliceUser, "Operations": []string{"Decrypt"},
	})
	list := func() []any {
		return alice.do("ListRetirableGrants", in{"RetiringPrincipal": aliceUser})["Grants"].([]any)
	}
	require.Len(t, list(), 1)
	exist[aliceUser] = "AIDANEW"
	require.Empty(t, list())
}

// TestCiphertextOfOneOfTwoAccounts finds the key by its material when two accounts have loaded keys of one id.
func TestCiphertextOfOneOfTwoAccounts(t *testing.T) {
	t.Parallel()
	const id = "1234abcd-12ab-34cd-56ef-1234567890ab"
	f := newFixture(t)
	accounts := []string{"111122223333", "444455556666"}
	for _, account := range accounts {
		_, err := f.service.Seed(t.Context(), &Seed{ARN: "arn:aws:kms:us-east-1:" + account + ":key/" + id})
		require.NoError(t, err)
	}
	for _, account := range accounts {
		actor := f.as(account)
		blob := actor.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})["CiphertextBlob"]
		for _, caller := range accounts {
			out := f.as(caller).do("Decrypt", in{"CiphertextBlob": blob})
			require.Equal(t, "arn:aws:kms:us-east-1:"+account+":key/"+id, out["KeyId"])
			out = f.as(caller).do("ReEncrypt", in{"CiphertextBlob": blob, "DestinationKeyId": id})
			require.Equal(t, "arn:aws:kms:us-east-1:"+account+":key/"+id, out["SourceKeyId"])
			require.Equal(t, "arn:aws:kms:us-east-1:"+caller+":key/"+id, out["KeyId"])
		}
	}
}

func TestTabulateRefusesTwoOfAName(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "kms: two operations are called Decrypt", func() { tabulate(decryptOperations, decryptOperations) })
}
