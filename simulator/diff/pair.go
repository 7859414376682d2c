package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// The sides of a comparison.
const (
	old = iota
	new_
	sides
)

// candidate is one of those who are asked about, on both sides.
type candidate struct {
	name string
	kind source.CandidateKind
	// side is the candidate in each world, nil where there is nobody of this name.
	side [sides]*source.Candidate
	// same is true when nothing about the candidate differs.
	same bool
}

// resource is what actions act on, on both sides.
type resource struct {
	// arn is the ARN, that of the new world when they differ, or * for actions without a resource.
	arn string
	// shown is how people call it.
	shown string
	side  [sides]acted
	// actions are those that act on it.
	actions []*policy.Action
	same    bool
}

// acted is a resource in one world. When nothing is there it is not present.
type acted struct {
	present bool
	key     *evaluator.Key
	role    *evaluator.Role
	alias   string
}

// account is the account that the resource is in.
func (r *resource) account() string {
	arn, _ := policy.ParseARN(r.arn)
	return arn.Account
}

// candidates pairs those who are asked about in either world.
func candidates(worlds [sides]*source.World) []*candidate {
	type id struct {
		kind source.CandidateKind
		name string
	}
	found := map[id]*candidate{}
	for side, w := range worlds {
		for _, c := range w.Candidates() {
			at := id{c.Kind, c.Name}
			if found[at] == nil {
				found[at] = &candidate{name: c.Name, kind: c.Kind}
			}
			found[at].side[side] = &c
		}
	}
	list := slices.Collect(maps.Values(found))
	for _, c := range list {
		for side, w := range worlds {
			// Whom a world does not name may be there all the same, unless the other world is where it was loaded. Of a role
			// or user that was loaded here there may be sessions of any name.
			if other := c.side[1-side]; c.side[side] == nil {
				if here, ok := w.Counterpart(*other); ok && (other.Note != "" || !declared(c.kind) || isSession(c.kind) && here.Note == "") {
					c.side[side] = &here
				}
			}
		}
		c.same = c.side[old] != nil && c.side[new_] != nil && fingerprint(c.side[old]) == fingerprint(c.side[new_])
	}
	slices.SortFunc(list, func(a, b *candidate) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) })
	return list
}

// declared reports whether those of a kind are there only because something was loaded that declares them.
func declared(k source.CandidateKind) bool {
	switch k {
	case source.CandidateUser, source.CandidateRole, source.CandidateSession, source.CandidateFederatedUser:
		return true
	default:
		return false
	}
}

// isSession reports whether those of a kind come of a user or role, which may make them under any name.
func isSession(k source.CandidateKind) bool {
	return k == source.CandidateSession || k == source.CandidateFederatedUser
}

// resources pairs keys, roles and aliases, and adds the actions without a resource.
func resources(worlds [sides]*source.World) []*resource {
	list := keys(worlds)
	list = append(list, roles(worlds)...)
	list = append(list, aliases(worlds)...)
	none := &resource{arn: "*", shown: "no key", same: true}
	none.side[old].present, none.side[new_].present = true, true
	for _, a := range policy.Actions() {
		if a.IsKMS() && !a.On("key") && !a.On("alias") {
			none.actions = append(none.actions, a)
		}
	}
	return append(list, none)
}

// actionsOn are the actions of a service that act on a type of resource.
func actionsOn(service, kind string) []*policy.Action {
	var out []*policy.Action
	for _, a := range policy.Actions() {
		if a.Service() == service && a.On(kind) {
			out = append(out, a)
		}
	}
	return out
}

// keys pairs keys by ARN, else by the logical id in a template, else by an alias.
func keys(worlds [sides]*source.World) []*resource {
	var list []*resource
	taken := map[*source.Key]bool{}
	actions := actionsOn("kms", "key")
	for _, same := range []func(a, b *source.Key) bool{sameARN, sameLogicalID, sameAlias} {
		for _, k := range worlds[new_].Keys {
			for _, before := range worlds[old].Keys {
				if !taken[k] && !taken[before] && same(before, k) {
					taken[k], taken[before] = true, true
					list = append(list, newKey(before, k, actions))
				}
			}
		}
	}
	for _, k := range worlds[new_].Keys {
		if !taken[k] {
			list = append(list, newKey(nil, k, actions))
		}
	}
	for _, k := range worlds[old].Keys {
		if !taken[k] {
			list = append(list, newKey(k, nil, actions))
		}
	}
	slices.SortFunc(list, func(a, b *resource) int {
		return cmp.Or(strings.Compare(a.shown, b.shown), strings.Compare(a.arn, b.arn))
	})
	return list
}

func sameARN(a, b *source.Key) bool { return a.ARN == b.ARN }

func sameLogicalID(a, b *source.Key) bool {
	return a.LogicalID != "" && a.LogicalID == b.LogicalID && samePlace(a, b)
}

func sameAlias(a, b *source.Key) bool {
	return samePlace(a, b) && slices.ContainsFunc(a.Aliases, func(alias string) bool { return slices.Contains(b.Aliases, alias) })
}

// samePlace reports whether two keys are in the same account and Region.
func samePlace(a, b *source.Key) bool {
	x, _ := policy.ParseARN(a.ARN)
	y, _ := policy.ParseARN(b.ARN)
	return x.Account == y.Account && x.Region == y.Region
}

// newKey makes the resource of a key that either world may lack.
func newKey(before, after *source.Key, actions []*policy.Action) *resource {
	r := &resource{actions: actions}
	for side, k := range []*source.Key{before, after} {
		if k != nil {
			r.side[side] = acted{present: true, key: &k.Key}
			r.arn, r.shown = k.ARN, keyName(k)
		}
	}
	r.same = before != nil && after != nil && keyPrint(&before.Key) == keyPrint(&after.Key)
	return r
}

// keyName is how people call a key: by its first alias, its logical id or its ARN.
func keyName(k *source.Key) string {
	if len(k.Aliases) > 0 {
		return slices.Min(k.Aliases)
	}
	return cmp.Or(k.LogicalID, k.ARN)
}

// roles pairs roles, which may be assumed, by ARN.
func roles(worlds [sides]*source.World) []*resource {
	found := map[string]*resource{}
	actions := actionsOn("sts", "role")
	for side, w := range worlds {
		for _, r := range w.Roles {
			arn := w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name)
			role, err := w.Role(arn)
			if err != nil {
				continue // of two roles of one name the first counts
			}
			if found[arn] == nil {
				found[arn] = &resource{arn: arn, shown: "role/" + r.Name, actions: actions}
			}
			found[arn].side[side] = acted{present: true, role: role}
		}
	}
	for _, r := range found {
		r.same = r.side[old].present && r.side[new_].present && rolePrint(r.side[old].role) == rolePrint(r.side[new_].role)
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *resource) int { return strings.Compare(a.arn, b.arn) })
}

// aliases are those of either world. That an alias is there decides nothing: IAM policies say who may make, change and
// delete one of this name.
func aliases(worlds [sides]*source.World) []*resource {
	found := map[string]*resource{}
	actions := actionsOn("kms", "alias")
	for _, w := range worlds {
		for _, k := range w.Keys {
			arn, _ := policy.ParseARN(k.ARN)
			for _, name := range k.Aliases {
				alias := policy.AliasARN(arn.Partition, arn.Region, arn.Account, name).String()
				r := &resource{arn: alias, shown: "the name " + name, actions: actions, same: true}
				r.side[old], r.side[new_] = acted{present: true, alias: alias}, acted{present: true, alias: alias}
				found[alias] = r
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *resource) int { return strings.Compare(a.arn, b.arn) })
}
