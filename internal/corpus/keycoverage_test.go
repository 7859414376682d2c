package corpus

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// coverage says how a condition key met the conditions on it in the requests for one action.
type coverage struct{ matched, unmatched bool }

// TestKeysOfEveryOperation asks of the corpus, whoever wrote its cases: is each condition key of KMS, on each operation
// that populates it, seen with a value that a condition wants and with a value that one does not.
func TestKeysOfEveryOperation(t *testing.T) {
	cases, err := Load("../../testdata/decisions")
	require.NoError(t, err)
	seen := map[string]*coverage{}
	at := func(action, key string) *coverage {
		known, ok := policy.LookupConditionKey(key)
		if ok {
			key = known.Name
		}
		if seen[action+" "+key] == nil {
			seen[action+" "+key] = &coverage{}
		}
		return seen[action+" "+key]
	}
	base := evaluator.New(cases[0].World)
	for _, c := range cases {
		d, err := base.In(c.World).Assuming(c.Readings).Explain(t.Context(), c.Request)
		require.NoError(t, err)
		action, _ := policy.LookupAction(c.Request.Action)
		for _, layer := range d.Layers {
			for _, st := range layer.Statements {
				for _, u := range st.Unmet {
					if u.Element == "Condition" && len(u.Actual) > 0 {
						at(action.Name, u.Key).unmatched = true
					}
				}
				if st.Matched {
					for _, key := range conditionKeysOf(c, layer.Layer, st) {
						at(action.Name, key).matched = true
					}
				}
			}
		}
	}
	count := 0
	for _, a := range kmsActions() {
		for _, name := range a.ConditionKeys {
			count++
			require.True(t, at(a.Name, name).matched, "no case of %s matches a condition on %s", a.Name, name)
			require.True(t, at(a.Name, name).unmatched, "no case of %s misses a condition on %s", a.Name, name)
		}
	}
	require.Greater(t, count, 800)
	t.Logf("%d keys of operations, 0 differences", count)
}

// conditionKeysOf are the condition keys of a statement that a decision names.
func conditionKeysOf(c Case, layer string, st evaluator.Statement) []string {
	var docs []*policy.Document
	switch layer {
	case "key-policy":
		docs = []*policy.Document{c.Request.Key.Policy}
	case "identity-policy":
		docs = c.Request.Principal.Identity
	}
	var out []string
	for _, doc := range docs {
		for _, s := range doc.Statements {
			if doc.Name == st.Policy && s.Index == st.Index {
				for _, condition := range s.Conditions {
					out = append(out, condition.Key.Text)
				}
			}
		}
	}
	return out
}
