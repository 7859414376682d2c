package iam

import (
	"sync"
	"sync/atomic"
)

// maxRecent is how many session tokens, and how many callers, are remembered at least; twice as many at most.
const maxRecent = 4096

// recent remembers what was used recently: two generations, of which the older is forgotten when the newer is full.
// Looking up what is remembered takes no lock.
type recent[K comparable, V any] struct {
	most  int64
	young atomic.Pointer[generation]
	old   atomic.Pointer[generation]
	mu    sync.Mutex // held while generations change
}

type generation struct {
	values sync.Map
	count  atomic.Int64
}

func newRecent[K comparable, V any](most int64) *recent[K, V] {
	r := &recent[K, V]{most: most}
	r.young.Store(&generation{})
	r.old.Store(&generation{})
	return r
}

// get returns what is remembered under a key.
func (r *recent[K, V]) get(key K) (V, bool) {
	if v, ok := r.young.Load().values.Load(key); ok {
		return v.(V), true //nolint:forcetypeassert // put stores nothing else
	}
	v, ok := r.old.Load().values.Load(key)
	if !ok {
		var none V
		return none, false
	}
	value := v.(V) //nolint:forcetypeassert // put stores nothing else
	r.put(key, value)
	return value, true
}

// put remembers a value.
func (r *recent[K, V]) put(key K, value V) {
	g := r.young.Load()
	if _, there := g.values.Swap(key, value); there || g.count.Add(1) <= r.most {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young.Load() == g {
		r.old.Store(g)
		r.young.Store(&generation{})
	}
}
