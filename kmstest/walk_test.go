package kmstest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// in is the input of an operation.
type in map[string]any

// with returns the input with members added or replaced.
func (i in) with(more in) in {
	out := maps.Clone(i)
	maps.Copy(out, more)
	return out
}

// refused is a request that is refused, with the message that AWS gives; a trailing … stands for anything.
type refused struct {
	in
	message string
}

// provocation makes a request of an operation that is refused.
type provocation func(w *walker, op *walked) refused

// walked is how an operation succeeds, and how it comes to each error that AWS documents.
type walked struct {
	name string
	// kind is the kind of key that the request succeeds with, empty for an operation without key.
	kind string
	// member is the member of the request that names the key: KeyId without.
	member string
	// request makes one that succeeds with a key.
	request func(w *walker, key string) in
	// answers are members of the answer.
	answers []string
	// errors are the errors that are provoked in another way than the ordinary ones of their name.
	errors map[string]provocation
	// never are the documented errors that do not come, with the reason.
	never map[string]string
}

func (op *walked) keyMember() string {
	if op.member == "" {
		return "KeyId"
	}
	return op.member
}

// walk runs the rows of an operation through boto3 and the AWS CLI, and returns how many errors were reached.
func (w *walker) walk(op *walked, documented []string) int {
	w.t.Helper()
	for _, client := range []string{boto3, awsCLI} {
		output := w.mustCall(client, op.name, op.request(w, w.keyOf(op.kind)))
		for _, member := range op.answers {
			require.Contains(w.t, output, member, "%s with %s", op.name, client)
		}
	}
	reached := 0
	for _, code := range documented {
		provoke := op.errors[code]
		if reason := op.never[code]; reason != "" {
			require.Nil(w.t, provoke, "%s, %s: both provoked and said to be never", op.name, code)
			continue
		}
		if provoke == nil && op.request != nil {
			provoke = ordinary[code]
		}
		if neverAnywhere[code] != "" {
			continue
		}
		require.NotNil(w.t, provoke, "%s: %s is documented, and neither provoked nor said to be never", op.name, code)
		w.refused(op, code, provoke(w, op))
		reached++
	}
	stated := slices.Concat(slices.Collect(maps.Keys(op.errors)), slices.Collect(maps.Keys(op.never)))
	require.Subset(w.t, documented, stated, "%s: what is not documented", op.name)
	return reached
}

// refused requires that both clients come to the same error.
func (w *walker) refused(op *walked, code string, r refused) {
	w.t.Helper()
	for _, client := range []string{boto3, awsCLI} {
		where := op.name + ", " + code + ", " + client
		e := w.call(client, op.name, r.in).Error
		require.NotNil(w.t, e, "%s: it succeeded", where)
		require.Equal(w.t, code, e.Code, "%s: %s", where, e.Message)
		require.Equal(w.t, op.name, e.Operation, where)
		if beginning, ok := strings.CutSuffix(r.message, "…"); ok {
			require.Truef(w.t, strings.HasPrefix(e.Message, beginning), "%s: %q", where, e.Message)
		} else {
			require.Equal(w.t, r.message, e.Message, where)
		}
		if client == boto3 {
			require.Equal(w.t, code, e.Class, "%s: the class of the exception", where)
			require.Equal(w.t, 400, e.Status, where)
			require.NotEmpty(w.t, e.RequestID, where)
		}
	}
}

// walkedOperations are all operations.
func walkedOperations() []walked {
	return slices.Concat(walkedCryptography, walkedKeys, walkedOthers, walkedKeyStores)
}

// walkWorld is an account with somebody who may do everything, and who may retire grants.
const walkWorld = `
accounts:
  "111122223333":
    users:
      alice: {policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "*", Resource: "*"}}}}
      bob: {}
`

// TestWalk has boto3 and the AWS CLI do every operation that their model has, and come to every error that it documents for
// the operation. An error that is not in the table is a failure: it is reached, or it is said why it never comes.
func TestWalk(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped: a thousand calls by Python")
	}
	clock := &kmstest.Clock{}
	o, options := newOutside(t)
	s := kmstest.Start(t, append(options, kmstest.WithWorld(walkWorld), kmstest.WithClock(clock))...)
	w := newWalker(t, s)
	w.outside = o
	table := map[string]*walked{}
	for _, op := range walkedOperations() {
		require.Nil(t, table[op.name], "%s is there twice", op.name)
		table[op.name] = &op
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(w.model)), slices.Collect(maps.Keys(table)))
	total, reached := 0, 0 // documented errors
	for _, name := range slices.Sorted(maps.Keys(table)) {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.t = t
			total += len(w.model[name])
			reached += w.walk(table[name], w.model[name])
		})
	}
	t.Logf("%d operations, %d of %d documented errors reached", len(table), reached, total)
}
