package kms

import (
	"iter"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// A page of grants has as many as this by default, and at most
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html, Limit).
const (
	defaultGrantsPage = 50
	maxGrantsPage     = 100
)

type listGrantsInput struct {
	KeyId                   *string `kms:"required,min=1,max=2048"`
	GrantId                 *string `kms:"min=1,max=128"`
	GranteePrincipal        *string `kms:"min=1,max=256,pattern=PrincipalIdType"`
	GranteeServicePrincipal *string `kms:"min=1,max=256,pattern=PrincipalIdType"`
	Limit                   *int32  `kms:"min=1,max=1000"`
	Marker                  *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type listGrantsOutput struct {
	Grants []grantListEntry
	paging
}

// grantListEntry is GrantListEntry of the API. Name is there, and empty, for a grant without one, as in AWS's examples.
type grantListEntry struct {
	KeyId, GrantId, Name     string
	CreationDate             timestamp
	GranteePrincipal         string `json:",omitempty"`
	GranteeServicePrincipal  string `json:",omitempty"`
	RetiringPrincipal        string `json:",omitempty"`
	RetiringServicePrincipal string `json:",omitempty"`
	IssuingAccount           string
	Operations               []string
	Constraints              *grantConstraints `json:",omitempty"`
}

// entry is what is told about a grant. A principal that is not there any more is told by its unique id.
func (c *call) entry(g *grant) grantListEntry {
	named := func(principal string) string { return c.service.shown(principal, g.principalIDs[principal]) }
	e := grantListEntry{
		KeyId: g.KeyARN, GrantId: g.ID, Name: g.Name, CreationDate: timestamp(g.CreationDate),
		GranteePrincipal: named(g.GranteePrincipal), GranteeServicePrincipal: g.GranteeServicePrincipal,
		RetiringPrincipal: named(g.RetiringPrincipal), RetiringServicePrincipal: g.RetiringServicePrincipal,
		IssuingAccount: g.IssuingAccount, Operations: g.Operations,
	}
	if g.EncryptionContextEquals != nil || g.EncryptionContextSubset != nil || g.SourceArn != "" {
		e.Constraints = &grantConstraints{
			EncryptionContextEquals: g.EncryptionContextEquals, EncryptionContextSubset: g.EncryptionContextSubset,
		}
		if g.SourceArn != "" {
			e.Constraints.SourceArn = &g.SourceArn
		}
	}
	return e
}

// listGrants lists the grants on a key, in the order of their ids.
func listGrants(c *call, in *listGrantsInput) (*listGrantsOutput, error) {
	if in.GranteePrincipal != nil && in.GranteeServicePrincipal != nil {
		return nil, failf(CodeValidation, "You can specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
	}
	key, err := c.plainKey("kms:ListGrants", *in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := c.authorize("kms:ListGrants", key, nil); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	if in.GranteeServicePrincipal != nil && !c.isService() {
		return nil, failf(CodeValidation, "The GranteeServicePrincipal filter is only usable by callers in a service principal.")
	}
	if in.GrantId != nil && key.grant(*in.GrantId) == nil && !isGrantID(*in.GrantId) {
		return nil, invalidGrantID()
	}
	after, err := afterMarker("grants", in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listGrantsOutput{}
	out.Grants, out.paging = page("grants", grantsPage(in.Limit), in.filter(c, key.grants, after))
	return out, nil
}

// grantsPage is the size of a page of grants.
func grantsPage(limit *int32) *int32 {
	size := int32(defaultGrantsPage)
	if limit != nil {
		size = min(*limit, maxGrantsPage)
	}
	return &size
}

// filter yields the grants after one that the request asks for, from a list in the order of ids.
func (in *listGrantsInput) filter(c *call, grants []*grant, after string) iter.Seq2[string, grantListEntry] {
	start, found := slices.BinarySearchFunc(grants, after, func(g *grant, id string) int { return strings.Compare(g.ID, id) })
	if found {
		start++
	}
	return func(yield func(string, grantListEntry) bool) {
		for _, g := range grants[start:] {
			wanted := (in.GrantId == nil || *in.GrantId == g.ID) &&
				(in.GranteePrincipal == nil || *in.GranteePrincipal == g.GranteePrincipal) &&
				(in.GranteeServicePrincipal == nil || *in.GranteeServicePrincipal == g.GranteeServicePrincipal)
			if wanted && !yield(g.ID, c.entry(g)) {
				return
			}
		}
	}
}

type listRetirableGrantsInput struct {
	RetiringPrincipal        *string `kms:"min=1,max=256,pattern=PrincipalIdType"`
	RetiringServicePrincipal *string `kms:"min=1,max=256,pattern=PrincipalIdType"`
	Limit                    *int32  `kms:"min=1,max=1000"`
	Marker                   *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

// listRetirableGrants lists the grants of a Region that have a retiring principal, on keys of whatever account.
func listRetirableGrants(c *call, in *listRetirableGrantsInput) (*listGrantsOutput, error) {
	if (in.RetiringPrincipal != nil) == (in.RetiringServicePrincipal != nil) {
		return nil, failf(CodeValidation, "You must specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
	}
	if err := c.authorize("kms:ListRetirableGrants", nil, nil); err != nil {
		return nil, err
	}
	principal, err := c.retirer(in)
	if err != nil {
		return nil, err
	}
	after, err := afterMarker("retirable", in.Marker)
	if err != nil {
		return nil, err
	}
	retirable := below(c.snapshot.retirable, retirablePrefix(c.Region, principal), after)
	out := &listGrantsOutput{}
	out.Grants, out.paging = page("retirable", grantsPage(in.Limit), func(yield func(string, grantListEntry) bool) {
		for name, g := range retirable {
			entry := c.entry(g)
			if entry.RetiringPrincipal != g.RetiringPrincipal {
				continue // of a principal that had the name before
			}
			if !yield(name, entry) {
				return
			}
		}
	})
	return out, nil
}

// retirer returns the principal whose grants are asked for: one of the caller's account.
func (c *call) retirer(in *listRetirableGrantsInput) (string, error) {
	if in.RetiringServicePrincipal != nil {
		if !c.isService() {
			return "", failf(CodeValidation, "The RetiringServicePrincipal filter is only usable by callers in a service principal.")
		}
		return *in.RetiringServicePrincipal, nil
	}
	p, ok := policy.ParsePrincipal(*in.RetiringPrincipal)
	if !ok {
		return "", failf(CodeInvalidArn, "ARN does not refer to a valid principal: %s", *in.RetiringPrincipal)
	}
	if p.Form != policy.PrincipalService && p.Account != c.Account {
		return "", c.deniedAbroad("kms:ListRetirableGrants")
	}
	return *in.RetiringPrincipal, nil
}

// isService reports whether an AWS service calls for itself.
func (c *call) isService() bool {
	p, ok := policy.ParsePrincipal(c.Principal)
	return ok && p.Form == policy.PrincipalService
}
