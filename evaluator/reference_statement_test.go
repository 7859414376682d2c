package evaluator_test

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// statement returns the ways in which a statement matches the request, none when it does not.
func (r *reference) statement(doc *policy.Document, st *policy.Statement) []way {
	if !r.actionIn(st.Actions) || !r.resourceIn(doc, st.Resources) {
		return nil
	}
	for _, c := range st.Conditions {
		if !r.condition(doc, c) {
			return nil
		}
	}
	ways := r.principals(doc.Kind, st)
	switch {
	case len(ways) == 0:
		return nil
	case st.Effect == policy.Deny:
		return []way{denies}
	case doc.Kind != policy.KeyPolicy:
		return []way{allows}
	default:
		return ways
	}
}

// actionIn tests Action or NotAction. Names have no case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
func (r *reference) actionIn(s *policy.Strings) bool {
	if s == nil {
		return false
	}
	name := strings.ToLower(r.action.Name)
	listed := slices.ContainsFunc(s.Values, func(v policy.Value) bool {
		return matchTokens(wildcardTokens(strings.ToLower(v.Text)), name)
	})
	return listed != s.Negated
}

// resourceIn tests Resource or NotResource.
func (r *reference) resourceIn(doc *policy.Document, s *policy.Strings) bool {
	if s == nil {
		return false
	}
	listed := slices.ContainsFunc(s.Values, func(v policy.Value) bool {
		if star := v.Text != "" && strings.Trim(v.Text, "*") == ""; !star && doc.Kind == policy.KeyPolicy {
			switch {
			case r.reads("own-arn-as-resource", "only-star"):
				return false
			case r.reads("own-arn-as-resource", "ignored"):
				return true
			}
		}
		return r.matchResource(v.Text, doc.Version)
	})
	return listed != s.Negated
}

// matchResource compares each part of an ARN by itself. Parts that a pattern leaves out are wildcards, and
// policy variables are known after the fifth colon only.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (r *reference) matchResource(text string, version policy.Version) bool {
	if text != "" && strings.Trim(text, "*") == "" {
		return true
	}
	if !strings.HasPrefix(text, "arn:") {
		tokens, ok := r.tokens(text, version)
		return ok && matchTokens(tokens, r.resource)
	}
	actual := strings.SplitN(r.resource, ":", 6)
	if len(actual) != 6 {
		return false
	}
	for i, part := range strings.SplitN(text, ":", 6) {
		tokens := wildcardTokens(part)
		if i == 5 {
			var ok bool
			if tokens, ok = r.tokens(part, version); !ok {
				return false
			}
		}
		if !matchTokens(tokens, actual[i]) {
			return false
		}
	}
	return true
}

// principals returns the ways in which Principal or NotPrincipal names the caller. A policy without the
// element is attached to the caller.
func (r *reference) principals(kind policy.Kind, st *policy.Statement) []way {
	if st.Principals == nil {
		if kind == policy.KeyPolicy {
			return nil
		}
		return []way{allows}
	}
	var ways []way
	for _, p := range st.Principals.Values {
		if w, ok := r.names(p); ok && !slices.Contains(ways, w) {
			ways = append(ways, w)
		}
	}
	if !st.Principals.Negated {
		return ways
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html: NotPrincipal with Deny
	// always denies those who have a boundary.
	spared := len(ways) > 0
	if st.Effect == policy.Deny && r.reads("notprincipal-deny", "all-listed") {
		spared = r.allListed(st.Principals.Values)
	}
	if !spared || st.Effect == policy.Deny && r.caller.Boundary != nil {
		return []way{itself}
	}
	return nil
}

// allListed reports whether NotPrincipal lists the caller, what is behind it, and its account.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (r *reference) allListed(list []policy.Principal) bool {
	c := r.caller
	account, role, self := c.Account == "", c.Issuer == "", c.Type == evaluator.Root
	for _, p := range list {
		if p.Form == policy.PrincipalAny {
			return true
		}
		w, ok := r.names(p)
		switch {
		case !ok:
		case p.Form == policy.PrincipalAccount:
			account = true
		case w == behind:
			role = true
		default:
			self = true
		}
	}
	return account && role && self
}

// names reports how a principal value names the caller.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (r *reference) names(p policy.Principal) (way, bool) {
	c := r.caller
	switch p.Form {
	case policy.PrincipalAny:
		switch {
		case r.reads("star-principal-same-account", "limited"):
			return behind, true
		case r.reads("star-principal-same-account", "needs-iam"):
			return delegate, true
		}
		return itself, true
	case policy.PrincipalAccount:
		return delegate, c.Account != "" && p.Account == c.Account
	case policy.PrincipalUser:
		if c.Type == evaluator.FederatedUser {
			return behind, p.Text == c.Issuer
		}
		return itself, p.Text == c.ARN
	case policy.PrincipalRole:
		return behind, c.Type == evaluator.RoleSession && p.Text == c.Issuer
	case policy.PrincipalRoleSession, policy.PrincipalFederatedUser, policy.PrincipalService:
		return itself, p.Text == c.ARN
	case policy.PrincipalFederated:
		return behind, p.Text == c.Provider && !r.reads("federated-provider", "nobody")
	case policy.PrincipalUniqueID:
		if c.Type == evaluator.User {
			return itself, p.Text == c.UniqueID
		}
		return behind, p.Text == c.UniqueID
	default:
		return "", false
	}
}

// grant reports whether a grant matches, and how.
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (r *reference) grant(g *evaluator.Grant) (way, bool) {
	if r.action.Name == "kms:RetireGrant" {
		return r.retire(g)
	}
	if !slices.Contains(g.Operations, strings.TrimPrefix(r.action.Name, "kms:")) || !r.constraintsMet(g) {
		return "", false
	}
	grantee, ok := policy.ParsePrincipal(g.GranteePrincipal + g.GranteeServicePrincipal)
	if !ok {
		return "", false
	}
	w, ok := r.names(grantee)
	if grantee.Form == policy.PrincipalAccount {
		switch {
		case r.reads("grant-account-grantee", "everyone"):
			w = itself
		case r.reads("grant-account-grantee", "root-only"):
			w, ok = itself, ok && r.caller.Type == evaluator.Root
		}
	}
	foreign := grantee.Account != "" && grantee.Account != r.resourceAccount()
	if foreign && !strings.Contains(g.IssuingAccount, grantee.Account) && !r.reads("grant-cross-account", "suffices") {
		w = delegate // the assumption grant-cross-account
	}
	return w, ok
}

// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (r *reference) constraintsMet(g *evaluator.Grant) bool {
	if g.SourceArn != "" && !slices.Equal(r.context["aws:sourcearn"], []string{g.SourceArn}) {
		return false
	}
	switch r.action.Name {
	case "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom",
		"kms:ReEncryptTo", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext":
	default:
		return true // no encryption context
	}
	if r.reads("grant-constraint-case", "keys-insensitive") {
		return r.foldedConstraintsMet(g)
	}
	if g.EncryptionContextEquals != nil && len(g.EncryptionContextEquals) != len(r.pairs) {
		return false
	}
	for _, wanted := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
		for k, v := range wanted {
			if actual, ok := r.pairs[k]; !ok || actual != v {
				return false
			}
		}
	}
	return true
}

// foldedConstraintsMet compares pairs without the case of their keys.
func (r *reference) foldedConstraintsMet(g *evaluator.Grant) bool {
	within := func(inner, outer map[string]string) bool {
		for k, v := range inner {
			found := false
			for other, value := range outer {
				found = found || strings.EqualFold(k, other) && v == value
			}
			if !found {
				return false
			}
		}
		return true
	}
	same := g.EncryptionContextEquals == nil || within(r.pairs, g.EncryptionContextEquals)
	return same && within(g.EncryptionContextEquals, r.pairs) && within(g.EncryptionContextSubset, r.pairs)
}

// retire reports whether the caller may retire the grant.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
func (r *reference) retire(g *evaluator.Grant) (way, bool) {
	if r.req.Grant != "" && r.req.Grant != g.ID {
		return "", false
	}
	names := []string{g.RetiringPrincipal, g.RetiringServicePrincipal, g.IssuingAccount}
	if slices.Contains(g.Operations, "RetireGrant") {
		names = append(names, g.GranteePrincipal, g.GranteeServicePrincipal)
	}
	var ways []way
	for _, name := range names {
		if p, ok := policy.ParsePrincipal(name); ok {
			if w, named := r.names(p); named {
				ways = append(ways, w)
			}
		}
	}
	// The most that any of them gives.
	for _, w := range []way{itself, behind, delegate} {
		if slices.Contains(ways, w) {
			return w, true
		}
	}
	return "", false
}
