package source

import (
	"strings"
	"sync"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// lookups is what a [World] remembers between look-ups: tables of what was loaded, made at
// the first look-up, and the principals built so far. The evaluator keeps prepared state in a
// principal, so that the same name must give the same pointer.
type lookups struct {
	once       sync.Once
	users      map[iamName]*User
	roles      map[iamName]*Role
	groups     map[iamName]*Group
	managed    map[string]*policy.Document
	provided   sync.Map // ARN of a policy that AWS manages to its *policy.Document
	principals sync.Map // ARN to *evaluator.Principal
	trusts     sync.Map // *Role to *evaluator.Role
	strangers  sync.Map // *evaluator.Principal to one whose policies may say anything
}

// iamName names a user, group or role: unique in its account, whatever the path
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
type iamName struct{ account, name string }

// tables returns the tables of the world. Of two entries of one name the first counts;
// loaders refuse the second.
func (w *World) tables() *lookups {
	l := &w.lookups
	l.once.Do(func() {
		l.users = table(w.Users, func(u *User) iamName { return iamName{u.Account, u.Name} })
		l.roles = table(w.Roles, func(r *Role) iamName { return iamName{r.Account, r.Name} })
		l.groups = table(w.Groups, func(g *Group) iamName { return iamName{g.Account, g.Name} })
		l.managed = table(w.ManagedPolicies, func(d *policy.Document) string { return d.ARN })
	})
	return l
}

// managed returns a managed policy: one that was loaded, else one that AWS manages and that this program brings along, else
// nil. The same ARN always gives the same pointer.
func (w *World) managed(arn string) *policy.Document {
	l := w.tables()
	if doc := l.managed[arn]; doc != nil {
		return doc
	}
	if doc, ok := l.provided.Load(arn); ok {
		return doc.(*policy.Document) //nolint:forcetypeassert // only documents are stored
	}
	parsed := ProvidedPolicy(arn)
	if parsed == nil {
		return nil
	}
	doc, _ := l.provided.LoadOrStore(arn, parsed)
	return doc.(*policy.Document) //nolint:forcetypeassert // only documents are stored
}

// ProvidedPolicy returns a policy that AWS manages and that this program brings along, nil when it does not.
func ProvidedPolicy(arn string) *policy.Document {
	text, ok := iam.AWSManagedPolicy(arn)
	if !ok {
		return nil
	}
	name := arn[strings.LastIndex(arn, "/")+1:]
	doc, _ := policy.Parse(policy.IdentityPolicy, name, []byte(text), policy.WithARN(arn),
		policy.WithFile("AWS managed policy "+name), policy.WithoutSizeLimit())
	return doc
}

func table[K comparable, V any](values []V, key func(V) K) map[K]V {
	t := make(map[K]V, len(values))
	for _, v := range values {
		if _, taken := t[key(v)]; !taken {
			t[key(v)] = v
		}
	}
	return t
}

// Account returns what is known about the account's organization, nil when nothing is.
func (w *World) Account(id string) *evaluator.Account { return w.Accounts[id] }

// partition is the partition of names that do not say theirs.
func (d Defaults) partition() string {
	if d.Partition == "" {
		return "aws"
	}
	return d.Partition
}

// IAMARN returns the ARN of an IAM resource in the default partition: kind is user, group, role
// or policy, and path begins and ends with a slash or is empty.
func (d Defaults) IAMARN(account, kind, path, name string) string {
	if path == "" {
		path = "/"
	}
	return "arn:" + d.partition() + ":iam::" + account + ":" + kind + path + name
}
