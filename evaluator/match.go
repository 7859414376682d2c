package evaluator

import (
	"context"
	"errors"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// errMatched stops the evaluation of a body at its first solution: one is enough.
var errMatched = errors.New("matched")

// noVirtualCache and noBaseCache keep nothing: a rule body is too small for a cache.
type (
	noVirtualCache struct{}
	noBaseCache    struct{}
)

var (
	_ topdown.VirtualCache = noVirtualCache{}
	_ topdown.BaseCache    = noBaseCache{}
)

// Push implements [topdown.VirtualCache].
func (noVirtualCache) Push() {}

// Pop implements [topdown.VirtualCache].
func (noVirtualCache) Pop() {}

// Get implements [topdown.VirtualCache].
func (noVirtualCache) Get(ast.Ref) (*ast.Term, bool) { return nil, false }

// Put implements [topdown.VirtualCache].
func (noVirtualCache) Put(ast.Ref, *ast.Term) {}

// Keys implements [topdown.VirtualCache].
func (noVirtualCache) Keys() []ast.Ref { return nil } // topdown asks it for partial evaluation only

// Get implements [topdown.BaseCache].
func (noBaseCache) Get(ast.Ref) ast.Value { return nil } // units read no data

// Put implements [topdown.BaseCache].
func (noBaseCache) Put(ast.Ref, ast.Value) {}

// noMetadata keeps topdown from making a map per query. It is never written to: no built-in
// that a translation uses reads or writes request metadata.
var noMetadata = map[string]any{}

// anyTime is the time that built-ins see. No translation reads it: the time of a request is a condition
// key.
var anyTime = time.Unix(0, 0)

// matches evaluates the body of a rule with OPA.
func (s *shared) matches(ctx context.Context, c *ast.Compiler, b ast.Body, input *ast.Term) (bool, error) {
	err := topdown.NewQuery(b).
		WithCompiler(c).
		WithInput(input).
		WithMetrics(metrics.NoOp()).
		WithTime(anyTime).
		WithRequestMetadata(noMetadata).
		WithVirtualCache(noVirtualCache{}).
		WithBaseCache(noBaseCache{}).
		WithInterQueryBuiltinValueCache(s.valueCache).
		Iter(ctx, func(topdown.QueryResult) error { return errMatched })
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, errMatched):
		return true, nil
	default: // the context ended, or the translation is wrong
		return false, err
	}
}
