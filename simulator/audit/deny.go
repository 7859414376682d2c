package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// denyRules are about whom a Deny is for.
var denyRules = []*Rule{
	{
		Code: "KP501", Name: "notprincipal-incomplete", Severity: High,
		Summary: "A Deny with NotPrincipal excepts a role or user without its account, or a role without its session.",
		Why: "AWS compares the account, the role and the session of the caller with the list, and may deny when one of them is not in it: the " +
			"exception does not hold.",
		Fix:    `Deny "*" with "ArnNotEquals": {"aws:PrincipalArn": …}, or list the account, the role and the session.`,
		Source: userGuide + "reference_policies_elements_notprincipal.html",
		checks: checks{onStatement: notPrincipalIncomplete},
	},
	{
		Code: "KP502", Name: "notprincipal-and-boundary", Severity: High,
		Summary: "A Deny with NotPrincipal excepts a user or role that has a permissions boundary.",
		Why:     "A Deny with NotPrincipal always denies users and roles with a boundary, whatever it lists.",
		Fix:     `Deny "*" with "ArnNotEquals": {"aws:PrincipalArn": …}.`,
		Source:  userGuide + "access_policies_boundaries.html",
		checks:  checks{onStatement: notPrincipalAndBoundary},
	},
	{
		Code: "KP503", Name: "deny-for-the-account", Severity: Critical, Others: []Severity{High, Medium},
		Summary: "A Deny names the key's own account as its principal.",
		Why:     "arn:aws:iam::ACCOUNT:root in a Deny is not the root user: it is everybody of the account.",
		Fix:     `Deny "*" with a condition on aws:PrincipalArn for whom you mean; for the root user "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::ACCOUNT:root"}.`,
		Source:  userGuide + "reference_policies_elements_principal.html#principal-accounts",
		checks:  checks{onStatement: denyForAccount},
	},
}

func notPrincipalIncomplete(p *pass, s *statement) {
	if !s.denies() || !s.Principals.Negated || s.hasUnknownPrincipal() {
		return
	}
	has := func(test func(policy.Principal) bool) bool { return slices.ContainsFunc(s.Principals.Values, test) }
	s.eachPrincipal(func(v policy.Principal) {
		var missing []string
		if v.Form != policy.PrincipalAccount && v.Account != "" &&
			!has(func(o policy.Principal) bool { return o.Form == policy.PrincipalAccount && o.Account == v.Account }) {
			missing = append(missing, "the account "+v.Account)
		}
		role, session := roleOf(v)
		switch {
		case v.Form == policy.PrincipalRole && !has(func(o policy.Principal) bool {
			name, _ := roleOf(o)
			return o.Form == policy.PrincipalRoleSession && name == role && o.Account == v.Account
		}):
			missing = append(missing, "a session of the role, arn:aws:sts::"+v.Account+":assumed-role/"+role+"/SESSION")
		case v.Form == policy.PrincipalRoleSession && !has(func(o policy.Principal) bool {
			name, _ := roleOf(o)
			return o.Form == policy.PrincipalRole && name == role && o.Account == v.Account
		}):
			missing = append(missing, "the role "+role+" of the session "+session)
		}
		if len(missing) > 0 {
			p.inStatement(s, v.Pos, "%s may be denied although it is excepted: NotPrincipal does not list %s", v.Text, list(missing))
		}
	})
}

// roleOf is the name of the role of a role or of a session, without its path, and the session.
func roleOf(v policy.Principal) (role, session string) {
	_, name, _ := strings.Cut(v.Text, "/")
	switch v.Form {
	case policy.PrincipalRole:
		return name[strings.LastIndexByte(name, '/')+1:], ""
	case policy.PrincipalRoleSession:
		role, session, _ = strings.Cut(name, "/")
		return role, session
	default:
		return "", ""
	}
}

func notPrincipalAndBoundary(p *pass, s *statement) {
	if !s.denies() || !s.Principals.Negated {
		return
	}
	s.eachPrincipal(func(v policy.Principal) {
		switch v.Form {
		case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession:
		default:
			return
		}
		if principal, err := p.world.Principal(v.Text); err == nil && principal.Boundary != nil {
			p.inStatement(s, v.Pos, "%s has a permissions boundary, %s: a Deny with NotPrincipal always denies it", v.Text, principal.Boundary.Name).
				related(principal.Boundary.Pos, "the boundary")
		}
	})
}

func denyForAccount(p *pass, s *statement) {
	if !s.denies() || s.Principals.Negated {
		return
	}
	s.eachPrincipal(func(v policy.Principal) {
		if v.Form != policy.PrincipalAccount || v.Account != s.of.owner {
			return
		}
		f := p.inStatement(s, v.Pos, "the Deny is for everybody of account %s, not only for its root user", v.Account)
		switch {
		case len(s.Conditions) > 0:
			f.as(Medium)
		case !s.kms.Has(putKeyPolicy) && !s.kms.Has(decrypt):
			f.as(High)
		}
	})
}
