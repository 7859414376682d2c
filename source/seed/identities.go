package seed

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// maxAccessKeys is how many access keys a user may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxAccessKeys = 2

// plan makes the steps of a world.
type plan struct {
	w     *source.World
	steps []step
	err   error
}

// identities are the steps for everything but keys.
func identities(w *source.World, o Options) ([]step, error) {
	p := &plan{w: w}
	for _, id := range accountsOf(w) {
		p.account(id)
	}
	for _, doc := range w.ManagedPolicies {
		p.managed(doc)
	}
	for _, g := range w.Groups {
		p.group(g)
	}
	for _, u := range w.Users {
		p.user(u)
	}
	for _, r := range w.Roles {
		p.role(r)
	}
	for _, id := range slices.Sorted(maps.Keys(w.Accounts)) {
		p.organization(id)
	}
	for _, id := range slices.Sorted(maps.Keys(w.Endpoints)) {
		p.endpoint(id)
	}
	for _, name := range o.Services {
		p.accessKey(iam.ServiceOwner(name), iam.AWS, name, source.AccessKey{}, 0)
	}
	return p.steps, p.err
}

// accountsOf are the accounts that the world has something in, sorted. An account that only the organization names
// is not held by the server: nothing is known about who is in it.
func accountsOf(w *source.World) []string {
	found := map[string]bool{w.Defaults.Account: true}
	for _, u := range w.Users {
		found[u.Account] = true
	}
	for _, g := range w.Groups {
		found[g.Account] = true
	}
	for _, r := range w.Roles {
		found[r.Account] = true
	}
	for _, k := range w.Keys {
		if arn, ok := policy.ParseARN(k.ARN); ok {
			found[arn.Account] = true
		}
	}
	delete(found, "")
	return slices.Sorted(maps.Keys(found))
}

func (p *plan) add(s step) { p.steps = append(p.steps, s) }

// text is a policy of the world; an error is kept for the end.
func (p *plan) text(doc *policy.Document, name, label string) *iam.Policy {
	text, err := textOf(doc, name, label)
	if err != nil && p.err == nil {
		p.err = err
	}
	return text
}

func (p *plan) inline(owner string, docs []*policy.Document) []*iam.Policy {
	texts, err := inlineOf(owner, docs)
	if err != nil && p.err == nil {
		p.err = err
	}
	return texts
}

func sizeOf(policies []*iam.Policy) int {
	size := 1 << 10 // for the rest of the record
	for _, p := range policies {
		size += len(p.Text) + 1<<10
	}
	return size
}

// account makes an account with the access key of its root user.
func (p *plan) account(id string) {
	p.add(step{what: "account " + id, entries: 1, size: 1 << 10, put: func(e *iam.Edit) (bool, error) {
		made := e.Account(id) == nil
		return made, e.EnsureAccount(id, p.w.Defaults.Partition)
	}})
	p.accessKey(iam.RootOwner(id), id, "root user of account "+id, source.AccessKey{}, 0)
}

// accessKey makes the access key that a template calls by its logical id; of several of one name, the index-th.
func (p *plan) accessKey(o iam.Owner, account, of string, declared source.AccessKey, index int) {
	once := ""
	if o.UserName() != "" {
		once = fmt.Sprintf("key/%s/%s/%d", o.UserName(), declared.LogicalID, index)
	}
	what := strings.Join(slices.DeleteFunc([]string{"access key", declared.LogicalID, "of", of}, func(s string) bool { return s == "" }), " ")
	p.add(step{what: what, pos: declared.Pos, entries: 5, size: 1 << 10, account: account, once: once, put: func(e *iam.Edit) (bool, error) {
		if name := o.UserName(); name != "" && e.User(account, name) == nil && e.Seeded(account, "user/"+name) {
			return false, nil // the user was deleted
		}
		there := 0
		for _, k := range e.AccessKeys(o) {
			if k.LogicalID == declared.LogicalID {
				there++
			}
		}
		if there > index {
			return false, nil
		}
		if o.UserName() != "" && len(e.AccessKeys(o)) >= maxAccessKeys {
			return false, nil // there are others by now, which are not taken away
		}
		k, err := e.CreateAccessKey(o, declared.LogicalID)
		if err == nil && declared.Inactive {
			err = e.SetAccessKeyActive(k.ID, false)
		}
		return true, err
	}})
}

func (p *plan) managed(doc *policy.Document) {
	s := step{what: doc.ARN, pos: doc.Pos, entries: 3}
	arn, ok := policy.ParseARN(doc.ARN)
	rest, isPolicy := strings.CutPrefix(arn.Resource, "policy/")
	if !ok || !isPolicy {
		s.put = func(*iam.Edit) (bool, error) { return false, errNoPolicyARN }
		p.add(s)
		return
	}
	slash := strings.LastIndexByte(rest, '/')
	path, name := "/"+rest[:slash+1], rest[slash+1:]
	text := p.text(doc, name, name)
	s.size = sizeOf([]*iam.Policy{text})
	s.account, s.once = arn.Account, "policy/"+name
	s.put = func(e *iam.Edit) (bool, error) {
		if p := e.ManagedPolicy(doc.ARN); p != nil && !p.BuiltIn {
			return false, nil
		}
		return true, e.PutManagedPolicy(&iam.ManagedPolicyDetail{
			Partition: arn.Partition, Account: arn.Account, Name: name, Path: path,
			Versions: []*iam.PolicyVersion{{ID: "v1", Policy: text}}, Default: "v1",
		})
	}
	p.add(s)
}

func (p *plan) group(g *source.Group) {
	inline := p.inline("group/"+g.Name, g.Policies)
	p.add(step{
		what: p.w.Defaults.IAMARN(g.Account, "group", g.Path, g.Name), pos: g.Pos, entries: 3, size: sizeOf(inline),
		account: g.Account, once: "group/" + g.Name,
		put: func(e *iam.Edit) (bool, error) {
			if e.Group(g.Account, g.Name) != nil {
				return false, nil
			}
			return true, e.PutGroup(&iam.GroupDetail{
				Account: g.Account, Name: g.Name, Path: g.Path, Inline: inline, Attached: g.Attached, Unknown: g.Unknown,
			})
		},
	})
}

func (p *plan) user(u *source.User) {
	inline := p.inline("user/"+u.Name, u.Policies)
	arn := p.w.Defaults.IAMARN(u.Account, "user", u.Path, u.Name)
	p.add(step{what: arn, pos: u.Pos, entries: 3, size: sizeOf(inline), account: u.Account, once: "user/" + u.Name, put: func(e *iam.Edit) (bool, error) {
		if e.User(u.Account, u.Name) != nil {
			return false, nil
		}
		return true, e.PutUser(&iam.UserDetail{
			Account: u.Account, Name: u.Name, Path: u.Path, ID: u.UniqueID, Tags: u.Tags, Inline: inline,
			Attached: u.Attached, Groups: u.Groups, Boundary: u.Boundary, Unknown: u.Unknown,
		})
	}})
	if n := len(u.AccessKeys); n > maxAccessKeys {
		p.add(step{what: arn, pos: u.AccessKeys[maxAccessKeys].Pos, put: func(*iam.Edit) (bool, error) {
			return false, fmt.Errorf("a user can have %d access keys, not %d", maxAccessKeys, n)
		}})
		return
	}
	seen := map[string]int{}
	for i, k := range u.AccessKeys {
		if k.LogicalID == "" {
			k.LogicalID = "number " + strconv.Itoa(i+1)
		}
		p.accessKey(iam.UserOwner(u.Account, u.Name), u.Account, arn, k, seen[k.LogicalID])
		seen[k.LogicalID]++
	}
}

func (p *plan) role(r *source.Role) {
	inline, trust := p.inline("role/"+r.Name, r.Policies), p.trust(r)
	p.add(step{
		what: p.w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name), pos: r.Pos, entries: 3, size: sizeOf(inline) + len(trust),
		account: r.Account, once: "role/" + r.Name,
		put: func(e *iam.Edit) (bool, error) {
			if e.Role(r.Account, r.Name) != nil {
				return false, nil
			}
			return true, e.PutRole(&iam.RoleDetail{
				Account: r.Account, Name: r.Name, Path: r.Path, ID: r.UniqueID, ServiceLinked: r.ServiceLinked, Tags: r.Tags,
				Inline: inline, Attached: r.Attached, Boundary: r.Boundary, Unknown: r.Unknown, Trust: trust,
			})
		},
	})
}

// trust is the trust policy of a role as the server keeps it: of one that is not known in full, what it allows whatever
// the rest is. Without one nobody may assume the role.
func (p *plan) trust(r *source.Role) string {
	doc := r.Trust
	if doc != nil && doc.HasUnresolved() {
		doc = doc.Bound(false)
	}
	if doc == nil || len(doc.Statements) == 0 {
		return ""
	}
	text, err := json.Marshal(printable(doc))
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("printing %s: %w", r.Trust.Name, err)
	}
	return string(text)
}

// organization writes what the organization says about an account.
func (p *plan) organization(id string) {
	a := p.w.Accounts[id]
	o := &iam.Organization{
		Account: id, ID: a.OrganizationID, Path: a.OrganizationPath, Management: a.Management,
		SCPs: p.levels(a.SCPs), RCPs: p.levels(a.RCPs),
	}
	p.add(step{
		what: "organization of account " + id, entries: 1, size: sizeOf(slices.Concat(slices.Concat(o.SCPs...), slices.Concat(o.RCPs...))),
		put: func(e *iam.Edit) (bool, error) {
			if e.Organization(id) != nil {
				return false, nil
			}
			return true, e.PutOrganization(o)
		},
	})
}

// levels writes policies by level; no level stays none.
func (p *plan) levels(in [][]*policy.Document) [][]*iam.Policy {
	if in == nil {
		return nil
	}
	out := make([][]*iam.Policy, len(in))
	for i, level := range in {
		out[i] = []*iam.Policy{}
		for _, doc := range level {
			out[i] = append(out[i], p.text(doc, doc.Name, doc.Name))
		}
	}
	return out
}

func (p *plan) endpoint(id string) {
	doc := p.w.Endpoints[id]
	text := p.text(doc, id, id)
	p.add(step{what: "VPC endpoint " + id, pos: doc.Pos, entries: 1, size: len(text.Text), put: func(e *iam.Edit) (bool, error) {
		if e.EndpointPolicy(id) != nil {
			return false, nil
		}
		return true, e.PutEndpointPolicy(&iam.EndpointPolicy{ID: id, Policy: text})
	}})
}
