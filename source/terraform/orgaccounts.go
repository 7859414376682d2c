package terraform

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// accountsOf makes the accounts.
func (b *builder) accountsOf(o *organization) {
	if len(o.scps)+len(o.rcps)+len(o.anywhere) > 0 && !o.whole {
		b.perhapsMembers(o)
	}
	for _, id := range o.members {
		switch {
		case !policy.IsAccountID(id):
			if len(o.scps)+len(o.rcps) > 0 {
				b.warn(0, "unknown-account", "the id of the account %s is not known before it is made: its policies are not loaded", id)
			}
		case b.world.Accounts[id] == nil: // else it was told by a file before
			b.accounts[id] = b.member(o, id)
		}
	}
}

// member makes an account of the organization.
func (b *builder) member(o *organization, id string) *evaluator.Account {
	a := &evaluator.Account{ID: id, OrganizationID: o.id, Management: id == o.management}
	levels, whole := o.above(id)
	if whole {
		a.OrganizationPath = o.id + "/"
		for _, level := range levels[:len(levels)-1] {
			a.OrganizationPath += level + "/"
		}
	}
	var open []string
	if o.id == "" {
		open = append(open, "OrgID")
	}
	if !whole {
		open = append(open, "OrgPaths")
	}
	b.leaveOrganizationOpen(id, open...)
	for _, level := range levels {
		if o.hasSCPs {
			a.SCPs = append(a.SCPs, append([]*policy.Document{b.fullAccess(o)}, o.scps[level]...))
		}
		a.RCPs = append(a.RCPs, o.rcps[level])
	}
	if !whole {
		const why = "the units above the account are not in the plan"
		var unknown []*policy.Document
		if onUnits(o, o.scps) {
			unknown = append(unknown, source.UnknownPolicy(policy.ServiceControlPolicy, "policies of the units above "+id, "", why, b.at(0)))
		}
		if onUnits(o, o.rcps) {
			unknown = append(unknown, source.UnknownPolicy(policy.ResourceControlPolicy, "policies of the units above "+id, "", why, b.at(0)))
		}
		if len(unknown) > 0 {
			b.warn(0, "unknown-account", "the units above the account %s are not in the plan: their policies are unknown", id)
			b.insert(o, a, 1, unknown)
		}
	}
	b.insert(o, a, len(levels), o.anywhere)
	return a
}

// insert puts a level with policies into an account, which both kinds then have.
func (b *builder) insert(o *organization, a *evaluator.Account, at int, docs []*policy.Document) {
	if len(docs) == 0 {
		return
	}
	var scps, rcps []*policy.Document
	for _, doc := range docs {
		if doc.Kind == policy.ServiceControlPolicy {
			scps = append(scps, doc)
		} else {
			rcps = append(rcps, doc)
		}
	}
	if len(scps) > 0 {
		a.SCPs = slices.Insert(a.SCPs, min(at, len(a.SCPs)), append([]*policy.Document{b.fullAccess(o)}, scps...))
	}
	if len(rcps) > 0 {
		a.RCPs = slices.Insert(a.RCPs, min(at, len(a.RCPs)), rcps)
	}
}

// perhapsMembers makes the accounts that the plan does not call members, and that may be: what is attached to the root, to
// units and to nobody knows whom may concern them.
func (b *builder) perhapsMembers(o *organization) {
	const why = "whether the account is in the organization is not in the plan"
	docs := slices.Clone(o.anywhere)
	for _, all := range []map[string][]*policy.Document{o.scps, o.rcps} {
		for _, target := range sorted(all) {
			if policy.IsAccountID(target) {
				continue
			}
			for _, doc := range all[target] {
				docs = append(docs, source.InDoubt(doc, why, b.at(0)))
			}
		}
	}
	if len(docs) == 0 {
		return
	}
	for _, id := range b.accountsThere() {
		if slices.Contains(o.members, id) || b.world.Accounts[id] != nil || id == o.management {
			continue
		}
		b.warn(0, "unknown-account", "whether the account %s is in the organization is not in the plan: the policies of the organization may concern it", id)
		a := &evaluator.Account{ID: id}
		b.insert(o, a, 0, docs)
		b.leaveOrganizationOpen(id, "OrgID", "OrgPaths")
		b.accounts[id] = a
	}
}

// leaveOrganizationOpen notes that condition keys about the organization of an account are not known.
func (b *builder) leaveOrganizationOpen(account string, keys ...string) {
	for _, key := range keys {
		for _, h := range slices.Concat(b.all("user"), b.all("role")) {
			if h.account() == account {
				b.change(h, func() { h.leaveOpen("aws:Principal" + key) })
			}
		}
		for _, k := range slices.Concat(b.keys, b.world.Keys) {
			if strings.Contains(k.ARN, ":"+account+":key/") {
				b.changeKey(k, func() { k.Open = append(k.Open, "aws:Resource"+key) })
			}
		}
	}
}

// accountsThere are the accounts of all users, roles and keys.
func (b *builder) accountsThere() []string {
	there := map[string]bool{}
	for _, u := range slices.Concat(b.users, b.world.Users) {
		there[u.Account] = true
	}
	for _, r := range slices.Concat(b.roles, b.world.Roles) {
		there[r.Account] = true
	}
	for _, k := range slices.Concat(b.keys, b.world.Keys) {
		if arn, ok := policy.ParseARN(k.ARN); ok {
			there[arn.Account] = true
		}
	}
	return sorted(there)
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// above are the levels from the root to an account. whole is false when the plan does not tell all of them.
func (o *organization) above(id string) (levels []string, whole bool) {
	levels = []string{id}
	for at := id; ; {
		parent, ok := o.parents[at]
		if !ok || slices.Contains(levels, parent) {
			return []string{o.root, id}, false
		}
		levels = append([]string{parent}, levels...)
		if parent == o.root {
			return levels, true
		}
		at = parent
	}
}

// fullAccess is the service control policy that AWS attaches to every level
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html).
func (b *builder) fullAccess(o *organization) *policy.Document {
	if o.full == nil {
		doc, diags := policy.Parse(policy.ServiceControlPolicy, "FullAWSAccess",
			[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`), policy.WithFile(b.file.Name))
		for _, d := range diags {
			b.report(d)
		}
		o.full = doc
	}
	return o.full
}

// onUnits reports whether a policy is attached to anything but the root and accounts.
func onUnits(o *organization, all map[string][]*policy.Document) bool {
	for target := range all {
		if target != o.root && !policy.IsAccountID(target) {
			return true
		}
	}
	return false
}
