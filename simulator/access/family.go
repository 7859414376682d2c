package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Family is a kind of KMS action.
type Family string

// The families.
const (
	Cryptographic Family = "cryptographic" // what key material is used for
	Permissions   Family = "permissions"   // what changes who may do what
	Manage        Family = "manage"        // what changes keys, aliases and key stores
	Read          Family = "read"          // what only tells about them
)

// Families are the families in the order in which answers list them.
func Families() []Family { return []Family{Cryptographic, Permissions, Manage, Read} }

// familyOf returns the family of a KMS action. The actions that a grant can allow are the cryptographic operations and
// a few others (https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html#cryptographic-operations,
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations).
func familyOf(a *policy.Action) Family {
	has := func(level string) bool { return slices.Contains(a.AccessLevels, level) }
	switch {
	case has("Permissions management"):
		return Permissions
	case a.Grantable && a.Name != "kms:DescribeKey" && a.Name != "kms:GetPublicKey", a.Name == "kms:GenerateRandom":
		return Cryptographic
	case has("Read") || has("List"):
		return Read
	default:
		return Manage
	}
}

// kmsActions are the actions of KMS by family and name.
func kmsActions() []*policy.Action {
	out := slices.DeleteFunc(policy.Actions(), func(a *policy.Action) bool { return !a.IsKMS() })
	slices.SortStableFunc(out, func(a, b *policy.Action) int {
		return slices.Index(Families(), familyOf(a)) - slices.Index(Families(), familyOf(b))
	})
	return out
}

// Actions returns the KMS actions that texts mean, all for none: the name of a family, or a name of an action with or
// without kms: and with or without wildcards. They are sorted by family and name.
func Actions(texts ...string) ([]*policy.Action, error) {
	all := kmsActions()
	if len(texts) == 0 {
		return all, nil
	}
	var wanted policy.ActionSet
	for _, text := range texts {
		var found policy.ActionSet
		for _, a := range all {
			if string(familyOf(a)) == text {
				found.Add(a)
			}
		}
		if found.IsEmpty() {
			pattern := text
			if !strings.Contains(pattern, ":") {
				pattern = "kms:" + pattern
			}
			found = (&policy.Strings{Values: []policy.Value{{Text: pattern}}}).ActionSet().Intersect(policy.ServiceActions("kms"))
		}
		if found.IsEmpty() {
			return nil, fmt.Errorf("%q is neither an action of AWS KMS nor a family of them (%s)%s",
				text, joined(Families()), policy.ActionHint("; nearest: %s", text))
		}
		wanted = wanted.Union(found)
	}
	return slices.DeleteFunc(all, func(a *policy.Action) bool { return !wanted.Has(a) }), nil
}

func joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, t := range list {
		texts[i] = string(t)
	}
	return strings.Join(texts, ", ")
}
