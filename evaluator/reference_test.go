package evaluator_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// reference decides one request in the plainest way: every statement of every layer is looked at, nothing
// is compiled, indexed or kept. It is written from AWS's documents and shares no code with
// the translation or the evaluator; of package policy it uses the parsed documents and the
// catalogue. The property tests hold the evaluator to it.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type reference struct {
	req      evaluator.Request
	readings evaluator.Readings
	caller   *evaluator.Principal
	action   *policy.Action
	resource string
	account  *evaluator.Account // the caller's
	owner    *evaluator.Account // the resource's
	context  map[string][]string
	pairs    map[string]string // the encryption context
	matched  []refMatch
}

// refMatch is a statement or grant that matched.
type refMatch struct {
	layer string
	level int
	way   way
	name  string // layer, policy and index
}

// way says what a matching statement does for the caller.
type way string

const (
	denies   way = "denies"
	allows   way = "allows"   // a policy on the caller's side
	itself   way = "itself"   // a resource policy or grant that names the caller, or everyone
	behind   way = "behind"   // one that names the role or user behind the session
	delegate way = "delegate" // one that names the account
)

// refDecision is what the reference answers. The statements are sorted.
type refDecision struct {
	verdict  evaluator.Verdict
	reason   string
	deciding []string
	matched  []string // all statements and grants that match
}

func (d refDecision) String() string {
	return fmt.Sprintf("%s (%s) by %q", d.verdict, d.reason, d.deciding)
}

// refDecide decides with every assumption read as by default.
func refDecide(world evaluator.World, req evaluator.Request) refDecision {
	return refDecideAs(evaluator.Readings{}, world, req)
}

// reads reports whether an assumption is read as said; see docs/assumptions.md.
func (r *reference) reads(name, reading string) bool {
	return r.readings.Reads(rego.Assumption(name), reading)
}

// newReference looks up what a decision needs.
func newReference(readings evaluator.Readings, world evaluator.World, req evaluator.Request) *reference {
	action, _ := policy.LookupAction(req.Action)
	r := &reference{req: req, readings: readings, caller: req.Principal, action: action, resource: "*"}
	switch {
	case req.Key != nil:
		r.resource = req.Key.ARN
	case req.Alias != "":
		r.resource = req.Alias
	}
	r.account, r.owner = world.Account(r.caller.Account), world.Account(r.resourceAccount())
	r.pairs = r.encryptionContext()
	r.context = r.allKeys()
	return r
}

func refDecideAs(readings evaluator.Readings, world evaluator.World, req evaluator.Request) refDecision {
	r := newReference(readings, world, req)
	r.collect()
	d := r.conclude()
	for _, m := range r.matched {
		d.matched = append(d.matched, m.name)
	}
	slices.Sort(d.matched)
	d.matched = slices.Compact(d.matched)
	return d
}

// resourceAccount is the account of the resource, empty for requests without one.
func (r *reference) resourceAccount() string {
	if r.resource == "*" {
		return ""
	}
	return strings.Split(r.resource, ":")[4]
}

// eachStatement visits every statement that applies.
func (r *reference) eachStatement(visit func(layer string, level int, doc *policy.Document, st *policy.Statement)) {
	documents := func(layer string, level int, docs ...*policy.Document) {
		for _, doc := range docs {
			for _, st := range doc.Statements {
				visit(layer, level, doc, st)
			}
		}
	}
	c := r.caller
	documents("identity-policy", 0, c.Identity...)
	if c.Boundary != nil {
		documents("permissions-boundary", 0, c.Boundary)
	}
	if c.HasSession {
		documents("session-policy", 0, c.Session...)
	}
	if r.scpsBind() {
		for level, docs := range r.account.SCPs {
			documents("service-control-policy", level, docs...)
		}
	}
	if r.rcpsBind() {
		for level, docs := range r.owner.RCPs {
			documents("resource-control-policy", level, docs...)
		}
	}
	if r.throughEndpoint() {
		documents("vpc-endpoint-policy", 0, r.req.EndpointPolicies...)
	}
	if r.req.Key != nil && r.req.Key.Policy != nil {
		documents("key-policy", 0, r.req.Key.Policy)
	}
}

// collect looks at every statement and grant that applies.
func (r *reference) collect() {
	r.eachStatement(func(layer string, level int, doc *policy.Document, st *policy.Statement) {
		for _, w := range r.statement(doc, st) {
			name := fmt.Sprintf("%s/%s#%d", layer, doc.Name, st.Index)
			r.matched = append(r.matched, refMatch{layer: layer, level: level, way: w, name: name})
		}
	})
	if r.req.Key != nil {
		for _, g := range r.req.Key.Grants {
			if w, ok := r.grant(g); ok {
				r.matched = append(r.matched, refMatch{layer: "grant", way: w, name: "grant/grant " + g.ID})
			}
		}
	}
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (r *reference) scpsBind() bool {
	return r.account != nil && r.account.SCPs != nil && !r.account.Management &&
		!r.caller.ServiceLinked && r.caller.Type != evaluator.Service
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
func (r *reference) rcpsBind() bool {
	managed := r.req.Key != nil && r.req.Key.AWSManaged
	return r.owner != nil && !r.owner.Management && !managed && !r.caller.ServiceLinked && r.action.Name != "kms:RetireGrant"
}

// throughEndpoint reports whether an endpoint policy applies: calls that a service makes do not pass it.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-vpc-endpoint.html
func (r *reference) throughEndpoint() bool {
	return r.req.EndpointPolicies != nil && r.caller.Type != evaluator.Service && !r.forwarded()
}

// some lists the matching statements of a layer that match in one of the ways.
func (r *reference) some(layer string, ways ...way) []string {
	var names []string
	for _, m := range r.matched {
		if (layer == "" || m.layer == layer) && slices.Contains(ways, m.way) {
			names = append(names, m.name)
		}
	}
	return names
}

func (r *reference) has(layer string, ways ...way) bool { return len(r.some(layer, ways...)) > 0 }

// everySCPLevelAllows reports whether each level of the organization's tree allows.
func (r *reference) everySCPLevelAllows() bool {
	for level := range r.account.SCPs {
		at := slices.ContainsFunc(r.matched, func(m refMatch) bool {
			return m.layer == "service-control-policy" && m.level == level && m.way == allows
		})
		if !at {
			return false
		}
	}
	return true
}

func allowed(reason string, deciding ...[]string) refDecision {
	names := slices.Concat(deciding...)
	slices.Sort(names)
	return refDecision{verdict: evaluator.Allow, reason: reason, deciding: slices.Compact(names)}
}

func denied(reason string) refDecision {
	return refDecision{verdict: evaluator.Deny, reason: reason}
}

// conclude puts the layers together.
func (r *reference) conclude() refDecision {
	if names := r.some("", denies); len(names) > 0 {
		d := allowed("explicit-deny", names)
		d.verdict = evaluator.Deny
		return d
	}
	account := r.resourceAccount()
	own := account == "" || account == r.caller.Account
	scp := !r.scpsBind() || r.everySCPLevelAllows()
	d := r.paths(own || r.caller.Type == evaluator.Service, scp)
	switch {
	case !scp && (d.verdict != evaluator.Allow || !r.reads("grant-and-scp", "survives")):
		return denied("no-service-control-policy")
	case r.throughEndpoint() && !r.has("vpc-endpoint-policy", allows):
		return denied("no-vpc-endpoint-policy")
	case !own && r.caller.Type != evaluator.Service && !r.action.CrossAccount:
		return denied("no-cross-account")
	}
	return d
}

// paths looks for one way to be allowed; alone says that a key policy that names the caller suffices, scp that
// the organization allows more than what grants allow.
func (r *reference) paths(alone, scp bool) refDecision {
	key := "key-policy"
	if r.action.Name == "kms:RetireGrant" || !scp {
		key = "none" // not effective in a key policy
	}
	limits := r.withinBoundary() && r.withinSession()
	// An account principal names the account root user itself, which needs no identity policy:
	// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
	root := r.caller.Type == evaluator.Root
	identity := root || r.has("identity-policy", allows) && limits

	suffices := r.suffices()
	half, grantHalf := r.halves(key, alone, suffices)
	iam := r.some("identity-policy", allows)
	cutsAll, cutsNone := r.reads("grant-and-boundary", "cut"), r.reads("grant-and-boundary", "survives")
	for _, path := range []struct {
		open   bool
		reason string
		by     []string // what must match
		and    []string
	}{
		{alone, "direct-key-policy", r.some(key, itself), nil},
		{alone && limits && suffices, "direct-key-policy", r.some(key, behind), nil},
		{alone && root, "direct-key-policy", r.some(key, delegate), nil},
		{limits || !cutsAll, "grant", r.some("grant", itself), nil},
		{root, "grant", r.some("grant", delegate), nil},
		{(limits || cutsNone) && suffices, "grant", r.some("grant", behind), nil},
		{identity, "key-policy-and-iam", half, iam},
		{identity, "grant-and-iam", grantHalf, iam},
	} {
		if path.open && len(path.by) > 0 {
			return allowed(path.reason, path.by, path.and)
		}
	}
	if r.req.Key == nil && identity && scp {
		return allowed("iam-policy", iam)
	}
	needs := len(half) > 0 || len(grantHalf) > 0 || r.req.Key == nil
	return missing(needs, r.named(key, alone) || needs && len(iam) > 0, r.withinBoundary(), r.withinSession())
}

// named reports whether the caller is named in a way that the limits cut.
func (r *reference) named(key string, alone bool) bool {
	if r.suffices() && (alone && r.has(key, behind) || r.has("grant", behind)) {
		return true
	}
	return r.reads("grant-and-boundary", "cut") && r.has("grant", itself)
}

func (r *reference) withinBoundary() bool {
	return r.caller.Boundary == nil || r.has("permissions-boundary", allows)
}

func (r *reference) withinSession() bool {
	return !r.caller.HasSession || r.has("session-policy", allows)
}

// suffices reports whether naming the user behind a federated user, or the role behind a session, is enough.
func (r *reference) suffices() bool {
	return r.caller.Type != evaluator.FederatedUser || !r.reads("federation-user-silent", "needs-iam")
}

// halves are the statements of the key policy and the grants that leave the rest to identity policies.
func (r *reference) halves(key string, alone, suffices bool) (keyHalf, grantHalf []string) {
	ways := []way{delegate}
	if !suffices {
		ways = append(ways, behind)
	}
	if !alone {
		return r.some(key, delegate, itself, behind), r.some("grant", ways...)
	}
	return r.some(key, ways...), r.some("grant", ways...)
}

// missing names the layer that was missing on the path that came furthest: the limits, when some path has
// everything else, then IAM, when the key leaves the decision to it.
func missing(needs, cut, boundary, session bool) refDecision {
	switch {
	case cut && !boundary:
		return denied("no-permissions-boundary")
	case cut && !session:
		return denied("no-session-policy")
	case needs:
		return denied("no-identity-policy")
	default:
		return denied("no-key-policy")
	}
}
