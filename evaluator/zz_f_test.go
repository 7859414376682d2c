package evaluator_test

import (
	"testing"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/rego"
)

func TestZZ(t *testing.T) {
	g := []*evaluator.Grant{
		{ID: "g0", KeyARN: keyOne, GranteePrincipal: accountA, IssuingAccount: accountA, RetiringPrincipal: accountA, Operations: []string{"Decrypt"}, EncryptionContextEquals: map[string]string{"tenant": "abc"}},
		{ID: "g1", KeyARN: keyOne, GranteePrincipal: accountA, IssuingAccount: accountB, Operations: []string{"Decrypt"}, EncryptionContextEquals: map[string]string{"tenant": "a.c"}},
	}
	u := rego.Grants(g, "one")
	t.Log(u.Module)
	for _, r := range u.Rules {
		t.Logf("%+v", r)
	}
	req := evaluator.Request{Principal: &evaluator.Principal{Type: evaluator.Root, ARN: "arn:aws:iam::" + accountB + ":root", Account: accountB}, Action: "kms:RetireGrant", Key: &evaluator.Key{ARN: keyOne, Grants: g}}
	d, err := evaluator.New(mapWorld{}).Authorize(t.Context(), req)
	t.Log(d, err)
}
