package cloudformation

import (
	"bytes"
	"encoding/json"
	"sort"

	"github.com/strictkms/strictkms/policy"
)

// rendering is a value written as JSON, with the place in the template of everything in it.
type rendering struct {
	text  []byte
	marks []mark // by offset
}

// mark says where the JSON from an offset on comes from.
type mark struct {
	offset int
	pos    policy.Position
}

// value writes a value. Texts, numbers and booleans of a template all become strings, which
// is what CloudFormation makes of them.
func (r *rendering) value(v value) {
	r.marks = append(r.marks, mark{len(r.text), v.pos})
	switch v.kind {
	case textValue:
		r.string(v.text)
	case listValue:
		r.text = append(r.text, '[')
		for i, item := range v.items {
			if i > 0 {
				r.text = append(r.text, ',')
			}
			r.value(item)
		}
		r.text = append(r.text, ']')
	case mapValue:
		r.text = append(r.text, '{')
		for i, f := range v.fields {
			if i > 0 {
				r.text = append(r.text, ',')
			}
			r.marks = append(r.marks, mark{len(r.text), f.pos})
			r.string(f.key)
			r.text = append(r.text, ':')
			r.value(f.value)
		}
		r.text = append(r.text, '}')
	default:
		r.text = append(r.text, "null"...)
	}
}

// string writes a JSON string.
func (r *rendering) string(s string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a policy has a size limit
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	r.text = append(r.text, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// locate maps an offset of the JSON to the place in the template.
func (r *rendering) locate(offset int) policy.Position {
	n := sort.Search(len(r.marks), func(i int) bool { return r.marks[i].offset > offset })
	if n == 0 {
		return policy.Position{}
	}
	return r.marks[n-1].pos
}
