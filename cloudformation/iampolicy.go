package cloudformation

import (
	"cmp"
	"reflect"
	"slices"
)

// policyProperties are those of AWS::IAM::Policy
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html).
type policyProperties struct {
	Groups         []string
	PolicyDocument document
	PolicyName     string
	Roles, Users   []string
}

// holdersOf are whom a policy is given to.
func holdersOf(users, groups, roles []string) []holder {
	var out []holder
	for _, list := range []struct {
		kind  string
		names []string
	}{{"User", users}, {"Group", groups}, {"Role", roles}} {
		for _, name := range list.names {
			out = append(out, holder{list.kind, name})
		}
	}
	return out
}

// difference are the holders that the others do not have.
func difference(list, others []holder) []holder {
	known := map[holder]bool{}
	for _, h := range others {
		known[h] = true
	}
	var out []holder
	for _, h := range list {
		if !known[h] {
			out = append(out, h)
		}
	}
	return out
}

func (p *policyProperties) holders() []holder { return holdersOf(p.Users, p.Groups, p.Roles) }

func (p *policyProperties) put() []step {
	var list []step
	for _, h := range p.holders() {
		list = append(list, h.putInline(inlinePolicy{p.PolicyName, p.PolicyDocument}))
	}
	return list
}

func deletePolicy(from []holder, name string) []step {
	var list []step
	for _, h := range from {
		list = append(list, h.deleteInline(name))
	}
	return list
}

var policyKind = kindOf[policyProperties]{
	required: []string{"PolicyDocument", "PolicyName"}, iam: true,
	create: func(w *work, r *resourceRecord, p *policyProperties) error {
		if len(p.holders()) == 0 {
			return badProperty("At least one of [Groups,Roles,Users] must be non-empty.")
		}
		var err error
		if r.PhysicalID, err = w.newName(r, maxOtherName); err != nil {
			return err
		}
		r.Attributes = map[string]string{"Id": r.PhysicalID}
		return steps(w.iam, p.put()...)
	},
	update: func(w *work, _ *resourceRecord, before, after *policyProperties) error {
		if len(after.holders()) == 0 {
			return badProperty("At least one of [Groups,Roles,Users] must be non-empty.")
		}
		if err := steps(w.iam, after.put()...); err != nil {
			return err
		}
		gone := before.holders()
		if before.PolicyName == after.PolicyName {
			gone = difference(gone, after.holders())
		}
		return steps(tolerant(w.iam), deletePolicy(gone, before.PolicyName)...)
	},
	remove: func(w *work, _ *resourceRecord, p *policyProperties) error {
		return steps(tolerant(w.iam), deletePolicy(p.holders(), p.PolicyName)...)
	},
}.kind()

// The properties of AWS::IAM::UserPolicy, AWS::IAM::GroupPolicy and AWS::IAM::RolePolicy
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-userpolicy.html and its like).
type (
	userPolicyProperties struct {
		PolicyDocument       document
		PolicyName, UserName string
	}
	groupPolicyProperties struct {
		PolicyDocument        document
		PolicyName, GroupName string
	}
	rolePolicyProperties struct {
		PolicyDocument       document
		PolicyName, RoleName string
	}
)

// ownPolicyKind is the type of an inline policy of one user, group or role.
func ownPolicyKind[P any](kind string) *kind {
	read := func(p *P) (holder, inlinePolicy) {
		v := reflect.ValueOf(p).Elem()
		return holder{kind, v.FieldByName(kind + "Name").String()}, inlinePolicy{
			v.FieldByName("PolicyName").String(), document(v.FieldByName("PolicyDocument").String()),
		}
	}
	put := func(w *work, p *P) error {
		h, inline := read(p)
		if inline.PolicyDocument == "" {
			return badProperty("Properties validation failed: [#: required key [PolicyDocument] not found]")
		}
		return steps(w.iam, h.putInline(inline))
	}
	return kindOf[P]{
		required: []string{"PolicyName", kind + "Name"}, replaces: []string{"PolicyName", kind + "Name"}, iam: true,
		create: func(w *work, r *resourceRecord, p *P) error {
			if err := put(w, p); err != nil {
				return err
			}
			h, inline := read(p)
			r.PhysicalID = inline.PolicyName + "|" + h.name
			return nil
		},
		update: func(w *work, _ *resourceRecord, _, after *P) error { return put(w, after) },
		remove: func(w *work, _ *resourceRecord, p *P) error {
			h, inline := read(p)
			return steps(w.iam, h.deleteInline(inline.PolicyName))
		},
	}.kind()
}

// managedPolicyProperties are those of AWS::IAM::ManagedPolicy
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html).
type managedPolicyProperties struct {
	Description, ManagedPolicyName, Path string
	Groups                               []string
	PolicyDocument                       document
	Roles, Users                         []string
}

func (p *managedPolicyProperties) holders() []holder { return holdersOf(p.Users, p.Groups, p.Roles) }

var managedPolicyKind = kindOf[managedPolicyProperties]{
	required: []string{"PolicyDocument"}, replaces: []string{"Description", "ManagedPolicyName", "Path"},
	name: "ManagedPolicyName", iam: true,
	create: createManagedPolicy,
	update: func(w *work, r *resourceRecord, before, after *managedPolicyProperties) error {
		if before.PolicyDocument != after.PolicyDocument {
			if err := w.newVersion(r.PhysicalID, after.PolicyDocument); err != nil {
				return err
			}
		}
		var list []step
		for _, h := range difference(after.holders(), before.holders()) {
			list = append(list, h.attach(r.PhysicalID))
		}
		if err := steps(w.iam, list...); err != nil {
			return err
		}
		list = nil
		for _, h := range difference(before.holders(), after.holders()) {
			list = append(list, h.detach(r.PhysicalID))
		}
		return steps(tolerant(w.iam), list...)
	},
	remove: removeManagedPolicy,
}.kind()

func createManagedPolicy(w *work, r *resourceRecord, p *managedPolicyProperties) error {
	name := p.ManagedPolicyName
	if name == "" {
		var err error
		if name, err = w.newName(r, maxOtherName); err != nil {
			return err
		}
	}
	out, err := w.iam("CreatePolicy", fields{
		"PolicyName": name, "Path": p.Path, "Description": p.Description, "PolicyDocument": p.PolicyDocument,
	})
	if err != nil {
		return err
	}
	if r.PhysicalID, err = member(out, "Policy", "Arn"); err != nil {
		return err
	}
	id, err := member(out, "Policy", "PolicyId")
	r.Attributes = map[string]string{"PolicyArn": r.PhysicalID, "PolicyId": id}
	if err != nil {
		return err
	}
	var list []step
	for _, h := range p.holders() {
		list = append(list, h.attach(r.PhysicalID))
	}
	return steps(w.iam, list...)
}

// maxPolicyVersions is how many versions a managed policy may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxPolicyVersions = 5

// newVersion makes a document the default version; the oldest version goes when there are as many as there may be.
func (w *work) newVersion(arn string, doc document) error {
	versions, err := w.otherVersions(arn)
	if err != nil {
		return err
	}
	if len(versions) >= maxPolicyVersions-1 {
		oldest := versions[len(versions)-1]
		if err := steps(w.iam, step{"DeletePolicyVersion", fields{"PolicyArn": arn, "VersionId": oldest}}); err != nil {
			return err
		}
	}
	return steps(w.iam, step{"CreatePolicyVersion", fields{"PolicyArn": arn, "PolicyDocument": doc, "SetAsDefault": true}})
}

// otherVersions are the versions of a policy that are not the default, the newest first.
func (w *work) otherVersions(arn string) ([]string, error) {
	out, err := w.iam("ListPolicyVersions", fields{"PolicyArn": arn})
	if err != nil {
		return nil, err
	}
	var ids []string
	list := reflect.Indirect(reflect.ValueOf(out)).FieldByName("Versions")
	for i := range list.Len() {
		v := list.Index(i)
		if isDefault := v.FieldByName("IsDefaultVersion"); !reflect.Indirect(isDefault).Bool() {
			id, err := member(v.Interface(), "VersionId")
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(b, a)) })
	return ids, nil
}

func removeManagedPolicy(w *work, r *resourceRecord, p *managedPolicyProperties) error {
	var list []step
	for _, h := range p.holders() {
		list = append(list, h.detach(r.PhysicalID))
	}
	if err := steps(tolerant(w.iam), list...); err != nil {
		return err
	}
	versions, err := w.otherVersions(r.PhysicalID)
	if err != nil {
		return err
	}
	list = nil
	for _, id := range versions {
		list = append(list, step{"DeletePolicyVersion", fields{"PolicyArn": r.PhysicalID, "VersionId": id}})
	}
	return steps(w.iam, append(list, step{"DeletePolicy", fields{"PolicyArn": r.PhysicalID}})...)
}
