package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseOperator(t *testing.T) {
	for c := StringEquals; c <= Null; c++ {
		for _, q := range []Quantifier{NoQuantifier, ForAllValues, ForAnyValue} {
			for _, ifExists := range []bool{false, true} {
				op := Operator{Quantifier: q, Comparison: c, IfExists: ifExists}
				got, ok := ParseOperator(op.String())
				if c == Null && ifExists {
					require.False(t, ok, op)
					continue
				}
				require.True(t, ok, op)
				require.Equal(t, op, got)
			}
		}
	}
	for _, s := range []string{
		"", "unknown", "stringEquals", "StringEqualsifexists", "IfExists", "ForAllValues:", "ForSome:Bool",
		"ForAllValues:ForAnyValue:Bool", "NullIfExists", "ForAnyValue:NullIfExists", "forAnyValue:Bool", " Bool",
	} {
		_, ok := ParseOperator(s)
		require.False(t, ok, s)
	}
	require.Empty(t, NoQuantifier.String())
	require.Equal(t, "ForAnyValue:StringLikeIfExists",
		Operator{Quantifier: ForAnyValue, Comparison: StringLike, IfExists: true}.String())
}

func TestNearestOperator(t *testing.T) {
	for in, want := range map[string]string{
		"StringEqual":               "StringEquals",
		"stringlikeifexists":        "StringLikeIfExists",
		"ForAllValue:StringLike":    "ForAllValues:StringLike",
		"ForAnyValues:ArnLikes":     "ForAnyValue:ArnLike",
		"IPAddress":                 "IpAddress",
		"nullifexists":              "Null",
		"StringNotEqualIgnoreCase":  "StringNotEqualsIgnoreCase",
		"NumericLessThanOrEqualsTo": "NumericLessThanEquals",
	} {
		require.Equal(t, want, nearestOperator(in))
	}
	require.Empty(t, closest("x", nil))
}

func TestComparison(t *testing.T) {
	negated := 0
	for c := StringEquals; c <= Null; c++ {
		p := c.Positive()
		require.False(t, p.Negated(), c)
		require.Equal(t, c.Negated(), p != c, c)
		if c.Negated() {
			negated++
		}
		require.Equal(t, p.TakesVariables(), c.TakesVariables())
	}
	require.Equal(t, 8, negated)
	require.Equal(t, StringLike, StringNotLike.Positive())
	require.Equal(t, IPAddress, NotIPAddress.Positive())
	require.True(t, ArnNotLike.TakesVariables())
	require.False(t, DateEquals.TakesVariables())
	require.False(t, Null.TakesVariables())
}
