package iam_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

const (
	home  = "111122223333"
	other = "444455556666"

	allowAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`
	allowRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*"}]}`
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func root(tb testing.TB) *material.Root {
	tb.Helper()
	r, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(tb, err)
	return r
}

// open starts a service on a store.
func open(tb testing.TB, st store.Store, c *clock) *iam.Service {
	tb.Helper()
	s, err := iam.New(tb.Context(), iam.Config{Store: st, Sealer: root(tb), Clock: c.Now})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// newStore is an empty store.
func newStore(tb testing.TB) store.Store {
	tb.Helper()
	st := mem.New()
	tb.Cleanup(func() { _ = st.Close() })
	return st
}

// edit makes a change that must succeed.
func edit(tb testing.TB, s *iam.Service, change func(e *iam.Edit) error) {
	tb.Helper()
	require.NoError(tb, s.Edit(tb.Context(), change))
}

func inline(name, text string) []*iam.Policy { return []*iam.Policy{{Name: name, Text: text}} }

func managed(name, text string) *iam.ManagedPolicyDetail {
	return &iam.ManagedPolicyDetail{
		Account: home, Name: name, Default: "v1",
		Versions: []*iam.PolicyVersion{{ID: "v1", Policy: &iam.Policy{Name: name, Text: text}}},
	}
}

func managedARN(name string) string { return "arn:aws:iam::" + home + ":policy/" + name }

// people makes a user alice in a group, a role App, and their policies.
func people(tb testing.TB, s *iam.Service) {
	tb.Helper()
	edit(tb, s, func(e *iam.Edit) error {
		for _, err := range []error{
			e.PutManagedPolicy(managed("Use", allowAll)),
			e.PutManagedPolicy(managed("Limit", allowRead)),
			e.PutGroup(&iam.GroupDetail{Account: home, Name: "Devs", Inline: inline("read", allowRead)}),
			e.PutUser(&iam.UserDetail{
				Account: home, Name: "alice", Path: "/team/", Tags: map[string]string{"team": "red"}, Groups: []string{"Devs"},
				Inline: inline("own", allowAll), Attached: []string{managedARN("Use")}, Boundary: managedARN("Limit"),
			}),
			e.PutUser(&iam.UserDetail{Account: home, Name: "bob"}),
			e.PutRole(&iam.RoleDetail{
				Account: home, Name: "App", Path: "/service/", Tags: map[string]string{"Stage": "test", "keep": "me"},
				Attached: []string{managedARN("Use")}, MaxSession: 2 * time.Hour,
			}),
			e.EnsureAccount(other, ""),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// names are the names of documents.
func names(docs []*policy.Document) []string {
	var out []string
	for _, d := range docs {
		out = append(out, d.Name)
	}
	return out
}

// newKey makes an access key.
func newKey(tb testing.TB, s *iam.Service, o iam.Owner) *iam.AccessKey {
	tb.Helper()
	var k *iam.AccessKey
	edit(tb, s, func(e *iam.Edit) (err error) {
		k, err = e.CreateAccessKey(o, "")
		return err
	})
	return k
}
