package kms

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

func TestTrackedOperationsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	sdk := texts(types.KeyLastUsageTrackingOperation("").Values())
	slices.Sort(sdk)
	require.Equal(t, []string(sdk), trackedOperations)
	for _, name := range trackedOperations {
		require.True(t, operations[name].isUse, name)
		require.True(t, IsUse(name))
	}
	require.False(t, operations["GetPublicKey"].isUse)
}

// usage is what GetKeyLastUsage tells: the operation, the time, and since when.
func (c *actor) usage(id string) (operation string, at, since time.Time) {
	c.f.t.Helper()
	out := c.do("GetKeyLastUsage", in{"KeyId": id})
	when := func(value any) time.Time {
		if value == nil {
			return time.Time{}
		}
		return time.UnixMilli(int64(value.(float64) * 1000)).UTC()
	}
	last := out["KeyLastUsage"].(map[string]any)
	operation, _ = last["Operation"].(string)
	require.Equal(c.f.t, operation == "", len(last) == 0, "it is empty, or whole")
	return operation, when(last["Timestamp"]), when(out["TrackingStartDate"])
}

// TestGetKeyLastUsage: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html.
func TestGetKeyLastUsage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	created := f.time()
	id, arn := alice.createKey(in{"MultiRegion": true})
	other, _ := alice.createKey(in{})
	f.advance(time.Hour)
	require.Equal(t, map[string]any{
		"KeyId": id, "KeyLastUsage": map[string]any{}, "KeyCreationDate": float64(created.Unix()), "TrackingStartDate": float64(created.Unix()),
	}, alice.do("GetKeyLastUsage", in{"KeyId": arn}))

	alice.call.RequestID = "11112222-3333-4444-8555-666677778888"
	blob := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})["CiphertextBlob"]
	require.Equal(t, map[string]any{
		"Operation": "Encrypt", "Timestamp": float64(f.time().Unix()), "KmsRequestId": "11112222-3333-4444-8555-666677778888",
		"CloudTrailEventId": EventID("11112222-3333-4444-8555-666677778888", "111122223333"),
	}, alice.do("GetKeyLastUsage", in{"KeyId": id})["KeyLastUsage"])
	used := f.time()
	f.advance(time.Hour)

	// What fails, what is a dry run and what is no cryptography is no use.
	alice.fails("Encrypt", in{"KeyId": id, "Plaintext": []byte("x"), "DryRun": true}, CodeDryRunOperation,
		"The request would have succeeded, but the DryRun option is set.")
	alice.fails("Decrypt", in{"CiphertextBlob": blob, "EncryptionContext": in{"a": "b"}}, CodeInvalidCiphertext, "")
	alice.do("UpdateKeyDescription", in{"KeyId": id, "Description": "x"})
	denied := f.alice()
	denied.deny = func(*Access) bool { return true }
	_, err := denied.try("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})
	require.Error(t, err)
	operation, at, _ := alice.usage(id)
	require.Equal(t, []any{"Encrypt", used}, []any{operation, at})

	// Each related key has its own; ReEncrypt uses two keys.
	ireland := alice.replicate(id, "eu-west-1")
	operation, _, since := ireland.usage(id)
	require.Empty(t, operation)
	require.Equal(t, used.Add(time.Hour), since)
	alice.do("ReEncrypt", in{"CiphertextBlob": blob, "DestinationKeyId": other})
	for _, key := range []string{id, other} {
		operation, at, _ := alice.usage(key)
		require.Equal(t, []any{"ReEncrypt", f.time()}, []any{operation, at})
	}
	alice.fails("GetKeyLastUsage", in{"KeyId": "alias/x"}, CodeNotFound, "Invalid keyId 'alias/x'")
	denied.fails("GetKeyLastUsage", in{"KeyId": id}, CodeAccessDenied, "denied kms:GetKeyLastUsage")
	alice.do("ScheduleKeyDeletion", in{"KeyId": other})
	alice.usage(other) // in any state
}

// TestUsesAreWrittenNowAndThen: not by the call, and all of them when the service is closed.
func TestUsesAreWrittenNowAndThen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	revision := f.service.state.current.Load().revision
	for range 10 {
		alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})
	}
	_, now, err := f.store.Range(t.Context(), "", "", 1)
	require.NoError(t, err)
	require.Equal(t, revision, now, "nothing was written")
	used := f.time()
	f.advance(time.Hour)
	f.restart()
	operation, at, _ := alice.usage(id)
	require.Equal(t, []any{"Encrypt", used}, []any{operation, at})

	// Another process on the store learns of it, keeps what is later, and does not forget it when the key changes.
	other, err := New(t.Context(), f.config)
	require.NoError(t, err)
	defer other.Close()
	alice.do("GenerateDataKey", in{"KeyId": id, "KeySpec": "AES_256"})
	alice.do("TagResource", in{"KeyId": id, "Tags": []in{{"TagKey": "a", "TagValue": "b"}}})
	f.service.flushUsage(t.Context())
	require.NoError(t, other.refresh(t.Context()))
	here, there := f.service, other
	f.service = there
	operation, at, _ = alice.usage(id)
	require.Equal(t, []any{"GenerateDataKey", f.time()}, []any{operation, at})
	f.service = here

	// What is deleted takes its uses with it.
	alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	f.advance(days(7))
	f.service.settle(t.Context())
	entries, _, err := f.store.Range(t.Context(), usagePrefix, "", 0)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// TestTrackingHasAStart: keys from before uses were noted say since when they are.
func TestTrackingHasAStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	created := f.time()
	f.advance(time.Hour)
	killed := f.service // it writes nothing, as if it was
	defer killed.Close()
	f.start()
	_, _, since := alice.usage(id)
	require.Equal(t, created.Add(time.Hour), since)
	alice.do("GenerateDataKey", in{"KeyId": id, "KeySpec": "AES_256"})
	f.advance(time.Hour)
	f.restart()
	_, at, again := alice.usage(id)
	require.Equal(t, []time.Time{since, since}, []time.Time{at, again})

	idle := newFixture(t)
	id, _ = idle.alice().createKey(in{})
	idle.advance(time.Hour)
	idle.restart() // it was closed, and knows that nothing was used
	_, _, since = idle.alice().usage(id)
	require.Equal(t, idle.time().Add(-time.Hour), since)
}

// TestUsesThatCannotBeWrittenWait: a store that fails for a while loses none.
func TestUsesThatCannotBeWrittenWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})
	whole := f.service.config.Store
	f.service.config.Store = brokenStore{whole}
	f.service.flushUsage(t.Context())
	f.service.config.Store = whole
	f.service.flushUsage(t.Context())
	entries, _, err := f.store.Range(t.Context(), usagePrefix, "", 0)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// brokenStore is a store that takes no transactions.
type brokenStore struct{ store.Store }

func (brokenStore) Commit(context.Context, store.Tx) (int64, error) {
	return 0, errors.New("disk full")
}

// TestUsesAtATime: the last one wins, whoever notes it.
func TestUsesAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, _ := f.alice().createKey(in{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				f.alice().do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})
				f.advance(time.Second)
			}
		})
		wait.Go(func() { f.service.flushUsage(t.Context()) })
	}
	wait.Wait()
	_, at, _ := f.alice().usage(id)
	require.WithinDuration(t, f.time(), at, 16*time.Second)
	f.restart()
	_, again, _ := f.alice().usage(id)
	require.Equal(t, at, again)
}

// TestTrailingDaysWithoutKeyUsage: what DisableKey and ScheduleKeyDeletion are decided with.
func TestTrailingDaysWithoutKeyUsage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	trailing := func(operation string) []string {
		denied := f.alice()
		denied.deny = func(*Access) bool { return true }
		denied.fails(operation, in{"KeyId": id}, CodeAccessDenied, "denied kms:"+operation)
		return denied.asked[0].Context["kms:TrailingDaysWithoutKeyUsage"]
	}
	f.advance(days(3))
	require.Equal(t, []string{"3"}, trailing("DisableKey"))
	alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})
	require.Equal(t, []string{"0"}, trailing("ScheduleKeyDeletion"))
	f.advance(days(2) + 23*time.Hour)
	require.Equal(t, []string{"2"}, trailing("ScheduleKeyDeletion"))
	require.Nil(t, trailing("EnableKey"))
}
