package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// grouped joins changes that are the same but for the action, then but for the principal, then but for the resource, and
// but for the statements that decide, which are listed together.
func (c *comparer) grouped() []Change {
	byPrincipal := join(c.joinActions(), func(g *Change) string {
		return text([]any{g.Change, g.Resources, g.Actions, g.Endpoint, withoutStatements(g.Before), withoutStatements(g.After)})
	}, func(into, g *Change) {
		into.Principals = append(into.Principals, g.Principals...)
		into.addStatements(g)
	})
	out := join(byPrincipal, func(g *Change) string {
		return text([]any{g.Change, g.Principals, g.Actions, g.all, g.Endpoint, withoutStatements(g.Before), withoutStatements(g.After)})
	}, func(into, g *Change) {
		into.Resources = append(into.Resources, g.Resources...)
		into.shown = append(into.shown, g.shown...)
		into.addStatements(g)
	})
	slices.SortStableFunc(out, func(a, b *Change) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, a.Change), slices.Index(kinds, b.Change)),
			slices.Compare(a.shown, b.shown), slices.Compare(a.Principals, b.Principals), slices.Compare(a.Actions, b.Actions),
		)
	})
	changes := make([]Change, len(out))
	for i, g := range out {
		changes[i] = *g
	}
	return changes
}

// kinds are the kinds of change, the most important first.
var kinds = []Kind{Gained, Widened, MayWiden, Narrowed, Lost}

// joinActions joins the changes of a principal on a resource that are the same but for the action.
func (c *comparer) joinActions() []*Change {
	slices.SortFunc(c.found, func(a, b found) int { // they came in any order
		return cmp.Or(
			strings.Compare(a.resource.shown, b.resource.shown), strings.Compare(a.resource.arn, b.resource.arn), strings.Compare(a.candidate.name, b.candidate.name),
			cmp.Compare(a.candidate.kind, b.candidate.kind), strings.Compare(a.endpoint, b.endpoint),
			strings.Compare(a.action.Name, b.action.Name),
		)
	})
	singles := make([]*Change, len(c.found))
	on := map[*Change]*resource{}
	for i, f := range c.found {
		singles[i] = &Change{
			Change: f.kind, Principals: []string{f.candidate.name}, Actions: []string{f.action.Name},
			Resources: []string{f.resource.arn}, Endpoint: f.endpoint, Before: f.before, After: f.after, shown: []string{f.resource.shown},
		}
		on[singles[i]] = f.resource
	}
	out := join(singles, func(g *Change) string {
		return text([]any{g.Change, g.Principals, g.Resources, g.Endpoint, g.Before, g.After})
	}, func(into, g *Change) { into.Actions = append(into.Actions, g.Actions...) })
	for _, g := range out {
		g.all = len(g.Actions) == len(on[g].actions)
	}
	return out
}

// join joins what has the same id, in the order of the first of each.
func join(list []*Change, id func(*Change) string, into func(into, g *Change)) []*Change {
	first := map[string]*Change{}
	var out []*Change
	for _, g := range list {
		at := id(g)
		if first[at] == nil {
			first[at] = g
			out = append(out, g)
			continue
		}
		into(first[at], g)
	}
	return out
}

// withoutStatements is access without the statements that it rests on.
func withoutStatements(a Access) Access {
	a.Statements = nil
	return a
}

// addStatements adds the statements of another change that this one is joined with.
func (c *Change) addStatements(other *Change) {
	c.Before.Statements = unique(slices.Concat(c.Before.Statements, other.Before.Statements))
	c.After.Statements = unique(slices.Concat(c.After.Statements, other.After.Statements))
}

// principalNames are the users and roles that were loaded on one side only.
func (c *comparer) principalNames() Names {
	var lists [sides][]string
	for side, w := range c.worlds {
		for _, u := range w.Users {
			lists[side] = append(lists[side], w.Defaults.IAMARN(u.Account, "user", u.Path, u.Name))
		}
		for _, r := range w.Roles {
			lists[side] = append(lists[side], w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name))
		}
	}
	return names(lists[old], lists[new_])
}

// keyNames are the keys that one side only has.
func (c *comparer) keyNames() Names {
	out := Names{Added: []string{}, Removed: []string{}}
	for _, r := range c.resources {
		switch {
		case r.side[old].key == nil && r.side[new_].key != nil:
			out.Added = append(out.Added, shownWith(r.shown, r.arn))
		case r.side[old].key != nil && r.side[new_].key == nil:
			out.Removed = append(out.Removed, shownWith(r.shown, r.arn))
		}
	}
	return out
}

func shownWith(shown, arn string) string {
	if shown == arn {
		return arn
	}
	return shown + " (" + arn + ")"
}

// names are what only one of two lists has.
func names(before, after []string) Names {
	only := func(list, other []string) []string {
		out := []string{}
		for _, name := range slices.Sorted(slices.Values(list)) {
			if !slices.Contains(other, name) {
				out = append(out, name)
			}
		}
		return slices.Compact(out)
	}
	return Names{Added: only(after, before), Removed: only(before, after)}
}

// collapsed are actions in as few words as say all of them: kms:* for all that act on the resources, kms:Get* for all
// of those that begin so.
func collapsed(names []string, all bool) string {
	if len(names) == 0 {
		return ""
	}
	service, _, _ := strings.Cut(names[0], ":")
	if all && len(names) > 2 {
		return service + ":*"
	}
	var out []string
	done := map[string]bool{}
	for _, name := range names {
		if done[name] {
			continue
		}
		family := familyOf(name)
		of := membersOf(family)
		if len(of) < 3 || slices.ContainsFunc(of, func(m string) bool { return !slices.Contains(names, m) }) {
			out = append(out, name)
			continue
		}
		for _, m := range of {
			done[m] = true
		}
		out = append(out, family+"*")
	}
	return strings.Join(out, ", ")
}

// familyOf is the first word of an action's name: kms:Describe of kms:DescribeKey.
func familyOf(name string) string {
	service, operation, _ := strings.Cut(name, ":")
	for i, c := range operation {
		if i > 0 && c >= 'A' && c <= 'Z' {
			return service + ":" + operation[:i]
		}
	}
	return name
}

// membersOf are the actions whose names begin with a family's, the whole catalogue: what is written kms:Get* means so.
func membersOf(family string) []string {
	var out []string
	for _, a := range policy.Actions() {
		if strings.HasPrefix(a.Name, family) {
			out = append(out, a.Name)
		}
	}
	return out
}
