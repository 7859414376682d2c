package policy

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireSame asks that the documents differ in positions and digests at most.
func requireSame(t require.TestingT, want, got *Document) {
	require.Equal(t, bare(want), bare(got))
}

// bare returns a copy of the document without positions, name and digest.
func bare(d *Document) *Document {
	out := *d
	out.Pos, out.Digest, out.Name, out.ARN = Position{}, [32]byte{}, "", ""
	out.Statements = nil
	for _, s := range d.Statements {
		c := *s
		c.Pos = Position{}
		if s.Principals != nil {
			c.Principals = &Principals{Negated: s.Principals.Negated}
			for _, p := range s.Principals.Values {
				p.Pos = Position{}
				c.Principals.Values = append(c.Principals.Values, p)
			}
		}
		c.Actions, c.Resources = bareStrings(s.Actions), bareStrings(s.Resources)
		c.Conditions = nil
		for _, cond := range s.Conditions {
			cond.Pos, cond.Key.Pos = Position{}, Position{}
			cond.Values = bareValues(cond.Values)
			c.Conditions = append(c.Conditions, cond)
		}
		out.Statements = append(out.Statements, &c)
	}
	return &out
}

func bareStrings(s *Strings) *Strings {
	if s == nil {
		return nil
	}
	return &Strings{Negated: s.Negated, Values: bareValues(s.Values)}
}

func bareValues(values []Value) []Value {
	var out []Value
	for _, v := range values {
		v.Pos = Position{}
		out = append(out, v)
	}
	return out
}

func TestMarshalJSON(t *testing.T) {
	doc := parse(t, KeyPolicy, sample)
	src, err := json.Marshal(doc)
	require.NoError(t, err)
	require.JSONEq(t, `{"Version": "2012-10-17", "Id": "sample", "Statement": [
		{"Sid": "Enable IAM \"policies\"", "Effect": "Allow",
		 "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "444455556666"], "Service": "logs.amazonaws.com"},
		 "Action": "kms:*", "Resource": "*"},
		{"Effect": "Deny", "NotPrincipal": "*", "NotAction": ["kms:Decrypt", "kms:Encrypt"],
		 "NotResource": "arn:aws:kms:*:111122223333:key/*",
		 "Condition": {"StringLikeIfExists": {"kms:ViaService": ["s3.*", "ec2.*"], "aws:PrincipalArn": "x"},
		  "Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"kms:RotationPeriodInDays": "1.50e2"}}}]}`, string(src))
	requireSame(t, doc, parse(t, KeyPolicy, string(src)))
}

func TestMarshalJSONOfUnresolved(t *testing.T) {
	doc := parse(t, KeyPolicy, unknown(statement(`"Effect": "Deny", "Action": ["#", "kms:<&>"], "Principal": {"Service": ["#", "logs.amazonaws.com"],
"AWS": ["#", "*"], "Federated": "#", "CanonicalUser": "#"}, "Condition": {"Bool": {"x:#": []}}`)), WithUnresolved())
	src, err := doc.MarshalJSON()
	require.NoError(t, err)
	requireSame(t, doc, parse(t, KeyPolicy, string(src), WithUnresolved()))
	require.Contains(t, string(src), `"kms:<&>"`)
}
