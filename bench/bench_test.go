package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// TestContendersAgree is the comparison that precedes every measurement, on smaller worlds.
func TestContendersAgree(t *testing.T) {
	for _, s := range []*scenario.Scenario{
		scenario.Statements(3), scenario.Statements(10), scenario.Statements(30),
		scenario.Medium(), scenario.Grants(20), scenario.Wildcards(20),
	} {
		t.Run(s.Name, func(t *testing.T) {
			contenders, err := contend(s)
			require.NoError(t, err)
			require.NoError(t, agree(s, contenders, 1000))
		})
	}
}

// TestAgreeNoticesADifference shows that the comparison can fail.
func TestAgreeNoticesADifference(t *testing.T) {
	s := scenario.Statements(3)
	contenders, err := contend(s)
	require.NoError(t, err)
	require.NotEmpty(t, s.KeyPolicy)
	other := scenario.Statements(3)
	other.KeyPolicy = other.KeyPolicy[:1]
	others, err := contend(other)
	require.NoError(t, err)

	require.ErrorContains(t, agree(s, []contender{contenders[1], others[2]}, 1000), "cedar-go says allowed=")
	require.ErrorContains(t, agree(s, []contender{contenders[1], others[0]}, 1000), "strictkms says allowed=")
}

func TestLatencyPrintsEveryCase(t *testing.T) {
	var out strings.Builder
	require.NoError(t, latency(&printer{w: &out}, options{rounds: 1, batch: 100 * time.Microsecond, only: "medium", compare: 100, gogc: 100}))
	for _, c := range scenario.Medium().Cases {
		require.Contains(t, out.String(), c.Name)
	}
	require.Contains(t, out.String(), "same verdict on 100 random requests")
}

func TestPrinterKeepsTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	p := &printer{w: failing{broken}}
	p.printf("one")
	p.table([][]string{{"a", "b"}})
	require.ErrorIs(t, p.err, broken)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestReplacedPolicyDecides(t *testing.T) {
	f, err := newFleet(3, 10)
	require.NoError(t, err)
	require.NoError(t, f.decide(1))
	text, role := f.text()
	require.NoError(t, f.put(1, text, role))
	f.roles[1] = f.roles[0]
	require.ErrorContains(t, f.decide(1), "key 1: deny", "the role that the former policy named")
}
