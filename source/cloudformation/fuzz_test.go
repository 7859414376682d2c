package cloudformation_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// FuzzLoad feeds templates to Load: it must not panic, every finding must have a position
// inside the file, a refused template must not change the world, and the same template must
// give the same world.
func FuzzLoad(f *testing.F) {
	for _, file := range examples {
		src, err := os.ReadFile(filepath.Join(examplesDir, file))
		require.NoError(f, err)
		f.Add(src)
	}
	for _, seed := range []string{
		preamble,
		keyWith(`{Effect: Allow, Principal: {AWS: !ImportValue r}, Action: "kms:*", Resource: "*", Condition: !If [Unknown, {}, {}]}`),
		`{"Resources": {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": "{\"Version\": \"2012-10-17\"}"}}}}`,
		"Resources:\n  U: {Type: AWS::IAM::User, Properties: {UserName: !Select [1, !Split [\"-\", !Sub [\"${A}-b\", {A: !FindInMap [a, b, c]}]]]}}\n",
		"Transform: X\nResources:\n  Fn::ForEach::A: [x, [a], {\"${x}\": {Type: !Ref x}}]\n",
		"Conditions: {A: !And [!Condition B, !Or [!Not [!Condition A], !Equals [a, b]]], B: !Condition A}\nResources: {U: {Type: AWS::IAM::User, Condition: A}}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		w, again := &source.World{}, &source.World{}
		err := cloudformation.Load(w, "f.yaml", src, options)
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
			require.Equal(t, "f.yaml", d.Pos.File, "%v", d)
			require.Positive(t, d.Pos.Line, "%v", d)
			require.Positive(t, d.Pos.Column, "%v", d)
			require.LessOrEqual(t, d.Pos.Offset, len(src), "%v", d)
		}
		if err == nil {
			require.NoError(t, cloudformation.Load(again, "f.yaml", src, options))
			require.Equal(t, w, again)
		}
	})
}
