package kms

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// policyFor is a key policy that allows everything to a principal, given as JSON, under a condition, given as JSON.
func policyFor(principal, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal +
		`,"Action":"kms:*","Resource":"*","Condition":` + condition + `}]}`
}

const everybody = `"*"`

func TestPutKeyPolicy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	before := f.service.state.current.Load().keyByID(id, "us-east-1")
	text := policyFor(everybody, `{}`)
	alice.do("PutKeyPolicy", in{"KeyId": arn, "PolicyName": "default", "Policy": text})
	require.Equal(t, text, alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"])
	after := f.service.state.current.Load().keyByID(id, "us-east-1")
	require.NotSame(t, before, after)
	require.NotEqual(t, text, before.Policy, "a version of a key does not change")
	require.Equal(t, text, after.Policy)
	require.Len(t, after.PolicyDocument.Statements, 1)
	require.Equal(t, []string{"default"}, alice.list("ListKeyPolicies", "PolicyNames", "", in{"KeyId": id}))
	f.restart()
	require.Equal(t, text, alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"])
}

// users are the principals that exist, with their unique ids.
type users map[string]string

func (u users) Lookup(arn string) (string, bool) {
	id, exists := u[arn]
	return id, exists
}

func TestPoliciesThatAreRefused(t *testing.T) {
	t.Parallel()
	const malformed = CodeMalformedPolicyDocument
	const lockout = "The new key policy will not allow you to update the key policy in the future."
	const invalidPrincipal = "Policy contains a statement with one or more invalid principals."
	const forAll = "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches " +
		"requests without the specified X or with an unspecified X. To fix, remove ForAllValues."
	f := newFixture(t)
	f.service.config.Principals = users{"arn:aws:iam::111122223333:user/alice": "AIDAALICE", "arn:aws:iam::111122223333:role/app": "AROAAPP"}
	alice := f.alice()
	id, _ := alice.createKey(in{})
	original := alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"]
	for _, test := range []struct{ name, policy, code, message string }{
		{"a user that is not there", policyFor(`{"AWS":["arn:aws:iam::111122223333:user/alice","arn:aws:iam::111122223333:user/bob"]}`, `{}`), malformed, invalidPrincipal},
		{"a user of another case", policyFor(`{"AWS":"arn:aws:iam::111122223333:user/Alice"}`, `{}`), malformed, invalidPrincipal},
		{"a role that is not there", policyFor(`{"AWS":"arn:aws:iam::111122223333:role/none"}`, `{}`), malformed, invalidPrincipal},
		{"what is left of a role", policyFor(`{"AWS":"AROAJQABLZS4A3QDU576Q"}`, `{}`), malformed, invalidPrincipal},
		{"encryption context", policyFor(everybody, `{"ForAllValues:StringEquals":{"KMS:encryptionContext:a":"b"}}`), malformed, strings.ReplaceAll(forAll, "X", "encryption context")},
		{"request tag", policyFor(everybody, `{"ForAllValues:StringLikeIfExists":{"aws:RequestTag/a":"b"}}`), malformed, strings.ReplaceAll(forAll, "X", "tag")},
		{"large", `{"Statement":[]` + strings.Repeat(" ", maxPolicyBytes) + `}`, CodeLimitExceeded, "The key policy exceeds the limit of 32768 bytes."},
	} {
		t.Run(test.name, func(t *testing.T) {
			alice.fails("PutKeyPolicy", in{"KeyId": id, "Policy": test.policy}, test.code, test.message)
			alice.fails("CreateKey", in{"Policy": test.policy}, test.code, test.message)
			require.Equal(t, original, alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"])
		})
	}
	for _, text := range []string{`{`, `x`, `{}`, `{"Statement":[]}`, `{"Statement":{"Effect":"Maybe","Principal":"*"}}`, `[]`} {
		_, err := alice.try("PutKeyPolicy", in{"KeyId": id, "Policy": text})
		require.Equal(t, malformed, withoutCause(t, err).Code, text)
	}
	alice.fails("PutKeyPolicy", in{"KeyId": id, "Policy": policyFor(everybody, `{}`), "PolicyName": "other"}, CodeNotFound, "No such policy exists")
	alice.fails("GetKeyPolicy", in{"KeyId": id, "PolicyName": "other"}, CodeNotFound, "No such policy exists")

	var asked *Access
	alice.would = func(a *Access) bool { asked = a; return false }
	text := policyFor(`{"AWS":"arn:aws:iam::111122223333:role/app"}`, `{}`)
	alice.fails("PutKeyPolicy", in{"KeyId": id, "Policy": text}, malformed, lockout)
	require.Equal(t, "kms:PutKeyPolicy", asked.Action)
	require.Equal(t, id, asked.Key.ID)
	require.Equal(t, text, asked.Key.Policy, "the question is about the new policy")
	alice.fails("CreateKey", in{"Policy": text}, malformed, lockout)
	require.Equal(t, text, asked.Key.Policy)
	alice.fails("CreateKey", in{"Policy": text, "BypassPolicyLockoutSafetyCheck": false}, malformed, lockout)
	require.Equal(t, []string{id}, alice.list("ListKeys", "Keys", "KeyId", in{}), "nothing was made")

	alice.do("PutKeyPolicy", in{"KeyId": id, "Policy": text, "BypassPolicyLockoutSafetyCheck": true})
	require.Equal(t, []string{"true"}, alice.asked[0].Context["kms:BypassPolicyLockoutSafetyCheck"])
	require.Equal(t, text, alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"])
	key := f.service.state.current.Load().keyByID(id, "us-east-1")
	require.Equal(t, map[string]string{"arn:aws:iam::111122223333:role/app": "AROAAPP"}, key.PrincipalIDs)
}

// TestEqualPoliciesShareADocument keeps the memory of many keys small.
func TestEqualPoliciesShareADocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	a, _ := alice.createKey(in{})
	b, _ := alice.createKey(in{})
	document := func(id string) any { return f.service.state.current.Load().keyByID(id, "us-east-1").PolicyDocument }
	require.Same(t, document(a), document(b))
	alice.do("PutKeyPolicy", in{"KeyId": b, "Policy": policyFor(everybody, `{}`)})
	require.NotSame(t, document(a), document(b))
	kept := document(a)
	alice.do("TagResource", in{"KeyId": a, "Tags": []in{{"TagKey": "a", "TagValue": "b"}}})
	require.Same(t, kept, document(a))
}
