package kms

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// modelKey is what the model of the property test knows about a key.
type modelKey struct {
	state, description string
	deletion           time.Time
	tags               map[string]string
	period             int
	grants             map[string]string // the grantee by the id of the grant
}

// machine runs random operations on a service and on a model of it: maps.
type machine struct {
	f       *fixture
	alice   *actor
	keys    map[string]*modelKey
	aliases map[string]string // name to key id
	gone    map[string]bool
}

// TestServiceBehavesLikeItsModel: random sequences of operations on keys, aliases, tags and states, with the clock
// going on and the service restarting on its store.
func TestServiceBehavesLikeItsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t)
		m := &machine{f: f, alice: f.alice(), keys: map[string]*modelKey{}, aliases: map[string]string{}, gone: map[string]bool{}}
		r.Repeat(map[string]func(*rapid.T){
			"":          m.check,
			"create":    m.create,
			"state":     m.changeState,
			"schedule":  m.schedule,
			"cancel":    m.cancel,
			"describe":  m.describe,
			"tag":       m.tag,
			"untag":     m.untag,
			"alias":     m.alias,
			"retarget":  m.retarget,
			"unalias":   m.unalias,
			"rotation":  m.rotation,
			"grant":     m.grant,
			"revoke":    m.revoke,
			"time":      m.time,
			"restart":   func(*rapid.T) { m.f.restart() },
			"elsewhere": func(*rapid.T) { m.f.as("444455556666").createKey(in{}) },
		})
	})
}

// pick draws one of the keys, now and then one that is gone; the operation is skipped when there is none.
func (m *machine) pick(r *rapid.T) (string, *modelKey) {
	ids := slices.Sorted(maps.Keys(m.keys))
	ids = append(ids, slices.Sorted(maps.Keys(m.gone))...)
	if len(ids) == 0 {
		r.Skip("no key yet")
	}
	id := rapid.SampledFrom(ids).Draw(r, "key")
	return id, m.keys[id]
}

// expect holds the result of an operation on a key to what the model says about it.
func (m *machine) expect(r *rapid.T, key *modelKey, err error, code string) bool {
	if key == nil {
		code = CodeNotFound
	}
	if code == "" {
		require.NoError(r, err)
		return true
	}
	require.Equal(r, code, withoutCause(m.f.t, err).Code, err)
	return false
}

// pending is the refusal of a key that is pending deletion.
func pending(key *modelKey) string {
	if key != nil && key.state == statePendingDeletion {
		return CodeInvalidState
	}
	return ""
}

func (m *machine) create(r *rapid.T) {
	description := rapid.StringMatching(`[a-z]{0,5}`).Draw(r, "description")
	id, _ := m.alice.createKey(in{"Description": description})
	m.keys[id] = &modelKey{state: stateEnabled, description: description, tags: map[string]string{}, grants: map[string]string{}}
}

func (m *machine) changeState(r *rapid.T) {
	id, key := m.pick(r)
	to := rapid.SampledFrom([]string{"Enable", "Disable"}).Draw(r, "to")
	_, err := m.alice.try(to+"Key", in{"KeyId": id})
	if m.expect(r, key, err, pending(key)) {
		key.state = to + "d"
	}
}

func (m *machine) schedule(r *rapid.T) {
	id, key := m.pick(r)
	window := rapid.IntRange(7, 30).Draw(r, "days")
	_, err := m.alice.try("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": window})
	if m.expect(r, key, err, pending(key)) {
		key.state, key.deletion = statePendingDeletion, m.f.time().Add(days(window))
	}
}

func (m *machine) cancel(r *rapid.T) {
	id, key := m.pick(r)
	_, err := m.alice.try("CancelKeyDeletion", in{"KeyId": id})
	code := CodeInvalidState
	if pending(key) != "" {
		code = ""
	}
	if m.expect(r, key, err, code) {
		key.state, key.deletion = stateDisabled, time.Time{}
	}
}

func (m *machine) describe(r *rapid.T) {
	id, key := m.pick(r)
	description := rapid.StringMatching(`[a-z]{0,5}`).Draw(r, "description")
	_, err := m.alice.try("UpdateKeyDescription", in{"KeyId": id, "Description": description})
	if m.expect(r, key, err, pending(key)) {
		key.description = description
	}
}

var tagNames = rapid.SampledFrom([]string{"a", "b", "c", "A"})

func (m *machine) tag(r *rapid.T) {
	id, key := m.pick(r)
	tags := rapid.MapOf(tagNames, rapid.StringMatching(`[x-z]{0,2}`)).Draw(r, "tags")
	input := []in{}
	for name, value := range tags {
		input = append(input, in{"TagKey": name, "TagValue": value})
	}
	_, err := m.alice.try("TagResource", in{"KeyId": id, "Tags": input})
	if m.expect(r, key, err, pending(key)) {
		maps.Copy(key.tags, tags)
	}
}

func (m *machine) untag(r *rapid.T) {
	id, key := m.pick(r)
	names := rapid.SliceOf(tagNames).Draw(r, "names")
	_, err := m.alice.try("UntagResource", in{"KeyId": id, "TagKeys": names})
	if m.expect(r, key, err, pending(key)) {
		maps.DeleteFunc(key.tags, func(name, _ string) bool { return slices.Contains(names, name) })
	}
}

var aliasNames = rapid.SampledFrom([]string{"alias/a", "alias/b", "alias/b/c", "alias/Z"})

func (m *machine) alias(r *rapid.T) {
	id, key := m.pick(r)
	name := aliasNames.Draw(r, "name")
	_, err := m.alice.try("CreateAlias", in{"AliasName": name, "TargetKeyId": id})
	code := pending(key)
	if _, exists := m.aliases[name]; exists && code == "" {
		code = CodeAlreadyExists
	}
	if m.expect(r, key, err, code) {
		m.aliases[name] = id
	}
}

func (m *machine) retarget(r *rapid.T) {
	id, key := m.pick(r)
	name := aliasNames.Draw(r, "name")
	_, err := m.alice.try("UpdateAlias", in{"AliasName": name, "TargetKeyId": id})
	code := pending(key)
	if _, exists := m.aliases[name]; !exists {
		code = CodeNotFound
	}
	if m.expect(r, key, err, code) {
		m.aliases[name] = id
	}
}

func (m *machine) unalias(r *rapid.T) {
	name := aliasNames.Draw(r, "name")
	_, err := m.alice.try("DeleteAlias", in{"AliasName": name})
	code := ""
	if _, exists := m.aliases[name]; !exists {
		code = CodeNotFound
	}
	if m.expect(r, &modelKey{}, err, code) {
		delete(m.aliases, name)
	}
}

func (m *machine) rotation(r *rapid.T) {
	id, key := m.pick(r)
	period := rapid.SampledFrom([]int{0, 90, 2560}).Draw(r, "period")
	operation, input := "DisableKeyRotation", in{"KeyId": id}
	if period > 0 {
		operation, input["RotationPeriodInDays"] = "EnableKeyRotation", period
	}
	_, err := m.alice.try(operation, input)
	code := pending(key)
	if key != nil && key.state == stateDisabled {
		code = CodeDisabled
	}
	if m.expect(r, key, err, code) {
		key.period = period
	}
}

var grantees = rapid.SampledFrom([]string{"arn:aws:iam::111122223333:user/bob", "arn:aws:iam::444455556666:role/App"})

func (m *machine) grant(r *rapid.T) {
	id, key := m.pick(r)
	grantee, name := grantees.Draw(r, "grantee"), rapid.SampledFrom([]string{"", "n"}).Draw(r, "name")
	input := in{"KeyId": id, "GranteePrincipal": grantee, "Operations": []string{"Decrypt"}}
	if name != "" {
		input["Name"] = name // the same request again gives the same grant
	}
	out, err := m.alice.try("CreateGrant", input)
	code := pending(key)
	if key != nil && key.state == stateDisabled {
		code = CodeDisabled
	}
	if m.expect(r, key, err, code) {
		grant := out["GrantId"].(string)
		_, again := key.grants[grant]
		require.False(r, again && name == "", "an id twice")
		key.grants[grant] = grantee
	}
}

func (m *machine) revoke(r *rapid.T) {
	id, key := m.pick(r)
	if key == nil || len(key.grants) == 0 {
		r.Skip("no grant")
	}
	grant := rapid.SampledFrom(sorted(key.grants)).Draw(r, "grant")
	operation := rapid.SampledFrom([]string{"RevokeGrant", "RetireGrant"}).Draw(r, "how")
	_, err := m.alice.try(operation, in{"KeyId": id, "GrantId": grant})
	require.NoError(r, err) // whatever the state of the key is
	delete(key.grants, grant)
}

// time goes on; keys whose date has passed are gone, with their aliases.
func (m *machine) time(r *rapid.T) {
	m.f.advance(time.Duration(rapid.IntRange(1, 15*24).Draw(r, "hours")) * time.Hour)
	for id, key := range m.keys {
		if key.state == statePendingDeletion && !m.f.time().Before(key.deletion) {
			delete(m.keys, id)
			m.gone[id] = true
			maps.DeleteFunc(m.aliases, func(_, target string) bool { return target == id })
		}
	}
}

// check compares all that can be seen.
func (m *machine) check(r *rapid.T) {
	require.Equal(r, sorted(m.keys), m.alice.list("ListKeys", "Keys", "KeyId", in{"Limit": 2}))
	require.Equal(r, sorted(m.aliases), m.alice.list("ListAliases", "Aliases", "AliasName", in{"Limit": 2}))
	for id, key := range m.keys {
		metadata := m.alice.describe(id)
		require.Equal(r, key.state, metadata["KeyState"])
		require.Equal(r, key.state == stateEnabled, metadata["Enabled"])
		require.Equal(r, key.description, metadata["Description"])
		tags := map[string]string{}
		for _, tag := range m.alice.do("ListResourceTags", in{"KeyId": id})["Tags"].([]any) {
			tags[fmt.Sprint(tag.(map[string]any)["TagKey"])] = fmt.Sprint(tag.(map[string]any)["TagValue"])
		}
		require.Equal(r, key.tags, tags)
		status := m.alice.do("GetKeyRotationStatus", in{"KeyId": id})
		require.Equal(r, sorted(key.grants), m.alice.list("ListGrants", "Grants", "GrantId", in{"KeyId": id, "Limit": 3}))
		require.Equal(r, key.period > 0 && key.state != statePendingDeletion, status["KeyRotationEnabled"])
	}
	for name, id := range m.aliases {
		require.Equal(r, id, m.alice.describe(name)["KeyId"])
		require.Contains(r, m.alice.list("ListAliases", "Aliases", "AliasName", in{"KeyId": id}), name)
	}
}

func sorted[V any](m map[string]V) []string {
	out := []string{}
	return append(out, slices.Sorted(maps.Keys(m))...)
}
