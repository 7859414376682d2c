package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unknown stands for U+E000 in the documents below.
func unknown(src string) string { return strings.ReplaceAll(src, "#", string(Unresolved)) }

func TestUnresolved(t *testing.T) {
	src := unknown(statement(`"Sid": "s#", "Effect": "Allow", "Principal": {"AWS": ["role #", "111122223333"], "Service": "#", "Federated": "#", "CanonicalUser": "#"},
"Action": "#", "Resource": "key of #", "Condition": {"StringEquals": {"#": "${#"}, "Bool": {"aws:SecureTransport": "#"}}`))
	_, ds := Parse(KeyPolicy, "test", []byte(src))
	require.True(t, ds.HasErrors(), "without the option the rune is an ordinary character")

	doc, ds := Parse(KeyPolicy, "test", []byte(src), WithUnresolved())
	require.Empty(t, ds)
	require.True(t, doc.HasUnresolved())
	s := doc.Statements[0]
	require.Equal(t, "s", s.Sid)
	require.Equal(t, "role ", s.Principals.Values[0].Text)
	forms := []PrincipalForm{}
	for i, p := range s.Principals.Values {
		require.Equal(t, i != 1, p.Unresolved)
		forms = append(forms, p.Form)
	}
	require.Equal(t, []PrincipalForm{PrincipalUnknown, PrincipalAccount, PrincipalService, PrincipalFederated, PrincipalCanonicalUser}, forms)
	require.True(t, s.Actions.Values[0].Unresolved)
	unresolved := []string{}
	for _, v := range s.Unresolved() {
		unresolved = append(unresolved, v.Text)
	}
	require.Equal(t, []string{"role ", "", "", "", "", "key of ", "", "${", ""}, unresolved)
	require.Equal(t, "key of ", s.Resources.Values[0].Text)
	require.True(t, s.Conditions[0].Key.Unresolved && s.Conditions[0].Values[0].Unresolved && s.Conditions[1].Values[0].Unresolved)

	doc = parse(t, KeyPolicy, unknown(statement(`"Effect": "Allow", "Principal": "#", "Action": "*", "Resource": "*"`)), WithUnresolved())
	require.Equal(t, PrincipalUnknown, doc.Statements[0].Principals.Values[0].Form)

	// An unknown principal with an account in it does not belong to that account.
	doc = parse(t, KeyPolicy, unknown(statement(`"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/#App"}, "Action": "*", "Resource": "*"`)), WithUnresolved())
	require.Empty(t, doc.Statements[0].Principals.Values[0].Account)
}

func TestBound(t *testing.T) {
	const who, what, which = `"Principal": {"AWS": "111122223333"}`, `"Action": "kms:Decrypt"`, `"Resource": "*"`
	for _, c := range []struct {
		name    string
		members string
		wide    string // the bound that matches more
		narrow  string // the bound that matches less; empty when it cannot match
	}{
		{"nothing unknown", who + "," + what + "," + which, who + "," + what + "," + which, who + "," + what + "," + which},
		{"principal", `"Principal": {"AWS": ["#", "111122223333"]},` + what + "," + which, `"Principal": "*",` + what + "," + which, who + "," + what + "," + which},
		{"only principal", `"Principal": {"Service": "#"},` + what + "," + which, `"Principal": "*",` + what + "," + which, ""},
		{"notprincipal", `"NotPrincipal": {"AWS": ["#", "111122223333"]},` + what + "," + which, `"NotPrincipal": {"AWS": "111122223333"},` + what + "," + which, ""},
		{"only notprincipal", `"NotPrincipal": {"AWS": "#"},` + what + "," + which, `"Principal": "*",` + what + "," + which, ""},
		{"action", who + `,"Action": ["kms:Decrypt", "#"],` + which, who + `,"Action": "*",` + which, who + "," + what + "," + which},
		{"only action", who + `,"Action": "#",` + which, who + `,"Action": "*",` + which, ""},
		{"notaction", who + `,"NotAction": ["kms:Decrypt", "#"],` + which, who + `,"NotAction": "kms:Decrypt",` + which, ""},
		{"only notaction", who + `,"NotAction": "#",` + which, who + `,"Action": "*",` + which, ""},
		{"resource", who + "," + what + `,"Resource": ["#", "*"]`, who + "," + what + "," + which, who + "," + what + "," + which},
		{"only resource", who + "," + what + `,"Resource": "#"`, who + "," + what + "," + which, ""},
		{
			"condition", who + "," + what + "," + which + `,"Condition": {"StringLike": {"aws:userid": ["a", "#"], "kms:ViaService": "b"}}`,
			who + "," + what + "," + which + `,"Condition": {"StringLike": {"kms:ViaService": "b"}}`,
			who + "," + what + "," + which + `,"Condition": {"StringLike": {"aws:userid": "a", "kms:ViaService": "b"}}`,
		},
		{
			"only condition value", who + "," + what + "," + which + `,"Condition": {"StringLike": {"aws:userid": "#"}}`,
			who + "," + what + "," + which, "",
		},
		{
			"negated condition", who + "," + what + "," + which + `,"Condition": {"StringNotLike": {"aws:userid": ["a", "#"]}}`,
			who + "," + what + "," + which, "",
		},
		{
			"condition key", who + "," + what + "," + which + `,"Condition": {"StringLike": {"kms:EncryptionContext:#": "a"}}`,
			who + "," + what + "," + which, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, effect := range []string{"Allow", "Deny"} {
				full := func(members string) string {
					return unknown(statement(`"Effect": "` + effect + `",` + members))
				}
				doc := parse(t, KeyPolicy, full(c.members), WithUnresolved())
				before, err := doc.MarshalJSON()
				require.NoError(t, err)
				permissive, restrictive := doc.Bound(true), doc.Bound(false)
				require.NotEqual(t, doc.Digest, permissive.Digest)
				require.NotEqual(t, doc.Digest, restrictive.Digest)
				require.NotEqual(t, permissive.Digest, restrictive.Digest)
				require.Equal(t, permissive.Digest, doc.Bound(true).Digest)
				require.False(t, permissive.HasUnresolved() || restrictive.HasUnresolved())

				wide, narrow := permissive, restrictive
				if effect == "Deny" {
					wide, narrow = restrictive, permissive
				}
				requireSame(t, parse(t, KeyPolicy, full(c.wide)), wide)
				if c.narrow == "" {
					require.Empty(t, narrow.Statements)
				} else {
					requireSame(t, parse(t, KeyPolicy, full(c.narrow)), narrow)
				}
				after, err := doc.MarshalJSON()
				require.NoError(t, err)
				require.Equal(t, string(before), string(after), "Bound changed the document")
			}
		})
	}
}

func TestBoundKeepsIndexes(t *testing.T) {
	doc := parse(t, IdentityPolicy, unknown(`{"Statement": [
		{"Effect": "Allow", "Action": "#", "Resource": "*"},
		{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}`), WithUnresolved())
	bound := doc.Bound(false)
	require.Len(t, bound.Statements, 1)
	require.Equal(t, 1, bound.Statements[0].Index)
	require.Same(t, doc.Statements[1], bound.Statements[0])
}
