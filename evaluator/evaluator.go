package evaluator

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/topdown/cache"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// Evaluator decides requests in one world. It is safe for concurrent use.
type Evaluator struct {
	world World
	*variant
	memo *memo // nil remembers nothing
}

// variant is what evaluators of different worlds that read the assumptions alike have in common. There is one
// for each readings, so that its address tells what belongs to it.
type variant struct {
	*shared
	readings Readings
}

// shared is what all evaluators that were made from one have in common.
type shared struct {
	combiner *combiner
	// units are the compiled policies by content.
	units      *lru.Cache[unitKey, *unit]
	valueCache cache.InterQueryValueCache
	variants   sync.Map // of *variant by Readings
	forwarding sync.Map // of *openStatement by condition key
	witnessed  *lru.Cache[string, witnessed]
	// tables are what OPA said of conditions on open keys; see [table].
	tables *lru.Cache[string, *table]
	// numbers tells the versions of principals and keys apart.
	numbers atomic.Uint64
	// testOnlySpoil changes what policies are translated to, so that tests see what mistakes in it would do. It is nil in
	// programs: what a policy that was parsed translates to compiles.
	testOnlySpoil func(*rego.Unit)
}

// compile compiles a translated policy.
func (s *shared) compile(translate func() *rego.Unit) (*unit, error) {
	if s.testOnlySpoil == nil {
		return compile(translate)
	}
	return compile(func() *rego.Unit {
		u := translate()
		s.testOnlySpoil(u)
		return u
	})
}

// unitKey identifies what a unit was compiled from.
type unitKey struct {
	digest   [32]byte
	bound    bound
	readings Readings
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

// New returns an evaluator for the world. It reads every assumption as by default; see [Evaluator.Assuming].
func New(world World) *Evaluator {
	s, err := newShared()
	if err != nil {
		panic(err) // the embedded decision module does not compile: a broken build
	}
	return &Evaluator{world: world, variant: s.variant(Readings{})}
}

// In returns an evaluator for another world that shares this one's compiled policies.
func (e *Evaluator) In(world World) *Evaluator {
	return &Evaluator{world: world, variant: e.variant}
}

// Assuming returns an evaluator of the same world that reads what AWS's documents leave open as said. It shares
// this one's compiled policies as far as they are the same.
func (e *Evaluator) Assuming(r Readings) *Evaluator {
	return &Evaluator{world: e.world, variant: e.shared.variant(r)}
}

// Readings returns how the evaluator reads the assumptions.
func (e *Evaluator) Readings() Readings { return e.readings }

// variant returns the one variant for the readings.
func (s *shared) variant(r Readings) *variant {
	if known, ok := s.variants.Load(r); ok {
		return known.(*variant) //nolint:forcetypeassert // there is nothing else in it
	}
	v, _ := s.variants.LoadOrStore(r, &variant{shared: s, readings: r})
	return v.(*variant) //nolint:forcetypeassert // there is nothing else in it
}

func newShared() (*shared, error) {
	c, err := newCombiner()
	if err != nil { // a broken build
		return nil, err
	}
	units, err := lru.New[unitKey, *unit](defaultUnits)
	if err != nil { // not reached: it refuses sizes below one
		return nil, fmt.Errorf("make the cache of compiled policies: %w", err)
	}
	told, err := lru.New[string, witnessed](witnessEntries)
	if err != nil { // not reached, either
		return nil, fmt.Errorf("make the cache of witnesses: %w", err)
	}
	entries := valueCacheEntries
	values := cache.NewInterQueryValueCache(context.Background(), &cache.Config{
		InterQueryBuiltinValueCache: cache.InterQueryBuiltinValueCacheConfig{MaxNumEntries: &entries},
	})
	tables, err := lru.New[string, *table](maxTables)
	if err != nil { // not reached, either
		return nil, fmt.Errorf("make the cache of conditions: %w", err)
	}
	return &shared{combiner: c, units: units, valueCache: values, witnessed: told, tables: tables}, nil
}

// unitOf returns the compiled form of a policy document.
func (s *variant) unitOf(doc *policy.Document, b bound) (*unit, error) {
	unresolved := doc.HasUnresolved()
	if !unresolved {
		b = strict
	}
	key := unitKey{digest: doc.Digest, bound: b, readings: s.readings}
	if u, ok := s.units.Get(key); ok {
		return u, nil
	}
	u, err := s.compile(func() *rego.Unit {
		if unresolved {
			return s.readings.Policy(doc.Bound(b == permissive), unitName)
		}
		return s.readings.Policy(doc, unitName)
	})
	if err != nil { // the translation of the policy is wrong
		return nil, fmt.Errorf("%s: %w", doc.Name, err)
	}
	u.unresolved = unresolved
	s.units.Add(key, u)
	return u, nil
}
