package awsjson

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
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

// plainFieldsOf returns the fields of a struct whose values are plain, nil for any other type.
func plainFieldsOf(t reflect.Type) []plainField {
	if known, ok := plainTypes.Load(t); ok {
		return known.([]plainField) //nolint:forcetypeassert // nothing else is stored
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

// isPlain reports whether a type is that of a text, a blob, a Boolean, an integer, a list of texts, a number with JSON of
// its own, as times are, or a pointer to it or to a struct.
func isPlain(t reflect.Type) bool {
	if t.Implements(reflect.TypeFor[json.Marshaler]()) {
		return true // what it writes is looked at
	}
	if marshals(t) {
		return false
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64:
		return true
	case reflect.Slice:
		return t.Elem() == reflect.TypeFor[byte]() || t.Elem() == reflect.TypeFor[string]()
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.Struct
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
// struct of plain values. It reports false for any other, and for texts that need escapes.
func appendPlain(b []byte, output any) ([]byte, bool) {
	v := reflect.ValueOf(output)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return b, false
	}
	return appendPlainStruct(b, v.Elem())
}

func appendPlainStruct(b []byte, v reflect.Value) ([]byte, bool) {
	fields := plainFieldsOf(v.Type())
	if fields == nil {
		return b, false
	}
	first := len(b) + 1
	b = append(b, '{')
	for i := range fields {
		f := v.Field(fields[i].index)
		if fields[i].omitEmpty && isEmpty(f) {
			continue
		}
		if len(b) > first {
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
	switch v.Kind() {
	case reflect.String, reflect.Slice:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

func appendPlainValue(b []byte, v reflect.Value) ([]byte, bool) {
	if own, ok := reflect.TypeAssert[json.Marshaler](v); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return appendNumber(b, own)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), true
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), true
	case reflect.String:
		return appendText(b, v.String())
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...), true
		}
		return appendPlainStruct(b, v.Elem())
	default:
		return appendPlainSlice(b, v)
	}
}

func appendPlainSlice(b []byte, v reflect.Value) ([]byte, bool) {
	if v.IsNil() {
		return append(b, "null"...), true
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), true
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = appendText(b, v.Index(i).String()); !ok {
			return b, false
		}
	}
	return append(b, ']'), true
}

func appendText(b []byte, text string) ([]byte, bool) {
	if strings.ContainsFunc(text, needsEscape) {
		return b, false
	}
	return append(append(append(b, '"'), text...), '"'), true
}

// appendNumber appends what a value writes of itself when that is a number without an exponent.
func appendNumber(b []byte, own json.Marshaler) ([]byte, bool) {
	text, err := own.MarshalJSON()
	if err != nil || strings.Trim(string(text), "-.0123456789") != "" || !json.Valid(text) {
		return b, false
	}
	return append(b, text...), true
}

// needsEscape reports whether a rune may not be in a JSON string as it is; it asks for more than necessary.
func needsEscape(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
