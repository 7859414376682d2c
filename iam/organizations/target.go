package organizations

import (
	"strings"

	"github.com/strictkms/strictkms/iam"
)

var targetOperations = []operationOf{
	answers("ListPoliciesForTarget", listPoliciesForTarget),
	answers("ListTargetsForPolicy", listTargetsForPolicy),
}

type listPoliciesForTargetInput struct {
	TargetId *string `org:"required,max=100,pattern=target"`
	Filter   *string `org:"required,enum=policyType"`
	pageInput
}

func listPoliciesForTarget(c *call, in *listPoliciesForTargetInput) (*listPoliciesOutput, error) {
	d, err := c.read("ListPoliciesForTarget", *in.TargetId, *in.Filter)
	if err != nil {
		return nil, err
	}
	if !isTarget(d, *in.TargetId) {
		return nil, noTarget()
	}
	all := map[string]policySummary{}
	for _, id := range attachedTo(d, *in.TargetId, *in.Filter) {
		all[id] = newSummary(d, id)
	}
	out := &listPoliciesOutput{}
	out.Policies, out.NextToken, err = page("policies "+*in.Filter+" "+*in.TargetId, &in.pageInput, all)
	return out, err
}

type listTargetsForPolicyInput struct {
	policyInput
	pageInput
}

type target struct{ TargetId, Arn, Name, Type string }

type listTargetsForPolicyOutput struct {
	Targets   []target
	NextToken string `json:",omitempty"`
}

func newTarget(d *iam.Directory, id string) target {
	t := target{TargetId: id, Arn: arnOf(d, id)}
	switch {
	case strings.HasPrefix(id, "r-"):
		t.Name, t.Type = "Root", "ROOT"
	case d.Units[id] != nil:
		t.Name, t.Type = d.Units[id].Name, "ORGANIZATIONAL_UNIT"
	case d.Accounts[id] != nil:
		t.Name, t.Type = d.Accounts[id].Name, "ACCOUNT"
	}
	return t
}

func listTargetsForPolicy(c *call, in *listTargetsForPolicyInput) (*listTargetsForPolicyOutput, error) {
	d, err := c.read("ListTargetsForPolicy", *in.PolicyId, c.kindOf(*in.PolicyId)...)
	if err != nil {
		return nil, err
	}
	if d.Find(*in.PolicyId) == nil {
		return nil, noPolicy()
	}
	all := map[string]target{}
	for _, id := range targetsOf(d, *in.PolicyId) {
		all[id] = newTarget(d, id)
	}
	out := &listTargetsForPolicyOutput{}
	out.Targets, out.NextToken, err = page("targets "+*in.PolicyId, &in.pageInput, all)
	return out, err
}
