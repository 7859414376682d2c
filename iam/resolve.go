package iam

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/strictkms/strictkms/policy"
)

// resolver makes principals of records and keeps them: the same unchanged caller is the same pointer.
type resolver struct {
	built sync.Map // by the entry of the user, role or account: *resolved
}

// resolved is a principal with the records that it was made from.
type resolved struct {
	principal *Principal
	from      []dependency
	// verified is the newest snapshot that still has those records.
	verified atomic.Int64
}

// dependency is a record that was looked up; nil for one that was not there.
type dependency struct {
	key    string
	record any
}

// principal returns the principal of a user, role (without what comes from a session) or account (its root user),
// nil when there is no such entry. A principal is made anew when a record changed that it is made from.
func (r *resolver) principal(s *snapshot, key string) *Principal {
	for {
		kept, known := r.built.Load(key)
		if known && asResolved(kept).holds(s) {
			return asResolved(kept).principal
		}
		b := builder{s: s}
		b.build(key)
		if b.p == nil {
			r.built.CompareAndDelete(key, kept)
			return nil
		}
		if known && asResolved(kept).verified.Load() > s.number {
			return b.p // somebody with a newer snapshot was faster
		}
		made := &resolved{principal: b.p, from: b.from}
		made.verified.Store(s.number)
		if known && r.built.CompareAndSwap(key, kept, made) {
			return b.p
		}
		if _, taken := r.built.LoadOrStore(key, made); !known && !taken {
			return b.p
		}
	}
}

func asResolved(kept any) *resolved { return kept.(*resolved) } //nolint:forcetypeassert // nothing else is stored

// holds reports whether the snapshot has the records that the principal was made from.
func (r *resolved) holds(s *snapshot) bool {
	verified := r.verified.Load()
	if verified == s.number {
		return true
	}
	for _, d := range r.from {
		if s.record(d.key) != d.record {
			return false
		}
	}
	if s.number > verified {
		r.verified.CompareAndSwap(verified, s.number)
	}
	return true
}

// builder makes one principal. How policies, groups and boundaries come together is what source.World does with what
// was loaded from files; a test holds the two together.
type builder struct {
	s    *snapshot
	p    *Principal
	from []dependency
}

// look returns the record of an entry, and notes that the principal depends on it.
func (b *builder) look(key string) any {
	record := b.s.record(key)
	b.from = append(b.from, dependency{key, record})
	return record
}

func (b *builder) partition(account string) string {
	if a, ok := b.look(entryKey(account, kindAccount, "")).(*Account); ok {
		return a.Partition
	}
	return defaultPartition
}

func (b *builder) build(key string) {
	switch r := b.look(key).(type) {
	case *UserDetail:
		b.user(r)
	case *RoleDetail:
		b.role(r)
	case *Account:
		b.p = &Principal{Type: Root, ARN: iamARN(r.Partition, r.ID, "root", "", ""), Account: r.ID, UniqueID: r.ID}
	default:
	}
}

func (b *builder) user(u *UserDetail) {
	b.p = &Principal{
		Type: User, ARN: iamARN(b.partition(u.Account), u.Account, kindUser, u.Path, u.Name), Account: u.Account,
		UniqueID: u.ID, Name: u.Name, Tags: u.Tags,
	}
	b.tell(u.Unknown...)
	b.policies(ownerUser+u.Name, u.Inline, u.Attached)
	for _, name := range u.Groups {
		g, ok := b.look(entryKey(u.Account, kindGroup, name)).(*GroupDetail)
		if !ok {
			b.unknown("group "+name, "")
			continue
		}
		b.tell(g.Unknown...)
		b.policies("group/"+g.Name, g.Inline, g.Attached)
	}
	b.boundary(u.Boundary)
}

func (b *builder) role(r *RoleDetail) {
	b.p = &Principal{
		Type: RoleSession, Account: r.Account, Issuer: iamARN(b.partition(r.Account), r.Account, kindRole, r.Path, r.Name),
		UniqueID: r.ID, ServiceLinked: r.serviceLinked(), Tags: r.Tags,
	}
	b.tell(r.Unknown...)
	b.policies("role/"+r.Name, r.Inline, r.Attached)
	b.boundary(r.Boundary)
}

// tell notes what is unknown about the principal, everything once.
func (b *builder) tell(unknown ...string) {
	for _, text := range unknown {
		if !slices.Contains(b.p.Unknown, text) {
			b.p.Unknown = append(b.p.Unknown, text)
		}
	}
}

// policies adds inline and attached policies, each once.
func (b *builder) policies(owner string, inline []*Policy, attached []string) {
	b.p.Identity = append(b.p.Identity, documents(owner, inline)...)
	for _, arn := range attached {
		doc := b.managed(arn)
		switch {
		case doc != nil && !slices.Contains(b.p.Identity, doc):
			b.p.Identity = append(b.p.Identity, doc)
		case doc != nil:
		case policy.OnlyAllows(arn):
			b.tell("attached policy " + arn + " is not loaded, what it allows is not counted")
		default:
			b.unknown("attached policy "+arn, arn)
		}
	}
}

const notKnown = " is not loaded, what it allows or denies is unknown"

// unknown adds a policy of which nothing is known, so that a decision that may depend on it is conditional.
func (b *builder) unknown(what, arn string) {
	if slices.Contains(b.p.Unknown, what+notKnown) {
		return
	}
	b.tell(what + notKnown)
	b.p.Identity = append(b.p.Identity, policy.Unknown(policy.IdentityPolicy, what, arn, what+" is not loaded", policy.Position{}))
}

func (b *builder) boundary(arn string) {
	if arn == "" {
		return
	}
	if doc := b.managed(arn); doc != nil {
		b.p.Boundary = doc.As(policy.PermissionsBoundary)
		return
	}
	what := "permissions boundary " + arn
	b.p.Boundary = policy.Unknown(policy.PermissionsBoundary, what, arn, what+" is not loaded", policy.Position{})
	b.tell(what + notKnown)
}

// managed returns the document of a managed policy, nil when it is not held here.
func (b *builder) managed(arn string) *policy.Document {
	key, ok := managedKey(arn)
	if !ok {
		return nil
	}
	m, ok := b.look(key).(*ManagedPolicyDetail)
	if !ok || m.ARN() != arn || m.Current() == nil {
		return nil
	}
	return m.Current().Policy.parse(policy.IdentityPolicy, m.Name, arn)
}
