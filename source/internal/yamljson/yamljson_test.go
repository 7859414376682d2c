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
	f, diags := Parse("f.yaml", []byte(src), Options{Expected: "a thing"})
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
		{"markup", `a: "<&>"`, `{"a":"<&>"}`},
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
	require.Equal(t, policy.Position{}, locate(-1))
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
		{"plain", "a: oneX", "1:7"},
		{"plain on two lines", "a: one\n  X", "1:4"},
		{"tagged", "a: !Sub  &n 'it''sX'", "1:19"},
		{"tagged literal", "a: !Sub\n  |\n  X", "3:3"},
		{"literal that keeps its end", "a: |+\n  b\n  X\n\n", "3:3"},
		{"JSON", `{"a": "\"\\\u00fc\ud83D\uDe00\/X"}`, "1:32"},
		{"JSON with characters", `{"a": "ü😀X"}`, "1:14"},
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
		"empty":             {"", "f.yaml:1:1: the file is empty, expected a thing"},
		"comment only":      {"# nothing\n", "f.yaml:1:1: the file holds no document, expected a thing"},
		"flow not closed":   {"a: [1,\n", "f.yaml:2:1: not valid YAML: did not find expected node content (while parsing a flow node)"},
		"unknown alias":     {"a: *b", "f.yaml:1:4: not valid YAML: unknown anchor 'b' referenced"},
		"key is a list":     {"[a]: 1", "f.yaml:1:1: expected a string as key of a mapping"},
		"half a JSON":       {`{"a": "\ud83d\ude00"`, "f.yaml:1:21: not valid JSON: unexpected end of JSON input"},
		"two problems":      {"{a: 1, a: 2, <<: {}}", "f.yaml:1:8: the key \"a\" is already in this mapping (see f.yaml:1:2)\nf.yaml:1:14: YAML merge keys (<<) are not supported: write the keys out"},
		"alias in itself":   {"a: &a [*a]", "f.yaml:1:8: the alias *a stands inside what it points at"},
		"reserved":          {"a: \u2603", "f.yaml:1:4: expected a thing as UTF-8 text, found the private-use character U+2603"},
		"large":             {"a: " + strings.Repeat("x", 6000), "f.yaml:1:1: the file has 6003 bytes, expected a thing of at most 5000"},
		"UTF-16":            {"\xff\xfea", "f.yaml:1:1: the file is in UTF-16, expected a thing as UTF-8 text"},
		"deep by aliases":   {deepByAliases(), "f.yaml:2:154: the text nests deeper than 200 levels"},
		"two documents":     {"a: 1\n---\nb: 1\n", "f.yaml:2:1: a second YAML document begins here, expected one"},
		"control character": {"a\r\nb\x1b", "f.yaml:2:2: expected a thing as UTF-8 text, found the control character 0x1b"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Parse("f.yaml", []byte(test.src), Options{Expected: "a thing", MaxBytes: 5000, Reserved: "☃"})
			require.EqualError(t, diags, test.want)
		})
	}
}

// deepByAliases nests as deep as it may in one place and again in another that points there.
func deepByAliases() string {
	return "a: &a " + strings.Repeat("[", 150) + "x" + strings.Repeat("]", 150) + "\nb: " + strings.Repeat("[", 150) + "*a" + strings.Repeat("]", 150) + "\n"
}

// TestWhatIsLeftOut holds a document with repeated keys and the like to be readable all the same.
func TestWhatIsLeftOut(t *testing.T) {
	f, diags := Parse("f.yaml", []byte("{a: 1, a: 2, <<: {}, [b]: 3, c: {d: 4, d: 5}}"), Options{})
	require.Len(t, diags, 4)
	out, _, diags := f.Render(f.Root)
	require.Empty(t, diags)
	require.Equal(t, `{"a":1,"c":{"d":4}}`, string(out))
}

func TestParseJSON(t *testing.T) {
	const src = "\ufeff{\n \"a\": [0.10, true, false, null, \"\\ud83d\\ude00 \\/\", {}],\n \"ü\": {\"b\": -1e3}}"
	f := parse(t, src)
	out, locate, diags := f.Render(f.Root)
	require.Empty(t, diags)
	require.Equal(t, `{"a":[0.10,true,false,null,"😀 /",{}],"ü":{"b":-1e3}}`, string(out))
	for token, want := range map[string]string{
		`"a"`: "2:2", `[0`: "2:7", `0.10`: "2:8", `true`: "2:14", `false`: "2:20", `null`: "2:27", `"😀`: "2:33", `{}`: "2:52", `"ü"`: "3:2", `{"b"`: "3:8", `-1`: "3:14",
	} {
		require.Equal(t, "f.yaml:"+want, locate(strings.Index(string(out), token)).String(), token)
	}
	require.Equal(t, 3, f.Position(f.Root).Offset, "the byte order mark counts as bytes of the file")

	only, diags := ParseJSON("f.yaml", []byte("{a: b}"))
	require.Nil(t, only)
	require.EqualError(t, diags, "f.yaml:1:2: not valid JSON: invalid character 'a' looking for beginning of object key string")
	flow, diags := Parse("f.yaml", []byte("{a: b}"), Options{})
	require.Empty(t, diags)
	require.Equal(t, yaml.MappingNode, flow.Root.Kind)
}

// TestWideLines asks for columns of lines that are long, and whose line breaks only YAML counts.
func TestWideLines(t *testing.T) {
	src := "[" + strings.Repeat("ü, ", 1000) + "x]"
	f := parse(t, src)
	for _, at := range []int{0, 85, 86, 255, 999} {
		require.Equal(t, 1+at*4, f.Position(f.Root.Content[at]).Offset)
	}
	require.Equal(t, strings.Index(src, "x"), f.Position(f.Root.Content[1000]).Offset)

	for _, lineBreak := range []string{"\u0085", "\u2028", "\u2029"} {
		src := "a: 'b" + lineBreak + " c'\nd: X\n"
		f, diags := Parse("f.yaml", []byte(src), Options{})
		if f == nil {
			require.NotEmpty(t, diags) // the library may refuse it, but knows where
			continue
		}
		require.Equal(t, strings.Index(src, "X"), f.Position(f.Root.Content[3]).Offset, "%q", lineBreak)
	}
}

func TestPositions(t *testing.T) {
	f := parse(t, "\ufeffa: 1\r\nb: 2\rc: 3\n")
	var at []string
	for _, n := range f.Root.Content {
		at = append(at, f.Position(n).String())
	}
	require.Equal(t, []string{"f.yaml:1:1", "f.yaml:1:4", "f.yaml:2:1", "f.yaml:2:4", "f.yaml:3:1", "f.yaml:3:4"}, at)
	require.Equal(t, "f.yaml", f.Position(nil).String())
	require.Equal(t, "f.yaml", f.Position(&yaml.Node{Kind: yaml.ScalarNode}).String())
	require.Equal(t, "f.yaml:4:1", f.Position(&yaml.Node{Line: 99, Column: 1}).String())
	require.Equal(t, len("\ufeffa: 1\r\nb: 2\rc: 3\n"), f.Position(&yaml.Node{Line: 4, Column: 9}).Offset)
}
