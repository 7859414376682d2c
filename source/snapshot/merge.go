package snapshot

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// endpoints reads describe-vpc-endpoints: the policies of the endpoints of AWS KMS
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html).
func (s *snapshot) endpoints(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	v.items(members["VpcEndpoints"], "VpcEndpoints", func(item gjson.Result, entry map[string]gjson.Result) {
		id, ok := v.need(item, entry, "VpcEndpointId")
		service := v.text(entry, "ServiceName")
		if !ok || !strings.HasSuffix(service, ".kms") && !strings.HasSuffix(service, ".kms-fips") {
			return
		}
		if first := s.world.Endpoints[id]; first != nil {
			v.twice("the endpoint "+id, v.pos(item), first.Pos)
			return
		}
		if document, ok := entry["PolicyDocument"]; ok {
			s.world.Endpoints[id] = v.policy(policy.VPCEndpointPolicy, id, "", document)
			return
		}
		why := "the policy of " + id + " is not in the snapshot"
		v.warn(codeMissing, v.pos(item), "%s: what it allows or denies is unknown", why)
		s.world.Endpoints[id] = source.UnknownPolicy(policy.VPCEndpointPolicy, id, "", why, v.pos(item))
	})
}

// collisions reports what is defined twice, in the snapshot or in the snapshot and in what was loaded before.
func (s *snapshot) collisions(w *source.World) {
	seen := map[string]policy.Position{}
	for i, world := range []*source.World{w, s.world} {
		visit(world, func(name string, pos policy.Position) {
			first, taken := seen[name]
			if !taken {
				seen[name] = pos
				return
			}
			if i == 1 {
				s.diags = append(s.diags, policy.Diagnostic{
					Code: codeTwice, Severity: policy.SeverityError, Message: name + " is defined twice",
					Pos: pos, Related: []policy.Position{first},
				})
			}
		})
	}
}

// visit names everything in a world that has a name of its own.
func visit(w *source.World, name func(string, policy.Position)) {
	for _, u := range w.Users {
		name("user "+u.Name+" of account "+u.Account, u.Pos)
	}
	for _, g := range w.Groups {
		name("group "+g.Name+" of account "+g.Account, g.Pos)
	}
	for _, r := range w.Roles {
		name("role "+r.Name+" of account "+r.Account, r.Pos)
	}
	for _, doc := range w.ManagedPolicies {
		name("policy "+doc.ARN, doc.Pos)
	}
	for _, k := range w.Keys {
		name("key "+k.ARN, k.Pos)
		prefix, _, _ := strings.Cut(k.ARN, "key/")
		for _, alias := range k.Aliases {
			name("alias "+prefix+alias, k.Pos)
		}
	}
	for id, a := range w.Accounts {
		name("the organization of account "+id, accountPos(a.SCPs))
	}
	for id, doc := range w.Endpoints {
		name("endpoint "+id, doc.Pos)
	}
}

// accountPos is a place that has to do with the policies of an account.
func accountPos(levels [][]*policy.Document) policy.Position {
	for _, docs := range levels {
		for _, doc := range docs {
			return doc.Pos
		}
	}
	return policy.Position{}
}
