package rego_test

import (
	"bytes"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// everyReading are the readings that differ from the default by one assumption.
func everyReading(t *testing.T) []rego.Readings {
	t.Helper()
	var out []rego.Readings
	for _, a := range rego.Assumptions() {
		for _, reading := range a.Readings()[1:] {
			r, err := rego.Readings{}.With(a, reading)
			require.NoError(t, err)
			out = append(out, r)
		}
	}
	return out
}

// openQuestions has a statement or two about each assumption that translation makes.
const openQuestions = `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
	{"Effect": "Allow", "Principal": {"AWS": ["*", "111122223333"], "Federated": "arn:aws:iam::111122223333:saml-provider/corp"},
		"Action": "kms:*", "Resource": "arn:aws:kms:us-east-1:111122223333:key/k"},
	{"Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:role/App", "arn:aws:sts::111122223333:assumed-role/App/s",
		"AIDACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPLE"], "Federated": "arn:aws:iam::111122223333:saml-provider/corp"}, "Action": "kms:*", "Resource": "*"},
	{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "NotResource": "arn:aws:kms:us-east-1:111122223333:key/k",
		"Condition": {"StringEquals": {"aws:ResourceTag/env": "a", "kms:EncryptionContextKeys": ["a", "b"], "acme:One": "x"},
			"StringNotEqualsIfExists": {"kms:EncryptionContextKeys": ["a", "b*"], "acme:One": "x"},
			"StringLikeIfExists": {"aws:TagKeys": ["a*", "b*c"], "acme:Two": ["x*y", "z?"]},
			"ForAnyValue:StringLikeIfExists": {"kms:ResourceAliases": ["alias/a*", "alias/b?"], "aws:TagKeys": ["a*", "?b"], "acme:Many": ["a*", "b"],
				"aws:PrincipalArn": ["a*b*", "c"]},
			"ForAllValues:StringNotLikeIfExists": {"kms:ResourceAliases": ["alias/a*"]},
			"DateLessThan": {"aws:RequestTag/until": "2024-01-01", "kms:ValidTo": "2024-01-01"}}},
	{"Effect": "Deny", "NotPrincipal": "*", "Action": "kms:*", "Resource": "*"},
	{"Effect": "Allow", "NotPrincipal": "*", "Action": "kms:*", "Resource": "*"},
	{"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}]}`

// TestEveryReadingTranslates holds the units of every reading to what the package promises of every unit.
func TestEveryReadingTranslates(t *testing.T) {
	doc := parse(t, policy.KeyPolicy, "open questions", []byte(openQuestions))
	const key, user = "arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:iam::444455556666:user/carol"
	grants := []*policy.Grant{
		{ID: "g0", KeyARN: key, GranteePrincipal: "arn:aws:iam::111122223333:root", Operations: []string{"Decrypt"}},
		{ID: "g1", KeyARN: key, GranteePrincipal: user, Operations: []string{"Decrypt"}, EncryptionContextEquals: map[string]string{"A": "1", "b": "2"}},
		{ID: "g2", KeyARN: key, GranteePrincipal: user, Operations: []string{"Decrypt", "DescribeKey"}, EncryptionContextSubset: map[string]string{"A": "1", "a": "1"}},
		{ID: "g3", KeyARN: key, GranteePrincipal: user, Operations: []string{"Decrypt"}, EncryptionContextEquals: map[string]string{}, EncryptionContextSubset: map[string]string{}},
	}
	plain, plainGrants := rego.Policy(doc, "one"), rego.Grants(grants, "one")
	checkUnit(t, plain)
	for _, r := range everyReading(t) {
		u, g := r.Policy(doc, "one"), r.Grants(grants, "one")
		checkUnit(t, u)
		checkUnit(t, g)
		inModule := !r.Reads(rego.GrantAndSCP, rego.ReadSurvives) && r.Reads(rego.GrantAndBoundary, "as-key-policy") &&
			!r.Reads(rego.FederationUserSilent, rego.ReadNeedsIAM) && !r.Reads(rego.ServiceRoleViaService, rego.ReadServiceLinked)
		same := u.Module == plain.Module && g.Module == plainGrants.Module
		require.Equal(t, inModule, !same, "%s: the others are the decision module's or the request's to make", r)
	}
}

// TestBundleWithReadings finds the readings in the bundle's data.
func TestBundleWithReadings(t *testing.T) {
	readings, err := rego.ParseReadings("grant-and-scp=survives")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, rego.Bundle{Readings: readings}.Write(&b))
	read, err := bundle.NewReader(&b).Read()
	require.NoError(t, err)
	require.Equal(t, map[string]any{"strictkms": map[string]any{"assume": map[string]any{"grant-and-scp": "survives"}}}, read.Data)
}
