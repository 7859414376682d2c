package suppressions

import (
	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// Metadata finds the suppressions in the metadata of the resources of a CloudFormation template: Metadata, strictkms,
// ignore is a list of mappings with code, reason and, for one statement, sid. Each is for its resource. The error is a
// [policy.Diagnostics] about these lists; a file that is no template has none.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-metadata.html
func Metadata(file string, src []byte) ([]Suppression, error) {
	doc, _ := yamljson.Parse(file, src, yamljson.Options{Expected: "a template"})
	if doc == nil {
		return nil, nil // whoever loads the file says why
	}
	r := &reader{Reader: yamljson.Reader{File: doc}}
	resources := get(doc.Root, "Resources")
	if resources == nil || resources.Kind != yaml.MappingNode {
		return nil, nil
	}
	var out []Suppression
	for i := 0; i+1 < len(resources.Content); i += 2 {
		list := get(get(get(resources.Content[i+1], "Metadata"), "strictkms"), "ignore")
		if list == nil {
			continue
		}
		from := doc.Position(resources.Content[i])
		var to policy.Position
		if i+2 < len(resources.Content) {
			to = doc.Position(resources.Content[i+2])
		}
		r.Items(list, "suppressions", func(n *yaml.Node) {
			s := Suppression{Origin: FromMetadata, File: file, Pos: doc.Position(n), From: from, To: to}
			r.suppression(n, &s, map[string]*string{"code": &s.Rule, "reason": &s.Reason, "sid": &s.Sid})
			out = append(out, s)
		})
	}
	if len(r.Diags) > 0 {
		return nil, r.Diags
	}
	return out, nil
}

// get is the value of a name of a mapping, nil when there is none.
func get(n *yaml.Node, name string) *yaml.Node {
	if n == nil {
		return nil
	}
	if n = yamljson.Resolve(n); n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if yamljson.Resolve(n.Content[i]).Value == name {
			return yamljson.Resolve(n.Content[i+1])
		}
	}
	return nil
}

// reader reads suppressions that are written as mappings.
type reader struct{ yamljson.Reader }

// suppression reads one.
func (r *reader) suppression(n *yaml.Node, s *Suppression, fields map[string]*string) {
	known := map[string]func(*yaml.Node){}
	for name, to := range fields {
		known[name] = func(v *yaml.Node) { *to, _ = r.Text(v, name) }
	}
	before := len(r.Diags)
	r.Fields(n, "a suppression", known)
	if s.Rule == "" && len(r.Diags) == before {
		r.Fail("missing-code", n, "expected the code of a rule, for example code: KP304")
	}
}
