package terraform

import (
	"slices"

	"github.com/tidwall/gjson"
)

// shape is what an attribute is in plans and states.
type shape int

const (
	aText shape = iota + 1
	aFlag
	aNumber
	someTexts
	aMap       // of texts
	someBlocks // each with attributes of its own
)

// words name the shape for people.
func (s shape) words() string {
	return map[shape]string{
		aText: "a string", aFlag: "true or false", aNumber: "a number", someTexts: "an array of strings",
		aMap: "an object of strings", someBlocks: "an array of objects",
	}[s]
}

// shapes are the attributes that are read, of all types of resources and in their blocks. An attribute has the same shape
// wherever it is read (https://registry.terraform.io/providers/hashicorp/aws/latest/docs).
var shapes = func() map[string]shape {
	out := map[string]shape{}
	for s, names := range map[shape][]string{
		aText: {
			"account_id", "arn", "assume_role_policy", "aws_service_name", "content", "custom_key_store_id", "customer_master_key_spec",
			"description", "effect", "grant_id", "grantee_principal", "group", "group_name", "id", "json", "key_id", "key_spec", "key_usage",
			"master_account_id", "minified_json", "name", "name_prefix", "override_json", "parent_id", "path", "permissions_boundary", "policy",
			"policy_arn", "policy_id", "primary_key_arn", "region", "retiring_principal", "role", "role_name", "service_name", "sid",
			"source_json", "status", "target_id", "target_key_id", "test", "type", "unique_id", "user", "user_name", "variable", "version",
			"vpc_endpoint_id", "xks_key_id",
		},
		aFlag:   {"bypass_policy_lockout_safety_check", "enable_key_rotation", "enabled", "is_enabled", "multi_region"},
		aNumber: {"rotation_period_in_days"},
		someTexts: {
			"actions", "enabled_policy_types", "groups", "identifiers", "managed_policy_arns", "not_actions", "not_resources", "operations",
			"override_policy_documents", "policy_arns", "policy_names", "resources", "roles", "source_policy_documents", "users", "values",
		},
		aMap:       {"encryption_context_equals", "encryption_context_subset", "tags", "tags_all"},
		someBlocks: {"accounts", "condition", "constraints", "inline_policy", "not_principals", "principals", "roots", "statement"},
	} {
		for _, name := range names {
			out[name] = s
		}
	}
	return out
}()

// readData are the types of data sources that are read.
var readData = []string{typeDocument, "aws_iam_policy", "aws_caller_identity", "aws_region", typeOrganization}

// isRead reports whether resources of a type are read.
func isRead(a address) bool {
	if a.data {
		return slices.Contains(readData, a.typ)
	}
	return slices.Contains(loaded, a.typ) || slices.Contains([]string{
		typeOrganization, typeUnit, typeAccount, typeOrganizationPolicy, typeTarget, typeEndpoint, typeEndpointPolicy,
	}, a.typ)
}

// checkShape reports the attributes of a resource that are not what they are in plans: nothing could be said about them.
func (p *plan) checkShape(r *resource) {
	if !isRead(r.address) {
		return
	}
	p.checkLater(r.known, r.later, r.id)
	p.checkBlock(r.known, " of "+r.id)
}

// checkBlock checks the attributes of a resource or of a block.
func (p *plan) checkBlock(values gjson.Result, of string) {
	if !values.IsObject() {
		return
	}
	values.ForEach(func(name, v gjson.Result) bool {
		attribute := textOf(name)
		if s := shapes[attribute]; s != 0 && !isNothing(v) {
			p.checkValue(v, s, attribute+of)
		}
		return true
	})
}

// checkValue checks one attribute.
func (p *plan) checkValue(v gjson.Result, s shape, what string) {
	var ok bool
	switch s {
	case aText:
		ok = v.Type == gjson.String
	case aFlag:
		ok = v.IsBool()
	case aNumber:
		ok = v.Type == gjson.Number
	case aMap:
		ok = v.IsObject()
	default:
		ok = v.IsArray()
	}
	if !ok {
		p.wrongType(v, what, s.words())
		return
	}
	if s != someTexts && s != aMap && s != someBlocks {
		return
	}
	v.ForEach(func(_, item gjson.Result) bool {
		switch {
		case isNothing(item):
		case s == someBlocks && item.IsObject():
			p.checkBlock(item, " in "+what)
		case s == someBlocks:
			p.wrongType(item, "an element of "+what, "an object")
		case item.Type != gjson.String:
			p.wrongType(item, "an element of "+what, "a string")
		}
		return true
	})
}

// checkLater reports what says what is known after apply and is not made of true and false, and of objects and arrays where
// there are some.
func (p *plan) checkLater(known, later gjson.Result, what string) {
	switch {
	case !later.Exists(), later.IsBool():
	case later.IsObject() && !known.IsArray(), later.IsArray() && !known.IsObject():
		if !isNothing(known) && !known.IsObject() && !known.IsArray() {
			p.wrongType(later, "what "+what+" has that is known after apply", "true or false")
			return
		}
		parts, items := p.members(known), known.Array()
		next := -1
		later.ForEach(func(name, part gjson.Result) bool {
			var of gjson.Result
			if next++; later.IsObject() {
				of = parts[textOf(name)]
			} else if next < len(items) {
				of = items[next]
			}
			if s := shapes[textOf(name)]; (s == aText || s == aFlag || s == aNumber) && later.IsObject() && !part.IsBool() {
				p.wrongType(part, "whether "+textOf(name)+" of "+what+" is known after apply", "true or false")
				return true
			}
			p.checkLater(of, part, what)
			return true
		})
	default:
		p.wrongType(later, "what "+what+" has that is known after apply", "true, false, or an object or an array like what is known")
	}
}
