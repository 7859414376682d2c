package terraform_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// FuzzLoad feeds plans to Load: it must not panic, every finding must have a position inside the file, a refused plan
// must not change the world, and the same plan must give the same world.
func FuzzLoad(f *testing.F) {
	for _, name := range names(f) {
		src, err := os.ReadFile(filepath.Join(plansDir, name, "plan.json"))
		require.NoError(f, err)
		f.Add(src, false)
		f.Add(src, true)
	}
	for _, seed := range []string{
		planWith(``), planWith(keyWith(`"{\"Statement\":[]}"`)), stateWith(``),
		planWith(`{"address":"aws_kms_replica_key.a","change":{"actions":["create"],"after":{},"after_unknown":{"primary_key_arn":true}}}`),
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, src []byte, before bool) {
		w, again := &source.World{}, &source.World{}
		options := terraform.Options{Before: before}
		err := terraform.Load(w, "f.json", src, options)
		findings := w.Warnings
		if err != nil {
			diags, ok := errors.AsType[policy.Diagnostics](err)
			require.True(t, ok, "%T", err)
			require.NotEmpty(t, diags)
			require.Equal(t, &source.World{}, w)
			findings = diags
		}
		for _, d := range findings {
			require.NotEmpty(t, d.Code)
			require.Equal(t, "f.json", d.Pos.File, "%v", d)
			require.Positive(t, d.Pos.Line, "%v", d)
			require.Positive(t, d.Pos.Column, "%v", d)
			require.LessOrEqual(t, d.Pos.Offset, len(src), "%v", d)
		}
		if err == nil {
			require.NoError(t, terraform.Load(again, "f.json", src, options))
			require.Equal(t, w, again)
		}
	})
}
