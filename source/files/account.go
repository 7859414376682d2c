package files

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// accounts reads accounts by id.
func (r *reader) accounts(n *yaml.Node) {
	r.entries(n, "accounts by id", func(id string, key, value *yaml.Node) {
		if !r.accountID(id, key) {
			return
		}
		a := account{reader: r, id: id}
		r.fields(value, "an account", map[string]func(*yaml.Node){
			"users":    a.users,
			"groups":   a.groups,
			"roles":    a.roles,
			"policies": a.managedPolicies,
			"keys":     a.keys,
			"clusters": a.clusters,
		})
	})
}

// accountID reports whether the text is an account id, and the problem if not.
func (r *reader) accountID(id string, n *yaml.Node) bool {
	if policy.IsAccountID(id) {
		return true
	}
	r.fail("account-id", n, "expected an account id of 12 digits")
	return false
}

// account reads the parts of one account.
type account struct {
	*reader
	id string
}

func (a account) users(n *yaml.Node) {
	a.entries(n, "users by name", func(name string, key, value *yaml.Node) {
		if !a.iamName(name, key) {
			return
		}
		u := &source.User{Account: a.id, Path: "/", Name: name, Pos: a.file.Position(key)}
		owner := "user/" + name
		a.fields(value, "a user", map[string]func(*yaml.Node){
			"path":     a.path(&u.Path),
			"id":       a.into(&u.UniqueID, "the unique id"),
			"tags":     func(n *yaml.Node) { u.Tags = a.textMap(n, "tags") },
			"policies": func(n *yaml.Node) { u.Policies = a.inline(owner, n) },
			"attached": func(n *yaml.Node) { u.Attached = a.attached(n) },
			"boundary": func(n *yaml.Node) { u.Boundary = a.policyARN(n) },
			"groups": func(n *yaml.Node) {
				u.Groups = a.texts(n, "groups")
				for _, g := range u.Groups {
					a.named = append(a.named, reference{node: n, account: a.id, group: g})
				}
			},
		})
		a.world.Users = append(a.world.Users, u)
	})
}

func (a account) groups(n *yaml.Node) {
	a.entries(n, "groups by name", func(name string, key, value *yaml.Node) {
		if !a.iamName(name, key) {
			return
		}
		g := &source.Group{Account: a.id, Path: "/", Name: name, Pos: a.file.Position(key)}
		owner := "group/" + name
		a.fields(value, "a group", map[string]func(*yaml.Node){
			"path":     a.path(&g.Path),
			"policies": func(n *yaml.Node) { g.Policies = a.inline(owner, n) },
			"attached": func(n *yaml.Node) { g.Attached = a.attached(n) },
		})
		a.world.Groups = append(a.world.Groups, g)
	})
}

func (a account) roles(n *yaml.Node) {
	a.entries(n, "roles by name", func(name string, key, value *yaml.Node) {
		if !a.iamName(name, key) {
			return
		}
		role := &source.Role{Account: a.id, Path: "/", Name: name, Pos: a.file.Position(key)}
		owner := "role/" + name
		a.fields(value, "a role", map[string]func(*yaml.Node){
			"path":           a.path(&role.Path),
			"id":             a.into(&role.UniqueID, "the unique id"),
			"service-linked": func(n *yaml.Node) { role.ServiceLinked = a.boolean(n, "service-linked") },
			"tags":           func(n *yaml.Node) { role.Tags = a.textMap(n, "tags") },
			"policies":       func(n *yaml.Node) { role.Policies = a.inline(owner, n) },
			"attached":       func(n *yaml.Node) { role.Attached = a.attached(n) },
			"boundary":       func(n *yaml.Node) { role.Boundary = a.policyARN(n) },
			"trust": func(n *yaml.Node) {
				role.Trust = a.policy(policy.TrustPolicy, "trust policy of "+owner, n)
			},
		})
		a.world.Roles = append(a.world.Roles, role)
	})
}

// managedPolicies reads managed policies by name, path and name, or ARN.
func (a account) managedPolicies(n *yaml.Node) {
	a.entries(n, "policies by name", func(name string, key, value *yaml.Node) {
		short := name[strings.LastIndex(name, "/")+1:]
		if !a.iamName(short, key) {
			return
		}
		if doc := a.policy(policy.IdentityPolicy, short, value, policy.WithARN(a.managedARN(name))); doc != nil {
			a.world.ManagedPolicies = append(a.world.ManagedPolicies, doc)
		}
	})
}

// inline reads inline policies by name; explanations name them with their owner.
func (a account) inline(owner string, n *yaml.Node) []*policy.Document {
	var docs []*policy.Document
	a.entries(n, "policies by name", func(name string, _, value *yaml.Node) {
		if doc := a.policy(policy.IdentityPolicy, owner+"/"+name, value); doc != nil {
			docs = append(docs, doc)
		}
	})
	return docs
}

// attached reads references to managed policies.
func (a account) attached(n *yaml.Node) []string {
	names := a.texts(n, "attached policies")
	arns := make([]string, len(names))
	for i, name := range names {
		arns[i] = a.refer(n, name)
	}
	return arns
}

// policyARN reads one reference to a managed policy.
func (a account) policyARN(n *yaml.Node) string {
	return a.refer(n, a.text(n, "the name or ARN of a managed policy"))
}

// refer returns the ARN of a policy that is named by ARN or short name. What has only a short
// name must be loaded.
func (a account) refer(n *yaml.Node, name string) string {
	if name != "" && !strings.HasPrefix(name, "arn:") {
		a.named = append(a.named, reference{node: n, account: a.id, policy: a.managedARN(name)})
	}
	return a.managedARN(name)
}

func (a account) managedARN(name string) string {
	if name == "" || strings.HasPrefix(name, "arn:") {
		return name
	}
	return a.defaults.IAMARN(a.id, "policy", "/", strings.TrimPrefix(name, "/"))
}

// path reads the path of a user, group or role.
func (a account) path(field *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*field = a.text(n, "a path")
		if !strings.HasPrefix(*field, "/") || !strings.HasSuffix(*field, "/") {
			a.fail("iam-path", n, "expected a path that begins and ends with a slash")
		}
	}
}

// iamName checks a name (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
// "IAM name requirements").
func (a account) iamName(name string, n *yaml.Node) bool {
	for _, c := range []byte(name) {
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && !strings.ContainsRune("+=,.@_-", rune(c)) {
			name = ""
			break
		}
	}
	if name == "" {
		a.fail("iam-name", n, "expected a name of letters, digits and +=,.@_-")
	}
	return name != ""
}
