package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// pseudoParameters are the names that CloudFormation defines in every template
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html).
var pseudoParameters = []string{
	"AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region",
	"AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}

// pseudo returns the value of a pseudo parameter.
func (t *template) pseudo(name string, pos policy.Position) (value, bool) {
	switch name {
	case "AWS::AccountId":
		return textAt(pos, t.opts.Account), true
	case "AWS::NoValue":
		return value{pos: pos}, true
	case "AWS::NotificationARNs":
		return value{kind: listValue, pos: pos}, true
	case "AWS::Partition":
		return textAt(pos, t.partition), true
	case "AWS::Region":
		return textAt(pos, t.opts.Region), true
	case "AWS::StackId":
		if t.live != nil {
			return textAt(pos, t.live.StackID), true
		}
		return textAt(pos, policy.ARN{
			Partition: t.partition, Service: "cloudformation", Region: t.opts.Region, Account: t.opts.Account,
			Resource: "stack/" + t.opts.StackName + "/" + t.uuid("AWS::StackId"),
		}.String()), true
	case "AWS::StackName":
		return textAt(pos, t.opts.StackName), true
	case "AWS::URLSuffix":
		return textAt(pos, t.urlSuffix()), true
	default:
		return value{}, false
	}
}

// urlSuffix is the domain of AWS services in the partition.
func (t *template) urlSuffix() string {
	if t.partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// ref computes Ref: the value of a parameter or what identifies a resource.
func (t *template) ref(name string, pos policy.Position) value {
	if v, ok := t.pseudo(name, pos); ok {
		return v
	}
	if p := t.parameters[name]; p != nil {
		v := p.value
		v.pos = pos
		if v.unresolved() {
			t.warn(pos, "unresolved-parameter", "the value of parameter %s is unknown: %s", name, readable(v.text))
		}
		return v
	}
	r := t.resource(name, pos)
	if r == nil {
		return t.unresolved(pos, "Ref "+name)
	}
	if t.live != nil {
		return t.made(pos, r.id)
	}
	return textAt(pos, t.reference(r))
}

// made is what a resource of a deployment, or one of its attributes, is known by.
func (t *template) made(pos policy.Position, logical string, attribute ...string) value {
	text, ok := t.live.Reference(logical)
	if len(attribute) > 0 {
		text, ok = t.live.Attribute(logical, attribute[0])
	}
	if ok {
		return textAt(pos, text)
	}
	return t.unresolved(pos, strings.Join(append([]string{logical}, attribute...), "."))
}

// getAtt computes Fn::GetAtt, written as Name.Attribute or as a list.
func (t *template) getAtt(n, arg *node) value {
	logical, attribute, ok := t.getAttArguments(arg)
	if !ok {
		return t.unresolved(n.pos, "Fn::GetAtt")
	}
	if strings.ContainsRune(attribute, unresolvedMark) {
		return t.unresolved(n.pos, "Fn::GetAtt "+logical+"."+attribute)
	}
	return t.attribute(logical, attribute, n.pos)
}

// getAttArguments returns the logical id and the attribute of Fn::GetAtt.
func (t *template) getAttArguments(arg *node) (logical, attribute string, ok bool) {
	switch arg.kind {
	case scalarNode:
		logical, attribute, ok = strings.Cut(arg.text, ".")
	case listNode:
		var parts []string
		for _, item := range arg.items {
			text, isText := t.text("Fn::GetAtt", item)
			if !isText {
				return "", "", false
			}
			parts = append(parts, text)
		}
		if len(parts) >= 2 {
			logical, attribute, ok = parts[0], strings.Join(parts[1:], "."), true
		}
	default: // no name: reported below
	}
	if !ok || logical == "" || attribute == "" {
		t.fail(arg.pos, "wrong-arguments", "expected Fn::GetAtt with the name of a resource and an attribute: [Name, Attribute] or Name.Attribute")
		return "", "", false
	}
	return logical, attribute, true
}

// attribute computes what Fn::GetAtt and ${Name.Attribute} stand for.
func (t *template) attribute(logical, attribute string, pos policy.Position) value {
	r := t.resource(logical, pos)
	if r == nil {
		return t.unresolved(pos, "Fn::GetAtt "+logical+"."+attribute)
	}
	if t.live != nil && (!r.kind.owned() || r.kind.attributes[attribute] != "") {
		return t.made(pos, logical, attribute)
	}
	if r.typ == typeStack && t.live == nil && strings.HasPrefix(attribute, "Outputs.") {
		return t.nestedOutput(r, attribute, pos)
	}
	text, ok := t.attributeOf(r, attribute)
	if !ok {
		known := r.kind.attributeNames()
		t.fail(pos, "unknown-attribute", "%s %s has no attribute %s, it has %s", r.typ, r.id, quote(attribute), listOr(known, "none"))
		return t.unresolved(pos, "Fn::GetAtt "+logical+"."+attribute)
	}
	return textAt(pos, text)
}

// resource finds the resource that a reference at pos means; nil, with a report, when it is
// not there.
func (t *template) resource(name string, pos policy.Position) *resource {
	r := t.resources[name]
	switch {
	case r == nil && t.macro:
		t.warn(pos, "unresolved-reference", "the template has no %s; a macro that is not run may make it", quote(name))
		return nil
	case r == nil:
		t.fail(pos, "unknown-reference", "the template has no parameter or resource %s%s", quote(name), didYouMean(name, t.names()))
		return nil
	case t.inConditions:
		t.failSee(pos, r.pos, "misplaced-reference", "a condition may refer to parameters only, %s is a resource", quote(name))
		return nil
	case r.exists == no:
		t.failSee(pos, r.pos, "missing-resource", "the resource %s is not made, because its condition %s is false", quote(name), quote(r.condition))
		return nil
	default:
		return r
	}
}

// names lists everything a reference may mean.
func (t *template) names() []string {
	names := slices.Clone(pseudoParameters)
	names = append(names, t.root.get("Parameters").keys()...)
	for _, r := range t.order {
		names = append(names, r.id)
	}
	return names
}

// listOr joins names, or returns otherwise when there are none.
func listOr(names []string, otherwise string) string {
	if len(names) == 0 {
		return otherwise
	}
	return strings.Join(names, ", ")
}
