package kms

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

// pages lists all there is, page by page.
func (w *grantWorld) pages(who, operation string, input in, limit any) (all []grantListEntry, sizes []int) {
	w.t.Helper()
	input["Limit"] = limit
	if limit == nil {
		delete(input, "Limit")
	}
	delete(input, "Marker")
	for {
		out := mustAs[listGrantsOutput](w, who, operation, input)
		all, sizes = append(all, out.Grants...), append(sizes, len(out.Grants))
		require.Equal(w.t, out.Truncated, out.NextMarker != "")
		if !out.Truncated {
			return all, sizes
		}
		input["Marker"] = out.NextMarker
	}
}

func TestListGrants(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, carol := w.user(ownerAccount, "bob", ""), w.user(ownerAccount, "carol", "")
	key, other := w.key(nil), w.key(nil)
	empty := mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key})
	require.NotNil(t, empty.Grants, "an empty list, not null")
	require.Empty(t, empty.Grants)

	made := map[string]string{}
	for i := range 120 {
		grantee := []string{bob, carol, carol}[i%3]
		made[w.grant(key, grantee, nil).GrantId] = grantee
	}
	elsewhere := w.grant(other, bob, nil)
	for _, test := range []struct {
		limit any
		sizes []int
	}{
		{nil, []int{50, 50, 20}},
		{100, []int{100, 20}},
		{1000, []int{100, 20}},
		{60, []int{60, 60}},
		{7, append(slices.Repeat([]int{7}, 17), 1)},
	} {
		all, sizes := w.pages(ownerRoot, "ListGrants", in{"KeyId": key}, test.limit)
		require.Equal(t, test.sizes, sizes)
		seen := map[string]string{}
		for _, g := range all {
			seen[g.GrantId] = g.GranteePrincipal
		}
		require.Equal(t, made, seen)
	}
	ofBob, sizes := w.pages(ownerRoot, "ListGrants", in{"KeyId": key, "GranteePrincipal": bob}, 30)
	require.Equal(t, []int{30, 10}, sizes)
	for _, g := range ofBob {
		require.Equal(t, bob, g.GranteePrincipal)
	}
	one, _ := w.pages(ownerRoot, "ListGrants", in{"KeyId": key, "GrantId": ofBob[3].GrantId}, 10)
	require.Equal(t, ofBob[3:4], one)
	for _, none := range []in{
		{"GrantId": ofBob[3].GrantId, "GranteePrincipal": carol},
		{"GrantId": elsewhere.GrantId},
		{"GranteePrincipal": "arn:aws:iam::111122223333:user/dave"},
	} {
		none["KeyId"] = key
		all, _ := w.pages(ownerRoot, "ListGrants", none, 10)
		require.Empty(t, all)
	}
}

// TestListGrantsWhileTheyChange deletes what a marker stands at.
func TestListGrantsWhileTheyChange(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	for range 5 {
		w.grant(key, bob, nil)
	}
	ids := w.ids(key)
	first := mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key, "Limit": 2})
	w.does(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": ids[1]})
	w.does(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": ids[2]})
	second := mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key, "Limit": 2, "Marker": first.NextMarker})
	require.Equal(t, ids[3:], []string{second.Grants[0].GrantId, second.Grants[1].GrantId})
	require.False(t, second.Truncated)
}

func TestListGrantsRefuses(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	w.user(ownerAccount, "bob", "")
	key := w.key(nil)
	for name, test := range map[string]struct {
		who   string
		input in
		code  string
	}{
		"not allowed":              {"bob", in{"KeyId": key}, CodeAccessDenied},
		"no key":                   {ownerRoot, in{}, CodeValidation},
		"limit 0":                  {ownerRoot, in{"KeyId": key, "Limit": 0}, CodeValidation},
		"limit 1001":               {ownerRoot, in{"KeyId": key, "Limit": 1001}, CodeValidation},
		"a marker that is none":    {ownerRoot, in{"KeyId": key, "Marker": "x"}, CodeInvalidMarker},
		"an id that is none":       {ownerRoot, in{"KeyId": key, "GrantId": "id"}, CodeInvalidGrantID},
		"two kinds of grantee":     {ownerRoot, in{"KeyId": key, "GranteePrincipal": "a", "GranteeServicePrincipal": "b"}, CodeValidation},
		"a service, by a user":     {ownerRoot, in{"KeyId": key, "GranteeServicePrincipal": "s3.amazonaws.com"}, CodeValidation},
		"an alias":                 {ownerRoot, in{"KeyId": "arn:aws:kms:us-east-1:111122223333:alias/a"}, CodeInvalidArn},
		"a key that is not there":  {ownerRoot, in{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}, CodeNotFound},
		"a key of another account": {"root@" + otherAccount, in{"KeyId": key}, CodeAccessDenied},
	} {
		t.Run(name, func(*testing.T) { w.fails(test.who, "ListGrants", test.input, test.code) })
	}
}

func TestListRetirableGrants(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	list := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:ListRetirableGrants","Resource":"*"}}`
	bob := w.user(ownerAccount, "bob", list)
	dave := w.user(otherAccount, "dave", list)
	w.user(ownerAccount, "carol", "")
	key, second := w.key(nil), w.key(nil)
	var wanted []string
	for i := range 70 {
		wanted = append(wanted, w.grant([]string{key, second}[i%2], bob, in{"RetiringPrincipal": dave}).GrantId)
	}
	w.grant(key, bob, in{"RetiringPrincipal": bob})
	w.grant(key, bob, nil)
	slices.Sort(wanted)

	request := func() in { return in{"RetiringPrincipal": dave} }
	for limit, sizes := range map[int][]int{100: {70}, 30: {30, 30, 10}, 35: {35, 35}} {
		all, found := w.pages("dave", "ListRetirableGrants", request(), limit)
		require.Equal(t, sizes, found)
		var ids []string
		for _, g := range all {
			ids = append(ids, g.GrantId)
		}
		require.Equal(t, wanted, ids)
	}
	_, sizes := w.pages("dave", "ListRetirableGrants", request(), nil)
	require.Equal(t, []int{50, 20}, sizes)

	w.does("dave", "RetireGrant", in{"KeyId": key, "GrantId": idOn(t, w, key, dave)})
	w.does(ownerRoot, "ScheduleKeyDeletion", in{"KeyId": second, "PendingWindowInDays": 7})
	all, _ := w.pages("dave", "ListRetirableGrants", request(), 100)
	require.Len(t, all, 69)
	w.mu.Lock()
	w.now = w.now.Add(8 * 24 * time.Hour)
	w.mu.Unlock()
	all, _ = w.pages("dave", "ListRetirableGrants", request(), 100)
	require.Len(t, all, 34, "those of a key that was deleted are gone")

	w.fails("carol", "ListRetirableGrants", in{"RetiringPrincipal": bob}, CodeAccessDenied)
	w.fails("bob", "ListRetirableGrants", request(), CodeAccessDenied)
	w.fails("bob", "ListRetirableGrants", in{}, CodeValidation)
	w.fails("bob", "ListRetirableGrants", in{"RetiringPrincipal": bob, "RetiringServicePrincipal": "s3.amazonaws.com"}, CodeValidation)
	w.fails("bob", "ListRetirableGrants", in{"RetiringServicePrincipal": "s3.amazonaws.com"}, CodeValidation)
	w.fails("bob", "ListRetirableGrants", in{"RetiringPrincipal": "bob"}, CodeInvalidArn)
	w.fails("bob", "ListRetirableGrants", in{"RetiringPrincipal": bob, "Marker": "x"}, CodeInvalidMarker)
}

// idOn is the id of some grant on a key that a principal may retire.
func idOn(t *testing.T, w *grantWorld, key, retirer string) string {
	t.Helper()
	all, _ := w.pages(ownerRoot, "ListGrants", in{"KeyId": key}, 100)
	i := slices.IndexFunc(all, func(g grantListEntry) bool { return g.RetiringPrincipal == retirer })
	require.NotEqual(t, -1, i)
	return all[i].GrantId
}

// TestGrantsOfOneKey has a key with as many grants as a key can have.
func TestGrantsOfOneKey(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	path := statePath(ownerAccount, "us-east-1", key[strings.LastIndexByte(key, '/')+1:])
	for start := 0; start < maxGrants-1; start += store.MaxChanges {
		var tx store.Tx
		for i := start; i < min(start+store.MaxChanges, maxGrants-1); i++ {
			record := &grantRecord{GranteePrincipal: bob, Operations: []string{"Decrypt"}, IssuingAccount: ownerAccount}
			change, err := record.change(path, fmt.Sprintf("%064x", i))
			require.NoError(t, err)
			tx.Changes = append(tx.Changes, change)
		}
		_, err := w.store.Commit(t.Context(), tx)
		require.NoError(t, err)
	}
	require.NoError(t, w.service.refresh(t.Context()))
	last := w.grant(key, bob, in{"Name": "last"})
	e := w.fails(ownerRoot, "CreateGrant", grantRequest(key, bob, nil), CodeLimitExceeded)
	require.NotEmpty(t, e.Message)
	again := w.grant(key, bob, in{"Name": "last"})
	require.Equal(t, last.GrantId, again.GrantId, "it is there already")
	w.does(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": fmt.Sprintf("%064x", 7)})
	w.grant(key, bob, nil)
}
