package diff

import (
	"context"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// change says how an answer differs from the one before.
func (c *comparer) change(ctx context.Context, about subject, before, after *answer) (Kind, Access, Access, error) {
	kind, gained, lost, err := c.kind(ctx, about, before, after)
	if err != nil || kind == unchanged {
		return unchanged, Access{}, Access{}, err
	}
	was, is := accessOf(before), accessOf(after)
	was.show(before, lost)
	is.show(after, gained)
	return kind, was, is, nil
}

// show puts down the ways of a conditional answer: those that the other side does not have, or all when there are none of
// them.
func (a *Access) show(of *answer, differ []evaluator.Way) {
	if of.verdict != evaluator.Conditional {
		return
	}
	if len(differ) == 0 {
		differ = of.ways
	}
	a.If, a.Statements, a.MoreWays = waysText(differ), waysStatements(differ), of.omitted
}

// kind compares two answers, and returns the ways of each that the other does not have.
func (c *comparer) kind(ctx context.Context, about subject, before, after *answer) (k Kind, gained, lost []evaluator.Way, err error) {
	switch {
	case before.verdict == after.verdict && before.verdict != evaluator.Conditional:
		return unchanged, nil, nil, nil
	case before.verdict == evaluator.Deny:
		return Gained, after.ways, nil, nil
	case after.verdict == evaluator.Deny:
		return Lost, nil, before.ways, nil
	case after.verdict == evaluator.Allow || before.verdict == evaluator.Allow:
		return c.kindOfAlways(ctx, about, before, after)
	case !before.omitted && !after.omitted && slices.Equal(waysPrint(before.ways), waysPrint(after.ways)):
		return unchanged, nil, nil, nil
	}
	up, err := c.solver.missing(ctx, about, after, before)
	if err != nil {
		return unchanged, nil, nil, err
	}
	down, err := c.solver.missing(ctx, about, before, after)
	if err != nil {
		return unchanged, nil, nil, err
	}
	switch {
	case up.none() && down.none():
		return unchanged, nil, nil, nil
	case up.none():
		return Narrowed, up.ways, down.ways, nil
	case up.certain:
		return Widened, up.ways, down.ways, nil
	default:
		return MayWiden, up.ways, down.ways, nil
	}
}

// kindOfAlways compares an answer that is always yes with one that has conditions. They may be such that every request meets
// one of them.
func (c *comparer) kindOfAlways(ctx context.Context, about subject, before, after *answer) (k Kind, gained, lost []evaluator.Way, err error) {
	k, given := Narrowed, after
	if after.verdict == evaluator.Allow {
		k, given = Widened, before
	}
	everything := &answer{ways: []evaluator.Way{{}}}
	m, err := c.solver.missing(ctx, about, everything, given)
	switch {
	case err != nil || m.none():
		return unchanged, nil, nil, err
	case k == Widened:
		return k, nil, given.ways, nil
	default:
		return k, given.ways, nil, nil
	}
}

// The words for what somebody can do.
const (
	always      = "always"
	conditional = "conditional"
	never       = "never"
)

func accessOf(a *answer) Access {
	switch a.verdict {
	case evaluator.Allow:
		return Access{Access: always, Reason: a.reason, Statements: deciding(a.layers)}
	case evaluator.Conditional:
		return Access{Access: conditional}
	default:
		return Access{Access: never, Reason: a.reason, Statements: deciding(a.layers)}
	}
}

// deciding are the statements that a decision rests on.
func deciding(layers []evaluator.Layer) []evaluator.Statement {
	var out []evaluator.Statement
	for _, layer := range layers {
		out = append(out, layer.Statements...)
	}
	// What stands for policies that are not loaded stands nowhere.
	return slices.DeleteFunc(out, func(s evaluator.Statement) bool {
		return !s.Deciding || strings.HasPrefix(s.Policy, source.UnknownIAM)
	})
}

// waysText is ways in words, each once.
func waysText(ways []evaluator.Way) []string {
	var out []string
	for _, w := range ways {
		if text := wayText(w); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// wayText is a way in words. Of policies that are not loaded it says that they allow, or do not deny: where one of them is
// what allows, it does not deny either, and where something else allows, that is all that matters of it.
func wayText(w evaluator.Way) string {
	byIAM := strings.Contains(w.Reason, "iam")
	var out []string
	for _, c := range w.Conditions {
		text := c.Text
		if isStandIn(c) {
			if c.Unless == byIAM && slices.ContainsFunc(w.Conditions, func(o evaluator.Condition) bool { return isStandIn(o) && o.Unless != byIAM }) {
				continue
			}
			text = "its IAM policies, which are not loaded, allow it"
			if c.Unless {
				text = "its IAM policies, which are not loaded, do not deny it"
			}
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, " and ")
}

// isStandIn reports whether a condition is that of a policy of which nothing is known but whose it is.
func isStandIn(c evaluator.Condition) bool {
	return c.Element == elementUnresolved && strings.HasPrefix(c.Policy, source.UnknownIAM)
}

func waysStatements(ways []evaluator.Way) []evaluator.Statement {
	var out []evaluator.Statement
	for _, w := range ways {
		out = append(out, deciding(w.Layers)...)
	}
	return unique(out)
}

// unique lists each statement once.
func unique(list []evaluator.Statement) []evaluator.Statement {
	var out []evaluator.Statement
	for _, s := range list {
		same := func(t evaluator.Statement) bool {
			return t.Policy == s.Policy && t.Index == s.Index && t.Source == s.Source && t.Effect == s.Effect
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, s)
		}
	}
	return out
}

// waysPrint is what ways say, in an order of its own and without the places where it is said.
func waysPrint(ways []evaluator.Way) []string {
	out := make([]string, len(ways))
	for i, w := range ways {
		conditions := make([]string, len(w.Conditions))
		for j, c := range w.Conditions {
			conditions[j] = conditionPrint(c)
			if c.Unless {
				conditions[j] = "unless " + conditions[j]
			}
		}
		slices.Sort(conditions)
		out[i] = strings.Join(slices.Compact(conditions), "\n")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// conditionPrint is what a condition asks for, whether or not it must hold.
func conditionPrint(c evaluator.Condition) string {
	values := slices.Sorted(slices.Values(c.Values))
	subject := ""
	if c.Element == elementUnresolved {
		subject = text([]string{c.Layer, c.Policy, c.Sid}) // whose value it is
	}
	return c.Element + " " + c.Operator + " " + policy.FoldKey(c.Key) + " " + text(slices.Compact(values)) + " " + subject
}

// elementUnresolved is the element of a condition that a source could not compute.
const elementUnresolved = "Unresolved"
