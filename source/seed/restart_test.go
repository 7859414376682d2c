package seed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/source/seed"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// restartWorld has something of everything that can be loaded.
const restartWorld = `
accounts:
  "` + home + `":
    policies: {Use: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "kms:*", Resource: "*"}]}}
    groups: {people: {attached: Use}}
    users: {alice: {groups: [people]}, bob: {}}
    roles: {App: {boundary: Use}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab:
        aliases: [alias/one, alias/uno]
        policy:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: ["arn:aws:iam::` + home + `:role/App", "arn:aws:iam::` + home + `:root"]}, Action: "kms:*", Resource: "*"}
        grants:
          - {GrantId: abcd, GranteePrincipal: "arn:aws:iam::` + home + `:user/alice", Operations: [Decrypt]}
      0987dcba-09fe-87dc-65ba-ab0987654321: {aliases: alias/two}
      mrk-1234abcd12ab34cd56ef1234567890ab: {multi-region: true, aliases: alias/three}
`

// restarted is a server that is started with the same world again and again.
type restarted struct {
	server
	t     *rapid.T
	store store.Store
	now   time.Time
	keys  []string
}

func (r *restarted) start(tb *testing.T) seed.Report {
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(r.t, err)
	r.iam, err = iam.New(tb.Context(), iam.Config{Store: r.store, Sealer: root})
	require.NoError(r.t, err)
	r.kms, err = kms.New(tb.Context(), kms.Config{
		Store: r.store, Root: root, Principals: r.iam, Clock: func() time.Time { return r.now },
	})
	require.NoError(r.t, err)
	report, err := seed.Apply(tb.Context(), world(tb, restartWorld), r.iam, r.kms, seed.Options{})
	require.NoError(r.t, err)
	return report
}

func (r *restarted) stop() {
	require.NoError(r.t, r.kms.Close())
	require.NoError(r.t, r.iam.Close())
}

// do runs an operation, which may be refused.
func (r *restarted) do(tb *testing.T, operation string, input map[string]any) {
	src, err := json.Marshal(input)
	require.NoError(r.t, err)
	result, err := r.kms.Do(tb.Context(), &kms.Call{
		Account: home, Partition: "aws", Region: "us-east-1", Principal: "arn:aws:iam::" + home + ":root", Authorizer: anybody{},
	}, operation, src)
	if operation == "CreateKey" && err == nil {
		out, err := json.Marshal(result.Output)
		require.NoError(r.t, err)
		var made struct{ KeyMetadata map[string]any }
		require.NoError(r.t, json.Unmarshal(out, &made))
		id, ok := made.KeyMetadata["KeyId"].(string)
		require.True(r.t, ok)
		r.keys = append(r.keys, id)
	}
}

// edit changes an identity, which may be refused.
func (r *restarted) edit(tb *testing.T, change func(e *iam.Edit) error) {
	_ = r.iam.Edit(tb.Context(), change)
}

// actions are what can be done to the server.
func (r *restarted) actions(tb *testing.T) map[string]func(*rapid.T) {
	alias := rapid.SampledFrom([]string{"alias/one", "alias/uno", "alias/two", "alias/three", "alias/other"})
	user, role := rapid.SampledFrom([]string{"alice", "bob"}), "App"
	key := func(t *rapid.T) string { return rapid.SampledFrom(r.keys).Draw(t, "key") }
	return map[string]func(*rapid.T){
		"create key": func(*rapid.T) { r.do(tb, "CreateKey", map[string]any{}) },
		"delete key": func(t *rapid.T) {
			r.do(tb, "ScheduleKeyDeletion", map[string]any{"KeyId": key(t), "PendingWindowInDays": 7})
		},
		"wait": func(*rapid.T) { r.now = r.now.AddDate(0, 0, 8) },
		"create alias": func(t *rapid.T) {
			r.do(tb, "CreateAlias", map[string]any{"AliasName": alias.Draw(t, "alias"), "TargetKeyId": key(t)})
		},
		"move alias": func(t *rapid.T) {
			r.do(tb, "UpdateAlias", map[string]any{"AliasName": alias.Draw(t, "alias"), "TargetKeyId": key(t)})
		},
		"delete alias": func(t *rapid.T) { r.do(tb, "DeleteAlias", map[string]any{"AliasName": alias.Draw(t, "alias")}) },
		"disable":      func(t *rapid.T) { r.do(tb, "DisableKey", map[string]any{"KeyId": key(t)}) },
		"revoke":       func(t *rapid.T) { r.do(tb, "RevokeGrant", map[string]any{"KeyId": key(t), "GrantId": "abcd"}) },
		"delete user": func(t *rapid.T) {
			name := user.Draw(t, "user")
			r.edit(tb, func(e *iam.Edit) error { return e.DeleteUser(home, name) })
		},
		"make user anew": func(t *rapid.T) {
			name := user.Draw(t, "user")
			r.edit(tb, func(e *iam.Edit) error {
				if e.User(home, name) != nil {
					return nil
				}
				return e.PutUser(&iam.UserDetail{Account: home, Name: name})
			})
		},
		"delete role":  func(*rapid.T) { r.edit(tb, func(e *iam.Edit) error { return e.DeleteRole(home, role) }) },
		"delete group": func(*rapid.T) { r.edit(tb, func(e *iam.Edit) error { return e.DeleteGroup(home, "people") }) },
		"delete policy": func(*rapid.T) {
			r.edit(tb, func(e *iam.Edit) error { return e.DeleteManagedPolicy("arn:aws:iam::" + home + ":policy/Use") })
		},
		"restart": func(t *rapid.T) {
			r.do(tb, "ListKeys", map[string]any{}) // what is due is done with the next call, whatever it is
			before := contents(tb, r.store)
			r.stop()
			report := r.start(tb)
			require.Empty(t, report.Created)
			require.Equal(t, before, contents(tb, r.store))
		},
	}
}

// TestRestartsWhateverHappened starts again with the same world after anything that can be done to a server: it always
// starts, and makes nothing that is there, was changed, or was deleted.
func TestRestartsWhateverHappened(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := &restarted{t: rt, store: mem.New(), now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), keys: []string{
			"1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321", "mrk-1234abcd12ab34cd56ef1234567890ab",
		}}
		require.NotEmpty(rt, r.start(t).Created)
		actions := r.actions(t)
		rt.Repeat(actions)
		actions["restart"](rt)
		r.stop()
		require.NoError(rt, r.store.Close())
	})
}

// TestDocumentedWorld takes the example of docs/world.md.
func TestDocumentedWorld(t *testing.T) {
	page, err := os.ReadFile("../../docs/world.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```yaml\n")
	require.True(t, ok)
	example, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	st := mem.New()
	t.Cleanup(func() { _ = st.Close() })
	s := newServer(t, st)
	r, err := seed.Apply(t.Context(), world(t, example), s.iam, s.kms, seed.Options{})
	require.NoError(t, err)
	require.Empty(t, r.Warnings)
	require.Contains(t, s.call(t, "DescribeKey", `{"KeyId":"alias/app"}`), "1234abcd-12ab-34cd-56ef-1234567890ab")
}

// TestAddedLater makes what a file has got since, and not the access key of a user who was deleted.
func TestAddedLater(t *testing.T) {
	st := mem.New()
	t.Cleanup(func() { _ = st.Close() })
	s := newServer(t, st)
	apply := func(users string) seed.Report {
		r, err := seed.Apply(t.Context(), world(t, `{accounts: {"`+home+`": {users: `+users+`}}}`), s.iam, s.kms, seed.Options{})
		require.NoError(t, err)
		return r
	}
	apply("{alice: {}}")
	require.NoError(t, s.iam.Edit(t.Context(), func(e *iam.Edit) error { return e.DeleteUser(home, "alice") }))
	r := apply("{alice: {}, bob: {}}")
	require.Equal(t, []string{"arn:aws:iam::" + home + ":user/bob"}, r.Created)
	require.Contains(t, r.Kept, "arn:aws:iam::"+home+":user/alice")
}
