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
	// clause is the condition as a policy asks for it, nil when no policy can.
	clause clause
}

// not is the opposite.
func (l literal) not() literal {
	l.holds = !l.holds
	return l
}

// literals are the conditions of a way.
func (s *solver) literals(w evaluator.Way) []literal {
	var out []literal
	for _, c := range w.Conditions {
		out = append(out, s.tester.literals(c)...)
	}
	return out
}

// literals are what a condition says: several of the constraint of a grant.
func (t *tester) literals(c evaluator.Condition) []literal {
	clauses := t.clausesOf(c)
	if len(clauses) == 0 && (c.Element != elementConstraint || len(c.Values) > 0) {
		return []literal{{condition: c, print: conditionPrint(c), holds: !c.Unless}}
	}
	out := make([]literal, len(clauses))
	for i, written := range clauses {
		out[i] = literal{condition: c, print: written.print(), holds: !c.Unless, clause: written}
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
func (s *solver) missing(ctx context.Context, about subject, of, in *answer) (missing, error) {
	m := missing{more: of.omitted}
	for _, w := range of.ways {
		p, err := s.prove(ctx, about, w, in.ways)
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

// subject is what a question is about: an action, and what is known about who asks.
type subject struct {
	action *policy.Action
	facts  []evaluator.Condition
}

// prove proves that a way is one of others, or disproves it. Of no others it says whether the way can be taken at all.
func (s *solver) prove(ctx context.Context, about subject, w evaluator.Way, in []evaluator.Way) (proof, error) {
	id := about.action.Name + "\n" + text(about.facts) + text(waysPrint([]evaluator.Way{w})) + text(waysPrint(in))
	s.lock.Lock()
	known, ok := s.proofs[id]
	s.lock.Unlock()
	if ok {
		return known, nil
	}
	others := make([][]literal, len(in))
	for i, other := range in {
		others[i] = s.literals(other)
	}
	search := &search{ctx: ctx, tester: s.tester, about: about, refutable: true}
	holds := search.closed(s.literals(w), others)
	if search.err != nil {
		return proof{}, search.err
	}
	p := proof{holds: holds, refuted: !holds && search.refutable}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.proofs[id] = p
	return p, nil
}

// possible leaves out the ways that no request takes.
func (s *solver) possible(ctx context.Context, about subject, ways []evaluator.Way) ([]evaluator.Way, error) {
	var out []evaluator.Way
	for _, w := range ways {
		p, err := s.prove(ctx, about, w, nil)
		if err != nil {
			return nil, err
		}
		if !p.holds {
			out = append(out, w)
		}
	}
	return out, nil
}

// maxSteps bounds the work on one proof. Policies whose conditions are written by people need a few.
const maxSteps = 5_000

// search is one attempt at a proof.
type search struct {
	ctx    context.Context //nolint:containedctx // of one call
	tester *tester
	about  subject
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
	for i, l := range known {
		if contains(known[:i], l.not()) {
			return false, true, nil
		}
	}
	known = s.withFacts(known)
	byKey, certain := byKeys(known)
	for key, about := range byKey {
		var ok bool
		if key == foldedPairs {
			ok, err = s.tester.pairsFound(s.ctx, s.about.action, about)
		} else {
			ok, err = s.tester.found(s.ctx, s.about.action, key, about)
		}
		if err != nil {
			return false, false, err
		}
		certain = certain && ok
	}
	if certain && !tied(byKey) {
		return true, true, nil
	}
	possible, err = s.tester.together(s.ctx, s.about.action, known)
	return possible, !possible, err
}

// foldedPairs stands for all condition keys of the encryption context, whose values have to do with each other.
const foldedPairs = "kms:encryptioncontext:*"

// byKeys are literals by the condition key that they are about. all is false when about some of them nothing is known but
// whether they hold.
func byKeys(known []literal) (byKey map[string][]literal, all bool) {
	byKey, all = map[string][]literal{}, true
	for _, l := range known {
		if l.clause == nil {
			all = all && l.condition.Element == elementUnresolved // that may be so or not, whatever the request carries
			continue
		}
		for _, c := range l.clause {
			key := policy.FoldKey(c.Key)
			if isPair(key) {
				key = foldedPairs
			}
			if about := byKey[key]; len(about) == 0 || about[len(about)-1].print != l.print || about[len(about)-1].holds != l.holds {
				byKey[key] = append(about, l)
			}
		}
	}
	return byKey, all
}

// withFacts adds what is known about the condition keys of literals: what values they can have, and, of who asks, which.
func (s *search) withFacts(known []literal) []literal {
	keys := map[string]string{}
	for _, l := range known {
		for _, c := range l.clause {
			keys[policy.FoldKey(c.Key)] = c.Key
		}
	}
	out := slices.Clip(known)
	for _, key := range sortedValues(keys) {
		if c := possibleValues(key); c != nil {
			c.Element = elementCondition
			out = append(out, s.tester.literals(*c)...)
		}
	}
	for _, c := range s.about.facts {
		if keys[policy.FoldKey(c.Key)] != "" {
			out = append(out, s.tester.literals(c)...)
		}
	}
	return out
}
