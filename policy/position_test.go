package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPositionText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Position{
		"":                     {},
		"template.yaml":        {File: "template.yaml"},
		"template.yaml:31:13":  {File: "template.yaml", Line: 31, Column: 13},
		"31:13":                {Line: 31, Column: 13},
		"C:\\a b.yaml:3:1":     {File: "C:\\a b.yaml", Line: 3, Column: 1},
		"odd:name":             {File: "odd:name"},
		"odd:7":                {File: "odd:7"},
		"a:0:0":                {File: "a:0:0"},
		"policy x of role y:1": {File: "policy x of role y:1"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			var p Position
			require.NoError(t, p.UnmarshalText([]byte(text)))
			require.Equal(t, want, p)
			back, err := p.MarshalText()
			require.NoError(t, err)
			require.Equal(t, text, string(back))
		})
	}
}
