package iam_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
)

const denyKeys = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`

// seenAs is what an organization says about an account, without where its policies were written down.
func seenAs(o *iam.Organization) any {
	texts := func(levels [][]*iam.Policy) [][]*iam.Policy {
		out := make([][]*iam.Policy, len(levels))
		for i, level := range levels {
			out[i] = []*iam.Policy{}
			for _, p := range level {
				out[i] = append(out[i], &iam.Policy{Name: p.Name, Text: p.Text})
			}
		}
		return out
	}
	return []any{o.Account, o.ID, o.Path, o.Management, texts(o.SCPs), texts(o.RCPs)}
}

// TestDirectoryOfWhatWasLoaded shows that an organization that was loaded says the same once its API has it.
func TestDirectoryOfWhatWasLoaded(t *testing.T) {
	st := newStore(t)
	s := open(t, st, newClock())
	full := &iam.Policy{Name: "FullAWSAccess", Text: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}
	deny := &iam.Policy{Name: "Deny", Text: denyKeys}
	loaded := []*iam.Organization{
		{Account: home, ID: "o-a1b2c3d4e5", Path: "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", SCPs: [][]*iam.Policy{{full}, {full, deny}, {full}}, RCPs: [][]*iam.Policy{{}, {}, {}}},
		{Account: "999988887777", ID: "o-a1b2c3d4e5", Path: "o-a1b2c3d4e5/r-ab12/", Management: true, SCPs: [][]*iam.Policy{{full}, {full}}, RCPs: [][]*iam.Policy{{}, {}}},
	}
	edit(t, s, func(e *iam.Edit) error {
		for _, o := range loaded {
			if err := e.PutOrganization(o); err != nil {
				return err
			}
		}
		return nil
	})
	var before []any
	for _, o := range loaded {
		before = append(before, seenAs(s.Organization(o.Account)))
	}
	edit(t, s, func(e *iam.Edit) error {
		d, err := e.Directory(home)
		require.NoError(t, err)
		require.Equal(t, "999988887777", d.Management)
		return e.PutDirectory(d)
	})
	again := open(t, st, newClock())
	for i, o := range loaded {
		for _, service := range []*iam.Service{s, again} {
			require.Equal(t, before[i], seenAs(service.Organization(o.Account)))
			require.Same(t, service.Organization(o.Account), service.Organization(o.Account))
		}
	}
	err := s.Edit(t.Context(), func(e *iam.Edit) error { return e.PutOrganization(loaded[0]) })
	require.ErrorContains(t, err, iam.CodeEntityAlreadyExists)
	edit(t, s, func(e *iam.Edit) error {
		d, err := e.Directory(home)
		require.NoError(t, err)
		d.Attached[home] = nil
		return e.PutDirectory(d)
	})
	require.Empty(t, s.Organization(home).SCPs[2], "an empty level allows nothing")
	require.Eventually(t, func() bool { return len(again.Organization(home).SCPs[2]) == 0 }, 10*time.Second, time.Millisecond)
}

// TestDirectoryInCircles shows that a damaged tree does not keep anybody busy.
func TestDirectoryInCircles(t *testing.T) {
	d := &iam.Directory{Units: map[string]*iam.Unit{"ou-1": {Parent: "ou-2"}, "ou-2": {Parent: "ou-1"}}}
	require.LessOrEqual(t, len(d.Above("ou-1")), 4)
}

func TestSessionAccount(t *testing.T) {
	c := newClock()
	s := open(t, newStore(t), c)
	people(t, s)
	for range 100 {
		got, err := s.AssumeRole(t.Context(), appARN, "me", iam.SessionOptions{})
		require.NoError(t, err)
		account, ok := iam.SessionAccount(got.AccessKeyID)
		require.True(t, ok)
		require.Equal(t, home, account)
		require.Positive(t, got.TokenUtilization())
	}
	for _, id := range []string{"", "ASIA", "AKIAIOSFODNN7EXAMPLE", "ASIAaaaaaaaaaaaaaaaa", "ASIA1111111111111111", "ASIAAAAAAAAAAAAAAAAA", "ASIA7777777777777777"} {
		_, ok := iam.SessionAccount(id)
		require.False(t, ok, id)
	}
}
