package iam_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/store"
)

func TestEditIsWholeOrNothing(t *testing.T) {
	st := newStore(t)
	s := open(t, st, newClock())
	broken := errors.New("broken")
	err := s.Edit(t.Context(), func(e *iam.Edit) error {
		require.NoError(t, e.PutUser(&iam.UserDetail{Account: home, Name: "alice"}))
		require.NotNil(t, e.User(home, "alice"), "an edit sees what it changed")
		return broken
	})
	require.ErrorIs(t, err, broken)
	entries, _, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Empty(t, entries)
	edit(t, s, func(*iam.Edit) error { return nil })
}

func TestEntities(t *testing.T) {
	c := newClock()
	s := open(t, newStore(t), c)
	people(t, s)
	edit(t, s, func(e *iam.Edit) error {
		alice, group, role, p := e.User(home, "alice"), e.Group(home, "Devs"), e.Role(home, "App"), e.ManagedPolicy(managedARN("Use"))
		for prefix, id := range map[string]string{"AIDA": alice.ID, "AGPA": group.ID, "AROA": role.ID, "ANPA": p.ID} {
			require.Regexp(t, "^"+prefix+"[A-Z2-7]{17}$", id)
		}
		for _, created := range []time.Time{alice.Created, group.Created, role.Created, p.Created} {
			require.Equal(t, c.Now(), created)
		}
		require.Equal(t, "/", group.Path)
		require.Nil(t, e.User(home, "ALICE"))
		require.Nil(t, e.Role(other, "App"))
		require.Nil(t, e.ManagedPolicy("arn:aws:iam::"+home+":policy/path/Use"))
		require.Nil(t, e.ManagedPolicy("nonsense"))
		require.Equal(t, "aws", e.Account(home).Partition)
		return nil
	})
	require.Len(t, s.Accounts(), 2)

	edit(t, s, func(e *iam.Edit) error {
		require.True(t, e.NameTaken(home, "user", "ALICE"))
		require.False(t, e.NameTaken(home, "user", "ali"))
		require.False(t, e.NameTaken(other, "user", "alice"))
		require.NoError(t, e.DeleteUser(home, "alice"))
		require.False(t, e.NameTaken(home, "user", "alice"))
		require.NoError(t, e.PutUser(&iam.UserDetail{Account: home, Name: "Carol"}))
		require.True(t, e.NameTaken(home, "user", "carol"))
		require.NoError(t, e.DeleteGroup(home, "Devs"))
		require.NoError(t, e.DeleteRole(home, "App"))
		require.NoError(t, e.DeleteManagedPolicy(managedARN("Use")))
		return nil
	})
	edit(t, s, func(e *iam.Edit) error {
		require.Nil(t, e.User(home, "alice"))
		require.Nil(t, e.Group(home, "Devs"))
		require.Nil(t, e.Role(home, "App"))
		require.Nil(t, e.ManagedPolicy(managedARN("Use")))
		return nil
	})
}

// TestCopies changes what an edit handed out without putting it back.
func TestCopies(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	edit(t, s, func(e *iam.Edit) error {
		u, g, r, p := e.User(home, "alice"), e.Group(home, "Devs"), e.Role(home, "App"), e.ManagedPolicy(managedARN("Use"))
		u.Tags["team"], u.Inline[0].Text, u.Attached[0], u.Groups[0] = "", "", "", ""
		g.Inline[0].Text = ""
		r.Tags["keep"], r.Attached[0] = "", ""
		p.Versions[0].Policy.Text = ""
		return nil
	})
	p, err := s.Principal(t.Context(), "arn:aws:iam::"+home+":user/team/alice")
	require.NoError(t, err)
	require.Equal(t, []string{"user/alice/own", "Use", "group/Devs/read"}, names(p.Identity))
	require.Equal(t, "red", p.Tags["team"])
	for _, d := range p.Identity {
		require.False(t, d.HasUnresolved())
	}
}

func TestRefusedEntities(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	tags := map[string]string{}
	for i := range 51 {
		tags[strconv.Itoa(i)] = ""
	}
	user := func(change func(u *iam.UserDetail)) func(e *iam.Edit) error {
		return func(e *iam.Edit) error {
			u := &iam.UserDetail{Account: home, Name: "new"}
			change(u)
			return e.PutUser(u)
		}
	}
	policies := func(change func(p *iam.ManagedPolicyDetail)) func(e *iam.Edit) error {
		return func(e *iam.Edit) error {
			p := managed("New", allowAll)
			change(p)
			return e.PutManagedPolicy(p)
		}
	}
	for name, test := range map[string]struct {
		change func(e *iam.Edit) error
		says   string
	}{
		"name taken":     {user(func(u *iam.UserDetail) { u.Name = "alice" }), "EntityAlreadyExists: User with name alice already exists."},
		"group taken":    {func(e *iam.Edit) error { return e.PutGroup(&iam.GroupDetail{Account: home, Name: "Devs"}) }, "Group with name Devs already exists."},
		"role taken":     {func(e *iam.Edit) error { return e.PutRole(&iam.RoleDetail{Account: home, Name: "App"}) }, "Role with name App already exists."},
		"policy taken":   {policies(func(p *iam.ManagedPolicyDetail) { p.Name = "Use" }), "EntityAlreadyExists: A policy called Use already exists. Duplicate names are not allowed."},
		"no name":        {user(func(u *iam.UserDetail) { u.Name = "" }), "Member must have length greater than or equal to 1"},
		"path traversal": {user(func(u *iam.UserDetail) { u.Name = "../../role/App" }), "The specified value for userName is invalid."},
		"long name":      {user(func(u *iam.UserDetail) { u.Name = strings.Repeat("x", 65) }), "less than or equal to 64"},
		"path":           {user(func(u *iam.UserDetail) { u.Path = "team" }), "The specified value for path is invalid."},
		"long path":      {user(func(u *iam.UserDetail) { u.Path = "/" + strings.Repeat("x", 511) + "/" }), "less than or equal to 512"},
		"account":        {user(func(u *iam.UserDetail) { u.Account = "1234" }), `"1234" is no account of 12 digits`},
		"policy":         {user(func(u *iam.UserDetail) { u.Inline = inline("x", "{") }), "MalformedPolicyDocument"},
		"policy name":    {user(func(u *iam.UserDetail) { u.Inline = inline("a b", allowAll) }), "policyName"},
		"policies":       {user(func(u *iam.UserDetail) { u.Inline = append(inline("x", allowAll), inline("x", allowRead)...) }), "The policy with name x is there twice."},
		"many tags":      {user(func(u *iam.UserDetail) { u.Tags = tags }), "LimitExceeded"},
		"same tag":       {user(func(u *iam.UserDetail) { u.Tags = map[string]string{"a": "", "A": ""} }), "Duplicate tag keys found."},
		"no tag key":     {user(func(u *iam.UserDetail) { u.Tags = map[string]string{"": ""} }), "tags.member.key"},
		"long tag key":   {user(func(u *iam.UserDetail) { u.Tags = map[string]string{strings.Repeat("x", 129): ""} }), "tags.member.key"},
		"long tag value": {user(func(u *iam.UserDetail) { u.Tags = map[string]string{"x": strings.Repeat("x", 257)} }), "tags.member.value"},
		"trust policy":   {func(e *iam.Edit) error { return e.PutRole(&iam.RoleDetail{Account: home, Name: "r", Trust: "{"}) }, "MalformedPolicyDocument"},
		"session duration": {func(e *iam.Edit) error {
			return e.PutRole(&iam.RoleDetail{Account: home, Name: "r", MaxSession: time.Minute})
		}, "MaxSessionDuration"},
		"no version":   {policies(func(p *iam.ManagedPolicyDetail) { p.Default = "v2" }), `has no version "v2"`},
		"bad version":  {policies(func(p *iam.ManagedPolicyDetail) { p.Versions[0].Policy.Text = "[]" }), "MalformedPolicyDocument"},
		"no user":      {func(e *iam.Edit) error { return e.DeleteUser(home, "nobody") }, "NoSuchEntity: The user with name nobody cannot be found."},
		"no group":     {func(e *iam.Edit) error { return e.DeleteGroup(home, "nobody") }, "NoSuchEntity: The group with name nobody cannot be found."},
		"no role":      {func(e *iam.Edit) error { return e.DeleteRole(home, "nobody") }, "NoSuchEntity: The role with name nobody cannot be found."},
		"no policy":    {func(e *iam.Edit) error { return e.DeleteManagedPolicy("x") }, "NoSuchEntity: Policy x was not found."},
		"partition":    {func(e *iam.Edit) error { return e.EnsureAccount("999988887777", "moon") }, "partition"},
		"organization": {func(e *iam.Edit) error { return e.PutOrganization(&iam.Organization{Account: "x"}) }, "account"},
		"SCP": {func(e *iam.Edit) error {
			return e.PutOrganization(&iam.Organization{Account: home, SCPs: [][]*iam.Policy{inline("x", "{}")}})
		}, "MalformedPolicyDocument"},
		"endpoint": {func(e *iam.Edit) error { return e.PutEndpointPolicy(&iam.EndpointPolicy{ID: "a/b"}) }, "VPC endpoint"},
		"endpoint policy": {func(e *iam.Edit) error {
			return e.PutEndpointPolicy(&iam.EndpointPolicy{ID: "vpce-1", Policy: &iam.Policy{}})
		}, "MalformedPolicyDocument"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, s.Edit(t.Context(), test.change), test.says)
		})
	}
}

// TestTwoServers edit the same user of one store at the same time: no change is lost.
func TestTwoServers(t *testing.T) {
	st := newStore(t)
	one, two := open(t, st, newClock()), open(t, st, newClock())
	people(t, one)
	var wait sync.WaitGroup
	for n, s := range []*iam.Service{one, two} {
		wait.Go(func() {
			for i := range 10 {
				err := s.Edit(t.Context(), func(e *iam.Edit) error {
					u := e.User(home, "alice")
					if u == nil {
						return nil // the other server's memory has her in a moment
					}
					u.Tags[fmt.Sprintf("%d-%d", n, i)] = "x"
					return e.PutUser(u)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	edit(t, one, func(e *iam.Edit) error {
		u := e.User(home, "alice")
		u.Tags["last"] = "x"
		return e.PutUser(u)
	})
	p, err := one.Principal(t.Context(), "arn:aws:iam::"+home+":user/team/alice")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(p.Tags), 12)
}

func TestOrganizationAndEndpoints(t *testing.T) {
	st := newStore(t)
	s := open(t, st, newClock())
	rcp := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}`
	edit(t, s, func(e *iam.Edit) error {
		require.Nil(t, e.Organization(home))
		require.Nil(t, e.EndpointPolicy("vpce-1"))
		return errors.Join(
			e.PutOrganization(&iam.Organization{
				Account: home, ID: "o-1", Path: "o-1/r-1/", SCPs: [][]*iam.Policy{inline("FullAWSAccess", allowAll), {}},
			}),
			e.PutOrganization(&iam.Organization{Account: other, ID: "o-1", Path: "o-1/r-1/", Management: true, RCPs: [][]*iam.Policy{inline("No", rcp)}}),
			e.PutEndpointPolicy(&iam.EndpointPolicy{ID: "vpce-1", Policy: &iam.Policy{Text: rcp}}),
		)
	})
	s = open(t, st, newClock())
	o := s.Organization(home)
	require.Same(t, o, s.Organization(home))
	require.Len(t, o.SCPDocuments(), 2)
	require.Empty(t, o.SCPDocuments()[1], "an empty level allows nothing, and stays")
	require.Equal(t, "FullAWSAccess", o.SCPDocuments()[0][0].Name)
	require.Nil(t, o.RCPDocuments())
	require.Nil(t, s.Organization(other).SCPDocuments())
	require.True(t, s.Organization(other).Management)
	require.Nil(t, s.Organization("999988887777"))
	require.Equal(t, 1, o.Memo(func(*iam.Organization) any { return 1 }))
	require.Equal(t, 1, o.Memo(func(*iam.Organization) any { return 2 }))
	require.Len(t, s.EndpointPolicy("vpce-1").Statements, 1)
	require.Nil(t, s.EndpointPolicy("vpce-2"))
	require.Empty(t, s.Accounts(), "an organization names accounts that are not held here")
}

func TestPrincipalMemo(t *testing.T) {
	p := &iam.Principal{}
	require.Equal(t, 1, p.Memo(func(*iam.Principal) any { return 1 }))
	require.Equal(t, 1, p.Memo(func(*iam.Principal) any { return 2 }))
}

// TestDamagedStores refuses to serve from what it does not understand.
func TestDamagedStores(t *testing.T) {
	user := func(record string) store.Change {
		return store.Change{Key: "iam/" + home + "/user/alice", Value: []byte(record)}
	}
	const rest = `"name":"alice","path":"/","id":"AIDA1","created":"2026-05-01T12:00:00Z"`
	for name, change := range map[string]store.Change{
		"kind":          {Key: "iam/" + home + "/thing/x", Value: []byte(`{"v":1,"r":{}}`)},
		"key":           {Key: "iam/x", Value: []byte(`{"v":1,"r":{}}`)},
		"no JSON":       user("garbage"),
		"empty":         user(""),
		"version":       user(`{"v":2,"r":{"account":"` + home + `",` + rest + `}}`),
		"member":        user(`{"v":1,"r":{"account":"` + home + `","surprise":1,` + rest + `}}`),
		"trailing":      user(`{"v":1,"r":{"account":"` + home + `",` + rest + `}} {}`),
		"no policy":     user(`{"v":1,"r":{"account":"` + home + `","inline":[null],` + rest + `}}`),
		"another's":     user(`{"v":1,"r":{"account":"` + other + `",` + rest + `}}`),
		"another's key": {Key: "iam/" + home + "/key/root/AKIA1", Value: []byte(`{"v":1,"r":{"id":"AKIA2","account":"` + home + `","owner":"root","created":"2026-05-01T12:00:00Z","sealed":""}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore(t)
			_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{change}})
			require.NoError(t, err)
			_, err = iam.New(t.Context(), iam.Config{Store: st, Sealer: root(t)})
			require.ErrorIs(t, err, store.ErrCorrupt)
		})
	}
	st := newStore(t)
	_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{user(`{"v":1,"r":{"account":"` + home + `",` + rest + `}}`)}})
	require.NoError(t, err)
	s := open(t, st, newClock())
	_, err = s.Principal(t.Context(), "arn:aws:iam::"+home+":user/alice")
	require.NoError(t, err, "the record without damage is taken")
	require.NoError(t, s.Err())

	// Damage that comes later ends the following: nothing more is written on it.
	_, err = st.Commit(t.Context(), store.Tx{Changes: []store.Change{user("garbage")}})
	require.NoError(t, err)
	err = s.Edit(t.Context(), func(e *iam.Edit) error { return e.EnsureAccount(home, "") })
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.ErrorIs(t, s.Err(), store.ErrCorrupt)
	_, err = s.Principal(t.Context(), "arn:aws:iam::"+home+":user/alice")
	require.ErrorIs(t, err, store.ErrCorrupt, "what is known may be outdated")
	_, err = s.Credential(t.Context(), "AKIA1", "")
	require.ErrorIs(t, err, store.ErrCorrupt)
	_, err = s.AssumeRole(t.Context(), appARN, "me", iam.SessionOptions{})
	require.ErrorIs(t, err, store.ErrCorrupt)
	_, exists := s.Lookup(home)
	require.False(t, exists)
}

// TestUnreadablePolicy denies what it may have denied.
func TestUnreadablePolicy(t *testing.T) {
	st := newStore(t)
	record := `{"v":1,"r":{"account":"` + home + `","name":"alice","path":"/","id":"AIDA1","created":"2026-05-01T12:00:00Z","inline":[{"name":"own","text":"{"}]}}`
	_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{{Key: "iam/" + home + "/user/alice", Value: []byte(record)}}})
	require.NoError(t, err)
	p, err := open(t, st, newClock()).Principal(t.Context(), "arn:aws:iam::"+home+":user/alice")
	require.NoError(t, err)
	require.Len(t, p.Identity, 1)
	require.True(t, p.Identity[0].HasUnresolved())
}

func TestNewNeedsItsParts(t *testing.T) {
	_, err := iam.New(t.Context(), iam.Config{Store: newStore(t)})
	require.Error(t, err)
	_, err = iam.New(t.Context(), iam.Config{Sealer: root(t)})
	require.Error(t, err)
}
