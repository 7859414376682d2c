package audit

import (
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// lockoutRules are about who can manage a key.
var lockoutRules = []*Rule{
	{
		Code: "KP201", Name: "iam-policies-not-enabled", Severity: Medium,
		Summary: "No statement of a key policy lets IAM policies of the key's account decide.",
		Why:     "A key policy is not like other resource policies: without a statement for the account, IAM policies that allow something on the key have no effect.",
		Fix:     "Add an Allow whose principal is the account, arn:aws:iam::ACCOUNT:root, for the actions that IAM policies should decide.",
		Source:  developerGuide + "key-policy-default.html#key-policy-default-allow-root-enable-iam",
		checks:  checks{onKey: iamNotEnabled},
	},
	{
		Code: "KP202", Name: "nobody-can-manage-the-key", Severity: Critical, Others: []Severity{Medium}, Semantic: true,
		Summary: "Nobody can change the key policy.",
		Why:     "The key cannot be managed any more, by nobody: only AWS Support can help. KMS refuses such a policy unless its safety check is bypassed.",
		Fix:     "Add an Allow of kms:PutKeyPolicy for the account or for an administrator, and take it out of every Deny.",
		Source:  developerGuide + "key-policy-overview.html",
		checks:  checks{onKey: nobodyCanManage},
	},
	{
		Code: "KP203", Name: "one-principal-manages-the-key", Severity: High, Semantic: true,
		Summary: "One user or role alone can change the key policy, and the account cannot.",
		Why:     "When that user or role is deleted nobody can manage the key: one of the same name is not the same principal.",
		Fix:     "Add a statement for the account, arn:aws:iam::ACCOUNT:root, with at least kms:PutKeyPolicy.",
		Source:  developerGuide + "key-policy-default.html#key-policy-default-allow-root-enable-iam",
		checks:  checks{onKey: onePrincipalManages},
	},
	{
		Code: "KP204", Name: "deny-covers-administration", Severity: High, Others: []Severity{Medium, Info}, Semantic: true,
		Summary: "A Deny covers kms:PutKeyPolicy or kms:CancelKeyDeletion for everybody who could do it, the root user included.",
		Why:     "When what the Deny excepts is gone, the VPC endpoint, the network, the role, nobody can take the Deny out again.",
		Fix:     "Name the actions that use the key in the Deny, not kms:*, or except the administrators with a condition on aws:PrincipalArn.",
		Source:  developerGuide + "kms-vpc-endpoint.html#vpce-policy-condition",
		checks:  checks{onKey: denyCoversAdministration},
	},
	{
		Code: "KP205", Name: "lockout-check-bypassed", Severity: High,
		Summary: "A template or plan sets BypassPolicyLockoutSafetyCheck.",
		Why:     "KMS then accepts a key policy that its author could not change any more.",
		Fix:     "Take the property out, or set it to false.",
		Source:  apiReference + "API_PutKeyPolicy.html#KMS-PutKeyPolicy-request-BypassPolicyLockoutSafetyCheck",
		Also:    []string{"CT.KMS.PV.3"},
		checks:  checks{onKey: checkBypassed},
	},
	{
		Code: "KP206", Name: "account-cannot-administer", Severity: Medium, Semantic: true,
		Summary: "The statement for the account does not cover kms:PutKeyPolicy, or only under a condition.",
		Why:     "Administrators of the account cannot mend the key policy by their IAM policies; only whom the policy names can.",
		Fix:     "Allow the account kms:PutKeyPolicy without a condition.",
		Source:  developerGuide + "key-policy-default.html#key-policy-default-allow-root-enable-iam",
		checks:  checks{onKey: accountCannotAdminister},
	},
	{
		Code: "KP207", Name: "account-statement-of-another-account", Severity: Critical,
		Summary: "The statement that should be for the key's account names another one.",
		Why:     "The key's own account has no access through IAM, and the other account may let anybody of its own use the key.",
		Fix:     "Write the id of the key's account; in templates ${AWS::AccountId}.",
		Source:  developerGuide + "key-policy-default.html#key-policy-default-allow-root-enable-iam",
		checks:  checks{onKey: statementOfAnotherAccount},
	},
	{
		Code: "KP208", Name: "deny-names-a-role", Severity: Info,
		Summary: "A Deny names a user or role by its ARN.",
		Why: "KMS keeps the unique id behind the ARN: a role that is deleted and made again, under the same name, is not denied any more; " +
			"and other principals of the account never were.",
		Fix:    `Deny "*" with a condition: "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::ACCOUNT:role/NAME"}.`,
		Source: userGuide + "reference_policies_elements_principal.html#principal-roles",
		checks: checks{onStatement: func(p *pass, s *statement) {
			if s.denies() && !s.Principals.Negated {
				s.eachPrincipal(func(v policy.Principal) {
					if v.Form == policy.PrincipalRole || v.Form == policy.PrincipalUser {
						p.inStatement(s, v.Pos, "the Deny is bound to the unique id of %s: one made again under that name is not denied", v.Text)
					}
				})
			}
		}},
	},
}

func iamNotEnabled(p *pass, s *subject) {
	if other, _ := s.accountStatement(); s.managedByAWS() || other != nil {
		return
	}
	for _, st := range s.statements {
		unknown := st.Effect == policy.Allow && (len(st.Unresolved()) > 0 || st.Principals != nil && st.Principals.Negated)
		if st.delegates(s.owner) || unknown {
			return
		}
	}
	p.inPolicy(s, s.doc.Pos, "no statement is for the %s: IAM policies that allow something on this key have no effect", s.ownerName())
}

// permissive is the policy with values that are not known read in favour of the caller.
func (s *subject) permissive() *policy.Document { return s.doc.Bound(true) }

// managers are those who can, for certain or under conditions, do the action by the policy: the first of them, until enough
// says that it is enough.
func (a *audience) managers(doc *policy.Document, act *policy.Action, enough func(found int, certain bool) bool) (found []*member, certain bool) {
	for _, m := range a.everyone() {
		if enough(len(found), certain) {
			break
		}
		if m.principal.Type == evaluator.Service {
			continue
		}
		switch a.settle(question{member: m, action: act, doc: doc}) {
		case evaluator.Allow:
			found, certain = append(found, m), true
		case evaluator.Conditional:
			found = append(found, m)
		default:
		}
	}
	return found, certain
}

// When managers need not look for more.
var (
	oneFound = func(found int, _ bool) bool { return found > 0 }
	twoFound = func(found int, _ bool) bool { return found > 1 }
	oneCan   = func(_ int, certain bool) bool { return certain }
)

// isExcerpt reports whether a policy by itself may be statements for another one: it is attached to no key, and does not
// try to say who manages one, or allows nothing at all. KMS would not take it as a key policy.
func (s *subject) isExcerpt() bool {
	manages := func(st *statement) bool { return st.kms.Has(putKeyPolicy) }
	allows := func(st *statement) bool { return st.Effect == policy.Allow }
	return s.key == nil && (!slices.ContainsFunc(s.statements, manages) || !slices.ContainsFunc(s.statements, allows))
}

// hasUnknownAllow reports whether an Allow of the policy names somebody who is not known before deployment.
func (s *subject) hasUnknownAllow() bool {
	return slices.ContainsFunc(s.statements, func(st *statement) bool {
		return st.Effect == policy.Allow && (st.hasUnknownPrincipal() || st.Principals != nil && st.Principals.Negated)
	})
}

func nobodyCanManage(p *pass, s *subject) {
	if other, _ := s.accountStatement(); s.managedByAWS() || s.hasUnknownAllow() || other != nil {
		return
	}
	if found, _ := p.audienceOf(s).managers(s.permissive(), putKeyPolicy, oneFound); len(found) > 0 {
		return
	}
	f := p.inPolicy(s, s.doc.Pos, "nobody can change this key policy: no principal is allowed kms:PutKeyPolicy")
	if s.isExcerpt() {
		f.Message += "; as statements to add to a key policy that is no matter"
		f.as(Medium)
	}
	for _, st := range s.statements {
		if st.denies() && st.kms.Has(putKeyPolicy) {
			f.related(st.Pos, "a Deny of kms:PutKeyPolicy")
		}
	}
}

func onePrincipalManages(p *pass, s *subject) {
	if s.managedByAWS() || s.hasUnknownAllow() {
		return
	}
	if m := p.onlyManager(s); m != nil {
		p.inStatement(m.st, m.pos, "%s alone can change this key policy: when it is deleted nobody can", m.name())
	}
}

// onlyManager is the one user or role that can change the key policy, nil when there are others, or none.
func (p *pass) onlyManager(s *subject) *member {
	found, _ := p.audienceOf(s).managers(s.permissive(), putKeyPolicy, twoFound)
	if len(found) != 1 || found[0].st == nil || s.namesEveryoneFor(putKeyPolicy) {
		return nil
	}
	return found[0]
}

// namesEveryoneFor reports whether an Allow of the action is for "*": more than those who are named may do it.
func (s *subject) namesEveryoneFor(act *policy.Action) bool {
	return slices.ContainsFunc(s.statements, func(st *statement) bool { return st.allows() && st.namesEveryone() && st.kms.Has(act) })
}

func checkBypassed(p *pass, s *subject) {
	if s.key != nil && s.key.BypassLockoutCheck {
		pos := s.key.BypassPos
		if !pos.IsValid() {
			pos = s.key.Pos
		}
		p.inPolicy(s, pos, "the safety check against a lockout is bypassed for this key")
	}
}

func accountCannotAdminister(p *pass, s *subject) {
	var first *statement
	for _, st := range s.statements {
		if st.delegates(s.owner) && first == nil {
			first = st
		}
		if st.Effect == policy.Allow && len(st.Unresolved()) > 0 {
			return
		}
	}
	if first == nil || s.managedByAWS() || p.onlyManager(s) != nil {
		return // KP203
	}
	a := p.audienceOf(s)
	allows := withStatements(s.doc, func(o *policy.Statement) bool { return o.Effect == policy.Allow })
	switch answer := a.ask(question{member: a.admin, action: putKeyPolicy, doc: allows}); answer.Decision.Decision {
	case evaluator.Deny:
		p.inStatement(first, first.Pos, "IAM policies of the account cannot allow kms:PutKeyPolicy: no statement for the account covers it")
	case evaluator.Conditional:
		p.inStatement(first, first.Pos, "IAM policies of the account can allow kms:PutKeyPolicy only under a condition: %s", conditionsOf(answer))
	default:
	}
}

func statementOfAnotherAccount(p *pass, s *subject) {
	if st, named := s.accountStatement(); st != nil {
		p.inStatement(st, named.Pos, "the statement is for account %s, and the key is of account %s", named.Account, s.owner)
	}
}

// accountStatement is the statement that is for the wrong account in the place of the key's own, and whom it names.
func (s *subject) accountStatement() (found *statement, named policy.Principal) {
	if !s.known {
		return nil, named
	}
	for _, st := range s.statements {
		if st.delegates(s.owner) || st.hasUnknownPrincipal() {
			return nil, policy.Principal{}
		}
		if found != nil || !st.allows() || st.Principals.Negated || !st.kms.Has(putKeyPolicy) {
			continue
		}
		st.eachPrincipal(func(v policy.Principal) {
			if v.Form == policy.PrincipalAccount && found == nil {
				found, named = st, v
			}
		})
	}
	return found, named
}

// misplaced reports whether the statement is for the wrong account: KP207 says what is to be said about it.
func (s *statement) misplaced() bool {
	found, _ := s.of.accountStatement()
	return found == s
}
