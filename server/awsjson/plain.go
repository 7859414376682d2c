package awsjson

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// plainField is a field of an output whose JSON is written without encoding/json.
type plainField struct {
	index     int
	name      string // "Name": with the quotes and the colon
	omitEmpty bool
}

// plainTypes holds the fields of the types of outputs, nil for those that encoding/json writes: reflect.Type to
// []plainField.
var plainTypes sync.Map

// plainFieldsOf returns the fields of a struct of texts, blobs and Booleans, nil for any other type.
func plainFieldsOf(t reflect.Type) []plainField {
	if known, ok := plainTypes.Load(t); ok {
		return known.([]plainField) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	fields := newPlainFields(t)
	plainTypes.Store(t, fields)
	return fields
}

func newPlainFields(t reflect.Type) []plainField {
	if t.Kind() != reflect.Struct || marshals(t) {
		return nil
	}
	var fields []plainField
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if !f.IsExported() || f.Anonymous || tag != "" && tag != ",omitempty" || !isPlain(f.Type) {
			return nil
		}
		fields = append(fields, plainField{index: i, name: `"` + f.Name + `":`, omitEmpty: tag != ""})
	}
	return fields
}

// isPlain reports whether a type is that of a text, a blob or a Boolean that has no JSON of its own.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool:
		return !marshals(t)
	case reflect.Slice:
		return t.Elem() == reflect.TypeFor[byte]() && !marshals(t)
	default:
		return false
	}
}

// marshals reports whether a type, or a pointer to it, writes its own JSON.
func marshals(t reflect.Type) bool {
	for _, own := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Implements(own) || reflect.PointerTo(t).Implements(own) {
			return true
		}
	}
	return false
}

// appendPlain appends what encoding/json writes, without its escapes for HTML, of an output that is a pointer to a
// struct of texts, blobs and Booleans. It reports false for any other, and for texts that need escapes.
func appendPlain(b []byte, output any) ([]byte, bool) {
	v := reflect.ValueOf(output)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return b, false
	}
	v = v.Elem()
	fields := plainFieldsOf(v.Type())
	if fields == nil {
		return b, false
	}
	b = append(b, '{')
	for i := range fields {
		f := v.Field(fields[i].index)
		if fields[i].omitEmpty && isEmpty(f) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, fields[i].name...)
		var ok bool
		if b, ok = appendPlainValue(b, f); !ok {
			return b, false
		}
	}
	return append(b, '}'), true
}

// isEmpty is what omitempty means.
func isEmpty(v reflect.Value) bool {
	if v.Kind() == reflect.Bool {
		return !v.Bool()
	}
	return v.Len() == 0
}

func appendPlainValue(b []byte, v reflect.Value) ([]byte, bool) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, "true"...), true
		}
		return append(b, "false"...), true
	case reflect.String:
		text := v.String()
		if strings.ContainsFunc(text, needsEscape) {
			return b, false
		}
		return append(append(append(b, '"'), text...), '"'), true
	default:
		if v.IsNil() {
			return append(b, "null"...), true
		}
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), true
	}
}

// needsEscape reports whether a rune may not be in a JSON string as it is; it asks for more than necessary.
func needsEscape(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
