package awsquery

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
)

// Decode fills in an input struct. Parameters that the struct does not have are left aside, as AWS does.
func (f *Form) Decode(into any) error {
	return f.root.structure(reflect.ValueOf(into).Elem(), "")
}

func (n *node) structure(v reflect.Value, path string) error {
	if n.given && n.value != "" {
		return malformedInput(path)
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if err := n.structure(v.Field(i), path); err != nil {
				return err
			}
			continue
		}
		name := nameOf(&field)
		child := n.children[name]
		if child == nil || !field.IsExported() {
			continue
		}
		if err := child.set(v.Field(i), join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// nameOf is the name of a member of an input: that of its field, unless a tag says another, for the few that begin with
// a small letter.
func nameOf(field *reflect.StructField) string {
	if name, ok := field.Tag.Lookup("query"); ok {
		return name
	}
	return field.Name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

var (
	timeType = reflect.TypeFor[time.Time]()
	blobType = reflect.TypeFor[[]byte]()
)

// set fills in one member. A list or map whose parameter is empty is an empty one.
func (n *node) set(v reflect.Value, path string) error {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return n.set(v.Elem(), path)
	case v.Type() == timeType || v.Type() == blobType:
		return n.scalar(v, path)
	case v.Kind() == reflect.Struct:
		return n.structure(v, path)
	case v.Kind() == reflect.Slice:
		return n.list(v, path)
	case v.Kind() == reflect.Map:
		return n.entries(v, path)
	default:
		return n.scalar(v, path)
	}
}

func (n *node) list(v reflect.Value, path string) error {
	if n.given && n.value == "" && len(n.children) == 0 {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		return nil
	}
	if n.given {
		return malformedInput(path)
	}
	members, err := n.members("member", path)
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(v.Type(), len(members), len(members))
	for i, member := range members {
		if err := member.set(list.Index(i), path+".member."+strconv.Itoa(i+1)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// entries fills in a map of texts.
func (n *node) entries(v reflect.Value, path string) error {
	if n.given && n.value == "" && len(n.children) == 0 {
		v.Set(reflect.MakeMap(v.Type()))
		return nil
	}
	if n.given || v.Type().Key().Kind() != reflect.String {
		return malformedInput(path)
	}
	members, err := n.members("entry", path)
	if err != nil {
		return err
	}
	out := reflect.MakeMapWithSize(v.Type(), len(members))
	for i, member := range members {
		at := path + ".entry." + strconv.Itoa(i+1)
		key, value := member.children["key"], member.children["value"]
		if key == nil || value == nil || !key.given || len(key.children) > 0 {
			return malformedInput(at)
		}
		name := reflect.New(v.Type().Key()).Elem()
		name.SetString(key.value)
		if out.MapIndex(name).IsValid() {
			return malformedInput(at)
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := value.set(element, at+".value"); err != nil {
			return err
		}
		out.SetMapIndex(name, element)
	}
	v.Set(out)
	return nil
}

// scalar fills in a member that is one parameter.
func (n *node) scalar(v reflect.Value, path string) error {
	if !n.given || len(n.children) > 0 {
		return malformedInput(path)
	}
	var err error
	switch {
	case v.Type() == timeType:
		var t time.Time
		t, err = parseTime(n.value)
		v.Set(reflect.ValueOf(t))
	case v.Type() == blobType:
		var b []byte
		b, err = base64.StdEncoding.DecodeString(n.value)
		v.SetBytes(b)
	case v.Kind() == reflect.String:
		v.SetString(n.value)
	case v.Kind() == reflect.Bool:
		var b bool
		b, err = parseBool(n.value)
		v.SetBool(b)
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(n.value, 10, v.Type().Bits())
		v.SetInt(i)
	default:
		panic("awsquery: a member of an input has the type " + v.Type().String())
	}
	if err != nil {
		return malformedInput(path)
	}
	return nil
}

// parseTime reads the forms of timestamps in this protocol: ISO 8601, and seconds since 1970.
func parseTime(s string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), nil
	}
	return time.Parse(time.RFC3339, s)
}

// parseBool reads true and false, in any case as SDKs of some languages write them.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, strconv.ErrSyntax
	}
}

func malformedInput(path string) error {
	return operation.Errorf(operation.CodeMalformedInput, "The value of the parameter %s cannot be read.", quoted(path))
}
