package files

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// fullAccess and fullResourceAccess are the names of the policies that AWS attaches itself
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html,
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html).
const (
	fullAccess         = "FullAWSAccess"
	fullResourceAccess = "RCPFullAWSAccess"
)

// organization is the tree of an organization as it is being read.
type organization struct {
	*reader
	id         string
	management string
	hasSCPs    bool // some level names its service control policies
	full       *policy.Document
	members    []*member
}

// member is an account with the levels above it.
type member struct {
	id     string
	levels []level // root, units, the account itself
	node   *yaml.Node
}

// level is the root, a unit or an account.
type level struct {
	id         string
	scps, rcps []*policy.Document
	saysSCPs   bool
}

// organization reads the organization and gives every account in it its policies.
func (r *reader) organization(n *yaml.Node) {
	o := &organization{reader: r}
	var root, management *yaml.Node
	r.fields(n, "an organization", map[string]func(*yaml.Node){
		"id":                 r.into(&o.id, "the organization id"),
		"management-account": func(n *yaml.Node) { management, o.management = n, r.text(n, "an account id") },
		"root":               func(n *yaml.Node) { root = n },
	})
	if management != nil {
		r.accountID(o.management, management)
	}
	if o.id == "" || root == nil {
		r.fail("incomplete-organization", n, "expected an organization with id and root")
		return
	}
	o.unit(root, nil, "the root")
	o.finish()
}

// unit reads the root or an organizational unit with everything below it.
func (o *organization) unit(n *yaml.Node, above []level, what string) {
	own := level{}
	var accounts, units *yaml.Node
	ignored := ""
	fields := o.levelFields(&own)
	fields["id"] = o.into(&own.id, "an id")
	fields["name"] = o.into(&ignored, "a name")
	fields["accounts"] = func(n *yaml.Node) { accounts = n }
	fields["units"] = func(n *yaml.Node) { units = n }
	o.fields(n, what, fields)
	if own.id == "" {
		o.fail("no-unit-id", n, "expected an id: r-… for the root, ou-… for a unit")
	}
	path := slices.Concat(above, []level{own})
	if accounts != nil {
		o.accountsOf(accounts, path)
	}
	if units != nil {
		o.items(units, "units", func(n *yaml.Node) { o.unit(n, path, "a unit") })
	}
}

// accountsOf reads the accounts of a level: a list of ids, or a mapping when accounts have
// policies of their own.
func (o *organization) accountsOf(n *yaml.Node, above []level) {
	add := func(id string, key *yaml.Node, own level) {
		if o.accountID(id, key) {
			o.members = append(o.members, &member{id: id, levels: slices.Concat(above, []level{own}), node: key})
		}
	}
	if yamljson.Resolve(n).Kind == yaml.SequenceNode {
		o.items(n, "accounts", func(n *yaml.Node) { add(o.text(n, "an account id"), n, level{}) })
		return
	}
	o.entries(n, "accounts by id", func(id string, key, value *yaml.Node) {
		own := level{}
		o.fields(value, "an account of the organization", o.levelFields(&own))
		add(id, key, own)
	})
}

// levelFields reads the policies of a level.
func (o *organization) levelFields(l *level) map[string]func(*yaml.Node) {
	return map[string]func(*yaml.Node){
		"scps": func(n *yaml.Node) {
			o.hasSCPs, l.saysSCPs = true, true
			l.scps = o.policies(policy.ServiceControlPolicy, fullAccess, n)
		},
		"rcps": func(n *yaml.Node) { l.rcps = o.policies(policy.ResourceControlPolicy, fullResourceAccess, n) },
	}
}

// policies reads policies by name. The one that AWS provides needs no document.
func (o *organization) policies(kind policy.Kind, provided string, n *yaml.Node) []*policy.Document {
	docs := []*policy.Document{}
	o.entries(n, "policies by name", func(name string, _, value *yaml.Node) {
		if name == provided && yamljson.Resolve(value).ShortTag() == "!!null" {
			if kind == policy.ServiceControlPolicy { // RCPFullAWSAccess is implied
				docs = append(docs, o.fullAWSAccess())
			}
			return
		}
		if doc := o.policy(kind, name, value); doc != nil {
			docs = append(docs, doc)
		}
	})
	return docs
}

// fullAWSAccess is the service control policy that AWS attaches to every level of an
// organization that uses service control policies.
func (o *organization) fullAWSAccess() *policy.Document {
	if o.full == nil {
		doc, diags := policy.Parse(policy.ServiceControlPolicy, fullAccess,
			[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
		o.diags = append(o.diags, diags...)
		o.full = doc
	}
	return o.full
}

// finish makes the accounts, now that it is known whether the organization uses service control
// policies: a level that does not name its own then has FullAWSAccess.
func (o *organization) finish() {
	for _, m := range o.members {
		if o.world.Accounts[m.id] != nil {
			o.fail("defined-twice", m.node, "account "+m.id+" is in the organization twice")
			continue
		}
		a := &evaluator.Account{
			ID: m.id, OrganizationID: o.id, OrganizationPath: o.id + "/", Management: m.id == o.management,
		}
		for i, l := range m.levels {
			if i < len(m.levels)-1 {
				a.OrganizationPath += l.id + "/"
			}
			if o.hasSCPs {
				scps := l.scps
				if !l.saysSCPs {
					scps = []*policy.Document{o.fullAWSAccess()}
				}
				a.SCPs = append(a.SCPs, scps)
			}
			a.RCPs = append(a.RCPs, l.rcps)
		}
		o.world.Accounts[m.id] = a
	}
}
