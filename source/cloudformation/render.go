package cloudformation

import "github.com/strictkms/strictkms/source/internal/yamljson"

// render writes a value as JSON with the place in the template of everything in it. Texts, numbers and
// booleans of a template all become strings, which is what CloudFormation makes of them.
func render(w *yamljson.Writer, v value) {
	w.Mark(v.pos)
	switch v.kind {
	case textValue:
		w.String(v.text)
	case listValue:
		w.Raw("[")
		for i, item := range v.items {
			if i > 0 {
				w.Raw(",")
			}
			render(w, item)
		}
		w.Raw("]")
	case mapValue:
		w.Raw("{")
		for i, f := range v.fields {
			if i > 0 {
				w.Raw(",")
			}
			w.Mark(f.pos)
			w.String(f.key)
			w.Raw(":")
			render(w, f.value)
		}
		w.Raw("}")
	default:
		w.Raw("null")
	}
}
