package cloudformation

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// maxParameterSizeInBytes is 4,096 bytes (CloudFormation User Guide, "Understand CloudFormation
// quotas", Parameter values).
const maxParameterSizeInBytes = 4096

// parameter is a declared parameter with its value.
type parameter struct {
	name   string
	pos    policy.Position
	node   *node
	typ    string
	secret bool // NoEcho: the value is in no message
	value  value
}

// parameterAttributes are the attributes of a parameter (CloudFormation User Guide,
// "Parameters", https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html).
var parameterAttributes = []string{
	"AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength",
	"MaxValue", "MinLength", "MinValue", "NoEcho", "Type",
}

// declareParameters gives each parameter its value: the one that was given or the default.
func (t *template) declareParameters(section *node) {
	t.parameters = map[string]*parameter{}
	if section != nil {
		for _, e := range section.entries {
			t.declareParameter(e)
		}
	}
	if t.opts.AllowExtraParameters {
		return
	}
	pos := t.root.pos
	if section != nil {
		pos = section.pos
	}
	for _, name := range slices.Sorted(maps.Keys(t.opts.Parameters)) {
		if t.parameters[name] == nil && !t.macro {
			t.fail(pos, "unknown-parameter", "the template declares no parameter %s%s",
				quote(name), didYouMean(name, section.keys()))
		}
	}
}

// declareParameter reads one declaration.
func (t *template) declareParameter(e entry) {
	p := &parameter{name: e.key, pos: e.pos, node: e.value}
	t.parameters[e.key] = p
	p.value = t.unresolved(e.pos, "Ref "+e.key) // until a value is found
	if !strings.HasPrefix(e.key, "Fn::") && !logicalID.MatchString(e.key) {
		t.fail(e.pos, "invalid-name", "%s is no name of a parameter: expected letters and digits only", quote(e.key))
	}
	if strings.HasPrefix(e.key, "Fn::") {
		t.warn(e.pos, "unsupported-function", "%s is not supported among the parameters", e.key)
		return
	}
	if e.value.kind != mapNode {
		t.fail(e.value.pos, "wrong-type", "expected the declaration of parameter %s, found %s", e.key, e.value.kind)
		return
	}
	for _, a := range e.value.entries {
		if !slices.Contains(parameterAttributes, a.key) {
			t.fail(a.pos, "unknown-attribute", "a parameter has no attribute %s%s", quote(a.key), didYouMean(a.key, parameterAttributes))
		}
	}
	typ := e.value.get("Type")
	if typ == nil || typ.kind != scalarNode {
		t.fail(e.pos, "wrong-type", "parameter %s needs a Type", e.key)
		return
	}
	p.typ = typ.text
	p.secret = e.value.get("NoEcho") != nil && strings.EqualFold(e.value.get("NoEcho").text, "true")
	if !knownParameterType(p.typ) {
		t.fail(typ.pos, "unknown-type", "unknown parameter type %s%s", quote(p.typ), didYouMean(p.typ, parameterTypes))
		return
	}
	t.giveValue(p)
}

// parameterTypes are the types of parameters that are not those of AWS resources.
var parameterTypes = []string{"String", "Number", "List<Number>", "List<String>", "CommaDelimitedList"}

// knownParameterType reports whether CloudFormation may know the type. The list of the types
// AWS::EC2::… and others grows; they are strings here.
func knownParameterType(typ string) bool {
	return slices.Contains(parameterTypes, typ) || strings.HasPrefix(typ, "AWS::") || strings.HasPrefix(typ, "List<AWS::")
}

// giveValue finds and checks the value of a parameter.
func (t *template) giveValue(p *parameter) {
	if t.nested.give(p) {
		return
	}
	text, given := t.opts.Parameters[p.name]
	pos := p.pos
	if !given {
		if t.outline {
			return
		}
		def := p.node.get("Default")
		if def == nil {
			t.fail(p.pos, "missing-parameter", "parameter %s has no default: give it a value with --parameter %s=…", p.name, p.name)
			return
		}
		if def.kind != scalarNode {
			t.fail(def.pos, "wrong-type", "expected the default of parameter %s as a string, found %s", p.name, def.kind)
			return
		}
		text, pos = def.text, def.pos
	}
	if strings.HasPrefix(p.typ, "AWS::SSM::Parameter::Value<") {
		// The text names a value in the Parameter Store, which only AWS can look up.
		what := "SSM parameter " + text
		if p.secret {
			what = "SSM parameter of " + p.name
		}
		p.value = t.unresolved(p.pos, what)
		return
	}
	if !t.checkParameter(p, text, pos) {
		return
	}
	if p.typ == "CommaDelimitedList" || strings.HasPrefix(p.typ, "List<") {
		p.value = value{kind: listValue, pos: pos}
		if text == "" {
			return
		}
		for item := range strings.SplitSeq(text, ",") {
			p.value.items = append(p.value.items, textAt(pos, strings.TrimSpace(item)))
		}
		return
	}
	p.value = textAt(pos, text)
}

// checkParameter holds a value to the constraints of its declaration.
func (t *template) checkParameter(p *parameter, text string, pos policy.Position) bool {
	shown := "the value " + quote(text)
	if p.secret {
		shown = "the value (not shown: NoEcho)"
	}
	hint := ""
	if d := p.node.get("ConstraintDescription"); d != nil && d.kind == scalarNode {
		hint = " (" + d.text + ")"
	}
	refuse := func(expected string) bool {
		t.fail(pos, "invalid-parameter", "parameter %s: %s is not allowed, expected %s%s", p.name, shown, expected, hint)
		return false
	}
	if len(text) > maxParameterSizeInBytes {
		return refuse("at most 4,096 bytes")
	}
	if at, what := yamljson.FirstBadByte([]byte(text), reserved); at >= 0 {
		return refuse("text without " + what)
	}
	values := []string{text}
	if strings.Contains(p.typ, "List") {
		values = strings.Split(text, ",")
	}
	for _, v := range values {
		if strings.Contains(p.typ, "List") {
			v = strings.TrimSpace(v)
		}
		if ok, expected := t.meets(p, v); !ok {
			return refuse(expected)
		}
	}
	return true
}

// meets checks one value, or one element of a list, against the constraints.
func (t *template) meets(p *parameter, v string) (ok bool, expected string) {
	if p.typ == "Number" || p.typ == "List<Number>" {
		number, err := strconv.ParseFloat(v, 64)
		if err != nil || strings.ContainsAny(v, "xXnNpP_") { // Go takes 0x1p-2 and NaN for numbers
			return false, "a number"
		}
		if limit, has := t.number(p, "MinValue"); has && number < limit {
			return false, "at least " + strconv.FormatFloat(limit, 'g', -1, 64)
		}
		if limit, has := t.number(p, "MaxValue"); has && number > limit {
			return false, "at most " + strconv.FormatFloat(limit, 'g', -1, 64)
		}
	}
	if p.typ == "String" {
		length := float64(utf8.RuneCountInString(v))
		if limit, has := t.number(p, "MinLength"); has && length < limit {
			return false, "at least " + strconv.FormatFloat(limit, 'g', -1, 64) + " characters"
		}
		if limit, has := t.number(p, "MaxLength"); has && length > limit {
			return false, "at most " + strconv.FormatFloat(limit, 'g', -1, 64) + " characters"
		}
	}
	if allowed := p.node.get("AllowedValues"); allowed != nil {
		texts := make([]string, 0, len(allowed.items))
		for _, item := range allowed.items {
			texts = append(texts, item.text)
		}
		if !slices.Contains(texts, v) {
			return false, "one of " + quote(strings.Join(texts, ", "))
		}
	}
	return t.matchesPattern(p, v)
}

// number reads a numeric constraint.
func (t *template) number(p *parameter, name string) (float64, bool) {
	n := p.node.get(name)
	if n == nil {
		return 0, false
	}
	limit, err := strconv.ParseFloat(n.text, 64)
	if err != nil {
		t.fail(n.pos, "wrong-type", "expected %s of parameter %s as a number", name, p.name)
		return 0, false
	}
	return limit, true
}

// matchesPattern checks AllowedPattern, which the whole value must match. CloudFormation uses
// Java's regular expressions; the few that Go's do not know cannot be checked.
func (t *template) matchesPattern(p *parameter, v string) (ok bool, expected string) {
	pattern := p.node.get("AllowedPattern")
	if pattern == nil {
		return true, ""
	}
	re, err := regexp.Compile(`\A(?:` + pattern.text + `)\z`)
	if err != nil {
		t.warn(pattern.pos, "unsupported-pattern", "AllowedPattern of parameter %s is not checked: %s", p.name, err)
		return true, ""
	}
	return re.MatchString(v), "text that matches " + quote(pattern.text)
}
