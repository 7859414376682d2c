package kms

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGrantFromGrant has a grantee make grants that its own grant covers or does not.
func TestGrantFromGrant(t *testing.T) {
	t.Parallel()
	subset := func(pairs in) in { return in{"EncryptionContextSubset": pairs} }
	equals := func(pairs in) in { return in{"EncryptionContextEquals": pairs} }
	ops := func(names ...string) []string { return names }
	all := ops("Encrypt", "Decrypt", "CreateGrant")
	for _, test := range []struct {
		name          string
		parent, child in
		allowed       bool
	}{
		{"the same", in{"Operations": all}, in{"Operations": all}, true},
		{"less", in{"Operations": all}, in{"Operations": ops("Encrypt")}, true},
		{"more", in{"Operations": all}, in{"Operations": ops("Encrypt", "DescribeKey")}, false},
		{"other", in{"Operations": all}, in{"Operations": ops("ReEncryptFrom")}, false},
		{"no CreateGrant", in{"Operations": ops("Encrypt", "Decrypt")}, in{"Operations": ops("Encrypt")}, false},
		{"a constraint more", in{"Operations": all}, in{"Operations": all, "Constraints": subset(in{"a": "1"})}, true},
		{"a source more", in{"Operations": all}, in{"Operations": all, "Constraints": in{"SourceArn": "arn:aws:s3:::b"}}, true},
		{"subset kept", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all, "Constraints": subset(in{"a": "1"})}, true},
		{"subset with a pair more", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all, "Constraints": subset(in{"a": "1", "b": "2"})}, true},
		{"subset with a pair less", in{"Operations": all, "Constraints": subset(in{"a": "1", "b": "2"})}, in{"Operations": all, "Constraints": subset(in{"a": "1"})}, false},
		{"subset with another value", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all, "Constraints": subset(in{"a": "2"})}, false},
		{"subset with another case", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all, "Constraints": subset(in{"A": "1"})}, false},
		{"subset left out", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all}, false},
		{"subset becomes equals", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all, "Constraints": equals(in{"a": "1", "b": "2"})}, true},
		{"subset becomes other equals", in{"Operations": all, "Constraints": subset(in{"a": "1"})}, in{"Operations": all, "Constraints": equals(in{"b": "2"})}, false},
		{"equals kept", in{"Operations": all, "Constraints": equals(in{"a": "1"})}, in{"Operations": all, "Constraints": equals(in{"a": "1"})}, true},
		{"equals becomes subset", in{"Operations": all, "Constraints": equals(in{"a": "1"})}, in{"Operations": all, "Constraints": subset(in{"a": "1"})}, false},
		{"equals with a pair more", in{"Operations": all, "Constraints": equals(in{"a": "1"})}, in{"Operations": all, "Constraints": equals(in{"a": "1", "b": "2"})}, false},
		{"equals of nothing left out", in{"Operations": all, "Constraints": equals(in{})}, in{"Operations": all}, false},
		{"subset of nothing left out", in{"Operations": all, "Constraints": subset(in{})}, in{"Operations": all}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newGrantWorld(t)
			bob, carol := w.user(ownerAccount, "bob", ""), w.user(ownerAccount, "carol", "")
			key := w.key(nil)
			w.grant(key, bob, test.parent)
			request := grantRequest(key, carol, test.child)
			if !test.allowed {
				w.fails("bob", "CreateGrant", request, CodeAccessDenied)
				require.Len(t, w.ids(key), 1)
				return
			}
			w.does("bob", "CreateGrant", request)
			require.Len(t, w.ids(key), 2)
		})
	}
}

// TestGrantFromGrantOrPolicy has more than one thing that could allow making a grant.
func TestGrantFromGrantOrPolicy(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*"}}`
	bob, carol := w.user(ownerAccount, "bob", ""), w.user(ownerAccount, "carol", allow)
	key := w.key(nil)
	parent := in{"Operations": []string{"Encrypt", "CreateGrant"}}
	w.grant(key, bob, parent)
	w.grant(key, carol, parent)
	w.fails("bob", "CreateGrant", grantRequest(key, bob, nil), CodeAccessDenied)
	w.does("carol", "CreateGrant", grantRequest(key, bob, nil)) // a policy does not limit what she gives

	// Two grants that cover one half each do not cover the whole.
	w.grant(key, bob, in{"Operations": []string{"DescribeKey", "CreateGrant"}})
	both := in{"Operations": []string{"Encrypt", "DescribeKey"}}
	w.fails("bob", "CreateGrant", grantRequest(key, bob, both), CodeAccessDenied)
	made := w.grant(key, bob, in{"Operations": []string{"DescribeKey", "CreateGrant", "Encrypt"}})
	w.does("bob", "CreateGrant", grantRequest(key, bob, both))
	w.does(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": made.GrantId})
	w.fails("bob", "CreateGrant", grantRequest(key, bob, both), CodeAccessDenied)
}

// TestGrantFromGrantWithSource has a parent that is for the calls of one resource.
func TestGrantFromGrantWithSource(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	source := in{"SourceArn": "arn:aws:s3:::bucket"}
	w.grant(key, bob, in{"Operations": []string{"Encrypt", "CreateGrant"}, "Constraints": source})
	child := grantRequest(key, bob, in{"Operations": []string{"Encrypt"}, "Constraints": source})
	w.fails("bob", "CreateGrant", child, CodeAccessDenied)
	w.source = "arn:aws:s3:::bucket"
	w.does("bob", "CreateGrant", child)
	delete(child, "Constraints")
	w.fails("bob", "CreateGrant", child, CodeAccessDenied)
	child["Constraints"] = in{"SourceArn": "arn:aws:s3:::other"}
	w.fails("bob", "CreateGrant", child, CodeAccessDenied)
}
