package policy

import (
	"math/bits"
	"strings"
)

// ActionSet is a set of KMS actions. Sets with the same actions are equal by ==.
type ActionSet [2]uint64

// AllActions returns the set of all actions of the catalogue.
func AllActions() ActionSet {
	var s ActionSet
	for _, a := range theCatalogue.actions {
		s.Add(a)
	}
	return s
}

// Has reports whether the action is in the set.
func (s ActionSet) Has(a *Action) bool { return s[a.Index/64]&(1<<(a.Index%64)) != 0 }

// Add puts the action into the set.
func (s *ActionSet) Add(a *Action) { s[a.Index/64] |= 1 << (a.Index % 64) }

// Len returns how many actions are in the set.
func (s ActionSet) Len() int { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }

// IsEmpty reports whether no action is in the set.
func (s ActionSet) IsEmpty() bool { return s == ActionSet{} }

// Actions returns the actions of the set sorted by name.
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
func (s ActionSet) Union(t ActionSet) ActionSet { return ActionSet{s[0] | t[0], s[1] | t[1]} }

// Intersect returns the actions that are in both sets.
func (s ActionSet) Intersect(t ActionSet) ActionSet { return ActionSet{s[0] & t[0], s[1] & t[1]} }

// Minus returns the actions of s that are not in t.
func (s ActionSet) Minus(t ActionSet) ActionSet { return ActionSet{s[0] &^ t[0], s[1] &^ t[1]} }

// ActionSet returns the KMS actions that an Action or NotAction element means. Names are
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
	if !strings.ContainsAny(text, "*?") {
		// The catalogue knows names without the namespace too; a policy does not.
		if a := theCatalogue.byName[text]; a != nil && strings.HasPrefix(text, actionPrefix) {
			set.Add(a)
		}
		return set
	}
	for i, name := range theCatalogue.lowerNames {
		if matchWildcards(text, name) {
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
