package evaluator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// Export is one request as stock OPA evaluates it with the bundle of its units:
// data.strictkms.layers.decision.
type Export struct {
	// Input is the document described at the head of layers.rego.
	Input map[string]any
	// Units are the units that the input names.
	Units []rego.NamedUnit
}

// Export writes down a request and the policies that apply to it for stock OPA. Unresolved values are
// read against the request.
func (e *Evaluator) Export(req Request) (*Export, error) {
	q, err := e.newQuery(&req, strict)
	if err != nil {
		return nil, err
	}
	input, err := q.fullInput()
	if err != nil { // a policy translates to what does not compile
		return nil, err
	}
	value, err := ast.JSON(input.Value)
	if err != nil { // cannot happen: the input is objects, arrays and strings
		return nil, fmt.Errorf("export the input: %w", err)
	}
	x := &exporter{q: q, out: &Export{}, seen: map[string]bool{}}
	x.out.Input, _ = value.(map[string]any)
	x.out.Input["facts"] = map[string]any{
		"on_key":                      q.onKey(),
		"cross_account":               q.action.CrossAccount,
		"unchecked":                   q.action.Unchecked,
		"through_endpoint":            q.throughEndpoint(),
		"management_account":          q.account != nil && q.account.Management,
		"resource_management_account": q.owner != nil && q.owner.Management,
		"aws_managed_key":             req.Key != nil && req.Key.AWSManaged,
	}
	x.out.Input["units"] = x.units()
	if changed := e.readings.Changed(); len(changed) > 0 {
		assume := map[string]any{}
		for name, reading := range changed {
			assume[name] = reading
		}
		x.out.Input["assume"] = assume
	}
	return x.out, nil
}

type exporter struct {
	q    *query
	out  *Export
	seen map[string]bool
}

// units names the units by layer and translates them.
func (x *exporter) units() map[string]any {
	req, p := x.q.req, x.q.req.Principal
	units := map[string]any{"identity": x.names(p.Identity), "grants": x.grants()}
	if doc := req.resourcePolicy(); doc != nil {
		units["key"] = x.names([]*policy.Document{doc})
	}
	if p.Boundary != nil {
		units["boundary"] = x.names([]*policy.Document{p.Boundary})
	}
	if p.HasSession {
		units["session"] = x.names(p.Session)
	}
	if req.EndpointPolicies != nil {
		units["endpoint"] = x.names(req.EndpointPolicies)
	}
	if x.q.account != nil && x.q.account.SCPs != nil {
		units["scp"] = x.levels(x.q.account.SCPs)
	}
	if x.q.owner != nil && x.q.owner.RCPs != nil {
		units["rcp"] = x.levels(x.q.owner.RCPs)
	}
	return units
}

// suffix tells apart the units of one policy under several readings, so that exports can be put together.
func (x *exporter) suffix() string {
	if x.q.readings == (Readings{}) {
		return ""
	}
	digest := sha256.Sum256([]byte(x.q.readings.String()))
	return "_" + hex.EncodeToString(digest[:4])
}

func (x *exporter) levels(levels [][]*policy.Document) []any {
	out := []any{}
	for _, level := range levels {
		out = append(out, x.names(level))
	}
	return out
}

func (x *exporter) names(docs []*policy.Document) []any {
	out := []any{}
	for _, doc := range docs {
		if doc.HasUnresolved() { // the bundle answers as the strict half of a conditional decision
			doc = doc.Bound(false)
		}
		name := "policy_" + hex.EncodeToString(doc.Digest[:12]) + x.suffix()
		if !x.seen[name] {
			x.seen[name] = true
			x.out.Units = append(x.out.Units, rego.NamedUnit{Name: name, Unit: x.q.readings.Policy(doc, name)})
		}
		out = append(out, name)
	}
	return out
}

func (x *exporter) grants() []any {
	out := []any{}
	for _, group := range x.q.grants {
		name := grantUnitName(group.grants) + x.suffix()
		if !x.seen[name] {
			x.seen[name] = true
			x.out.Units = append(x.out.Units, rego.NamedUnit{Name: name, Unit: x.q.readings.Grants(group.grants, name)})
		}
		out = append(out, name)
	}
	return out
}

// grantUnitName identifies a list of grants by its content.
func grantUnitName(grants []*Grant) string {
	content, err := json.Marshal(grants)
	if err != nil {
		panic("evaluator: a grant did not encode: " + err.Error()) // cannot happen: it is strings only
	}
	digest := sha256.Sum256(content)
	return "grants_" + hex.EncodeToString(digest[:12])
}
