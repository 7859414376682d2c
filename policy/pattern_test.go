package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func lit(s string) Segment { return Segment{Kind: Literal, Literal: s} }

func variable(key string, value ...string) Segment {
	v := Variable{Key: key}
	if len(value) > 0 {
		v.Default, v.HasDefault = value[0], true
	}
	return Segment{Kind: Var, Variable: v}
}

var (
	star     = Segment{Kind: AnyRun}
	question = Segment{Kind: AnyOne}
)

func TestParsePattern(t *testing.T) {
	for _, c := range []struct {
		text    string
		pattern Pattern // Version2012
		literal Pattern // Version2012, no wildcards; nil when the same
		old     Pattern // Version2008; nil when the same as pattern
	}{
		{text: ""},
		{text: "abc", pattern: Pattern{lit("abc")}},
		{text: "a*b?", pattern: Pattern{lit("a"), star, lit("b"), question}, literal: Pattern{lit("a*b?")}},
		{text: "**", pattern: Pattern{star, star}, literal: Pattern{lit("**")}},
		{
			text:    "x/${aws:UserName}/*",
			pattern: Pattern{lit("x/"), variable("aws:username"), lit("/"), star},
			literal: Pattern{lit("x/"), variable("aws:username"), lit("/*")},
			old:     Pattern{lit("x/${aws:UserName}/"), star},
		},
		{
			text:    "${aws:PrincipalTag/team, 'a*b'}",
			pattern: Pattern{variable("aws:principaltag/team", "a*b")},
			old:     Pattern{lit("${aws:PrincipalTag/team, 'a"), star, lit("b'}")},
		},
		{
			text:    "${aws:PrincipalTag/a b,''}${aws:userid}",
			pattern: Pattern{variable("aws:principaltag/a b", ""), variable("aws:userid")},
			old:     Pattern{lit("${aws:PrincipalTag/a b,''}${aws:userid}")},
		},
		{
			text:    "${aws:PrincipalTag/x, 'a}b' }",
			pattern: Pattern{variable("aws:principaltag/x", "a}b")},
			old:     Pattern{lit("${aws:PrincipalTag/x, 'a}b' }")},
		},
		{
			text: "a${*}${?}${$}{b", pattern: Pattern{lit("a*?${b")},
			old: Pattern{lit("a${"), star, lit("}${"), question, lit("}${$}{b")},
		},
		{text: "$a}{", pattern: Pattern{lit("$a}{")}},
		{text: "${", pattern: Pattern{lit("${")}},
		{text: "${aws:x", pattern: Pattern{lit("${aws:x")}},
		{text: "${*", pattern: Pattern{lit("${"), star}, literal: Pattern{lit("${*")}},
		{text: "${}", pattern: Pattern{lit("${}")}},
		{text: "${x:*}", pattern: Pattern{lit("${x:"), star, lit("}")}, literal: Pattern{lit("${x:*}")}},
		{
			text: "${a${aws:userid}", pattern: Pattern{lit("${a"), variable("aws:userid")},
			old: Pattern{lit("${a${aws:userid}")},
		},
	} {
		t.Run(c.text, func(t *testing.T) {
			require.Equal(t, c.pattern, ParsePattern(c.text, Version2012))
			want := c.literal
			if want == nil {
				want = c.pattern
			}
			require.Equal(t, want, ParseText(c.text, Version2012))
			want = c.old
			if want == nil {
				want = c.pattern
			}
			require.Equal(t, want, ParsePattern(c.text, Version2008))
			require.Equal(t, c.pattern, ParsePattern(c.pattern.String(), Version2012), c.pattern.String())
		})
	}
}

func TestMalformedVariables(t *testing.T) {
	for text, want := range map[string]string{
		"${":                        "without closing brace",
		"${aws:userid":              "without closing brace",
		"${}":                       "without a name",
		"${ }":                      "without a name",
		"${userid}":                 "not a condition key",
		"${:a}":                     "not a condition key",
		"${aws:}":                   "not a condition key",
		"${ aws:userid}":            "not a condition key",
		"${aws:'x'}":                "contains one of",
		"${aws:a${aws:b}}":          "contains one of",
		"${*, 'x'}":                 "takes no default",
		"${aws:userid, x}":          "not in single quotes",
		"${aws:userid,":             "not in single quotes",
		"${aws:userid, 'x}":         "does not end with",
		"${aws:userid, 'x'y}":       "does not end with",
		"${aws:userid, 'it''s'}":    "does not end with",
		"${aws:userid, 'x'":         "does not end with",
		`${aws:PrincipalTag/"a"}`:   "contains one of",
		"${aws:PrincipalTag/team*}": "contains one of",
	} {
		var got []string
		scanPattern(text, Version2012, true, func(problem string) { got = append(got, problem) })
		require.NotEmpty(t, got, text)
		require.Contains(t, got[0], want, text)
		scanPattern(text, Version2008, true, func(string) { t.Error("variables are no variables in Version2008") })
	}
}

func TestPatternQuestions(t *testing.T) {
	for _, c := range []struct {
		text               string
		wildcard, variable bool
		literal            string
		isLiteral          bool
	}{
		{"", false, false, "", true},
		{"a${*}", false, false, "a*", true},
		{"a*", true, false, "", false},
		{"?", true, false, "", false},
		{"${aws:userid}", false, true, "", false},
		{"a${aws:userid}*", true, true, "", false},
	} {
		p := ParsePattern(c.text, Version2012)
		require.Equal(t, c.wildcard, p.HasWildcard(), c.text)
		require.Equal(t, c.variable, p.HasVariable(), c.text)
		text, ok := p.IsLiteral()
		require.Equal(t, c.isLiteral, ok, c.text)
		require.Equal(t, c.literal, text, c.text)
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"", "a*b?c", "${aws:userid}", "${aws:PrincipalTag/x, 'y'}", "${*}${?}${$}", "${", "$${a:b}", "arn:aws:kms:*:*:key/${aws:PrincipalTag/k}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []Version{Version2008, Version2012} {
			p := ParsePattern(text, v)
			for i, s := range p {
				require.Equal(t, s.Kind == Literal, s.Literal != "")
				require.False(t, i > 0 && s.Kind == Literal && p[i-1].Kind == Literal, "adjacent literals")
			}
			require.Equal(t, p, ParsePattern(p.String(), Version2012), "printed as %q", p.String())
			require.False(t, ParseText(text, v).HasWildcard())
		}
		if got, ok := ParseText(text, Version2008).IsLiteral(); !ok || got != text {
			t.Errorf("%q is not its own literal text", text)
		}
	})
}
