package evaluator_test

import (
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/rapidtest"
	"github.com/strictkms/strictkms/policy"
)

var (
	// times is how much longer than usual the property tests look for differences.
	times = flag.Int("property.times", 1, "run property tests this many times as long")
	// decided counts the random requests whose answers were compared; differing the properties that failed.
	decided, differing atomic.Int64
	// asked is true when the command line says how often rapid checks a property.
	asked bool
)

// TestMain reports, for make property, what the property tests compared.
func TestMain(m *testing.M) {
	flag.Parse()
	if asked = rapidtest.Asked(); *times == 1 && testing.CoverMode() == "" {
		rapidtest.SetChecks(60) // make test is for every day
	}
	code := m.Run()
	if *times > 1 {
		_, _ = fmt.Fprintf(os.Stdout, "%d random decisions, %d differences\n", decided.Load(), differing.Load())
	}
	os.Exit(code) //nolint:forbidigo // the end of the test program
}

// check runs a property rounds times as often as rapid does, and a fourth as many times longer as -property.times says;
// once when a number was asked for by -rapid.checks.
func check(t *testing.T, rounds int, property func(*rapid.T)) {
	t.Helper()
	checkTimes(t, rounds*max(1, *times/4), property)
}

func checkTimes(t *testing.T, rounds int, property func(*rapid.T)) {
	t.Helper()
	if asked {
		rounds = 1
	}
	defer func() { // rapid ends the test of a property that fails
		if t.Failed() {
			differing.Add(1)
		}
	}()
	for range rounds {
		rapid.Check(t, property)
	}
}

// TestManyDecisionsAreTheReference crosses the parts of a scene: every caller asks for several actions on every key in
// several contexts, through an endpoint or not. Drawing and compiling cost more than deciding.
func TestManyDecisionsAreTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	checkTimes(t, *times, func(t *rapid.T) {
		g := &gen{t: t}
		world, keys, endpoints, readings := g.world(), []*evaluator.Key{g.key(keyOne), g.key(keyTwo)}, g.endpoints(), g.readings()
		e := shared.In(world).Assuming(readings)
		callers := []*evaluator.Principal{g.caller(0), g.caller(1), g.caller(2)}
		contexts := some(g, 6, 6, g.context)
		for _, name := range some(g, 8, 8, func() string { return pick(g, requestActions) }) {
			action, _ := policy.LookupAction(name)
			if !action.On("key") {
				name = "kms:Decrypt"
			}
			for _, context := range contexts {
				var endpoint []*policy.Document
				if g.chance(20) {
					endpoint = pick(g, endpoints)
				}
				for _, caller := range callers {
					for _, key := range keys {
						req := evaluator.Request{Principal: caller, Action: name, Key: key, Context: context, EndpointPolicies: endpoint}
						got, err := e.Authorize(t.Context(), req)
						want := refDecideAs(readings, world, req)
						if err != nil || summary(got).String() != want.String() {
							t.Fatalf("authorize: %s %v\nreference: %s\nreadings: %s\n%s", summary(got), err, want, readings, describe(world, req))
						}
						decided.Add(1)
						seen.add(want.reason)
					}
				}
			}
		}
	})
	t.Log(seen.counts)
}
