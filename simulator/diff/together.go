package diff

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// together asks the evaluator whether some request meets all literals: whether anything is left of a request whose
// condition keys are open, in an organization that allows it only if each literal holds. False is certain: the evaluator
// looks at all that the conditions can tell apart. It is true as well where that is too much, or cannot be asked.
func (t *tester) together(ctx context.Context, action *policy.Action, known []literal) (bool, error) {
	var asked []literal
	open := map[string]string{}
	for _, l := range known {
		if l.clause == nil {
			continue
		}
		asked = append(asked, l)
		for _, c := range l.clause {
			open[policy.FoldKey(c.Key)] = c.Key
		}
	}
	keys := sortedValues(open)
	candidate, err := t.standIn(ctx, action, keys...)
	if err != nil || candidate == nil {
		return true, err
	}
	levels, ok := t.levels(asked)
	if !ok {
		return true, nil
	}
	world := requirements{ID: testAccount, OrganizationID: "o-strictkms", OrganizationPath: "o-strictkms/r-diff/", SCPs: levels}
	r, err := t.ev.In(world).Resolve(ctx, request(candidate, unconditional, nil), evaluator.Unknown{Others: true, Keys: keys})
	if err != nil {
		return true, fmt.Errorf("compare conditions: %w", err)
	}
	return r.Decision.Decision != evaluator.Deny, nil
}

// requirements are a world of one account whose organization has them.
type requirements evaluator.Account

// Account implements [evaluator.World].
func (r requirements) Account(id string) *evaluator.Account {
	if id != r.ID {
		return nil
	}
	account := evaluator.Account(r)
	return &account
}

// levels are service control policies that together ask for all literals: one that allows if it holds for each that must,
// and a Deny for each that must not. It reports false when one cannot be written down.
func (t *tester) levels(known []literal) ([][]*policy.Document, bool) {
	var out [][]*policy.Document
	denials := []*policy.Document{t.control(policy.Allow, nil)}
	for _, l := range known {
		effect := policy.Deny
		if l.holds {
			effect = policy.Allow
		}
		doc := t.control(effect, l.clause)
		switch {
		case doc == nil:
			return nil, false
		case l.holds:
			out = append(out, []*policy.Document{doc})
		default:
			denials = append(denials, doc)
		}
	}
	return append(out, denials), true
}

// control is a service control policy of one statement, nil when the conditions cannot be written down.
func (t *tester) control(effect policy.Effect, conditions clause) *policy.Document {
	id := effect.String() + "\n" + conditions.print()
	t.lock.Lock()
	defer t.lock.Unlock()
	if doc, ok := t.controls[id]; ok {
		return doc
	}
	var doc *policy.Document
	if text, err := json.Marshal(conditions.elements()); err == nil {
		src := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":%q,"Action":"*","Resource":"*","Condition":%s}}`, effect, text)
		doc = parsed(policy.ServiceControlPolicy, src)
	}
	t.controls[id] = doc
	return doc
}

// sortedValues are the values of a map in the order of its keys.
func sortedValues(m map[string]string) []string {
	keys := slices.Sorted(maps.Keys(m))
	for i, key := range keys {
		keys[i] = m[key]
	}
	return keys
}
