package audit

import (
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// maxPolicies bounds how many statements are asked about when each Deny is looked at by itself: the number of Denies times
// that of statements.
const maxPolicies = 1 << 13

// denyCoversAdministration is KP204: a Deny without which somebody can do something for certain, and with which nobody can.
func denyCoversAdministration(p *pass, s *subject) {
	if s.managedByAWS() {
		return
	}
	a := p.audienceOf(s)
	covered := map[*statement]bool{} // one finding each
	for _, act := range recovering.Actions() {
		var denies []*statement
		for _, st := range s.statements {
			if st.denies() && st.kms.Has(act) && len(st.Unresolved()) == 0 {
				denies = append(denies, st)
			}
		}
		if len(denies) == 0 {
			continue
		}
		found, certain := a.managers(nil, act, oneCan)
		if certain || len(found) == 0 && act == putKeyPolicy {
			continue // of kms:PutKeyPolicy for nobody at all KP202 speaks
		}
		for _, st := range a.decisive(p, denies, act) {
			if !covered[st] {
				covered[st] = true
				coversAdministration(p, a, st, act, found)
			}
		}
	}
}

// decisive are those of the Denies, which together leave nobody who can for certain do the action, without which somebody
// could. When two of them by themselves leave nobody there are none.
func (a *audience) decisive(p *pass, denies []*statement, act *policy.Action) []*statement {
	doc := a.key.Policy
	if len(denies)*len(doc.Statements) > maxPolicies {
		p.inPolicy(denies[0].of, doc.Pos, "the policy has %d statements that deny %s: whether one of them alone is in the way of everybody was not looked at",
			len(denies), act.Name).as(Info)
		return nil
	}
	without := func(drop func(*policy.Statement) bool) bool {
		_, could := a.managers(withStatements(doc, func(o *policy.Statement) bool { return !drop(o) }), act, oneCan)
		return could
	}
	denied := func(o *policy.Statement) bool { return o.Effect == policy.Deny }
	if !without(denied) {
		return nil
	}
	var candidates []*statement
	if len(denies) > 1 {
		for _, st := range denies {
			if !without(func(o *policy.Statement) bool { return denied(o) && o.Index != st.Index }) {
				candidates = append(candidates, st)
			}
			if len(candidates) > 1 {
				return nil
			}
		}
	}
	if len(candidates) == 0 { // none leaves nobody by itself
		candidates = denies
	}
	return slices.DeleteFunc(slices.Clone(candidates), func(st *statement) bool {
		return !without(func(o *policy.Statement) bool { return o.Index == st.Index })
	})
}

func coversAdministration(p *pass, a *audience, st *statement, act *policy.Action, found []*member) {
	f := p.inStatement(st, st.Pos, "the Deny covers %s for everybody who could do it, the root user included", act.Name)
	if len(found) == 0 {
		return
	}
	if answer := a.ask(question{member: found[0], action: act}); answer.Decision.Decision == evaluator.Conditional {
		f.Message += ": it is left only if " + conditionsOf(answer)
	}
	if !st.hasCondition(slices.Concat(networkKeys, []string{"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:principalarn"})...) {
		f.as(Medium)
	}
}
