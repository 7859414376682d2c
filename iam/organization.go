package iam

import (
	"sync"

	"github.com/strictkms/strictkms/policy"
)

// Organization is an account as its organization sees it. It is immutable once it is stored.
type Organization struct {
	Account string `json:"account"`
	// ID is o-…, empty for an account outside an organization.
	ID string `json:"id"`
	// Path is aws:PrincipalOrgPaths of the account: o-…/r-…/ou-…/.
	Path string `json:"path"`
	// Management is true for the management account, which SCPs and RCPs do not bind.
	Management bool `json:"management,omitempty"`
	// SCPs are the service control policies by level: the root, each unit, the account. No level at all means that
	// the account has no SCPs; an empty level allows nothing.
	SCPs [][]*Policy `json:"scps"`
	// RCPs are the customer's resource control policies by level.
	RCPs [][]*Policy `json:"rcps"`

	memo     sync.Once
	memoized any
}

// SCPDocuments returns the service control policies, parsed.
func (o *Organization) SCPDocuments() [][]*policy.Document {
	return levels(policy.ServiceControlPolicy, o.SCPs)
}

// RCPDocuments returns the resource control policies, parsed.
func (o *Organization) RCPDocuments() [][]*policy.Document {
	return levels(policy.ResourceControlPolicy, o.RCPs)
}

// Memo returns what make made of this version of the organization the first time it was called. There is one place;
// its only user is the server's enforcement.
func (o *Organization) Memo(make func(*Organization) any) any {
	o.memo.Do(func() { o.memoized = make(o) })
	return o.memoized
}

// levels parses policies by level. No level stays none.
func levels(kind policy.Kind, in [][]*Policy) [][]*policy.Document {
	if in == nil {
		return nil
	}
	out := make([][]*policy.Document, len(in))
	for i, level := range in {
		out[i] = make([]*policy.Document, len(level))
		for j, p := range level {
			out[i][j] = p.parse(kind, p.Name, "")
		}
	}
	return out
}

// EndpointPolicy is the policy of a VPC endpoint.
type EndpointPolicy struct {
	ID     string  `json:"id"` // vpce-…
	Policy *Policy `json:"policy"`
}

// Document returns the policy, parsed.
func (e *EndpointPolicy) Document() *policy.Document {
	return e.Policy.parse(policy.VPCEndpointPolicy, e.ID, "")
}
