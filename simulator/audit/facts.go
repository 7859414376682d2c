package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// action finds an action of the catalogue.
func action(name string) *policy.Action {
	a, ok := policy.LookupAction(name)
	if !ok {
		panic("no such action: " + name) // only names of this package come here
	}
	return a
}

// actionSet makes a set of actions.
func actionSet(names ...string) policy.ActionSet {
	var set policy.ActionSet
	for _, name := range names {
		set.Add(action("kms:" + name))
	}
	return set
}

var (
	putKeyPolicy = action("kms:PutKeyPolicy")
	createGrant  = action("kms:CreateGrant")
	decrypt      = action("kms:Decrypt")
	retireGrant  = action("kms:RetireGrant")
	replicateKey = action("kms:ReplicateKey")

	// revealing are the actions that give away plaintext or plaintext keys.
	revealing = actionSet(
		"Decrypt", "GenerateDataKey", "GenerateDataKeyPair", "ReEncryptFrom", "DeriveSharedSecret", "Decapsulate",
	)
	// withContext are the actions whose requests can have an encryption context.
	withContext = withKey("kms:EncryptionContextKeys")
	// recovering are the actions that a key cannot be managed without.
	recovering = actionSet("PutKeyPolicy", "CancelKeyDeletion")
)

// withKey are the KMS actions whose requests can have a condition key.
func withKey(name string) policy.ActionSet {
	var set policy.ActionSet
	for _, a := range kmsActions.Actions() {
		if a.Populates(name) {
			set.Add(a)
		}
	}
	return set
}

// names lists actions by name.
func names(set policy.ActionSet) string {
	var out []string
	for _, a := range set.Actions() {
		out = append(out, a.Name)
	}
	return list(out)
}

// list joins texts as in a sentence.
func list(texts []string) string {
	switch n := len(texts); n {
	case 0:
		return "nothing"
	case 1:
		return texts[0]
	default:
		return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
	}
}

// allows reports whether the statement is an Allow that can have an effect in a key policy.
func (s *statement) allows() bool {
	return s.Effect == policy.Allow && s.Actions != nil && s.Resources != nil
}

// denies reports whether the statement is a Deny that can have an effect in a key policy.
func (s *statement) denies() bool {
	return s.Effect == policy.Deny && s.Actions != nil && s.Resources != nil
}

// hasForm reports whether a principal of the statement has the form.
func (s *statement) hasForm(forms ...policy.PrincipalForm) bool {
	return s.Principals != nil && slices.ContainsFunc(s.Principals.Values, func(p policy.Principal) bool {
		return !p.Unresolved && slices.Contains(forms, p.Form)
	})
}

// namesEveryone reports whether the statement is about every AWS identity: "*".
func (s *statement) namesEveryone() bool {
	return s.Principals != nil && !s.Principals.Negated && s.hasForm(policy.PrincipalAny)
}

// delegates reports whether the statement is an Allow that names the account.
func (s *statement) delegates(account string) bool {
	return s.allows() && !s.Principals.Negated && slices.ContainsFunc(s.Principals.Values, func(p policy.Principal) bool {
		return p.Form == policy.PrincipalAccount && p.Account == account && !p.Unresolved
	})
}

// isExternal reports whether a principal is of another account than the key.
func (s *subject) isExternal(p policy.Principal) bool {
	return p.Account != "" && p.Account != s.owner && !p.Unresolved
}

// hasUnknownPrincipal reports whether a principal is not known before deployment.
func (s *statement) hasUnknownPrincipal() bool {
	return s.Principals != nil && slices.ContainsFunc(s.Principals.Values, func(p policy.Principal) bool { return p.Unresolved })
}

// folded is the name of the condition's key in the form in which names are compared, empty when it is unresolved.
func folded(c policy.Condition) string {
	if c.Key.Unresolved {
		return ""
	}
	return policy.FoldKey(c.Key.Text)
}

// conditionsOn are the conditions of the statement on any of the keys, whose names are folded. A name that ends in ":"
// or "/" stands for all that begin with it.
func (s *statement) conditionsOn(keys ...string) []policy.Condition {
	var out []policy.Condition
	for _, c := range s.Conditions {
		if isAmong(folded(c), keys) {
			out = append(out, c)
		}
	}
	return out
}

// isAmong reports whether the folded name is one of the keys, or begins with one that ends in ":" or "/".
func isAmong(name string, keys []string) bool {
	return slices.ContainsFunc(keys, func(k string) bool {
		return name == k || (strings.HasSuffix(k, ":") || strings.HasSuffix(k, "/")) && strings.HasPrefix(name, k)
	})
}

// hasCondition reports whether the statement has a condition on any of the keys.
func (s *statement) hasCondition(keys ...string) bool { return len(s.conditionsOn(keys...)) > 0 }

// hasUnresolvedCondition reports whether a condition is on a key that is not known before deployment.
func (s *statement) hasUnresolvedCondition() bool {
	return slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool { return c.Key.Unresolved })
}

// positive reports whether the condition asks that a value matches, and is not met when the key is missing.
func positive(c policy.Condition) bool {
	return !c.Operator.IfExists && !c.Operator.Comparison.Negated() && c.Operator.Comparison != policy.Null &&
		c.Operator.Quantifier != policy.ForAllValues
}

// alwaysThere are the condition keys, folded, that every signed request of a user or role has
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
var alwaysThere = []string{
	"aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:requestedregion", "aws:useragent", "aws:principalaccount",
	"aws:principalarn", "aws:principalisawsservice", "aws:principaltype", "aws:userid", "aws:viaawsservice",
	"aws:resourceaccount", "kms:calleraccount", "kms:keyspec", "kms:keyusage", "kms:keyorigin", "kms:multiregion",
	"kms:customermasterkeyspec", "kms:customermasterkeyusage",
}

// required are the condition keys, folded, that every request that can have them has: they are of a parameter that must
// be given, or that has a default
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
var required = []string{
	"kms:grantoperations", "kms:signingalgorithm", "kms:macalgorithm", "kms:keyagreementalgorithm", "kms:wrappingalgorithm",
	"kms:wrappingkeyspec", "kms:datakeypairspec", "kms:replicaregion", "kms:primaryregion", "kms:reencryptonsamekey",
}

// canBeMissing reports whether a request for the action can be without the condition key.
func canBeMissing(name string, a *policy.Action) bool {
	if slices.Contains(alwaysThere, name) {
		return false
	}
	for key := range a.Defaults {
		if policy.FoldKey(key) == name {
			return false
		}
	}
	return !slices.Contains(required, name) || !a.Populates(name)
}

// missingFor are the actions of the statement whose requests can be without the condition key although some have it.
func (s *statement) missingFor(name string) policy.ActionSet {
	var out policy.ActionSet
	for _, a := range s.kms.Actions() {
		if a.Populates(name) && canBeMissing(name, a) {
			out.Add(a)
		}
	}
	return out
}

// asksFor reports whether the statement itself asks that a request has the key: with Null, or with another condition
// that is not met without it.
func (s *statement) asksFor(name string) bool {
	return slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
		on := folded(c)
		if name == contextKeys && strings.HasPrefix(on, contextPrefix) && (positive(c) || isNull(c, "false")) {
			return true // a pair is there, so that its key is
		}
		return on == name && (positive(c) || isNull(c, "false"))
	})
}

// isNull reports whether the condition is Null with the value.
func isNull(c policy.Condition, value string) bool {
	return c.Operator.Comparison == policy.Null && len(c.Values) == 1 && strings.EqualFold(c.Values[0].Text, value)
}

// The condition keys of encryption contexts, folded.
const (
	contextPrefix = "kms:encryptioncontext:"
	contextKeys   = "kms:encryptioncontextkeys"
)
