package terraform

import "strings"

// step is one part of an address or a reference: a name, with the key behind it if there is one.
type step struct {
	name string
	// key is what stands behind the name in brackets, with the brackets; empty for most.
	key string
}

// String writes the step as in an address.
func (s step) String() string { return s.name + s.key }

// splitAddress splits an address or a reference, such as module.a["x.y"].aws_kms_key.main[0].arn, at its dots
// (https://developer.hashicorp.com/terraform/cli/state/resource-addressing). What is malformed stays in the last step.
func splitAddress(text string) []step {
	var steps []step
	for text != "" {
		end := strings.IndexAny(text, ".[")
		if end < 0 {
			return append(steps, step{name: text})
		}
		s := step{name: text[:end]}
		text = text[end:]
		for strings.HasPrefix(text, "[") {
			length := keyLength(text)
			s.key += text[:length]
			text = text[length:]
		}
		steps = append(steps, s)
		text = strings.TrimPrefix(text, ".")
	}
	return steps
}

// keyLength returns how long the brackets at the beginning of a text are, with what is between them.
func keyLength(text string) int {
	quoted := false
	for i := 1; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ']' && !quoted:
			return i + 1
		}
	}
	return len(text)
}

// address says what an address of a resource is made of.
type address struct {
	modules []step // names of module calls, with their keys
	data    bool
	typ     string
	name    step
}

// parseAddress takes the address of a resource instance apart.
func parseAddress(text string) (a address, ok bool) {
	steps := splitAddress(text)
	for len(steps) >= 2 && steps[0].String() == "module" {
		a.modules = append(a.modules, steps[1])
		steps = steps[2:]
	}
	if len(steps) == 3 && steps[0].String() == "data" {
		a.data, steps = true, steps[1:]
	}
	if len(steps) != 2 || steps[0].name == "" || steps[0].key != "" || steps[1].name == "" {
		return a, false
	}
	a.typ, a.name = steps[0].name, steps[1]
	return a, true
}

// module is the address of the module instance, empty for the root module.
func (a address) module() string { return moduleAddress(a.modules) }

func moduleAddress(steps []step) string {
	var parts []string
	for _, s := range steps {
		parts = append(parts, "module."+s.String())
	}
	return strings.Join(parts, ".")
}

// within puts an address into a module instance.
func within(module, address string) string {
	if module == "" {
		return address
	}
	return module + "." + address
}

// resource is the address of the resource in its module, without the key of the instance.
func (a address) resource() string {
	if a.data {
		return "data." + a.typ + "." + a.name.name
	}
	return a.typ + "." + a.name.name
}
