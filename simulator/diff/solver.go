package diff

import (
	"context"
	"slices"
	"sync"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// solver proves that the ways of one answer are ways of another one too. What a condition means is asked of the
// evaluator, for values that tell the conditions apart; the solver only joins what it says.
type solver struct {
	tester *tester

	lock   sync.Mutex
	proofs map[string]proof
}

func newSolver(ev *evaluator.Evaluator) *solver {
	return &solver{tester: newTester(ev), proofs: map[string]proof{}}
}

// literal is a condition that holds or does not.
type literal struct {
	condition evaluator.Condition
	print     string
	holds     bool
}

// not is the opposite.
func (l literal) not() literal {
	l.holds = !l.holds
	return l
}

// literals are the conditions of a way.
func literals(w evaluator.Way) []literal {
	out := make([]literal, len(w.Conditions))
	for i, c := range w.Conditions {
		out[i] = literal{condition: c, print: conditionPrint(c), holds: !c.Unless}
	}
	return out
}

// missing are the ways of one answer that another one does not have.
type missing struct {
	ways []evaluator.Way
	// more is true when ways that are not listed may be missing.
	more bool
	// certain is true when one of them is known to be taken by some request, which the other answer denies.
	certain bool
}

func (m missing) none() bool { return len(m.ways) == 0 && !m.more }

// proof is whether a way is always one of others, and if not, whether it is known that it is not.
type proof struct{ holds, refuted bool }

// missing returns the ways of the first answer that are not proved to be ways of the second.
func (s *solver) missing(ctx context.Context, action *policy.Action, of, in *answer) (missing, error) {
	m := missing{more: of.omitted}
	others := make([][]literal, len(in.ways))
	for i, w := range in.ways {
		others[i] = literals(w)
	}
	for _, w := range of.ways {
		p, err := s.prove(ctx, action, w, in.ways, others)
		if err != nil {
			return m, err
		}
		if !p.holds {
			m.ways = append(m.ways, w)
			m.certain = m.certain || p.refuted && !in.omitted
		}
	}
	return m, nil
}

// prove proves that a way is one of others, or disproves it.
func (s *solver) prove(ctx context.Context, action *policy.Action, w evaluator.Way, in []evaluator.Way, others [][]literal) (proof, error) {
	id := action.Name + "\n" + text(waysPrint([]evaluator.Way{w})) + text(waysPrint(in))
	s.lock.Lock()
	known, ok := s.proofs[id]
	s.lock.Unlock()
	if ok {
		return known, nil
	}
	search := &search{ctx: ctx, tester: s.tester, action: action, refutable: true}
	holds := search.closed(literals(w), others)
	if search.err != nil {
		return proof{}, search.err
	}
	p := proof{holds: holds, refuted: !holds && search.refutable}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.proofs[id] = p
	return p, nil
}

// maxSteps bounds the work on one proof. Policies whose conditions are written by people need a few.
const maxSteps = 5_000

// search is one attempt at a proof.
type search struct {
	ctx    context.Context //nolint:containedctx // of one call
	tester *tester
	action *policy.Action
	steps  int
	// refutable is true when what was found to be possible is known to be.
	refutable bool
	err       error
}

// closed reports whether what is known leaves none of the other ways out: whether it contradicts that each of them has
// a condition that is not met.
func (s *search) closed(known []literal, others [][]literal) bool {
	if s.steps++; s.steps > maxSteps || s.err != nil {
		s.refutable = false
		return false
	}
	possible, certain, err := s.possible(known)
	if err != nil {
		s.err = err
		return false
	}
	if !possible {
		return true
	}
	if len(others) == 0 {
		s.refutable = s.refutable && certain
		return false
	}
	for _, l := range others[0] {
		if contains(known, l) {
			continue // that it is not met contradicts what is known
		}
		if !s.closed(append(slices.Clip(known), l.not()), others[1:]) {
			return false
		}
	}
	return true
}

func contains(list []literal, l literal) bool {
	return slices.ContainsFunc(list, func(k literal) bool { return k.print == l.print && k.holds == l.holds })
}

// possible reports whether some request meets all literals, as far as is known. certain is true when it is known.
func (s *search) possible(known []literal) (possible, certain bool, err error) {
	byKey := map[string][]literal{}
	certain = true
	for i, l := range known {
		if contains(known[:i], l.not()) {
			return false, true, nil
		}
		switch l.condition.Element {
		case elementCondition:
		case elementUnresolved: // it may be so or not, whatever the request carries
			continue
		default:
			certain = false // nothing is known about it but whether it holds
			continue
		}
		key := policy.FoldKey(l.condition.Key)
		byKey[key] = append(byKey[key], l)
	}
	for key, about := range byKey {
		ok, exact, err := s.tester.satisfiable(s.ctx, s.action, key, about)
		switch {
		case err != nil:
			return false, false, err
		case !ok && exact:
			return false, true, nil
		case !ok:
			certain = false
		}
	}
	return true, certain && !tied(byKey), nil
}

// elementCondition is the element of a condition on a condition key.
const elementCondition = "Condition"
