package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sample = `{
  "Version": "2012-10-17",
  "Id": "sample",
  "Statement": [
    {
      "Sid": "Enable IAM \"policies\"",
      "Effect": "Allow",
      "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "444455556666"], "Service": "logs.amazonaws.com"},
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Effect": "Deny",
      "NotPrincipal": "*",
      "NotAction": ["kms:Decrypt", "kms:Encrypt"],
      "NotResource": ["arn:aws:kms:*:111122223333:key/*"],
      "Condition": {
        "StringLikeIfExists": {"kms:ViaService": ["s3.*", "ec2.*"], "aws:PrincipalArn": "x"},
        "Bool": {"aws:SecureTransport": false},
        "NumericLessThan": {"kms:RotationPeriodInDays": 1.50e2}
      }
    }
  ]
}
`

func TestParse(t *testing.T) {
	doc := parse(t, KeyPolicy, sample, WithFile("f.json"), WithARN("arn:x"))
	at := func(line, column int) Position {
		lines := strings.SplitAfter(sample, "\n")
		offset := len(strings.Join(lines[:line-1], "")) + column - 1
		return Position{File: "f.json", Offset: offset, Line: line, Column: column}
	}
	value := func(text string, line, column int) Value { return Value{Text: text, Pos: at(line, column)} }
	want := &Document{
		Kind: KeyPolicy, Name: "test", ARN: "arn:x", Version: Version2012, ID: "sample", Pos: at(1, 1), Digest: doc.Digest,
		Statements: []*Statement{
			{
				Index: 0, Sid: `Enable IAM "policies"`, Effect: Allow, Pos: at(5, 5),
				Principals: &Principals{Pos: at(8, 7), Values: []Principal{
					{Form: PrincipalAccount, Account: "111122223333", Value: value("arn:aws:iam::111122223333:root", 8, 29)},
					{Form: PrincipalAccount, Account: "444455556666", Value: value("444455556666", 8, 63)},
					{Form: PrincipalService, Value: value("logs.amazonaws.com", 8, 91)},
				}},
				Actions:   &Strings{Pos: at(9, 7), Values: []Value{value("kms:*", 9, 17)}},
				Resources: &Strings{Pos: at(10, 7), Values: []Value{value("*", 10, 19)}},
			},
			{
				Index: 1, Effect: Deny, Pos: at(12, 5),
				Principals: &Principals{Negated: true, Pos: at(14, 7), Values: []Principal{{Form: PrincipalAny, Value: value("*", 14, 23)}}},
				Actions: &Strings{Negated: true, Pos: at(15, 7), Values: []Value{
					value("kms:Decrypt", 15, 21), value("kms:Encrypt", 15, 36),
				}},
				Resources: &Strings{Negated: true, Pos: at(16, 7), Values: []Value{value("arn:aws:kms:*:111122223333:key/*", 16, 23)}},
				Conditions: []Condition{
					{
						Operator: Operator{Comparison: StringLike, IfExists: true}, Pos: at(18, 9),
						Key: value("kms:ViaService", 18, 32), Values: []Value{value("s3.*", 18, 51), value("ec2.*", 18, 59)},
					},
					{
						Operator: Operator{Comparison: StringLike, IfExists: true}, Pos: at(18, 9),
						Key: value("aws:PrincipalArn", 18, 69), Values: []Value{value("x", 18, 89)},
					},
					{
						Operator: Operator{Comparison: Bool}, Pos: at(19, 9),
						Key: value("aws:SecureTransport", 19, 18), Values: []Value{value("false", 19, 41)},
					},
					{
						Operator: Operator{Comparison: NumericLessThan}, Pos: at(20, 9),
						Key: value("kms:RotationPeriodInDays", 20, 29), Values: []Value{value("1.50e2", 20, 57)},
					},
				},
			},
		},
	}
	require.Equal(t, want, doc)
	require.False(t, doc.HasUnresolved())
}

func TestParseForms(t *testing.T) {
	doc := parse(t, KeyPolicy, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:*"], "Resource": "*"}}`)
	require.Equal(t, Version2008, doc.Version, "a document without Version is in the old language")
	require.Len(t, doc.Statements, 1)
	require.Equal(t, PrincipalAny, doc.Statements[0].Principals.Values[0].Form)
	require.Empty(t, doc.Statements[0].Pos.File)
	require.Equal(t, Version2008, parse(t, KeyPolicy, strings.Replace(sample, "2012-10-17", "2008-10-17", 1)).Version)
}

func TestDigest(t *testing.T) {
	src := keyStatement(`"Sid": "a"`)
	base := parse(t, KeyPolicy, src).Digest
	require.Equal(t, base, parse(t, KeyPolicy, src, WithFile("other"), WithARN("arn:other")).Digest)
	require.NotEqual(t, base, parse(t, VPCEndpointPolicy, src).Digest)
	require.NotEqual(t, base, parse(t, KeyPolicy, src+"\n").Digest)
	require.NotEqual(t, base, parse(t, KeyPolicy, src, WithUnresolved()).Digest)
}

func TestWithLocator(t *testing.T) {
	where := func(offset int) Position { return Position{File: "template.yaml", Line: offset + 1000, Column: 7} }
	src := keyStatement(`"Sid": 1`)
	doc, ds := Parse(KeyPolicy, "test", []byte(src), WithLocator(where), WithFile("ignored"))
	require.Nil(t, doc)
	require.Equal(t, strings.Index(src, "1}}")+1000, ds[0].Pos.Line)
	require.Equal(t, "template.yaml", ds[0].Pos.File)
}

func TestDocumentFindings(t *testing.T) {
	one := `"Statement": ` + "\n" + `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}}`
	rcp := strings.Replace(one, "Allow", "Deny", 1)
	iam := `"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}`
	runFindings(t, []finding{
		{"unknown kind", KindUnknown, sample, []string{"!1:1 unknown-kind"}, ""},
		{"kind out of range", Kind(99), sample, []string{"!1:1 unknown-kind"}, ""},
		{"not an object", KeyPolicy, ` []`, []string{"!1:2 wrong-type"}, "a policy document is an array: expected a JSON object"},
		{"string", KeyPolicy, `"x"`, []string{"!1:1 wrong-type"}, ""},
		{"null", KeyPolicy, `null`, []string{"!1:1 wrong-type"}, "is null"},
		{"empty object", KeyPolicy, `{}`, []string{"!1:1 missing-element"}, "Statement is missing"},
		{"unknown element", KeyPolicy, `{"version": "2012-10-17", ` + one, []string{"!1:2 unknown-element"}, `did you mean "Version"?`},
		{"element of a statement", KeyPolicy, `{"Principal": "*", ` + one, []string{"!1:2 unknown-element"}, "expected one of Version, Id, Statement"},
		{"unknown version", KeyPolicy, `{"Version": "2012-10-18", ` + one, []string{"!1:13 unknown-version"}, `expected "2012-10-17" or "2008-10-17"`},
		{"version as number", KeyPolicy, `{"Version": 2012, ` + one, []string{"!1:13 wrong-type"}, "Version is a number: expected a string"},
		{"id as number", KeyPolicy, `{"Id": 1, ` + one, []string{"!1:8 wrong-type"}, "Id is a number"},
		{"id in IAM", IdentityPolicy, `{"Id": "x", ` + iam, []string{"1:2 no-effect"}, "Id belongs in resource policies"},
		{"statement as string", KeyPolicy, `{"Statement": "x"}`, []string{"!1:15 wrong-type"}, "an object or an array of objects"},
		{"no statements", KeyPolicy, `{"Statement": []}`, []string{"!1:15 empty-list"}, ""},
		{"statement in statement", KeyPolicy, `{"Statement": [[]]}`, []string{"!1:16 wrong-type"}, "a statement is an array"},
		{"RCP without version", ResourceControlPolicy, "{" + rcp, []string{"!1:1 unknown-version"}, ""},
		{"RCP with old version", ResourceControlPolicy, `{"Version": "2008-10-17", ` + rcp, []string{"!1:13 unknown-version"}, ""},
		{"SCP without version", ServiceControlPolicy, "{" + iam, []string{"1:1 unknown-version"}, ""},
		{"duplicate key", KeyPolicy, `{"Id": "a", "Id": "b", ` + one, []string{"!1:13 duplicate-key"}, `duplicate key "Id"`},
		{
			"duplicate escaped key", KeyPolicy, keyStatement(`"Condition": {"Bool": {"aws:SecureTransport": "true", "aws:Secure\u0054ransport": "true"}}`),
			[]string{"!3:55 duplicate-key"},
			"",
		},
		{
			"all findings at once", KeyPolicy, `{"Version": 1, "Statement": [{"Effect": "allow"},` + "\n" + `{"Action": 5, "Action": 6}]}`,
			[]string{
				"!1:13 wrong-type", "!1:30 missing-element", "1:30 missing-element", "1:30 missing-element", "!1:41 unknown-effect",
				"!2:1 missing-element", "!2:1 missing-element", "2:1 missing-element", "!2:12 wrong-type", "!2:15 duplicate-key",
			},
			"",
		},
	})
}

func TestRelated(t *testing.T) {
	_, ds := Parse(KeyPolicy, "test", []byte(`{"Id": "a", "Id": "b"}`), WithFile("f"))
	require.Equal(t, "f:1:1: Statement is missing\nf:1:13: duplicate key \"Id\" (see f:1:2)", ds.Error())
}
