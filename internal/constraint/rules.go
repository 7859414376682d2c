package constraint

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Rules are what the tag of a member says.
type Rules struct {
	Required, Sensitive bool
	Min, Max            *int64
	// Enum and Pattern are names in the tables of the [Set].
	Enum, Pattern string
	// Each is for the members of a list, nil for no rules.
	Each *Rules
}

// Set are the constraints of one service's inputs. It is safe for concurrent use.
type Set struct {
	tag      string
	enums    map[string]Enum
	patterns map[string]*Pattern
	known    sync.Map // the members of each type once they were read: reflect.Type to []member
}

// NewSet returns the constraints that are written in struct tags of a name, with the tables that they refer to.
func NewSet(tag string, enums map[string]Enum, patterns map[string]*Pattern) *Set {
	return &Set{tag: tag, enums: enums, patterns: patterns}
}

// member is a member of a structure with its constraints.
type member struct {
	index []int
	name  string // as messages have it: in lower camel case
	Rules
	fields []member // of a structure, or of the structures of a list
}

// members reads the tags of a type. A tag that is wrong is a mistake in the program.
func (s *Set) members(t reflect.Type) []member {
	if known, ok := s.known.Load(t); ok {
		return known.([]member) //nolint:forcetypeassert // only []member is stored
	}
	var out []member
	for field := range t.Fields() {
		tag, ok := field.Tag.Lookup(s.tag)
		structure := StructureOf(field.Type)
		if field.Anonymous && structure != nil {
			for _, inner := range s.members(structure) {
				inner.index = append([]int{field.Index[0]}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		if !ok && structure == nil {
			continue
		}
		m := member{index: field.Index, name: lowerFirst(field.Name), Rules: s.Parse(tag)}
		if structure != nil {
			m.fields = s.members(structure)
		}
		out = append(out, m)
	}
	s.known.Store(t, out)
	return out
}

// StructureOf returns the struct that a type is, points to, or is a list of; nil for others.
func StructureOf(t reflect.Type) reflect.Type {
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

// Parse reads a tag. It panics for one that is wrong.
func (s *Set) Parse(tag string) Rules { return s.parse(tag, ",") }

func (s *Set) parse(tag, separator string) Rules {
	var r Rules
	if tag == "" {
		return r
	}
	for part := range strings.SplitSeq(tag, separator) {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "required":
			r.Required = true
		case "sensitive":
			r.Sensitive = true
		case "min":
			r.Min = mustNumber(value)
		case "max":
			r.Max = mustNumber(value)
		case "enum":
			r.Enum = value
			if s.enums[value] == nil {
				panic("constraint: unknown enum " + value)
			}
		case "pattern":
			r.Pattern = value
			if s.patterns[value] == nil {
				panic("constraint: unknown pattern " + value)
			}
		case "each":
			each := s.parse(value, ";")
			r.Each = &each
		default:
			panic("constraint: unknown constraint " + part)
		}
	}
	return r
}

func mustNumber(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(fmt.Errorf("constraint: %w", err))
	}
	return &n
}

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}
