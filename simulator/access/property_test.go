package access

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/rapidtest"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// can asks the question of can about a candidate.
func can(t *rapid.T, ev *evaluator.Evaluator, c *source.Candidate, q question) Verdict {
	q.Principal = c.Principal
	answer, err := simulator.Can(t.Context(), ev, q.Question)
	require.NoError(t, err)
	return verdictOf(answer.Decision.Decision)
}

// TestWhoCanIsCan asks who can, and can about everybody. A closed question has the same answer; one with an open context
// has it where it says always or never, whatever the request carries.
func TestWhoCanIsCan(t *testing.T) {
	check(t, func(t *rapid.T, d drawer) {
		w := d.world()
		ev := evaluator.New(w)
		given := d.context()
		// A question may say another organization than the account's, or one of a service, which has none: the open question
		// does not know of that.
		overridden := func(c *source.Candidate) bool {
			return given["aws:PrincipalOrgID"] != nil && (w.Accounts != nil || c.Kind == source.CandidateService)
		}
		action := rapid.SampledFrom(someActions(t)).Draw(t, "asked")
		key := &rapid.SampledFrom(w.Keys).Draw(t, "key").Key
		with := func(*evaluator.Key) evaluator.Context { return given }
		closed, err := New(w, ev, Settings{Context: with, Closed: true}).WhoCan(t.Context(), action, key, "", Options{All: true, Direct: true})
		require.NoError(t, err)
		open, err := New(w, ev, Settings{}).WhoCan(t.Context(), action, key, "", Options{All: true, Direct: true})
		require.NoError(t, err)
		at := 0
		for _, c := range w.Candidates() {
			if c.Kind == source.CandidateWebIdentity {
				continue
			}
			want := can(t, ev, &c, question{Question: simulator.Question{Action: action.Name, Key: key, Context: given}})
			require.Equal(t, c.Name, closed.Principals[at].Principal)
			require.Equal(t, want, closed.Principals[at].Verdict, "%s, closed", c.Name)
			if got := open.Principals[at].Verdict; got != Conditional && c.Note == "" && !overridden(&c) {
				if want != Conditional {
					require.Equal(t, got, want, "%s with %v", c.Name, given)
				}
			}
			at++
		}
		require.Len(t, closed.Principals, at)
	})
}

// TestShortcutsDoNotMatter holds the answers to those of an asker that leaves nothing out, indirect ways included.
func TestShortcutsDoNotMatter(t *testing.T) {
	check(t, func(t *rapid.T, d drawer) {
		w := d.world()
		ev := evaluator.New(w)
		action := rapid.SampledFrom(someActions(t)).Draw(t, "asked")
		key := &rapid.SampledFrom(w.Keys).Draw(t, "key").Key
		short, err := New(w, ev, Settings{}).WhoCan(t.Context(), action, key, "", Options{})
		require.NoError(t, err)
		plain := New(w, ev, Settings{})
		plain.testOnlyPlain = true
		want, err := plain.WhoCan(t.Context(), action, key, "", Options{})
		require.NoError(t, err)
		require.Equal(t, want, short)
	})
}

// rowsOf collects a matrix.
type rowsOf struct{ rows []Row }

func (r *rowsOf) begin(*Matrix) error { return nil }
func (r *rowsOf) row(row *Row) error  { r.rows = append(r.rows, *row); return nil }
func (r *rowsOf) end() error          { return nil }

// TestMatrixIsWhatCan compares every cell of a matrix, with and without the ways, with the answer to what the principal
// can do.
func TestMatrixIsWhatCan(t *testing.T) {
	check(t, func(t *rapid.T, d drawer) {
		w := d.world()
		a := New(w, evaluator.New(w), Settings{})
		candidates := w.Candidates()
		m := Matrix{Principals: candidates, Keys: a.Keys(), Actions: someActions(t), All: true}
		var whether, how rowsOf
		require.NoError(t, a.write(t.Context(), &m, &whether))
		m.Why = true
		require.NoError(t, a.write(t.Context(), &m, &how))
		at := 0
		for i := range candidates {
			want, err := a.WhatCan(t.Context(), &candidates[i], a.Keys(), m.Actions, true)
			require.NoError(t, err)
			for _, k := range want.Keys {
				require.Equal(t, k.Key, how.rows[at].Key)
				require.Equal(t, k.Actions, how.rows[at].Cells)
				for j, cell := range how.rows[at].Cells {
					require.Equal(t, cell.Verdict, whether.rows[at].Cells[j].Verdict)
				}
				at++
			}
		}
		require.Len(t, how.rows, at)
		require.NoError(t, a.WriteMatrixHTML(t.Context(), &m, io.Discard))
	})
}

// TestIndirectWaysAreDecisions asks the evaluator for each first call of an indirect way, and that no way is listed that
// adds nothing.
func TestIndirectWaysAreDecisions(t *testing.T) {
	check(t, func(t *rapid.T, d drawer) {
		w := d.world()
		ev := evaluator.New(w)
		action := rapid.SampledFrom(someActions(t)).Draw(t, "asked")
		key := &rapid.SampledFrom(w.Keys).Draw(t, "key").Key
		got, err := New(w, ev, Settings{}).WhoCan(t.Context(), action, key, "", Options{All: true})
		require.NoError(t, err)
		direct := map[string]Verdict{}
		for _, e := range got.Principals {
			direct[e.Principal] = e.Verdict
		}
		for _, way := range got.Indirect {
			require.NotEqual(t, Always, direct[way.Principal], "%s can already", way.Principal)
			require.NotEqual(t, Never, way.Verdict)
			require.Greater(t, len(way.Steps), 1)
			require.Equal(t, action.Name, way.Steps[len(way.Steps)-1].Action)
			require.Equal(t, way.Principal, way.Steps[0].Principal)
			for i, s := range way.Steps {
				require.NotEqual(t, Never, s.Verdict, "step %d", i)
			}
		}
	})
}

// TestChainsAreTheReference finds who can do an action, directly, by writing the key policy or as a role that can, by
// asking can about every pair until nobody is added, and misses nobody of them in the answer.
func TestChainsAreTheReference(t *testing.T) {
	longest := 0
	property := func(t *rapid.T, d drawer) {
		w := d.world()
		ev := evaluator.New(w)
		decrypt := someActions(t)[0]
		key := &rapid.SampledFrom(w.Keys).Draw(t, "key").Key
		candidates := w.Candidates()
		put := simulator.Question{Action: "kms:PutKeyPolicy", Key: key}
		after := simulator.Question{Action: decrypt.Name, Key: withPolicy(key, anyKeyPolicy)}
		reached := map[int]bool{}
		for i := range candidates {
			c := &candidates[i]
			if c.Kind == source.CandidateWebIdentity {
				continue
			}
			reached[i] = can(t, ev, c, question{Question: simulator.Question{Action: decrypt.Name, Key: key}}) == Always ||
				can(t, ev, c, question{Question: put}) == Always && can(t, ev, c, question{Question: after}) == Always
		}
		for round := 0; ; round++ {
			added := false
			for to := range candidates {
				if !reached[to] || candidates[to].Role == nil {
					continue
				}
				for from := range candidates {
					c := &candidates[from]
					if reached[from] || c.Kind == source.CandidateWebIdentity {
						continue
					}
					q := question{Question: simulator.Question{Action: "sts:AssumeRole", Role: candidates[to].Role}}
					if can(t, ev, c, q) == Always {
						reached[from], added = true, true
					}
				}
			}
			if !added {
				longest = max(longest, round)
				break
			}
		}
		answer, err := New(w, ev, Settings{}).WhoCan(t.Context(), decrypt, key, "", Options{})
		require.NoError(t, err)
		named := map[string]bool{}
		for _, e := range answer.Principals {
			named[e.Principal] = true
		}
		for _, way := range answer.Indirect {
			named[way.Principal] = true
		}
		for i := range candidates {
			if reached[i] {
				require.True(t, named[candidates[i].Name], "%s is missing", candidates[i].Name)
			}
		}
	}
	rapidtest.Until(t, func() bool { return longest > 0 }, drawing(property))
	require.Positive(t, longest, "no chain was ever found")
}
