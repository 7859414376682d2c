package snapshot

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// The types of policy that bind principals and resources, as Organizations names them
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_PolicySummary.html).
const (
	serviceControl  = "SERVICE_CONTROL_POLICY"
	resourceControl = "RESOURCE_CONTROL_POLICY"
)

// The ids of the policies that AWS attaches itself; both allow everything
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#fullawsaccess-scp,
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html).
const (
	fullAccess         = "p-FullAWSAccess"
	fullResourceAccess = "p-RCPFullAWSAccess"
)

// tree is an organization as it is put together from several files.
type tree struct {
	id, management string
	infoAt         policy.Position
	hasInfo        bool
	seenAt         policy.Position // the first file about it
	// enabled are the types of policy that are in use; nil while no root was read.
	enabled map[string]bool
	root    string
	rootAt  policy.Position
	// parents are the parents of units and accounts by id; at is where that is said.
	parents map[string]string
	at      map[string]policy.Position
	order   []string // units and accounts as they are found
	// attached are the policies of a target by type; a target without entry was not read.
	attached map[string]map[string][]attachment
	contents map[string]*policy.Document // by policy id
}

// attachment is the use of a policy.
type attachment struct {
	id, name string
	pos      policy.Position
}

// tree returns the organization that a file is about.
func (s *snapshot) tree(f *file) *tree {
	name := f.place.organization
	t := s.trees[name]
	if t == nil {
		t = &tree{
			seenAt:  f.text.Position(f.root),
			parents: map[string]string{}, at: map[string]policy.Position{},
			attached: map[string]map[string][]attachment{}, contents: map[string]*policy.Document{},
		}
		s.trees[name] = t
	}
	return t
}

// organization reads describe-organization
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html). What a member says about its
// organization is in the folder of the account, and what the tree is made of in a folder of its own.
func (s *snapshot) organization(f *file) {
	v := s.in(f)
	value := v.members(f.root, "the file")["Organization"]
	members := v.members(value, "Organization")
	id, ok := v.need(value, members, "Id")
	if !ok {
		return
	}
	management, ok := v.need(value, members, "MasterAccountId")
	if !ok {
		return
	}
	if f.place.account != "" && f.place.organization == "" {
		s.memberOf(f.place.account, id, management, v.pos(value))
		return
	}
	t := s.tree(f)
	if t.hasInfo {
		v.twice("the organization "+id, v.pos(value), t.infoAt)
		return
	}
	t.hasInfo, t.id, t.management, t.infoAt = true, id, management, v.pos(value)
}

// memberOf notes what an account says about its organization, of which nothing more may be known.
func (s *snapshot) memberOf(account, organization, management string, pos policy.Position) {
	if before, ok := s.memberships[account]; ok {
		s.twice("the organization of account "+account, pos, before.pos)
		return
	}
	s.memberships[account] = membership{organization, management, pos}
}

// membership says that an account is in an organization.
type membership struct {
	organization, management string
	pos                      policy.Position
}

// roots reads list-roots (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Root.html).
func (s *snapshot) roots(f *file) {
	v, t := s.in(f), s.tree(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	v.items(members["Roots"], "Roots", func(item gjson.Result, root map[string]gjson.Result) {
		id, ok := v.need(item, root, "Id")
		if !ok {
			return
		}
		if t.root != "" {
			v.twice("the root of the organization", v.pos(item), t.rootAt)
			return
		}
		t.root, t.rootAt, t.enabled = id, v.pos(item), map[string]bool{}
		if _, said := root["PolicyTypes"]; !said {
			t.enabled[serviceControl], t.enabled[resourceControl] = true, true // they may be
		}
		v.items(root["PolicyTypes"], "PolicyTypes", func(_ gjson.Result, kind map[string]gjson.Result) {
			if v.text(kind, "Status") != "PENDING_DISABLE" { // still in force
				t.enabled[v.text(kind, "Type")] = true
			}
		})
	})
}

// target is the id of the root, unit or account that a file is about.
func (v values) target() string {
	if v.file.place.target == "" {
		v.fail(codeNoPlace, v.pos(v.file.root), "the output of %s does not say of which root, unit or account it is: expected it in a folder that is called as its id",
			v.file.kind.command())
	}
	return v.file.place.target
}

// units reads list-organizational-units-for-parent.
func (s *snapshot) units(f *file) { s.children(f, "OrganizationalUnits") }

// members reads list-accounts-for-parent.
func (s *snapshot) members(f *file) { s.children(f, "Accounts") }

// children reads what is below a root or unit.
func (s *snapshot) children(f *file, list string) {
	v, t := s.in(f), s.tree(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	parent := v.target()
	if parent == "" {
		return
	}
	v.items(members[list], list, func(item gjson.Result, child map[string]gjson.Result) {
		id, ok := v.need(item, child, "Id")
		if !ok {
			return
		}
		if _, twice := t.parents[id]; twice {
			v.twice(id, v.pos(item), t.at[id])
			return
		}
		t.parents[id], t.at[id] = parent, v.pos(item)
		t.order = append(t.order, id)
	})
}

// attachments reads list-policies-for-target. A list that is empty says nothing of the type that was asked for, but its
// name may.
func (s *snapshot) attachments(f *file) {
	v, t := s.in(f), s.tree(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	target := v.target()
	if target == "" {
		return
	}
	if t.attached[target] == nil {
		t.attached[target] = map[string][]attachment{}
	}
	kind := ""
	switch base := strings.ToLower(f.place.base); {
	case strings.Contains(base, "scp"), strings.Contains(base, "service"):
		kind = serviceControl
	case strings.Contains(base, "rcp"), strings.Contains(base, "resource"):
		kind = resourceControl
	}
	if kind != "" && t.attached[target][kind] == nil {
		t.attached[target][kind] = []attachment{}
	}
	v.items(members["Policies"], "Policies", func(item gjson.Result, entry map[string]gjson.Result) {
		id, ok := v.need(item, entry, "Id")
		if !ok {
			return
		}
		kind, ok := v.need(item, entry, "Type")
		if !ok {
			return
		}
		a := attachment{id, cmp.Or(v.text(entry, "Name"), id), v.pos(item)}
		t.attached[target][kind] = append(t.attached[target][kind], a)
	})
}

// content reads describe-policy (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Policy.html).
func (s *snapshot) content(f *file) {
	v, t := s.in(f), s.tree(f)
	value := v.members(f.root, "the file")["Policy"]
	members := v.members(value, "Policy")
	summary := v.members(members["PolicySummary"], "PolicySummary")
	id, ok := v.need(members["PolicySummary"], summary, "Id")
	if !ok {
		return
	}
	var kind policy.Kind
	switch v.text(summary, "Type") {
	case serviceControl:
		kind = policy.ServiceControlPolicy
	case resourceControl:
		kind = policy.ResourceControlPolicy
	default:
		return // of a type that decides nothing about requests
	}
	if _, ok := v.need(value, members, "Content"); !ok {
		return
	}
	if first := t.contents[id]; first != nil {
		v.twice("the policy "+id, v.pos(value), first.Pos)
		return
	}
	t.contents[id] = v.policy(kind, cmp.Or(v.text(summary, "Name"), id), v.text(summary, "Arn"), members["Content"])
}

// finishOrganizations gives every account its policies by level.
func (s *snapshot) finishOrganizations() {
	for _, name := range slices.Sorted(maps.Keys(s.trees)) {
		t := s.trees[name]
		switch {
		case !t.hasInfo:
			s.fail(codeMissing, t.somewhere(), "the organization that this is part of is not in the snapshot: expected the output of %s beside it", organizationInfo.command())
		case t.root == "":
			s.warn(codeMissing, t.infoAt, "the root of the organization %s is not in the snapshot%s: which policies its accounts are under is unknown",
				t.id, s.because("organizations/"+t.id+"/roots.json"))
		default:
			s.finishTree(t)
		}
	}
	for _, account := range slices.Sorted(maps.Keys(s.accounts)) {
		if s.world.Accounts[account] == nil {
			s.loneAccount(account)
		}
	}
}

// somewhere is a place that a tree has.
func (t *tree) somewhere() policy.Position {
	var places []policy.Position
	for _, pos := range t.at {
		places = append(places, pos)
	}
	for _, doc := range t.contents {
		places = append(places, doc.Pos)
	}
	for _, kinds := range t.attached {
		for _, attached := range kinds {
			for _, a := range attached {
				places = append(places, a.pos)
			}
		}
	}
	if t.root != "" {
		places = append(places, t.rootAt)
	}
	if len(places) == 0 {
		return t.seenAt
	}
	return slices.MinFunc(places, func(a, b policy.Position) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset))
	})
}

// loneAccount says what is not known of an account that is in no tree. When a tree was to be read that may have it, the
// policies that it is under are unknown; when none was, decisions leave them out and say so.
func (s *snapshot) loneAccount(id string) {
	m, member := s.memberships[id]
	if reason := s.reason(id + "/organization.json"); !member && reason != "" {
		s.tellAccount(id, "whether account "+id+" is in an organization is not known ("+reason+
			"): decisions leave its service control policies and resource control policies out")
		s.leaveOpen(id, "OrgID", "OrgPaths")
	}
	for _, name := range slices.Sorted(maps.Keys(s.trees)) {
		t := s.trees[name]
		if !t.hasInfo || member && t.id != m.organization || !member && len(s.manifest.accounts) > 0 {
			continue
		}
		a := &evaluator.Account{ID: id, OrganizationID: t.id, Management: id == t.management}
		s.leaveOpen(id, "OrgPaths")
		if !member && !a.Management {
			s.leaveOpen(id, "OrgID")
		}
		if !a.Management {
			why := "which policies of organization " + t.id + " account " + id + " is under is not in the snapshot"
			s.warn(codeMissing, t.infoAt, "%s: what they deny is unknown", why)
			a.SCPs = [][]*policy.Document{{source.UnknownPolicy(policy.ServiceControlPolicy, "the policies of "+t.id, "", why, t.infoAt)}}
			a.RCPs = [][]*policy.Document{{source.UnknownPolicy(policy.ResourceControlPolicy, "the policies of "+t.id, "", why, t.infoAt)}}
		}
		s.world.Accounts[id] = a
		return
	}
	if !member {
		return
	}
	s.leaveOpen(id, "OrgPaths")
	s.world.Accounts[id] = &evaluator.Account{ID: id, OrganizationID: m.organization, Management: id == m.management}
	if id == m.management {
		return
	}
	text := "the service control policies and resource control policies of organization " + m.organization +
		" are not in the snapshot: decisions about account " + id + " leave them out"
	s.warn(codeMissing, m.pos, "%s; strictkms snapshot --organization reads them", text)
	s.tellAccount(id, text)
}

// leaveOpen notes that condition keys about the organization of an account are not known.
func (s *snapshot) leaveOpen(id string, keys ...string) {
	for _, key := range keys {
		for _, u := range s.world.Users {
			if u.Account == id {
				u.Open = append(u.Open, "aws:Principal"+key)
			}
		}
		for _, r := range s.world.Roles {
			if r.Account == id {
				r.Open = append(r.Open, "aws:Principal"+key)
			}
		}
		for _, k := range s.keyOrder {
			if k.arn.Account == id {
				k.Open = append(k.Open, "aws:Resource"+key)
			}
		}
	}
}

// tellAccount notes what is unknown about everybody and every key of an account.
func (s *snapshot) tellAccount(id, text string) {
	for _, u := range s.world.Users {
		if u.Account == id {
			u.Unknown = append(u.Unknown, text)
		}
	}
	for _, r := range s.world.Roles {
		if r.Account == id {
			r.Unknown = append(r.Unknown, text)
		}
	}
	for _, k := range s.keyOrder {
		if k.arn.Account == id {
			k.Unknown = append(k.Unknown, text)
		}
	}
}

// finishTree makes the accounts of an organization.
func (s *snapshot) finishTree(t *tree) {
	levels := map[string]*level{}
	for _, id := range t.order {
		if !policy.IsAccountID(id) {
			continue
		}
		path, ok := s.pathOf(t, id)
		if !ok {
			continue
		}
		a := &evaluator.Account{ID: id, OrganizationID: t.id, OrganizationPath: t.id + "/", Management: id == t.management}
		for i, above := range path {
			if i < len(path)-1 {
				a.OrganizationPath += above + "/"
			}
			l := levels[above]
			if l == nil {
				l = s.level(t, above)
				levels[above] = l
			}
			if t.enabled[serviceControl] {
				a.SCPs = append(a.SCPs, l.scps)
			}
			a.RCPs = append(a.RCPs, l.rcps)
		}
		s.world.Accounts[id] = a
	}
}

// pathOf returns the root, the units and the account itself.
func (s *snapshot) pathOf(t *tree, id string) ([]string, bool) {
	path := []string{id}
	for at := id; at != t.root; {
		parent, ok := t.parents[at]
		if !ok || slices.Contains(path, parent) {
			s.fail(codeNoPlace, t.at[id], "%s is not below the root %s of the organization", at, t.root)
			return nil, false
		}
		path = append(path, parent)
		at = parent
	}
	slices.Reverse(path)
	return path, true
}

// level is the policies of a root, unit or account.
type level struct{ scps, rcps []*policy.Document }

// level finds the policies of a target. What is not in the snapshot is unknown.
func (s *snapshot) level(t *tree, target string) *level {
	l := &level{scps: []*policy.Document{}}
	add := func(kind policy.Kind, name string, to *[]*policy.Document) {
		if !t.enabled[name] {
			return
		}
		attached, read := t.attached[target][name]
		if !read {
			pos := cmp.Or(t.at[target], t.rootAt)
			why := "which policies of type " + name + " are attached to " + target + " is not in the snapshot"
			s.warn(codeMissing, pos, "%s: what they deny is unknown", why+s.because("organizations/"+t.id+"/"+target+"/"+fileOf(name)))
			*to = append(*to, source.UnknownPolicy(kind, "the policies of "+target, "", why, pos))
		}
		for _, a := range attached {
			if doc := s.attachedPolicy(t, kind, a); doc != nil {
				*to = append(*to, doc)
			}
		}
	}
	add(policy.ServiceControlPolicy, serviceControl, &l.scps)
	add(policy.ResourceControlPolicy, resourceControl, &l.rcps)
	return l
}

// fileOf is the name of the file with the policies of a type that are attached to a target.
func fileOf(kind string) string {
	if kind == serviceControl {
		return "scps.json"
	}
	return "rcps.json"
}

// because says why a file is missing, in parentheses, or nothing.
func (s *snapshot) because(path string) string {
	if reason := s.reason(path); reason != "" {
		return " (" + reason + ")"
	}
	return ""
}

// attachedPolicy finds the text of a policy, nil for the resource control policy that allows everything: it is implied.
func (s *snapshot) attachedPolicy(t *tree, kind policy.Kind, a attachment) *policy.Document {
	if a.id == fullResourceAccess {
		return nil
	}
	if doc := t.contents[a.id]; doc != nil {
		return doc
	}
	if a.id == fullAccess {
		doc, _ := policy.Parse(kind, "FullAWSAccess",
			[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
		doc.Pos = a.pos
		t.contents[a.id] = doc
		return doc
	}
	why := "the text of the policy " + a.name + " is not in the snapshot"
	s.warn(codeMissing, a.pos, "%s: what it allows or denies is unknown", why+s.because("organizations/"+t.id+"/policies/"+a.id+".json"))
	t.contents[a.id] = source.UnknownPolicy(kind, a.name, "", why, a.pos)
	return t.contents[a.id]
}
