package policy

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// parse parses a document that has no errors.
func parse(t *testing.T, kind Kind, src string, opts ...Option) *Document {
	t.Helper()
	doc, ds := Parse(kind, "test", []byte(src), opts...)
	require.NotNil(t, doc, ds.Error())
	require.False(t, ds.HasErrors())
	return doc
}

// findings are the diagnostics as "line:column code" with "!" in front of errors.
func findings(ds Diagnostics) []string {
	out := []string{}
	for _, d := range ds {
		s := strconv.Itoa(d.Pos.Line) + ":" + strconv.Itoa(d.Pos.Column) + " " + d.Code
		if d.Severity == SeverityError {
			s = "!" + s
		}
		out = append(out, s)
	}
	return out
}

// finding is one case of a table: a document and all that is to be said about it.
type finding struct {
	name string
	kind Kind
	src  string
	want []string
	text string // part of the first message
}

func runFindings(t *testing.T, cases []finding) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc, ds := Parse(c.kind, "test", []byte(c.src))
			require.Equal(t, c.want, findings(ds), ds.Error())
			require.Equal(t, ds.HasErrors(), doc == nil)
			if c.text != "" {
				require.NotEmpty(t, ds)
				require.Contains(t, ds[0].Message, c.text)
			}
		})
	}
}

// statement wraps the members of one statement of a key policy; the statement begins at 2:1.
func statement(members string) string {
	return `{"Version": "2012-10-17", "Statement":` + "\n{" + members + `}}`
}

// keyStatement is statement with everything a key policy needs besides the members.
func keyStatement(members string) string {
	return statement(`"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",` + "\n" + members)
}

// iamStatement is statement with everything an IAM policy needs besides the members.
func iamStatement(members string) string {
	return statement(`"Effect": "Allow", "Action": "kms:*", "Resource": "*",` + "\n" + members)
}
