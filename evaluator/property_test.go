package evaluator_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/policy"
)

// summary is what a decision rests on, to compare with the reference.
func summary(d evaluator.Decision) refDecision {
	out := refDecision{verdict: d.Decision, reason: d.Reason}
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if st.Deciding {
				out.deciding = append(out.deciding, statementName(layer.Layer, st))
			}
		}
	}
	slices.Sort(out.deciding)
	out.deciding = slices.Compact(out.deciding)
	return out
}

// statementName is what the reference calls a statement or grant.
func statementName(layer string, st evaluator.Statement) string {
	if layer == "grant" {
		return "grant/" + st.Policy
	}
	return fmt.Sprintf("%s/%s#%d", layer, st.Policy, st.Index)
}

// describe writes down a request and its policies.
func describe(world mapWorld, req evaluator.Request) string {
	var b strings.Builder
	write := func(what string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "%s: %s\n", what, text)
	}
	p := req.Principal
	fmt.Fprintf(&b, "%s by %s (issuer %q, provider %q, id %q, tags %q, boundary %t, session %t, service-linked %t)\n",
		req.Action, p.ARN, p.Issuer, p.Provider, p.UniqueID, p.Tags, p.Boundary != nil, p.HasSession, p.ServiceLinked)
	if req.Key != nil {
		fmt.Fprintf(&b, "key %s %q %q AWS managed %t\n", req.Key.ARN, req.Key.Aliases, req.Key.Tags, req.Key.AWSManaged)
		write("grants", req.Key.Grants)
	}
	fmt.Fprintf(&b, "alias %q, grant %q, through endpoint %t\n", req.Alias, req.Grant, req.EndpointPolicies != nil)
	write("context", req.Context)
	for id, a := range world {
		fmt.Fprintf(&b, "account %s management %t, %d SCP levels (none: %t)\n", id, a.Management, len(a.SCPs), a.SCPs == nil)
	}
	for _, doc := range documentsOf(world, req) {
		write(doc.Name, doc)
	}
	return b.String()
}

// tally counts reasons, so that a test can tell that all of them occurred.
type tally struct{ counts map[string]int }

func (c *tally) add(reason string) {
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[reason]++
}

// total is how many cases were counted.
func (c *tally) total() int {
	n := 0
	for _, count := range c.counts {
		n += count
	}
	return n
}

// TestAuthorizeIsTheReference holds the evaluator, and the explanation, to the reference: verdict, reason and
// deciding statements.
func TestAuthorizeIsTheReference(t *testing.T) {
	t.Parallel()
	var seen tally
	shared := evaluator.New(mapWorld{})
	check(t, 1, func(t *rapid.T) {
		s := newScene(t, 24)
		e := shared.In(s.world).Assuming((&gen{t: t}).readings())
		for _, req := range s.requests {
			seen.add(sameAsReference(t, e, s.world, req).reason)
		}
	})
	t.Log(seen.counts)
	if seen.total() > 2000 {
		for _, reason := range corpus.Reasons {
			if ofKMS := !strings.Contains(reason, "trust-policy") && reason != "no-permission-needed"; ofKMS {
				require.Contains(t, seen.counts, reason, "every reason should occur")
			}
		}
	}
}

// TestReferenceOnCorpus puts the decision corpus, which was written by hand from AWS's documents, to the
// reference.
func TestReferenceOnCorpus(t *testing.T) {
	cases, err := corpus.Load("../testdata/decisions")
	require.NoError(t, err)
	shared := evaluator.New(mapWorld{})
	asked, differences := 0, 0
	for _, c := range cases {
		if c.Expect.Decision == evaluator.Conditional {
			continue // the reference knows no unresolved values
		}
		if action, ok := policy.LookupAction(c.Request.Action); !ok || !action.IsKMS() {
			continue // and no other service
		}
		asked++
		same := t.Run(c.Note, func(t *testing.T) {
			got := refDecideAs(c.Readings, c.World, c.Request)
			require.Equal(t, string(c.Expect.Decision)+" "+c.Expect.Reason, string(got.verdict)+" "+got.reason, "%s:%d", c.File, c.Line)
			d, err := shared.In(c.World).Assuming(c.Readings).Authorize(t.Context(), c.Request)
			require.NoError(t, err)
			require.Equal(t, summary(d).deciding, got.deciding)
		})
		if !same {
			differences++
		}
	}
	t.Logf("%d cases, %d differences", asked, differences)
}
