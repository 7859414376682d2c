package kms

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// meddler is a store that does something just before or just after an operation reads below a prefix, once.
type meddler struct {
	store.Store
	prefix        string
	before, after func()
}

func (m *meddler) Range(ctx context.Context, prefix, after string, limit int) ([]store.Entry, int64, error) {
	if m.prefix == "" || !strings.HasPrefix(prefix, m.prefix) {
		return m.Store.Range(ctx, prefix, after, limit)
	}
	m.prefix = ""
	if m.before != nil {
		m.before()
	}
	entries, revision, err := m.Store.Range(ctx, prefix, after, limit)
	if m.after != nil {
		m.after()
	}
	return entries, revision, err
}

// TestGrantNameMeetsTheSame has the same named grant made while another call makes it: before and after that looked
// for what was made.
func TestGrantNameMeetsTheSame(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(*meddler, func()){
		"before it looks": func(m *meddler, make func()) { m.before = make },
		"after it looked": func(m *meddler, make func()) { m.after = make },
	} {
		t.Run(name, func(t *testing.T) {
			m := &meddler{Store: mem.New()}
			w := newGrantWorldOn(t, m)
			bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
			named := in{"Name": "n"}
			var other *createGrantOutput
			at(m, func() { other = w.grant(key, bob, named) })
			m.prefix = grantNamesPrefix
			require.Equal(t, w.grant(key, bob, named).GrantId, other.GrantId)
			require.Len(t, w.ids(key), 1)
		})
	}
}

// TestCreateGrantMeetsAChange has the key disabled, or its policy replaced, after the call was authorized.
func TestCreateGrantMeetsAChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(w *grantWorld, key string)
		code   string
	}{
		"disabled": {func(w *grantWorld, key string) { w.does(ownerRoot, "DisableKey", in{"KeyId": key}) }, CodeDisabled},
		"policy": {func(w *grantWorld, key string) {
			w.does(ownerRoot, "PutKeyPolicy", in{"KeyId": key, "Policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
				"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}}`})
		}, CodeAccessDenied},
	} {
		t.Run(name, func(t *testing.T) {
			m := &meddler{Store: mem.New(), prefix: grantNamesPrefix}
			w := newGrantWorldOn(t, m)
			bob := w.user(ownerAccount, "bob", "")
			key := w.key(nil, `{"Effect":"Allow","Principal":{"AWS":"`+bob+`"},"Action":"kms:CreateGrant","Resource":"*"}`)
			m.after = func() { test.change(w, key) }
			w.fails("bob", "CreateGrant", grantRequest(key, bob, in{"Name": "n"}), test.code)
			require.Empty(t, w.ids(key))
		})
	}
}

// zeros is a source of random bytes that are not.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestGrantIDIsNotUsedTwice(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	w.service.config.Rand = zeros{}
	made := w.grant(key, bob, nil)
	require.Equal(t, strings.Repeat("0", 64), made.GrantId)
	w.fails(ownerRoot, "CreateGrant", grantRequest(key, bob, in{"Operations": []string{"Encrypt"}}), CodeInternal)
	grants := mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key}).Grants
	require.Len(t, grants, 1)
	require.Equal(t, []string{"Decrypt"}, grants[0].Operations)
}

// lagging is a store whose watch tells nothing until the store is read again.
type lagging struct {
	store.Store
	reads int
	open  chan struct{}
	once  sync.Once
}

func (l *lagging) Range(ctx context.Context, prefix, after string, limit int) ([]store.Entry, int64, error) {
	if l.reads++; l.reads > 1 {
		l.once.Do(func() { close(l.open) })
	}
	return l.Store.Range(ctx, prefix, after, limit)
}

func (l *lagging) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[store.Batch, error] {
	return func(yield func(store.Batch, error) bool) {
		select {
		case <-l.open:
		case <-ctx.Done():
			return
		}
		l.Store.Watch(ctx, prefix, after)(yield)
	}
}

// TestGrantTokenOnAnotherServer has a server that does not know of a grant yet be shown its token.
func TestGrantTokenOnAnotherServer(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	lag := &lagging{Store: w.store, open: make(chan struct{})}
	first, config := w.service, w.service.config
	config.Store = lag
	second, err := New(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(second.Close())) })

	made := w.grant(key, bob, in{"Operations": []string{"DescribeKey"}})
	w.does("bob", "DescribeKey", in{"KeyId": key})
	w.service = second
	w.fails("bob", "DescribeKey", in{"KeyId": key}, CodeAccessDenied)
	w.does("bob", "DescribeKey", in{"KeyId": key, "GrantTokens": []string{made.GrantToken}})
	w.does("bob", "DescribeKey", in{"KeyId": key})
	w.service = first
}

// TestGrantsAreThereAfterRestart reads the grants of a store anew.
func TestGrantsAreThereAfterRestart(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	named := in{"Name": "n", "RetiringPrincipal": bob, "Constraints": in{"EncryptionContextEquals": in{}}}
	made := w.grant(key, bob, named)
	w.grant(key, bob, in{"Constraints": in{"SourceArn": "arn:aws:s3:::b", "EncryptionContextSubset": in{"a": "1"}}})
	before := mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key})

	again, err := New(t.Context(), w.service.config)
	require.NoError(t, err)
	require.NoError(t, w.service.Close())
	w.service = again
	require.Equal(t, before, mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key}))
	require.Equal(t, made.GrantId, w.grant(key, bob, named).GrantId)
	w.does("bob", "RetireGrant", in{"GrantToken": made.GrantToken})
}
