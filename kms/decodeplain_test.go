package kms

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// samePlain holds decodePlain to encoding/json: what it reads is the same, and what it does not read it leaves alone.
func samePlain(t require.TestingT, src []byte, make func() any) (read bool) {
	got, want := make(), make()
	read = decodePlain(src, got)
	if !read {
		require.Equal(t, want, got, "%s", src)
		return false
	}
	require.NoError(t, json.Unmarshal(src, want), "%s", src)
	require.Equal(t, want, got, "%s", src)
	return true
}

// plainInput has a member of every type that inputs have.
type plainInput struct {
	KeyId     *string
	Blob      []byte
	Secret    secret
	Context   map[string]string
	Tokens    []string
	DryRun    *bool
	Limit     *int32
	Long      *int64
	Tags      []Tag
	Recipient *recipientInfo
	Mixed     *string
	hidden    *string //nolint:unused // for what is not exported
}

func newPlainInput() any { return new(plainInput) }

func TestDecodePlain(t *testing.T) {
	for _, c := range []struct {
		src  string
		read bool
	}{
		{`{}`, true},
		{" {\n}\t", true},
		{`{"KeyId":"alias/x"}`, true},
		{`{"KeyId":""}`, true},
		{`{"KeyId":"é𝄞"}`, true},
		{`{ "KeyId" : "a" , "Limit" : 10 }`, true},
		{`{"Blob":"aGk=","Secret":"aGk="}`, true},
		{`{"Blob":""}`, true},
		{`{"Context":{"a":"b","a":"c","":""},"Tokens":["x",""],"DryRun":true}`, true},
		{`{"Context":{},"Tokens":[],"DryRun":false}`, true},
		{`{"Limit":-0,"Long":-9223372036854775808}`, true},
		{`{"Limit":2147483648}`, false},
		{`{"Limit":01}`, false},
		{`{"Limit":1.0}`, false},
		{`{"Limit":1e3}`, false},
		{`{"Limit":-}`, false},
		{`{"Limit":"1"}`, false},
		{`{"KeyId":"a\u0062"}`, false},
		{"{\"KeyId\":\"a\nb\"}", false},
		{`{"KeyId":null}`, false},
		{`{"KeyId":1}`, false},
		{`{"keyid":"a"}`, false}, // encoding/json takes it
		{`{"hidden":"a"}`, false},
		{`{"Other":"a"}`, false},
		{`{"KeyId":"a","KeyId":"b"}`, false},
		{`{"KeyId":"a"`, false},
		{`{"KeyId":"a"}x`, false},
		{`{"KeyId":"a"}{}`, false},
		{`{"KeyId":"a",}`, false},
		{`{,}`, false},
		{`{"KeyId" "a"}`, false},
		{`{"Blob":"aGk"}`, false},
		{"{\"Blob\":\"aG\nk=\"}", false},
		{"{\"Blob\":\"aGk=\r\"}", false},
		{`{"Blob":"aGk\u003d"}`, false},
		{`{"Blob":"a\/k="}`, false},
		{`{"Blob":"aGk=`, false},
		{`{"Blob":"a-k="}`, false},
		{`{"Blob":[104,105]}`, false},
		{`{"Tokens":["a",]}`, false},
		{`{"Tokens":["a" "b"]}`, false},
		{`{"Tokens":[null]}`, false},
		{`{"DryRun":truee}`, false},
		{`{"DryRun":"true"}`, false},
		{`{"Tags":[]}`, false},
		{`{"Recipient":{}}`, false},
		{`null`, false},
		{`[]`, false},
		{``, false},
		{"{}\x00", false},
		{"\x00", false},
	} {
		require.Equal(t, c.read, samePlain(t, []byte(c.src), newPlainInput), "%s", c.src)
	}
}

// TestDecodePlainReadsWhatSDKsWrite holds the fast way to the inputs that it is for.
func TestDecodePlainReadsWhatSDKsWrite(t *testing.T) {
	for operation, src := range map[string]string{
		"Encrypt":         `{"KeyId":"alias/a","Plaintext":"aGk=","EncryptionContext":{"tenant":"a"},"GrantTokens":["x"],"DryRun":false}`,
		"Decrypt":         `{"CiphertextBlob":"aGk=","EncryptionContext":{"tenant":"a"},"EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}`,
		"GenerateDataKey": `{"KeyId":"a","KeySpec":"AES_256","NumberOfBytes":32}`,
		"DescribeKey":     `{"KeyId":"a"}`,
		"Sign":            `{"KeyId":"a","Message":"aGk=","MessageType":"RAW","SigningAlgorithm":"ECDSA_SHA_256"}`,
		"ListKeys":        `{"Limit":10,"Marker":"x"}`,
	} {
		require.True(t, samePlain(t, []byte(src), operations[operation].input), operation)
	}
}

// drawJSON draws JSON that is nearly that of an input.
func drawJSON(t *rapid.T, depth int) string {
	space := func() string { return rapid.SampledFrom([]string{"", "", "", " ", "\n\t"}).Draw(t, "space") }
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth == 0 {
		kind = 9
	}
	switch {
	case kind == 0 || depth > 3:
		return rapid.SampledFrom([]string{
			`null`, `true`, `false`, `tru`, `0`, `-1`, `12`, `007`, `1.5`, `2147483648`, `""`, `{}`, `[]`, ``, `"`, "\x01",
		}).Draw(t, "odd")
	case kind < 6:
		return rapid.SampledFrom([]string{`"a"`, `"aGk="`, `"\u00e9"`, `"é"`, `"AES_256"`, `"a\"b"`, `"aGk"`}).Draw(t, "text")
	case kind < 8:
		parts := make([]string, rapid.IntRange(0, 3).Draw(t, "n"))
		for i := range parts {
			parts[i] = space() + drawJSON(t, depth+1) + space()
		}
		return "[" + strings.Join(parts, ",") + "]"
	default:
		names := []string{"KeyId", "Blob", "Secret", "Context", "Tokens", "DryRun", "Limit", "Long", "Tags", "keyId", "X", "a", "Mixed"}
		parts := make([]string, rapid.IntRange(0, 4).Draw(t, "n"))
		for i := range parts {
			parts[i] = space() + `"` + rapid.SampledFrom(names).Draw(t, "name") + `"` + space() + ":" + space() + drawJSON(t, depth+1)
		}
		return "{" + strings.Join(parts, ",") + "}" + space()
	}
}

func TestDecodePlainIsEncodingJSON(t *testing.T) {
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		if samePlain(t, []byte(drawJSON(t, 0)), newPlainInput) {
			read++
		}
	})
	require.Positive(t, read)
}

func FuzzDecode(f *testing.F) {
	for _, src := range []string{`{"KeyId":"a","Plaintext":"aGk=","EncryptionContext":{"a":"b"}}`, `{"KeyId":null}`, `{"Limit":1}`} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if utf8.Valid(src) {
			samePlain(t, src, newPlainInput)
		}
		for _, name := range []string{"Encrypt", "CreateGrant", "TagResource", "ListKeys"} {
			in := operations[name].input()
			err := decode(src, in)
			if e, ok := errors.AsType[*Error](err); err != nil && (!ok || e.Code != CodeSerialization) {
				t.Fatalf("%s: %v", src, err)
			}
			if want := operations[name].input(); err == nil {
				require.NoError(t, json.Unmarshal(src, want))
				require.True(t, reflect.DeepEqual(want, in))
			}
		}
	})
}
