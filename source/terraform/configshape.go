package terraform

import "github.com/tidwall/gjson"

// checkConfig reports what in the configuration has another type than it has in plans; known is how many errors there were
// before. What the configuration says decides what is unknown: a part of it that cannot be read must not look like none
// (https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation).
func (p *plan) checkConfig(config gjson.Result, known int) bool {
	members := p.object(config, "configuration")
	for name, provider := range p.object(members["provider_config"], "provider_config") {
		parts := p.object(provider, "the provider "+name)
		p.text(parts["name"], "name")
		p.checkExpressions(parts["expressions"], argumentsOf(parts["name"].Str == "aws"))
	}
	p.checkModule(members["root_module"])
	return len(p.errors) == known
}

// checkModule checks a module and those that it calls.
func (p *plan) checkModule(module gjson.Result) {
	members := p.object(module, "a module")
	p.each(members["resources"], "resources", func(r gjson.Result) {
		parts := p.members(r)
		for _, name := range []string{"address", "mode", "type", "name", "provider_config_key"} {
			p.text(parts[name], name)
		}
		a, _ := parseAddress(textOf(parts["address"]))
		p.checkExpressions(parts["expressions"], argumentsOf(isRead(a)))
		p.checkRepeated(parts)
	})
	for name, call := range p.object(members["module_calls"], "module_calls") {
		parts := p.object(call, "the call of the module "+name)
		p.checkExpressions(parts["expressions"], anyArgument)
		p.checkRepeated(parts)
		p.checkModule(parts["module"])
	}
	for name, output := range p.object(members["outputs"], "outputs") {
		p.checkExpression(p.object(output, "the output "+name)["expression"], "expression", anyArgument)
	}
	for name, variable := range p.object(members["variables"], "variables") {
		p.object(variable, "the variable "+name)
	}
}

// checkRepeated checks what a resource and the call of a module have in common.
func (p *plan) checkRepeated(parts map[string]gjson.Result) {
	for _, name := range []string{"count_expression", "for_each_expression"} {
		p.checkExpression(parts[name], name, anyArgument)
	}
	p.checkTexts(parts["depends_on"], "depends_on")
}

// anyArgument is true: modules, outputs and repetition have no blocks.
func anyArgument(string) bool { return true }

// argumentsOf tells the arguments that are known not to be blocks: of what is not read nothing is known.
func argumentsOf(read bool) func(string) bool {
	return func(name string) bool { return read && shapes[name] != 0 && shapes[name] != someBlocks }
}

// checkExpressions checks the arguments of something. noBlocks tells those that are not blocks.
func (p *plan) checkExpressions(expressions gjson.Result, noBlocks func(string) bool) {
	for name, e := range p.object(expressions, "expressions") {
		p.checkExpression(e, name, noBlocks)
	}
}

// checkExpression checks an argument, or the blocks of a name.
func (p *plan) checkExpression(e gjson.Result, name string, noBlocks func(string) bool) {
	switch {
	case e.IsArray() && noBlocks(name):
		p.wrongType(e, "the expression of "+name, "an object")
	case e.IsArray():
		p.each(e, name, func(block gjson.Result) { p.checkExpressions(block, noBlocks) })
	default:
		p.checkTexts(p.object(e, "the expression of "+name)["references"], "references")
	}
}

// checkTexts checks a list of strings.
func (p *plan) checkTexts(list gjson.Result, what string) {
	if isNothing(list) {
		return
	}
	if !list.IsArray() {
		p.wrongType(list, what, "an array of strings")
		return
	}
	for _, item := range list.Array() {
		if item.Type != gjson.String {
			p.wrongType(item, "an element of "+what, "a string")
		}
	}
}
