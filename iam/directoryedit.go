package iam

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Directory returns the organization of an account, nil for an account outside one. It is made of what was loaded when
// the API has not changed the organization yet.
func (v *View) Directory(account string) *Directory { return v.snap.directory(account) }

func (s *snapshot) directory(account string) *Directory {
	if d, ok := s.members.Get(account); ok {
		return d
	}
	o, _ := s.record(entryKey(account, kindOrganization, "")).(*Organization)
	if o == nil || o.ID == "" {
		return nil
	}
	var all []*Organization
	s.list("", func(record any) bool {
		if other, ok := record.(*Organization); ok && other.ID == o.ID {
			all = append(all, other)
		}
		return true
	})
	return adopted(s, all)
}

// organization is an account as its organization sees it, nil for an account outside one.
func (s *snapshot) organization(account string) *Organization {
	if d, ok := s.members.Get(account); ok {
		return d.organization(account)
	}
	o, _ := s.record(entryKey(account, kindOrganization, "")).(*Organization)
	return o
}

// Directory returns a copy of the organization of an account, nil for an account outside one.
func (e *Edit) Directory(account string) (*Directory, error) {
	d := e.snap.directory(account)
	if d == nil {
		return nil, nil //nolint:nilnil // as the doc comment says
	}
	if stored, ok := e.get(keyOf(d)).(*Directory); ok {
		d = stored
	}
	return d.clone()
}

// PutDirectory writes an organization. What was loaded about its accounts does not count any more.
func (e *Edit) PutDirectory(d *Directory) error {
	for _, p := range d.Policies {
		if err := p.Policy.check(organizationKinds[p.Type]); err != nil {
			return err
		}
	}
	for id := range d.Accounts {
		if other, ok := e.snap.members.Get(id); ok && other.ID != d.ID {
			return failf(CodeEntityAlreadyExists, "The account %s is in another organization.", id)
		}
	}
	e.put(d)
	return nil
}

// NewOrganizationID returns an id that is not in use: a prefix with small letters and digits behind it.
func (e *Edit) NewOrganizationID(prefix string, length int) (string, error) {
	id, err := newID(e.s.config.Rand, strings.ToUpper(prefix), len(prefix)+length)
	return strings.ToLower(id), err
}

// NewAccountID returns an account id that nobody has here.
func (e *Edit) NewAccountID() (string, error) {
	for range maxEditAttempts {
		var b [8]byte
		if _, err := io.ReadFull(e.s.config.Rand, b[:]); err != nil {
			return "", fmt.Errorf("making an account id: %w", err)
		}
		id := fmt.Sprintf("%012d", binary.BigEndian.Uint64(b[:])%1_000_000_000_000)
		if e.Account(id) == nil && e.snap.directory(id) == nil {
			return id, nil
		}
	}
	return "", errors.New("making an account id: all are taken")
}

var organizationKinds = map[string]policy.Kind{TypeSCP: policy.ServiceControlPolicy, TypeRCP: policy.ResourceControlPolicy}

// adopted makes a directory of what was loaded about accounts, of which there is one at least. Names that were not
// loaded are the ids.
func adopted(s *snapshot, all []*Organization) *Directory {
	d := &Directory{
		ID: all[0].ID, Partition: defaultPartition, Units: map[string]*Unit{}, Accounts: map[string]*Member{},
		Policies: map[string]*OrganizationPolicy{}, Requests: map[string]*AccountRequest{}, Attached: map[string][]string{},
	}
	for _, o := range all {
		parts := strings.Split(strings.TrimSuffix(o.Path, "/"), "/")[1:]
		if len(parts) == 0 {
			parts = []string{"r-0000"}
		}
		d.RootID = parts[0]
		for i, id := range parts[1:] {
			d.Units[id] = &Unit{Name: id, Parent: parts[i]}
		}
		m := &Member{Name: o.Account, Parent: parts[len(parts)-1]}
		if a := s.account(o.Account); a != nil {
			m.Name, m.Joined, d.Partition = cmp.Or(a.Alias, a.ID), a.Created, a.Partition
		}
		d.Accounts[o.Account] = m
		if o.Management {
			d.Management, d.Created = o.Account, m.Joined
		}
		targets := append(slices.Clone(parts), o.Account)
		d.adopt(TypeSCP, targets, o.SCPs)
		d.adopt(TypeRCP, targets, o.RCPs)
	}
	return d
}

// adopt attaches the policies of the levels of an account.
func (d *Directory) adopt(kind string, targets []string, levels [][]*Policy) {
	if levels != nil && !d.Uses(kind) {
		d.Enabled = append(d.Enabled, kind)
	}
	for i, level := range levels[:min(len(levels), len(targets))] {
		if kind == TypeRCP {
			d.attach(targets[i], RCPFullAWSAccessID)
		}
		for _, p := range level {
			if kind == TypeSCP && p.Name == "FullAWSAccess" && isFullAccess(p.Text) {
				d.attach(targets[i], FullAWSAccessID)
				continue
			}
			sum := sha256.Sum256([]byte(kind + "\x00" + p.Name + "\x00" + p.Text))
			id := "p-" + hex.EncodeToString(sum[:])[:16]
			d.Policies[id] = &OrganizationPolicy{Type: kind, Policy: p}
			d.attach(targets[i], id)
		}
	}
}

// isFullAccess reports whether a text is that of FullAWSAccess, however it is printed.
func isFullAccess(text string) bool {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return false
	}
	return strings.ReplaceAll(b.String(), `["*"]`, `"*"`) == fullAccess
}

func (d *Directory) attach(target, id string) {
	if !slices.Contains(d.Attached[target], id) {
		d.Attached[target] = append(d.Attached[target], id)
	}
}
