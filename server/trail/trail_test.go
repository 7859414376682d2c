package trail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
)

func numbered(t testing.TB, id string) *Entry {
	t.Helper()
	connection := by(alice(t, account))
	connection.RequestID = id
	return encryption(t, connection, "kms:Encrypt")
}

func TestEveryLineIsOneWriteAndNoneIsLost(t *testing.T) {
	out := &sink{}
	trail, err := New(Config{Writer: out})
	require.NoError(t, err)
	const writers, each = 8, 500 // more than the queue holds
	first, entries := numbered(t, ""), make([]*Entry, writers*each)
	for i := range entries {
		entry, call := *first, *first.Call
		call.Connection().RequestID = strconv.Itoa(i)
		entry.Call, entries[i] = &call, &entry
	}
	var group sync.WaitGroup
	for part := range slices.Chunk(entries, each) {
		group.Go(func() {
			for _, entry := range part {
				trail.Record(entry)
			}
		})
	}
	group.Wait()
	require.NoError(t, trail.Close())
	require.NoError(t, trail.Close(), "twice is once")
	lines := out.all()
	require.Len(t, lines, writers*each)
	seen := map[string]bool{}
	for _, line := range lines {
		var event struct{ EventID string }
		require.NoError(t, json.Unmarshal([]byte(line), &event))
		require.True(t, strings.HasSuffix(line, "}\n"))
		seen[event.EventID] = true
	}
	require.Len(t, seen, writers*each)
	trail.Record(entries[0])
	require.Equal(t, int64(1), trail.Lost(), "recorded after the end")
}

// A writer that fails loses lines, says so once, and goes on when it works again, on a new line.
func TestFailingWriter(t *testing.T) {
	var log bytes.Buffer
	out := &sink{}
	trail, err := New(Config{Writer: out, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	wait := func(done func() bool) {
		t.Helper()
		require.Eventually(t, done, 5*time.Second, time.Millisecond)
	}
	trail.Record(numbered(t, "r1"))
	wait(func() bool { return len(out.all()) == 1 })
	out.fail(errors.New("no space left on device"), 10)
	trail.Record(numbered(t, "r2"))
	trail.Record(numbered(t, "r3"))
	wait(func() bool { return trail.Lost() == 2 })
	out.fail(nil, 0)
	trail.Record(numbered(t, "r4"))
	lost, ok := errors.AsType[*LostError](trail.Close())
	require.True(t, ok)
	require.Equal(t, int64(2), lost.Lines)
	require.Equal(t, 1, strings.Count(log.String(), "cannot be written"))
	require.Equal(t, 1, strings.Count(log.String(), "written again"))
	whole := 0
	for line := range strings.Lines(strings.Join(out.all(), "")) {
		if json.Valid([]byte(line)) {
			whole++
		}
	}
	require.Equal(t, 2, whole, "the line after a torn one is whole")
	require.EqualError(t, &LostError{Lines: 1}, "the decision log lacks 1 line that could not be written")
}

func TestNewRefusesNegativeBounds(t *testing.T) {
	_, err := New(Config{Calls: -1})
	require.Error(t, err)
	_, err = New(Config{SizeInBytes: -1})
	require.Error(t, err)
}

func TestRecentIsBoundedByCalls(t *testing.T) {
	r := newRecent(3, 1<<20)
	for i := range 10 {
		r.add(numbered(t, fmt.Sprint("r", i)))
	}
	for i := range 10 {
		_, ok := r.get(fmt.Sprint("r", i))
		require.Equal(t, i >= 7, ok, i)
	}
	require.Equal(t, 3, r.used)
	require.Len(t, r.keys, 3)
	r.add(numbered(t, "r9"))
	r.add(numbered(t, "x"))
	r.add(numbered(t, "y"))
	_, ok := r.get("r9")
	require.True(t, ok, "of two calls with an id, forgetting the older keeps the newer")
	for r.used > 0 {
		r.forget()
	}
	require.Zero(t, r.size)
	require.Empty(t, r.keys)
	require.Empty(t, r.principals)
}

// Texts of the caller's choice count.
func TestSizeOfCalls(t *testing.T) {
	small, large := numbered(t, "r"), numbered(t, "r")
	large.Call.Connection().UserAgent = strings.Repeat("u", 1000)
	large.Operation = strings.Repeat("o", 1000)
	large.Err = &kms.Error{Code: kms.CodeValidation, Message: strings.Repeat("m", 1000), Cause: errors.New(strings.Repeat("c", 1000))}
	require.Greater(t, sizeOf(large), sizeOf(small)+3000-20)
	r := newRecent(1, 1<<20)
	r.add(large)
	kept, _ := r.get("r")
	require.NoError(t, errors.Unwrap(kept.Err), "what happened inside is not kept")
	require.Equal(t, large.Err.Error(), kept.Err.Error())
}

func TestRecentIsBoundedByBytes(t *testing.T) {
	one := numbered(t, "r0")
	size := sizeOf(one) + keySize + principalSize
	r := newRecent(1000, 10*size)
	for i := range 50 {
		r.add(numbered(t, fmt.Sprint("r", i))) // each with a version of the key of its own
		require.LessOrEqual(t, r.size, 10*size)
	}
	require.Equal(t, 10, r.used)
	shared := newRecent(1000, 10*size)
	for range 50 {
		shared.add(one)
	}
	require.Greater(t, shared.used, 10, "one version of a key counts once")
	tiny := newRecent(10, 1)
	tiny.add(one)
	require.Zero(t, tiny.used)
	require.Zero(t, tiny.size)
}

func TestExplainAPastCall(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, trail.Close()) }()
	e := encryption(t, by(alice(t, account)), "kms:Decrypt")
	trail.Record(e)
	x, ok := trail.Explain(t.Context(), "request-1")
	require.True(t, ok)
	require.Equal(t, "Decrypt", x.Operation)
	require.Equal(t, "AccessDenied", x.ErrorCode)
	require.Equal(t, "arn:aws:iam::111122223333:user/alice", x.Principal)
	require.Len(t, x.Decisions, 1)
	d := x.Decisions[0]
	require.Equal(t, keyARN, d.Resource)
	require.False(t, d.Passed)
	require.Equal(t, "no-key-policy", d.Reason)
	at := slices.IndexFunc(d.Layers, func(l evaluator.Layer) bool { return l.Layer == "key-policy" })
	require.Equal(t, "Action", d.Layers[at].Statements[0].Unmet[0].Element, "the whole explanation, not the deciding statements only")
	text, err := json.Marshal(d)
	require.NoError(t, err)
	require.Contains(t, string(text), `"decision":"deny","reason":"no-key-policy"`)
	_, ok = trail.Explain(t.Context(), "request-2")
	require.False(t, ok)
}

func TestExplainACallThatWasNotDecided(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, trail.Close()) }()
	connection := by(alice(t, account))
	connection.RequestID = "off"
	call := enforcer(t, enforce.Off).Call(connection)
	require.NoError(t, call.Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: key(t)}))
	trail.Record(&Entry{Call: call, Operation: "Decrypt"})
	x, _ := trail.Explain(t.Context(), "off")
	require.True(t, x.Decisions[0].Passed)
	require.Equal(t, "no-key-policy", x.Decisions[0].Reason, "what strict would decide")

	bad := enforcer(t, enforce.Strict).Call(enforce.Connection{RequestID: "bad"})
	require.Error(t, bad.Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: key(t)}))
	trail.Record(&Entry{Call: bad, Operation: "Decrypt"})
	x, _ = trail.Explain(t.Context(), "bad")
	require.Equal(t, "the call has no principal", x.Decisions[0].Error)
	require.Equal(t, "error", x.Decisions[0].Reason)

	early := enforcer(t, enforce.Strict).Call(enforce.Connection{RequestID: "early"})
	trail.Record(&Entry{Call: early, Operation: "Decrypt", Err: &kms.Error{Code: kms.CodeValidation}})
	x, ok := trail.Explain(t.Context(), "early")
	require.True(t, ok)
	require.Empty(t, x.Decisions)
	require.NotNil(t, x.Decisions)
}

// Denied lists what AWS would deny, also when it passed, among the calls that are still known.
func TestDenied(t *testing.T) {
	trail, err := New(Config{Calls: 3})
	require.NoError(t, err)
	defer func() { require.NoError(t, trail.Close()) }()
	record := func(id string, mode enforce.Mode, action string) {
		connection := by(alice(t, account))
		connection.RequestID = id
		call := enforcer(t, mode).Call(connection)
		err := call.Authorize(t.Context(), &kms.Access{Action: action, Key: key(t)})
		trail.Record(&Entry{Call: call, Operation: action[len("kms:"):], Err: err})
	}
	require.Empty(t, trail.Denied())
	record("strict", enforce.Strict, "kms:Decrypt")
	record("allowed", enforce.Strict, "kms:Encrypt")
	record("soft", enforce.Soft, "kms:Decrypt")
	require.Equal(t, []string{"strict", "soft"}, trail.Denied())
	record("off", enforce.Off, "kms:Decrypt")
	require.Equal(t, []string{"soft"}, trail.Denied(), "the oldest is forgotten, and off denies nothing")
}
