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
	KeyID          string
	Algorithm      string `json:",omitempty"`
	Valid          bool
	Truncated      bool `json:",omitempty"`
	Created        moment
	Deleted        *moment `json:",omitempty"`
	Changed        *moment
	Days           int      `json:",omitempty"`
	Limit          int32    //
	Algorithms     []string `json:",omitempty"`
	Aliases        []string
	Inner          *plainInner `json:",omitempty"`
	Outer          *plainInner
}

type plainInner struct {
	Name string `json:",omitempty"`
	Type string `json:",omitempty"`
}

// moment writes itself as a number, as times do, or as something else.
type moment struct{ text string }

func (m moment) MarshalJSON() ([]byte, error) {
	if m.text == "" {
		return []byte("0"), nil
	}
	return []byte(m.text), nil
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
			KeyID: text.Draw(t, "key"), Algorithm: text.Draw(t, "algorithm"), Valid: rapid.Bool().Draw(t, "valid"),
			Truncated: rapid.Bool().Draw(t, "truncated"),
		}
		if rapid.Bool().Draw(t, "nil") {
			output.CiphertextBlob = nil
		}
		moments := rapid.SampledFrom([]string{"1", "1785.125", "-3", `"x"`, "1e9", "{}", "null"})
		output.Created = moment{moments.Draw(t, "created")}
		if rapid.Bool().Draw(t, "deleted") {
			output.Deleted, output.Changed = &moment{moments.Draw(t, "deletion")}, &moment{moments.Draw(t, "change")}
		}
		output.Days, output.Limit = rapid.IntRange(-1, 1).Draw(t, "days"), rapid.Int32().Draw(t, "limit")
		output.Algorithms = rapid.SliceOfN(text, 0, 2).Draw(t, "algorithms")
		if rapid.Bool().Draw(t, "lists") {
			output.Algorithms, output.Aliases = nil, []string{}
		}
		if rapid.Bool().Draw(t, "inner") {
			output.Inner, output.Outer = &plainInner{Name: text.Draw(t, "name")}, &plainInner{Type: text.Draw(t, "type")}
		}
		samePlain(t, output)
	})
	require.True(t, samePlain(t, &plainOutput{KeyID: "a<b>&c", CiphertextBlob: []byte{0, 255}}))
	require.True(t, samePlain(t, &plainOutput{}))
	require.True(t, samePlain(t, &struct {
		A bool `json:",omitempty"`
		B string
	}{}))
}

func TestAppendPlainLeavesOthersAlone(t *testing.T) {
	for _, output := range []any{
		plainOutput{},
		(*plainOutput)(nil), &plainOutput{KeyID: "é"}, &plainOutput{KeyID: `"`}, &plainOutput{Algorithm: "\n"},
		&struct{ A loud }{"x"}, &struct{ A float64 }{1}, &struct{ A []int }{},
		&struct{ A *loud }{}, &struct{ A moment }{moment{`"x"`}}, &struct{ A []moment }{}, &struct{ A struct{ B string } }{}, &struct{ a string }{"x"}, &struct{ plainOutput }{},
		&struct {
			A string `json:"b"`
		}{"x"},
		&struct{ A *string }{}, &struct{ A [3]byte }{}, new(loud),
		map[string]string{},
	} {
		require.False(t, samePlain(t, output), "%#v", output)
	}
}
