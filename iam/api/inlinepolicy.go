package api

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/strictkms/strictkms/iam"
)

var inlinePolicyOperations = []operationOf{
	acts("PutUserPolicy", putUserPolicy),
	answers("GetUserPolicy", getUserPolicy),
	acts("DeleteUserPolicy", deleteUserPolicy),
	answers("ListUserPolicies", listUserPolicies),
	acts("PutGroupPolicy", putGroupPolicy),
	answers("GetGroupPolicy", getGroupPolicy),
	acts("DeleteGroupPolicy", deleteGroupPolicy),
	answers("ListGroupPolicies", listGroupPolicies),
}

// The size of all inline policies of a user and of a group together, in characters without white space
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length).
const (
	maxUserPolicies  = 2048
	maxGroupPolicies = 5120
)

// withPolicy returns inline policies with one added, or put in the place of the one with its name. owner is what AWS's
// message calls whose policies they are, for example "user alice", and most how large they may be together.
func withPolicy(policies []*iam.Policy, name, text, owner string, most int) ([]*iam.Policy, error) {
	added := &iam.Policy{Name: name, Text: text}
	at := slices.IndexFunc(policies, func(p *iam.Policy) bool { return p.Name == name })
	if at < 0 {
		policies = append(policies, added)
	} else {
		policies[at] = added
	}
	size := 0
	for _, p := range policies {
		size += sizeOf(p.Text)
	}
	if size > most {
		return nil, iam.Errorf(iam.CodeLimitExceeded, "Maximum policy size of %d bytes exceeded for %s", most, owner)
	}
	return policies, nil
}

// sizeOf is the size of a policy as IAM counts it: without white space.
func sizeOf(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// withoutPolicy returns inline policies without one.
func withoutPolicy(policies []*iam.Policy, owner, name string) ([]*iam.Policy, error) {
	at := slices.IndexFunc(policies, func(p *iam.Policy) bool { return p.Name == name })
	if at < 0 {
		return nil, noSuchPolicy(owner, name)
	}
	return slices.Delete(policies, at, at+1), nil
}

// findPolicy returns the text of an inline policy as answers have it.
func findPolicy(policies []*iam.Policy, owner, name string) (string, error) {
	for _, p := range policies {
		if p.Name == name {
			return encodedDocument(p.Text), nil
		}
	}
	return "", noSuchPolicy(owner, name)
}

// noSuchPolicy is the error for an inline policy that a user, group or role does not have, in AWS's words.
func noSuchPolicy(owner, name string) error {
	return iam.Errorf(iam.CodeNoSuchEntity, "The %s policy with name %s cannot be found.", owner, name)
}

// encodedDocument is a policy as answers have it: percent-encoded as in RFC 3986
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html, PolicyDocument).
func encodedDocument(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

type listPoliciesOutput struct {
	PolicyNames []string
	pageOutput
}

// listPolicies is a page of the names of inline policies.
func listPolicies(policies []*iam.Policy, in *pageInput) (*listPoliciesOutput, error) {
	names := make([]string, len(policies))
	for i, p := range policies {
		names[i] = p.Name
	}
	slices.Sort(names)
	var out listPoliciesOutput
	var err error
	out.PolicyNames, out.pageOutput, err = page("policies", in, named(names, func(name string) string { return name }))
	return &out, err
}

type putUserPolicyInput struct {
	UserName       *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyName     *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
}

func putUserPolicy(c *call, in *putUserPolicyInput) error {
	return c.changeBounded("iam:PutUserPolicy", *in.UserName, func(_ *iam.Edit, u *iam.UserDetail) (err error) {
		u.Inline, err = withPolicy(u.Inline, *in.PolicyName, *in.PolicyDocument, "user "+u.Name, maxUserPolicies)
		return err
	})
}

// changeBounded is changeUser for the actions with the condition key iam:PermissionsBoundary of the user.
func (c *call) changeBounded(action, name string, change func(*iam.Edit, *iam.UserDetail) error, more ...keys) error {
	if u := c.view.User(c.Account, name); u != nil {
		more = append(more, boundaryKey(u.Boundary))
	}
	return c.changeUser(action, name, change, more...)
}

type userPolicyInput struct {
	UserName   *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyName *string `iam:"required,min=1,max=128,pattern=name"`
}

type getUserPolicyOutput struct{ UserName, PolicyName, PolicyDocument string }

func getUserPolicy(c *call, in *userPolicyInput) (*getUserPolicyOutput, error) {
	u, err := c.readUser("iam:GetUserPolicy", *in.UserName)
	if err != nil {
		return nil, err
	}
	text, err := findPolicy(u.Inline, iam.KindUser, *in.PolicyName)
	return &getUserPolicyOutput{u.Name, *in.PolicyName, text}, err
}

func deleteUserPolicy(c *call, in *userPolicyInput) error {
	return c.changeBounded("iam:DeleteUserPolicy", *in.UserName, func(_ *iam.Edit, u *iam.UserDetail) (err error) {
		u.Inline, err = withoutPolicy(u.Inline, iam.KindUser, *in.PolicyName)
		return err
	})
}

type listUserPoliciesInput struct {
	UserName *string `iam:"required,min=1,max=128,pattern=name"`
	pageInput
}

func listUserPolicies(c *call, in *listUserPoliciesInput) (*listPoliciesOutput, error) {
	u, err := c.readUser("iam:ListUserPolicies", *in.UserName)
	if err != nil {
		return nil, err
	}
	return listPolicies(u.Inline, &in.pageInput)
}

type putGroupPolicyInput struct {
	GroupName      *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyName     *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
}

func putGroupPolicy(c *call, in *putGroupPolicyInput) error {
	return c.changeGroup("iam:PutGroupPolicy", *in.GroupName, func(e *iam.Edit, g *iam.GroupDetail) (err error) {
		g.Inline, err = withPolicy(g.Inline, *in.PolicyName, *in.PolicyDocument, "group "+g.Name, maxGroupPolicies)
		if err != nil {
			return err
		}
		return e.PutGroup(g)
	})
}

type groupPolicyInput struct {
	GroupName  *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyName *string `iam:"required,min=1,max=128,pattern=name"`
}

type getGroupPolicyOutput struct{ GroupName, PolicyName, PolicyDocument string }

func getGroupPolicy(c *call, in *groupPolicyInput) (*getGroupPolicyOutput, error) {
	g, err := c.readGroup("iam:GetGroupPolicy", *in.GroupName)
	if err != nil {
		return nil, err
	}
	text, err := findPolicy(g.Inline, iam.KindGroup, *in.PolicyName)
	return &getGroupPolicyOutput{g.Name, *in.PolicyName, text}, err
}

func deleteGroupPolicy(c *call, in *groupPolicyInput) error {
	return c.changeGroup("iam:DeleteGroupPolicy", *in.GroupName, func(e *iam.Edit, g *iam.GroupDetail) (err error) {
		if g.Inline, err = withoutPolicy(g.Inline, iam.KindGroup, *in.PolicyName); err != nil {
			return err
		}
		return e.PutGroup(g)
	})
}

type listGroupPoliciesInput struct {
	GroupName *string `iam:"required,min=1,max=128,pattern=name"`
	pageInput
}

func listGroupPolicies(c *call, in *listGroupPoliciesInput) (*listPoliciesOutput, error) {
	g, err := c.readGroup("iam:ListGroupPolicies", *in.GroupName)
	if err != nil {
		return nil, err
	}
	return listPolicies(g.Inline, &in.pageInput)
}
