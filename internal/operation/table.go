package operation

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/strictkms/strictkms/internal/constraint"
)

// Operation is one operation of an API whose functions take a call of type C.
type Operation[C any] struct {
	name   string
	input  func() any
	output reflect.Type // nil for an operation that answers nothing
	run    func(c C, input any) (any, error)
}

// Answers makes an operation from a function that returns an output.
func Answers[C, In, Out any](name string, run func(c C, in *In) (*Out, error)) Operation[C] {
	return Operation[C]{name, func() any { return new(In) }, reflect.TypeFor[Out](), func(c C, input any) (any, error) {
		out, err := run(c, input.(*In))
		if err != nil {
			return nil, err
		}
		return out, nil
	}}
}

// Acts makes an operation from a function that answers nothing.
func Acts[C, In any](name string, run func(c C, in *In) error) Operation[C] {
	return Operation[C]{name, func() any { return new(In) }, nil, func(c C, input any) (any, error) {
		return nil, run(c, input.(*In))
	}}
}

// Table are the operations of an API.
type Table[C any] struct {
	operations map[string]*Operation[C]
	rules      *constraint.Set
}

// NewTable makes a table of families of operations, whose inputs are held to the rules. It panics when two have the
// same name or when the tags of an input are wrong: both are mistakes in the program.
func NewTable[C any](rules *constraint.Set, families ...[]Operation[C]) *Table[C] {
	t := &Table[C]{operations: map[string]*Operation[C]{}, rules: rules}
	for _, family := range families {
		for i := range family {
			name := family[i].name
			if t.operations[name] != nil {
				panic("operation: " + name + " is there twice")
			}
			rules.Check(family[i].input())
			t.operations[name] = &family[i]
		}
	}
	return t
}

// Names are the names of the operations, sorted.
func (t *Table[C]) Names() []string { return slices.Sorted(maps.Keys(t.operations)) }

// Input returns a pointer to an empty input struct of an operation, nil when there is no such operation.
func (t *Table[C]) Input(name string) any {
	op := t.operations[name]
	if op == nil {
		return nil
	}
	return op.input()
}

// Output returns the type of the output of an operation, nil for one that answers nothing.
func (t *Table[C]) Output(name string) reflect.Type {
	op := t.operations[name]
	if op == nil {
		return nil
	}
	return op.output
}

// Do decodes and checks the input of an operation and runs it.
func (t *Table[C]) Do(c C, name string, decode Decode) (Result, error) {
	op := t.operations[name]
	if op == nil {
		return Result{}, &Error{Code: CodeInvalidAction, Message: "Could not find operation " + name}
	}
	input := op.input()
	if err := decode(input); err != nil {
		return Result{}, err
	}
	result := Result{Input: input}
	if message := t.rules.Check(input); message != "" {
		return result, &Error{Code: CodeValidation, Message: message}
	}
	var err error
	result.Output, err = op.run(c, input)
	return result, err
}

// FromJSON decodes an input from JSON, for calls that one service makes of another. Members that there are not are
// mistakes.
func FromJSON(text []byte) Decode {
	return func(into any) error {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(into); err != nil {
			return &Error{Code: CodeMalformedInput, Message: "The input cannot be read.", Cause: err}
		}
		return nil
	}
}
