package evaluator

import (
	"context"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/topdown/cache"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// Evaluator decides requests in one world. It is safe for concurrent use.
type Evaluator struct {
	world World
	*shared
}

// shared is what evaluators of different worlds have in common.
type shared struct {
	combiner *combiner
	// units are the compiled policies by content.
	units      *lru.Cache[unitKey, *unit]
	valueCache cache.InterQueryValueCache
}

// unitKey identifies what a unit was compiled from.
type unitKey struct {
	digest [32]byte
	bound  bound
}

// bound says how unresolved values of a policy are read; see [policy.Document.Bound].
type bound uint8

const (
	strict     bound = iota // unresolved values never help the request
	permissive              // unresolved values always help the request
)

const (
	// defaultUnits bounds the compiled policies that are kept besides those of live principals and keys.
	defaultUnits = 4096
	// valueCacheEntries bounds the compiled regular expressions.
	valueCacheEntries = 10_000
)

// New returns an evaluator for the world.
func New(world World) *Evaluator {
	s, err := newShared()
	if err != nil {
		panic(err) // the embedded decision module does not compile: a broken build
	}
	return &Evaluator{world: world, shared: s}
}

// In returns an evaluator for another world that shares this one's compiled policies.
func (e *Evaluator) In(world World) *Evaluator {
	return &Evaluator{world: world, shared: e.shared}
}

func newShared() (*shared, error) {
	c, err := newCombiner()
	if err != nil {
		return nil, err
	}
	units, err := lru.New[unitKey, *unit](defaultUnits)
	if err != nil {
		return nil, fmt.Errorf("make the cache of compiled policies: %w", err)
	}
	entries := valueCacheEntries
	values := cache.NewInterQueryValueCache(context.Background(), &cache.Config{
		InterQueryBuiltinValueCache: cache.InterQueryBuiltinValueCacheConfig{MaxNumEntries: &entries},
	})
	return &shared{combiner: c, units: units, valueCache: values}, nil
}

// unitOf returns the compiled form of a policy document.
func (s *shared) unitOf(doc *policy.Document, b bound) (*unit, error) {
	unresolved := doc.HasUnresolved()
	if !unresolved {
		b = strict
	}
	key := unitKey{digest: doc.Digest, bound: b}
	if u, ok := s.units.Get(key); ok {
		return u, nil
	}
	u, err := compile(func() *rego.Unit {
		if unresolved {
			return rego.Policy(doc.Bound(b == permissive), unitName)
		}
		return rego.Policy(doc, unitName)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doc.Name, err)
	}
	u.unresolved = unresolved
	s.units.Add(key, u)
	return u, nil
}
