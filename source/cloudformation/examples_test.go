package cloudformation_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

var update = flag.Bool("update", false, "rewrite golden files")

const examplesDir = "../../examples"

// examples are the templates of the repository.
var examples = []string{"encryption-as-a-service/template.yaml", "ledger/template.yaml"}

// TestExamples compares the worlds of the examples with what they were.
func TestExamples(t *testing.T) {
	for _, file := range examples {
		name := filepath.Dir(file)
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(filepath.Join(examplesDir, file))
			require.NoError(t, err)
			w := &source.World{}
			require.NoError(t, cloudformation.Load(w, file, src, cloudformation.Options{
				Account: "111122223333", Region: "eu-west-2", StackName: name,
			}))
			require.Empty(t, w.Warnings)
			got := describe(t, w)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// describe writes a world for people to compare.
func describe(t *testing.T, w *source.World) string {
	t.Helper()
	var b strings.Builder
	policies := func(docs ...*policy.Document) {
		for _, d := range docs {
			text, err := json.Marshal(d)
			require.NoError(t, err)
			fmt.Fprintf(&b, "  %s (%s)\n", d.Name, d.Pos)
			for _, s := range d.Statements {
				fmt.Fprintf(&b, "    %d at %s: %s\n", s.Index, s.Pos, s.Sid)
			}
			fmt.Fprintf(&b, "    %s\n", text)
		}
	}
	for _, g := range w.Groups {
		fmt.Fprintf(&b, "group %s%s in %s, %s at %s\n  attached %v\n", g.Path, g.Name, g.Account, g.LogicalID, g.Pos, g.Attached)
		policies(g.Policies...)
	}
	for _, u := range w.Users {
		fmt.Fprintf(&b, "user %s%s in %s, %s at %s\n  groups %v attached %v\n", u.Path, u.Name, u.Account, u.LogicalID, u.Pos, u.Groups, u.Attached)
		for _, k := range u.AccessKeys {
			fmt.Fprintf(&b, "  access key %s at %s\n", k.LogicalID, k.Pos)
		}
		policies(u.Policies...)
	}
	for _, r := range w.Roles {
		fmt.Fprintf(&b, "role %s%s in %s, %s at %s\n  attached %v\n", r.Path, r.Name, r.Account, r.LogicalID, r.Pos, r.Attached)
		policies(r.Policies...)
	}
	for _, k := range w.Keys {
		fmt.Fprintf(&b, "key %s, %s at %s\n  %s %s %s aliases %v %v\n", k.ARN, k.LogicalID, k.Pos, k.Spec, k.Usage, k.Origin, k.Aliases, k.AliasLogicalIDs)
		policies(k.Policy)
	}
	return b.String()
}
