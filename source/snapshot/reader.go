package snapshot

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/jsontext"
)

// The codes of findings. Those of policies are the policy package's.
const (
	codeWrongType   = policy.CodeWrongType
	codeTwice       = "defined-twice"
	codeCutOff      = "cut-off"
	codeNoPlace     = "no-place"
	codeUnknownFile = "unknown-file"
	codeInvalidARN  = "invalid-arn"
	codeMissing     = "not-in-snapshot"
	codeGrant       = "invalid-grant"
	codeUnused      = "unused-file"
)

// file is one file of a snapshot.
type file struct {
	text  *jsontext.File
	root  gjson.Result
	place place
	kind  kind
}

// reader turns files into a world and collects every problem on the way.
type reader struct {
	diags policy.Diagnostics
}

func (r *reader) note(severity policy.Severity, code string, pos policy.Position, format string, args ...any) {
	r.diags = append(r.diags, policy.Diagnostic{
		Code: code, Severity: severity, Message: fmt.Sprintf(format, args...), Pos: pos,
	})
}

// fail notes an error.
func (r *reader) fail(code string, pos policy.Position, format string, args ...any) {
	r.note(policy.SeverityError, code, pos, format, args...)
}

// warn notes a warning.
func (r *reader) warn(code string, pos policy.Position, format string, args ...any) {
	r.note(policy.SeverityWarning, code, pos, format, args...)
}

// in reads the values of one file.
func (r *reader) in(f *file) values { return values{reader: r, file: f} }

// values reads the values of one file. Members that are not known are left alone: AWS adds new ones at any time.
type values struct {
	*reader
	file *file
}

func (v values) pos(value gjson.Result) policy.Position { return v.file.text.Position(value) }

// wrongType says what a value is and what it should be.
func (v values) wrongType(what string, value gjson.Result, want string) {
	v.fail(codeWrongType, v.pos(value), "%s is %s: expected %s, as %s writes it", what, typeOf(value), want, v.file.kind.command())
}

func typeOf(v gjson.Result) string {
	switch {
	case v.Type == gjson.String:
		return "a string"
	case v.Type == gjson.Number:
		return "a number"
	case v.IsBool():
		return "a boolean"
	case v.IsArray():
		return "a list"
	case v.IsObject():
		return "an object"
	default:
		return "null"
	}
}

// members returns the members of an object by name, none for what is no object. Of two of one name the first counts, and
// the second is an error.
func (v values) members(object gjson.Result, what string) map[string]gjson.Result {
	if !object.IsObject() {
		v.wrongType(what, object, "an object")
		return nil
	}
	found := map[string]gjson.Result{}
	object.ForEach(func(name, value gjson.Result) bool {
		if _, twice := found[name.Str]; twice {
			v.fail(policy.CodeDuplicateKey, v.pos(name), "%s has %q twice", what, name.Str)
			return true
		}
		if value.Type != gjson.Null {
			found[name.Str] = value
		}
		return true
	})
	return found
}

// items calls each with the members of every object in a list. A list that is not there is empty.
func (v values) items(list gjson.Result, what string, each func(item gjson.Result, members map[string]gjson.Result)) {
	if list.Raw == "" {
		return
	}
	if !list.IsArray() {
		v.wrongType(what, list, "a list")
		return
	}
	list.ForEach(func(_, item gjson.Result) bool {
		if members := v.members(item, "an entry of "+what); members != nil {
			each(item, members)
		}
		return true
	})
}

// text reads a string that may be missing.
func (v values) text(members map[string]gjson.Result, name string) string {
	value, ok := members[name]
	if !ok {
		return ""
	}
	if value.Type != gjson.String {
		v.wrongType(name, value, "a string")
		return ""
	}
	return value.Str
}

// need reads a string that must be there; the problem is reported at the object that should have it.
func (v values) need(object gjson.Result, members map[string]gjson.Result, name string) (text string, ok bool) {
	if _, there := members[name]; !there {
		v.fail(codeWrongType, v.pos(object), "%s is missing: expected it as %s writes it", name, v.file.kind.command())
		return "", false
	}
	text = v.text(members, name)
	return text, text != ""
}

// texts reads a list of strings that may be missing.
func (v values) texts(members map[string]gjson.Result, name string) []string {
	value, ok := members[name]
	if !ok {
		return nil
	}
	if !value.IsArray() {
		v.wrongType(name, value, "a list of strings")
		return nil
	}
	var texts []string
	value.ForEach(func(_, item gjson.Result) bool {
		if item.Type != gjson.String {
			v.wrongType("an entry of "+name, item, "a string")
			return true
		}
		texts = append(texts, item.Str)
		return true
	})
	return texts
}

// flag reads a boolean that may be missing.
func (v values) flag(members map[string]gjson.Result, name string) (value, there bool) {
	found, ok := members[name]
	if !ok {
		return false, false
	}
	if !found.IsBool() {
		v.wrongType(name, found, "true or false")
		return false, false
	}
	return found.Bool(), true
}

// tags reads a list of keys and values.
func (v values) tags(list gjson.Result, key, value string) map[string]string {
	var tags map[string]string
	v.items(list, "Tags", func(item gjson.Result, members map[string]gjson.Result) {
		name, ok := v.need(item, members, key)
		if !ok {
			return
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[name] = v.text(members, value)
	})
	return tags
}

// whole reports an answer that is one page of several: what is on the others is not known.
func (v values) whole(members map[string]gjson.Result) {
	for _, name := range []string{"NextToken", "NextMarker", "IsTruncated", "Truncated"} {
		if value, ok := members[name]; ok && value.Type != gjson.False {
			v.fail(codeCutOff, v.pos(value), "the output is cut off: %s says that there is more; run %s without --max-items, --page-size and --no-paginate",
				name, v.file.kind.command())
			return
		}
	}
}

// resource reads an ARN of a service.
func (v values) resource(value gjson.Result, service string) (policy.ARN, bool) {
	if value.Raw == "" {
		return policy.ARN{}, false
	}
	arn, ok := policy.ParseARN(value.Str)
	if !ok || arn.Service != service || !policy.IsAccountID(arn.Account) {
		v.fail(codeInvalidARN, v.pos(value), "expected an ARN of %s with an account", service)
		return arn, false
	}
	return arn, true
}

// cut returns what follows the last slash.
func cut(name string) string { return name[strings.LastIndex(name, "/")+1:] }
