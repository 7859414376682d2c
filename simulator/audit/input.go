package audit

import (
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Input is what is looked at.
type Input struct {
	// World holds what was loaded; nil for nothing.
	World *source.World
	// Documents are policies by themselves, of which nobody said what they are attached to.
	Documents []*policy.Document
	// Diagnostics are what was found in reading Documents, and in files that could not be read because of mistakes in
	// their policies. What was found in reading World is in [source.World].Warnings.
	Diagnostics policy.Diagnostics
	// AssumedAccount is the account that the keys of templates and documents are taken to be in when nobody said in which.
	// A policy that names another one is then taken to be of that one.
	AssumedAccount string
	// Certain are the files that say themselves which accounts they are about, such as world files and snapshots.
	Certain []string
	// Sources are the files by the names that positions give them: they say where what was found ends.
	Sources map[string][]byte
	// Now is the time that dates in conditions are compared with.
	Now time.Time
	// Readings say how the evaluator reads what AWS leaves open.
	Readings evaluator.Readings
	// Only are the rules to apply, all when it is empty, and Ignore those to leave out.
	Only, Ignore []*Rule
	// Severities are those that rules have instead of their own.
	Severities map[*Rule]Severity
}

// Applies reports whether a rule is applied.
func (in *Input) Applies(r *Rule) bool {
	return (len(in.Only) == 0 || slices.Contains(in.Only, r)) && !slices.Contains(in.Ignore, r)
}

// subject is one policy that is looked at.
type subject struct {
	doc *policy.Document
	// key is the key of a key policy, nil for a policy by itself.
	key *source.Key
	// owner is the account that the policy belongs to, known false when that is a guess.
	owner string
	known bool
	// holder is who an identity policy is attached to, in words.
	holder     string
	statements []*statement
	// audience is who may do what by a key policy; made when first asked for.
	audience *audience
}

// statement is a statement of a subject.
type statement struct {
	*policy.Statement
	of *subject
	// kms are the KMS actions that it is about, named those of them that a value without wildcards names.
	kms, named policy.ActionSet
}

// subjects collects what there is to look at, each policy once.
type subjects struct {
	in   *Input
	all  []*subject
	seen map[*policy.Document]bool
}

func collect(in *Input) []*subject {
	c := &subjects{in: in, seen: map[*policy.Document]bool{}}
	for _, doc := range in.Documents {
		c.add(&subject{doc: doc})
	}
	if w := in.World; w != nil {
		for _, k := range w.Keys {
			if k.Policy != nil && !k.AWSManaged {
				c.add(&subject{doc: k.Policy, key: k})
			}
		}
		for _, u := range w.Users {
			c.identity("user "+u.Name, u.Account, u.Policies)
		}
		for _, g := range w.Groups {
			c.identity("group "+g.Name, g.Account, g.Policies)
		}
		for _, r := range w.Roles {
			c.identity("role "+r.Name, r.Account, r.Policies)
		}
		for _, doc := range w.ManagedPolicies {
			if isOnlyBoundary(w, doc.ARN) || strings.Contains(doc.ARN, ":iam::aws:policy/") {
				continue // it gives nobody anything, or nobody can change it
			}
			arn, _ := policy.ParseARN(doc.ARN)
			c.identity("managed policy "+doc.Name, arn.Account, []*policy.Document{doc})
		}
	}
	return c.all
}

// isOnlyBoundary reports whether a managed policy is the permissions boundary of somebody and attached to nobody.
func isOnlyBoundary(w *source.World, arn string) bool {
	boundary := slices.ContainsFunc(w.Users, func(u *source.User) bool { return u.Boundary == arn }) ||
		slices.ContainsFunc(w.Roles, func(r *source.Role) bool { return r.Boundary == arn })
	return boundary && !slices.ContainsFunc(w.Users, func(u *source.User) bool { return slices.Contains(u.Attached, arn) }) &&
		!slices.ContainsFunc(w.Roles, func(r *source.Role) bool { return slices.Contains(r.Attached, arn) }) &&
		!slices.ContainsFunc(w.Groups, func(g *source.Group) bool { return slices.Contains(g.Attached, arn) })
}

func (c *subjects) identity(holder, account string, docs []*policy.Document) {
	for _, doc := range docs {
		c.add(&subject{doc: doc, holder: holder, owner: account, known: account != ""})
	}
}

func (c *subjects) add(s *subject) {
	if c.seen[s.doc] {
		return
	}
	c.seen[s.doc] = true
	for _, st := range s.doc.Statements {
		s.statements = append(s.statements, newStatement(st, s))
	}
	if s.doc.Kind == policy.KeyPolicy {
		s.findOwner(c.in)
	}
	c.all = append(c.all, s)
}

var kmsActions = policy.ServiceActions("kms")

func newStatement(st *policy.Statement, of *subject) *statement {
	out := &statement{Statement: st, of: of}
	if st.Actions == nil {
		return out
	}
	out.kms = st.Actions.ActionSet().Intersect(kmsActions)
	if st.Actions.Negated {
		return out
	}
	for _, v := range st.Actions.Values {
		if a, ok := policy.LookupAction(v.Text); ok && !v.Unresolved && a.IsKMS() {
			out.named.Add(a)
		}
	}
	return out
}

// findOwner sets the account that a key policy belongs to. Templates often have the account written into their policies:
// when nobody said which account it is, it is one that the policy gives administration to, or else the one it names most.
// The assumed account comes first where it is among them.
func (s *subject) findOwner(in *Input) {
	s.owner = in.AssumedAccount
	if s.key != nil {
		arn, _ := policy.ParseARN(s.key.ARN)
		s.owner, s.known = arn.Account, arn.Account != in.AssumedAccount || slices.Contains(in.Certain, s.key.Pos.File)
	}
	if s.known {
		return
	}
	var administered, named []string
	for _, st := range s.statements {
		st.eachPrincipal(func(p policy.Principal) {
			if p.Account == "" {
				return
			}
			named = append(named, p.Account)
			if p.Form == policy.PrincipalAccount && st.Effect == policy.Allow && !st.Principals.Negated && st.kms.Has(putKeyPolicy) {
				administered = append(administered, p.Account)
			}
		})
	}
	for _, accounts := range [][]string{administered, named} {
		if slices.Contains(accounts, s.owner) {
			return
		}
		if len(accounts) > 0 {
			s.owner = mostOften(accounts)
			return
		}
	}
}

// mostOften is the text that a list has most often, of several the first.
func mostOften(texts []string) string {
	count := map[string]int{}
	for _, text := range texts {
		count[text]++
	}
	return slices.MaxFunc(texts, func(a, b string) int { return count[a] - count[b] })
}

// ownerName is how a finding speaks of the account.
func (s *subject) ownerName() string {
	if s.known || slices.ContainsFunc(s.statements, func(st *statement) bool { return st.mentions(s.owner) }) {
		return "account " + s.owner
	}
	return "key's own account"
}

// managedByAWS reports whether the policy is that of an AWS managed key, which nobody can change: AWS numbers them
// auto-SERVICE-N (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key).
func (s *subject) managedByAWS() bool { return autoPolicyID.MatchString(s.doc.ID) }
