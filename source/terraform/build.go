package terraform

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// builder makes of a plan what is added to the world.
type builder struct {
	*plan
	world *source.World // as it is so far; only read until addTo

	users     []*source.User
	groups    []*source.Group
	roles     []*source.Role
	managed   []*policy.Document
	keys      []*source.Key
	endpoints map[string]*policy.Document
	// otherEndpoints are the VPC endpoints for other services, by id.
	otherEndpoints map[string]bool
	accounts       map[string]*evaluator.Account
	// keyByARN are the keys of the plan and of the world before, old those of the world before.
	keyByARN map[string]*source.Key
	old      map[*source.Key]bool
	// late are changes to what the world held before.
	late []func()
	// takenIn says in words what is looked up by reference in managed policies, by ARN.
	takenIn map[string][]string
	// declared are the positions of what has been declared, by ARN or another unique name.
	declared map[string]policy.Position
	// memberships are those that are in doubt.
	memberships []doubtfulMembership
	// byName are the users, groups and roles by kind and name, see holdersOf.
	byName map[string]map[string]holder
	// spent counts what is done because something may concern everybody.
	spent int
}

// build makes users, groups, roles, policies, keys, aliases and grants.
func (p *plan) build(w *source.World) *builder {
	b := &builder{
		plan: p, world: w, endpoints: map[string]*policy.Document{}, otherEndpoints: map[string]bool{}, accounts: map[string]*evaluator.Account{},
		keyByARN: map[string]*source.Key{}, old: map[*source.Key]bool{}, takenIn: map[string][]string{}, declared: map[string]policy.Position{},
	}
	b.takeInventory()
	b.warnOthers()
	for _, step := range []struct {
		do    func(*resource)
		types []string
	}{
		{b.group, []string{typeGroup}},
		{b.user, []string{typeUser}},
		{b.role, []string{typeRole}},
		{b.serviceLinkedRole, []string{typeServiceLinkedRole}},
		{b.managedPolicy, []string{typePolicy}},
		{b.inlinePolicy, []string{typeUserPolicy, typeGroupPolicy, typeRolePolicy}},
		{b.attachment, []string{typeUserAttachment, typeGroupAttachment, typeRoleAttachment, typeAttachment}},
		{b.exclusive, []string{
			typeUserPolicies, typeGroupPolicies, typeRolePolicies, typeUserAttachments, typeGroupAttachments, typeRoleAttachments,
		}},
		{b.membership, []string{typeUserGroups, typeGroupUsers}},
		{b.accessKey, []string{typeAccessKey}},
		{b.key, []string{typeKey, typeExternalKey}},
		{b.key, []string{typeReplicaKey, typeReplicaExternalKey}},
		{b.keyPolicyOf, []string{typeKeyPolicy}},
		{b.alias, []string{typeAlias}},
		{b.grant, []string{typeGrant}},
		{b.endpoint, []string{typeEndpoint}},
		{b.endpointPolicy, []string{typeEndpointPolicy}},
	} {
		for _, r := range b.of(step.types...) {
			step.do(r)
		}
	}
	b.foreignPolicies()
	b.organizations()
	b.doubtMemberships()
	b.spreadTaken()
	return b
}

// of returns the managed resources of some types, in the order of the plan.
func (p *plan) of(types ...string) []*resource {
	var out []*resource
	for _, r := range p.order {
		if !r.data && slices.Contains(types, r.typ) {
			out = append(out, r)
		}
	}
	return out
}

// takeInventory notes what the world declares already, which may not be declared again.
func (b *builder) takeInventory() {
	for _, u := range b.world.Users {
		b.declared[identity(u.Account, "user", u.Name)] = u.Pos
	}
	for _, g := range b.world.Groups {
		b.declared[identity(g.Account, "group", g.Name)] = g.Pos
	}
	for _, r := range b.world.Roles {
		b.declared[identity(r.Account, "role", r.Name)] = r.Pos
	}
	for _, doc := range b.world.ManagedPolicies {
		b.declared[doc.ARN] = doc.Pos
	}
	for _, k := range b.world.Keys {
		b.declared[k.ARN], b.keyByARN[k.ARN], b.old[k] = k.Pos, k, true
		prefix, _, _ := strings.Cut(k.ARN, "key/")
		for _, a := range k.Aliases {
			b.declared[prefix+a] = k.Pos
		}
	}
}

// identity names an IAM identity in a way that is the same for names that IAM takes for the same: upper and lower case do
// not distinguish users, groups or roles
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func identity(account, kind, name string) string {
	return account + ":" + kind + "/" + strings.ToLower(name)
}

// declare notes that something exists and reports what exists already.
func (b *builder) declare(offset int, unique, shown string) {
	if before, ok := b.declared[unique]; ok {
		b.fail(offset, "duplicate-name", "%s is declared already, see %s", shown, before)
		return
	}
	b.declared[unique] = b.at(offset)
}

// warnOthers reports the resources of KMS and IAM that are not loaded.
func (b *builder) warnOthers() {
	for _, r := range b.order {
		if !r.data && ours(r.typ) && !slices.Contains(loaded, r.typ) && !slices.Contains(without, r.typ) {
			b.warn(r.offset, "unknown-type", "%s is not loaded: the type %s is not known", r.id, r.typ)
		}
	}
}

// spreadTaken tells users, groups and roles what is looked up by reference in the policies attached to them.
func (b *builder) spreadTaken() {
	about := func(attached []string, boundary string) []string {
		var taken []string
		for _, arn := range attached {
			taken = append(taken, b.takenIn[arn]...)
		}
		return append(taken, b.takenIn[boundary]...)
	}
	for _, u := range b.users {
		u.Unknown = append(u.Unknown, about(u.Attached, u.Boundary)...)
	}
	for _, g := range b.groups {
		g.Unknown = append(g.Unknown, about(g.Attached, "")...)
	}
	for _, r := range b.roles {
		r.Unknown = append(r.Unknown, about(r.Attached, r.Boundary)...)
	}
}

// addTo adds everything to the world.
func (b *builder) addTo(w *source.World) {
	w.Defaults.Account = cmp.Or(w.Defaults.Account, b.opts.Account)
	w.Defaults.Region = cmp.Or(w.Defaults.Region, b.opts.Region)
	w.Defaults.Partition = cmp.Or(w.Defaults.Partition, policy.PartitionOf(b.opts.Region))
	w.Users = append(w.Users, b.users...)
	w.Groups = append(w.Groups, b.groups...)
	w.Roles = append(w.Roles, b.roles...)
	w.ManagedPolicies = append(w.ManagedPolicies, b.managed...)
	w.Keys = append(w.Keys, b.keys...)
	if len(b.endpoints) > 0 {
		if w.Endpoints == nil {
			w.Endpoints = map[string]*policy.Document{}
		}
		maps.Copy(w.Endpoints, b.endpoints)
	}
	if len(b.accounts) > 0 {
		if w.Accounts == nil {
			w.Accounts = map[string]*evaluator.Account{}
		}
		maps.Copy(w.Accounts, b.accounts)
	}
	for _, change := range b.late {
		change()
	}
}

// tags are the tags of a resource, those of the provider's default_tags included. What is unknown of them is said, and
// open are the condition keys whose values depend on it: the prefix with the name of a tag, or with * for any.
func (b *builder) tags(r *resource, prefix string) (tags map[string]string, unknown, open []string) {
	all := r.get("tags_all")
	sources := []value{all}
	if all.kind == laterValue || all.kind == noValue {
		own := r.get("tags")
		defaults, known := b.defaultTags(r)
		if own.kind == laterValue || !known {
			b.warn(own.offset, "unresolved-property", "the tags of %s are unknown: %s", r.id, later(b.origins(r.expression("tags"), r)))
			return nil, []string{"the tags of " + r.id + " are unknown (" + b.at(own.offset).String() + ")"}, []string{prefix + "*"}
		}
		tags, sources = defaults, []value{own}
	}
	for _, v := range sources {
		for _, f := range v.fields {
			switch f.value.kind {
			case laterValue:
				b.warn(f.offset, "unresolved-property", "the tag %s of %s is unknown", quote(f.key), r.id)
				unknown = append(unknown, "the tag "+f.key+" of "+r.id+" is unknown ("+b.at(f.offset).String()+")")
				open = append(open, prefix+f.key)
			case textValue:
				if tags == nil {
					tags = map[string]string{}
				}
				tags[f.key] = f.value.text
			case noValue:
			default:
				b.fail(f.value.offset, "wrong-type", "expected the tag %s of %s as a string, found %s", quote(f.key), r.id, f.value.kind)
			}
		}
	}
	return tags, unknown, open
}

// The condition keys of tags.
const (
	resourceTag  = "aws:ResourceTag/"
	principalTag = "aws:PrincipalTag/"
)

// defaultTags are those that the provider gives everything; ok is false when they are not known.
func (b *builder) defaultTags(r *resource) (tags map[string]string, ok bool) {
	provider := b.provider(r.providerKey())
	if provider == nil {
		return nil, true
	}
	for _, block := range blocks(provider.Expressions["default_tags"]) {
		e := block["tags"]
		if e == nil || e.ExpressionData == nil {
			continue
		}
		if e.ConstantValue == explicitNull {
			continue
		}
		constants, isMap := e.ConstantValue.(map[string]any)
		if !isMap {
			return nil, false
		}
		tags = map[string]string{}
		for name, v := range constants {
			text, isText := v.(string)
			if !isText {
				return nil, false
			}
			tags[name] = text
		}
	}
	return tags, true
}
