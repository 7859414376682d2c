package policy

import (
	"fmt"
	"slices"
	"strings"
)

// kmsService is the service namespace of KMS actions.
const kmsService = "kms"

// Action is an action of AWS KMS, or of a service that gives KMS its callers, that a policy can allow, with what the
// service authorization reference says about it
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
// There is one Action for each; it must not be changed.
type Action struct {
	Name  string // for example kms:Decrypt or sts:AssumeRole
	Index int    // place in [Actions]
	// AccessLevels are among Read, Write, List, Tagging and Permissions management.
	AccessLevels []string
	Resources    []ResourceType
	// CrossAccount is true when principals of other accounts than the key's, or the role's that is assumed, can be
	// allowed.
	CrossAccount bool
	// Grantable is true when a grant can allow it.
	Grantable bool
	// InKeyPolicy is true when an Allow in a key policy can have an effect. A Deny always has one.
	InKeyPolicy bool
	// Unchecked is true when the action needs no permission: no policy has a say, not even one that denies it, for
	// example for sts:GetCallerIdentity
	// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
	Unchecked bool
	// ConditionKeys are the keys that requests have besides the global keys, with
	// ${…} for the free part of a name; sorted.
	ConditionKeys []string
	// Defaults are values that condition keys have when the request does not give the
	// parameter they are made of.
	Defaults map[string]string

	service   string
	populates map[*ConditionKey]bool
}

// ResourceType is a type of resource that an action works on.
type ResourceType struct {
	Name string // key, alias, user, role, stack, …
	// Required is true when the policy must cover a resource of this type.
	Required bool
}

// Service returns the service namespace of the name, for example "kms".
func (a *Action) Service() string { return a.service }

// IsKMS reports whether the action is one of AWS KMS.
func (a *Action) IsKMS() bool { return a.service == kmsService }

// Operation returns the name without the service namespace, as grants list it.
func (a *Action) Operation() string {
	_, operation, _ := strings.Cut(a.Name, ":")
	return operation
}

// On reports whether the action works on resources of the type, for example "key" or "alias".
func (a *Action) On(resourceType string) bool {
	return slices.ContainsFunc(a.Resources, func(r ResourceType) bool { return r.Name == resourceType })
}

// TypeOf returns the type of resource, among those that the action works on, that the ARN is of by its service and the
// first word of its last part; ok is false when it is of none.
func (a *Action) TypeOf(arn ARN) (name string, ok bool) {
	for _, r := range a.Resources {
		form, known := ParseARN(theCatalogue.services[a.Service()].arns[r.Name])
		begin, _, _ := strings.Cut(form.Resource, "/")
		begin += "/"
		if known && arn.Service == form.Service && (form.Region == "") == (arn.Region == "") &&
			strings.HasPrefix(arn.Resource, begin) && len(arn.Resource) > len(begin) {
			return r.Name, true
		}
	}
	return "", false
}

// Populates reports whether requests for the action can have the condition key. Global keys are
// taken to be possible with every action; keys that are not in the catalogue are not possible.
func (a *Action) Populates(key string) bool {
	k, ok := LookupConditionKey(key)
	return ok && a.PopulatesKey(k)
}

// PopulatesKey is [Action.Populates] for a key of the catalogue.
func (a *Action) PopulatesKey(k *ConditionKey) bool { return k.Global || a.populates[k] }

// Actions returns the actions of all services: those of KMS, then the others by service, each sorted by name.
func Actions() []*Action { return slices.Clone(theCatalogue.actions) }

// LookupAction finds an action by its name in any case, those of KMS with or without the kms: namespace.
func LookupAction(name string) (*Action, bool) {
	if a, ok := theCatalogue.byName[name]; ok { // as AWS spells it, or in lower case
		return a, true
	}
	a, ok := theCatalogue.byName[strings.ToLower(name)]
	return a, ok
}

// shortestBeginning is how many letters of an operation say which one is meant.
const shortestBeginning = 3

// NearestAction returns the action that a name was probably meant to be: the shortest that begins with it, or else the one
// that is spelled most like it. Unless the text names another service of the catalogue it is an action of KMS. It is
// empty when no action is near.
func NearestAction(name string) string {
	service, operation, ok := strings.Cut(strings.ToLower(name), ":")
	if !ok {
		service, operation = kmsService, service
	}
	of, ok := theCatalogue.services[service]
	if !ok {
		of = theCatalogue.services[kmsService]
	}
	longer := ""
	operations := make([]string, 0, of.to-of.from)
	for i := of.from; i < of.to; i++ {
		_, other, _ := strings.Cut(theCatalogue.lowerNames[i], ":")
		operations = append(operations, other)
		if len(operation) >= shortestBeginning && strings.HasPrefix(other, operation) && (longer == "" || len(theCatalogue.names[i]) < len(longer)) {
			longer = theCatalogue.names[i]
		}
	}
	if longer != "" {
		return longer
	}
	if near, ok := Nearest(operation, operations); ok {
		return theCatalogue.names[of.from+slices.Index(operations, near)]
	}
	return ""
}

// ActionHint writes the [NearestAction] in a format such as "; did you mean %s?", and nothing when there is none.
func ActionHint(format, name string) string {
	near := NearestAction(name)
	if near == "" {
		return ""
	}
	return fmt.Sprintf(format, near)
}

// ServiceTitle returns what a service of the catalogue is called, for the namespace in front of an action's name:
// "AWS IAM" for iam:CreateUser. For a text that names none of them it is that of KMS.
func ServiceTitle(action string) string {
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	switch service {
	case "cloudformation":
		return "AWS CloudFormation"
	case "organizations":
		return "AWS Organizations"
	case "iam", "sts":
		return "AWS " + strings.ToUpper(service)
	default:
		return "AWS KMS"
	}
}
