package iam

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/tidwall/btree"

	"github.com/strictkms/strictkms/store"
)

// snapshot is all that is stored, at one revision, with the policies of AWS that this program brings along. It is
// immutable.
type snapshot struct {
	// number grows with every snapshot.
	number  int64
	entries *btree.Map[string, entry] // by name, without the prefix of the store
	keys    *btree.Map[string, *AccessKey]
	// ids are the entries of users and roles by their unique ids.
	ids *btree.Map[string, string]
	// members are the organizations that the API changed, by their accounts.
	members *btree.Map[string, *Directory]
}

// entry is a record with the revision that wrote it, 0 for one that is not in the store.
type entry struct {
	revision int64
	record   any
}

// memory holds the newest snapshot and follows the store.
type memory struct {
	current atomic.Pointer[snapshot]
	next    snapshot // what the next snapshot is a copy of; only the follower touches it
}

var _ store.Applier = (*memory)(nil)

func newMemory() *memory {
	m := &memory{}
	m.clear()
	m.publish()
	return m
}

func (m *memory) clear() {
	m.next.entries = &btree.Map[string, entry]{}
	m.next.keys = &btree.Map[string, *AccessKey]{}
	m.next.ids = &btree.Map[string, string]{}
	m.next.members = &btree.Map[string, *Directory]{}
	for _, p := range awsManaged() {
		m.next.entries.Set(keyOf(p), entry{record: p})
	}
}

// publish makes what was changed visible. The copies share what later changes leave alone.
func (m *memory) publish() {
	m.next.number++
	m.current.Store(&snapshot{
		number: m.next.number, entries: m.next.entries.Copy(), keys: m.next.keys.Copy(), ids: m.next.ids.Copy(),
		members: m.next.members.Copy(),
	})
}

// Reset replaces everything.
func (m *memory) Reset(entries []store.Entry, _ int64) error {
	m.clear()
	for _, e := range entries {
		if err := m.put(e.Key, e.Value, e.Revision); err != nil {
			return err
		}
	}
	m.publish()
	return nil
}

// Apply applies one transaction. What it deletes goes first: an access key may have moved to another entry.
func (m *memory) Apply(batch store.Batch) error {
	for _, c := range batch.Changes {
		if c.Delete {
			m.remove(strings.TrimPrefix(c.Key, storePrefix))
		}
	}
	for _, c := range batch.Changes {
		if c.Delete {
			continue
		}
		if err := m.put(c.Key, c.Value, batch.Revision); err != nil {
			return err
		}
	}
	m.publish()
	return nil
}

func (m *memory) put(key string, value []byte, revision int64) error {
	key = strings.TrimPrefix(key, storePrefix)
	record, err := decode(key, value)
	if err != nil {
		return err
	}
	m.remove(key)
	m.next.entries.Set(key, entry{revision, record})
	if k, ok := record.(*AccessKey); ok {
		k.principalKey = k.ownerKey()
		if other, taken := m.next.keys.Set(k.ID, k); taken {
			return fmt.Errorf("%w: access key %s is there twice: %s and %s", store.ErrCorrupt, k.ID, accessKeyKey(other), key)
		}
	}
	if id := uniqueID(record); id != "" {
		m.next.ids.Set(id, key)
	}
	if d, ok := record.(*Directory); ok {
		for account := range d.Accounts {
			m.next.members.Set(account, d)
		}
	}
	return nil
}

func (m *memory) remove(key string) {
	old, ok := m.next.entries.Delete(key)
	if !ok {
		return
	}
	if p := builtIn(key); p != nil {
		m.next.entries.Set(key, entry{record: p})
	}
	if k, ok := old.record.(*AccessKey); ok {
		m.next.keys.Delete(k.ID)
	}
	if id := uniqueID(old.record); id != "" {
		if at, _ := m.next.ids.Get(id); at == key { // two entries may have the same id if a source says so
			m.next.ids.Delete(id)
		}
	}
	if d, ok := old.record.(*Directory); ok {
		for account := range d.Accounts {
			if of, _ := m.next.members.Get(account); of == d {
				m.next.members.Delete(account)
			}
		}
	}
}

// uniqueID returns the unique id of a user or role.
func uniqueID(record any) string {
	switch r := record.(type) {
	case *UserDetail:
		return r.ID
	case *RoleDetail:
		return r.ID
	default:
		return ""
	}
}

// record returns the record of an entry, nil when there is none.
func (s *snapshot) record(key string) any {
	e, _ := s.entries.Get(key)
	return e.record
}

func (s *snapshot) account(id string) *Account {
	a, _ := s.record(entryKey(id, kindAccount, "")).(*Account)
	return a
}

// user returns a user, nil when there is none.
func (s *snapshot) user(account, name string) *UserDetail {
	u, _ := s.record(entryKey(account, kindUser, name)).(*UserDetail)
	return u
}

// list calls yield with the records whose entries begin with prefix, in order, until it returns false.
func (s *snapshot) list(prefix string, yield func(record any) bool) {
	s.entries.Ascend(prefix, func(key string, e entry) bool {
		return strings.HasPrefix(key, prefix) && yield(e.record)
	})
}
