package policy

import (
	"math/bits"
	"strings"
)

// ActionSet is a set of actions. Sets with the same actions are equal by ==.
type ActionSet [4]uint64

// wordBits is how many actions a word of an [ActionSet] is about.
const wordBits = 64

// AllActions returns the set of all actions of the catalogue, of every service.
func AllActions() ActionSet {
	var s ActionSet
	for _, of := range theCatalogue.services {
		s = s.Union(of.set)
	}
	return s
}

// ServiceActions returns the set of the actions of one service, for example "kms". It is empty for a service that
// the catalogue does not have.
func ServiceActions(service string) ActionSet { return theCatalogue.services[service].set }

// Has reports whether the action is in the set.
func (s ActionSet) Has(a *Action) bool { return s[a.Index/wordBits]&(1<<(a.Index%wordBits)) != 0 }

// Add puts the action into the set.
func (s *ActionSet) Add(a *Action) { s[a.Index/wordBits] |= 1 << (a.Index % 64) }

// Len returns how many actions are in the set.
func (s ActionSet) Len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// IsEmpty reports whether no action is in the set.
func (s ActionSet) IsEmpty() bool { return s == ActionSet{} }

// Actions returns the actions of the set in the order of [Actions].
func (s ActionSet) Actions() []*Action {
	var out []*Action
	for _, a := range theCatalogue.actions {
		if s.Has(a) {
			out = append(out, a)
		}
	}
	return out
}

// Union returns the actions that are in either set.
func (s ActionSet) Union(t ActionSet) ActionSet {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}

// Intersect returns the actions that are in both sets.
func (s ActionSet) Intersect(t ActionSet) ActionSet {
	for i := range s {
		s[i] &= t[i]
	}
	return s
}

// Minus returns the actions of s that are not in t.
func (s ActionSet) Minus(t ActionSet) ActionSet {
	for i := range s {
		s[i] &^= t[i]
	}
	return s
}

// Contains reports whether all actions of t are in the set.
func (s ActionSet) Contains(t ActionSet) bool { return t.Minus(s).IsEmpty() }

// ActionSet returns the actions of the catalogue that an Action or NotAction element means. Names are
// compared without case and may have wildcards
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html).
// Unresolved values name no action; see [Document.Bound].
func (s *Strings) ActionSet() ActionSet {
	var set ActionSet
	for _, v := range s.Values {
		if !v.Unresolved {
			set = set.Union(matchActions(v.Text))
		}
	}
	if s.Negated {
		return AllActions().Minus(set)
	}
	return set
}

// matchActions returns the actions that one value of an Action element means.
func matchActions(text string) ActionSet {
	if text == "*" {
		return AllActions()
	}
	text = strings.ToLower(text)
	var set ActionSet
	service, _, named := strings.Cut(text, ":")
	if !strings.ContainsAny(text, "*?") {
		// The catalogue knows names of KMS without the namespace too; a policy does not.
		if a := theCatalogue.byName[text]; a != nil && named {
			set.Add(a)
		}
		return set
	}
	of := serviceActions{to: len(theCatalogue.actions)}
	if named && !strings.ContainsAny(service, "*?") {
		of = theCatalogue.services[service]
	}
	for i := of.from; i < of.to; i++ {
		if matchWildcards(text, theCatalogue.lowerNames[i]) {
			set.Add(theCatalogue.actions[i])
		}
	}
	return set
}

// matchWildcards reports whether the name matches the pattern, in which "*" is any text and "?"
// any one byte. It takes time proportional to the product of the lengths at worst.
func matchWildcards(pattern, name string) bool {
	p, n := 0, 0
	star, resume := -1, 0 // the last "*" and where the text that it swallows ends
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
