package awsjson

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// blob is a type of bytes of its own, as secrets are.
type blob []byte

// loud writes its own JSON.
type loud string

func (loud) MarshalText() ([]byte, error) { return []byte("LOUD"), nil }

type plainOutput struct {
	CiphertextBlob []byte
	Plaintext      blob `json:",omitempty"`
	KeyId          string
	Algorithm      string `json:",omitempty"`
	Valid          bool
	Truncated      bool `json:",omitempty"`
}

// samePlain holds appendPlain to encoding/json.
func samePlain(t require.TestingT, output any) bool {
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(output))
	got, ok := appendPlain([]byte{}, output)
	if ok {
		require.Equal(t, string(bytes.TrimSuffix(want.Bytes(), []byte("\n"))), string(got))
	}
	return ok
}

func TestAppendPlainIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom([]string{"", "arn:aws:kms:x", "<&>"}), rapid.String())
		output := &plainOutput{
			CiphertextBlob: rapid.SliceOf(rapid.Byte()).Draw(t, "blob"), Plaintext: rapid.SliceOf(rapid.Byte()).Draw(t, "secret"),
			KeyId: text.Draw(t, "key"), Algorithm: text.Draw(t, "algorithm"), Valid: rapid.Bool().Draw(t, "valid"),
			Truncated: rapid.Bool().Draw(t, "truncated"),
		}
		if rapid.Bool().Draw(t, "nil") {
			output.CiphertextBlob = nil
		}
		samePlain(t, output)
	})
	require.True(t, samePlain(t, &plainOutput{KeyId: "a<b>&c", CiphertextBlob: []byte{0, 255}}))
	require.True(t, samePlain(t, &plainOutput{}))
	require.True(t, samePlain(t, &struct {
		A bool `json:",omitempty"`
		B string
	}{}))
}

func TestAppendPlainLeavesOthersAlone(t *testing.T) {
	for _, output := range []any{
		plainOutput{}, (*plainOutput)(nil), &plainOutput{KeyId: "é"}, &plainOutput{KeyId: `"`}, &plainOutput{Algorithm: "\n"},
		&struct{ A loud }{"x"}, &struct{ A int }{1}, &struct{ A []string }{}, &struct{ a string }{"x"}, &struct{ plainOutput }{},
		&struct {
			A string `json:"b"`
		}{"x"},
		&struct{ A *string }{}, &struct{ A [3]byte }{}, new(loud), map[string]string{},
	} {
		require.False(t, samePlain(t, output), "%#v", output)
	}
}
