package iam

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// User returns a copy of a user by its name, nil when there is none.
func (e *Edit) User(account, name string) *UserDetail {
	u, ok := e.get(entryKey(account, kindUser, name)).(*UserDetail)
	if !ok {
		return nil
	}
	out := *u
	out.Tags, out.Inline, out.Attached = maps.Clone(u.Tags), clonePolicies(u.Inline), slices.Clone(u.Attached)
	out.Groups, out.Unknown = slices.Clone(u.Groups), slices.Clone(u.Unknown)
	return &out
}

// PutUser writes a user: one that was changed, which has the ID that is stored, or a new one, whose ID and Path are
// filled in when they are empty. A new one must not have the name of another.
func (e *Edit) PutUser(u *UserDetail) error {
	err := cmp.Or(
		checkName("userName", u.Name, maxUserName),
		e.complete(entryKey(u.Account, kindUser, u.Name), u.Account, &u.Path, &u.ID, prefixUser),
		checkTags(u.Tags), checkPolicies(u.Inline),
	)
	if err != nil {
		return err
	}
	if u.Created.IsZero() {
		u.Created = e.s.now()
	}
	e.put(u)
	return nil
}

// DeleteUser deletes a user with its access keys.
func (e *Edit) DeleteUser(account, name string) error {
	if e.User(account, name) == nil {
		return noSuch("user", name)
	}
	for _, k := range e.accessKeys(account, ownerUser+name) {
		e.delete(accessKeyKey(k))
	}
	e.delete(entryKey(account, kindUser, name))
	return nil
}

// Group returns a copy of a group by its name, nil when there is none.
func (e *Edit) Group(account, name string) *GroupDetail {
	g, ok := e.get(entryKey(account, kindGroup, name)).(*GroupDetail)
	if !ok {
		return nil
	}
	out := *g
	out.Inline, out.Attached, out.Unknown = clonePolicies(g.Inline), slices.Clone(g.Attached), slices.Clone(g.Unknown)
	return &out
}

// PutGroup writes a group as [Edit.PutUser] does a user.
func (e *Edit) PutGroup(g *GroupDetail) error {
	err := cmp.Or(
		checkName("groupName", g.Name, maxGroupName),
		e.complete(entryKey(g.Account, kindGroup, g.Name), g.Account, &g.Path, &g.ID, prefixGroup),
		checkPolicies(g.Inline),
	)
	if err != nil {
		return err
	}
	if g.Created.IsZero() {
		g.Created = e.s.now()
	}
	e.put(g)
	return nil
}

// DeleteGroup deletes a group. Users that are in it keep its name.
func (e *Edit) DeleteGroup(account, name string) error {
	if e.Group(account, name) == nil {
		return noSuch("group", name)
	}
	e.delete(entryKey(account, kindGroup, name))
	return nil
}

// Role returns a copy of a role by its name, nil when there is none.
func (e *Edit) Role(account, name string) *RoleDetail {
	r, ok := e.get(entryKey(account, kindRole, name)).(*RoleDetail)
	if !ok {
		return nil
	}
	out := *r
	out.Tags, out.Inline = maps.Clone(r.Tags), clonePolicies(r.Inline)
	out.TrustIDs = maps.Clone(r.TrustIDs)
	out.Attached, out.Unknown = slices.Clone(r.Attached), slices.Clone(r.Unknown)
	return &out
}

// PutRole writes a role as [Edit.PutUser] does a user.
func (e *Edit) PutRole(r *RoleDetail) error {
	err := cmp.Or(
		checkName("roleName", r.Name, maxRoleName),
		e.complete(entryKey(r.Account, kindRole, r.Name), r.Account, &r.Path, &r.ID, prefixRole),
		checkTags(r.Tags), checkPolicies(r.Inline),
	)
	switch {
	case err != nil:
		return err
	case r.Trust != "" && !json.Valid([]byte(r.Trust)):
		return failf(CodeMalformedPolicyDocument, "This policy contains invalid Json")
	case r.MaxSession != 0 && (r.MaxSession < minRoleMaxSession || r.MaxSession > maxRoleMaxSession):
		return failf(CodeValidation, "The requested MaxSessionDuration must be between 3600 and 43200 seconds")
	}
	if r.Created.IsZero() {
		r.Created = e.s.now()
	}
	e.put(r)
	return nil
}

// DeleteRole deletes a role.
func (e *Edit) DeleteRole(account, name string) error {
	if e.Role(account, name) == nil {
		return noSuch("role", name)
	}
	e.delete(entryKey(account, kindRole, name))
	return nil
}

// ManagedPolicy returns a copy of a managed policy by its ARN, nil when there is none.
func (e *Edit) ManagedPolicy(arn string) *ManagedPolicyDetail {
	key, ok := managedKey(arn)
	if !ok {
		return nil
	}
	p, ok := e.get(key).(*ManagedPolicyDetail)
	if !ok || p.ARN() != arn {
		return nil
	}
	out := *p
	out.Tags = maps.Clone(p.Tags)
	out.Versions = make([]*PolicyVersion, len(p.Versions))
	for i, v := range p.Versions {
		out.Versions[i] = &PolicyVersion{ID: v.ID, Created: v.Created, Policy: v.Policy.clone()}
	}
	return &out
}

// PutManagedPolicy writes a managed policy as [Edit.PutUser] does a user.
func (e *Edit) PutManagedPolicy(p *ManagedPolicyDetail) error {
	if p.Partition == "" {
		p.Partition = e.partition(p.Account)
	}
	err := cmp.Or(
		checkName("policyName", p.Name, maxPolicyName),
		e.complete(entryKey(p.Account, kindPolicy, p.Name), p.Account, &p.Path, &p.ID, prefixPolicy),
		checkTags(p.Tags),
	)
	if err != nil {
		return err
	}
	if p.Current() == nil {
		return failf(CodeInvalidInput, "the policy %s has no version %q", p.Name, p.Default)
	}
	for _, v := range p.Versions {
		if err := v.Policy.check(policy.IdentityPolicy); err != nil {
			return err
		}
	}
	if p.Created.IsZero() {
		p.Created = e.s.now()
	}
	p.Updated, p.BuiltIn = e.s.now(), false
	e.put(p)
	return nil
}

// DeleteManagedPolicy deletes a managed policy. What it is attached to keeps its ARN.
func (e *Edit) DeleteManagedPolicy(arn string) error {
	p := e.ManagedPolicy(arn)
	if p == nil {
		return failf(CodeNoSuchEntity, "Policy %s was not found.", arn)
	}
	e.delete(entryKey(p.Account, kindPolicy, p.Name))
	return nil
}

func (e *Edit) partition(account string) string {
	if a := e.Account(account); a != nil {
		return a.Partition
	}
	return defaultPartition
}

// complete makes the account of an entity if it is new, and fills in the path and id of a new entity.
func (e *Edit) complete(key, account string, path, id *string, idPrefix string) error {
	if account != AWS {
		if err := e.EnsureAccount(account, ""); err != nil {
			return err
		}
	}
	there := e.get(key)
	if p, ok := there.(*ManagedPolicyDetail); ok && p.BuiltIn {
		*id = cmp.Or(*id, p.ID)
	} else if there != nil && entityID(there) != *id {
		return alreadyExists(key)
	}
	*path = cmp.Or(*path, "/")
	if err := checkPath(*path); err != nil {
		return err
	}
	if *id != "" {
		return nil
	}
	var err error
	*id, err = newID(e.s.config.Rand, idPrefix, uniqueIDLength)
	return err
}

// NameTaken reports whether a user, group, role or policy (kind) of the account has the name, in whatever case. AWS
// does not distinguish names by case when one is given, and everywhere else it does
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names). The Put
// methods take names that differ by case only: the decision corpus has them, to show that policies tell them apart.
func (e *Edit) NameTaken(account, kind, name string) bool {
	prefix := entryKey(account, kind, "") + "/"
	taken := false
	e.snap.entries.Ascend(prefix, func(key string, _ entry) bool {
		rest, ok := strings.CutPrefix(key, prefix)
		taken = ok && strings.EqualFold(rest, name) && e.get(key) != nil
		return ok && !taken
	})
	for key, record := range e.written {
		rest, ok := strings.CutPrefix(key, prefix)
		taken = taken || ok && record != nil && strings.EqualFold(rest, name)
	}
	return taken
}

// entityID returns the unique id of an entity.
func entityID(record any) string {
	switch r := record.(type) {
	case *GroupDetail:
		return r.ID
	case *ManagedPolicyDetail:
		return r.ID
	default:
		return uniqueID(record)
	}
}

func clonePolicies(in []*Policy) []*Policy {
	if in == nil {
		return nil
	}
	out := make([]*Policy, len(in))
	for i, p := range in {
		out[i] = p.clone()
	}
	return out
}

// checkPolicies checks inline policies: their names, which differ, and their texts.
func checkPolicies(policies []*Policy) error {
	for i, p := range policies {
		if err := cmp.Or(checkName("policyName", p.Name, maxPolicyName), p.check(policy.IdentityPolicy)); err != nil {
			return err
		}
		if slices.ContainsFunc(policies[:i], func(q *Policy) bool { return q.Name == p.Name }) {
			return failf(CodeEntityAlreadyExists, "The policy with name %s is there twice.", p.Name)
		}
	}
	return nil
}

// noSuch is the error for an entity that does not exist, in AWS's words.
func noSuch(kind, name string) error {
	return failf(CodeNoSuchEntity, "The %s with name %s cannot be found.", kind, name)
}

// alreadyExists is the error for a name that is taken, in AWS's words.
func alreadyExists(key string) error {
	parts := strings.SplitN(key, "/", 3)
	if parts[1] == kindPolicy {
		return failf(CodeEntityAlreadyExists, "A policy called %s already exists. Duplicate names are not allowed.", parts[2])
	}
	return failf(CodeEntityAlreadyExists, "%s with name %s already exists.", strings.ToUpper(parts[1][:1])+parts[1][1:], parts[2])
}
