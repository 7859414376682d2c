package awsquery

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
)

// Output writes the document of an answer: <OpResponse><OpResult>…</OpResult><ResponseMetadata>…. output is nil for an
// operation that answers nothing.
func Output(api *operation.Description, name, requestID string, output any) ([]byte, error) {
	var b buffer
	b.WriteString("<" + name + `Response xmlns="`)
	b.text(api.Namespace)
	b.WriteString(`">`)
	if output != nil {
		b.WriteString("<" + name + "Result>")
		if err := b.structure(reflect.ValueOf(output)); err != nil {
			return nil, fmt.Errorf("write the output of %s: %w", name, err)
		}
		b.WriteString("</" + name + "Result>")
	}
	b.WriteString("<ResponseMetadata>")
	b.element("RequestId", requestID)
	b.WriteString("</ResponseMetadata></" + name + "Response>")
	return b.Bytes(), nil
}

// buffer is a document that is being written.
type buffer struct{ bytes.Buffer }

// text writes text, with what is not XML's in the form that XML has for it.
func (b *buffer) text(s string) { _ = xml.EscapeText(b, []byte(s)) } // a buffer takes everything

func (b *buffer) element(name, s string) {
	b.WriteString("<" + name + ">")
	b.text(s)
	b.WriteString("</" + name + ">")
}

// structure writes the members of a struct, or of what points to one.
func (b *buffer) structure(v reflect.Value) error {
	v = reflect.Indirect(v)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if err := b.structure(v.Field(i)); err != nil {
				return err
			}
			continue
		}
		if !field.IsExported() || isMissing(v.Field(i)) {
			continue
		}
		if err := b.member(field.Name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// isMissing reports whether a member of an output is not there.
func isMissing(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Func:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return v.Type() == timeType && v.IsZero()
	default:
		return false
	}
}

// member writes an element.
func (b *buffer) member(name string, v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	b.WriteString("<" + name + ">")
	if err := b.value(v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.WriteString("</" + name + ">")
	return nil
}

func (b *buffer) value(v reflect.Value) error {
	switch value := v.Interface().(type) {
	case operation.Secret:
		b.text(value.Reveal())
		return nil
	case time.Time:
		b.text(value.UTC().Format("2006-01-02T15:04:05Z"))
		return nil
	case []byte:
		b.WriteString(base64.StdEncoding.EncodeToString(value))
		return nil
	}
	switch {
	case v.Kind() == reflect.String:
		b.text(v.String())
	case v.Kind() == reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case v.CanInt():
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case v.Kind() == reflect.Struct:
		return b.structure(v)
	case v.Kind() == reflect.Slice:
		return b.list(v)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		return b.entries(v)
	default:
		return fmt.Errorf("the type %s has no form in XML", v.Type())
	}
	return nil
}

func (b *buffer) list(v reflect.Value) error {
	for i := range v.Len() {
		if err := b.member("member", v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// entries writes a map, sorted by its keys.
func (b *buffer) entries(v reflect.Value) error {
	values := map[string]reflect.Value{}
	for key, value := range v.Seq2() {
		values[key.String()] = value
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		b.WriteString("<entry>")
		b.element("key", key)
		if err := b.member("value", values[key]); err != nil {
			return err
		}
		b.WriteString("</entry>")
	}
	return nil
}
