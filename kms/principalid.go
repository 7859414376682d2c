package kms

import (
	"slices"
	"sync"

	"github.com/strictkms/strictkms/policy"
)

// A key policy or grant that names a user or role means the one that was there when it was put. The service keeps its
// unique id; once it is gone, AWS shows that id in place of the name, and a user or role that is made under the same
// name later is somebody else
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).

// namedPrincipals is what a version of a key knows about the users and roles that its policy and grants name.
type namedPrincipals struct {
	ids map[string][]string // the unique ids under which an ARN is meant
	// seen are the versions of the key for users and roles that are not the ones that are meant: one *seenKey for each
	// ARN.
	seen sync.Map
}

// seenKey is a key as it is for the user or role with an id.
type seenKey struct {
	id  string
	key *Key
}

// nobodyNamed is what keys share that name no user or role of a known id.
var nobodyNamed = &namedPrincipals{}

// SeenBy returns the key as it is for the user or role that has an ARN and a unique id: the key itself, unless its
// policy or its grants mean another one that had the ARN before. They then name that one by its unique id. Of a session
// the ARN and the id are those of its role.
func (k *Key) SeenBy(arn, uniqueID string) *Key {
	named := k.namedPrincipals()
	if !slices.ContainsFunc(named.ids[arn], func(id string) bool { return id != uniqueID }) {
		return k
	}
	if kept, ok := named.seen.Load(arn); ok {
		if seen, ok := kept.(*seenKey); ok && seen.id == uniqueID {
			return seen.key
		}
	}
	seen := &seenKey{uniqueID, k.disowning(arn, uniqueID)}
	named.seen.Store(arn, seen)
	return seen.key
}

// namedPrincipals collects the ids of a version of a key when it is first asked for.
func (k *Key) namedPrincipals() *namedPrincipals {
	if known := k.named.Load(); known != nil {
		return known
	}
	var ids map[string][]string
	add := func(recorded map[string]string) {
		for arn, id := range recorded {
			if ids == nil {
				ids = map[string][]string{}
			}
			if !slices.Contains(ids[arn], id) {
				ids[arn] = append(ids[arn], id)
			}
		}
	}
	add(k.PrincipalIDs)
	for _, g := range k.grants {
		add(g.principalIDs)
	}
	named := nobodyNamed
	if ids != nil {
		named = &namedPrincipals{ids: ids}
	}
	k.named.CompareAndSwap(nil, named)
	return k.named.Load()
}

// disowning returns a version of the key in which an ARN stands for nobody but the user or role with an id.
func (k *Key) disowning(arn, uniqueID string) *Key {
	out := k.withoutGrants()
	for _, g := range k.grants {
		if id, ok := g.principalIDs[arn]; ok && id != uniqueID {
			g = g.renamed(arn, id)
		}
		out.grants, out.Grants = append(out.grants, g), append(out.Grants, &g.Grant)
	}
	if id, ok := k.PrincipalIDs[arn]; ok && id != uniqueID {
		out.Policy = k.PolicyDocument.RenamePrincipals(k.Policy, map[string]string{arn: id})
		out.PolicyDocument, _ = policy.Parse(policy.KeyPolicy, keyPolicyName, []byte(out.Policy))
		if out.PolicyDocument == nil {
			out.grants, out.Grants = nil, nil // it was valid before; what it denies must not be lost
		}
	}
	return out
}

// renamed returns the grant with an id in the place of an ARN.
func (g *grant) renamed(arn, id string) *grant {
	out := *g
	if out.GranteePrincipal == arn {
		out.GranteePrincipal = id
	}
	if out.RetiringPrincipal == arn {
		out.RetiringPrincipal = id
	}
	return &out
}

// shown is the name by which a principal that had an id is told: that id, once it is not there any more or somebody
// else is there under its name. AWS does so in grants, too (https://github.com/aws/aws-sdk-go/issues/1718).
func (s *Service) shown(principal, id string) string {
	if id == "" || s.config.Principals == nil {
		return principal
	}
	if now, exists := s.config.Principals.Lookup(principal); !exists || now != id {
		return id
	}
	return principal
}

// shownPolicy is the text of a key policy with the ids of the principals that are gone.
func (s *Service) shownPolicy(key *Key) string {
	gone := map[string]string{}
	for principal, id := range key.PrincipalIDs {
		if s.shown(principal, id) != principal {
			gone[principal] = id
		}
	}
	if len(gone) == 0 {
		return key.Policy
	}
	return key.PolicyDocument.RenamePrincipals(key.Policy, gone)
}
