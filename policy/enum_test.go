package policy

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every enumeration prints each of its constants differently and anything else as unknown.
func TestEnumStrings(t *testing.T) {
	for _, c := range []struct {
		values  []fmt.Stringer
		unknown fmt.Stringer
		last    string
	}{
		{enum(KeyPolicy, TrustPolicy), KindUnknown, "trust-policy"},
		{enum(Version2008, Version2012), VersionUnknown, "2012-10-17"},
		{enum(Allow, Deny), EffectUnknown, "Deny"},
		{enum(PrincipalAny, PrincipalUniqueID), PrincipalUnknown, "unique id"},
		{enum(SeverityWarning, SeverityError), SeverityUnknown, "error"},
		{enum(StringEquals, Null), ComparisonUnknown, "Null"},
		{enum(Literal, Var), SegmentUnknown, "variable"},
		{enum(KeyTypeString, KeyTypeBinary), KeyTypeUnknown, "Binary"},
		{enum(StringEquals, Null), Null + 1, "Null"},
		{enum(StringEquals, Null), Comparison(-1), "Null"},
	} {
		require.Equal(t, unknownName, c.unknown.String())
		seen := map[string]bool{unknownName: true}
		for _, v := range c.values {
			require.False(t, seen[v.String()], v.String())
			seen[v.String()] = true
		}
		require.Equal(t, c.last, c.values[len(c.values)-1].String())
	}
}

func enum[E interface {
	~int
	fmt.Stringer
}](first, last E) []fmt.Stringer {
	var out []fmt.Stringer
	for e := first; e <= last; e++ {
		out = append(out, e)
	}
	return out
}
