package terraform_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// plansDir has a directory for each plan: its configuration, or those before and after, and what terraform show -json
// printed about the plan; go test -replan makes it anew.
const plansDir = "testdata/plans"

// planOf returns the plan of a directory, and makes it before when that is asked.
func planOf(t *testing.T, name string) []byte {
	t.Helper()
	dir := filepath.Join(plansDir, name)
	file := filepath.Join(dir, "plan.json")
	if *replan {
		r := newRunner(t)
		if before := filepath.Join(dir, "before"); exists(before) {
			r.configure(before)
			r.apply()
			r.configure(filepath.Join(dir, "after"))
		} else {
			r.configure(dir)
		}
		require.NoError(t, os.WriteFile(file, r.plan(), 0o600))
	}
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	return src
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// names lists the directories of plans.
func names(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(plansDir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	require.NotEmpty(t, out)
	return out
}

// TestPlans compares the worlds of real plans, before and after they are applied, with golden files.
func TestPlans(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			src := planOf(t, name)
			for _, world := range []string{"after", "before"} {
				w := load(t, src, terraform.Options{Before: world == "before"})
				golden(t, filepath.Join(plansDir, name, world+".golden"), describe(w, src))
			}
		})
	}
}

// load loads a plan into a new world.
func load(t *testing.T, src []byte, options terraform.Options) *source.World {
	t.Helper()
	w := &source.World{}
	require.NoError(t, terraform.Load(w, "plan.json", src, options))
	return w
}

// golden compares a text with a file.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

// describe writes a world as text. Positions are written as what stands there in the plan.
func describe(w *source.World, src []byte) string {
	d := &describer{src: src}
	for _, warning := range w.Warnings {
		d.line("warning %s: %s  %s", warning.Code, warning.Message, d.at(warning.Pos))
	}
	for _, g := range w.Groups {
		d.line("group %s  %s %s%s", g.LogicalID, g.Account, g.Path, g.Name)
		d.attachments(g.Policies, g.Attached, "", g.Unknown)
	}
	for _, u := range w.Users {
		d.line("user %s  %s %s%s groups %v tags %v access keys %d", u.LogicalID, u.Account, u.Path, u.Name, u.Groups, u.Tags, len(u.AccessKeys))
		d.attachments(u.Policies, u.Attached, u.Boundary, u.Unknown)
		d.open(u.Open)
	}
	for _, r := range w.Roles {
		d.line("role %s  %s %s%s tags %v", r.LogicalID, r.Account, r.Path, r.Name, r.Tags)
		d.attachments(r.Policies, r.Attached, r.Boundary, r.Unknown)
		d.open(r.Open)
		d.policy("  trust", r.Trust)
	}
	for _, doc := range w.ManagedPolicies {
		d.policy(doc.ARN, doc)
	}
	for _, k := range w.Keys {
		d.key(k)
	}
	for _, id := range slices.Sorted(maps.Keys(w.Endpoints)) {
		d.policy("endpoint "+id, w.Endpoints[id])
	}
	for _, id := range slices.Sorted(maps.Keys(w.Accounts)) {
		a := w.Accounts[id]
		d.line("account %s  organization %s path %q management %t", id, a.OrganizationID, a.OrganizationPath, a.Management)
		for i, level := range a.SCPs {
			for _, doc := range level {
				d.policy(fmt.Sprintf("  SCP level %d", i), doc)
			}
		}
		for i, level := range a.RCPs {
			for _, doc := range level {
				d.policy(fmt.Sprintf("  RCP level %d", i), doc)
			}
		}
	}
	return d.text.String()
}

// describer writes a world as text.
type describer struct {
	src  []byte
	text strings.Builder
}

func (d *describer) line(format string, args ...any) { fmt.Fprintf(&d.text, format+"\n", args...) }

// at shows what stands at a position.
func (d *describer) at(pos policy.Position) string {
	if !pos.IsValid() {
		return "nowhere"
	}
	rest := string(d.src[pos.Offset:])
	return "at " + rest[:min(len(rest), 24)]
}

func (d *describer) attachments(inline []*policy.Document, attached []string, boundary string, unknown []string) {
	for _, doc := range inline {
		d.policy("  inline", doc)
	}
	for _, arn := range attached {
		d.line("  attached %s", arn)
	}
	if boundary != "" {
		d.line("  boundary %s", boundary)
	}
	for _, text := range unknown {
		d.line("  unknown: %s", text)
	}
}

func (d *describer) policy(what string, doc *policy.Document) {
	if doc == nil {
		d.line("%s none", what)
		return
	}
	text, err := doc.MarshalJSON()
	if err != nil {
		d.line("%s %v", what, err)
		return
	}
	d.line("%s %q %s  %s", what, doc.Name, strings.ReplaceAll(string(text), string(policy.Unresolved), "?"), d.at(doc.Pos))
	for _, s := range doc.Statements {
		d.line("    %d %s", s.Index, d.at(s.Pos))
	}
}

func (d *describer) key(k *source.Key) {
	d.line("key %s  %s", k.LogicalID, k.ARN)
	d.line("  spec %s usage %s origin %s multi-Region %s %s rotation %d disabled %t bypass %t", k.Spec, k.Usage, k.Origin, k.MultiRegion,
		k.MultiRegionKeyType, k.RotationPeriodInDays, k.Disabled, k.BypassLockoutCheck)
	d.line("  description %q tags %v aliases %v %v", k.Description, k.Tags, k.Aliases, k.AliasLogicalIDs)
	if k.After != nil {
		d.line("  after %v", k.After)
	}
	for _, g := range k.Grants {
		d.line("  grant %s %q to %s%s retired by %s: %v equals %v subset %v  %s", g.ID, g.Name, g.GranteePrincipal, g.GranteeServicePrincipal,
			g.RetiringPrincipal, g.Operations, g.EncryptionContextEquals, g.EncryptionContextSubset, d.at(g.Pos))
	}
	for _, text := range k.Unknown {
		d.line("  unknown: %s", text)
	}
	d.open(k.Open)
	d.policy("  policy", k.Policy)
}

func (d *describer) open(keys []string) {
	if len(keys) > 0 {
		d.line("  open: %v", keys)
	}
}
