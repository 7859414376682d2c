package evaluator_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
)

// summary is what a decision rests on, to compare with the reference.
func summary(d evaluator.Decision) refDecision {
	out := refDecision{verdict: d.Decision, reason: d.Reason}
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			switch {
			case !st.Deciding:
			case layer.Layer == "grant":
				out.deciding = append(out.deciding, "grant/"+st.Policy)
			default:
				out.deciding = append(out.deciding, fmt.Sprintf("%s/%s#%d", layer.Layer, st.Policy, st.Index))
			}
		}
	}
	slices.Sort(out.deciding)
	out.deciding = slices.Compact(out.deciding)
	return out
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
		src, _ := texts.Load(doc.Digest)
		fmt.Fprintf(&b, "%s: %s\n", doc.Name, src)
	}
	return b.String()
}

// tally counts reasons, so that a test can tell that all of them occurred.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[reason]++
}

// TestAuthorizeIsTheReference holds the evaluator, and the explanation, to the reference: verdict, reason and
// deciding statements.
func TestAuthorizeIsTheReference(t *testing.T) {
	var seen tally
	shared := evaluator.New(mapWorld{})
	rapid.Check(t, func(t *rapid.T) {
		s := newScene(t, 24)
		e := shared.In(s.world)
		for _, req := range s.requests {
			want := refDecide(s.world, req)
			seen.add(want.reason)
			got, err := e.Authorize(t.Context(), req)
			if err != nil {
				t.Fatalf("authorize: %v\n%s", err, describe(s.world, req))
			}
			if summary(got).String() != want.String() {
				t.Fatalf("authorize: %s\nreference: %s\n%s", summary(got), want, describe(s.world, req))
			}
			explained, err := e.Explain(t.Context(), req)
			if err != nil {
				t.Fatalf("explain: %v\n%s", err, describe(s.world, req))
			}
			if summary(explained).String() != want.String() {
				t.Fatalf("explain: %s\nreference: %s\n%s", summary(explained), want, describe(s.world, req))
			}
		}
	})
	t.Log(seen.counts)
	require.Len(t, seen.counts, 13, "every reason should occur: %v", seen.counts)
}
