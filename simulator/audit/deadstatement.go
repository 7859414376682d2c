package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// deadRules are about statements that other statements, or their own conditions, leave nothing to do. They come after all
// others, so that what a rule about one condition has explained is not said again.
var deadRules = []*Rule{
	{
		Code: "KP114", Name: "statement-changes-nothing", Severity: Info, Semantic: true,
		Summary: "A Deny covers all that a statement allows, or another Allow gives it already.",
		Why:     "Whoever takes the statement out, or leaves it in, believes that it changes something.",
		Fix:     "Take the statement out, or the one that covers it.",
		Source:  userGuide + "reference_policies_evaluation-logic.html",
		Also:    []string{"REDUNDANT_STATEMENT"},
		checks:  checks{onKey: changesNothing},
	},
	{
		Code: "KP415", Name: "conditions-contradict", Severity: High, Semantic: true,
		Summary: "No request meets all conditions of a statement together.",
		Why:     "The statement never allows, or never denies, anything.",
		Fix:     "Conditions of one statement must all be met: put alternatives into one list of values, or into statements of their own.",
		Source:  userGuide + "reference_policies_multi-value-conditions.html",
		checks:  checks{onStatement: contradiction},
	},
}

// maxStatements bounds the policies that KP114 looks at: it asks about every pair of principal and action.
const maxStatements = 60

func changesNothing(p *pass, s *subject) {
	if len(s.statements) < 2 || len(s.statements) > maxStatements || s.doc.HasUnresolved() {
		return
	}
	a := p.audienceOf(s)
	for _, st := range s.statements {
		members := a.membersOf(st)
		actions := st.kms.Intersect(onKeys)
		if !st.allows() || len(members) == 0 || actions.IsEmpty() {
			continue
		}
		if !p.says(st, "KP301") && p.subsumed(a, st, members, actions) {
			p.inStatement(st, st.Pos, "the statement adds nothing: the other statements already allow all of it")
		} else if p.shadowed(a, st, members, actions) {
			p.inStatement(st, st.Pos, "the statement allows nothing: a Deny covers all of it")
		}
	}
}

// membersOf are those whom a statement is for, when they are all known one by one.
func (a *audience) membersOf(st *statement) []*member {
	if st.Principals == nil || st.Principals.Negated {
		return nil
	}
	var out []*member
	for _, v := range st.Principals.Values {
		switch {
		case v.Form == policy.PrincipalAccount && v.Account == st.of.owner:
			out = append(append(out, a.root, a.admin), a.excepted...)
		case v.Form == policy.PrincipalAccount:
			out = append(out, &member{principal: userOf("aws", v.Account, adminName)})
		case v.Form == policy.PrincipalUser, v.Form == policy.PrincipalRole, v.Form == policy.PrincipalRoleSession,
			v.Form == policy.PrincipalFederatedUser, v.Form == policy.PrincipalService:
			principal, err := a.run.world.Principal(v.Text)
			if err != nil {
				return nil
			}
			if principal.Account != "" && principal.Account != st.of.owner {
				principal = withEverything(principal)
			}
			out = append(out, &member{principal: principal})
		default:
			return nil
		}
	}
	return out
}

// subsumed reports whether the other statements allow all that a statement does, whatever the request is.
func (p *pass) subsumed(a *audience, st *statement, members []*member, actions policy.ActionSet) bool {
	without := withStatements(st.of.doc, func(o *policy.Statement) bool { return o.Index != st.Index })
	return p.each(a, without, members, actions, evaluator.Allow)
}

// shadowed reports whether the Denies leave nothing of what a statement allows.
func (p *pass) shadowed(a *audience, st *statement, members []*member, actions policy.ActionSet) bool {
	alone := withStatements(st.of.doc, func(o *policy.Statement) bool { return o.Index == st.Index })
	withDenies := withStatements(st.of.doc, func(o *policy.Statement) bool { return o.Effect == policy.Deny || o.Index == st.Index })
	return slices.ContainsFunc(st.of.statements, func(o *statement) bool { return o.denies() }) &&
		p.each(a, withDenies, members, actions, evaluator.Deny) && !p.each(a, alone, members, actions, evaluator.Deny)
}

// each reports whether the answer is the verdict for all members and actions.
func (p *pass) each(a *audience, doc *policy.Document, members []*member, actions policy.ActionSet, want evaluator.Verdict) bool {
	for _, m := range members {
		for _, act := range actions.Actions() {
			if m.principal.Account != "" && m.principal.Account != accountOf(a.key) && !act.CrossAccount {
				continue
			}
			if a.ask(question{member: m, action: act, doc: doc}).Decision.Decision != want {
				return false
			}
		}
	}
	return true
}

// says reports whether a rule has found something in the statement that is more than worth knowing.
func (p *pass) says(st *statement, codes ...string) bool {
	return slices.ContainsFunc(p.findings, func(f *Finding) bool {
		return f.Severity > Info && f.Policy == st.of.doc.Name && f.Statement != nil && *f.Statement == st.Index &&
			slices.ContainsFunc(codes, func(code string) bool { return strings.HasPrefix(f.Code, code) })
	})
}

// contradiction is KP415: the statement, made an Allow and alone in a policy, allows nobody anything.
func contradiction(p *pass, s *statement) {
	empty := slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool { return len(c.Values) == 0 })
	if len(s.Conditions) == 0 || empty || s.Principals == nil || s.Principals.Negated || s.Actions == nil || s.Resources == nil ||
		len(s.Unresolved()) > 0 || p.says(s, "KP4", "KP307", "KP102", "KP103") || p.warnedAbout(s) {
		return
	}
	alone := *s.Statement
	alone.Effect = policy.Allow
	doc := withStatements(s.of.doc, func(o *policy.Statement) bool { return o.Index == s.Index })
	doc.Statements = []*policy.Statement{&alone}
	doc.Digest[0]++ // another document than the one with the statement as it is
	a := p.audienceOf(s.of)
	members := a.possible(s)
	actions := s.kms.Intersect(onKeys)
	if len(members) == 0 || actions.IsEmpty() {
		return
	}
	for _, m := range members {
		for _, act := range actions.Actions() {
			q := question{member: m, action: act, doc: doc, open: strangerNames}
			if a.ask(q).Decision.Decision != evaluator.Deny {
				return
			}
		}
	}
	what := "allows"
	if s.Effect == policy.Deny {
		what = "denies"
	}
	p.inStatement(s, s.Conditions[0].Pos, "the conditions are never met together: the statement never %s anything", what)
}

// warnedAbout reports whether package policy has found something in the conditions of the statement.
func (p *pass) warnedAbout(s *statement) bool {
	return slices.ContainsFunc(slices.Concat(p.in.Diagnostics, p.world.Warnings), func(d policy.Diagnostic) bool {
		at := p.elements[d.Pos]
		return at.st == s && at.kind == conditionElement
	})
}

// possible are callers of all kinds that the conditions of a statement may be about: whom it names, or, where it names
// everyone or an account, users, roles, root users and services of every account that it mentions.
func (a *audience) possible(s *statement) []*member {
	var out []*member
	for _, v := range s.Principals.Values {
		switch v.Form {
		case policy.PrincipalAny:
			out = append(out, a.ofAccounts(s, accountsIn(s))...)
			out = append(out, a.services(s)...)
		case policy.PrincipalAccount:
			out = append(out, a.ofAccounts(s, []string{v.Account})...)
		case policy.PrincipalFederated, policy.PrincipalCanonicalUser, policy.PrincipalUniqueID:
			return nil
		default:
			principal, err := a.run.world.Principal(v.Text)
			if err != nil {
				return nil
			}
			out = append(out, &member{principal: withEverything(principal)})
		}
	}
	return out
}

// accountsIn are the accounts that a statement mentions, the owner's and another one.
func accountsIn(s *statement) []string {
	accounts := []string{s.of.owner, strangerAccount(s.of)}
	s.eachValue(func(_ policy.Condition, v policy.Value) {
		for _, part := range strings.FieldsFunc(v.Text, func(r rune) bool { return r < '0' || r > '9' }) {
			if policy.IsAccountID(part) && !slices.Contains(accounts, part) {
				accounts = append(accounts, part)
			}
		}
	})
	return accounts
}

// ofAccounts are a user, a role, a federated user and the root user of each account, and who the conditions name.
func (a *audience) ofAccounts(s *statement, accounts []string) []*member {
	var out []*member
	add := func(arn string) {
		if principal, err := a.run.world.Principal(arn); err == nil {
			out = append(out, &member{principal: withEverything(principal)})
		}
	}
	for _, account := range accounts {
		for _, name := range []string{"iam::" + account + ":user/" + adminName, "iam::" + account + ":role/" + adminName, "iam::" + account + ":root", "sts::" + account + ":federated-user/" + adminName} {
			add("arn:aws:" + name)
		}
		s.eachValue(func(_ policy.Condition, v policy.Value) {
			if text, ok := instance(v.Text, account); ok {
				add(text)
			}
		}, "aws:principalarn")
	}
	return out
}

// services are the services that the conditions of a statement name, or one.
func (a *audience) services(s *statement) []*member {
	names := []string{"s3.amazonaws.com"}
	s.eachValue(func(_ policy.Condition, v policy.Value) {
		names = append(names, strings.NewReplacer("*", "x", "?", "x").Replace(v.Text))
	}, "aws:principalservicename", "aws:principalservicenameslist")
	var out []*member
	for _, name := range names {
		if principal, err := a.run.world.Principal(name); err == nil {
			out = append(out, &member{principal: principal})
		}
	}
	return out
}
