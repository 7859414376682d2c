package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// work is the making, changing or deleting of one stack.
type work struct {
	*call
	stack    *stackRecord
	template *cloudformation.Template
	// unknown are resources whose new names are not known yet: in a change set, those that are to be replaced.
	unknown map[string]bool
	// imports are the exports of other stacks that were asked for.
	imports map[string]bool
	exports map[string]export
	// token is the caller's, for events.
	token string
	// undo are the steps back, in the order in which the steps were done.
	undo        []func() (failed bool, err error)
	rollingBack bool
}

func (c *call) work(s *stackRecord, token string) *work {
	return &work{call: c, stack: s, unknown: map[string]bool{}, imports: map[string]bool{}, token: token}
}

// read reads the template of the stack, with what is known of its resources.
func (w *work) read(text string, parameters []parameterRecord) error {
	var err error
	if w.exports, err = w.allExports(); err != nil {
		return err
	}
	values := map[string]string{}
	for _, p := range parameters {
		values[p.Key] = p.Value
	}
	w.template, err = cloudformation.Read([]byte(text), cloudformation.Options{
		Account: w.Account, Region: w.Region, StackName: w.stack.Name, Parameters: values,
	}, &cloudformation.Deployment{
		StackID: w.stack.ID, Reference: w.reference, Attribute: w.attribute, Import: w.importValue,
	})
	return templateError(err)
}

func (w *work) reference(id string) (string, bool) {
	r := w.stack.resource(id)
	if r == nil || r.PhysicalID == "" || w.unknown[id] {
		return "", false
	}
	return r.PhysicalID, true
}

func (w *work) attribute(id, name string) (string, bool) {
	r := w.stack.resource(id)
	if r == nil || r.PhysicalID == "" || w.unknown[id] {
		return "", false
	}
	text, ok := r.Attributes[name]
	return text, ok
}

func (w *work) importValue(name string) (string, bool) {
	e, ok := w.exports[name]
	if !ok || e.stack == w.stack.ID {
		return "", false
	}
	w.imports[name] = true
	return e.value, true
}

// fields are the members of an input. Those that are empty are left out.
type fields map[string]any

func (f fields) text() ([]byte, error) {
	given := map[string]any{}
	for name, v := range f {
		if v != nil && !reflect.ValueOf(v).IsZero() {
			given[name] = v
		}
	}
	return json.Marshal(given)
}

// kms and iam do operations of other services for the caller.
func (w *work) kms(name string, input fields) (any, error) {
	text, err := input.text()
	if err != nil {
		return nil, err
	}
	return w.forward(w.service.config.Calls.KMS, name, text)
}

func (w *work) iam(name string, input fields) (any, error) {
	text, err := input.text()
	if err != nil {
		return nil, err
	}
	return w.forward(w.service.config.Calls.IAM, name, text)
}

// forward makes a call of another service. It has a request id of its own, by which its decision can be explained.
func (w *work) forward(
	do func(context.Context, *operation.Call, string, []byte) (any, error), name string, input []byte,
) (any, error) {
	asked := *w.Call
	var err error
	if asked.RequestID, err = w.newUUID(); err != nil {
		return nil, err
	}
	out, err := do(w.ctx, &asked, name, input)
	if err = w.forgive(err); err != nil {
		return nil, &callError{asked.RequestID, err}
	}
	return out, nil
}

// forgive lets a step back pass that has nothing to take back, because the step it undoes failed half way.
func (w *work) forgive(err error) error {
	if w.rollingBack && isGone(err) {
		return nil
	}
	return err
}

// steps does operations of one service until one fails.
func steps(do func(string, fields) (any, error), list ...step) error {
	for _, s := range list {
		if _, err := do(s.name, s.input); err != nil {
			return err
		}
	}
	return nil
}

type step struct {
	name  string
	input fields
}

// member returns a text in an output, which is known by the names of its members.
func member(output any, path ...string) (string, error) {
	v := reflect.ValueOf(output)
	for _, name := range path {
		v = reflect.Indirect(v)
		if v.Kind() != reflect.Struct {
			return "", fmt.Errorf("the output %T has no member %s", output, name)
		}
		v = v.FieldByName(name)
	}
	if !v.IsValid() || !v.CanInterface() {
		return "", fmt.Errorf("the output %T has no member %v", output, path)
	}
	if secret, ok := reflect.TypeAssert[operation.Secret](v); ok {
		return secret.Reveal(), nil
	}
	if v = reflect.Indirect(v); v.Kind() != reflect.String {
		return "", fmt.Errorf("the member %v of the output %T is no text", path, output)
	}
	return v.String(), nil
}
