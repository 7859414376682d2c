package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Directory is an organization as its API knows it: the tree of its root, units and accounts, and the policies that are
// attached there. It is immutable once it is stored; [Edit.Directory] returns a copy. From then on it says what
// [Service.Organization] does of its accounts.
type Directory struct {
	ID         string    `json:"id"` // o-…
	Partition  string    `json:"partition"`
	Management string    `json:"management"` // 12 digits, empty for one that is not known
	Created    time.Time `json:"created"`
	RootID     string    `json:"root"` // r-…
	// Enabled are the types of policy that are enabled.
	Enabled []string `json:"enabled"`
	// Units, Accounts, Policies and Requests are by their ids: ou-…, 12 digits, p-…, car-….
	Units    map[string]*Unit               `json:"units"`
	Accounts map[string]*Member             `json:"accounts"`
	Policies map[string]*OrganizationPolicy `json:"policies"`
	Requests map[string]*AccountRequest     `json:"requests,omitempty"`
	// Attached are the ids of policies by what they are attached to: the root, a unit, an account.
	Attached map[string][]string `json:"attached"`

	seen sync.Map // by account: *Organization
}

// Unit is an organizational unit.
type Unit struct {
	Name   string            `json:"name"`
	Parent string            `json:"parent"` // the root or a unit
	Tags   map[string]string `json:"tags,omitempty"`
}

// Member is an account of an organization.
type Member struct {
	Name    string            `json:"name"`
	Email   string            `json:"email"`
	Parent  string            `json:"parent"` // the root or a unit
	Joined  time.Time         `json:"joined"`
	Created bool              `json:"created,omitempty"` // by the organization, and not invited
	Tags    map[string]string `json:"tags,omitempty"`
}

// OrganizationPolicy is a policy of an organization.
type OrganizationPolicy struct {
	Type        string            `json:"type"` // SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY
	Description string            `json:"description,omitempty"`
	Policy      *Policy           `json:"policy"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// AccountRequest is a request to create an account.
type AccountRequest struct {
	Account   string    `json:"account"`
	Name      string    `json:"name"`
	Requested time.Time `json:"requested"`
}

// The types of policy of organizations that decide anything here.
const (
	TypeSCP = "SERVICE_CONTROL_POLICY"
	TypeRCP = "RESOURCE_CONTROL_POLICY"
)

// The ids of the policies of AWS that allow everything
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html,
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html).
const (
	FullAWSAccessID    = "p-FullAWSAccess"
	RCPFullAWSAccessID = "p-RCPFullAWSAccess"
)

// ManagedOrganizationPolicies are the policies of organizations that AWS manages, by id.
func ManagedOrganizationPolicies() map[string]*OrganizationPolicy {
	return map[string]*OrganizationPolicy{
		FullAWSAccessID: {Type: TypeSCP, Description: "Allows access to every operation", Policy: &Policy{
			Name: "FullAWSAccess", Text: fullAccess,
		}},
		RCPFullAWSAccessID: {Type: TypeRCP, Description: "Allows access to every resource", Policy: &Policy{
			Name: "RCPFullAWSAccess", Text: fullResourceAccess,
		}},
	}
}

const (
	fullAccess         = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	fullResourceAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
)

// Find returns a policy of the organization or of AWS by its id, nil when there is none.
func (d *Directory) Find(id string) *OrganizationPolicy {
	if p := managedOrganizationPolicies[id]; p != nil {
		return p
	}
	return d.Policies[id]
}

var managedOrganizationPolicies = ManagedOrganizationPolicies()

// Parent returns the id of what a unit or account is in, empty for the root and for what is not there.
func (d *Directory) Parent(id string) string {
	if u := d.Units[id]; u != nil {
		return u.Parent
	}
	if m := d.Accounts[id]; m != nil {
		return m.Parent
	}
	return ""
}

// Above are the ids from the root down to a unit or account, which is the last.
func (d *Directory) Above(id string) []string {
	var path []string
	for ; id != "" && len(path) <= len(d.Units)+1; id = d.Parent(id) { // no longer than what is there, should it go in circles
		path = append(path, id)
	}
	slices.Reverse(path)
	return path
}

// Uses reports whether a type of policy is enabled.
func (d *Directory) Uses(kind string) bool { return slices.Contains(d.Enabled, kind) }

// organization is an account as the organization sees it. The same version of both gives the same pointer.
func (d *Directory) organization(account string) *Organization {
	if known, ok := d.seen.Load(account); ok {
		return known.(*Organization) //nolint:forcetypeassert // nothing else is stored
	}
	path := d.Above(account)
	o := &Organization{Account: account, ID: d.ID, Path: d.ID + "/", Management: account == d.Management}
	for i, id := range path {
		if i < len(path)-1 {
			o.Path += id + "/"
		}
		if d.Uses(TypeSCP) {
			o.SCPs = append(o.SCPs, d.attached(id, TypeSCP))
		}
		if d.Uses(TypeRCP) {
			o.RCPs = append(o.RCPs, d.attached(id, TypeRCP))
		}
	}
	known, _ := d.seen.LoadOrStore(account, o)
	return known.(*Organization) //nolint:forcetypeassert // nothing else is stored
}

// attached are the policies of a type that are attached to a target. RCPFullAWSAccess is implied.
func (d *Directory) attached(target, kind string) []*Policy {
	out := []*Policy{}
	for _, id := range d.Attached[target] {
		if p := d.Find(id); p != nil && p.Type == kind && id != RCPFullAWSAccessID {
			out = append(out, p.Policy)
		}
	}
	return out
}

// policies are the policies of the organization, with nil for each thing that should be there and is not.
func (d *Directory) policies() []*Policy {
	var out []*Policy
	for _, p := range d.Policies {
		if p == nil {
			return []*Policy{nil}
		}
		out = append(out, p.Policy)
	}
	if missing(d.Units) || missing(d.Accounts) || missing(d.Requests) {
		out = append(out, nil)
	}
	return out
}

func missing[T any](entries map[string]*T) bool {
	for _, one := range entries {
		if one == nil {
			return true
		}
	}
	return false
}

// clone copies a directory.
func (d *Directory) clone() (*Directory, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("copying organization %s: %w", d.ID, err)
	}
	out := &Directory{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("copying organization %s: %w", d.ID, err)
	}
	if out.Requests == nil {
		out.Requests = map[string]*AccountRequest{}
	}
	return out, nil
}
