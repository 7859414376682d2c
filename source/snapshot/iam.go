package snapshot

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// serviceLinkedPath is the path of service-linked roles, and of them only
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html).
const serviceLinkedPath = "/aws-service-role/"

// details reads the output of get-account-authorization-details
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html).
func (s *snapshot) details(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	d := details{values: v, snapshot: s}
	v.items(members["UserDetailList"], "UserDetailList", d.user)
	v.items(members["GroupDetailList"], "GroupDetailList", d.group)
	v.items(members["RoleDetailList"], "RoleDetailList", d.role)
	v.items(members["Policies"], "Policies", d.managed)
	s.wholeAccount(f, members)
}

// wholeAccount notes the account of which everybody is in the output. A list that is empty may be one that was not asked for, unless
// strictkms snapshot wrote the file.
func (s *snapshot) wholeAccount(f *file, members map[string]gjson.Result) {
	asked := len(members["UserDetailList"].Array()) > 0 && len(members["RoleDetailList"].Array()) > 0
	if !asked && !s.manifest.accounts[f.place.account] {
		return
	}
	if s.world.WholeAccounts == nil {
		s.world.WholeAccounts = map[string]bool{}
	}
	if f.place.account != "" {
		s.world.WholeAccounts[f.place.account] = true
	}
	for _, u := range s.world.Users {
		if u.Pos.File == f.text.Name {
			s.world.WholeAccounts[u.Account] = true
		}
	}
}

// details reads the parts of one output.
type details struct {
	values
	snapshot *snapshot
}

// identity is what users, groups and roles have in common.
type identity struct {
	account, path, name string
	pos                 policy.Position
	inline              []*policy.Document
	attached            []string
}

// identity reads what users, groups and roles have in common.
func (d details) identity(kind, inline string, item gjson.Result, members map[string]gjson.Result) (identity, bool) {
	title := strings.ToUpper(kind[:1]) + kind[1:]
	id := identity{path: d.text(members, "Path"), pos: d.pos(item)}
	name, named := d.need(item, members, title+"Name")
	if _, ok := d.need(item, members, "Arn"); !ok || !named {
		return id, false
	}
	arn, ok := d.resource(members["Arn"], "iam")
	if !ok {
		return id, false
	}
	id.name, id.account = name, arn.Account
	if id.path == "" {
		id.path = "/"
	}
	if arn.Resource != kind+id.path+id.name {
		d.fail(codeInvalidARN, d.pos(members["Arn"]), "expected the ARN of the %s %s%s", kind, id.path, id.name)
		return id, false
	}
	if !d.here(arn, members["Arn"]) {
		return id, false
	}
	d.snapshot.partition(arn.Partition, d.pos(members["Arn"]))
	d.snapshot.accounts[arn.Account] = true
	id.inline = d.policies(kind+"/"+name, members[inline])
	id.attached = d.attached(kind+"/"+name, members["AttachedManagedPolicies"])
	return id, true
}

func (d details) user(item gjson.Result, members map[string]gjson.Result) {
	id, ok := d.identity("user", "UserPolicyList", item, members)
	if !ok {
		return
	}
	d.snapshot.world.Users = append(d.snapshot.world.Users, &source.User{
		Account: id.account, Path: id.path, Name: id.name, UniqueID: d.text(members, "UserId"),
		Tags: d.tags(members["Tags"], "Key", "Value"), Policies: id.inline, Attached: id.attached,
		Groups: d.texts(members, "GroupList"), Boundary: d.boundary(members), Pos: id.pos,
	})
}

func (d details) group(item gjson.Result, members map[string]gjson.Result) {
	id, ok := d.identity("group", "GroupPolicyList", item, members)
	if !ok {
		return
	}
	d.snapshot.world.Groups = append(d.snapshot.world.Groups, &source.Group{
		Account: id.account, Path: id.path, Name: id.name, Policies: id.inline, Attached: id.attached, Pos: id.pos,
	})
}

func (d details) role(item gjson.Result, members map[string]gjson.Result) {
	id, ok := d.identity("role", "RolePolicyList", item, members)
	if !ok {
		return
	}
	role := &source.Role{
		Account: id.account, Path: id.path, Name: id.name, UniqueID: d.text(members, "RoleId"),
		ServiceLinked: strings.HasPrefix(id.path, serviceLinkedPath),
		Tags:          d.tags(members["Tags"], "Key", "Value"), Policies: id.inline, Attached: id.attached,
		Boundary: d.boundary(members), Pos: id.pos,
	}
	name := "trust policy of role/" + id.name
	if trust, ok := members["AssumeRolePolicyDocument"]; ok {
		role.Trust = d.policy(policy.TrustPolicy, name, "", trust)
	} else {
		d.warn(codeMissing, id.pos, "the %s is not in the snapshot: who may assume the role is unknown", name)
		role.Trust = source.UnknownPolicy(policy.TrustPolicy, name, "", "the "+name+" is not in the snapshot", id.pos)
	}
	d.snapshot.world.Roles = append(d.snapshot.world.Roles, role)
}

// boundary reads the ARN of the permissions boundary.
func (d details) boundary(members map[string]gjson.Result) string {
	boundary, ok := members["PermissionsBoundary"]
	if !ok {
		return ""
	}
	arn, _ := d.need(boundary, d.members(boundary, "PermissionsBoundary"), "PermissionsBoundaryArn")
	return arn
}

// managed reads a managed policy. Only its default version counts
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html).
func (d details) managed(item gjson.Result, members map[string]gjson.Result) {
	text, ok := d.need(item, members, "Arn")
	if !ok {
		return
	}
	arn, ok := policy.ParseARN(text)
	if !ok || arn.Service != "iam" || !strings.HasPrefix(arn.Resource, "policy/") {
		d.fail(codeInvalidARN, d.pos(members["Arn"]), "expected the ARN of a managed policy")
		return
	}
	d.snapshot.partition(arn.Partition, d.pos(members["Arn"]))
	name := cut(arn.Resource)
	if document, ok := d.defaultVersion(members); ok {
		if doc := d.policy(policy.IdentityPolicy, name, text, document); doc != nil {
			d.snapshot.managed(doc)
		}
		return
	}
	d.warn(codeMissing, d.pos(item), "the default version of %s is not in the snapshot: what it allows or denies is unknown", text)
	d.snapshot.managed(source.UnknownPolicy(policy.IdentityPolicy, name, text,
		"the default version of "+text+" is not in the snapshot", d.pos(item)))
}

// defaultVersion finds the text of the version that is in force.
func (d details) defaultVersion(members map[string]gjson.Result) (document gjson.Result, found bool) {
	inForce := d.text(members, "DefaultVersionId")
	d.items(members["PolicyVersionList"], "PolicyVersionList", func(_ gjson.Result, version map[string]gjson.Result) {
		isDefault, said := d.flag(version, "IsDefaultVersion")
		if isDefault || !said && inForce != "" && d.text(version, "VersionId") == inForce {
			document, found = version["Document"], version["Document"].Raw != ""
		}
	})
	return document, found
}
