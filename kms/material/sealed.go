package material

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// Seal encrypts the material under the root key, bound to its owner, which is the key whose material it is, to its
// spec and to its id: it cannot be passed off as another key's.
func (m *Material) Seal(root *Root, owner string) ([]byte, error) {
	key, err := m.secret().marshal()
	if err != nil {
		return nil, fmt.Errorf("key material: %w", err)
	}
	return root.Seal(sealLabel(owner, m.spec.Name, m.name), key)
}

// Open is the reverse of [Material.Seal]. The error wraps [ErrOpen] when owner, spec or id are not those that the
// material was sealed with, or something was changed.
func Open(root *Root, owner string, spec *Spec, id string, sealed []byte) (*Material, error) {
	name, ok := parseID(id)
	if !ok {
		return nil, fmt.Errorf("%w: its id is not one", ErrOpen)
	}
	key, err := root.Open(sealLabel(owner, spec.Name, id), sealed)
	if err != nil {
		return nil, err
	}
	parsed, err := parse(spec, key)
	if err != nil {
		return nil, err
	}
	return newMaterial(spec, name, parsed), nil
}

// sealLabel says what is sealed and whose. None of the parts contains a zero byte, so that no two labels are alike.
func sealLabel(owner, spec, id string) string {
	return strings.Join([]string{"key material", owner, spec, id}, "\x00")
}

// Sealed is key material as it lies in the store. It is opened when it is first used and stays open; every version of
// a key that has the material shares it.
type Sealed struct {
	root   *Root
	owner  string
	spec   *Spec
	id     string
	bytes  []byte
	opened atomic.Pointer[Material]
}

// NewSealed returns what was sealed by [Material.Seal] with the owner, spec and id that it had.
func NewSealed(root *Root, owner string, spec *Spec, id string, sealed []byte) *Sealed {
	return &Sealed{root: root, owner: owner, spec: spec, id: id, bytes: sealed}
}

// ID returns the id of the material.
func (s *Sealed) ID() string { return s.id }

// Bytes returns the sealed material; they must not be changed.
func (s *Sealed) Bytes() []byte { return s.bytes }

// Material opens the material, or returns it when it is open. It takes no lock: when two callers open it at the same
// time both do the work and one result is kept.
func (s *Sealed) Material() (*Material, error) {
	if m := s.opened.Load(); m != nil {
		return m, nil
	}
	m, err := Open(s.root, s.owner, s.spec, s.id, s.bytes)
	if err != nil {
		return nil, fmt.Errorf("key material %s: %w", s.id, err)
	}
	if !s.opened.CompareAndSwap(nil, m) {
		return s.opened.Load(), nil
	}
	return m, nil
}
