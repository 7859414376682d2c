package kms

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

// failing is a store that takes no transaction.
type failing struct {
	store.Store

	err error
}

func (f failing) Commit(context.Context, store.Tx) (int64, error) { return 0, f.err }

// TestWritersDoNotLoseEachOthersChanges: operations that change one key at a time are done over until each is in.
func TestWritersDoNotLoseEachOthersChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, _ := f.alice().createKey(in{})
	var wait sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		wait.Go(func() {
			tags := []in{{"TagKey": fmt.Sprintf("%02d", i), "TagValue": ""}}
			_, errs[i] = f.alice().try("TagResource", in{"KeyId": id, "Tags": tags})
		})
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, f.alice().list("ListResourceTags", "Tags", "TagKey", in{"KeyId": id}), len(errs))
}

// TestConflictAsksAgain: what was decided about the state before is not what is done to the state after.
func TestConflictAsksAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice, mallory := f.alice(), f.alice()
	id, _ := alice.createKey(in{})
	asked := 0
	mallory.deny = func(a *Access) bool {
		asked++
		if asked == 1 { // while the call is decided, another changes the key
			alice.do("TagResource", in{"KeyId": id, "Tags": []in{{"TagKey": "locked", "TagValue": "yes"}}})
		}
		return len(a.Key.Tags) > 0
	}
	mallory.fails("DisableKey", in{"KeyId": id}, CodeAccessDenied, "denied kms:DisableKey")
	require.Equal(t, 2, asked)
	require.Equal(t, "Enabled", alice.describe(id)["KeyState"])
}

// TestStaleStateIsNotServed: when the service cannot follow its store any more, no call is answered from what it knew.
func TestStaleStateIsNotServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	bad := store.Change{Key: "kms/alias/111122223333/us-east-1/alias/a", Value: []byte("{")}
	revision, err := f.store.Commit(t.Context(), store.Tx{Changes: []store.Change{bad}})
	require.NoError(t, err)
	require.ErrorIs(t, f.service.state.follower.Wait(t.Context(), revision), store.ErrCorrupt)
	require.ErrorIs(t, f.service.Err(), store.ErrCorrupt)
	_, err = alice.try("DescribeKey", in{"KeyId": id})
	require.Equal(t, CodeInternal, withoutCause(t, err).Code)
	require.Empty(t, alice.asked)
}

// TestCorruptRecordsAreNotServed: a store that cannot be understood is refused whole.
func TestCorruptRecordsAreNotServed(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string][2]string{
		"not JSON":        {"kms/key/111122223333/us-east-1/1234abcd-12ab-34cd-56ef-1234567890ab", "{"},
		"newer version":   {"kms/key/111122223333/us-east-1/1234abcd-12ab-34cd-56ef-1234567890ab", `{"v":2}`},
		"no version":      {"kms/alias/111122223333/us-east-1/alias/a", `{}`},
		"no policy":       {"kms/key/111122223333/us-east-1/1234abcd-12ab-34cd-56ef-1234567890ab", `{"v":1,"spec":"SYMMETRIC_DEFAULT"}`},
		"no id":           {"kms/key/111122223333", `{"v":1}`},
		"no name":         {"kms/alias/111122223333", `{"v":1}`},
		"grant on no key": {"kms/grant/1", `{"v":2}`},
		"unknown spec":    {"kms/key/1/2/3", `{"v":1,"spec":"ROT13","policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			_, err := f.store.Commit(t.Context(), store.Tx{Changes: []store.Change{{Key: entry[0], Value: []byte(entry[1])}}})
			require.NoError(t, err)
			_, err = New(t.Context(), f.config)
			require.ErrorIs(t, err, store.ErrCorrupt)
			require.ErrorContains(t, err, `"kms/`)
		})
	}
}

var errTest = errors.New("the disk is full")
