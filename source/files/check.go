package files

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// reference is the use of a short name: of a managed policy, by its ARN, or of a group.
type reference struct {
	node    *yaml.Node
	account string
	policy  string
	group   string
}

// references reports short names that stand for nothing in this file or in w.
func (r *reader) references(w *source.World) {
	policies := slices.Concat(w.ManagedPolicies, r.world.ManagedPolicies)
	groups := slices.Concat(w.Groups, r.world.Groups)
	for _, ref := range r.named {
		switch {
		case ref.policy != "":
			if !slices.ContainsFunc(policies, func(d *policy.Document) bool { return d.ARN == ref.policy }) {
				r.fail("unknown-policy", ref.node, "there is no policy "+ref.policy+": expected the name of a policy of the account or a full ARN")
			}
		case !slices.ContainsFunc(groups, func(g *source.Group) bool { return g.Account == ref.account && g.Name == ref.group }):
			r.fail("unknown-group", ref.node, "there is no group "+ref.group+" in account "+ref.account)
		}
	}
}

// collisions reports what is defined twice, in this file or in this file and in w.
func (r *reader) collisions(w *source.World) {
	seen := map[string]policy.Position{}
	both := func(old, added *source.World, visit func(*source.World, func(name string, pos policy.Position))) {
		visit(old, func(name string, pos policy.Position) { seen[name] = pos })
		visit(added, func(name string, pos policy.Position) {
			if first, taken := seen[name]; taken {
				r.diags = append(r.diags, policy.Diagnostic{
					Code: "defined-twice", Severity: policy.SeverityError, Message: name + " is defined twice",
					Pos: pos, Related: []policy.Position{first},
				})
			}
			seen[name] = pos
		})
	}
	both(w, r.world, visitIAM)
	both(w, r.world, visitKeys)
	both(w, r.world, r.visitOrganization)
}

// visitIAM names every user, group, role and managed policy.
func visitIAM(w *source.World, name func(string, policy.Position)) {
	for _, u := range w.Users {
		name("user "+u.Name+" of account "+u.Account, u.Pos)
	}
	for _, g := range w.Groups {
		name("group "+g.Name+" of account "+g.Account, g.Pos)
	}
	for _, role := range w.Roles {
		name("role "+role.Name+" of account "+role.Account, role.Pos)
	}
	for _, doc := range w.ManagedPolicies {
		name("policy "+doc.ARN, doc.Pos)
	}
}

// visitKeys names every key and alias.
func visitKeys(w *source.World, name func(string, policy.Position)) {
	for _, k := range w.Keys {
		name("key "+k.ARN, k.Pos)
		prefix, _, _ := strings.Cut(k.ARN, "key/")
		for _, alias := range k.Aliases {
			name("alias "+prefix+alias, k.Pos)
		}
	}
}

// visitOrganization names every account of an organization and every endpoint.
func (r *reader) visitOrganization(w *source.World, name func(string, policy.Position)) {
	for id := range w.Accounts {
		name("the organization of account "+id, policy.Position{File: r.file.Name})
	}
	for id, doc := range w.Endpoints {
		name("endpoint "+id, doc.Pos)
	}
}
