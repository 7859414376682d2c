package yamljson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

func parse(t *testing.T, src string) *File {
	t.Helper()
	f, diags := Parse("f.yaml", []byte(src))
	require.Empty(t, diags)
	return f
}

func TestRender(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"mapping", "a: x\nb: [1, two]\n", `{"a":"x","b":[1,"two"]}`},
		{"json", `{"a": "x\u00fc", "b": {"c": null}}`, `{"a":"xü","b":{"c":null}}`},
		{"date is text", "Version: 2012-10-17", `{"Version":"2012-10-17"}`},
		{"account ids keep their zeros", "[111122223333, 012345678901]", `[111122223333,"012345678901"]`},
		{"numbers that JSON does not know are text", "[0x10, 1_000, .5, .inf, 1.50, -0]", `["0x10","1_000",".5",".inf",1.50,-0]`},
		{"booleans", "[true, False, yes, \"true\"]", `[true,false,"yes","true"]`},
		{"empty", "a:\nb: ~\n", `{"a":null,"b":null}`},
		{"alias", "a: &x {k: v}\nb: *x\n", `{"a":{"k":"v"},"b":{"k":"v"}}`},
		{"markup", `a: "<&>"`, `{"a":"\u003c\u0026\u003e"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := parse(t, test.src)
			out, _, diags := f.Render(f.Root)
			require.Empty(t, diags)
			require.Equal(t, test.want, string(out))
			require.True(t, json.Valid(out))
		})
	}
}

func TestRenderUnknownTags(t *testing.T) {
	f := parse(t, "a: !Ref x\nb: !Join [1]\nc: !X {a: b}\n")
	out, _, diags := f.Render(f.Root)
	require.True(t, json.Valid(out))
	var at []string
	for _, d := range diags {
		at = append(at, d.Pos.String())
	}
	require.Equal(t, []string{"f.yaml:1:4", "f.yaml:2:4", "f.yaml:3:4"}, at)
}

// TestLocate asks for the place of every token of a rendered document.
func TestLocate(t *testing.T) {
	src := "Größe: &g\n  - ä\n  - {b: c, d: [1]}\nzwei: *g\n"
	f := parse(t, src)
	out, locate, diags := f.Render(f.Root)
	require.Empty(t, diags)
	require.Equal(t, `{"Größe":["ä",{"b":"c","d":[1]}],"zwei":["ä",{"b":"c","d":[1]}]}`, string(out))
	for token, want := range map[string]string{
		`"Größe"`: "1:1", `["ä"`: "1:10", `"ä"`: "2:5", `{"b"`: "3:5", `"b"`: "3:6", `"c"`: "3:9", `"d"`: "3:12", `[1]`: "3:15", `1]`: "3:16", `"zwei"`: "4:1",
	} {
		require.Equal(t, "f.yaml:"+want, locate(strings.Index(string(out), token)).String(), token)
	}
	require.Equal(t, "f.yaml:4:7", locate(strings.LastIndex(string(out), `["ä"`)).String(), "an alias is where it is used")
	require.Equal(t, "f.yaml:1:1", locate(len(out)+10).String())
	require.Equal(t, policy.Position{File: "f.yaml"}, locate(-1))
}

// TestText asks for the place of each X inside texts of every style.
func TestText(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"literal", "a: |\n  one\n  twoX\n", "3:6"},
		{"literal with deeper lines", "a: |\n  one\n\n      twoX\n", "4:10"},
		{"literal with indentation indicator", "a: |2\n    X\n", "2:5"},
		{"literal with header comment", "a: |- # text\n  X", "2:3"},
		{"double quotes", `a: "öX"`, "1:7"},
		{"double quotes with escapes", `a: "\"\\\u00fc\U0001F600\x41X"`, "1:29"},
		{"single quotes", "a: 'it''sX'", "1:10"},
		{"plain", "a: oneX", "1:4"},
		{"folded", "a: >\n  one\n  X\n", "1:4"},
		{"double quotes on two lines", "a: \"one\n  X\"", "1:4"},
		{"single quotes on two lines", "a: 'one\n  X'", "1:4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := parse(t, test.src)
			text, locate := f.Text(f.Root.Content[1])
			require.Equal(t, "f.yaml:"+test.want, locate(strings.Index(string(text), "X")).String())
			require.NotPanics(t, func() { locate(-1); locate(len(text) + 100) })
		})
	}
}

func TestParseErrors(t *testing.T) {
	for name, test := range map[string]struct{ src, want string }{
		"empty":             {"", "f.yaml:1:1: no documents in stream"},
		"comment only":      {"# nothing\n", "f.yaml:1:1: no documents in stream"},
		"flow not closed":   {"a: [1,\n", "f.yaml:2:1: while parsing a flow node: did not find expected node content"},
		"unknown alias":     {"a: *b", "f.yaml:1:4: unknown anchor 'b' referenced"},
		"key is a list":     {"[a]: 1", "f.yaml:1:1: expected a text as the name of a field"},
		"UTF-16 pair":       {`{"a": "\ud83d\ude00"}`, "f.yaml:1:10: while scanning a quoted scalar: found invalid Unicode character escape code"},
		"two documents":     {"a: 1\n---\nb: 1\n", "f.yaml:1:1: expected single document, found multiple"},
		"control character": {"a\r\nb\x1b", "f.yaml:2:2: expected YAML or JSON text in UTF-8, found byte 0x1b"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Parse("f.yaml", []byte(test.src))
			require.EqualError(t, diags, test.want)
		})
	}
}

func TestPositions(t *testing.T) {
	f := parse(t, "\ufeffa: 1\r\nb: 2\rc: 3\n")
	var at []string
	for _, n := range f.Root.Content {
		at = append(at, f.Position(n).String())
	}
	require.Equal(t, []string{"f.yaml:1:4", "f.yaml:1:7", "f.yaml:2:1", "f.yaml:2:4", "f.yaml:3:1", "f.yaml:3:4"}, at)
	require.Equal(t, "f.yaml", f.Position(nil).String())
	require.Equal(t, "f.yaml", f.Position(&yaml.Node{Line: 99, Column: 1}).String())
	require.Equal(t, len("\ufeffa: 1\r\nb: 2\rc: 3\n"), f.Position(&yaml.Node{Line: 4, Column: 9}).Offset)
}
