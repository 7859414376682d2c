package cloudformation

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// kind is a type of resource that can be made.
type kind struct {
	// known are the names of the properties, required those that must be given.
	known, required []string
	// replaces are the properties whose change makes a new resource, fixed those that cannot be changed. name is the
	// property that gives the resource its name.
	replaces, fixed []string
	name            string
	// iam is true for types that need the capability CAPABILITY_IAM.
	iam bool
	// create makes the resource and fills in its PhysicalID and Attributes, as soon as there is something to delete.
	create func(w *work, r *resourceRecord, properties []byte) error
	update func(w *work, r *resourceRecord, before, after []byte) error
	remove func(w *work, r *resourceRecord, properties []byte) error
}

// kindOf is a kind by the struct of its properties.
type kindOf[P any] struct {
	required, replaces, fixed []string
	name                      string
	iam                       bool
	create                    func(w *work, r *resourceRecord, p *P) error
	update                    func(w *work, r *resourceRecord, before, after *P) error
	remove                    func(w *work, r *resourceRecord, p *P) error
}

func (k kindOf[P]) kind() *kind {
	made := &kind{required: k.required, replaces: k.replaces, fixed: k.fixed, name: k.name, iam: k.iam}
	for field := range reflect.TypeFor[P]().Fields() {
		made.known = append(made.known, field.Name)
	}
	made.create = func(w *work, r *resourceRecord, properties []byte) error {
		p, err := decode[P](properties)
		if err != nil {
			return err
		}
		return k.create(w, r, p)
	}
	made.update = func(w *work, r *resourceRecord, before, after []byte) error {
		old, err := decode[P](before)
		if err != nil {
			return err
		}
		p, err := decode[P](after)
		if err != nil {
			return err
		}
		return k.update(w, r, old, p)
	}
	made.remove = func(w *work, r *resourceRecord, properties []byte) error {
		p, err := decode[P](properties)
		if err != nil {
			return err
		}
		return k.remove(w, r, p)
	}
	return made
}

func decode[P any](properties []byte) (*P, error) {
	p := new(P)
	err := json.Unmarshal(properties, p)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, badProperty("Properties validation failed: [#/%s: expected type: %s, found: %s]", wrong.Field, wrong.Type.Kind(), wrong.Value)
	}
	return p, err
}

// kinds are the types of resources that can be made.
var kinds = map[string]*kind{
	"AWS::KMS::Key":                 keyKind,
	"AWS::KMS::Alias":               aliasKind,
	"AWS::KMS::ReplicaKey":          replicaKind,
	"AWS::IAM::User":                userKind,
	"AWS::IAM::Group":               groupKind,
	"AWS::IAM::Role":                roleKind,
	"AWS::IAM::Policy":              policyKind,
	"AWS::IAM::ManagedPolicy":       managedPolicyKind,
	"AWS::IAM::UserPolicy":          ownPolicyKind[userPolicyProperties]("User"),
	"AWS::IAM::GroupPolicy":         ownPolicyKind[groupPolicyProperties]("Group"),
	"AWS::IAM::RolePolicy":          ownPolicyKind[rolePolicyProperties]("Role"),
	"AWS::IAM::UserToGroupAddition": membershipKind,
	"AWS::IAM::AccessKey":           accessKeyKind,
}

// check holds the names of properties to those of the type.
func (k *kind) check(id string, properties map[string]json.RawMessage) error {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(k.known, name) {
			problems = append(problems, "#: extraneous key ["+name+"] is not permitted")
		}
	}
	for _, name := range k.required {
		if properties[name] == nil {
			problems = append(problems, "#: required key ["+name+"] not found")
		}
	}
	if len(problems) > 0 {
		return badProperty("Properties validation failed for resource %s with message:\n[%s]", id, strings.Join(problems, ", "))
	}
	return nil
}

// changed lists the properties that differ.
func changed(before, after []byte) ([]string, error) {
	var old, made map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(before, &old), json.Unmarshal(after, &made)); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if !sameJSON(old[name], made[name]) {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if made[name] == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// sameJSON compares values, whatever the order of members.
func sameJSON(a, b json.RawMessage) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// document is a policy, given as JSON or as a text with JSON.
type document string

// UnmarshalJSON implements [json.Unmarshaler].
func (d *document) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte{'"'}) {
		var s string
		err := json.Unmarshal(text, &s)
		*d = document(s)
		return err
	}
	*d = document(text)
	return nil
}

// flag is a Boolean property. In a resolved template every scalar is a text.
type flag bool

// UnmarshalJSON implements [json.Unmarshaler].
func (f *flag) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	v, err := strconv.ParseBool(strings.ToLower(s))
	if err != nil || len(s) == 1 {
		return badProperty("Properties validation failed: [expected type: Boolean, found: String]")
	}
	*f = flag(v)
	return nil
}

// number is a property that is a whole number.
type number int

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	v, err := strconv.Atoi(s)
	if err != nil {
		return badProperty("Properties validation failed: [expected type: Integer, found: String]")
	}
	*n = number(v)
	return nil
}
