package terraform_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// named are the attributes that say what something is called, and whose it is: without them it is something else, and the question
// is another.
// inline_policy is not told from blocks that are not there, see docs/terraform.md.
var named = []string{"arn", "id", "unique_id", "name", "name_prefix", "path", "region", "key_id", "inline_policy", "roots", "accounts", "primary_key_arn"}

// TestNeverAbsent makes every argument of plans unknown, one at a time: an answer stays what it is or becomes conditional.
func TestNeverAbsent(t *testing.T) {
	for _, name := range []string{"applied", "corners", "change"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(filepath.Join(plansDir, name, "plan.json"))
			require.NoError(t, err)
			e := evaluator.New(&source.World{}) // what it has compiled, it has for all worlds
			was := answers(t, e, src, nil)
			changed, open := 0, 0
			for _, address := range addresses(t, src) {
				for _, attribute := range arguments(t, src, address) {
					mutated := withUnknown(t, src, address, attribute)
					now := answers(t, e, mutated, was)
					changed++
					for question, answer := range now {
						before := was[question]
						if before == evaluator.Conditional {
							continue
						}
						require.Contains(t, []evaluator.Verdict{before, evaluator.Conditional}, answer, "%s of %s unknown: %s", attribute, address, question)
						if answer == evaluator.Conditional {
							open++
						}
					}
				}
			}
			t.Logf("%d arguments, %d answers became conditional", changed, open)
			require.Positive(t, open)
		})
	}
}

// answers decides what everybody may do with every key; of is what was asked before, of which not everything must be there.
func answers(t *testing.T, e *evaluator.Evaluator, src []byte, of map[string]evaluator.Verdict) map[string]evaluator.Verdict {
	t.Helper()
	w := &source.World{}
	require.NoError(t, terraform.Load(w, "plan.json", src, terraform.Options{}))
	e = e.In(w)
	out := map[string]evaluator.Verdict{}
	for _, principal := range everybody(w) {
		for _, k := range w.Keys {
			for _, action := range []string{"kms:Decrypt", "kms:PutKeyPolicy", "kms:Sign"} {
				question := principal + " " + action + " " + k.LogicalID
				if of != nil && of[question] == "" || of[question] == evaluator.Conditional {
					continue
				}
				out[question] = ask(t, w, e, principal, action, k.LogicalID).Decision
			}
		}
	}
	return out
}

// changeOf finds the change of a resource in a decoded plan.
func changeOf(plan map[string]any, address string) map[string]any {
	for _, c := range plan["resource_changes"].([]any) {
		if c := c.(map[string]any); c["address"] == address {
			return c["change"].(map[string]any)
		}
	}
	return nil
}

func decoded(t *testing.T, src []byte) map[string]any {
	t.Helper()
	var plan map[string]any
	require.NoError(t, json.Unmarshal(src, &plan))
	return plan
}

// addresses are the resources of KMS, IAM and Organizations that a plan makes or changes.
func addresses(t *testing.T, src []byte) []string {
	t.Helper()
	var out []string
	for _, c := range decoded(t, src)["resource_changes"].([]any) {
		c := c.(map[string]any)
		after, _ := c["change"].(map[string]any)["after"].(map[string]any)
		typ := c["type"].(string)
		if after != nil && c["mode"] == "managed" && c["deposed"] == nil &&
			(strings.HasPrefix(typ, "aws_kms_") || strings.HasPrefix(typ, "aws_iam_") || strings.HasPrefix(typ, "aws_organizations_") || strings.HasPrefix(typ, "aws_vpc_endpoint")) {
			out = append(out, c["address"].(string))
		}
	}
	return out
}

// arguments are the known arguments of a resource.
func arguments(t *testing.T, src []byte, address string) []string {
	t.Helper()
	after := changeOf(decoded(t, src), address)["after"].(map[string]any)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(after)), func(name string) bool {
		return after[name] == nil || slices.Contains(named, name) && (name != "key_id" || strings.Contains(address, "aws_kms_key."))
	})
}

// withUnknown makes an argument of a resource known after apply, and an expression without references in the configuration.
func withUnknown(t *testing.T, src []byte, address, attribute string) []byte {
	t.Helper()
	plan := decoded(t, src)
	change := changeOf(plan, address)
	delete(change["after"].(map[string]any), attribute)
	later, _ := change["after_unknown"].(map[string]any)
	if later == nil {
		later = map[string]any{}
		change["after_unknown"] = later
	}
	later[attribute] = true
	if attribute == "tags" {
		delete(change["after"].(map[string]any), "tags_all")
		later["tags_all"] = true
	}
	module, rest := plan["configuration"].(map[string]any)["root_module"].(map[string]any), address
	for strings.HasPrefix(rest, "module.") {
		name, after, _ := strings.Cut(strings.TrimPrefix(rest, "module."), ".")
		name, _, _ = strings.Cut(name, "[")
		module, rest = module["module_calls"].(map[string]any)[name].(map[string]any)["module"].(map[string]any), after
	}
	rest, _, _ = strings.Cut(rest, "[")
	for _, r := range module["resources"].([]any) {
		if r := r.(map[string]any); r["address"] == rest {
			expressions, _ := r["expressions"].(map[string]any)
			if expressions == nil {
				expressions = map[string]any{}
				r["expressions"] = expressions
			}
			expressions[attribute] = map[string]any{}
		}
	}
	out, err := json.Marshal(plan)
	require.NoError(t, err)
	return out
}
