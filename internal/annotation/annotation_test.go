package annotation_test

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/annotation"
)

func TestString(t *testing.T) {
	for _, c := range []struct {
		name string
		a    annotation.Annotation
		want string
	}{
		{"message only", annotation.Annotation{Level: annotation.Notice, Message: "done"}, "::notice::done"},
		{
			"everything",
			annotation.Annotation{
				Level: annotation.Error, File: "a.yaml", Line: 3, EndLine: 4, Column: 5, EndColumn: 6, Title: "KP101", Message: "no",
			},
			"::error file=a.yaml,line=3,endLine=4,col=5,endColumn=6,title=KP101::no",
		},
		{
			"a title cannot end the properties, nor a message the command",
			annotation.Annotation{Level: annotation.Warning, File: "a,b:c%.yaml", Title: "x::y\n", Message: "50%\n::error::\r"},
			"::warning file=a%2Cb%3Ac%25.yaml,title=x%3A%3Ay%0A::50%25%0A::error::%0D",
		},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, c.a.String()) })
	}
}

func TestXMLText(t *testing.T) {
	type element struct {
		Data string `xml:",cdata"`
	}
	for _, c := range []struct{ name, text, want string }{
		{"plain", "a\tb\nc <&> é 😀", "a\tb\nc <&> é 😀"},
		{"control characters", "a\x00b\x1bc", "a\uFFFDb\uFFFDc"},
		{"not a character", "a\uFFFEb\uFFFF", "a\uFFFDb\uFFFD"},
		{"not text", "a\xffb", "a\uFFFDb"},
		{"the end of CDATA", "a]]>b", "a]] >b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, annotation.XMLText(c.text))
			out, err := xml.Marshal(element{annotation.XMLText(c.text)})
			require.NoError(t, err)
			var back struct {
				Data string `xml:",chardata"`
			}
			require.NoError(t, xml.Unmarshal(out, &back), string(out))
			require.Equal(t, c.want, back.Data)
		})
	}
}
