package policy

import "testing"

func TestConditionFindings(t *testing.T) {
	with := func(condition string) string { return keyStatement(`"Condition":` + "\n" + condition) }
	runFindings(t, []finding{
		{"empty", KeyPolicy, with(`{}`), []string{}, ""},
		{"not an object", KeyPolicy, with(`"x"`), []string{"!4:1 wrong-type"}, "Condition is a string"},
		{"operator without keys", KeyPolicy, with(`{"Bool": {}}`), []string{"4:10 empty-list"}, "has no condition key"},
		{"operator with text", KeyPolicy, with(`{"Bool": "true"}`), []string{"!4:10 wrong-type"}, "an object of condition keys"},
		{"unknown operator", KeyPolicy, with(`{"StringEqual": {"aws:userid": "x"}}`), []string{"!4:2 unknown-operator"}, `did you mean "StringEquals"?`},
		{"operator in other case", KeyPolicy, with(`{"stringequals": {"aws:userid": "x"}}`), []string{"!4:2 unknown-operator"}, `did you mean "StringEquals"?`},
		{"unknown quantifier", KeyPolicy, with(`{"ForEachValue:Bool": {"aws:userid": 1}}`), []string{"!4:2 unknown-operator"}, ""},
		{"null if exists", KeyPolicy, with(`{"NullIfExists": {"aws:userid": "true"}}`), []string{"!4:2 unknown-operator"}, "Null cannot have IfExists"},
		{"null of all values", KeyPolicy, with(`{"ForAllValues:Null": {"aws:TagKeys": "true"}}`), []string{"4:2 no-effect"}, "no use for ForAllValues"},
		{"several mistakes", KeyPolicy, with(`{"X": 1, "Y": {"z": null}}`), []string{"!4:2 unknown-operator", "!4:7 wrong-type", "!4:10 unknown-operator", "!4:16 invalid-condition-key", "!4:21 wrong-type"}, ""},
		{"key without service", KeyPolicy, with(`{"Bool": {"SecureTransport": "true"}}`), []string{"!4:11 invalid-condition-key"}, "not service:name"},
		{"key with a newline", KeyPolicy, with(`{"Bool": {"aws:ResourceTag/a\nb": "true"}}`), []string{"!4:11 invalid-condition-key"}, `"aws:ResourceTag/a\nb" has the control character U+000A`},
		{"key with a control character", IdentityPolicy, statement(`"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"Bool": {"s3:x\u0085": "true"}}`), []string{"!2:87 invalid-condition-key"}, "U+0085"},
		{"key with a space", KeyPolicy, with(`{"Bool": {"aws:ResourceTag/a b": "true"}}`), []string{}, ""},
		{"unknown key", KeyPolicy, with(`{"Bool": {"kms:ViaServices": "true"}}`), []string{"4:11 unknown-condition-key"}, "did you mean kms:ViaService"},
		{"unknown key like no other", KeyPolicy, with(`{"Bool": {"aws:Zebra": "true"}}`), []string{"4:11 unknown-condition-key"}, `condition key "aws:Zebra" is not known`},
		{"key of another service", KeyPolicy, with(`{"StringLike": {"s3:prefix": "x"}}`), []string{}, ""},
		{"key in other case", KeyPolicy, with(`{"Bool": {"aws:securetransport": "true"}}`), []string{}, ""},
		{"same key in other case", KeyPolicy, with(`{"Bool": {"aws:SecureTransport": "true", "AWS:securetransport": true}}`), []string{"4:42 duplicate-condition-key"}, ""},
		{"same key twice", KeyPolicy, with(`{"Bool": {"aws:SecureTransport": "true", "aws:SecureTransport": true}}`), []string{"!4:42 duplicate-key"}, ""},
		{"same operator twice", KeyPolicy, with(`{"Bool": {}, "Bool": {}}`), []string{"4:10 empty-list", "!4:14 duplicate-key"}, ""},
		{"no values", KeyPolicy, with(`{"Bool": {"aws:SecureTransport": []}}`), []string{"4:34 empty-list"}, "has no values"},
		{"values of other types", KeyPolicy, with(`{"StringLike": {"aws:userid": ["x", null, ["y"], {}, 5, true]}}`), []string{"!4:37 wrong-type", "!4:43 wrong-type", "!4:50 wrong-type"}, ""},
		{"variable", KeyPolicy, with(`{"StringLike": {"aws:userid": "${aws:username, 'x'}${*}"}}`), []string{}, ""},
		{"malformed variable", KeyPolicy, with(`{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username"}}`), []string{"!4:37 invalid-variable"}, "without closing brace"},
		{"variable elsewhere", KeyPolicy, with(`{"NumericEquals": {"aws:MultiFactorAuthAge": "${x"}}`), []string{}, ""},
	})
}

func TestOperandFindings(t *testing.T) {
	good := map[string]string{
		"NumericEquals":    `[5, "5.5", "-1e3"]`,
		"NumericNotEquals": `1`,
		"DateLessThan":     `["2026", "2026-01", "2026-01-31", "2026-01-31T09:30Z", "2026-01-31T09:30:00+02:00", "2026-01-31T09:30:00.5Z", 1700000000]`,
		"Bool":             `[true, "False"]`,
		"Null":             `"true"`,
		"BinaryEquals":     `"QUJD"`,
		"IpAddress":        `["203.0.113.0/24", "203.0.113.1", "2001:db8::/32", "::1"]`,
		"ArnLike":          `["*", "arn:aws:iam::*:role/*"]`,
		"StringEquals":     `["", 5]`,
	}
	bad := map[string]string{
		"NumericGreaterThan":       `"five"`,
		"DateNotEquals":            `"31.1.2026"`,
		"BoolIfExists":             `"yes"`,
		"Null":                     `"1"`,
		"BinaryEquals":             `"?"`,
		"IpAddress":                `"203.0.113.0/33"`,
		"NotIpAddress":             `"203.0.113"`,
		"ForAnyValue:ArnNotEquals": `"role/x"`,
	}
	var cases []finding
	for op, values := range good {
		cases = append(cases, finding{op, KeyPolicy, keyStatement(`"Condition": {"` + op + `": {"aws:userid":` + "\n" + values + `}}`), []string{}, ""})
	}
	for op, value := range bad {
		cases = append(cases, finding{"bad " + op, KeyPolicy, keyStatement(`"Condition": {"` + op + `": {"aws:userid":` + "\n" + value + `}}`), []string{"4:1 invalid-operand"}, op + " cannot compare with"})
	}
	runFindings(t, cases)
}
