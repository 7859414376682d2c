package terraform

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
)

// unresolvedMark stands in front of a part of a policy that is not known, which follows in words.
// [policy.WithUnresolved] reads it.
const unresolvedMark = string(policy.Unresolved)

// readable takes the marks out of a text.
func readable(text string) string { return strings.ReplaceAll(text, unresolvedMark, "") }

// valueKind says what a value is.
type valueKind int

const (
	noValue    valueKind = iota // null, or nothing is there
	textValue                   // a string, number or boolean
	listValue                   // a list, set or tuple
	mapValue                    // a map, object or block
	laterValue                  // known after apply
)

// String names the kind as a person would.
func (k valueKind) String() string {
	switch k {
	case textValue:
		return "a string"
	case listValue:
		return "a list"
	case mapValue:
		return "a mapping"
	case laterValue:
		return "a value that is known after apply"
	default:
		return "nothing"
	}
}

// value is an argument or attribute of a resource, or a part of one.
type value struct {
	kind   valueKind
	offset int
	text   string
	// raw is the JSON of a string, nil for one that was computed.
	raw    string
	items  []value
	fields []field
}

// field is an entry of a mapping.
type field struct {
	key    string
	offset int
	value  value
}

// get returns what is under a key.
func (v value) get(key string) value {
	at := slices.IndexFunc(v.fields, func(f field) bool { return f.key == key })
	if at < 0 {
		return value{offset: v.offset}
	}
	return v.fields[at].value
}

// list returns the elements of a list, or the one thing that is no list; nothing for nothing.
func (v value) list() []value {
	switch v.kind {
	case noValue:
		return nil
	case listValue:
		return v.items
	default:
		return []value{v}
	}
}

// hasLater reports whether the value or a part of it is known after apply.
func (v value) hasLater() bool {
	return v.kind == laterValue || slices.ContainsFunc(v.items, value.hasLater) ||
		slices.ContainsFunc(v.fields, func(f field) bool { return f.value.hasLater() })
}

// textOf decodes a JSON string. gjson takes any two \u escapes in a row for one character when the first is a half.
func textOf(r gjson.Result) string {
	if !strings.Contains(r.Raw, `\u`) {
		return r.Str
	}
	var text string
	if err := json.Unmarshal([]byte(r.Raw), &text); err != nil {
		return r.Str
	}
	return text
}

// merge makes a value of what is planned and of what is known after apply: true stands for everything that is
// (https://developer.hashicorp.com/terraform/internals/json-format#change-representation).
func (d *document) merge(after, later gjson.Result) value {
	switch {
	case later.Type == gjson.True:
		return value{kind: laterValue, offset: later.Index}
	case after.IsObject(), !after.IsArray() && later.IsObject() && strings.Contains(later.Raw, "true"):
		return d.mergeObject(after, later)
	case after.IsArray():
		v := value{kind: listValue, offset: after.Index}
		laters := later.Array()
		for i, item := range after.Array() {
			var of gjson.Result
			if later.IsArray() && i < len(laters) {
				of = laters[i]
			}
			v.items = append(v.items, d.merge(item, of))
		}
		return v
	case later.IsArray() && strings.Contains(later.Raw, "true"):
		return value{kind: laterValue, offset: later.Index}
	case !after.Exists(), after.Type == gjson.Null:
		return value{offset: after.Index}
	case after.Type == gjson.String:
		return value{kind: textValue, offset: after.Index, text: textOf(after), raw: after.Raw}
	default:
		return value{kind: textValue, offset: after.Index, text: after.Raw}
	}
}

// mergeObject merges the members of two objects.
func (d *document) mergeObject(after, later gjson.Result) value {
	v := value{kind: mapValue, offset: after.Index}
	if !after.IsObject() {
		v.offset = later.Index
	}
	laters := d.members(later)
	seen := map[string]int{}
	if after.IsObject() {
		after.ForEach(func(name, part gjson.Result) bool {
			key := textOf(name)
			if before, twice := seen[key]; twice {
				d.fail(name.Index, "duplicate-key", "the name %s is in this object twice, see %s", quote(key), d.at(before))
				return true
			}
			seen[key] = name.Index
			v.fields = append(v.fields, field{key, name.Index, d.merge(part, laters[key])})
			return true
		})
	}
	if !later.IsObject() {
		return v
	}
	later.ForEach(func(name, part gjson.Result) bool {
		key := textOf(name)
		if _, known := seen[key]; known {
			return true
		}
		if merged := d.merge(gjson.Result{}, part); merged.hasLater() {
			v.fields = append(v.fields, field{key, name.Index, merged})
		}
		return true
	})
	if !after.IsObject() && len(v.fields) == 0 {
		return value{offset: later.Index}
	}
	return v
}
