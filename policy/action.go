package policy

import (
	"slices"
	"strings"
)

// actionPrefix is the service namespace of KMS actions.
const actionPrefix = "kms:"

// Action is an action of AWS KMS that a policy can allow, with what the service authorization
// reference says about it
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html).
// There is one Action for each; it must not be changed.
type Action struct {
	Name  string // for example kms:Decrypt
	Index int    // place in [Actions]
	// AccessLevels are among Read, Write, List, Tagging and Permissions management.
	AccessLevels []string
	Resources    []ResourceType
	// CrossAccount is true when principals of other accounts than the key's can be allowed.
	CrossAccount bool
	// Grantable is true when a grant can allow it.
	Grantable bool
	// InKeyPolicy is true when an Allow in a key policy can have an effect. A Deny always has one.
	InKeyPolicy bool
	// ConditionKeys are the keys that requests have besides the global keys, with
	// ${…} for the free part of a name; sorted.
	ConditionKeys []string
	// Defaults are values that condition keys have when the request does not give the
	// parameter they are made of.
	Defaults map[string]string

	populates map[*ConditionKey]bool
}

// ResourceType is a type of resource that an action works on.
type ResourceType struct {
	Name string // key or alias
	// Required is true when the policy must cover a resource of this type.
	Required bool
}

// Operation returns the name without the service namespace, as grants list it.
func (a *Action) Operation() string { return strings.TrimPrefix(a.Name, actionPrefix) }

// On reports whether the action works on resources of the type: "key" or "alias".
func (a *Action) On(resourceType string) bool {
	return slices.ContainsFunc(a.Resources, func(r ResourceType) bool { return r.Name == resourceType })
}

// Populates reports whether requests for the action can have the condition key. Global keys are
// taken to be possible with every action; keys that are not in the catalogue are not possible.
func (a *Action) Populates(key string) bool {
	k, ok := LookupConditionKey(key)
	return ok && a.PopulatesKey(k)
}

// PopulatesKey is [Action.Populates] for a key of the catalogue.
func (a *Action) PopulatesKey(k *ConditionKey) bool { return k.Global || a.populates[k] }

// Actions returns the actions of KMS sorted by name.
func Actions() []*Action { return slices.Clone(theCatalogue.actions) }

// LookupAction finds an action by its name in any case, with or without the kms: namespace.
func LookupAction(name string) (*Action, bool) {
	if a, ok := theCatalogue.byName[name]; ok { // as AWS spells it, or in lower case
		return a, true
	}
	a, ok := theCatalogue.byName[strings.ToLower(name)]
	return a, ok
}

// NearestAction returns the shortest name of an action that begins with the text, or else the one
// that is spelled most like it.
func NearestAction(name string) string {
	if !strings.Contains(name, ":") {
		name = actionPrefix + name
	}
	prefix, longer := strings.ToLower(name), ""
	for i, lower := range theCatalogue.lowerNames {
		if strings.HasPrefix(lower, prefix) && (longer == "" || len(lower) < len(longer)) {
			longer = theCatalogue.names[i]
		}
	}
	if longer != "" {
		return longer
	}
	return closest(name, theCatalogue.names)
}
