package material

import (
	"crypto/rand"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixtures are key materials that are generated once for all tests of a run: RSA takes long.
var fixtures sync.Map // spec name to func() (*Material, error)

// fixture returns key material of a spec. Tests do not change material: nothing can.
func fixture(t testing.TB, name string) *Material {
	t.Helper()
	spec := LookupSpec(name)
	require.NotNil(t, spec, name)
	generate, _ := fixtures.LoadOrStore(name, sync.OnceValues(func() (*Material, error) { return Generate(spec, rand.Reader) }))
	m, err := generate.(func() (*Material, error))()
	require.NoError(t, err)
	return m
}
