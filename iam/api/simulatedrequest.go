package api

import (
	"fmt"
	"maps"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// request is a question as the evaluator takes it; ok is false when the action does not act on such a resource. What
// has no resource is asked of all resources, whichever is named.
func (s *simulation) request(q question) (req evaluator.Request, ok bool) {
	action, _ := policy.LookupAction(q.action)
	req = evaluator.Request{Principal: s.caller, Action: action.Name, Context: maps.Clone(s.context)}
	if len(action.Resources) == 0 {
		return req, true
	}
	arn, _ := policy.ParseARN(q.resource)
	kind, ok := typeOf(action, &arn)
	switch {
	case q.resource == everything.arn && action.On("key"):
		req.Key = s.key(q.resource)
	case q.resource == everything.arn && action.IsKMS(): // nothing to set
	case q.resource == everything.arn:
		req.Resource = q.resource
	case !ok:
		return req, false
	case action.IsKMS() && kind == "key":
		req.Key = s.key(q.resource)
	case action.IsKMS():
		req.Alias = q.resource
	case action.Service() == "sts" && kind == iam.KindRole:
		req.Role = s.roleToAssume(q.resource)
	default:
		req.Resource, req.ResourceTags = q.resource, s.tagsOf(&arn)
	}
	return req, true
}

// typeOf is the type of resource of an ARN; ok is false when the action does not act on such.
func typeOf(action *policy.Action, arn *policy.ARN) (kind string, ok bool) {
	if !action.IsKMS() {
		return action.TypeOf(*arn)
	}
	kind, name, _ := strings.Cut(arn.Resource, "/")
	return kind, arn.Service == "kms" && name != "" && action.On(kind)
}

// key is the key of an ARN: with its policy and its grants, or with the policy of the request. One that is not there
// has AWS's default policy, which leaves it to the account's identity policies: AWS's simulator knows no others
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func (s *simulation) key(arn string) *evaluator.Key {
	k := &evaluator.Key{ARN: arn}
	if arn == everything.arn {
		// All keys of an account: no pattern matches this ARN that does not match them all.
		k.ARN = "arn:" + s.partition() + ":kms::" + s.resourceOwner + ":*"
	} else if there := s.simulator.Key(arn, s.caller); there != nil {
		if s.resourcePolicy == nil {
			return there
		}
		k = &evaluator.Key{
			ARN: there.ARN, Grants: there.Grants, Aliases: there.Aliases, Tags: there.Tags, Spec: there.Spec, Usage: there.Usage,
			Origin: there.Origin, MultiRegion: there.MultiRegion, MultiRegionKeyType: there.MultiRegionKeyType, AWSManaged: there.AWSManaged,
		}
	}
	if k.Policy = s.resourcePolicy; k.Policy == nil {
		k.Policy = s.defaultKeyPolicy(k.ARN)
	}
	return k
}

// partition is that of the caller.
func (s *simulation) partition() string {
	arn, _ := policy.ParseARN(s.caller.ARN)
	return arn.Partition
}

// defaultKeyPolicyName names the policy that nobody gave: answers do not tell it.
const defaultKeyPolicyName = "default key policy"

// defaultKeyPolicy is the policy that AWS gives a key that is made without one.
func (s *simulation) defaultKeyPolicy(keyARN string) *policy.Document {
	arn, ok := policy.ParseARN(keyARN)
	if !ok || !policy.IsAccountID(arn.Account) {
		return nil
	}
	text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":"kms:*","Resource":"*"}}`,
		arn.Partition, arn.Account)
	doc, _ := policy.Parse(policy.KeyPolicy, defaultKeyPolicyName, []byte(text))
	return doc
}

// roleToAssume is the role of an ARN with its trust policy, or with the policy of the request. One that is not there
// trusts nobody.
func (s *simulation) roleToAssume(arn string) *evaluator.Role {
	out := &evaluator.Role{ARN: arn, Trust: s.resourcePolicy}
	parsed, _ := policy.ParseARN(arn)
	r := s.view.Role(parsed.Account, parsed.Resource[strings.LastIndexByte(parsed.Resource, '/')+1:])
	if r == nil || s.arn(iam.KindRole, r.Path, r.Name) != arn {
		return out
	}
	out.Tags, out.Unknown = r.Tags, r.Unknown
	if out.Trust == nil && r.Trust != "" {
		text := s.service.config.Identities.ShownTrust(r)
		if out.Trust, _ = policy.Parse(policy.TrustPolicy, "trust policy", []byte(text), policy.WithoutSizeLimit()); out.Trust != nil {
			s.texts["trust policy"] = text
		}
	}
	return out
}

// tagsOf are the tags of an IAM resource of the account.
func (s *simulation) tagsOf(arn *policy.ARN) map[string]string {
	if arn.Service != "iam" || arn.Account != s.Account {
		return nil
	}
	kind, rest, _ := strings.Cut(arn.Resource, "/")
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	switch kind {
	case iam.KindUser:
		if u := s.view.User(s.Account, name); u != nil {
			return u.Tags
		}
	case iam.KindRole:
		if r := s.view.Role(s.Account, name); r != nil {
			return r.Tags
		}
	case iam.KindPolicy:
		if p := s.view.ManagedPolicy(arn.String()); p != nil {
			return p.Tags
		}
	}
	return nil
}
