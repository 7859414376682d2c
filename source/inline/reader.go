package inline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
)

// The codes of what is wrong with a line. Those of its policies are the policy package's.
const (
	codeNotText       = policy.CodeNotText
	codeInvalidJSON   = policy.CodeInvalidJSON
	codeWrongType     = policy.CodeWrongType
	codeDuplicate     = policy.CodeDuplicateKey
	codeNoEffect      = policy.CodeNoEffect
	codeUnknownMember = "unknown-member"
	codeMissingMember = "missing-member"
	codePrincipal     = policy.CodeInvalidPrincipal
	codeAction        = policy.CodeUnknownAction
	codeResource      = policy.CodeInvalidResource
	codeContext       = policy.CodeInvalidConditionKey
	codeGrant         = "invalid-grant"
	codeAssumption    = "invalid-assumption"
)

// reader turns JSON values into Go values and collects every problem on the way.
type reader struct {
	name  string
	line  []byte
	diags policy.Diagnostics
}

// parse checks that the line is one JSON object.
func (r *reader) parse() (gjson.Result, bool) {
	for i := 0; i < len(r.line); {
		c, n := utf8.DecodeRune(r.line[i:])
		if c == utf8.RuneError && n == 1 {
			r.fail(codeNotText, i, "byte 0x%02X is not text: expected JSON in UTF-8", r.line[i])
			return gjson.Result{}, false
		}
		i += n
	}
	var raw json.RawMessage
	if err := json.Unmarshal(r.line, &raw); err != nil {
		offset := len(r.line)
		// The decoder counts the bytes that it read, the offending one included.
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.HasPrefix(syntax.Error(), "unexpected end") {
			offset = max(int(syntax.Offset)-1, 0)
		}
		r.fail(codeInvalidJSON, offset, "not valid JSON: %s", err)
		return gjson.Result{}, false
	}
	root := gjson.ParseBytes(r.line)
	if !root.IsObject() {
		r.wrongType("a line", root, "an object")
		return root, false
	}
	return root, true
}

// idOf returns the id of a line that is not valid JSON when it stands before the mistake.
func idOf(line []byte) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(line))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil
		}
		if name == "id" {
			if value[0] == '{' || value[0] == '[' || !utf8.Valid(value) {
				return nil
			}
			return value
		}
	}
	return nil
}

// fail notes an error at an offset of the line.
func (r *reader) fail(code string, offset int, format string, args ...any) {
	r.note(policy.SeverityError, code, offset, format, args...)
}

// warn notes a warning at an offset of the line.
func (r *reader) warn(code string, offset int, format string, args ...any) {
	r.note(policy.SeverityWarning, code, offset, format, args...)
}

func (r *reader) note(severity policy.Severity, code string, offset int, format string, args ...any) {
	r.diags = append(r.diags, policy.Diagnostic{
		Code: code, Severity: severity, Message: fmt.Sprintf(format, args...), Pos: r.pos(offset),
	})
}

func (r *reader) pos(offset int) policy.Position {
	return policy.Position{File: r.name, Offset: offset, Line: 1, Column: offset + 1}
}

// wrongType says what a value is and what it should be, but not its content: it may be a secret.
func (r *reader) wrongType(what string, v gjson.Result, want string) {
	r.fail(codeWrongType, v.Index, "%s is %s: expected %s", what, typeOf(v), want)
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
		return "an array"
	case v.IsObject():
		return "an object"
	default:
		return "null"
	}
}

// object reads an object whose members are known. Members that are null are as if they were not there.
func (r *reader) object(v gjson.Result, what string, known map[string]func(gjson.Result)) {
	r.members(v, what, func(name gjson.Result, value gjson.Result) {
		read, ok := known[name.Str]
		switch {
		case !ok:
			r.unknown(name, what, slices.Sorted(maps.Keys(known)))
		case value.Type != gjson.Null:
			read(value)
		}
	})
}

// members reads an object of any members, each once.
func (r *reader) members(v gjson.Result, what string, each func(name, value gjson.Result)) {
	if !v.IsObject() {
		r.wrongType(what, v, "an object")
		return
	}
	seen := map[string]int{}
	v.ForEach(func(name, value gjson.Result) bool {
		if first, ok := seen[name.Str]; ok {
			r.fail(codeDuplicate, name.Index, "duplicate member %q of %s", name.Str, what)
			last := &r.diags[len(r.diags)-1]
			last.Related = append(last.Related, r.pos(first))
			return true
		}
		seen[name.Str] = name.Index
		each(name, value)
		return true
	})
}

// unknown reports a member that is not known, with the name that was probably meant.
func (r *reader) unknown(name gjson.Result, what string, known []string) {
	if nearest, ok := policy.Nearest(name.Str, known); ok {
		r.fail(codeUnknownMember, name.Index, "unknown member %q of %s: did you mean %q?", name.Str, what, nearest)
		return
	}
	r.fail(codeUnknownMember, name.Index, "unknown member %q of %s: expected one of %s", name.Str, what, strings.Join(known, ", "))
}

// items reads a list; the path of an item is that of the list with its place from 0.
func (r *reader) items(path string, v gjson.Result, each func(path string, item gjson.Result)) {
	if !v.IsArray() {
		r.wrongType(path, v, "an array")
		return
	}
	n := 0
	v.ForEach(func(_, item gjson.Result) bool {
		each(fmt.Sprintf("%s[%d]", path, n), item)
		n++
		return true
	})
}

// into returns a reader of a string with its place.
func (r *reader) into(field *text, what string) func(gjson.Result) {
	return func(v gjson.Result) { *field = text{value: r.str(what, v), at: v.Index, given: true} }
}

// str reads a string.
func (r *reader) str(what string, v gjson.Result) string {
	if v.Type != gjson.String {
		r.wrongType(what, v, "a string")
		return ""
	}
	return v.Str
}

// scalar reads a string, or a number or boolean as the text it is written as.
func (r *reader) scalar(what string, v gjson.Result) string {
	switch {
	case v.Type == gjson.String:
		return v.Str
	case v.Type == gjson.Number, v.IsBool():
		return v.Raw
	default:
		r.wrongType(what, v, "a string, a number or a boolean")
		return ""
	}
}
