package rego

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

const (
	// actionTerm is the action of the request.
	actionTerm = "input.action"
	// maxExcluded is how many actions a test rather leaves out than lists all others, if there are so many more others.
	maxExcluded = 2
	manyMore    = 8
)

// actionBody tests that the action is in the set, which is a part of those that are asked about. Whole services are
// tested by the namespace in front of their actions.
func actionBody(set, asked policy.ActionSet) body {
	if set == asked {
		return body{}
	}
	if set.IsEmpty() {
		return conjunctionOf("false")
	}
	whole, rest := byService(set, asked)
	missing, few := byService(asked.Minus(set), asked)
	if rest.IsEmpty() && len(whole) <= len(missing) {
		return body{hasNamespace(whole)}
	}
	if few.Len() <= min(maxExcluded, asked.Len()/manyMore) {
		b := namespaceOtherThan(missing)
		for _, a := range few.Actions() {
			b = append(b, raw(actionTerm+" != "+quote(a.Name)))
		}
		return b
	}
	if len(whole) > 0 {
		return body{matchesOneOf(whole, rest)}
	}
	return body{isOneOf(actionTerm, actionNames(set))}
}

func actionNames(set policy.ActionSet) []string {
	var names []string
	for _, a := range set.Actions() {
		names = append(names, a.Name)
	}
	return names
}

// byService splits a set into the services of which it has all actions that are asked about, and the others.
func byService(set, asked policy.ActionSet) (whole []string, rest policy.ActionSet) {
	for _, a := range set.Actions() {
		service := a.Service()
		switch all := policy.ServiceActions(service).Intersect(asked); {
		case !set.Contains(all):
			rest.Add(a)
		case !slices.Contains(whole, service):
			whole = append(whole, service)
		}
	}
	slices.Sort(whole)
	return whole, rest
}

// hasNamespace tests that the action is one of the services.
func hasNamespace(services []string) expression {
	if len(services) == 1 {
		return raw("startswith(" + actionTerm + ", " + quote(services[0]+":") + ")")
	}
	namespaces := make([]string, len(services))
	for i, service := range services {
		namespaces[i] = quote(service + ":")
	}
	call := "strings.any_prefix_match(" + actionTerm + ", "
	return raw(call + setOf(namespaces, len(call)) + ")")
}

// matchesOneOf tests that the action is of one of the services or one of the others. Names of actions are letters.
func matchesOneOf(services []string, others policy.ActionSet) expression {
	alternatives := make([]string, len(services), len(services)+others.Len())
	for i, service := range services {
		alternatives[i] = service + ":.*"
	}
	alternatives = append(alternatives, actionNames(others)...)
	return raw("regex.match(" + quote("^("+strings.Join(alternatives, "|")+")$") + ", " + actionTerm + ")")
}

// namespaceOtherThan tests that the action is of none of the services.
func namespaceOtherThan(services []string) body {
	if len(services) == 0 {
		return body{}
	}
	return body{not(hasNamespace(services))}
}
