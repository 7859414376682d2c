package kms

import (
	"iter"
	"strings"
	"time"

	"github.com/tidwall/btree"
)

// snapshot is the state at one revision of the store. It is immutable: readers take no lock.
type snapshot struct {
	revision int64
	keys     *btree.Map[string, *Key]   // by ACCOUNT/REGION/ID
	ids      *btree.Map[string, *Key]   // by ID/REGION/ACCOUNT
	aliases  *btree.Map[string, *alias] // by ACCOUNT/REGION/NAME
	// retirable are the grants that have a retiring principal, by what retirableKey makes of them.
	retirable *btree.Map[string, *grant]
	// due are the keys that something happens to by itself, by what dueKey makes of them: the next first.
	due          *btree.Map[string, *Key]
	customStores *btree.Map[string, *customStore] // by ACCOUNT/REGION/ID
	// counts are how many customer managed keys each account has in each Region, by ACCOUNT/REGION.
	counts *btree.Map[string, int]
	// nextDue is the time of the first of due, zero for none.
	nextDue time.Time
}

// alias is an alias of the snapshot.
type alias struct {
	name                string // with its alias/ prefix
	target              string // key id, of the same account and Region
	created, lastUpdate time.Time
	revision            int64
}

func newSnapshot() *snapshot {
	return &snapshot{
		keys: new(btree.Map[string, *Key]), ids: new(btree.Map[string, *Key]), aliases: new(btree.Map[string, *alias]),
		retirable: new(btree.Map[string, *grant]), due: new(btree.Map[string, *Key]), counts: new(btree.Map[string, int]),
		customStores: new(btree.Map[string, *customStore]),
	}
}

// copy returns a snapshot that changes of the original leave alone. The trees are copied on write, which makes this
// cheap.
func (s *snapshot) copy() *snapshot {
	out := &snapshot{
		revision: s.revision, keys: s.keys.Copy(), ids: s.ids.Copy(), aliases: s.aliases.Copy(),
		retirable: s.retirable.Copy(), due: s.due.Copy(), counts: s.counts.Copy(),
		customStores: s.customStores.Copy(),
	}
	if _, first, ok := out.due.Min(); ok {
		out.nextDue = first.dueDate()
	}
	return out
}

func (s *snapshot) key(path string) *Key {
	key, _ := s.keys.Get(path)
	return key
}

// count counts a key that came, or with -1 one that went.
func (s *snapshot) count(key *Key, n int) {
	if key.Metadata.AWSManaged {
		return
	}
	place := key.Account + "/" + key.Region
	before, _ := s.counts.Get(place)
	s.counts.Set(place, before+n)
}

func (s *snapshot) alias(path string) *alias {
	a, _ := s.aliases.Get(path)
	return a
}

// keyOfMaterial returns the key of a Region that has an id and the key material with an id, in whatever account; when
// there is none, any that has the id.
func (s *snapshot) keyOfMaterial(id, region, materialID string) *Key {
	var found *Key
	for _, key := range below(s.ids, id+"/"+region+"/", "") {
		if key.hasMaterial(materialID) {
			return key
		}
		if found == nil {
			found = key
		}
	}
	return found
}

// below yields the entries of a tree whose keys begin with a prefix and come after it and a name, with that name: from
// a marker on, in order. Getting there takes the same time wherever it is.
func below[V any](tree *btree.Map[string, V], prefix, after string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		tree.Ascend(prefix+after, func(key string, value V) bool {
			name, ok := strings.CutPrefix(key, prefix)
			if !ok {
				return false
			}
			if after != "" && name == after {
				return true
			}
			return yield(name, value)
		})
	}
}

// retirablePrefix begins the keys of the grants of a Region that a principal may retire.
func retirablePrefix(region, principal string) string { return region + "\x00" + principal + "\x00" }

// retirableKey is where a grant with a retiring principal stands among those of its Region. Grants on different keys
// may have one id when they were imported, so that the key is part of it.
func retirableKey(key *Key, g *grant) string {
	principal := g.RetiringPrincipal
	if principal == "" {
		principal = g.RetiringServicePrincipal
	}
	return retirablePrefix(key.Region, principal) + g.ID + "\x00" + key.ARN
}
