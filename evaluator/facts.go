package evaluator

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	oparego "github.com/open-policy-agent/opa/v1/rego"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// facts is what the layers say about one request: a set of bits, each a boolean of the decision
// module's input.
type facts uint64

// fact is one bit of facts.
type fact uint

const (
	callerRoot fact = iota
	callerService
	callerFederated
	callerSameAccount
	actionOnKey
	actionCrossAccount
	actionRetireGrant
	actionUnchecked
	denySCP
	denyRCP
	denyEndpoint
	denyKey
	denyIdentity
	denyBoundary
	denySession
	keyDirect
	keyLimited
	keyDelegate
	grantDirect
	grantLimited
	grantDelegate
	identityAllow
	boundaryApplies
	boundaryAllow
	sessionApplies
	sessionAllow
	scpApplies
	scpAllow
	endpointApplies
	endpointAllow
	grantSurvivesSCP
	limitsCutGrants
	grantSurvivesLimits
	federationNeedsIAM
	factCount
)

// factPaths are the members of the decision module's input.
var factPaths = [factCount][2]string{
	callerRoot: {"caller", "root"}, callerService: {"caller", "service"},
	callerFederated: {"caller", "federated"}, callerSameAccount: {"caller", "same_account"},
	actionOnKey: {"action", "on_key"}, actionCrossAccount: {"action", "cross_account"},
	actionRetireGrant: {"action", "retire_grant"}, actionUnchecked: {"action", "unchecked"},
	denySCP:      {"deny", policy.ServiceControlPolicy.String()},
	denyRCP:      {"deny", policy.ResourceControlPolicy.String()},
	denyEndpoint: {"deny", policy.VPCEndpointPolicy.String()},
	denyKey:      {"deny", policy.KeyPolicy.String()},
	denyIdentity: {"deny", policy.IdentityPolicy.String()},
	denyBoundary: {"deny", policy.PermissionsBoundary.String()},
	denySession:  {"deny", policy.SessionPolicy.String()},
	keyDirect:    {"key", "direct"}, keyLimited: {"key", "limited"}, keyDelegate: {"key", "delegate"},
	grantDirect: {"grant", "direct"}, grantLimited: {"grant", "limited"}, grantDelegate: {"grant", "delegate"},
	identityAllow:   {"identity", "allow"},
	boundaryApplies: {"boundary", "applies"}, boundaryAllow: {"boundary", "allow"},
	sessionApplies: {"session", "applies"}, sessionAllow: {"session", "allow"},
	scpApplies: {"scp", "applies"}, scpAllow: {"scp", "allow"},
	endpointApplies: {"endpoint", "applies"}, endpointAllow: {"endpoint", "allow"},
	grantSurvivesSCP: {"assume", "grant_survives_scp"}, limitsCutGrants: {"assume", "limits_cut_grants"},
	grantSurvivesLimits: {"assume", "grant_survives_limits"}, federationNeedsIAM: {"assume", "federation_needs_iam"},
}

// factReadings are the readings that the decision module knows of. The translation knows the others.
var factReadings = map[fact]struct {
	assumption rego.Assumption
	reading    string
}{
	grantSurvivesSCP:    {rego.GrantAndSCP, rego.ReadSurvives},
	limitsCutGrants:     {rego.GrantAndBoundary, rego.ReadCut},
	grantSurvivesLimits: {rego.GrantAndBoundary, rego.ReadSurvives},
	federationNeedsIAM:  {rego.FederationUserSilent, rego.ReadNeedsIAM},
}

// limitedSuffices reports whether a statement or grant that names the role or user behind the session names the
// caller itself; see decision.rego.
func (f facts) limitedSuffices() bool { return !f.has(callerFederated) || !f.has(federationNeedsIAM) }

func (f facts) has(b fact) bool { return f&(1<<b) != 0 }

func (f *facts) set(b fact, value bool) {
	if value {
		*f |= 1 << b
	}
}

// input is the decision module's input.
func (f facts) input() *ast.Term {
	groups := map[string]ast.Object{}
	for b := range factCount {
		path := factPaths[b]
		if groups[path[0]] == nil {
			groups[path[0]] = ast.NewObject()
		}
		groups[path[0]].Insert(ast.StringTerm(path[1]), ast.BooleanTerm(f.has(b)))
	}
	in := ast.NewObject()
	for name, group := range groups {
		in.Insert(ast.StringTerm(name), ast.NewTerm(group))
	}
	return ast.NewTerm(in)
}

// verdict is what the decision module answers.
type verdict struct {
	decision    Verdict
	reason      string
	layer       string
	assumptions []string
}

// combiner asks the decision module, once per distinct facts.
type combiner struct {
	query oparego.PreparedEvalQuery
	mu    sync.Mutex // writers of known
	known atomic.Pointer[map[facts]*verdict]
}

func newCombiner() (*combiner, error) {
	query, err := oparego.New(
		oparego.Query("verdict = data.strictkms.decision.verdict; assumptions = data.strictkms.decision.assumptions"),
		oparego.Module("decision.rego", rego.DecisionModule),
	).PrepareForEval(context.Background())
	if err != nil { // a broken build
		return nil, fmt.Errorf("compile the decision module: %w", err)
	}
	c := &combiner{query: query}
	c.known.Store(&map[facts]*verdict{})
	return c, nil
}

// verdict returns what follows from the facts.
func (c *combiner) verdict(ctx context.Context, f facts) (*verdict, error) {
	if v, ok := (*c.known.Load())[f]; ok {
		return v, nil
	}
	v, err := c.ask(ctx, f)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := maps.Clone(*c.known.Load())
	known[f] = v
	c.known.Store(&known)
	return v, nil
}

func (c *combiner) ask(ctx context.Context, f facts) (*verdict, error) {
	results, err := c.query.Eval(ctx, oparego.EvalParsedInput(f.input().Value))
	if err != nil {
		return nil, fmt.Errorf("evaluate the decision module: %w", err)
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("evaluate the decision module: %d results", len(results))
	}
	answer, ok := results[0].Bindings["verdict"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("evaluate the decision module: verdict is %T", results[0].Bindings["verdict"])
	}
	v := &verdict{}
	decision, _ := answer["decision"].(string)
	v.decision = Verdict(decision)
	v.reason, _ = answer["reason"].(string)
	v.layer, _ = answer["layer"].(string)
	if v.decision != Allow && v.decision != Deny || v.reason == "" {
		return nil, fmt.Errorf("evaluate the decision module: verdict %v", answer)
	}
	names, _ := results[0].Bindings["assumptions"].([]any)
	for _, name := range names {
		if text, ok := name.(string); ok {
			v.assumptions = append(v.assumptions, text)
		}
	}
	return v, nil
}
