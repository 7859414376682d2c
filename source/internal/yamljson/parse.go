// Package yamljson reads YAML and JSON as nodes with exact positions and renders parts of them as
// JSON, remembering where every part of the JSON came from. It knows nothing about policies,
// templates or worlds.
package yamljson

import (
	"bytes"
	"errors"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// Options say what a file is.
type Options struct {
	// Expected is what the file should hold, for messages: "a CloudFormation template".
	Expected string
	// MaxBytes is how large the file may be, 0 for any size.
	MaxBytes int
	// Reserved are characters that the file may not hold.
	Reserved string
}

// codeSyntax is the diagnostic code of text that is neither JSON nor YAML.
const codeSyntax = "syntax-error"

// Parse reads src, which must hold exactly one document. There is no File when the document could not be read;
// repeated keys and the like are reported, each with its position, and left out of the File.
//
// JSON is read as JSON first, because YAML's rules for strings differ: it knows no pairs of UTF-16
// escapes (\ud83d\ude00). What begins with a brace and is no JSON may still be YAML in flow style.
func Parse(name string, src []byte, o Options) (*File, policy.Diagnostics) {
	f := newFile(name, src)
	if problem := f.check(o); problem != nil {
		return nil, policy.Diagnostics{*problem}
	}
	var found policy.Diagnostics
	if !bytes.HasPrefix(bytes.TrimSpace(f.src), []byte("{")) {
		found = f.parseYAML(o)
	} else if found = f.parseJSON(); found != nil {
		if asYAML := f.parseYAML(o); f.Root != nil || asYAML[0].Code != codeSyntax {
			found = asYAML
		}
	}
	return f.checked(found)
}

// ParseJSON reads src as JSON only.
func ParseJSON(name string, src []byte) (*File, policy.Diagnostics) {
	f := newFile(name, src)
	return f.checked(f.parseJSON())
}

// checked checks what was read.
func (f *File) checked(found policy.Diagnostics) (*File, policy.Diagnostics) {
	if f.Root == nil {
		return nil, found
	}
	c := newChecker(f)
	c.walk(f.Root, 0)
	found = append(found, c.diags...)
	if c.broken {
		return nil, found
	}
	return f, found
}

// parseYAML reads the source as YAML.
func (f *File) parseYAML(o Options) policy.Diagnostics {
	var documents []yaml.Node
	if err := yaml.Load(f.src, &documents, yaml.WithAllDocuments()); err != nil {
		return policy.Diagnostics{f.loadProblem(err)}
	}
	if len(documents) == 0 || len(documents[0].Content) == 0 {
		return policy.Diagnostics{f.problem("empty-file", f.At(0), "the file holds no document, expected "+o.Expected)}
	}
	f.Root = documents[0].Content[0]
	if len(documents) > 1 {
		return policy.Diagnostics{f.problem("several-documents", f.Position(&documents[1]),
			"a second YAML document begins here, expected one")}
	}
	return nil
}

// loadProblem words an error of the YAML library, which stops at the first.
func (f *File) loadProblem(err error) policy.Diagnostic {
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		if all, isList := errors.AsType[*yaml.LoadErrors](err); isList && len(all.Errors) > 0 {
			load, ok = all.Errors[0], true
		}
	}
	if !ok {
		return f.problem(codeSyntax, f.At(0), "not valid YAML: "+err.Error())
	}
	message := "not valid YAML: " + load.Message
	pos := f.At(f.yamlOffset(load.Mark.Line, load.Mark.Column))
	var related []policy.Position
	if load.ContextMsg != "" {
		message += " (" + load.ContextMsg + ")"
		began := f.At(f.yamlOffset(load.ContextMark.Line, load.ContextMark.Column))
		if load.ContextMark.Line > 0 && began != pos {
			related = append(related, began)
		}
	}
	return f.problem(codeSyntax, pos, message, related...)
}
