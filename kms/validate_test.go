package kms

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInputIsHeldToItsConstraints(t *testing.T) {
	t.Parallel()
	const id = "1234abcd-12ab-34cd-56ef-1234567890ab"
	const detected = "1 validation error detected: "
	alice := newFixture(t).alice()
	for _, test := range []struct {
		name, operation string
		input           any
		message         string
	}{
		{"required", "DescribeKey", in{}, detected + "Value null at 'keyId' failed to satisfy constraint: Member must not be null"},
		{"null", "DescribeKey", `{"KeyId":null}`, detected + "Value null at 'keyId' failed to satisfy constraint: Member must not be null"},
		{"min value", "ListKeys", in{"Limit": 0}, detected + "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"max value", "ListKeys", in{"Limit": 1001}, detected + "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		{"min length", "DescribeKey", in{"KeyId": ""}, detected + "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{
			"max length", "DescribeKey",
			in{"KeyId": strings.Repeat("é", 2049)},
			detected + "Value '" + strings.Repeat("é", 2049) + "' at 'keyId' failed to satisfy constraint: Member must have length less than or equal to 2048",
		},
		{
			"pattern", "CreateAlias",
			in{"AliasName": "alias/ä", "TargetKeyId": id},
			detected + "Value 'alias/ä' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
		},
		{
			"enum", "CreateKey",
			in{"KeyUsage": "RANDOM"},
			detected + "Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: " +
				"[SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]",
		},
		{
			"in a list", "CreateKey",
			in{"Tags": []in{{"TagKey": "a", "TagValue": ""}, {"TagKey": strings.Repeat("a", 129), "TagValue": "b"}}},
			detected + "Value '" + strings.Repeat("a", 129) + "' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128",
		},
		{
			"null in a list", "TagResource",
			in{"KeyId": id, "Tags": []any{nil}},
			"2 validation errors detected: Value null at 'tags.1.member.tagKey' failed to satisfy constraint: Member must not be null; " +
				"Value null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null",
		},
		{
			"texts of a list", "UntagResource",
			in{"KeyId": id, "TagKeys": []string{""}},
			detected + "Value '' at 'tagKeys.1.member' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		{
			"length of a list", "DescribeKey",
			in{"KeyId": id, "GrantTokens": strings.Split(strings.Repeat("t", 11), "")},
			detected + "Value '[t, t, t, t, t, t, t, t, t, t, t]' at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10",
		},
		{
			"several", "UpdateAlias",
			in{},
			"2 validation errors detected: Value null at 'aliasName' failed to satisfy constraint: Member must not be null; " +
				"Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null",
		},
		{
			"blobs are not shown", "Encrypt",
			in{"KeyId": id, "Plaintext": make([]byte, 4097)},
			detected + "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := alice.try(test.operation, test.input)
			require.Equal(t, &Error{Code: CodeValidation, Message: test.message}, withoutCause(t, err))
			require.Empty(t, alice.asked, "nothing is decided about an invalid request")
		})
	}
}

func TestInputIsDecodedStrictly(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	for _, test := range []struct{ name, operation, input, code, message string }{
		{"unknown operation", "Destroy", `{}`, CodeUnknownOperation, ""},
		{"nothing", "ListKeys", ``, CodeSerialization, ""},
		{"not JSON", "ListKeys", `{`, CodeSerialization, ""},
		{"more than JSON", "ListKeys", `{}{}`, CodeSerialization, ""},
		{"null", "ListKeys", ` null`, CodeSerialization, ""},
		{"list", "ListKeys", `[]`, CodeSerialization, "Start of list found where not expected."},
		{"text", "ListKeys", `"x"`, CodeSerialization, "STRING_VALUE can not be converted to a Structure"},
		{"not UTF-8", "DescribeKey", "{\"KeyId\":\"\xff\"}", CodeSerialization, ""},
		{"number for text", "DescribeKey", `{"KeyId":1}`, CodeSerialization, "NUMBER_VALUE can not be converted to a String"},
		{"text for number", "ListKeys", `{"Limit":"1"}`, CodeSerialization, "STRING_VALUE can not be converted to a Integer"},
		{"object for text", "DescribeKey", `{"KeyId":{}}`, CodeSerialization, "Start of structure or map found where not expected."},
		{"large number", "ListKeys", `{"Limit":4294967297}`, CodeSerialization, ""},
		{"not base64", "Encrypt", `{"KeyId":"alias/a","Plaintext":"%"}`, CodeSerialization, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := alice.try(test.operation, test.input)
			got := withoutCause(t, err)
			require.Equal(t, test.code, got.Code)
			if test.message != "" {
				require.Equal(t, test.message, got.Message)
			}
		})
	}
	require.Equal(t, map[string]any{"Keys": []any{}, "Truncated": false}, alice.do("ListKeys", `{"Nonsense":[1,{}]}`))
}

// TestTagsAreRead shows that a mistake in a tag does not go unnoticed.
func TestTagsAreRead(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"requird", "min=x", "enum=Nothing", "pattern=Nothing"} {
		require.Panics(t, func() { rules.Parse(tag) }, tag)
	}
	for _, operation := range operations {
		require.NotPanics(t, func() { _ = validate(operation.input()) }, operation.name)
	}
}
