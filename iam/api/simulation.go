package api

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// simulation is one simulation: a caller, and the questions about it.
type simulation struct {
	*call
	in        *simulateInput
	simulator Simulator
	caller    *evaluator.Principal
	// resourcePolicy is the resource policy of the request, nil for none.
	resourcePolicy *policy.Document
	resourceOwner  string
	context        evaluator.Context
	resources      []string
	// types are the kinds of the caller's policies by name, as answers have them, and texts the policies where they can
	// be told.
	types, texts map[string]string
}

// newSimulation puts a simulation together: a caller with more policies, and what else the request says.
func (c *call) newSimulation(p *iam.Principal, texts map[string]string, policies []string, in *simulateInput) (*simulation, error) {
	simulator, err := c.simulator()
	if err != nil {
		return nil, err
	}
	s := &simulation{
		call: c, in: in, simulator: simulator, caller: simulator.Principal(p), resources: in.ResourceArns,
		texts: maps.Clone(texts), types: map[string]string{},
	}
	if s.texts == nil {
		s.texts = map[string]string{}
	}
	if len(s.resources) == 0 {
		s.resources = []string{everything.arn}
	}
	for _, doc := range s.caller.Identity {
		s.types[doc.Name] = sourceType(doc)
	}
	for _, step := range []func() error{
		func() error { return s.addPolicies(policies) }, s.addBoundary, s.setCaller, s.setResource, s.setContext, s.checkRest,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// sourceType is the kind of a policy of a caller
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Statement.html, SourcePolicyType).
func sourceType(doc *policy.Document) string {
	owner, _, _ := strings.Cut(doc.Name, "/")
	switch {
	case strings.Contains(doc.ARN, ":iam::"+iam.AWS+":policy/"):
		return "aws-managed"
	case doc.ARN != "":
		return "user-managed"
	case owner == iam.KindUser || owner == iam.KindGroup || owner == iam.KindRole:
		return owner
	default:
		return "none"
	}
}

// parse reads a policy of the request.
func (s *simulation) parse(kind policy.Kind, name, text string) (*policy.Document, error) {
	doc, diags := policy.Parse(kind, name, []byte(text), policy.WithoutSizeLimit())
	if errs := diags.Errors(); len(errs) > 0 {
		return nil, invalidInput("The policy document %s is invalid: %s", name, errs[0].Message)
	}
	s.texts[name] = text
	return doc, nil
}

func (s *simulation) addPolicies(texts []string) error {
	identity := slices.Clone(s.caller.Identity)
	for i, text := range texts {
		doc, err := s.parse(policy.IdentityPolicy, "PolicyInputList."+strconv.Itoa(i+1), text)
		if err != nil {
			return err
		}
		identity, s.types[doc.Name] = append(identity, doc), "none"
	}
	s.caller.Identity = identity
	return nil
}

// addBoundary puts the permissions boundary of the request in the place of the one that the caller has.
func (s *simulation) addBoundary() error {
	list := s.in.PermissionsBoundaryPolicyInputList
	switch len(list) {
	case 0:
		return nil
	case 1:
		var err error
		s.caller.Boundary, err = s.parse(policy.PermissionsBoundary, "PermissionsBoundaryPolicyInputList.1", list[0])
		return err
	default:
		return invalidInput("Only one permissions boundary policy can be simulated.")
	}
}

// setCaller gives the policies to another user, who need not be there.
func (s *simulation) setCaller() error {
	if s.in.CallerArn == nil {
		return nil
	}
	arn, ok := policy.ParseARN(*s.in.CallerArn)
	kind, rest, _ := strings.Cut(arn.Resource, "/")
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	if !ok || arn.Service != "iam" || kind != iam.KindUser || name == "" || !policy.IsAccountID(arn.Account) {
		return invalidInput("CallerArn must be the ARN of an IAM user: %s", *s.in.CallerArn)
	}
	p := s.caller
	if *s.in.CallerArn == p.ARN {
		return nil
	}
	p.Type, p.ARN, p.Account, p.Name = evaluator.User, *s.in.CallerArn, arn.Account, name
	p.UniqueID, p.Issuer, p.Tags, p.ServiceLinked = "", "", nil, false
	if u := s.view.User(s.Account, name); u != nil && s.arn(iam.KindUser, u.Path, u.Name) == p.ARN {
		p.UniqueID, p.Tags = u.ID, u.Tags
	}
	return nil
}

func (s *simulation) setResource() error {
	s.resourceOwner = s.caller.Account
	if s.in.ResourceOwner != nil {
		owner := *s.in.ResourceOwner
		if arn, ok := policy.ParseARN(owner); ok {
			owner = arn.Account
		}
		if !policy.IsAccountID(owner) {
			return invalidInput("Invalid ResourceOwner: %s", *s.in.ResourceOwner)
		}
		s.resourceOwner = owner
	}
	if s.in.ResourcePolicy == nil {
		return nil
	}
	kind := policy.KeyPolicy
	if slices.ContainsFunc(s.in.ActionNames, func(name string) bool { return strings.HasPrefix(strings.ToLower(name), "sts:") }) {
		kind = policy.TrustPolicy
	}
	var err error
	s.resourcePolicy, err = s.parse(kind, resourcePolicyName, *s.in.ResourcePolicy)
	return err
}

// resourcePolicyName is what answers call the resource policy of a request.
const resourcePolicyName = "ResourcePolicy"

func (s *simulation) setContext() error {
	s.context = evaluator.Context{}
	for _, e := range s.in.ContextEntries {
		name := value(e.ContextKeyName, "")
		isList := strings.HasSuffix(value(e.ContextKeyType, "stringList"), "List")
		switch {
		case name == "":
			return invalidInput("A context entry has no ContextKeyName.")
		case s.context[name] != nil:
			return invalidInput("The context key %s is there more than once.", name)
		case !isList && len(e.ContextKeyValues) > 1:
			return invalidInput("The context key %s has more than one value, and its type is no list.", name)
		}
		s.context[name] = append([]string{}, e.ContextKeyValues...)
	}
	return nil
}

// handlingOptions are for simulations of Amazon EC2, which is not here.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
var handlingOptions = []string{"EC2-VPC-InstanceStore", "EC2-VPC-InstanceStore-Subnet", "EC2-VPC-EBS", "EC2-VPC-EBS-Subnet"}

// maxQuestions is how many actions on resources one simulation may be about. AWS does not tell its limit.
const maxQuestions = 10_000

func (s *simulation) checkRest() error {
	if len(s.in.ActionNames)*len(s.resources) > maxQuestions {
		return invalidInput("The simulation has more than %d combinations of an action and a resource.", maxQuestions)
	}
	if option := s.in.ResourceHandlingOption; option != nil && !slices.Contains(handlingOptions, *option) {
		return invalidInput("Invalid ResourceHandlingOption: %s", *option)
	}
	for _, name := range s.in.ActionNames {
		if _, ok := policy.LookupAction(name); !ok || !strings.Contains(name, ":") {
			return invalidInput("Invalid action name: %s. The actions of AWS KMS, IAM, STS, Organizations and CloudFormation can be simulated.", name)
		}
	}
	for _, text := range s.resources {
		if _, ok := policy.ParseARN(text); !ok && text != everything.arn {
			return invalidInput("Invalid ARN: %s", text)
		}
	}
	return nil
}

// question is one action on one resource.
type question struct{ action, resource string }

// questions are the actions on each of the resources, under names that sort as they come.
func (s *simulation) questions() iter.Seq2[string, question] {
	return func(yield func(string, question) bool) {
		n := 0
		for _, action := range s.in.ActionNames {
			for _, resource := range s.resources {
				n++
				if !yield(fmt.Sprintf("%09d", n), question{action, resource}) {
					return
				}
			}
		}
	}
}

// run answers a page of the questions.
func (s *simulation) run() (*simulateOutput, error) {
	asked, more, err := page("simulation", &s.in.pageInput, s.questions())
	if err != nil {
		return nil, err
	}
	out := &simulateOutput{EvaluationResults: []evaluationResult{}, pageOutput: more}
	for _, q := range asked {
		result, err := s.answer(q)
		if err != nil {
			return nil, err
		}
		out.EvaluationResults = append(out.EvaluationResults, *result)
	}
	return out, nil
}

// answer answers one question.
func (s *simulation) answer(q question) (*evaluationResult, error) {
	req, ok := s.request(q)
	if !ok { // nobody can make such a call
		return s.result(q, &evaluator.Decision{Decision: evaluator.Deny}), nil
	}
	d, err := s.simulator.Explain(s.ctx, req)
	if bad, ok := errors.AsType[*evaluator.RequestError](err); ok {
		return nil, invalidInput("%s on %s cannot be simulated: %s", q.action, q.resource, bad.Problem)
	}
	if err != nil {
		return nil, fmt.Errorf("simulate %s: %w", q.action, err)
	}
	return s.result(q, &d), nil
}
