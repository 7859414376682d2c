package policy

import "strings"

// words names the kind in a sentence, for example "key policy".
func (k Kind) words() string { return strings.ReplaceAll(k.String(), "-", " ") }

// withArticle names the kind in a sentence with its article, for example "a key policy".
func (k Kind) withArticle() string {
	if k == IdentityPolicy {
		return "an " + k.words()
	}
	return "a " + k.words()
}

// isIAM reports whether IAM or STS keeps policies of this kind, to the rules of IAM.
func (k Kind) isIAM() bool {
	return k == IdentityPolicy || k == PermissionsBoundary || k == SessionPolicy || k == TrustPolicy
}

// hasPrincipal reports whether statements of this kind must name principals; others may not
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html;
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html#rcp-syntax-principal).
func (k Kind) hasPrincipal() bool {
	return k == KeyPolicy || k == ResourceControlPolicy || k == VPCEndpointPolicy || k == TrustPolicy
}

// IsResourcePolicy reports whether policies of this kind are the one policy of a resource, which must itself allow
// what its account's identity policies then may: a key policy and a role's trust policy
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
func (k Kind) IsResourcePolicy() bool { return k == KeyPolicy || k == TrustPolicy }
