package api

import (
	"context"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
)

var simulateOperations = []operationOf{
	answers("SimulatePrincipalPolicy", simulatePrincipalPolicy),
	answers("SimulateCustomPolicy", simulateCustomPolicy),
}

// Simulator decides calls that nobody makes.
type Simulator interface {
	// Principal is a caller as decisions see it. It is a new one each time, which may be changed before it is used.
	Principal(p *iam.Principal) *evaluator.Principal
	// Key is a key as decisions about the caller see it, nil when there is none. It must not be changed.
	Key(arn string, caller *evaluator.Principal) *evaluator.Key
	// Account is an account as its organization sees it, nil when nothing is known about it.
	Account(id string) *evaluator.Account
	// Explain decides a request and says of every statement that applied whether it matched.
	Explain(ctx context.Context, req evaluator.Request) (evaluator.Decision, error)
}

// simulateInput are the members that both operations have.
type simulateInput struct {
	PermissionsBoundaryPolicyInputList []string       `iam:"each=min=1;max=131072;pattern=document"`
	ActionNames                        []string       `iam:"required,each=min=3;max=128"`
	ResourceArns                       []string       `iam:"each=min=1;max=2048"`
	ResourcePolicy                     *string        `iam:"min=1,max=131072,pattern=document"`
	ResourceOwner                      *string        `iam:"min=1,max=2048"`
	CallerArn                          *string        `iam:"min=1,max=2048"`
	ContextEntries                     []contextEntry `iam:""`
	ResourceHandlingOption             *string        `iam:"min=1,max=64"`
	pageInput
}

type contextEntry struct {
	ContextKeyName   *string `iam:"min=5,max=256"`
	ContextKeyValues []string
	ContextKeyType   *string `iam:"enum=contextKeyType"`
}

type simulatePrincipalPolicyInput struct {
	PolicySourceArn *string  `iam:"required,min=20,max=2048"`
	PolicyInputList []string `iam:"each=min=1;max=131072;pattern=document"`
	simulateInput
}

type simulateCustomPolicyInput struct {
	PolicyInputList []string `iam:"required,each=min=1;max=131072;pattern=document"`
	simulateInput
}

type simulateOutput struct {
	EvaluationResults []evaluationResult
	pageOutput
}

// simulatePrincipalPolicy says what a user, a role or a member of a group may do. Unlike AWS's it knows the resource
// policies: the key policies and grants of keys, and the trust policies of roles.
func simulatePrincipalPolicy(c *call, in *simulatePrincipalPolicyInput) (*simulateOutput, error) {
	p, texts, err := c.policySource(*in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	s, err := c.newSimulation(p, texts, in.PolicyInputList, &in.simulateInput)
	if err != nil {
		return nil, err
	}
	if s.in.ResourcePolicy != nil && p.Type != iam.User && in.CallerArn == nil {
		return nil, invalidInput("CallerArn is required when a ResourcePolicy is given and PolicySourceArn is not the ARN of a user.")
	}
	return s.run()
}

// simulateCustomPolicy says what somebody may do who has the policies of the request and no others.
func simulateCustomPolicy(c *call, in *simulateCustomPolicyInput) (*simulateOutput, error) {
	if err := c.authorize("iam:SimulateCustomPolicy", everything); err != nil {
		return nil, err
	}
	if in.ResourcePolicy != nil && in.CallerArn == nil {
		return nil, invalidInput("CallerArn is required when a ResourcePolicy is given.")
	}
	nobody := &iam.Principal{Type: iam.User, ARN: c.arn(iam.KindUser, "/", unnamed), Account: c.Account, Name: unnamed}
	s, err := c.newSimulation(nobody, nil, in.PolicyInputList, &in.simulateInput)
	if err != nil {
		return nil, err
	}
	return s.run()
}

// unnamed is the name of a simulated user of whom nothing is said. No user can have it.
const unnamed = "!"

func invalidInput(format string, args ...any) error {
	return iam.Errorf(iam.CodeInvalidInput, format, args...)
}

// policySource returns the user, the role or a member of the group whose policies are asked about, when the caller may
// ask, with the texts of those policies by what explanations call them.
func (c *call) policySource(source string) (*iam.Principal, map[string]string, error) {
	arn, ok := policy.ParseARN(source)
	kind, _, _ := strings.Cut(arn.Resource, "/")
	name := arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
	if !ok || arn.Service != "iam" || name == "" {
		return nil, nil, invalidInput("Invalid ARN: %s", source)
	}
	if arn.Account != c.Account {
		if err := c.authorize("iam:SimulatePrincipalPolicy", resource{arn: source}); err != nil {
			return nil, nil, err
		}
		return nil, nil, c.foreign(source)
	}
	texts := map[string]string{}
	var on resource
	switch kind {
	case iam.KindUser:
		u := c.view.User(c.Account, name)
		on = c.user(u, name)
		c.textsOfUser(texts, u)
	case iam.KindGroup:
		g := c.view.Group(c.Account, name)
		on = c.group(g, name)
		c.textsOfGroup(texts, g)
	case iam.KindRole:
		r := c.view.Role(c.Account, name)
		on = c.role(r, name)
		if r != nil {
			c.texts(texts, "role/"+r.Name, r.Inline, r.Attached)
		}
	default:
		return nil, nil, invalidInput("Invalid ARN: %s", source)
	}
	if err := c.authorize("iam:SimulatePrincipalPolicy", on); err != nil {
		return nil, nil, err
	}
	if on.arn != source {
		return nil, nil, noSuch(kind, name)
	}
	var p *iam.Principal
	if kind == iam.KindGroup {
		p = c.service.config.Identities.Member(c.Account, name)
	} else {
		p, _ = c.service.config.Identities.Principal(c.ctx, source) // nil with an error
	}
	if p == nil {
		return nil, nil, noSuch(kind, name)
	}
	return p, texts, nil
}

// texts notes the texts of policies by what explanations call them.
func (c *call) texts(into map[string]string, owner string, inline []*iam.Policy, attached []string) {
	for _, p := range inline {
		if p.Origin == nil && p.Label == "" {
			into[owner+"/"+p.Name] = p.Text
		}
	}
	for _, arn := range attached {
		if m := c.view.ManagedPolicy(arn); m != nil && m.Current() != nil && m.Current().Policy.Origin == nil {
			into[m.Name] = m.Current().Policy.Text
		}
	}
}

func (c *call) textsOfUser(into map[string]string, u *iam.UserDetail) {
	if u == nil {
		return
	}
	c.texts(into, "user/"+u.Name, u.Inline, u.Attached)
	for _, name := range u.Groups {
		c.textsOfGroup(into, c.view.Group(c.Account, name))
	}
}

func (c *call) textsOfGroup(into map[string]string, g *iam.GroupDetail) {
	if g != nil {
		c.texts(into, "group/"+g.Name, g.Inline, g.Attached)
	}
}

// simulator returns what decides; a service without one has no simulations.
func (c *call) simulator() (Simulator, error) {
	if c.service.config.Simulator == nil {
		return nil, &operation.Error{Code: "ServiceFailure", Message: "There is nothing here that simulates."}
	}
	return c.service.config.Simulator, nil
}
