package audit

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// audience is whom the questions about one key policy are put for.
type audience struct {
	run *run
	key *evaluator.Key // in the account that the policy is of
	// root is the root user of the account, admin a user of it whose IAM policies allow everything.
	root, admin *member
	// named are the users, roles, sessions and services that Allow statements name, and those that conditions on
	// aws:PrincipalArn do.
	named []*member
	// excepted are those whom a Deny excepts, with IAM policies that allow everything.
	excepted []*member
}

// member is somebody who may call.
type member struct {
	principal *evaluator.Principal
	// pos is where the policy names the member, zero for root and admin.
	pos policy.Position
	st  *statement
}

// name is how a finding speaks of the member.
func (m *member) name() string {
	if m.principal.Issuer != "" {
		return m.principal.Issuer
	}
	return m.principal.ARN
}

// everything is the identity policy of somebody whom IAM lets do all with KMS.
var everything = mustParse(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}`)

func mustParse(text string) *policy.Document {
	doc, diags := policy.Parse(policy.IdentityPolicy, "everything", []byte(text))
	if doc == nil {
		panic(diags) // it is a constant
	}
	return doc
}

// adminName is a name that no policy has.
const adminName = "strictkms-audit"

// audienceOf makes the audience of a key policy.
func (r *run) audienceOf(s *subject) *audience {
	if s.audience != nil {
		return s.audience
	}
	a := &audience{run: r, key: keyOf(s)}
	s.audience = a
	arn, _ := policy.ParseARN(a.key.ARN)
	a.root = &member{principal: &evaluator.Principal{
		Type: evaluator.Root, Account: s.owner, ARN: "arn:" + arn.Partition + ":iam::" + s.owner + ":root",
	}}
	a.admin = &member{principal: userOf(arn.Partition, s.owner, adminName)}
	seen := map[string]bool{}
	for _, st := range s.statements {
		if st.Principals == nil {
			continue
		}
		if st.Effect == policy.Deny {
			a.except(st, s.owner)
			continue
		}
		if !st.Principals.Negated {
			for _, p := range st.Principals.Values {
				a.add(st, p, seen)
			}
		}
		st.eachValue(func(c policy.Condition, v policy.Value) {
			if positive(c) {
				a.addInstance(st, v, s.owner, seen)
			}
		}, "aws:principalarn")
	}
	return a
}

// except adds whom a Deny excepts: those that NotPrincipal lists, and that a condition on aws:PrincipalArn leaves out.
func (a *audience) except(st *statement, owner string) {
	add := func(arn string) {
		if principal, err := a.run.world.Principal(arn); err == nil && principal.Account == owner {
			a.excepted = append(a.excepted, &member{principal: withEverything(principal)})
		}
	}
	if st.Principals.Negated {
		st.eachPrincipal(func(p policy.Principal) {
			if p.Form == policy.PrincipalUser || p.Form == policy.PrincipalRole || p.Form == policy.PrincipalRoleSession {
				add(p.Text)
			}
		})
	}
	st.eachValue(func(c policy.Condition, v policy.Value) {
		if text, ok := instance(v.Text, owner); ok && c.Operator.Comparison.Negated() {
			add(text)
		}
	}, "aws:principalarn")
	if st.hasCondition("aws:principaltype") { // root and admin are an account and a user
		add("arn:aws:iam::" + owner + ":role/" + adminName)
	}
}

// keyOf is the key of a key policy as the evaluator asks about it, in the account that the policy is of.
func keyOf(s *subject) *evaluator.Key {
	if s.key == nil {
		return &evaluator.Key{
			ARN:    policy.KeyARN("aws", "us-east-1", s.owner, "00000000-0000-0000-0000-000000000000").String(),
			Policy: s.doc,
		}
	}
	k := &s.key.Key
	arn, _ := policy.ParseARN(k.ARN)
	arn.Account = s.owner
	return &evaluator.Key{
		ARN: arn.String(), Policy: k.Policy, Grants: k.Grants, Aliases: k.Aliases, Tags: k.Tags, Spec: k.Spec, Usage: k.Usage,
		Origin: k.Origin, MultiRegion: k.MultiRegion, MultiRegionKeyType: k.MultiRegionKeyType, Unknown: k.Unknown,
	}
}

// userOf is a user whose IAM policies allow everything.
func userOf(partition, account, name string) *evaluator.Principal {
	return &evaluator.Principal{
		Type: evaluator.User, Account: account, Name: name, ARN: "arn:" + partition + ":iam::" + account + ":user/" + name,
		Identity: []*policy.Document{everything},
	}
}

func (a *audience) add(st *statement, p policy.Principal, seen map[string]bool) {
	if p.Unresolved || seen[p.Text] {
		return
	}
	switch p.Form {
	case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession, policy.PrincipalFederatedUser, policy.PrincipalService:
	default:
		return
	}
	seen[p.Text] = true
	if principal, err := a.run.world.Principal(p.Text); err == nil {
		a.named = append(a.named, &member{principal: principal, pos: p.Pos, st: st})
	}
}

// addInstance adds a principal of the owner's account whose ARN the pattern of a condition matches.
func (a *audience) addInstance(st *statement, v policy.Value, owner string, seen map[string]bool) {
	text, ok := instance(v.Text, owner)
	if !ok || seen[text] {
		return
	}
	seen[text] = true
	if principal, err := a.run.world.Principal(text); err == nil {
		a.named = append(a.named, &member{principal: principal, pos: v.Pos, st: st})
	}
}

// instance is an ARN that a pattern matches, in the account where that is a wildcard.
func instance(pattern, account string) (string, bool) {
	if strings.Contains(pattern, "${") {
		return "", false
	}
	parts := strings.SplitN(pattern, ":", 6)
	if len(parts) < 6 {
		return completed(pattern, account)
	}
	if strings.ContainsAny(parts[4], "*?") {
		parts[4] = account
	}
	if strings.ContainsAny(parts[1], "*?") {
		parts[1] = "aws"
	}
	text := strings.NewReplacer("*", "x", "?", "x").Replace(strings.Join(parts, ":"))
	if parts[5] == "*" {
		text = strings.TrimSuffix(text, ":x") + ":user/x"
	}
	return text, true
}

// completed is the ARN of a role or user that a pattern of fewer parts matches: with StringLike a * stands for colons too.
func completed(pattern, account string) (string, bool) {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return "", false
	}
	after = strings.ReplaceAll(after, "::*:", "::"+account+":")
	after = strings.NewReplacer("*", "x", "?", "x").Replace(after)
	owner := "arn:aws:iam::" + account
	for _, start := range []string{
		owner + ":role/", owner + ":role", owner + ":user/", owner + ":user", owner + ":", owner, "arn:aws:iam:", "arn:aws:iam", "arn:aws:", "arn:aws",
	} {
		p, valid := policy.ParsePrincipal(start + after)
		named := valid && p.Account == account && (p.Form == policy.PrincipalRole || p.Form == policy.PrincipalUser)
		if named && strings.HasPrefix(start, before) && strings.Count(p.Text, ":") == 5 {
			return start + after, true
		}
	}
	return "", false
}

// everyone are root, admin, and all who are named or excepted.
func (a *audience) everyone() []*member {
	return slices.Concat([]*member{a.root, a.admin}, a.named, a.excepted)
}

// question is one request for which the keys that nobody knows are open.
type question struct {
	member *member
	action *policy.Action
	// doc stands in the place of the key policy, nil for that itself.
	doc     *policy.Document
	context evaluator.Context
	// open are the keys that are open besides those that nothing says anything about; closed leaves those out.
	open   []string
	closed bool
}

// settle is the verdict of ask, which costs less.
func (a *audience) settle(q question) evaluator.Verdict {
	req, possible := a.request(q)
	if !possible {
		return evaluator.Deny
	}
	v, err := a.run.evaluator.SettleExactly(a.run.ctx, req, a.unknown(q))
	if err == nil {
		return v
	}
	if a.run.ctx.Err() != nil {
		a.run.fail(a.run.ctx.Err())
	}
	return evaluator.Conditional
}

// request is the request of a question, false for one across accounts that KMS does not honour.
func (a *audience) request(q question) (evaluator.Request, bool) {
	key := a.key
	if q.doc != nil {
		key = keyWith(a.key, q.doc)
	}
	p := q.member.principal
	return evaluator.Request{Principal: p, Action: q.action.Name, Key: key, Context: q.context},
		q.action.CrossAccount || p.Account == "" || p.Account == accountOf(a.key)
}

// ask decides a question for any value of what is open. Values that are not known before deployment make the answer
// conditional. An answer that cannot be had counts as conditional: nothing is found then.
func (a *audience) ask(q question) evaluator.Residual {
	req, possible := a.request(q)
	if !possible {
		return evaluator.Residual{Decision: evaluator.Decision{Decision: evaluator.Deny}}
	}
	answer, err := a.run.evaluator.Resolve(a.run.ctx, req, a.unknown(q))
	if err == nil {
		return answer
	}
	if a.run.ctx.Err() != nil {
		a.run.fail(a.run.ctx.Err())
	}
	return evaluator.Residual{Decision: evaluator.Decision{Decision: evaluator.Conditional}}
}

// unknown are the keys that a question leaves open. Of somebody who was not loaded the tags are not known, and the one who
// stands for the administrators of the account may have any name.
func (a *audience) unknown(q question) evaluator.Unknown {
	u := evaluator.Unknown{Keys: slices.Clone(q.open), Others: !q.closed}
	add := func(keys ...string) {
		for _, key := range keys {
			if !slices.Contains(u.Keys, key) {
				u.Keys = append(u.Keys, key)
			}
		}
	}
	if !q.closed && len(q.member.principal.Tags) == 0 {
		add("aws:PrincipalTag/*")
	}
	if q.member == a.admin {
		add("aws:username", "aws:userid")
	}
	return u
}

func accountOf(k *evaluator.Key) string {
	arn, _ := policy.ParseARN(k.ARN)
	return arn.Account
}

func keyWith(k *evaluator.Key, doc *policy.Document) *evaluator.Key {
	return &evaluator.Key{
		ARN: k.ARN, Policy: doc, Aliases: k.Aliases, Tags: k.Tags, Spec: k.Spec, Usage: k.Usage, Origin: k.Origin,
		MultiRegion: k.MultiRegion, MultiRegionKeyType: k.MultiRegionKeyType,
	}
}

// verdict is the answer to a question about the policy as it is.
func (a *audience) verdict(m *member, action *policy.Action) evaluator.Verdict {
	return a.settle(question{member: m, action: action})
}

// withStatements is the policy with those of its statements that keep says.
func withStatements(doc *policy.Document, keep func(*policy.Statement) bool) *policy.Document {
	out := *doc
	out.Statements = slices.DeleteFunc(slices.Clone(doc.Statements), func(s *policy.Statement) bool { return !keep(s) })
	kept := make([]int, 0, len(out.Statements))
	for _, s := range out.Statements {
		kept = append(kept, s.Index)
	}
	out.Digest = sha256.Sum256(fmt.Appendf(nil, "strictkms audit %x %v\n", doc.Digest, kept))
	return &out
}

// conditionsOf says in words under which conditions something is allowed, the first few.
func conditionsOf(r evaluator.Residual) string {
	const most = 2
	var out []string
	for _, w := range r.Ways[:min(len(r.Ways), most)] {
		w.Conditions = slices.DeleteFunc(slices.Clone(w.Conditions), func(c evaluator.Condition) bool { return c.Policy == confinement })
		if len(w.Conditions) > 0 {
			out = append(out, w.String())
		}
	}
	text := strings.Join(out, "; or ")
	if len(r.Ways) > most || r.Omitted {
		text += "; or otherwise"
	}
	return text
}
