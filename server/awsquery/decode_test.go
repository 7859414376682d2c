package awsquery

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/operation"
)

type tag struct{ Key, Value *string }

type pageInput struct {
	Marker   *string
	MaxItems *int32
}

type input struct {
	Name   *string
	Force  *bool
	Since  *time.Time
	Blob   []byte
	Names  []string
	Tags   []tag
	Nested *struct{ Inner *string }
	Map    map[string]string
	pageInput
}

func TestDecode(t *testing.T) {
	t.Parallel()
	yes, two, since := true, int32(2), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, form string
		want       input
	}{
		{"nothing", "Action=A&Version=V", input{}},
		{"scalars", "Name=a%20b%2Bc+d&Force=true&Since=2026-05-01T12%3A00%3A00Z&Blob=aGk%3D", input{Name: new("a b+c d"), Force: &yes, Since: &since, Blob: []byte("hi")}},
		{"epoch", "Since=1777636800", input{Since: &since}},
		{"True", "Force=True", input{Force: &yes}},
		{"empty text", "Name=", input{Name: new("")}},
		{"list", "Names.member.1=a&Names.member.2=b", input{Names: []string{"a", "b"}}},
		{"gaps and more than nine", "Names.member.10=c&Names.member.9=b&Names.member.2=a", input{Names: []string{"a", "b", "c"}}},
		{"empty list", "Names=", input{Names: []string{}}},
		{"structures", "Tags.member.1.Key=k&Tags.member.1.Value=&Tags.member.2.Key=l", input{Tags: []tag{{new("k"), new("")}, {new("l"), nil}}}},
		{"nested", "Nested.Inner=x", input{Nested: &struct{ Inner *string }{new("x")}}},
		{"map", "Map.entry.1.key=a&Map.entry.1.value=b", input{Map: map[string]string{"a": "b"}}},
		{"empty map", "Map=", input{Map: map[string]string{}}},
		{"embedded", "MaxItems=2&Marker=m", input{pageInput: pageInput{new("m"), &two}}},
		{"unknown", "Other.member.1=x&pageInput.Marker=m", input{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			form, err := Parse(test.form)
			require.NoError(t, err)
			var got input
			require.NoError(t, form.Decode(&got))
			require.Equal(t, test.want, got)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ form, code string }{
		{"%zz", operation.CodeMalformedQueryString},
		{"a;b=c", operation.CodeMalformedQueryString},
		{"Name=a&Name=b", operation.CodeMalformedQueryString},
		{"Name=%ff", operation.CodeMalformedQueryString},
		{strings.Repeat("a=b&", maxParameters+1), operation.CodeMalformedQueryString},
		{strings.Repeat("a.", 40) + "=b", operation.CodeMalformedQueryString},
		{"Name.x=a", operation.CodeMalformedInput},
		{"Name.x=a&Name=b", operation.CodeMalformedInput},
		{"Force=yes", operation.CodeMalformedInput},
		{"MaxItems=x", operation.CodeMalformedInput},
		{"MaxItems=99999999999", operation.CodeMalformedInput},
		{"Since=yesterday", operation.CodeMalformedInput},
		{"Blob=%25", operation.CodeMalformedInput},
		{"Names=a", operation.CodeMalformedInput},
		{"Names.1=a", operation.CodeMalformedInput},
		{"Names.member=a", operation.CodeMalformedInput},
		{"Names.member.0=a", operation.CodeMalformedInput},
		{"Names.member.01=a", operation.CodeMalformedInput},
		{"Names.member.-1=a", operation.CodeMalformedInput},
		{"Names.member.x=a", operation.CodeMalformedInput},
		{"Names.member.99999999999999999999=a", operation.CodeMalformedInput},
		{"Names.member.999999999=a", operation.CodeMalformedInput},
		{"Names.member.1=a&Names.other.1=a", operation.CodeMalformedInput},
		{"Names.member.1.x=a", operation.CodeMalformedInput},
		{"Tags.member.1=a", operation.CodeMalformedInput},
		{"Nested=a", operation.CodeMalformedInput},
		{"Map.entry.1.key=a", operation.CodeMalformedInput},
		{"Map.entry.1.key=a&Map.entry.1.value=b&Map.entry.2.key=a&Map.entry.2.value=c", operation.CodeMalformedInput},
	} {
		t.Run(test.form[:min(len(test.form), 60)], func(t *testing.T) {
			t.Parallel()
			form, err := Parse(test.form)
			if err == nil {
				err = form.Decode(&input{})
			}
			var exception *operation.Error
			require.ErrorAs(t, err, &exception)
			require.Equal(t, test.code, exception.Code, exception.Message)
			require.Less(t, len(exception.Message), 300)
		})
	}
}

// FuzzDecode shows that no form brings the decoder down, and that what it takes it takes again in the same way.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"Action=A&Version=V&Name=a", "Names.member.1=a&Names.member.2=b", "Tags.member.1.Key=k&Tags.member.1.Value=v",
		"Map.entry.1.key=a&Map.entry.1.value=b", "Since=1&Blob=aGk=&Force=false&MaxItems=1", "Names=", "Nested.Inner=x", "....=.&=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed string) {
		form, err := Parse(seed)
		if err != nil {
			return
		}
		var first, second input
		if form.Decode(&first) != nil {
			return
		}
		form, err = Parse(seed)
		require.NoError(t, err)
		require.NoError(t, form.Decode(&second))
		require.Equal(t, first, second)
		if _, err := Output(&operation.Description{Namespace: "n"}, "A", "id", &first); err != nil {
			t.Fatal(err)
		}
	})
}
