package jsontext_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/source/internal/jsontext"
)

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"nothing", " \n ", "f.json:1:1: the file is empty, expected a plan"},
		{"not text", "{\n\"a\": \"\xff\"}", "f.json:2:7: byte 0xFF is not text: expected a plan as JSON in UTF-8"},
		{"not JSON", "{\n  x}", "f.json:2:3: not valid JSON: invalid character 'x' looking for beginning of object key string: expected a plan"},
		{"cut off", "{\n  \"a\": ", "f.json:2:8: not valid JSON: unexpected end of JSON input: expected a plan"},
		{"two values", "{}\n{}", "f.json:2:1: not valid JSON: invalid character '{' after top-level value: expected a plan"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, _, diags := jsontext.Parse("f.json", []byte(test.src), "a plan")
			require.Nil(t, f)
			require.Equal(t, test.want, diags.Error())
		})
	}
}

// TestPositions finds every value of a document where it is written, however it is reached.
func TestPositions(t *testing.T) {
	const src = "\ufeff \n{\n  \"a\": [1, {\"b\": \"x\"},\r\n\t true],\r \"c\" : {\"d\":null}\n}"
	f, root, diags := jsontext.Parse("f.json", []byte(src), "a plan")
	require.Empty(t, diags)
	require.Equal(t, "f.json:2:1", f.Position(root).String())
	text := src
	check := func(v gjson.Result) {
		t.Helper()
		require.True(t, strings.HasPrefix(text[f.Position(v).Offset:], v.Raw), "%s at %s", v.Raw, f.Position(v))
	}
	var walk func(v gjson.Result)
	walked := 0
	walk = func(v gjson.Result) {
		check(v)
		walked++
		if v.IsArray() || v.IsObject() {
			v.ForEach(func(key, value gjson.Result) bool {
				if v.IsObject() {
					check(key)
				}
				walk(value)
				return true
			})
		}
	}
	walk(root)
	require.Equal(t, 8, walked)
	check(root.Get("a.1.b"))
	check(root.Get("c.d"))
	check(root.Get("a").Array()[2])
	require.Equal(t, "f.json:4:3", f.Position(root.Get("a").Array()[2]).String())
	require.Equal(t, "f.json:5:8", f.Position(root.Get("c")).String())
}

func TestText(t *testing.T) {
	const src = `{"policy": "{\n\t\"Sid\": \"\u00e9\ud83d\ude00é\",\r\n \"x\\\/\": \"\b\f\ud83d\"}"}`
	f, root, diags := jsontext.Parse("f.json", []byte(src), "a plan")
	require.Empty(t, diags)
	v := root.Get("policy")
	text := f.Text(v)
	require.Equal(t, v.Str, string(text.Bytes))
	for _, test := range []struct{ of, written string }{
		{`{`, `{\n`},
		{`"Sid"`, `\"Sid`},
		{"é😀", `\u00e9\ud83d`},
		{"😀", `\ud83d\ude00`},
		{`x\/`, `x\\\/`},
		{"\b", `\b`},
	} {
		offset := strings.Index(string(text.Bytes), test.of)
		require.GreaterOrEqual(t, offset, 0, test.of)
		require.True(t, strings.HasPrefix(src[text.Locate(offset).Offset:], test.written), "%q is at %s", test.of, src[text.Locate(offset).Offset:])
	}
	require.Equal(t, len(src)-2, text.Locate(len(text.Bytes)).Offset)
	require.Equal(t, len(src)-2, text.Locate(1000).Offset)
	require.Equal(t, 12, text.Locate(-1).Offset)

	whole := f.Text(root)
	require.Equal(t, src, string(whole.Bytes))
	require.Equal(t, 11, whole.Locate(11).Offset)
}

func TestDecodePercent(t *testing.T) {
	const src = `["%7B%22a%22:+\u0025C3%A9}", "50%", "%zz"]`
	f, root, diags := jsontext.Parse("f.json", []byte(src), "a plan")
	require.Empty(t, diags)
	values := root.Array()
	text, ok := f.Text(values[0]).DecodePercent()
	require.True(t, ok)
	require.Equal(t, `{"a":+é}`, string(text.Bytes))
	require.Equal(t, `%22a`, src[text.Locate(1).Offset:][:4])
	require.Equal(t, `\u0025C3`, src[text.Locate(strings.Index(string(text.Bytes), "é")).Offset:][:8])
	require.Equal(t, `"`, src[text.Locate(len(text.Bytes)).Offset:][:1])
	for _, v := range values[1:] {
		text, ok := f.Text(v).DecodePercent()
		require.False(t, ok)
		require.Equal(t, v.Str, string(text.Bytes))
	}
}

// FuzzText holds the text of every string to what encoding/json reads.
func FuzzText(f *testing.F) {
	f.Add(`"{\"Version\":\"2012-10-17\"}"`)
	f.Add(`"\ud83d\ude00\ud83d \u0025 \/"`)
	f.Fuzz(func(t *testing.T, src string) {
		file, root, diags := jsontext.Parse("f.json", []byte(src), "anything")
		if file == nil {
			require.Len(t, diags, 1)
			require.True(t, diags[0].Pos.IsValid())
			return
		}
		text := file.Text(root)
		var want string
		if root.Type == gjson.String && json.Unmarshal([]byte(src), &want) == nil {
			require.Equal(t, want, string(text.Bytes))
		}
		last := -1
		for i := range len(text.Bytes) + 1 {
			offset := text.Locate(i).Offset
			require.GreaterOrEqual(t, offset, last)
			last = offset
		}
		text.DecodePercent()
	})
}
