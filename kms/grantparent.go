package kms

import (
	"maps"
	"slices"

	"github.com/strictkms/strictkms/policy"
)

// authorizeCreateGrant decides about making a grant.
//
// A grantee that has CreateGrant from a grant, and not from a policy, can only make grants that allow no more than
// that grant does (https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html#grant-creategrant).
// So grants that do not cover the new one are left out of what is decided by: what remains, policies and the grants
// that cover it, allows it or does not.
func (c *call) authorizeCreateGrant(key *Key, child *grantRecord) error {
	return c.authorize("kms:CreateGrant", key.withGrants(child.isCoveredBy), child.conditionKeys())
}

// isCoveredBy reports whether a grant with CreateGrant, the parent, allows its grantee to make the grant, and true for
// a grant without CreateGrant, which does not matter here.
func (r *grantRecord) isCoveredBy(parent *grant) bool {
	if !slices.Contains(parent.Operations, "CreateGrant") {
		return true
	}
	for _, operation := range r.Operations {
		if !slices.Contains(parent.Operations, operation) {
			return false
		}
	}
	return r.isAsStrictAs(parent)
}

// isAsStrictAs reports whether the constraints are at least as strict as those of a parent: to a subset, pairs can be
// added, and it can become a whole context; not the other way round.
func (r *grantRecord) isAsStrictAs(parent *grant) bool {
	if parent.SourceArn != "" && r.SourceArn != parent.SourceArn {
		return false
	}
	if parent.EncryptionContextEquals != nil && !samePairs(r.EncryptionContextEquals, parent.EncryptionContextEquals) {
		return false
	}
	if parent.EncryptionContextSubset == nil {
		return true
	}
	return r.EncryptionContextEquals != nil && includes(r.EncryptionContextEquals, parent.EncryptionContextSubset) ||
		r.EncryptionContextSubset != nil && includes(r.EncryptionContextSubset, parent.EncryptionContextSubset)
}

// includes reports whether all has every pair of some.
func includes(all, some map[string]string) bool {
	for key, value := range some {
		if v, ok := all[key]; !ok || v != value {
			return false
		}
	}
	return true
}

// withGrants returns the key, or a version of it without the grants that are not kept.
func (k *Key) withGrants(keep func(*grant) bool) *Key {
	if !slices.ContainsFunc(k.grants, func(g *grant) bool { return !keep(g) }) {
		return k
	}
	out := k.withoutGrants()
	for _, g := range k.grants {
		if keep(g) {
			out.grants, out.Grants = append(out.grants, g), append(out.Grants, &g.Grant)
		}
	}
	return out
}

// withoutGrants returns a version of the key that has no grants.
func (k *Key) withoutGrants() *Key {
	return &Key{
		ARN: k.ARN, Partition: k.Partition, Region: k.Region, Account: k.Account, ID: k.ID,
		Metadata: k.Metadata, Policy: k.Policy, PolicyDocument: k.PolicyDocument, Tags: k.Tags, Aliases: k.Aliases,
		PrincipalIDs: k.PrincipalIDs, revision: k.revision, usage: k.usage, record: k.record, materials: k.materials,
	}
}

// conditionKeys are the condition keys that a request to make the grant has
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html). The encryption context is that of the
// constraint. kms:GrantIsForAWSResource follows from the connection.
func (r *grantRecord) conditionKeys() map[string][]string {
	keys := map[string][]string{"kms:GrantOperations": r.Operations}
	for name, value := range map[string]string{
		"kms:GranteePrincipal": r.GranteePrincipal, "kms:GranteeServicePrincipal": r.GranteeServicePrincipal,
		"kms:RetiringPrincipal": r.RetiringPrincipal, "kms:RetiringServicePrincipal": r.RetiringServicePrincipal,
		"kms:GrantConstraintSourceArn": r.SourceArn,
	} {
		if value != "" {
			keys[name] = []string{value}
		}
	}
	addConstraintKeys(keys, r.EncryptionContextEquals, r.EncryptionContextSubset)
	return keys
}

// retireConditionKeys are the condition keys that a request to retire a grant has.
func retireConditionKeys(g *policy.Grant) map[string][]string {
	keys := map[string][]string{}
	addConstraintKeys(keys, g.EncryptionContextEquals, g.EncryptionContextSubset)
	return keys
}

func addConstraintKeys(keys map[string][]string, equals, subset map[string]string) {
	pairs := equals
	switch {
	case equals != nil:
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextEquals"}
	case subset != nil:
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
		pairs = subset
	}
	for name, value := range pairs {
		keys["kms:EncryptionContext:"+name] = []string{value}
	}
	if len(pairs) > 0 {
		keys["kms:EncryptionContextKeys"] = slices.Sorted(maps.Keys(pairs))
	}
}
