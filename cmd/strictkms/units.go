package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
	"github.com/strictkms/strictkms/source"
)

// policyKinds are the values of --kind.
var policyKinds = map[string]policy.Kind{
	"key":      policy.KeyPolicy,
	"identity": policy.IdentityPolicy,
	"scp":      policy.ServiceControlPolicy,
	"rcp":      policy.ResourceControlPolicy,
	"boundary": policy.PermissionsBoundary,
	"session":  policy.SessionPolicy,
	"endpoint": policy.VPCEndpointPolicy,
}

func kindNames() []string {
	return []string{"key", "identity", "scp", "rcp", "boundary", "session", "endpoint"}
}

// translator collects units under names of their own.
type translator struct {
	readings rego.Readings
	units    []rego.NamedUnit
	docs     map[*policy.Document]bool
	taken    map[string]bool
}

// loadUnits translates every policy of every file and prints the warnings about them.
func loadUnits(p *regoParams, readings rego.Readings, errw io.Writer) ([]rego.NamedUnit, error) {
	l, err := newLoader(p.stack, len(p.files) > 1)
	if err != nil {
		return nil, err
	}
	l.expected += " or a policy document (with Statement)"
	var (
		alone    []*policy.Document
		warnings policy.Diagnostics
	)
	err = l.loadAll(p.files, func(name string, src []byte) (bool, error) {
		if !p.kindSet && detect(src) != policyFile {
			return false, nil
		}
		doc, diags := policy.Parse(p.kindOf(src), name, src, policy.WithFile(name))
		if diags.HasErrors() {
			return true, diags.Errors()
		}
		warnings = append(warnings, diags...)
		alone = append(alone, doc)
		return true, nil
	})
	warn(errw, slices.Concat(warnings, l.world.Warnings))
	if err != nil {
		return nil, err
	}
	t := &translator{readings: readings, docs: map[*policy.Document]bool{}, taken: map[string]bool{}}
	t.add(alone...)
	t.addWorld(l.world)
	if len(t.units) == 0 {
		return nil, fmt.Errorf("no policies in %s", strings.Join(p.files, ", "))
	}
	return t.units, nil
}

// kindOf is what a policy document by itself is taken for: only key policies, of those that are
// common, name principals.
func (p *regoParams) kindOf(src []byte) policy.Kind {
	if p.kindSet {
		return policyKinds[p.kind.value]
	}
	statements := gjson.GetBytes(src, "Statement")
	if statements.IsObject() {
		statements = gjson.Parse("[" + statements.Raw + "]")
	}
	for _, st := range statements.Array() {
		if st.Get("Principal").Exists() || st.Get("NotPrincipal").Exists() {
			return policy.KeyPolicy
		}
	}
	return policy.IdentityPolicy
}

// addWorld translates what a world holds, in the order of evaluation: keys, identities, organization, endpoints.
func (t *translator) addWorld(w *source.World) {
	for _, k := range w.Keys {
		if k.Policy != nil {
			t.add(k.Policy)
		}
		if len(k.Grants) > 0 {
			_, id, _ := strings.Cut(k.ARN, ":key/")
			name := t.name("grants on key/" + id)
			t.units = append(t.units, rego.NamedUnit{Name: name, Unit: t.readings.Grants(k.Grants, name)})
		}
	}
	for _, u := range w.Users {
		t.add(u.Policies...)
	}
	for _, g := range w.Groups {
		t.add(g.Policies...)
	}
	for _, r := range w.Roles {
		t.add(r.Policies...)
	}
	t.add(w.ManagedPolicies...)
	for _, id := range slices.Sorted(maps.Keys(w.Accounts)) {
		for _, level := range slices.Concat(w.Accounts[id].SCPs, w.Accounts[id].RCPs) {
			t.add(level...)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.Endpoints)) {
		t.add(w.Endpoints[id])
	}
}

// add translates documents, each once. What could not be resolved is read so that it never helps a request.
func (t *translator) add(docs ...*policy.Document) {
	for _, doc := range docs {
		if t.docs[doc] {
			continue
		}
		t.docs[doc] = true
		name := t.name(doc.Name)
		t.units = append(t.units, rego.NamedUnit{Name: name, Unit: t.readings.Policy(doc.Bound(false), name)})
	}
}

// name makes a name that no other unit has.
func (t *translator) name(text string) string {
	base := rego.Name(text)
	name := base
	for n := 2; t.taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	t.taken[name] = true
	return name
}
