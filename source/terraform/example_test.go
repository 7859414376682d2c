package terraform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// exampleDir has a configuration, the one before it, and the plan that changes one into the other.
const exampleDir = "../../examples/terraform"

// TestExample makes the plan of the example anew when that is asked, on lines for people, and holds it to load.
func TestExample(t *testing.T) {
	file := filepath.Join(exampleDir, "plan.json")
	if *replan {
		r := newRunner(t)
		r.configure(filepath.Join(exampleDir, "before"))
		r.apply()
		r.configure(exampleDir)
		var plan bytes.Buffer
		require.NoError(t, json.Indent(&plan, bytes.TrimSpace(r.plan()), "", "  "))
		require.NoError(t, os.WriteFile(file, append(plan.Bytes(), '\n'), 0o600))
	}
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	before, after := load(t, src, terraform.Options{Before: true}), load(t, src, terraform.Options{})
	require.Len(t, before.Keys, 1)
	require.Len(t, after.Keys, 3)
}

func ExampleLoad() {
	plan, err := os.ReadFile(filepath.Join(exampleDir, "plan.json"))
	if err != nil {
		fmt.Println(err)
		return
	}
	w := &source.World{}
	if err := terraform.Load(w, "plan.json", plan, terraform.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	for _, k := range w.Keys {
		fmt.Println(k.LogicalID, k.Aliases)
	}
	for _, r := range w.Roles {
		fmt.Println(r.LogicalID, r.Name)
	}
	// Unordered output:
	// aws_kms_key.orders [alias/orders]
	// aws_kms_key.invoices["due"] [alias/invoices-due]
	// aws_kms_key.invoices["paid"] [alias/invoices-paid]
	// aws_iam_role.shop shop
	// aws_iam_role.reports reports
}
