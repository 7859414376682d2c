package constraint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type page struct {
	Marker   *string `test:"min=1"`
	MaxItems *int32  `test:"min=1,max=1000"`
}

type tag struct {
	Key   *string `test:"required,min=1,max=3"`
	Value *string `test:"required,max=3,sensitive"`
}

type input struct {
	Name   *string  `test:"required,max=8,pattern=Name"`
	Alias  *string  `test:"pattern=Alias"`
	Status *string  `test:"enum=Status"`
	Keys   []string `test:"max=2,each=min=1;max=3"`
	Tags   []tag
	Blob   []byte `test:"max=2"`
	page
}

var testSet = NewSet("test", map[string]Enum{"Status": {"On", "Off"}}, map[string]*Pattern{
	"Name":  NewPattern(`[\w]+`, `\w+`).Saying("The specified value for %s is invalid."),
	"Alias": NewPattern(`^[a-z]+$`, `[a-z]+`),
})

func TestCheck(t *testing.T) {
	t.Parallel()
	zero := int32(0)
	const one = "1 validation error detected: "
	for _, test := range []struct {
		name    string
		in      input
		message string
	}{
		{"good", input{Name: new("alice"), Keys: []string{"a"}, Tags: []tag{{new("k"), new("")}}}, ""},
		{"null", input{}, one + "Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"embedded", input{Name: new("a"), page: page{MaxItems: &zero}}, one + "Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"enum", input{Name: new("a"), Status: new("on")}, one + "Value 'on' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [On, Off]"},
		{"pattern", input{Name: new("a"), Alias: new("A")}, one + "Value 'A' at 'alias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z]+$"},
		{"own sentence", input{Name: new("a/b")}, "The specified value for name is invalid."},
		{"own sentence last", input{Name: new("a/b"), Alias: new("a-")}, one + "Value 'a-' at 'alias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z]+$"},
		{"each", input{Name: new("a"), Keys: []string{"a", ""}}, one + "Value '' at 'keys.2.member' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"list", input{Name: new("a"), Keys: []string{"a", "b", "c"}}, one + "Value '[a, b, c]' at 'keys' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{"blob", input{Name: new("a"), Blob: []byte("abc")}, one + "Value at 'blob' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{
			"several, sensitive",
			input{Name: new("a"), Tags: []tag{{new(""), new("secret")}}},
			"2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 3",
		},
		{"astral", input{Name: new("a"), Alias: nil, Tags: []tag{{new("𝄞𝄞"), new("")}}}, one + "Value '𝄞𝄞' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.message, testSet.Check(&test.in))
		})
	}
	require.NotContains(t, testSet.Check(&input{Name: new("a"), Tags: []tag{{new("k"), new(strings.Repeat("s", 9))}}}), "sss")
}

// TestTagsAreRead shows that a mistake in a tag does not go unnoticed.
func TestTagsAreRead(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"requird", "min=x", "enum=Nothing", "pattern=Nothing", "each=min=x"} {
		require.Panics(t, func() { testSet.Parse(tag) }, tag)
	}
}
