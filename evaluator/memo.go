package evaluator

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// The bounds of a memo: a full one takes some 6 MB. What does not fit takes the place of something else.
const (
	memoSituations = 1 << 10
	memoDecisions  = 1 << 12
	// maxMemoValues bounds, in bytes, the values that a remembered decision depends on.
	maxMemoValues = 512
)

// memo remembers decisions. Whatever a decision depends on is part of the question that it is remembered for, so that
// nothing has to be forgotten when something changes:
//
//   - the version of the principal and of the key, with their policies, grants and tags: each has a number of its own;
//   - the accounts of both, with the policies of the organization: a change makes new ones (see [World]);
//   - the action, and how unresolved values are read;
//   - the values of the condition keys that the rules about the action read, and of no others. They are the values that
//     the rules are given, in the form in which they are compared: no rule sees anything else of a request.
//
// Both tables have a fixed size and one place for each hash, which is salted. Reading and writing take no lock.
type memo struct {
	seed       maphash.Seed
	situations [memoSituations]atomic.Pointer[situation]
	decisions  [memoDecisions]atomic.Pointer[remembered]
}

// about is a question without the values of condition keys.
type about struct {
	principal, key uint64 // their numbers
	account, owner *Account
	action         *policy.Action
	bound          bound
}

// situation is what requests that are about the same have in common.
type situation struct {
	about
	// keys are the condition keys that the rules about the action read.
	keys []*mentionedKey
	// encryptionContext is true when a rule reads it with the case of its keys.
	encryptionContext bool
	// volatile is true when a rule reads a condition key whose value is hardly ever the same again.
	volatile bool
}

// remembered is a decision with what it is the answer to. It is immutable.
type remembered struct {
	situation *situation
	values    string
	reading   reading
}

// volatileKeys are the condition keys that follow from the time of a request.
var volatileKeys = map[string]bool{"aws:currenttime": true, "aws:epochtime": true, "aws:multifactorauthage": true}

// Remembering returns an evaluator that gives the answers of this one, and remembers some of them: for the calls of a
// server, which are much alike. What [Evaluator.Authorize] returns is then shared by calls and must not be changed. The
// evaluators that are made from it remember nothing.
func (e *Evaluator) Remembering() *Evaluator {
	return &Evaluator{world: e.world, variant: e.variant, memo: &memo{seed: maphash.MakeSeed()}}
}

// about returns what a request is about, false when its decision is not to be remembered: one that is not about a key,
// which is rare, and one with policies or a grant of its own.
func (q *query) about(b bound) (about, bool) {
	r := q.req
	if r.Key == nil || r.Role != nil || q.resourceARN != r.Key.ARN {
		return about{}, false
	}
	if r.EndpointPolicies != nil || r.Grant != "" || q.action.Name == retireGrant {
		return about{}, false
	}
	a := about{
		principal: q.principal.number, key: q.key.number, account: q.account, owner: q.owner, action: q.action, bound: b,
	}
	return a, a.principal != 0 && a.key != 0
}

// situation returns the place of a situation. The numbers are not of the caller's choice.
func (m *memo) situation(a *about) *atomic.Pointer[situation] {
	const odd = 0x9E3779B97F4A7C15
	hash := ((a.principal*odd+a.key)*odd + uint64(a.action.Index)) * odd //nolint:gosec // an index is not negative
	return &m.situations[hash>>32%memoSituations]
}

// decision returns the place of a decision.
func (m *memo) decision(s *situation, values []byte) *atomic.Pointer[remembered] {
	hash := maphash.Bytes(m.seed, values) ^ (s.principal<<40 + s.key<<8 + uint64(s.action.Index)) //nolint:gosec // an index is not negative
	return &m.decisions[hash%memoDecisions]
}

// recall returns what is remembered of a request, nil for nothing. The query needs no more than [Evaluator.begin].
func (m *memo) recall(q *query, b bound) *reading {
	if m == nil {
		return nil
	}
	a, ok := q.about(b)
	if !ok {
		return nil
	}
	s := m.situation(&a).Load()
	if s == nil || s.about != a || s.volatile {
		return nil
	}
	var room [maxMemoValues]byte
	values := s.appendValues(room[:0], q)
	if r := m.decision(s, values).Load(); r != nil && r.situation == s && r.values == string(values) {
		return &r.reading
	}
	return nil
}

// keep remembers the decision of a request.
func (m *memo) keep(q *query, b bound, r *reading) {
	if m == nil {
		return
	}
	a, ok := q.about(b)
	if !ok {
		return
	}
	place := m.situation(&a)
	s := place.Load()
	if s == nil || s.about != a {
		if s = newSituation(q, a); s == nil { // not where the request was decided before
			return
		}
		place.Store(s)
	}
	if s.volatile {
		return
	}
	if values := s.appendValues(nil, q); len(values) <= maxMemoValues {
		m.decision(s, values).Store(&remembered{situation: s, values: string(values), reading: *r})
	}
}

// newSituation finds what the rules about the action of a request read, whether or not they apply to it. It is nil when
// a policy does not compile.
func newSituation(q *query, a about) *situation {
	s := &situation{about: a}
	for side := range sideCount {
		if err := q.units(side, func(u *unit) { s.add(u, a.action) }); err != nil { // not where the request was decided before
			return nil
		}
	}
	for _, key := range s.keys {
		s.volatile = s.volatile || volatileKeys[key.folded]
	}
	return s
}

// add adds what the rules of a unit read.
func (s *situation) add(u *unit, action *policy.Action) {
	rule := func(c *candidate) {
		if !c.actions.Has(action) {
			return
		}
		for i := range c.guards {
			s.keys = union(s.keys, []*mentionedKey{c.guards[i].key})
		}
		if c.residual >= 0 {
			s.keys = union(s.keys, u.residuals[c.residual].keys)
			s.encryptionContext = s.encryptionContext || u.reads&rego.ReadsEncryptionContext != 0
		}
	}
	for i := range u.classes {
		for j := range u.classes[i].any {
			rule(&u.classes[i].any[j])
		}
		for j := range u.classes[i].named {
			rule(&u.classes[i].named[j].candidate)
		}
	}
}

// appendValues appends the values that the rules read of a request, so that no two requests that differ in them give the
// same bytes.
func (s *situation) appendValues(b []byte, q *query) []byte {
	for _, key := range s.keys {
		v := q.look(key)
		b = append(b, byte(v.state))
		switch v.state {
		case valueMissing, valueOpen: // where something is open nothing is remembered
		case valueText:
			b = appendText(b, v.text)
		case valueList:
			b = binary.AppendUvarint(b, uint64(len(v.list)))
			for _, text := range v.list {
				b = appendText(b, text)
			}
		}
	}
	if s.encryptionContext {
		pairs := q.encryptionContext()
		b = binary.AppendUvarint(b, uint64(len(pairs)))
		for _, name := range slices.Sorted(maps.Keys(pairs)) {
			b = appendText(appendText(b, name), pairs[name])
		}
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
