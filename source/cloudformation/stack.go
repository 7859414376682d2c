package cloudformation

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// stack is what a template declares, before it is added to the world.
type stack struct {
	t     *template
	world *source.World // as it is so far; only read until addTo

	users   []*source.User
	groups  []*source.Group
	roles   []*source.Role
	managed []*policy.Document
	keys    []*source.Key
	// everybody lists the users, groups and roles of the account by kind, see all.
	everybody map[string][]holder
	// memberships are those that are in doubt.
	memberships    []doubtfulMembership
	doubtfulGroups []doubtfulGroup
	// late are changes to what the world held before.
	late []func()
	// unknownPolicies say what is unknown about managed policies, by ARN.
	unknownPolicies map[string][]string
	// declared are the positions of what has been declared, by ARN or another unique name.
	declared map[string]policy.Position
}

// load makes users, groups, roles, policies, keys and aliases of the template's resources.
func (t *template) load(w *source.World) *stack {
	s := &stack{
		t: t, world: w, everybody: map[string][]holder{},
		unknownPolicies: map[string][]string{}, declared: map[string]policy.Position{},
	}
	s.takeInventory()
	for _, r := range t.order {
		if r.exists != no && r.kind.owned() {
			t.checkProperties(r)
		}
	}
	for _, r := range t.of(typeGroup) {
		s.group(r)
	}
	for _, r := range t.of(typeUser) {
		s.user(r)
	}
	for _, r := range t.of(typeRole) {
		s.role(r)
	}
	for _, r := range t.of(typeKey, typeReplicaKey) {
		s.key(r)
	}
	for _, r := range t.of(typeManagedPolicy) {
		s.managedPolicy(r)
	}
	for _, r := range t.of(typePolicy, typeUserPolicy, typeGroupPolicy, typeRolePolicy) {
		s.inlinePolicy(r)
	}
	for _, r := range t.of(typeMembership) {
		s.membership(r)
	}
	for _, r := range t.of(typeAccessKey) {
		s.accessKey(r)
	}
	for _, r := range t.of(typeAlias) {
		s.alias(r)
	}
	s.doubtMemberships()
	s.spreadUnknown()
	return s
}

// takeInventory notes what the world declares already, which may not be declared again.
func (s *stack) takeInventory() {
	w := s.world
	for _, u := range w.Users {
		s.declared[identity(u.Account, "user", u.Name)] = u.Pos
	}
	for _, g := range w.Groups {
		s.declared[identity(g.Account, "group", g.Name)] = g.Pos
	}
	for _, r := range w.Roles {
		s.declared[identity(r.Account, "role", r.Name)] = r.Pos
	}
	for _, p := range w.ManagedPolicies {
		s.declared[p.ARN] = p.Pos
	}
	for _, k := range w.Keys {
		s.declared[k.ARN] = k.Pos
		prefix, _, _ := strings.Cut(k.ARN, "key/")
		for _, a := range k.Aliases {
			s.declared[prefix+a] = k.Pos
		}
	}
}

// identity names an IAM identity in a way that is the same for names that IAM takes for the
// same: upper and lower case do not distinguish users, groups or roles
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func identity(account, kind, name string) string {
	return account + ":" + kind + "/" + strings.ToLower(name)
}

// declare notes that something exists and reports what exists already.
func (s *stack) declare(pos policy.Position, unique, shown string) {
	if before, ok := s.declared[unique]; ok {
		s.t.failSee(pos, before, "duplicate-name", "%s is declared already", shown)
		return
	}
	s.declared[unique] = pos
}

// spreadUnknown tells users and roles, groups and keys what could not be resolved: about
// policies that are attached to them, and about macros that may change anything.
func (s *stack) spreadUnknown() {
	everything := s.t.unknown
	about := func(attached []string, boundary string) []string {
		unknown := slices.Clone(everything)
		for _, arn := range attached {
			unknown = append(unknown, s.unknownPolicies[arn]...)
		}
		return append(unknown, s.unknownPolicies[boundary]...)
	}
	for _, u := range s.users {
		u.Unknown = append(u.Unknown, about(u.Attached, u.Boundary)...)
	}
	for _, g := range s.groups {
		g.Unknown = append(g.Unknown, about(g.Attached, "")...)
	}
	for _, r := range s.roles {
		r.Unknown = append(r.Unknown, about(r.Attached, r.Boundary)...)
	}
	for _, k := range s.keys {
		k.Unknown = append(k.Unknown, everything...)
	}
}

// addTo adds the stack to the world.
func (s *stack) addTo(w *source.World) {
	w.Defaults.Account = cmp.Or(w.Defaults.Account, s.t.opts.Account)
	w.Defaults.Region = cmp.Or(w.Defaults.Region, s.t.opts.Region)
	w.Defaults.Partition = cmp.Or(w.Defaults.Partition, s.t.partition)
	w.Users = append(w.Users, s.users...)
	w.Groups = append(w.Groups, s.groups...)
	w.Roles = append(w.Roles, s.roles...)
	w.ManagedPolicies = append(w.ManagedPolicies, s.managed...)
	w.Keys = append(w.Keys, s.keys...)
	for _, change := range s.late {
		change()
	}
}
