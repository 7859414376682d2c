package policy

import (
	"slices"
	"strings"
)

// KeyType is the type of the values of a condition key.
type KeyType int

// The types of condition keys
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html#context_keys_table).
const (
	KeyTypeUnknown KeyType = iota
	KeyTypeString
	KeyTypeBool
	KeyTypeARN
	KeyTypeNumeric
	KeyTypeDate
	KeyTypeIPAddress
	KeyTypeBinary
)

// keyTypes finds a type by its name.
var keyTypes = map[string]KeyType{
	"String": KeyTypeString, "Bool": KeyTypeBool, "ARN": KeyTypeARN, "Numeric": KeyTypeNumeric,
	"Date": KeyTypeDate, "IPAddress": KeyTypeIPAddress, "Binary": KeyTypeBinary,
}

// String returns the name of the type, for example "Bool".
func (t KeyType) String() string {
	for name, u := range keyTypes {
		if t == u {
			return name
		}
	}
	return unknownName
}

// ConditionKey is a condition key of the catalogue. There is one for each; it must not be changed.
type ConditionKey struct {
	// Name is as AWS spells it. ${…} stands for the free part of a name, for example
	// aws:ResourceTag/${TagKey}.
	Name string
	Type KeyType
	// Multivalued is true when a request can have several values.
	Multivalued bool
	// IAMOnly is true when the key has no effect outside IAM policies.
	IAMOnly bool
	// Global is true when the key is not one of a service.
	Global bool

	prefix string // folded beginning of a name with a free part
}

// ConditionKeys returns the condition keys of the services of the catalogue and the global keys.
func ConditionKeys() []*ConditionKey {
	return slices.Clone(theCatalogue.keys)
}

// Service returns the namespace of the name, for example "kms" or "aws".
func (k *ConditionKey) Service() string {
	service, _, _ := strings.Cut(k.Name, ":")
	return service
}

// HasService reports whether the catalogue has the service that a folded name of a condition key belongs to, so that
// it knows which requests have the key.
func HasService(folded string) bool {
	service, _, ok := strings.Cut(folded, ":")
	if !ok {
		return false
	}
	_, ok = theCatalogue.services[service]
	return ok
}

// LookupConditionKey finds a condition key by its name in any case. The free part of a name can be
// anything: aws:ResourceTag/team and kms:EncryptionContext:tenant are found.
func LookupConditionKey(name string) (*ConditionKey, bool) {
	folded := FoldKey(name)
	for _, k := range theCatalogue.families {
		if len(folded) > len(k.prefix) && strings.HasPrefix(folded, k.prefix) {
			return k, true
		}
	}
	k, ok := theCatalogue.byKey[folded]
	return k, ok
}
