package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// samTransform is the macro of the AWS Serverless Application Model. It is not run: what of it decides about keys, the
// roles that it makes for functions and state machines, is added to the template here
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html).
const samTransform = "AWS::Serverless-2016-10-31"

// The types of resource that get a role.
const (
	typeServerlessFunction     = "AWS::Serverless::Function"
	typeServerlessStateMachine = "AWS::Serverless::StateMachine"
	typeServerlessApplication  = "AWS::Serverless::Application"
)

// samTypes are the other types, with the type that they become and whose names they lend. Those without one make several
// resources, and are named in a warning when some of them may be roles or policies.
var samTypes = map[string]string{
	typeServerlessFunction:         "AWS::Lambda::Function",
	typeServerlessStateMachine:     "AWS::StepFunctions::StateMachine",
	typeServerlessApplication:      typeStack,
	"AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
	"AWS::Serverless::Api":         "AWS::ApiGateway::RestApi", "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
	"AWS::Serverless::WebSocketApi": "AWS::ApiGatewayV2::Api",
	"AWS::Serverless::LayerVersion": "AWS::Lambda::LayerVersion",
}

// samNotLoaded are the types of which some resources may be roles or policies.
var samNotLoaded = []string{"AWS::Serverless::CapacityProvider", "AWS::Serverless::Connector", "AWS::Serverless::GraphQLApi"}

// sam adds what the macro makes to a template.
type sam struct {
	*template
	globals *node
	added   []entry // to Resources
	negated []entry // to Conditions
	// seen are the logical ids of the template, which roles must not have.
	seen map[string]policy.Position
}

// expandSAM returns the template with the roles of functions and state machines.
func (t *template) expandSAM(root *node) *node {
	resources := root.get("Resources")
	if resources == nil || resources.kind != mapNode {
		return root
	}
	s := &sam{template: t, globals: root.get("Globals"), seen: map[string]policy.Position{}}
	for _, e := range resources.entries {
		s.seen[e.key] = e.pos
	}
	out := &node{kind: mapNode, pos: resources.pos}
	for _, e := range resources.entries {
		out.entries = append(out.entries, s.resource(e))
	}
	out.entries = append(out.entries, s.added...)
	root = root.with("Resources", resources.pos, out)
	if len(s.negated) > 0 {
		conditions := root.get("Conditions")
		if conditions == nil {
			return root // the condition that is negated is missing: reported where it is used
		}
		root = root.with("Conditions", conditions.pos, &node{
			kind: mapNode, pos: conditions.pos, entries: slices.Concat(conditions.entries, s.negated),
		})
	}
	return root
}

// becomeResources are properties of functions and state machines that become resources of their own: what they refer to
// is not what the function needs.
var becomeResources = []string{"Events", "Policies", "EventInvokeConfig", "FunctionUrlConfig", "DeploymentPreference"}

// without returns the mapping without some of its keys.
func (n *node) without(keys ...string) *node {
	out := &node{kind: mapNode, pos: n.pos}
	for _, e := range n.entries {
		if !slices.Contains(keys, e.key) {
			out.entries = append(out.entries, e)
		}
	}
	return out
}

// with returns the mapping with one value replaced or added.
func (n *node) with(key string, pos policy.Position, value *node) *node {
	out := &node{kind: mapNode, pos: n.pos, entries: slices.Clone(n.entries)}
	for i := range out.entries {
		if out.entries[i].key == key {
			out.entries[i].value = value
			return out
		}
	}
	out.entries = append(out.entries, entry{key: key, pos: pos, value: value})
	return out
}

// resource returns a resource as what it becomes.
func (s *sam) resource(e entry) entry {
	typ := e.value.get("Type")
	if typ == nil || typ.kind != scalarNode || !strings.HasPrefix(typ.text, "AWS::Serverless::") {
		return e
	}
	switch {
	case slices.Contains(samNotLoaded, typ.text):
		s.warn(typ.pos, "unsupported-serverless", "the roles and policies that %s makes for %s are not loaded", typ.text, e.key)
		e.value = e.value.without("Properties") // which become other resources
		return e
	case samTypes[typ.text] == "":
		known := slices.Clone(samNotLoaded)
		for name := range samTypes {
			known = append(known, name)
		}
		slices.Sort(known)
		s.warn(typ.pos, "unsupported-serverless", "what %s makes is not loaded%s", quote(typ.text), didYouMean(typ.text, known))
		return e
	}
	value := e.value.with("Type", typ.pos, scalarAt(typ.pos, samTypes[typ.text]))
	properties := e.value.get("Properties")
	if properties == nil {
		properties = &node{kind: mapNode, pos: e.pos}
	}
	switch typ.text {
	case typeServerlessApplication:
		if location := properties.get("Location"); location != nil && location.kind == scalarNode {
			value = value.with("Properties", properties.pos, properties.with("TemplateURL", location.pos, location))
		}
	case typeServerlessFunction:
		s.role(e, s.withGlobals(properties, "Function"), s.functionRole)
		value = value.with("Properties", properties.pos, properties.without(becomeResources...))
	case typeServerlessStateMachine:
		s.role(e, s.withGlobals(properties, "StateMachine"), s.stateMachineRole)
		value = value.with("Properties", properties.pos, properties.without(becomeResources...))
	}
	if connectors := e.value.get("Connectors"); connectors != nil {
		s.warn(connectors.pos, "unsupported-serverless", "the policies of the connectors of %s are not loaded", e.key)
	}
	e.value = value
	return e
}

// withGlobals returns the properties with those that the Globals section gives all functions: what a function says itself
// replaces them, and mappings are put together
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html).
func (s *sam) withGlobals(properties *node, section string) *node {
	globals := s.globals.get(section)
	if globals == nil || globals.kind != mapNode {
		return properties
	}
	for _, g := range globals.entries {
		if g.key == "Role" || g.key == "Policies" {
			s.fail(g.pos, "unknown-property", "Globals cannot give functions the property %s", g.key)
			continue
		}
		own := properties.get(g.key)
		switch {
		case own == nil:
			properties = properties.with(g.key, g.pos, g.value)
		case own.kind == mapNode && g.value.kind == mapNode && !isFunction(own) && !isFunction(g.value):
			merged := g.value
			for _, e := range own.entries {
				merged = merged.with(e.key, e.pos, e.value)
			}
			properties = properties.with(g.key, g.pos, merged)
		}
	}
	return properties
}

// role adds the role of a resource, unless it is given one.
func (s *sam) role(e entry, properties *node, build func(id string, properties *node) *node) {
	id := e.key + "Role"
	condition := e.value.get("Condition")
	if given := properties.get("Role"); given != nil {
		var made bool
		if condition, made = s.roleCondition(given, condition); !made {
			return
		}
	}
	if taken, ok := s.seen[id]; ok {
		s.failSee(taken, e.pos, "duplicate-name", "%s is the name of the role that the transform makes for %s", quote(id), quote(e.key))
		return
	}
	role := &node{kind: mapNode, pos: e.pos, entries: []entry{
		{key: "Type", pos: e.pos, value: scalarAt(e.pos, typeRole)},
		{key: "Properties", pos: e.pos, value: build(id, properties)},
	}}
	if condition != nil {
		role = role.with("Condition", condition.pos, condition)
	}
	s.seen[id] = e.pos
	s.added = append(s.added, entry{key: id, pos: e.pos, value: role})
}

// roleCondition says under which condition a role is made when Role is Fn::If with AWS::NoValue; made is false when a role is
// given.
func (s *sam) roleCondition(given, condition *node) (when *node, made bool) {
	choice := given.get("Fn::If")
	if choice == nil || len(choice.items) != 3 || choice.items[0].kind != scalarNode {
		return condition, isNoValue(given)
	}
	name := choice.items[0]
	first, second := isNoValue(choice.items[1]), isNoValue(choice.items[2])
	switch {
	case first && second:
		return condition, true
	case first:
		return name, true
	case second:
		negated := "NOT" + name.text
		if !slices.ContainsFunc(s.negated, func(e entry) bool { return e.key == negated }) {
			s.negated = append(s.negated, entry{key: negated, pos: name.pos, value: mapAt(name.pos, "Fn::Not",
				listAt(name.pos, mapAt(name.pos, "Condition", name)))})
		}
		return scalarAt(name.pos, negated), true
	default:
		return nil, false
	}
}

// isNoValue reports whether the node is Ref AWS::NoValue.
func isNoValue(n *node) bool {
	ref := n.get("Ref")
	return ref != nil && ref.text == "AWS::NoValue"
}

// isFunction reports whether the mapping is an intrinsic function.
func isFunction(n *node) bool {
	return len(n.entries) == 1 && (n.entries[0].key == "Ref" || strings.HasPrefix(n.entries[0].key, "Fn::"))
}

func scalarAt(pos policy.Position, text string) *node {
	return &node{kind: scalarNode, pos: pos, text: text}
}

func listAt(pos policy.Position, items ...*node) *node {
	return &node{kind: listNode, pos: pos, items: items}
}

// mapAt makes a mapping of pairs of a key and its value.
func mapAt(pos policy.Position, key string, value *node) *node {
	return &node{kind: mapNode, pos: pos, entries: []entry{{key: key, pos: pos, value: value}}}
}
