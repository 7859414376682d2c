package kms

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/kms/material"
)

// relatedModel is what the model knows about a set of related multi-Region keys.
type relatedModel struct {
	external bool
	primary  string                  // its Region
	keys     map[string]*regionModel // by Region
	// materials are what the key has had, the last is current; pending is the next, zero for none.
	materials []byte
	pending   byte
	next      byte // of materials that are new
}

// regionModel is one of them.
type regionModel struct {
	state, to       string
	until, deletion time.Time // zero for never
	window          int
	has             map[byte]bool // imported materials
}

// relatedMachine runs random operations on related keys and on a model of them.
type relatedMachine struct {
	f        *fixture
	alice    *actor
	sets     map[string]*relatedModel // by key id
	wrapping *material.WrappingKey
	public   *rsa.PublicKey
}

var regionNames = rapid.SampledFrom([]string{"us-east-1", "eu-west-1", "ap-south-1"})

// TestRelatedKeysBehaveLikeTheirModel: random sequences of operations on multi-Region keys with material of KMS and
// imported, with the clock going on and the service restarting on its store.
func TestRelatedKeysBehaveLikeTheirModel(t *testing.T) {
	t.Parallel()
	wrapping, err := material.NewWrappingKey(material.LookupSpec("RSA_2048"), material.LookupWrappingAlgorithm("RSAES_OAEP_SHA_256"))
	require.NoError(t, err)
	der, err := wrapping.PublicKey()
	require.NoError(t, err)
	public, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t)
		m := &relatedMachine{
			f: f, alice: f.alice(), sets: map[string]*relatedModel{}, wrapping: wrapping, public: public.(*rsa.PublicKey),
		}
		m.begin(r)
		r.Repeat(map[string]func(*rapid.T){
			"":          m.check,
			"create":    m.create,
			"replicate": m.replicate,
			"promote":   m.promote,
			"rotate":    m.rotate,
			"import":    m.imports,
			"forget":    m.forget,
			"switch":    m.enable,
			"schedule":  m.schedule,
			"cancel":    m.cancel,
			"time":      m.time,
			"restart":   func(*rapid.T) { m.f.restart() },
		})
	})
}

// begin makes a key with a replica, as operations on nothing find little.
func (m *relatedMachine) begin(r *rapid.T) {
	id := m.make("us-east-1", rapid.Bool().Draw(r, "external"))
	set := m.sets[id]
	if set.external {
		m.importInto(r, id, set, "us-east-1", 1, true, "")
	}
	m.replicateTo(r, id, set, "us-east-1", "eu-west-1", "")
	m.advance(transitionTime)
	if set.external {
		m.importInto(r, id, set, "eu-west-1", 1, false, "")
	}
}

func (m *relatedMachine) create(r *rapid.T) {
	if len(m.sets) > 1 {
		r.Skip("enough keys")
	}
	m.make(regionNames.Draw(r, "region"), rapid.Bool().Draw(r, "external"))
}

func (m *relatedMachine) make(region string, external bool) string {
	key, input := &regionModel{state: stateEnabled, has: map[byte]bool{}}, in{"MultiRegion": true}
	set := &relatedModel{external: external, primary: region, keys: map[string]*regionModel{region: key}, materials: []byte{0}, next: 1}
	if external {
		key.state, input["Origin"], set.materials = statePendingImport, originExternal, nil
	}
	id, _ := m.alice.in(region).createKey(input)
	m.sets[id] = set
	return id
}

// pick draws a set that is not gone, and one of its Regions; now and then one without a key.
func (m *relatedMachine) pick(r *rapid.T) (id string, set *relatedModel, region string, key *regionModel) {
	ids := slices.Sorted(maps.Keys(m.sets))
	if len(ids) == 0 {
		r.Skip("no key yet")
	}
	id = rapid.SampledFrom(ids).Draw(r, "key")
	set = m.sets[id]
	regions := []string{set.primary}
	for _, other := range slices.Sorted(maps.Keys(set.keys)) {
		if other != set.primary {
			regions = append(regions, other)
		}
	}
	region = rapid.SampledFrom(append(regions, "sa-east-1")).Draw(r, "region") // where none is
	return id, set, region, set.keys[region]
}

// try runs an operation in a Region and holds the exception to what the model expects, empty for none.
func (m *relatedMachine) try(r *rapid.T, region, operation string, input in, code string) bool {
	_, err := m.alice.in(region).try(operation, input)
	if code == "" {
		require.NoError(r, err, operation)
		return true
	}
	require.Equal(r, code, withoutCause(m.f.t, err).Code, "%s: %v", operation, err)
	return false
}

// first returns the first exception of some that apply.
func first(codes ...string) string {
	for _, code := range codes {
		if code != "" {
			return code
		}
	}
	return ""
}

func when(applies bool, code string) string {
	if applies {
		return code
	}
	return ""
}

// refused is how an operation refuses a key for its state: see TestKeyStates.
func refused(operation string, key *regionModel) string {
	row := stateTable[operation]
	return refusals[row.refusal(key.state)].code
}

func (m *relatedMachine) replicate(r *rapid.T) {
	id, set, region, key := m.pick(r)
	to := regionNames.Draw(r, "to")
	code := CodeNotFound
	if key != nil {
		code = first(when(region != set.primary, CodeUnsupportedOperation), refused("ReplicateKey", key), when(set.keys[to] != nil, CodeAlreadyExists))
	}
	m.replicateTo(r, id, set, region, to, code)
}

func (m *relatedMachine) replicateTo(r *rapid.T, id string, set *relatedModel, region, to, code string) {
	if !m.try(r, region, "ReplicateKey", in{"KeyId": id, "ReplicaRegion": to}, code) {
		return
	}
	replica := &regionModel{state: stateCreating, to: stateEnabled, until: m.f.time().Add(transitionTime), has: map[byte]bool{}}
	if set.external {
		replica.to = statePendingImport
	}
	set.keys[to] = replica
}

func (m *relatedMachine) promote(r *rapid.T) {
	id, set, region, key := m.pick(r)
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(set.keys)), func(name string) bool { return name == region })
	to := rapid.SampledFrom(append(others, region, "sa-east-1")).Draw(r, "to")
	code := CodeNotFound
	if key != nil {
		code = first(when(region != set.primary, CodeUnsupportedOperation), when(to == region, CodeUnsupportedOperation))
		if code == "" && set.keys[to] == nil {
			code = CodeNotFound
		}
		if code == "" {
			code = first(refused("UpdatePrimaryRegion", key), refused("UpdatePrimaryRegion", set.keys[to]))
		}
	}
	if m.try(r, region, "UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": to}, code) {
		set.primary = to
		for _, k := range []*regionModel{key, set.keys[to]} {
			k.state, k.to, k.until = stateUpdating, stateEnabled, m.f.time().Add(transitionTime)
		}
	}
}

func (m *relatedMachine) rotate(r *rapid.T) {
	id, set, region, key := m.pick(r)
	code := CodeNotFound
	if key != nil {
		code = first(when(region != set.primary, CodeUnsupportedOperation), refused("RotateKeyOnDemand", key))
		if code == "" && set.external && (set.pending == 0 || !set.everywhere(set.pending)) {
			code = CodeInvalidState
		}
	}
	if m.try(r, region, "RotateKeyOnDemand", in{"KeyId": id}, code) {
		if !set.external {
			set.pending, set.next = set.next, set.next+1
		}
		set.materials, set.pending = append(set.materials, set.pending), 0
	}
}

// everywhere reports whether all keys have some material.
func (s *relatedModel) everywhere(material byte) bool {
	for _, key := range s.keys {
		if !key.has[material] {
			return false
		}
	}
	return true
}

// follow gives a key the state that follows from its imported material.
func (s *relatedModel) follow(key *regionModel) {
	whole := len(s.materials) > 0 && !slices.ContainsFunc(s.materials, func(b byte) bool { return !key.has[b] })
	switch {
	case !s.external, key.state == statePendingDeletion, key.state == statePendingReplicaDeletion, key.state == stateCreating:
	case !whole:
		key.state, key.until = statePendingImport, time.Time{}
	case key.state == statePendingImport:
		key.state = stateEnabled
	}
}

// imports new material into a primary key, or material of the set into any key.
func (m *relatedMachine) imports(r *rapid.T) {
	id, set, region, key := m.pick(r)
	if key == nil || !set.external {
		r.Skip("nothing to import into")
	}
	known := slices.Clone(set.materials)
	if set.pending != 0 {
		known = append([]byte{set.pending}, known...)
	}
	isNew := len(known) == 0 || rapid.IntRange(0, 3).Draw(r, "new") == 3
	b := set.next
	if !isNew {
		b = rapid.SampledFrom(known).Draw(r, "material")
	}
	code := refused("ImportKeyMaterial", key)
	if code == "" && isNew {
		code = first(when(region != set.primary, CodeIncorrectKeyMaterial), when(set.pending != 0, CodeInvalidState))
	}
	m.importInto(r, id, set, region, b, isNew, code)
}

func (m *relatedMachine) importInto(r *rapid.T, id string, set *relatedModel, region string, b byte, isNew bool, code string) {
	kind := "EXISTING_KEY_MATERIAL"
	if isNew {
		kind = "NEW_KEY_MATERIAL"
	}
	key := set.keys[region]
	arn := "arn:aws:kms:" + region + ":111122223333:key/" + id
	token, err := m.wrapping.Token(m.f.config.Root, arn, m.f.time().Add(time.Hour))
	require.NoError(r, err)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, m.public, bytes.Repeat([]byte{b}, 32), nil)
	require.NoError(r, err)
	ok := m.try(r, region, "ImportKeyMaterial", in{
		"KeyId": id, "ImportToken": token, "EncryptedKeyMaterial": wrapped, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "ImportType": kind,
	}, code)
	if !ok {
		return
	}
	key.has[b] = true
	if isNew {
		set.next++
		if len(set.materials) == 0 {
			set.materials = []byte{b}
		} else {
			set.pending = b
		}
	}
	set.follow(key)
}

// forget deletes the current material of a key.
func (m *relatedMachine) forget(r *rapid.T) {
	id, set, region, key := m.pick(r)
	if key == nil || !set.external {
		r.Skip("nothing to delete")
	}
	if m.try(r, region, "DeleteImportedKeyMaterial", in{"KeyId": id}, refused("DeleteImportedKeyMaterial", key)) && len(set.materials) > 0 {
		delete(key.has, set.materials[len(set.materials)-1])
		set.follow(key)
	}
}

func (m *relatedMachine) enable(r *rapid.T) {
	id, _, region, key := m.pick(r)
	to := rapid.SampledFrom([]string{"Enable", "Disable"}).Draw(r, "to")
	code := CodeNotFound
	if key != nil {
		code = refused(to+"Key", key)
	}
	if m.try(r, region, to+"Key", in{"KeyId": id}, code) {
		key.state = to + "d"
	}
}

func (m *relatedMachine) schedule(r *rapid.T) {
	id, set, region, key := m.pick(r)
	code := CodeNotFound
	if key != nil {
		code = refused("ScheduleKeyDeletion", key)
	}
	window := rapid.IntRange(7, 30).Draw(r, "days")
	if m.try(r, region, "ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": window}, code) {
		key.window, key.until = window, time.Time{}
		key.state, key.deletion = statePendingDeletion, m.f.time().Add(days(window))
		if region == set.primary && len(set.keys) > 1 {
			key.state, key.deletion = statePendingReplicaDeletion, time.Time{}
		}
	}
}

func (m *relatedMachine) cancel(r *rapid.T) {
	id, set, region, key := m.pick(r)
	code := CodeNotFound
	if key != nil {
		code = refused("CancelKeyDeletion", key)
	}
	if m.try(r, region, "CancelKeyDeletion", in{"KeyId": id}, code) {
		key.state, key.deletion = stateDisabled, time.Time{}
		set.follow(key)
	}
}

// time goes on, and what is due happens in its order.
func (m *relatedMachine) time(r *rapid.T) {
	m.advance(rapid.SampledFrom([]time.Duration{transitionTime, transitionTime / 2, days(1), days(8), days(40)}).Draw(r, "on"))
}

func (m *relatedMachine) advance(by time.Duration) {
	m.f.advance(by)
	for _, set := range m.sets {
		for set.event(m.f.time()) {
		}
	}
	maps.DeleteFunc(m.sets, func(_ string, set *relatedModel) bool { return len(set.keys) == 0 })
}

// event makes the first thing happen that is due, and reports whether there was one.
func (s *relatedModel) event(now time.Time) bool {
	var due time.Time
	region := ""
	for name, key := range s.keys {
		for _, at := range []time.Time{key.until, key.deletion} {
			if !at.IsZero() && !at.After(now) && (due.IsZero() || at.Before(due)) {
				due, region = at, name
			}
		}
	}
	key := s.keys[region]
	switch {
	case key == nil:
		return false
	case key.state == statePendingDeletion:
		delete(s.keys, region)
		if p := s.keys[s.primary]; p != nil && p.state == statePendingReplicaDeletion && len(s.keys) == 1 {
			p.state, p.deletion = statePendingDeletion, due.Add(days(p.window))
		}
	default:
		key.state, key.until = key.to, time.Time{}
		s.follow(key)
	}
	return true
}

// check compares all that can be seen.
func (m *relatedMachine) check(r *rapid.T) {
	for _, region := range []string{"us-east-1", "eu-west-1", "ap-south-1"} {
		wanted := map[string]bool{}
		for id, set := range m.sets {
			if set.keys[region] != nil {
				wanted[id] = true
			}
		}
		require.Equal(r, sorted(wanted), m.alice.in(region).list("ListKeys", "Keys", "KeyId", in{}))
	}
	for id, set := range m.sets {
		replicas := slices.DeleteFunc(slices.Sorted(maps.Keys(set.keys)), func(region string) bool { return region == set.primary })
		var blobs []any
		for region, key := range set.keys {
			c := m.alice.in(region)
			require.Equal(r, key.state, c.state(id), region)
			kind, primary, others := c.related(id)
			require.Equal(r, []any{region == set.primary, set.primary}, []any{kind == primaryKey, primary})
			require.ElementsMatch(r, replicas, others)
			require.Len(r, c.do("ListKeyRotations", in{"KeyId": id})["Rotations"], max(0, len(set.materials)-1), region)
			if key.state == stateEnabled {
				blobs = append(blobs, c.do("Encrypt", in{"KeyId": id, "Plaintext": []byte(region)})["CiphertextBlob"])
			}
		}
		for region, key := range set.keys {
			for _, blob := range blobs {
				if key.state == stateEnabled {
					text, err := base64.StdEncoding.DecodeString(m.alice.in(region).do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"].(string))
					require.NoError(r, err)
					require.Contains(r, set.keys, string(text))
				}
			}
		}
	}
}
