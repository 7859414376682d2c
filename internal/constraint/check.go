package constraint

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Check holds an input, a pointer to a struct, to its constraints. It returns the message about what it finds, all of
// it in one; empty when it finds nothing.
func (s *Set) Check(in any) string {
	found := violations{set: s}
	found.structure(reflect.ValueOf(in).Elem(), "")
	switch n := len(found.texts); {
	case n == 1:
		return "1 validation error detected: " + found.texts[0]
	case n > 1:
		return strconv.Itoa(n) + " validation errors detected: " + strings.Join(found.texts, "; ")
	default:
		return found.own
	}
}

// violations are the sentences about what does not satisfy its constraints.
type violations struct {
	set   *Set
	texts []string
	// own is the first sentence of a service of its own: it checks those once the rest is as it should be.
	own string
}

func (f *violations) structure(v reflect.Value, path string) {
	members := f.set.members(v.Type())
	for i := range members {
		m := &members[i]
		f.member(m, v.FieldByIndex(m.index), path+m.name)
	}
}

func (f *violations) member(m *member, v reflect.Value, path string) {
	if isNull(v) {
		if m.Required {
			f.null(path)
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	f.value(&m.Rules, v, path)
	switch {
	case v.Kind() == reflect.Struct:
		f.structure(v, path+".")
	case v.Kind() == reflect.Slice && (m.fields != nil || m.Each != nil):
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
		f.null(path)
	case m.fields != nil:
		f.structure(v, path+".")
	default:
		f.value(m.Each, v, path)
	}
}

func (f *violations) null(path string) {
	f.texts = append(f.texts, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path))
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
func (f *violations) value(r *Rules, v reflect.Value, path string) {
	size, measure := measured(v)
	if r.Min != nil && size < *r.Min {
		f.add(r, v, path, fmt.Sprintf("Member must have %s greater than or equal to %d", measure, *r.Min))
	}
	if r.Max != nil && size > *r.Max {
		f.add(r, v, path, fmt.Sprintf("Member must have %s less than or equal to %d", measure, *r.Max))
	}
	if r.Pattern != "" {
		f.pattern(r, v, path)
	}
	if enum := f.set.enums[r.Enum]; r.Enum != "" && !enum.Has(v.String()) {
		f.add(r, v, path, "Member must satisfy enum value set: "+enum.String())
	}
}

func (f *violations) pattern(r *Rules, v reflect.Value, path string) {
	pattern := f.set.patterns[r.Pattern]
	switch {
	case pattern.Matches(v.String()):
	case pattern.Sentence == "":
		f.add(r, v, path, "Member must satisfy regular expression pattern: "+pattern.Text)
	case f.own == "":
		f.own = strings.ReplaceAll(pattern.Sentence, "%s", path)
	}
}

// measured returns what min and max are about: the value of a number, the length of a string in characters (UTF-16
// units, as Java counts them), of a blob in bytes, of a list or map in entries.
func measured(v reflect.Value) (int64, string) {
	switch v.Kind() {
	case reflect.Int32, reflect.Int64:
		return v.Int(), "value"
	case reflect.String:
		return UTF16Length(v.String()), "length"
	case reflect.Slice, reflect.Map:
		return int64(v.Len()), "length"
	default:
		return 0, "length"
	}
}

// UTF16Length is the length of a text in UTF-16 units.
func UTF16Length(s string) int64 {
	n := int64(0)
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

func (f *violations) add(r *Rules, v reflect.Value, path, must string) {
	value := "Value"
	isBlob := v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8
	if !r.Sensitive && !isBlob {
		value = fmt.Sprintf("Value '%s'", shown(v))
	}
	f.texts = append(f.texts, fmt.Sprintf("%s at '%s' failed to satisfy constraint: %s", value, path, must))
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
