package enforce

import (
	"strconv"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
)

// principalTypes are the kinds of caller as the evaluator knows them.
var principalTypes = map[iam.PrincipalType]evaluator.PrincipalType{
	iam.User: evaluator.User, iam.RoleSession: evaluator.RoleSession, iam.FederatedUser: evaluator.FederatedUser,
	iam.Root: evaluator.Root, iam.ServicePrincipal: evaluator.Service, iam.WebIdentity: evaluator.WebIdentity,
}

// principalOf is the caller as the evaluator knows it, made once per version of the caller, with the compiled
// policies that the evaluator keeps in it.
func principalOf(p *iam.Principal) *evaluator.Principal {
	converted, _ := p.Memo(newPrincipal).(*evaluator.Principal)
	return converted
}

func newPrincipal(p *iam.Principal) any {
	uniqueID := p.UniqueID
	if p.Type != iam.User && p.Type != iam.RoleSession {
		uniqueID = "" // that of the root user is its account
	}
	return &evaluator.Principal{
		Type: principalTypes[p.Type], ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: uniqueID,
		Name: p.Name, Provider: p.Provider, ServiceLinked: p.ServiceLinked, Tags: p.Tags, Identity: p.Identity,
		Boundary: p.Boundary, HasSession: p.HasSession, Session: p.Session, Unknown: p.Unknown,
	}
}

// seenBy is the key as it is for the caller: policies and grants that name a user or role mean the one that was there
// when they were put, and not one that was made under the same name later.
func seenBy(k *kms.Key, p *iam.Principal) *kms.Key {
	if p == nil {
		return k
	}
	arn, id := p.ARN, p.UniqueID
	if p.Issuer != "" { // of a session
		arn = p.Issuer
	}
	if p.Type == iam.FederatedUser {
		id = p.IssuerID
	}
	if id == "" { // who it is cannot be told: what denies it still does
		return k
	}
	return k.SeenBy(arn, id)
}

// keyOf is the key as the evaluator knows it, made once per version of the key.
func keyOf(k *kms.Key) *evaluator.Key {
	converted, _ := k.Memo(newKey).(*evaluator.Key)
	return converted
}

func newKey(k *kms.Key) any {
	m := &k.Metadata
	key := &evaluator.Key{
		ARN: k.ARN, Policy: k.PolicyDocument, Grants: k.Grants, Aliases: k.Aliases, Spec: m.Spec, Usage: m.Usage,
		Origin: m.Origin, MultiRegion: strconv.FormatBool(m.MultiRegion), MultiRegionKeyType: m.MultiRegionKeyType,
		AWSManaged: m.AWSManaged,
	}
	if len(k.Tags) > 0 {
		key.Tags = make(map[string]string, len(k.Tags))
		for _, tag := range k.Tags {
			key.Tags[tag.TagKey] = tag.TagValue
		}
	}
	return key
}
