package kms

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"strconv"
	"sync"
)

// decodePlain reads the JSON of an input that is written as SDKs write it, and makes of it what encoding/json makes, in
// a third of the time. It reports false for everything else: for whatever encoding/json would refuse, and for escapes,
// null, nested structures, members that the input does not have, or that it has twice. The input is then as it was. The
// source must be valid UTF-8.
func decodePlain(src []byte, in any) bool {
	v := reflect.ValueOf(in).Elem()
	if !(&plainReader{src: src}).input(v) {
		v.SetZero()
		return false
	}
	return true
}

// plainFields holds the fields of each input type by their names on the wire: reflect.Type to map[string]int.
var plainFields sync.Map

// fieldsOf returns the fields of an input type by name. Inputs have no names of their own for JSON.
func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := plainFields.Load(t); ok {
		return known.(map[string]int) //nolint:forcetypeassert // nothing else is stored
	}
	fields := map[string]int{}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && !f.Anonymous && f.Tag.Get("json") == "" && i < 64 {
			fields[f.Name] = i
		}
	}
	plainFields.Store(t, fields)
	return fields
}

// plainReader reads JSON from where it is.
type plainReader struct {
	src []byte
	at  int
}

// input reads the whole source as the input.
func (r *plainReader) input(v reflect.Value) bool {
	fields := fieldsOf(v.Type())
	seen := uint64(0)
	return r.object(func(name []byte) bool {
		i, known := fields[string(name)]
		if !known || seen&(1<<i) != 0 {
			return false
		}
		seen |= 1 << i
		return r.member(v.Field(i).Addr().Interface())
	}) && r.next() == 0 && r.at == len(r.src)
}

// member reads the value of a member into a field.
func (r *plainReader) member(field any) bool {
	switch p := field.(type) {
	case **string:
		text, ok := r.text()
		value := string(text)
		*p = &value
		return ok
	case *[]byte:
		return r.blob(p)
	case *secret:
		return r.blob((*[]byte)(p))
	case *map[string]string:
		*p = map[string]string{}
		return r.object(func(name []byte) bool {
			key := string(name)
			value, ok := r.text()
			(*p)[key] = string(value)
			return ok
		})
	case *[]string:
		return r.texts(p)
	case **bool:
		value, ok := r.boolean()
		*p = &value
		return ok
	case **int32:
		number, ok := r.number(32)
		value := int32(number) //nolint:gosec // it was read with this size
		*p = &value
		return ok
	case **int64:
		number, ok := r.number(64)
		*p = &number
		return ok
	default:
		return false
	}
}

// next skips white space and returns the byte that is there, 0 at the end.
func (r *plainReader) next() byte {
	for ; r.at < len(r.src); r.at++ {
		switch b := r.src[r.at]; b {
		case ' ', '\t', '\n', '\r':
		default:
			return b
		}
	}
	return 0
}

// take skips white space and one byte, if it is there.
func (r *plainReader) take(b byte) bool {
	if b == 0 || r.next() != b {
		return false
	}
	r.at++
	return true
}

// object reads an object; each is called with each name and reads the value.
func (r *plainReader) object(each func(name []byte) bool) bool {
	if !r.take('{') {
		return false
	}
	if r.take('}') {
		return true
	}
	for {
		name, ok := r.text()
		if !ok || !r.take(':') || !each(name) {
			return false
		}
		if !r.take(',') {
			return r.take('}')
		}
	}
}

// text reads a string without escapes. It is of the source.
func (r *plainReader) text() ([]byte, bool) {
	if !r.take('"') {
		return nil, false
	}
	for start := r.at; r.at < len(r.src); r.at++ {
		switch b := r.src[r.at]; {
		case b == '"':
			r.at++
			return r.src[start : r.at-1], true
		case b == '\\' || b < ' ':
			return nil, false
		}
	}
	return nil, false
}

// blob reads base64. What may not be in a string is not in base64 either, but for line breaks.
func (r *plainReader) blob(p *[]byte) bool {
	if !r.take('"') {
		return false
	}
	end := bytes.IndexByte(r.src[r.at:], '"')
	if end < 0 {
		return false
	}
	text := r.src[r.at : r.at+end]
	r.at += end + 1
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		return false
	}
	value := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(value, text)
	*p = value[:n]
	return err == nil
}

func (r *plainReader) texts(p *[]string) bool {
	if !r.take('[') {
		return false
	}
	*p = []string{}
	if r.take(']') {
		return true
	}
	for {
		text, ok := r.text()
		if !ok {
			return false
		}
		*p = append(*p, string(text))
		if !r.take(',') {
			return r.take(']')
		}
	}
}

func (r *plainReader) boolean() (value, ok bool) {
	r.next()
	switch rest := r.src[r.at:]; {
	case len(rest) >= 4 && string(rest[:4]) == "true":
		r.at += 4
		return true, true
	case len(rest) >= 5 && string(rest[:5]) == "false":
		r.at += 5
		return false, true
	default:
		return false, false
	}
}

// number reads a number without fraction, exponent or superfluous zeros.
func (r *plainReader) number(bits int) (int64, bool) {
	r.next()
	start := r.at
	if r.at < len(r.src) && r.src[r.at] == '-' {
		r.at++
	}
	digits := r.at
	for r.at < len(r.src) && '0' <= r.src[r.at] && r.src[r.at] <= '9' {
		r.at++
	}
	if r.at == digits || r.at > digits+1 && r.src[digits] == '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(r.src[start:r.at]), 10, bits)
	return n, err == nil
}
