package material

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// testRoot returns a root key of 32 equal bytes.
func testRoot(t testing.TB, b byte) *Root {
	t.Helper()
	root, err := NewRoot(bytes.Repeat([]byte{b}, RootSizeInBytes))
	require.NoError(t, err)
	return root
}

func TestNewRootSize(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33, 64} {
		_, err := NewRoot(make([]byte, size))
		require.ErrorIs(t, err, ErrRootSize)
	}
}

func TestNewRootCopies(t *testing.T) {
	key := make([]byte, RootSizeInBytes)
	root, err := NewRoot(key)
	require.NoError(t, err)
	sealed, err := root.Seal("label", []byte("secret"))
	require.NoError(t, err)
	key[0] = 1
	_, err = root.Open("label", sealed)
	require.NoError(t, err)
}

func TestRootSealsAndOpens(t *testing.T) {
	root := testRoot(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		label, secret := rapid.String().Draw(t, "label"), rapid.SliceOf(rapid.Byte()).Draw(t, "secret")
		sealed, err := root.Seal(label, secret)
		require.NoError(t, err)
		opened, err := root.Open(label, sealed)
		require.NoError(t, err)
		require.True(t, bytes.Equal(secret, opened))

		again, err := root.Seal(label, secret)
		require.NoError(t, err)
		require.NotEqual(t, sealed[1:rootHeader], again[1:rootHeader], "salts are random")
	})
}

func TestRootRefuses(t *testing.T) {
	root := testRoot(t, 1)
	sealed, err := root.Seal("label", []byte("secret"))
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "secret")

	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 0x10
		_, err := root.Open("label", changed)
		require.ErrorIs(t, err, ErrOpen, "byte %d", i)
	}
	for i := range sealed {
		_, err := root.Open("label", sealed[:i])
		require.ErrorIs(t, err, ErrOpen, "cut at %d", i)
	}
	_, err = root.Open("label", append(slices.Clone(sealed), 0))
	require.ErrorIs(t, err, ErrOpen)
	_, err = root.Open("labe", sealed)
	require.ErrorIs(t, err, ErrOpen)
	_, err = testRoot(t, 2).Open("label", sealed)
	require.ErrorIs(t, err, ErrOpen)

	var none *Root
	_, err = none.Seal("label", nil)
	require.ErrorIs(t, err, ErrRootSize)
	_, err = none.Open("label", sealed)
	require.ErrorIs(t, err, ErrRootSize)
}
