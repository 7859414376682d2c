package kms

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The constraints of the API's model are struct tags of the input structs:
//
//	KeyId *string `kms:"required,min=1,max=2048"`
//
// with min and max (a number's value, the length of everything else), enum= and pattern= (names in constraint.go),
// each= for the members of a list, with ; in place of the comma, and sensitive for values that no message shows.
// Blobs are never shown. Test code holds them to AWS's model.

// constraints are what the tag of a member says.
type constraints struct {
	required, sensitive bool
	min, max            *int64
	enum, pattern       string
	each                *constraints
}

// member is a member of a structure with its constraints.
type member struct {
	index int
	name  string // as messages have it: in lower camel case
	constraints
	fields []member // of a structure, or of the structures of a list
}

// membersOf holds the members of each input type once they were read: reflect.Type to []member.
var membersOf sync.Map

// members reads the tags of a type. A tag that is wrong is a mistake in the program.
func members(t reflect.Type) []member {
	if known, ok := membersOf.Load(t); ok {
		return known.([]member) //nolint:errcheck,forcetypeassert // only []member is stored
	}
	var out []member
	for field := range t.Fields() {
		tag, ok := field.Tag.Lookup("kms")
		structure := structureOf(field.Type)
		if !ok && structure == nil {
			continue
		}
		m := member{index: field.Index[0], name: lowerFirst(field.Name), constraints: parseConstraints(tag, ",")}
		if structure != nil {
			m.fields = members(structure)
		}
		out = append(out, m)
	}
	membersOf.Store(t, out)
	return out
}

// structureOf returns the struct that a type is, points to, or is a list of; nil for others.
func structureOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		return t
	}
	return nil
}

func parseConstraints(tag, separator string) constraints {
	var c constraints
	if tag == "" {
		return c
	}
	for part := range strings.SplitSeq(tag, separator) {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "required":
			c.required = true
		case "sensitive":
			c.sensitive = true
		case "min":
			c.min = mustNumber(value)
		case "max":
			c.max = mustNumber(value)
		case "enum":
			c.enum = value
			if enums[value] == nil {
				panic("kms: unknown enum " + value)
			}
		case "pattern":
			c.pattern = value
			if patterns[value] == nil {
				panic("kms: unknown pattern " + value)
			}
		case "each":
			each := parseConstraints(value, ";")
			c.each = &each
		default:
			panic("kms: unknown constraint " + part)
		}
	}
	return c
}

func mustNumber(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(fmt.Errorf("kms: constraint: %w", err))
	}
	return &n
}

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

// validate holds an input to its constraints and words what it finds as AWS does: all of it in one message.
func validate(in any) error {
	var found violations
	found.structure(reflect.ValueOf(in).Elem(), "")
	if len(found) == 0 {
		return nil
	}
	count := "1 validation error"
	if len(found) > 1 {
		count = strconv.Itoa(len(found)) + " validation errors"
	}
	return failf(CodeValidation, "%s detected: %s", count, strings.Join(found, "; "))
}

// violations are the sentences about what does not satisfy its constraints.
type violations []string

func (f *violations) structure(v reflect.Value, path string) {
	for _, m := range members(v.Type()) {
		f.member(&m, v.Field(m.index), path+m.name)
	}
}

func (f *violations) member(m *member, v reflect.Value, path string) {
	if isNull(v) {
		if m.required {
			*f = append(*f, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path))
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	f.value(&m.constraints, v, path)
	switch {
	case v.Kind() == reflect.Struct:
		f.structure(v, path+".")
	case v.Kind() == reflect.Slice && (m.fields != nil || m.each != nil):
		for i := range v.Len() {
			f.element(m, reflect.Indirect(v.Index(i)), path+"."+strconv.Itoa(i+1)+".member")
		}
	default:
	}
}

// element checks one member of a list. AWS counts them from 1.
func (f *violations) element(m *member, v reflect.Value, path string) {
	switch {
	case !v.IsValid():
		*f = append(*f, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path))
	case m.fields != nil:
		f.structure(v, path+".")
	default:
		f.value(m.each, v, path)
	}
}

func isNull(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	default:
		return false
	}
}

// value checks one value against its own constraints.
func (f *violations) value(c *constraints, v reflect.Value, path string) {
	size, measure := measured(v)
	if c.min != nil && size < *c.min {
		f.add(c, v, path, fmt.Sprintf("Member must have %s greater than or equal to %d", measure, *c.min))
	}
	if c.max != nil && size > *c.max {
		f.add(c, v, path, fmt.Sprintf("Member must have %s less than or equal to %d", measure, *c.max))
	}
	if c.pattern != "" && !patterns[c.pattern].matches(v.String()) {
		f.add(c, v, path, "Member must satisfy regular expression pattern: "+patterns[c.pattern].text)
	}
	if c.enum != "" && !enums[c.enum].has(v.String()) {
		f.add(c, v, path, "Member must satisfy enum value set: "+enums[c.enum].String())
	}
}

// measured returns what min and max are about: the value of a number, the length of a string in characters (UTF-16
// units, as Java counts them), of a blob in bytes, of a list or map in entries.
func measured(v reflect.Value) (int64, string) {
	switch v.Kind() {
	case reflect.Int32, reflect.Int64:
		return v.Int(), "value"
	case reflect.String:
		return utf16Length(v.String()), "length"
	case reflect.Slice, reflect.Map:
		return int64(v.Len()), "length"
	default:
		return 0, "length"
	}
}

func utf16Length(s string) int64 {
	n := int64(0)
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

func (f *violations) add(c *constraints, v reflect.Value, path, must string) {
	value := "Value"
	isBlob := v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8
	if !c.sensitive && !isBlob {
		value = fmt.Sprintf("Value '%s'", shown(v))
	}
	*f = append(*f, fmt.Sprintf("%s at '%s' failed to satisfy constraint: %s", value, path, must))
}

// shown is a value as Java prints it.
func shown(v reflect.Value) string {
	switch list := v.Interface().(type) {
	case []string:
		return "[" + strings.Join(list, ", ") + "]"
	default:
		return fmt.Sprint(list)
	}
}
