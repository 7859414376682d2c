package bolt_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
)

// madeStore is a store file with everything that was acknowledged in it.
type madeStore struct {
	file     []byte
	entries  []store.Entry
	revision int64
}

// makeStore makes a store with branch pages, overflow pages and free pages.
func makeStore(t testing.TB) madeStore {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	st, err := bolt.Open(path)
	require.NoError(t, err)
	for i := range 200 {
		_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{
			{Key: fmt.Sprintf("key/%04d", i*37%200), Value: bytes.Repeat([]byte{byte(i)}, i*7%400)},
			{Key: fmt.Sprintf("key/%04d", (i*37+90)%200), Delete: i%3 == 0},
		}})
		require.NoError(t, err)
	}
	_, err = st.Commit(t.Context(), store.Tx{Changes: []store.Change{{Key: "large", Value: make([]byte, 20_000)}}})
	require.NoError(t, err)
	made := madeStore{}
	made.entries, made.revision, err = st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	made.file, err = os.ReadFile(path)
	require.NoError(t, err)
	return made
}

// try opens a damaged copy: either it is refused and left as it is, or it serves exactly what was acknowledged, also
// after a write. It returns whether it was refused.
func (m madeStore) try(t *testing.T, damage string, file []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	st, err := bolt.Open(path)
	if err != nil {
		require.ErrorIs(t, err, store.ErrCorrupt, damage)
		require.ErrorContains(t, err, path)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(file, after), "%s: the file was changed", damage)
		require.NoError(t, os.Remove(path))
		return true
	}
	entries, revision, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err, damage)
	require.Equal(t, m.revision, revision, damage)
	require.Equal(t, m.entries, entries, damage)
	_, err = st.Commit(t.Context(), store.Tx{Changes: []store.Change{
		{Key: "large", Value: make([]byte, 30_000)}, {Key: "key/0100", Delete: true}, {Key: "key/0101a", Value: make([]byte, 3000)},
	}})
	require.NoError(t, err, damage)
	wanted, _, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err, damage)
	require.NoError(t, st.Close())
	st, err = bolt.Open(path)
	require.NoError(t, err, damage)
	found, _, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err, damage)
	require.Equal(t, wanted, found, damage)
	require.NoError(t, st.Close())
	require.NoError(t, os.Remove(path))
	return false
}

// with returns a copy of the file with some bytes replaced.
func (m madeStore) with(offset int, b ...byte) []byte {
	file := bytes.Clone(m.file)
	copy(file[offset:], b)
	return file
}

func TestDamagedBytes(t *testing.T) {
	made := makeStore(t)
	page := os.Getpagesize()
	random := rand.New(rand.NewPCG(1, 2))
	refused, tried := 0, 0
	flip := func(offset int) {
		b := made.file[offset] ^ (1 << random.IntN(8))
		if made.try(t, fmt.Sprintf("byte %d is %#x", offset, b), made.with(offset, b)) {
			refused++
		}
		tried++
	}
	// The header of every page and its first elements, then anywhere.
	for start := 0; start < len(made.file); start += page {
		for offset := start; offset < start+48; offset += 1 + random.IntN(3) {
			flip(offset)
		}
	}
	for range 300 {
		flip(random.IntN(len(made.file)))
	}
	t.Logf("%d of %d damaged files of %d bytes were refused", refused, tried, len(made.file))
	require.Greater(t, refused, tried/10)
	require.Less(t, refused, tried, "some bytes are in free pages")
}

func TestDamagedPages(t *testing.T) {
	made := makeStore(t)
	page := os.Getpagesize()
	count := len(made.file) / page
	for i := range count {
		made.try(t, fmt.Sprintf("page %d is zero", i), made.with(i*page, make([]byte, page)...))
		other := (i + 3) % count * page
		made.try(t, fmt.Sprintf("page %d is another", i), made.with(i*page, made.file[other:other+page]...))
	}
	for _, meta := range []int{0, page} {
		require.True(t, made.try(t, "one meta page is gone", made.with(meta, make([]byte, page)...)),
			"the state before the last transaction is not the state")
	}
}

func TestTruncated(t *testing.T) {
	made := makeStore(t)
	random := rand.New(rand.NewPCG(3, 4))
	for size := 0; size < len(made.file); size += 1 + random.IntN(3000) {
		made.try(t, fmt.Sprintf("cut off at %d", size), made.file[:size])
	}
	require.True(t, made.try(t, "cut off in the middle", made.file[:len(made.file)/2]))
}

func TestUndamaged(t *testing.T) {
	made := makeStore(t)
	require.False(t, made.try(t, "nothing", made.file))
	require.False(t, made.try(t, "longer", append(bytes.Clone(made.file), make([]byte, 5000)...)))
}

// FuzzOpen opens whatever file: it is refused or it can be read and written.
func FuzzOpen(f *testing.F) {
	made := makeStore(f)
	page := os.Getpagesize()
	for _, size := range []int{0, page, 2 * page, len(made.file) / 2, len(made.file)} {
		f.Add(size, 0, []byte{})
	}
	f.Add(len(made.file), page*2, bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, size, offset int, replaced []byte) {
		if size < 0 || size > len(made.file) || offset < 0 || offset+len(replaced) > size {
			t.Skip()
		}
		made.try(t, "fuzz", made.with(offset, replaced...)[:size])
	})
}
