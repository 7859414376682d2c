package operation

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/constraint"
)

type greetInput struct {
	Name *string `test:"required,min=1"`
}

type greetOutput struct{ Text string }

func greet(c int, in *greetInput) (*greetOutput, error) {
	if *in.Name == "nobody" {
		return nil, Errorf("NoSuchEntity", "%s is not there", *in.Name)
	}
	return &greetOutput{fmt.Sprintf("%d %s", c, *in.Name)}, nil
}

func forget(int, *greetInput) error { return nil }

var testTable = NewTable(constraint.NewSet("test", nil, nil), []Operation[int]{Answers("Greet", greet), Acts("Forget", forget)})

func TestTable(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"Forget", "Greet"}, testTable.Names())
	require.Equal(t, &greetInput{}, testTable.Input("Greet"))
	require.Nil(t, testTable.Input("Nothing"))
	for _, test := range []struct {
		operation, input string
		output           any
		code             string
	}{
		{"Greet", `{"Name":"alice"}`, &greetOutput{"1 alice"}, ""},
		{"Forget", `{"Name":"alice"}`, nil, ""},
		{"Greet", `{"Name":"nobody"}`, nil, "NoSuchEntity"},
		{"Greet", `{"Name":""}`, nil, CodeValidation},
		{"Greet", `{"Nam":""}`, nil, CodeMalformedInput},
		{"Shout", `{}`, nil, CodeInvalidAction},
	} {
		result, err := testTable.Do(1, test.operation, FromJSON([]byte(test.input)))
		require.Equal(t, test.output, result.Output)
		if test.code == "" {
			require.NoError(t, err)
			continue
		}
		var exception *Error
		require.ErrorAs(t, err, &exception)
		require.Equal(t, test.code, exception.ErrorCode())
		require.NotEmpty(t, exception.ErrorMessage())
	}
}

func TestTableRefusesMistakes(t *testing.T) {
	t.Parallel()
	rules := constraint.NewSet("test", nil, nil)
	require.Panics(t, func() { NewTable(rules, []Operation[int]{Acts("A", forget)}, []Operation[int]{Acts("A", forget)}) })
	type wrong struct {
		Name *string `test:"requird"`
	}
	require.Panics(t, func() { NewTable(rules, []Operation[int]{Acts("A", func(int, *wrong) error { return nil })}) })
}

func TestSecretIsNotShown(t *testing.T) {
	t.Parallel()
	s := NewSecret("hunter2")
	require.Equal(t, "hunter2", s.Reveal())
	require.Empty(t, Secret(nil).Reveal())
	encoded, err := json.Marshal(struct{ S Secret }{s})
	require.NoError(t, err)
	for _, shown := range []string{
		string(encoded), fmt.Sprint(s), fmt.Sprintf("%#v %s %v %x", s, s, struct{ S Secret }{s}, s), s.String(), s.GoString(), s.LogValue().String(),
	} {
		require.NotContains(t, shown, "hunter")
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c", "d", "e"}
	entries := func(yield func(string, int) bool) {
		for i, name := range names {
			if !yield(name, i) {
				return
			}
		}
	}
	var got []int
	var marker *string
	pages := 0
	for {
		page, next, err := Page("users", marker, 2, entries)
		require.NoError(t, err)
		got = append(got, page...)
		pages++
		if next == "" {
			break
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == "b" }) // what is deleted is not missed
		marker = &next
	}
	require.Equal(t, 3, pages)
	require.Equal(t, []int{0, 1, 1, 2, 3}, got)

	_, next, err := Page("users", nil, 2, entries)
	require.NoError(t, err)
	for _, bad := range []string{"", "x", "%", next + "%"} {
		_, _, err := Page("users", &bad, 2, entries)
		require.ErrorIs(t, err, ErrInvalidMarker)
	}
	_, _, err = Page("groups", &next, 2, entries)
	require.ErrorIs(t, err, ErrInvalidMarker)
}
