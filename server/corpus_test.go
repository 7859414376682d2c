package server_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source"
)

// inherent are the condition keys that a real call cannot be without, or has as the server makes them. A case that
// asks what happens when they are missing, or about other values, is not a real call.
var inherent = []string{
	"aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:currenttime", "aws:epochtime",
	"aws:multifactorauthage", "aws:multifactorauthpresent", "aws:requestedregion", "aws:securetransport",
	"aws:sourceip", "aws:sourcevpce", "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:viaawsservice", "kms:viaservice",
	// Parameters that a request must have, or that follow from those it has.
	"aws:tagkeys", "kms:datakeypairspec", "kms:grantconstrainttype", "kms:granteeprincipal",
	"kms:grantisforawsresource", "kms:grantoperations", "kms:macalgorithm", "kms:reencryptonsamekey",
	"kms:primaryregion", "kms:replicaregion", "kms:requestalias", "kms:signingalgorithm", "kms:trailingdayswithoutkeyusage",
	"kms:wrappingalgorithm", "kms:wrappingkeyspec",
}

// TestCorpusOverHTTP puts every case of the decision corpus that is a real call to the server, signed, over HTTP. The
// verdict is whether the answer is AccessDeniedException; any other exception comes after the decision.
func TestCorpusOverHTTP(t *testing.T) {
	all := t // servers serve several cases
	cases, err := corpus.Load(copiedCorpus(t, "../testdata/decisions"))
	require.NoError(t, err)
	servers, worlds := map[worldRead]*liveServer{}, plantings{}
	skipped := map[string]int{}
	ran := 0
	for i := range cases {
		c := &cases[i]
		t.Run(c.Note, func(t *testing.T) {
			err := runLive(all, t, c, servers, worlds)
			if why, ok := errors.AsType[*skip](err); ok {
				skipped[why.why]++
				return
			}
			require.NoError(t, err)
			ran++
		})
	}
	for _, why := range slices.SortedFunc(maps.Keys(skipped), func(a, b string) int { return skipped[b] - skipped[a] }) {
		t.Logf("%4d not a real call: %s", skipped[why], why)
	}
	t.Logf("%d of %d cases over HTTP", ran, len(cases))
	require.Greater(t, ran, 1390, "cases were lost")
}

// worldRead is a world with how its server reads the assumptions.
type worldRead struct {
	world    *source.World
	readings evaluator.Readings
}

// runLive runs one case.
func runLive(all, t *testing.T, c *corpus.Case, servers map[worldRead]*liveServer, worlds plantings) error {
	p, err := plan(c)
	if err != nil {
		return err
	}
	held := worldRead{c.World, c.Readings}
	l := servers[held]
	switch {
	case p.call.mutates:
		l = startLive(t, worlds, held, corpusNow) // for this case alone
	case l == nil:
		l = startLive(all, worlds, held, corpusNow)
		servers[held] = l
	}
	if err := p.obtain(t, l); err != nil {
		return err
	}
	p.aliased(t, l)
	if err := p.encrypted(t, l); err != nil {
		return err
	}
	if err := try(t, c, l, p); err != nil {
		return err
	}
	if p.call.operation == "Decrypt" && p.call.input["KeyId"] == c.Request.Key.ARN && p.call.input["EncryptionAlgorithm"] == nil {
		delete(p.call.input, "KeyId") // now the key is found in the ciphertext
		return try(t, c, l, p)
	}
	return nil
}

// try makes the call and compares.
func try(t *testing.T, c *corpus.Case, l *liveServer, p *planner) error {
	t.Helper()
	code := l.send(t, p.call)
	var live *enforce.Decision
	if l.call != nil {
		live = decisionOf(l.call.Decisions(), &c.Request)
	}
	if live == nil {
		switch code {
		case "AccessDeniedException":
			if c.Request.Alias != "" || p.call.operation == "ReEncrypt" || strings.HasSuffix(p.call.operation, "Alias") {
				return skipf("the other side of the operation is denied first")
			}
			require.Equal(t, evaluator.Deny, c.Expect.Decision, "denied without a decision")
			return nil
		default:
			return skipf("%s is refused before it is decided: %s", p.call.operation, code)
		}
	}
	if err := sameQuestion(t, c, &live.Request); err != nil {
		return err
	}
	if live.Request.Action == "kms:CreateGrant" && c.Expect.Reason == "grant" && !live.Allowed {
		return skipf("a grant through a grant has constraints as strict")
	}
	verdict := evaluator.Allow
	if !live.Allowed {
		verdict = evaluator.Deny
	}
	require.Equal(t, c.Expect.Decision, verdict, "%s:%d: %s answered %q; reason %s", c.File, c.Line, p.call.operation, code, live.Answer.Reason)
	require.Equal(t, c.Expect.Reason, live.Answer.Reason)
	if len(l.call.Decisions()) == 1 {
		require.Equal(t, c.Expect.Decision == evaluator.Deny, code == "AccessDeniedException", "the answer was %q", code)
	}
	explained, err := l.call.Explain(t.Context(), live)
	require.NoError(t, err)
	nameKeyPolicies(&explained, live.Request.Key)
	require.Empty(t, c.Problems(explained), "%s:%d", c.File, c.Line)
	return nil
}

// nameKeyPolicies names the statements of the key policy as the corpus does, by their key. The server has one document
// for all key policies with the same text.
func nameKeyPolicies(d *evaluator.Decision, key *evaluator.Key) {
	for _, layer := range d.Layers {
		for i := range layer.Statements {
			if layer.Layer == "key-policy" {
				layer.Statements[i].Policy = arnOf(key.ARN).Resource
			}
		}
	}
}

// decisionOf finds the decision that a case is about.
func decisionOf(decisions []enforce.Decision, want *evaluator.Request) *enforce.Decision {
	action, _ := policy.LookupAction(want.Action)
	for i := range decisions {
		r := &decisions[i].Request
		if r.Action == action.Name && r.Alias == want.Alias && (r.Key == nil) == (want.Key == nil) &&
			(r.Key == nil || r.Key.ARN == want.Key.ARN) {
			return &decisions[i]
		}
	}
	return nil
}

// exporter is one evaluator, so that policies are compiled once.
var exporter = sync.OnceValue(func() *evaluator.Evaluator { return evaluator.New(&source.World{}) })

// sameQuestion compares what the server asked with what the case asks, by the values of the condition keys that the
// policies mention. Only the inherent ones may differ: then the case is not a real call.
func sameQuestion(t *testing.T, c *corpus.Case, live *evaluator.Request) error {
	t.Helper()
	decider := exporter().In(c.World).Assuming(c.Readings)
	want, err := decider.Export(c.Request)
	require.NoError(t, err)
	got, err := decider.Export(*live)
	require.NoError(t, err)
	wanted, _ := want.Input["context"].(map[string]any)
	has, _ := got.Input["context"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !reflect.DeepEqual(ordered(wanted[name]), ordered(has[name])) {
			return differs(t, c, name, wanted[name], has[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if _, ok := wanted[name]; !ok {
			return differs(t, c, name, nil, has[name])
		}
	}
	return nil
}

// ordered is a value of a condition key; a list is a set.
func ordered(value any) any {
	switch list := value.(type) {
	case []string:
		return slices.Sorted(slices.Values(list))
	case []any:
		texts := make([]string, len(list))
		for i := range list {
			texts[i] = fmt.Sprint(list[i])
		}
		return slices.Sorted(slices.Values(texts))
	default:
		return value
	}
}

func differs(t *testing.T, c *corpus.Case, name string, want, got any) error {
	t.Helper()
	require.Contains(t, inherent, name, "%s:%d: %s: the case has %v, the call %v", c.File, c.Line, name, want, got)
	return skipf("a real call has %s, and not as the case has it", name)
}
