package policy

import (
	"bytes"
	"encoding/json"
)

// MarshalJSON writes the document as a policy that [Parse] reads as the same document, positions
// aside. Unresolved values are marked with [Unresolved] again.
func (d *Document) MarshalJSON() ([]byte, error) {
	w := &printer{}
	w.open('{')
	w.member("Version", d.Version.String())
	if d.ID != "" {
		w.member("Id", d.ID)
	}
	w.name("Statement")
	w.open('[')
	for _, s := range d.Statements {
		w.next()
		w.statement(s)
	}
	w.close(']')
	w.close('}')
	return w.Bytes(), nil
}

// printer writes JSON.
type printer struct {
	bytes.Buffer
	fresh bool // nothing is written yet inside the innermost bracket
}

func (w *printer) open(bracket byte) {
	w.WriteByte(bracket)
	w.fresh = true
}

func (w *printer) close(bracket byte) {
	w.WriteByte(bracket)
	w.fresh = false
}

// next begins another value of an array or member of an object.
func (w *printer) next() {
	if !w.fresh {
		w.WriteByte(',')
	}
	w.fresh = false
}

func (w *printer) text(s string) {
	// Without HTML escaping, which would only make the text larger. Encoding a string cannot fail.
	e := json.NewEncoder(&w.Buffer)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	w.Truncate(w.Len() - len("\n"))
}

func (w *printer) name(s string) {
	w.next()
	w.text(s)
	w.WriteByte(':')
}

func (w *printer) member(name, value string) {
	w.name(name)
	w.text(value)
}

func (w *printer) statement(s *Statement) {
	w.open('{')
	if s.Sid != "" {
		w.member("Sid", s.Sid)
	}
	w.member("Effect", s.Effect.String())
	if s.Principals != nil {
		w.principals(s.Principals)
	}
	w.strings("Action", s.Actions)
	w.strings("Resource", s.Resources)
	if len(s.Conditions) > 0 {
		w.conditions(s.Conditions)
	}
	w.close('}')
}

func (w *printer) strings(name string, s *Strings) {
	if s == nil {
		return
	}
	w.name(not(s.Negated) + name)
	w.values(s.Values)
}

// not returns the prefix of negated elements.
func not(negated bool) string {
	if negated {
		return "Not"
	}
	return ""
}

// values writes one value as a string and more as an array.
func (w *printer) values(values []Value) {
	if len(values) == 1 {
		w.value(values[0])
		return
	}
	w.open('[')
	for _, v := range values {
		w.next()
		w.value(v)
	}
	w.close(']')
}

func (w *printer) value(v Value) {
	if v.Unresolved {
		w.text(v.Text + string(Unresolved))
		return
	}
	w.text(v.Text)
}

// principals writes the values under their types, in the order in which the types come up.
func (w *printer) principals(p *Principals) {
	w.name(not(p.Negated) + "Principal")
	if len(p.Values) == 1 && p.Values[0].Form == PrincipalAny {
		w.text("*")
		return
	}
	w.open('{')
	for i := 0; i < len(p.Values); {
		of := p.Values[i].Form.element()
		var values []Value
		for ; i < len(p.Values) && p.Values[i].Form.element() == of; i++ {
			values = append(values, p.Values[i].Value)
		}
		w.name(of)
		w.values(values)
	}
	w.close('}')
}

// element returns the name that principals of the form stand under.
func (f PrincipalForm) element() string {
	switch f {
	case PrincipalService:
		return "Service"
	case PrincipalFederated:
		return "Federated"
	case PrincipalCanonicalUser:
		return "CanonicalUser"
	default:
		return "AWS"
	}
}

// conditions writes the keys of one operator together, which [Parse] leaves next to each other.
func (w *printer) conditions(conditions []Condition) {
	w.name("Condition")
	w.open('{')
	for i := 0; i < len(conditions); {
		op := conditions[i].Operator
		w.name(op.String())
		w.open('{')
		for ; i < len(conditions) && conditions[i].Operator == op; i++ {
			w.next()
			w.value(conditions[i].Key)
			w.WriteByte(':')
			w.values(conditions[i].Values)
		}
		w.close('}')
	}
	w.close('}')
}
