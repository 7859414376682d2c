package kms

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
)

// state is the current snapshot and what keeps it current: it applies what the store's follower brings.
type state struct {
	current  atomic.Pointer[snapshot]
	follower *store.Follower

	root     *material.Root
	policies policyCache
	// tracking is since when uses of keys are noted, nil while the store does not say.
	tracking atomic.Pointer[time.Time]
	// uses are what the current batch says about the last uses of keys, by their paths; for the follower only.
	uses map[string]*usageRecord
	// working is the snapshot to come, for the follower only, which makes one call at a time. It is not the current
	// one: a tree that readers have is never written.
	working *snapshot
}

// touch is what a batch changes about one key.
type touch struct {
	record   *keyRecord // nil when the record of the key did not change
	deleted  bool
	revision int64
	grants   map[string]*grant // nil for one that was deleted
	aliases  map[string]bool   // false for one that was deleted or names another key now
}

// Reset implements [store.Applier].
func (s *state) Reset(entries []store.Entry, revision int64) error {
	s.working = newSnapshot()
	touched := touches{}
	for _, e := range entries {
		if err := s.touch(touched, e.Key, e.Value, e.Revision); err != nil {
			return err
		}
	}
	return s.publish(touched, revision)
}

// Apply implements [store.Applier].
func (s *state) Apply(batch store.Batch) error {
	touched := touches{}
	for _, c := range batch.Changes {
		value := c.Value
		if c.Delete {
			value = nil
		}
		if err := s.touch(touched, c.Key, value, batch.Revision); err != nil {
			return err
		}
	}
	return s.publish(touched, batch.Revision)
}

// publish rebuilds the keys that were touched and makes the result the current snapshot.
func (s *state) publish(touched touches, revision int64) error {
	for path, t := range touched {
		if err := s.rebuild(path, t); err != nil {
			return err
		}
	}
	s.publishUsage()
	s.working.revision = revision
	s.current.Store(s.working.copy())
	return nil
}

// touches are the changes of a batch by the path of the key.
type touches map[string]*touch

func (t touches) of(path string) *touch {
	if t[path] == nil {
		t[path] = &touch{grants: map[string]*grant{}, aliases: map[string]bool{}}
	}
	return t[path]
}

// touch notes one entry that was written, or deleted when it has no value. Entries of kinds that are not known belong
// to others.
func (s *state) touch(touched touches, key string, value []byte, revision int64) error {
	if path, ok := strings.CutPrefix(key, keyPrefix); ok {
		return touched.key(path, value, revision)
	}
	if path, ok := strings.CutPrefix(key, aliasStore); ok {
		return s.touchAlias(touched, path, value, revision)
	}
	if path, ok := strings.CutPrefix(key, grantPrefix); ok {
		return touched.grant(path, value, revision)
	}
	if path, ok := strings.CutPrefix(key, customStorePrefix); ok {
		return s.touchCustomStore(path, value, revision)
	}
	if path, ok := strings.CutPrefix(key, usagePrefix); ok {
		return s.touchUsage(path, value)
	}
	if key == trackingKey {
		return s.touchTracking(value)
	}
	return nil
}

func (t touches) key(path string, value []byte, revision int64) error {
	touched := t.of(path)
	if value == nil {
		touched.record, touched.deleted = nil, true
		return nil
	}
	record := &keyRecord{}
	if err := read(keyPrefix+path, value, record, &record.Version); err != nil {
		return err
	}
	touched.record, touched.deleted, touched.revision = record, false, revision
	return nil
}

func (s *state) touchAlias(touched touches, path string, value []byte, revision int64) error {
	account, region, name, err := splitPath(path)
	if err != nil {
		return err
	}
	if old := s.working.alias(path); old != nil {
		touched.of(statePath(account, region, old.target)).aliases[name] = false
	}
	if value == nil {
		s.working.aliases.Delete(path)
		return nil
	}
	var record aliasRecord
	if err := read(aliasStore+path, value, &record, &record.Version); err != nil {
		return err
	}
	touched.of(statePath(account, region, record.TargetKeyID)).aliases[name] = true
	s.working.aliases.Set(path, &alias{
		name: name, target: record.TargetKeyID, revision: revision,
		created: record.CreationDate, lastUpdate: record.LastUpdatedDate,
	})
	return nil
}

func (t touches) grant(path string, value []byte, revision int64) error {
	end := strings.LastIndexByte(path, '/')
	if end < 0 {
		return fmt.Errorf("%w: no key in %q", store.ErrCorrupt, path)
	}
	id := path[end+1:]
	touched := t.of(path[:end])
	if value == nil {
		touched.grants[id] = nil
		return nil
	}
	var record grantRecord
	if err := read(grantPrefix+path, value, &record, &record.Version); err != nil {
		return err
	}
	touched.grants[id] = record.grant(id, revision)
	return nil
}

// rebuild makes the new version of a key.
func (s *state) rebuild(path string, t *touch) error {
	old := s.working.key(path)
	if old != nil {
		s.remove(path, old, t)
	}
	if t.deleted || t.record == nil && old == nil {
		return nil // grants and aliases of a key that is not there are nothing
	}
	key, err := s.newKey(path, old, t)
	if err != nil {
		return err
	}
	s.working.count(key, 1)
	s.working.keys.Set(path, key)
	s.working.ids.Set(idPath(key), key)
	if !key.dueDate().IsZero() {
		s.working.due.Set(dueKey(key), key)
	}
	for id := range t.grants {
		if g := key.grant(id); g != nil && (g.RetiringPrincipal != "" || g.RetiringServicePrincipal != "") {
			s.working.retirable.Set(retirableKey(key, g), g)
		}
	}
	return nil
}

// remove takes a key out of the indexes, and those of its grants that change.
func (s *state) remove(path string, old *Key, t *touch) {
	s.working.count(old, -1)
	s.working.keys.Delete(path)
	s.working.ids.Delete(idPath(old))
	s.working.due.Delete(dueKey(old))
	if t.deleted {
		for _, g := range old.grants {
			s.working.retirable.Delete(retirableKey(old, g))
		}
		return
	}
	for id := range t.grants {
		if g := old.grant(id); g != nil {
			s.working.retirable.Delete(retirableKey(old, g))
		}
	}
}

func idPath(k *Key) string { return k.ID + "/" + k.Region + "/" + k.Account }

// refresh brings the snapshot to the revision that the store is at.
func (s *Service) refresh(ctx context.Context) error {
	_, revision, err := s.config.Store.Range(ctx, keyPrefix, "", 1)
	if err != nil {
		return fmt.Errorf("reading the revision of the store: %w", err)
	}
	return s.state.follower.Wait(ctx, revision)
}

// mergeAliases returns the aliases of a key after the changes, sorted.
func mergeAliases(old []string, changes map[string]bool) []string {
	if len(changes) == 0 {
		return old
	}
	var out []string
	for _, name := range old {
		if _, changed := changes[name]; !changed {
			out = append(out, name)
		}
	}
	for name, added := range changes {
		if added {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// mergeGrants returns the grants of a key after the changes, in the order of their ids. A key may have 50,000: what did
// not change is copied in one piece.
func mergeGrants(old []*grant, changes map[string]*grant) []*grant {
	if len(changes) == 0 {
		return old
	}
	out := make([]*grant, 0, len(old)+len(changes))
	for _, id := range slices.Sorted(maps.Keys(changes)) {
		i, found := slices.BinarySearchFunc(old, id, compareGrantID)
		out, old = append(out, old[:i]...), old[i:]
		if found {
			old = old[1:]
		}
		if g := changes[id]; g != nil {
			out = append(out, g)
		}
	}
	return append(out, old...)
}

func compareGrantID(g *grant, id string) int { return strings.Compare(g.ID, id) }
