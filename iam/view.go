package iam

import (
	"iter"
)

// The kinds of IAM resource, as their ARNs have them.
const (
	KindUser   = kindUser
	KindGroup  = kindGroup
	KindRole   = kindRole
	KindPolicy = kindPolicy
)

// ARN returns the ARN of an IAM resource of a kind.
func ARN(partition, account, kind, path, name string) string {
	return iamARN(partition, account, kind, path, name)
}

// View is everything that is stored, as it was at one moment. What it returns must not be changed.
type View struct{ snap *snapshot }

// View returns what is stored now. It fails once the service does not follow its store any more.
func (s *Service) View() (*View, error) {
	snap, err := s.current()
	if err != nil {
		return nil, err
	}
	return &View{snap}, nil
}

// Account returns an account, nil when it is not held here.
func (v *View) Account(id string) *Account { return v.snap.account(id) }

// User returns a user by its name, nil when there is none.
func (v *View) User(account, name string) *UserDetail { return v.snap.user(account, name) }

// Group returns a group by its name, nil when there is none.
func (v *View) Group(account, name string) *GroupDetail {
	g, _ := v.snap.record(entryKey(account, kindGroup, name)).(*GroupDetail)
	return g
}

// Role returns a role by its name, nil when there is none.
func (v *View) Role(account, name string) *RoleDetail {
	r, _ := v.snap.record(entryKey(account, kindRole, name)).(*RoleDetail)
	return r
}

// ManagedPolicy returns a managed policy by its ARN, nil when there is none.
func (v *View) ManagedPolicy(arn string) *ManagedPolicyDetail {
	key, ok := managedKey(arn)
	if !ok {
		return nil
	}
	p, ok := v.snap.record(key).(*ManagedPolicyDetail)
	if !ok || p.ARN() != arn {
		return nil
	}
	return p
}

// Users are the users of an account by their names.
func (v *View) Users(account string) iter.Seq2[string, *UserDetail] {
	return entities(v.snap, account, kindUser, func(u *UserDetail) string { return u.Name })
}

// Groups are the groups of an account by their names.
func (v *View) Groups(account string) iter.Seq2[string, *GroupDetail] {
	return entities(v.snap, account, kindGroup, func(g *GroupDetail) string { return g.Name })
}

// Roles are the roles of an account by their names.
func (v *View) Roles(account string) iter.Seq2[string, *RoleDetail] {
	return entities(v.snap, account, kindRole, func(r *RoleDetail) string { return r.Name })
}

// ManagedPolicies are the managed policies of an account, or those of [AWS], by their names.
func (v *View) ManagedPolicies(account string) iter.Seq2[string, *ManagedPolicyDetail] {
	return entities(v.snap, account, kindPolicy, func(p *ManagedPolicyDetail) string { return p.Name })
}

// AccessKeys are the access keys of an owner by their ids.
func (v *View) AccessKeys(o Owner) iter.Seq2[string, *AccessKey] {
	return func(yield func(string, *AccessKey) bool) {
		v.snap.list(accessKeysOf(o.account, o.name), func(record any) bool {
			k, ok := record.(*AccessKey)
			return !ok || yield(k.ID, k)
		})
	}
}

// AccessKey returns an access key by its id, nil when there is none.
func (v *View) AccessKey(id string) *AccessKey {
	k, _ := v.snap.keys.Get(id)
	return k
}

// entities are the records of a kind in the order of their names.
func entities[T any](snap *snapshot, account, kind string, name func(T) string) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		snap.list(entryKey(account, kind, "")+"/", func(record any) bool {
			r, ok := record.(T)
			return !ok || yield(name(r), r)
		})
	}
}

// View returns what was stored as the edit began, without what it changed. Reading it does not make the edit fail when
// another process changes it, so that it is for what has no place in one transaction: counting, and looking through
// everything.
func (e *Edit) View() *View { return &View{e.snap} }
