package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextFindings(t *testing.T) {
	runFindings(t, []finding{
		{"empty", KeyPolicy, "", []string{"!1:1 invalid-json"}, "the document is empty"},
		{"white space", KeyPolicy, " \n", []string{"!1:1 invalid-json"}, "the document is empty"},
		{"byte order mark", KeyPolicy, "\uFEFF{}", []string{"!1:1 not-text"}, "byte order mark"},
		{"UTF-16 big endian", KeyPolicy, "\xFE\xFF\x00{\x00}", []string{"!1:1 not-text"}, "UTF-16"},
		{"UTF-16 little endian", KeyPolicy, "\xFF\xFE{\x00}\x00", []string{"!1:1 not-text"}, "UTF-16"},
		{"binary", KeyPolicy, "{\n\"a\": \x00}", []string{"!2:6 not-text"}, "byte 0x00"},
		{"Latin-1 instead of UTF-8", KeyPolicy, "{\"Id\": \"\xE9\"}", []string{"!1:9 not-text"}, "byte 0xE9"},
		{"truncated", KeyPolicy, "{\n\"Id\": \"", []string{"!2:8 invalid-json"}, "unexpected end"},
		{"truncated at the end of a line", KeyPolicy, "{\n", []string{"!2:1 invalid-json"}, "unexpected end"},
		{"comma before brace", KeyPolicy, "{\n\"Id\": \"x\",\n}", []string{"!3:1 invalid-json"}, "invalid character '}'"},
		{"comment", KeyPolicy, "{ // x\n}", []string{"!1:3 invalid-json"}, ""},
		{"second value", KeyPolicy, "{} {}", []string{"!1:4 invalid-json"}, "after top-level value"},
		{"YAML", KeyPolicy, "Version: x", []string{"!1:1 invalid-json"}, ""},
		{"control character", KeyPolicy, "{\"Id\": \"a\tb\"}", []string{"!1:10 invalid-json"}, ""},
		{"bad escape", KeyPolicy, `{"Id": "\x"}`, []string{"!1:10 invalid-json"}, ""},
		{"deep arrays", KeyPolicy, strings.Repeat("[", 1<<20), []string{"!1:1 policy-too-large", "!1:33 too-deep"}, "too large"},
		{"deep objects", KeyPolicy, strings.Repeat(`{"[\"[":`, 40), []string{"!1:257 too-deep"}, ""},
		{"brackets in a string", KeyPolicy, `{"Id": "` + strings.Repeat("[", 40) + `"}`, []string{"!1:1 missing-element"}, ""},
		{"too many closing brackets", KeyPolicy, `{}]`, []string{"!1:3 invalid-json"}, ""},
		{"character in a key policy", KeyPolicy, keyStatement(`"Sid": "→→"`), []string{"!3:9 invalid-character", "!3:12 invalid-character"}, "character U+2192 is not allowed in a key policy"},
		{"Latin-1 in a key policy", KeyPolicy, keyStatement(`"Sid": "é ÿ"`), []string{}, ""},
		{"escaped character", KeyPolicy, keyStatement(`"Sid": "\u2192"`), []string{}, ""},
		{"private use", KeyPolicy, keyStatement(`"Sid": "` + string(Unresolved) + `"`), []string{"!3:9 invalid-character"}, ""},
		{"character in an IAM policy", SessionPolicy, iamStatement(`"Condition": {"StringLike": {"aws:userid": "→"}}`), []string{"!3:45 invalid-character"}, "session policy"},
		{"character in an SCP", ServiceControlPolicy, iamStatement(`"Sid": "→"`), []string{}, ""},
	})
}

func TestPositionsAfterCarriageReturns(t *testing.T) {
	_, ds := Parse(KeyPolicy, "test", []byte("{\r\n \"Id\": 5}"))
	require.Equal(t, []string{"!1:1 missing-element", "!2:8 wrong-type"}, findings(ds))
	require.Equal(t, 10, ds[1].Pos.Offset)
}

func TestSizes(t *testing.T) {
	iam, key := iamStatement(`"Sid": "%"`), keyStatement(`"Sid": "%"`)
	rcp := strings.Replace(key, "Allow", "Deny", 1)
	for _, c := range []struct {
		kind Kind
		src  string
		opts []Option
		size int
		unit func(string) int
	}{
		{KeyPolicy, key, nil, 32768, func(s string) int { return len(s) }},
		{IdentityPolicy, iam, nil, 10240, nonSpace},
		{IdentityPolicy, iam, []Option{WithARN("arn:aws:iam::111122223333:policy/p")}, 6144, nonSpace},
		{PermissionsBoundary, iam, nil, 6144, nonSpace},
		{SessionPolicy, iam, nil, 2048, runes},
		{ServiceControlPolicy, iam, nil, 10240, runes},
		{ResourceControlPolicy, rcp, nil, 5120, runes},
		{VPCEndpointPolicy, key, nil, 20480, runes},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			// A two-byte character tells bytes from characters; IAM allows it outside Sid only.
			src := c.src
			if c.kind == KeyPolicy || c.kind == VPCEndpointPolicy {
				src = strings.Replace(src, "%", "é%", 1)
			}
			fill := c.size - c.unit(src) + 1
			largest := strings.Replace(src, "%", strings.Repeat("x", fill), 1)
			parse(t, c.kind, largest, c.opts...)
			over := strings.Replace(src, "%", strings.Repeat("x", fill+1), 1)
			doc, ds := Parse(c.kind, "test", []byte(over), c.opts...)
			require.Nil(t, doc)
			require.Equal(t, []string{"!1:1 policy-too-large"}, findings(ds))
			require.Contains(t, ds[0].Message, "the limit is ")
			parse(t, c.kind, over, append(c.opts, WithoutSizeLimit())...)
		})
	}
	huge := strings.Replace(iam, "%", strings.Repeat("x", 50000), 1)
	parse(t, IdentityPolicy, huge, WithARN("arn:aws:iam::aws:policy/ReadOnlyAccess"))
}

func nonSpace(s string) int { return len([]rune(strings.Join(strings.Fields(s), ""))) }

func runes(s string) int { return len([]rune(s)) }
