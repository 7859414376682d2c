package cloudformation

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/internal/operation"
)

var exportOperations = []operationOf{
	answers("ListExports", listExports),
	answers("ListImports", listImports),
}

// export is an output that other stacks may import
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html).
type export struct{ stack, stackName, value string }

// here are the stacks of the caller's account and Region that are not deleted.
func (c *call) here() ([]*stackRecord, error) {
	found, err := c.service.stacks(c.ctx, stackPrefix+c.place())
	return slices.DeleteFunc(found, func(s *stackRecord) bool { return s.Status == statusDeleteComplete }), err
}

// allExports are the exports by their names.
func (c *call) allExports() (map[string]export, error) {
	found, err := c.here()
	out := map[string]export{}
	for _, s := range found {
		for _, o := range s.Outputs {
			if o.Export != "" {
				out[o.Export] = export{s.ID, s.Name, o.Value}
			}
		}
	}
	return out, err
}

// imported are the names of the exports that the template uses.
func (w *work) imported() []string { return slices.Sorted(maps.Keys(w.imports)) }

// importers are the names of the stacks that import an export.
func (c *call) importers(name string) ([]string, error) {
	found, err := c.here()
	var out []string
	for _, s := range found {
		if slices.Contains(s.Imports, name) {
			out = append(out, s.Name)
		}
	}
	return out, err
}

// importedExport says which of the exports of a stack cannot be deleted, empty when all can.
func (c *call) importedExport(outputs []outputRecord) (string, error) {
	for _, o := range outputs {
		if o.Export == "" {
			continue
		}
		by, err := c.importers(o.Export)
		if err != nil {
			return "", err
		}
		if len(by) > 0 {
			return "Export " + o.Export + " cannot be deleted as it is in use by " + strings.Join(by, " and "), nil
		}
	}
	return "", nil
}

// checkExports says what is wrong with the exports that a stack is to have, empty for nothing: a name is there once, and
// what another stack imports stays as it is.
func (w *work) checkExports(before, after []outputRecord) (string, error) {
	for i, o := range after {
		if o.Export == "" {
			continue
		}
		if other, ok := w.exports[o.Export]; ok && other.stack != w.stack.ID {
			return "Export with name " + o.Export + " is already exported by stack " + other.stackName, nil
		}
		if slices.ContainsFunc(after[:i], func(other outputRecord) bool { return other.Export == o.Export }) {
			return "Duplicate Export names: " + o.Export, nil
		}
	}
	var gone []outputRecord
	for _, o := range before {
		at := slices.IndexFunc(after, func(other outputRecord) bool { return other.Export == o.Export })
		switch {
		case o.Export == "":
		case at < 0:
			gone = append(gone, o)
		case after[at].Value != o.Value:
			by, err := w.importers(o.Export)
			if err != nil {
				return "", err
			}
			if len(by) > 0 {
				return "Export " + o.Export + " cannot be updated as it is in use by " + strings.Join(by, " and "), nil
			}
		}
	}
	return w.importedExport(gone)
}

type listExportsInput struct {
	NextToken *string `cfn:"min=1,max=1024"`
}

type listExportsOutput struct {
	Exports   []exportOutput
	NextToken string
}

type exportOutput struct{ ExportingStackId, Name, Value string }

// maxPage is how many entries a page has.
const maxPage = 100

func listExports(c *call, in *listExportsInput) (*listExportsOutput, error) {
	if err := c.authorize("ListExports", everything); err != nil {
		return nil, err
	}
	all, err := c.allExports()
	if err != nil {
		return nil, err
	}
	out := &listExportsOutput{}
	out.Exports, out.NextToken, err = page("exports", in.NextToken, func(yield func(string, exportOutput) bool) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(name, exportOutput{all[name].stack, name, all[name].value}) {
				return
			}
		}
	})
	return out, err
}

type listImportsInput struct {
	ExportName *string `cfn:"required"`
	NextToken  *string `cfn:"min=1,max=1024"`
}

type listImportsOutput struct {
	Imports   []string
	NextToken string
}

func listImports(c *call, in *listImportsInput) (*listImportsOutput, error) {
	if err := c.authorize("ListImports", everything); err != nil {
		return nil, err
	}
	by, err := c.importers(*in.ExportName)
	if err != nil {
		return nil, err
	}
	if len(by) == 0 {
		return nil, invalid("Export '%s' is not imported by any stack.", *in.ExportName)
	}
	out := &listImportsOutput{}
	out.Imports, out.NextToken, err = page("imports", in.NextToken, func(yield func(string, string) bool) {
		for _, name := range by {
			if !yield(name, name) {
				return
			}
		}
	})
	return out, err
}

// page takes a page from entries in the order of their names.
func page[T any](kind string, token *string, entries func(func(string, T) bool)) ([]T, string, error) {
	out, next, err := operation.Page(kind, token, maxPage, entries)
	if err != nil {
		return nil, "", invalid("Invalid NextToken")
	}
	return out, next, nil
}

// sorted are the entries of a map in the order of their keys.
func sorted[T any](m map[string]T) func(func(string, T) bool) {
	return func(yield func(string, T) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}
