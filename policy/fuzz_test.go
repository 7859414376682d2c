package policy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// corpusDir holds policies collected from public repositories; it is not part of this one.
const corpusDir = "/work/shared/corpus/policies"

// seeds returns the policies in testdata and, where there are any, in the corpus.
func seeds(tb testing.TB) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	for _, dir := range []string{"testdata", corpusDir} {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		require.NoError(tb, err)
		for _, file := range files {
			src, err := os.ReadFile(file)
			require.NoError(tb, err)
			out[file] = src
		}
	}
	return out
}

func FuzzParse(f *testing.F) {
	for _, src := range seeds(f) {
		f.Add(int(KeyPolicy), src, true)
		f.Add(int(IdentityPolicy), src, false)
	}
	f.Add(int(ResourceControlPolicy), []byte(sample), false)
	f.Add(int(KindUnknown), []byte{0xFF}, false)
	f.Add(int(VPCEndpointPolicy), []byte(`{"Statement": [null]}`), true)
	f.Fuzz(func(t *testing.T, kind int, src []byte, unresolved bool) {
		opts := []Option{WithoutSizeLimit(), WithFile("f")}
		if unresolved {
			opts = append(opts, WithUnresolved())
		}
		doc, ds := Parse(Kind(kind), "fuzz", src, opts...)
		require.Equal(t, ds.HasErrors(), doc == nil)
		for _, d := range ds {
			requireInside(t, d.Pos, src)
			require.NotEmpty(t, d.Code)
			require.NotEmpty(t, d.Message)
		}
		if doc == nil {
			return
		}
		for _, s := range doc.Statements {
			requireInside(t, s.Pos, src)
			for _, values := range []*Strings{s.Actions, s.Resources} {
				if values == nil {
					continue
				}
				requireInside(t, values.Pos, src)
				values.ActionSet()
				for _, v := range values.Values {
					requireInside(t, v.Pos, src)
				}
			}
		}
		for _, permissive := range []bool{false, true} {
			require.False(t, doc.Bound(permissive).HasUnresolved())
		}
		printed, err := doc.MarshalJSON()
		require.NoError(t, err)
		again, ds := Parse(Kind(kind), "fuzz", printed, opts...)
		require.NotNil(t, again, "%s\n%s", printed, ds.Error())
		requireSame(t, doc, again)
	})
}

// requireInside asks that the position is one of the source, or its end.
func requireInside(t *testing.T, pos Position, src []byte) {
	t.Helper()
	require.True(t, pos.IsValid())
	require.GreaterOrEqual(t, pos.Column, 1)
	require.LessOrEqual(t, pos.Offset, len(src))
	line, column := 1, 1
	for _, b := range src[:pos.Offset] {
		column++
		if b == '\n' {
			line, column = line+1, 1
		}
	}
	require.Equal(t, Position{File: "f", Offset: pos.Offset, Line: line, Column: column}, pos)
}
