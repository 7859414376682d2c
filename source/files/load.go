// Package files reads strictkms world files: accounts, principals, policies, keys, grants,
// organizations and VPC endpoints written down by hand or by a program, as YAML or JSON.
// docs/world.md describes every field. The package reads no other files and resolves no names
// outside the world it is given.
package files

import (
	"maps"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// Load adds the world file src to w. The file name is only used in positions. Keys without a
// Region are in the Region of d, ARNs are in its partition; if w has no defaults yet, d
// becomes its defaults. The error is a [policy.Diagnostics] with every problem of the file; then
// w is as it was.
func Load(w *source.World, file string, src []byte, d source.Defaults) error {
	doc, diags := yamljson.Parse(file, src, format)
	if doc == nil {
		return diags
	}
	return loadNode(w, doc, doc.Root, d, diags)
}

// LoadPart adds a world that is one value of a larger document, for example of a file of test
// cases. src is the whole document, and part is one of its nodes.
func LoadPart(w *source.World, file string, src []byte, part *yaml.Node, d source.Defaults) error {
	doc, diags := yamljson.Parse(file, src, format)
	if len(diags) > 0 {
		return diags
	}
	return loadNode(w, doc, part, d, nil)
}

// Document reads a policy document that is one value of a larger document: a mapping, or a text of
// JSON. src is the whole document. The error is a [policy.Diagnostics].
func Document(file string, src []byte, part *yaml.Node, kind policy.Kind, name string) (*policy.Document, error) {
	doc, diags := yamljson.Parse(file, src, format)
	if len(diags) > 0 {
		return nil, diags
	}
	r := &reader{file: doc}
	parsed := r.policy(kind, name, part)
	if r.diags.HasErrors() {
		return nil, r.diags
	}
	return parsed, nil
}

// format is what yamljson should know about world files.
var format = yamljson.Options{Expected: "a strictkms world file"}

// loadNode adds the world at a node; found are the problems that were found before.
func loadNode(w *source.World, doc *yamljson.File, root *yaml.Node, d source.Defaults, found policy.Diagnostics) error {
	if d.Partition == "" {
		d.Partition = "aws"
	}
	r := &reader{
		file: doc, defaults: d, diags: found,
		world: &source.World{
			Defaults: d, Accounts: map[string]*evaluator.Account{}, Endpoints: map[string]*policy.Document{},
		},
	}
	r.fields(root, "a world", map[string]func(*yaml.Node){
		"accounts":     r.accounts,
		"organization": r.organization,
		"endpoints":    r.endpoints,
	})
	r.references(w)
	r.collisions(w)
	if r.diags.HasErrors() {
		r.diags.Sort()
		return r.diags
	}
	r.addTo(w)
	return nil
}

// addTo moves what was read into w.
func (r *reader) addTo(w *source.World) {
	if w.Defaults == (source.Defaults{}) {
		w.Defaults = r.defaults
	}
	if w.Accounts == nil {
		w.Accounts = map[string]*evaluator.Account{}
	}
	if w.Endpoints == nil {
		w.Endpoints = map[string]*policy.Document{}
	}
	maps.Copy(w.Accounts, r.world.Accounts)
	maps.Copy(w.Endpoints, r.world.Endpoints)
	w.Users = append(w.Users, r.world.Users...)
	w.Groups = append(w.Groups, r.world.Groups...)
	w.Roles = append(w.Roles, r.world.Roles...)
	w.ManagedPolicies = append(w.ManagedPolicies, r.world.ManagedPolicies...)
	w.Keys = append(w.Keys, r.world.Keys...)
	w.Clusters = append(w.Clusters, r.world.Clusters...)
	w.Warnings = append(w.Warnings, r.diags...)
}

// endpoints reads the policies of VPC endpoints by endpoint id.
func (r *reader) endpoints(n *yaml.Node) {
	r.entries(n, "endpoints by id", func(name string, _, value *yaml.Node) {
		if doc := r.policy(policy.VPCEndpointPolicy, name, value); doc != nil {
			r.world.Endpoints[name] = doc
		}
	})
}
