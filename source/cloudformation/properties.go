package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// property computes one property of a resource, once.
func (t *template) property(r *resource, name string) value {
	if v, ok := r.resolved[name]; ok {
		return v
	}
	n := r.properties.get(name)
	if n == nil {
		if transform := r.transform(); transform != nil { // it may set any property
			return t.unresolved(transform.pos, transform.key)
		}
		return value{pos: r.pos}
	}
	v := t.resolve(n)
	r.resolved[name] = v
	return v
}

// transform is the function that makes properties of a resource, nil for most.
func (r *resource) transform() *entry {
	if r.properties == nil {
		return nil
	}
	for i := range r.properties.entries {
		if e := &r.properties.entries[i]; e.key == "Fn::Transform" || strings.HasPrefix(e.key, "Fn::ForEach") {
			return e
		}
	}
	return nil
}

// checkProperties reports properties that a loaded type does not have. A near miss is an
// error: KeyPolcy must not quietly become the default key policy.
func (t *template) checkProperties(r *resource) {
	if r.properties == nil {
		return
	}
	for _, e := range r.properties.entries {
		switch {
		case slices.Contains(r.kind.properties, e.key):
		case e.key == "Fn::Transform", strings.HasPrefix(e.key, "Fn::ForEach"):
			t.warn(e.pos, "unsupported-function", "%s is not supported: it may set any property of %s", e.key, r.id)
		case strings.HasPrefix(e.key, "Fn::"):
			t.fail(e.pos, "misplaced-function", "%s cannot stand for the properties of a resource", e.key)
		default:
			if hint := didYouMean(e.key, r.kind.properties); hint != "" {
				t.fail(e.pos, "unknown-property", "%s has no property %s%s", r.typ, quote(e.key), hint)
				continue
			}
			t.warn(e.pos, "unknown-property", "%s has no property %s that is known here, it is ignored", r.typ, quote(e.key))
		}
	}
}

// textProperty computes a property that must be a string; ok is false when it is absent or
// cannot be used, which has then been reported.
func (t *template) textProperty(r *resource, name string) (text string, pos policy.Position, ok bool) {
	v := t.property(r, name)
	switch v.kind {
	case noValue:
		return "", r.pos, false
	case textValue:
		return v.text, v.pos, true
	default:
		t.fail(v.pos, "wrong-type", "expected %s of %s as a string, found %s", name, r.id, v.kind)
		return "", v.pos, false
	}
}

// knownText computes a string property that must be known to be of use.
func (t *template) knownText(r *resource, name string) (text string, unknown string) {
	text, pos, ok := t.textProperty(r, name)
	if !ok {
		return "", ""
	}
	if (value{kind: textValue, text: text}).unresolved() {
		t.warn(pos, "unresolved-property", "%s of %s is unknown", name, r.id)
		return "", t.unknownAt(textAt(pos, text), name+" of "+r.id)
	}
	return readable(text), ""
}

// unknownAt says in words, and with its place, what could not be resolved: for explanations.
func (t *template) unknownAt(v value, what string) string {
	return what + " is unknown: " + readable(v.text) + " (" + v.pos.String() + ")"
}

// textList computes a property that must be a list of strings. A list that is unknown as a
// whole comes back as one unresolved element.
func (t *template) textList(r *resource, name string) []value {
	v := t.property(r, name)
	switch {
	case v.kind == noValue:
		return nil
	case v.unresolved():
		return []value{v}
	case v.kind != listValue:
		t.fail(v.pos, "wrong-type", "expected %s of %s as a list, found %s", name, r.id, v.kind)
		return nil
	}
	var texts []value
	for _, item := range v.items {
		if item.kind != textValue {
			t.fail(item.pos, "wrong-type", "expected strings in %s of %s, found %s", name, r.id, item.kind)
			continue
		}
		texts = append(texts, item)
	}
	return texts
}

// The condition keys of tags.
const (
	resourceTag  = "aws:ResourceTag/"
	principalTag = "aws:PrincipalTag/"
)

// tags computes Tags. A tag that is unknown is left out and said to be unknown; open are the condition keys whose values
// depend on it: the prefix with the name of the tag, or with * for any.
func (t *template) tags(r *resource, prefix string) (tags map[string]string, unknown, open []string) {
	v := t.property(r, "Tags")
	switch {
	case v.kind == noValue:
		return nil, nil, nil
	case v.unresolved():
		t.warn(v.pos, "unresolved-property", "Tags of %s are unknown", r.id)
		return nil, []string{t.unknownAt(v, "Tags of "+r.id)}, []string{prefix + "*"}
	case v.kind != listValue:
		t.fail(v.pos, "wrong-type", "expected Tags of %s as a list of Key and Value, found %s", r.id, v.kind)
		return nil, nil, nil
	}
	tags = make(map[string]string, len(v.items))
	for _, item := range v.items {
		key, hasKey := item.get("Key")
		tag, hasValue := item.get("Value")
		switch {
		case item.unresolved(), key.unresolved(), tag.unresolved():
			t.warn(item.pos, "unresolved-property", "a tag of %s is unknown", r.id)
			unknown = append(unknown, t.unknownAt(textAt(item.pos, item.text+key.text+" "+tag.text), "a tag of "+r.id))
			if key.kind == textValue && !item.unresolved() && !key.unresolved() {
				open = append(open, prefix+readable(key.text))
			} else {
				open = append(open, prefix+"*")
			}
		case !hasKey || !hasValue || key.kind != textValue || tag.kind != textValue:
			t.fail(item.pos, "wrong-type", "expected a tag of %s as a mapping of Key and Value, both strings", r.id)
		default:
			name := readable(key.text)
			if _, twice := tags[name]; twice {
				t.fail(item.pos, "duplicate-key", "the tag %s of %s is given twice", quote(name), r.id)
			}
			tags[name] = readable(tag.text)
		}
	}
	return tags, unknown, open
}
