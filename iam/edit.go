package iam

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

// Edit is a change of identities that is made as a whole or not at all. It reads what is stored together with what
// it already changed; when somebody else changed what it read before it was committed, it is made again.
type Edit struct {
	s       *Service
	snap    *snapshot
	read    map[string]int64 // revisions of the entries that were looked at
	written map[string]any   // records by entry; nil deletes
}

// maxEditAttempts is how often an edit is made again when others change the same entries. Edits of one process come
// one after the other, so that this is for other processes on the same store.
const maxEditAttempts = 16

// Edit makes a change and returns once it is durable and the very next call sees it. change may be called several
// times, each time on the newest state; its error ends the edit and nothing is written. One edit is one transaction of
// the store, with its limits (store.MaxChanges). change must not begin another edit.
func (s *Service) Edit(ctx context.Context, change func(*Edit) error) error {
	s.edits.Lock()
	defer s.edits.Unlock()
	for range maxEditAttempts {
		snap, err := s.current()
		if err != nil {
			return err
		}
		e := &Edit{s: s, snap: snap, read: map[string]int64{}, written: map[string]any{}}
		if err := change(e); err != nil {
			return err
		}
		if len(e.written) == 0 {
			return nil
		}
		tx, err := e.transaction()
		if err != nil {
			return err
		}
		revision, err := s.config.Store.Commit(ctx, tx)
		if err == nil {
			return s.follower.Wait(ctx, revision)
		}
		if !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("writing identities: %w", err)
		}
		if err := s.catchUp(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("writing identities: %w: others change them all the time", store.ErrConflict)
}

// catchUp waits until the memory is as new as the store is now.
func (s *Service) catchUp(ctx context.Context) error {
	_, revision, err := s.config.Store.Range(ctx, storePrefix, "", 1)
	if err != nil {
		return fmt.Errorf("reading identities: %w", err)
	}
	return s.follower.Wait(ctx, revision)
}

// transaction is what the edit writes, on condition that what it read is unchanged.
func (e *Edit) transaction() (store.Tx, error) {
	var tx store.Tx
	for _, key := range slices.Sorted(maps.Keys(e.read)) {
		tx.Compare = append(tx.Compare, store.Comparison{Key: storePrefix + key, Revision: e.read[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(e.written)) {
		change := store.Change{Key: storePrefix + key, Delete: e.written[key] == nil}
		if !change.Delete {
			value, err := encode(e.written[key])
			if err != nil {
				return store.Tx{}, err
			}
			change.Value = value
		}
		tx.Changes = append(tx.Changes, change)
	}
	return tx, nil
}

// get returns the record of an entry as the edit has it so far, nil when there is none.
func (e *Edit) get(key string) any {
	if record, ok := e.written[key]; ok {
		return record
	}
	stored, _ := e.snap.entries.Get(key)
	e.read[key] = stored.revision
	return stored.record
}

// put writes a record.
func (e *Edit) put(record any) {
	key := keyOf(record)
	e.get(key)
	e.written[key] = record
}

func (e *Edit) delete(key string) {
	if e.get(key) != nil {
		e.written[key] = nil
	}
}

// Account returns an account, nil when it is not held here.
func (e *Edit) Account(id string) *Account {
	a, _ := e.get(entryKey(id, kindAccount, "")).(*Account)
	return a
}

// EnsureAccount makes an account unless it is there; partition may be empty for that of AWS itself.
func (e *Edit) EnsureAccount(id, partition string) error {
	if partition == "" {
		partition = defaultPartition
	}
	if !policy.IsAccountID(id) || !policy.IsPartition(partition) {
		return noAccount(id)
	}
	if e.Account(id) == nil {
		e.put(&Account{ID: id, Partition: partition, Created: e.s.now()})
	}
	return nil
}

// SetAccountAlias gives an account an alias; empty takes it away. The alias must be nobody else's.
func (e *Edit) SetAccountAlias(id, alias string) error {
	a := e.Account(id)
	if a == nil {
		return failf(CodeNoSuchEntity, "The account %s cannot be found.", id)
	}
	if alias != "" {
		for _, other := range e.s.Accounts() {
			if other.ID != id && other.Alias == alias {
				return failf(CodeEntityAlreadyExists, "The account alias %s already exists.", alias)
			}
		}
	}
	changed := *a
	changed.Alias = alias
	e.put(&changed)
	return nil
}

// PutOrganization says how the organization of an account sees it. The account need not be held here.
func (e *Edit) PutOrganization(o *Organization) error {
	if !policy.IsAccountID(o.Account) {
		return noAccount(o.Account)
	}
	if d, ok := e.snap.members.Get(o.Account); ok {
		return failf(CodeEntityAlreadyExists, "The account %s is in the organization %s, which the API changed.", o.Account, d.ID)
	}
	for kind, levels := range map[policy.Kind][][]*Policy{policy.ServiceControlPolicy: o.SCPs, policy.ResourceControlPolicy: o.RCPs} {
		for _, p := range slices.Concat(levels...) {
			if err := p.check(kind); err != nil {
				return err
			}
		}
	}
	e.put(o)
	return nil
}

// Organization returns what the organization of an account says, nil for an account outside one.
func (e *Edit) Organization(account string) *Organization {
	if d, ok := e.snap.members.Get(account); ok {
		return d.organization(account)
	}
	o, _ := e.get(entryKey(account, kindOrganization, "")).(*Organization)
	return o
}

// PutEndpointPolicy sets the policy of a VPC endpoint.
func (e *Edit) PutEndpointPolicy(p *EndpointPolicy) error {
	if p.ID == "" || strings.ContainsAny(p.ID, "/ ") {
		return failf(CodeInvalidInput, "%q is no id of a VPC endpoint", p.ID)
	}
	if err := p.Policy.check(policy.VPCEndpointPolicy); err != nil {
		return err
	}
	e.put(p)
	return nil
}

// EndpointPolicy returns the policy of a VPC endpoint, nil when there is none.
func (e *Edit) EndpointPolicy(id string) *EndpointPolicy {
	p, _ := e.get(entryKey(AWS, kindEndpoint, id)).(*EndpointPolicy)
	return p
}

func noAccount(id string) error {
	return failf(CodeInvalidInput, "%q is no account of 12 digits in a partition of AWS", id)
}
