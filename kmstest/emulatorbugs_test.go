package kmstest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// The tests of this file are the bugs that were seen in other emulators, one by one, over HTTP with the SDK. Each fails
// where the bug is.

// The keys of bugWorld, by who may use them.
const (
	ownKeyID       = "00000000-0000-4000-8000-000000000001" // alice and bob, by name
	aliceKeyID     = "00000000-0000-4000-8000-000000000002" // alice, by name; nothing is left to IAM
	delegatedKeyID = "00000000-0000-4000-8000-000000000003" // whom IAM allows
	ownKey         = "arn:aws:kms:us-east-1:111122223333:key/" + ownKeyID
	aliceKey       = "arn:aws:kms:us-east-1:111122223333:key/" + aliceKeyID
	delegatedKey   = "arn:aws:kms:us-east-1:111122223333:key/" + delegatedKeyID

	// Everything IAM can allow, for somebody in IAM and for the account in a key policy.
	allowAll   = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}`
	notFromIAM = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you " +
		"are not allowed to access."
)

// bugWorld has alice, who may do everything, bob, to whom IAM allows everything, and carol, to whom it allows nothing.
const bugWorld = `
accounts:
  "111122223333":
    users:
      alice: {policies: {All: ` + allowAll + `}}
      bob: {policies: {All: ` + allowAll + `}}
      carol: {}
    keys:
      ` + ownKeyID + `:
        aliases: [alias/own]
        policy:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}, Action: "kms:*", Resource: "*"}
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/carol"}, Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"], Resource: "*"}
      ` + aliceKeyID + `:
        aliases: [alias/alice]
        policy:
          Version: "2012-10-17"
          Statement: {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}, Action: "kms:*", Resource: "*"}
      ` + delegatedKeyID + `:
        aliases: [alias/delegated]
`

func startBugs(t *testing.T) *kmstest.Server {
	t.Helper()
	t.Parallel()
	return kmstest.Start(t, kmstest.WithWorld(bugWorld), kmstest.WithExplainedDenials())
}

// mustEncrypt encrypts as somebody who may.
func mustEncrypt(t testing.TB, c *kms.Client, key string, encryptionContext map[string]string) []byte {
	t.Helper()
	ciphertext, err := encrypt(t, c, key, encryptionContext)
	require.NoError(t, err)
	return ciphertext
}

// TestBug1KeyFromCiphertext: Decrypt and ReEncrypt without KeyId are about the key in the ciphertext, not about any.
func TestBug1KeyFromCiphertext(t *testing.T) {
	s := startBugs(t)
	alice, carol := client(s, "user/alice"), client(s, "user/carol")
	own, alices := mustEncrypt(t, alice, ownKey, nil), mustEncrypt(t, alice, aliceKey, nil)

	require.NoError(t, decrypt(t, carol, own, nil))
	require.Equal(t, notFromIAM, requireDenied(t, decrypt(t, carol, alices, nil)))
	_, err := carol.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: alices, KeyId: aws.String(aliceKey)})
	require.Equal(t, "User: arn:aws:iam::111122223333:user/carol is not authorized to perform: kms:Decrypt on resource: "+aliceKey+
		" because no resource-based policy allows the kms:Decrypt action", requireDenied(t, err))

	// IAM that allows one key: the resource that is asked about is the key, not *.
	s.PutPolicy("user/carol", "One", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"`+ownKey+`"}]}`)
	requireDenied(t, decrypt(t, carol, mustEncrypt(t, alice, delegatedKey, nil), nil))

	reEncrypt := func(c *kms.Client, ciphertext []byte, to string) error {
		_, err := c.ReEncrypt(t.Context(), &kms.ReEncryptInput{CiphertextBlob: ciphertext, DestinationKeyId: &to})
		return err
	}
	require.NoError(t, reEncrypt(carol, own, ownKey))
	require.Equal(t, notFromIAM, requireDenied(t, reEncrypt(carol, alices, ownKey)))
	require.Contains(t, requireDenied(t, reEncrypt(carol, own, aliceKey)), "kms:ReEncryptTo on resource: "+aliceKey)
	require.NoError(t, reEncrypt(alice, alices, ownKey))
}

// TestBug2AliasIsResolved: an alias stands for its key before policies and grants are looked up.
func TestBug2AliasIsResolved(t *testing.T) {
	s := startBugs(t)
	alice, bob, carol := client(s, "user/alice"), client(s, "user/bob"), client(s, "user/carol")
	for _, form := range []string{"alias/", "arn:aws:kms:us-east-1:111122223333:alias/"} {
		_, err := encrypt(t, carol, form+"own", nil)
		require.NoError(t, err)
		_, err = encrypt(t, carol, form+"alice", nil)
		require.Contains(t, requireDenied(t, err), "on resource: "+aliceKey+" because no resource-based policy allows")
		_, err = encrypt(t, bob, form+"alice", nil)
		require.Contains(t, requireDenied(t, err), "on resource: "+aliceKey+" because no resource-based policy allows")
	}
	_, err := alice.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: aws.String(aliceKeyID), GranteePrincipal: aws.String("arn:aws:iam::111122223333:user/carol"),
		Operations: []types.GrantOperation{types.GrantOperationEncrypt},
	})
	require.NoError(t, err)
	_, err = encrypt(t, carol, "alias/alice", nil)
	require.NoError(t, err)

	// A Deny in IAM that names the key's ARN holds for its alias, too.
	s.PutPolicy("user/bob", "Deny", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:Encrypt","Resource":"`+delegatedKey+`"}]}`)
	_, err = encrypt(t, bob, "alias/delegated", nil)
	require.Contains(t, requireDenied(t, err), "with an explicit deny in an identity-based policy")
}

// TestBug3IAMNeedsDelegation: what IAM allows does not count on a key that does not leave it to IAM.
func TestBug3IAMNeedsDelegation(t *testing.T) {
	s := startBugs(t)
	bob := client(s, "user/bob")
	_, err := encrypt(t, bob, delegatedKey, nil)
	require.NoError(t, err)
	_, err = encrypt(t, bob, aliceKey, nil)
	require.Equal(t, "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:Encrypt on resource: "+aliceKey+
		" because no resource-based policy allows the kms:Encrypt action", requireDenied(t, err))
	_, err = encrypt(t, client(s, "user/carol"), delegatedKey, nil)
	require.Equal(t, "User: arn:aws:iam::111122223333:user/carol is not authorized to perform: kms:Encrypt on resource: "+delegatedKey+
		" because no identity-based policy allows the kms:Encrypt action", requireDenied(t, err))
}

// TestBug4CreateKeyPolicy: without a policy CreateKey gives AWS's default, with one it is that policy that counts.
func TestBug4CreateKeyPolicy(t *testing.T) {
	s := startBugs(t)
	alice, bob := client(s, "user/alice"), client(s, "user/bob")
	policyOf := func(key *string) string {
		out, err := alice.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: key, PolicyName: aws.String("default")})
		require.NoError(t, err)
		require.Equal(t, "default", aws.ToString(out.PolicyName))
		return aws.ToString(out.Policy)
	}
	byDefault, err := alice.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	require.JSONEq(t, `{"Version": "2012-10-17", "Id": "key-default-1", "Statement": [{
		"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
		"Action": "kms:*", "Resource": "*"}]}`, policyOf(byDefault.KeyMetadata.KeyId))
	_, err = encrypt(t, bob, *byDefault.KeyMetadata.KeyId, nil)
	require.NoError(t, err)

	own := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"kms:*","Resource":"*"}]}`
	with, err := alice.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &own})
	require.NoError(t, err)
	require.JSONEq(t, own, policyOf(with.KeyMetadata.KeyId))
	_, err = encrypt(t, alice, *with.KeyMetadata.KeyId, nil)
	require.NoError(t, err)
	_, err = encrypt(t, bob, *with.KeyMetadata.KeyId, nil)
	require.Contains(t, requireDenied(t, err), "no resource-based policy allows")

	_, err = bob.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &own}) // bob would lock himself out
	requireCode(t, err, "MalformedPolicyDocumentException")
}

// TestBug5CrossAccount: a key of another account is reached by its ARN, and both accounts have to allow it.
func TestBug5CrossAccount(t *testing.T) {
	s := startBugs(t)
	const policy = `{Version: "2012-10-17", Statement: [
            {Effect: Allow, Principal: {AWS: "arn:aws:iam::444455556666:root"}, Action: "kms:*", Resource: "*"}%s]}`
	keys := map[string]string{
		"shared": fmt.Sprintf(policy, `, {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:root"}, Action: "kms:*", Resource: "*"}`),
		"closed": fmt.Sprintf(policy, ""),
	}
	const prefix = "arn:aws:kms:us-east-1:444455556666:key/00000000-0000-4000-9000-00000000000"
	shared, closed := prefix+"1", prefix+"2"
	s.Load(`
accounts:
  "444455556666":
    users: {dave: {policies: {All: ` + allowAll + `}}}
    keys:
      ` + shared + `: {aliases: [alias/shared], policy: ` + keys["shared"] + `}
      ` + closed + `: {aliases: [alias/closed], policy: ` + keys["closed"] + `}
`)
	bob, carol, dave := client(s, "user/bob"), client(s, "user/carol"), client(s, "user/dave")
	for _, key := range []string{shared, "arn:aws:kms:us-east-1:444455556666:alias/shared"} {
		_, err := encrypt(t, bob, key, nil)
		require.NoError(t, err, key)
		_, err = encrypt(t, carol, key, nil) // the key's account allows her, her own does not
		requireDenied(t, err)
	}
	notThere := "on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a " +
		"resource-based policy explicitly denies access"
	for _, key := range []string{closed, "arn:aws:kms:us-east-1:444455556666:alias/closed", prefix + "9"} {
		_, err := encrypt(t, bob, key, nil) // his account allows him, the key's does not: he cannot tell it from no key
		require.Equal(t, "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:Encrypt "+notThere,
			requireDenied(t, err), key)
	}
	ciphertext := mustEncrypt(t, dave, shared, nil)
	require.NoError(t, decrypt(t, bob, ciphertext, nil))
	requireDenied(t, decrypt(t, bob, mustEncrypt(t, dave, closed, nil), nil))

	// Names without an ARN are those of the caller's own account.
	_, err := encrypt(t, bob, "alias/shared", nil)
	require.Equal(t, "Alias arn:aws:kms:us-east-1:111122223333:alias/shared is not found.", requireCode(t, err, "NotFoundException"))
	_, err = encrypt(t, bob, strings.TrimPrefix(shared, "arn:aws:kms:us-east-1:444455556666:key/"), nil)
	requireCode(t, err, "NotFoundException")
}

// TestBug6Grants: constraints see the encryption context of the call; grants work at once and without their token.
func TestBug6Grants(t *testing.T) {
	s := startBugs(t)
	alice, carol := client(s, "user/alice"), client(s, "user/carol")
	grant := func(key string, constraints *types.GrantConstraints) *kms.CreateGrantOutput {
		out, err := alice.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: &key, GranteePrincipal: aws.String("arn:aws:iam::111122223333:user/carol"), Constraints: constraints,
			Operations: []types.GrantOperation{types.GrantOperationEncrypt, types.GrantOperationDecrypt},
		})
		require.NoError(t, err)
		return out
	}
	_, err := encrypt(t, carol, aliceKey, map[string]string{"tenant": "a"})
	requireDenied(t, err)
	subset := grant(aliceKey, &types.GrantConstraints{EncryptionContextSubset: map[string]string{"tenant": "a"}})
	grant(delegatedKey, &types.GrantConstraints{EncryptionContextEquals: map[string]string{"tenant": "a"}})
	for _, test := range []struct {
		context         map[string]string
		subset, matches bool // of the two grants
	}{
		{map[string]string{"tenant": "a"}, true, true},
		{map[string]string{"tenant": "a", "user": "u"}, true, false},
		{map[string]string{"tenant": "b"}, false, false},
		{map[string]string{"Tenant": "a"}, false, false},
		{nil, false, false},
	} {
		for key, want := range map[string]bool{aliceKey: test.subset, delegatedKey: test.matches} {
			ciphertext, err := encrypt(t, carol, key, test.context)
			if !want {
				requireDenied(t, err)
				requireDenied(t, decrypt(t, carol, mustEncrypt(t, alice, key, test.context), test.context))
				continue
			}
			require.NoError(t, err)
			require.NoError(t, decrypt(t, carol, ciphertext, test.context))
		}
	}
	// The token is accepted where it is not needed, and helps nobody else.
	with := &kms.EncryptInput{
		KeyId: aws.String(aliceKey), Plaintext: []byte("a secret"), EncryptionContext: map[string]string{"tenant": "a"},
		GrantTokens: []string{aws.ToString(subset.GrantToken)},
	}
	_, err = carol.Encrypt(t.Context(), with)
	require.NoError(t, err)
	_, err = client(s, "user/bob").Encrypt(t.Context(), with)
	requireDenied(t, err)
}

// TestBug7ConditionKeys: the condition keys that policies for keys are written with have the values of the call.
func TestBug7ConditionKeys(t *testing.T) {
	s := startBugs(t)
	alice, carol := client(s, "user/alice"), client(s, "user/carol")
	s3 := client(s, "service/s3", onBehalfOf("arn:aws:iam::111122223333:user/carol"))
	_, err := alice.TagResource(t.Context(), &kms.TagResourceInput{
		KeyId: aws.String(delegatedKey), Tags: []types.Tag{{TagKey: aws.String("stage"), TagValue: aws.String("prod")}},
	})
	require.NoError(t, err)
	for _, test := range []struct {
		condition string
		client    *kms.Client
		context   map[string]string
		allowed   bool
	}{
		{`{"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`, carol, map[string]string{"tenant": "a"}, true},
		{`{"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`, carol, map[string]string{"tenant": "b"}, false},
		{`{"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`, carol, nil, false},
		{`{"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "tenant"}}`, carol, map[string]string{"tenant": "b"}, true},
		{`{"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "tenant"}}`, carol, map[string]string{"user": "b"}, false},
		{`{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`, s3, nil, true},
		{`{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`, carol, nil, false},
		{`{"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}`, s3, nil, false},
		{`{"StringEquals": {"kms:CallerAccount": "111122223333"}}`, carol, nil, true},
		{`{"StringEquals": {"kms:CallerAccount": "444455556666"}}`, carol, nil, false},
		{`{"StringEquals": {"aws:ResourceTag/stage": "prod"}}`, carol, nil, true},
		{`{"StringEquals": {"aws:ResourceTag/stage": "test"}}`, carol, nil, false},
		{`{"StringEquals": {"aws:ResourceTag/team": "prod"}}`, carol, nil, false},
	} {
		name := fmt.Sprintf("%s %v %v", test.condition, test.context, test.client == s3)
		s.PutPolicy("user/carol", "p", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":`+test.condition+`}]}`)
		_, err := encrypt(t, test.client, delegatedKey, test.context)
		if test.allowed {
			require.NoError(t, err, name)
			continue
		}
		require.Contains(t, requireDenied(t, err), "no identity-based policy allows", name)
	}
}

// onBehalfOf makes a service's calls for a principal.
func onBehalfOf(principal string) func(*kms.Options) {
	return func(o *kms.Options) {
		o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Strictkms-On-Behalf-Of", principal))
	}
}

// TestBug8StarIsNotDelegation: {"AWS": "*"} in a key policy allows the statement's actions by itself, and does not
// leave anything to IAM.
func TestBug8StarIsNotDelegation(t *testing.T) {
	s := startBugs(t)
	alice, bob, carol := client(s, "user/alice"), client(s, "user/bob"), client(s, "user/carol")
	put := func(statements ...string) {
		t.Helper()
		statements = append(statements, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"kms:*","Resource":"*"}`)
		_, err := alice.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
			KeyId: aws.String(aliceKey), Policy: aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`),
		})
		require.NoError(t, err)
	}
	put(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:DescribeKey","Resource":"*"}`)
	for _, c := range []*kms.Client{bob, carol} {
		_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(aliceKey)})
		require.NoError(t, err)
		_, err = encrypt(t, c, aliceKey, nil) // IAM allows bob
		require.Contains(t, requireDenied(t, err), "no resource-based policy allows")
	}
	put(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:tenant":"a"}}}`)
	for _, c := range []*kms.Client{bob, carol} {
		_, err := encrypt(t, c, aliceKey, map[string]string{"tenant": "a"})
		require.NoError(t, err) // also carol, to whom IAM allows nothing
		_, err = encrypt(t, c, aliceKey, nil)
		require.Contains(t, requireDenied(t, err), "no resource-based policy allows")
	}
}

// TestBug9NobodyBypasses: no access key prefix, root user or "admin" is above policies.
func TestBug9NobodyBypasses(t *testing.T) {
	s := startBugs(t)
	s.Load(`
accounts:
  "111122223333":
    policies: {AdministratorAccess: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "*", Resource: "*"}}}
    users:
      admin: {attached: AdministratorAccess}
      root: {attached: AdministratorAccess}
    roles:
      Admin: {attached: AdministratorAccess}
      OrganizationAccountAccessRole: {attached: AdministratorAccess}
`)
	for _, who := range []string{"root", "user/admin", "user/root", "role/Admin", "role/OrganizationAccountAccessRole/root"} {
		c := client(s, who)
		_, err := encrypt(t, c, delegatedKey, nil)
		require.NoError(t, err, who)
		_, err = encrypt(t, c, aliceKey, nil)
		require.Contains(t, requireDenied(t, err), "no resource-based policy allows the kms:Encrypt action", who)
	}
	alice, err := s.Config("user/alice").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	for _, id := range []string{
		"test", "mock", "admin", "root", account, "AKIAIOSFODNN7EXAMPLE", "LKIAQAAAAAAAHLLVVDCN", "LSIAQAAAAAAAHLLVVDCN",
		"ASIA" + alice.AccessKeyID[4:], strings.ToLower(alice.AccessKeyID),
	} {
		for _, secret := range []string{id, alice.SecretAccessKey} {
			forged := client(s, "user/alice", func(o *kms.Options) {
				o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
				})
			})
			_, err := encrypt(t, forged, delegatedKey, nil)
			require.Equal(t, "The security token included in the request is invalid.", requireCode(t, err, "UnrecognizedClientException"), id)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(), strings.NewReader("{}"))
	require.NoError(t, err)
	r.Header.Set("X-Amz-Target", "TrentService.ListKeys")
	unsigned, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, unsigned.Body.Close())
	require.Equal(t, http.StatusBadRequest, unsigned.StatusCode)
}

// TestBug10Paging: lists page with Limit and Marker, and their pages hold everything, also where a filter leaves pages
// with little in them.
func TestBug10Paging(t *testing.T) {
	s := startBugs(t)
	alice := client(s, "user/alice")
	var keys, aliases, grants []string
	for i := range 7 {
		made, err := alice.CreateKey(t.Context(), &kms.CreateKeyInput{})
		require.NoError(t, err)
		keys = append(keys, *made.KeyMetadata.KeyId)
		aliases = append(aliases, fmt.Sprintf("alias/paged-%d", i))
		_, err = alice.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &aliases[i], TargetKeyId: &keys[i%2]})
		require.NoError(t, err)
		grantee := []string{"user/bob", "user/carol"}[i%2]
		grant, err := alice.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: aws.String(delegatedKey), GranteePrincipal: aws.String("arn:aws:iam::111122223333:" + grantee),
			RetiringPrincipal: aws.String("arn:aws:iam::111122223333:user/carol"),
			Operations:        []types.GrantOperation{types.GrantOperationEncrypt}, Name: aws.String(fmt.Sprint("grant-", i)),
		})
		require.NoError(t, err)
		grants = append(grants, *grant.GrantId)
	}
	keys = append(keys, ownKeyID, aliceKeyID, delegatedKeyID)
	every := append([]string{"alias/own", "alias/alice", "alias/delegated"}, aliases...)
	odd := func(ids []string) (some []string) {
		for i := 1; i < len(ids); i += 2 {
			some = append(some, ids[i])
		}
		return some
	}
	for _, limit := range []int32{1, 2, 3, 1000} {
		require.ElementsMatch(t, keys, listKeys(t, alice, limit))
		require.ElementsMatch(t, every, listAliases(t, alice, nil, limit))
		require.ElementsMatch(t, odd(aliases), listAliases(t, alice, &keys[1], limit))
		require.ElementsMatch(t, grants, listGrants(t, alice, nil, limit))
		require.ElementsMatch(t, odd(grants), listGrants(t, alice, aws.String("arn:aws:iam::111122223333:user/carol"), limit))
		require.ElementsMatch(t, grants, listRetirable(t, alice, "arn:aws:iam::111122223333:user/carol", limit))
	}
	for range 95 {
		_, err := alice.CreateKey(t.Context(), &kms.CreateKeyInput{})
		require.NoError(t, err)
	}
	first, err := alice.ListKeys(t.Context(), &kms.ListKeysInput{})
	require.NoError(t, err)
	require.Len(t, first.Keys, 100) // AWS's default
	require.True(t, first.Truncated)
	require.NotEmpty(t, aws.ToString(first.NextMarker))
	_, err = alice.ListKeys(t.Context(), &kms.ListKeysInput{Marker: aws.String("x")})
	requireCode(t, err, "InvalidMarkerException")
}

// TestBug11EncryptionContext: another encryption context does not decrypt; none and an empty one are the same.
func TestBug11EncryptionContext(t *testing.T) {
	s := startBugs(t)
	alice := client(s, "user/alice")
	none, empty := map[string]string(nil), map[string]string{}
	ab, ba := map[string]string{"a": "1", "b": "2"}, map[string]string{"b": "2", "a": "1"}
	for _, test := range []struct {
		encrypted, decrypted map[string]string
		same                 bool
	}{
		{none, none, true},
		{none, empty, true},
		{empty, none, true},
		{ab, ba, true},
		{ab, none, false},
		{ab, empty, false},
		{none, ab, false},
		{ab, map[string]string{"a": "1"}, false},
		{ab, map[string]string{"a": "1", "b": "3"}, false},
		{ab, map[string]string{"a": "1", "B": "2"}, false},
		{ab, map[string]string{"a": "1", "b": "2", "c": ""}, false},
		{map[string]string{"ab": "c"}, map[string]string{"a": "bc"}, false},
		{none, map[string]string{"a": ""}, false},
	} {
		err := decrypt(t, alice, mustEncrypt(t, alice, ownKey, test.encrypted), test.decrypted)
		if test.same {
			require.NoError(t, err, "%v %v", test.encrypted, test.decrypted)
			continue
		}
		require.Empty(t, requireException[*types.InvalidCiphertextException](t, err), "%v %v", test.encrypted, test.decrypted)
	}
}

// TestBug12EnforcementIsSaid: a mistyped setting is an error at the start, and a running server says what it enforces.
// What strictkms serve says is in cmd/strictkms/testdata/script/serve_enforcement.txtar.
func TestBug12EnforcementIsSaid(t *testing.T) {
	t.Parallel()
	for _, mistyped := range []string{"", "Strict", "stict", "true", "on", "1", "strict ", "none"} {
		require.Contains(t, failure(t, func(fake *fakeT) { kmstest.Start(fake, kmstest.WithEnforcement(mistyped)) }),
			fmt.Sprintf("unknown enforcement mode %q: expected strict, soft or off", mistyped))
	}
	for _, mode := range []string{"strict", "soft", "off"} {
		s := kmstest.Start(t, kmstest.WithEnforcement(mode))
		require.Contains(t, get(t, s.URL()+"/_strictkms/health"), `"enforce":"`+mode+`"`)
	}
	require.Contains(t, get(t, kmstest.Start(t).URL()+"/_strictkms/health"), `"enforce":"strict"`)
}
