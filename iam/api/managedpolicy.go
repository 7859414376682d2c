package api

import (
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
)

var managedPolicyOperations = []operationOf{
	answers("CreatePolicy", createPolicy),
	answers("GetPolicy", getPolicy),
	answers("ListPolicies", listManagedPolicies),
	acts("DeletePolicy", deletePolicy),
	acts("TagPolicy", tagPolicy),
	acts("UntagPolicy", untagPolicy),
	answers("ListPolicyTags", listPolicyTags),
}

// The limits on managed policies: how many an account may have, and how large one is in characters without white space
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	maxPolicies   = 1500
	maxPolicySize = 6144
)

// policyOutput is a managed policy as answers have it.
type policyOutput struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount, PermissionsBoundaryUsageCount    int32
	IsAttachable                                      bool
	Description                                       string
	CreateDate, UpdateDate                            time.Time
	Tags                                              []tag
}

// listedPolicy is a managed policy as lists have it: without what only GetPolicy tells
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html).
func (c *call) listedPolicy(p *iam.ManagedPolicyDetail) policyOutput {
	out := policyOutput{
		PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN(), Path: p.Path, DefaultVersionId: p.Default, IsAttachable: attachable(p),
		CreateDate: p.Created, UpdateDate: p.Updated,
	}
	out.AttachmentCount, out.PermissionsBoundaryUsageCount = c.attachments(out.Arn)
	return out
}

// attachable reports whether a policy can be attached: that of a service-linked role belongs to its service
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html).
func attachable(p *iam.ManagedPolicyDetail) bool {
	return p.Account != iam.AWS || !strings.HasPrefix(p.Path, "/aws-service-role/")
}

// policyResource is a managed policy as a resource.
func policyResource(arn string, p *iam.ManagedPolicyDetail) resource {
	out := resource{arn: arn, named: "policy " + arn}
	if p != nil {
		out.tags = p.Tags
	}
	return out
}

// policyAccount returns the account in the ARN of a managed policy.
func policyAccount(text string) (account string, err error) {
	arn, ok := policy.ParseARN(text)
	kind, _, _ := strings.Cut(arn.Resource, "/")
	switch {
	case !ok || arn.Service != "iam" || kind != iam.KindPolicy || arn.Account == "":
		return "", iam.Errorf(iam.CodeInvalidInput, "ARN %s is not valid.", text)
	default:
		return arn.Account, nil
	}
}

// foreign is the error for what belongs to another account, whoever asks and whatever decides: no policy of that account
// can let the caller in.
func (c *call) foreign(arn string) error {
	caller := ""
	if c.Principal != nil {
		caller = c.Principal.ARN
	}
	return operation.Errorf(operation.CodeAccessDenied, "User: %s is not authorized to perform this operation on resource: %s", caller, arn)
}

// noSuchManaged is the error for a managed policy that does not exist, in AWS's words.
func noSuchManaged(arn string) error {
	return iam.Errorf(iam.CodeNoSuchEntity, "Policy %s was not found.", arn)
}

// readPolicy returns a managed policy that the caller may do the action on.
func (c *call) readPolicy(action, arn string) (*iam.ManagedPolicyDetail, error) {
	account, err := policyAccount(arn)
	if err != nil {
		return nil, err
	}
	var p *iam.ManagedPolicyDetail
	if account == c.Account || account == iam.AWS {
		p = c.view.ManagedPolicy(arn)
	}
	if err := c.authorize(action, policyResource(arn, p)); err != nil {
		return nil, err
	}
	switch {
	case account != c.Account && account != iam.AWS:
		return nil, c.foreign(arn)
	case p == nil:
		return nil, noSuchManaged(arn)
	default:
		return p, nil
	}
}

// changePolicy changes a managed policy that the caller may do the action on. Those of AWS are only for AWS to change.
func (c *call) changePolicy(action, arn string, change func(*iam.Edit, *iam.ManagedPolicyDetail) error, more ...keys) error {
	account, err := policyAccount(arn)
	if err != nil {
		return err
	}
	return c.edit(func(e *iam.Edit) error {
		var p *iam.ManagedPolicyDetail
		if account == c.Account {
			p = e.ManagedPolicy(arn)
		}
		if err := c.authorize(action, policyResource(arn, p), more...); err != nil {
			return err
		}
		switch {
		case account != c.Account:
			return c.foreign(arn)
		case p == nil:
			return noSuchManaged(arn)
		default:
			return change(e, p)
		}
	})
}

type createPolicyInput struct {
	PolicyName     *string `iam:"required,min=1,max=128,pattern=name"`
	Path           *string `iam:"min=1,max=512,pattern=policyPath"`
	PolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
	Description    *string `iam:"max=1000"`
	Tags           []tag   `iam:"max=50"`
}

type createPolicyOutput struct{ Policy policyOutput }

func createPolicy(c *call, in *createPolicyInput) (*createPolicyOutput, error) {
	path := value(in.Path, "/")
	on := resource{arn: c.arn(iam.KindPolicy, path, *in.PolicyName)}
	var out createPolicyOutput
	err := c.edit(func(e *iam.Edit) error {
		if err := c.authorizeMaking("Policy", on, in.Tags); err != nil {
			return err
		}
		switch {
		case e.NameTaken(c.Account, iam.KindPolicy, *in.PolicyName):
			return iam.Errorf(iam.CodeEntityAlreadyExists, "A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
		case count(e.View().ManagedPolicies(c.Account)) >= maxPolicies:
			return quota("PoliciesPerAccount", maxPolicies)
		case sizeOf(*in.PolicyDocument) > maxPolicySize:
			return quota("PolicySize", maxPolicySize)
		}
		tags, err := withPolicyTags(nil, in.Tags)
		if err != nil {
			return err
		}
		p := &iam.ManagedPolicyDetail{
			Account: c.Account, Name: *in.PolicyName, Path: path, Description: value(in.Description, ""), Tags: tags,
			Versions: []*iam.PolicyVersion{c.newVersion("v1", *in.PolicyDocument)}, Default: "v1",
		}
		if err := e.PutManagedPolicy(p); err != nil {
			return err
		}
		out.Policy = c.listedPolicy(p)
		out.Policy.Tags = newTags(p.Tags)
		return nil
	})
	return &out, err
}

type policyInput struct {
	PolicyArn *string `iam:"required,min=20,max=2048"`
}

type getPolicyOutput struct{ Policy policyOutput }

func getPolicy(c *call, in *policyInput) (*getPolicyOutput, error) {
	p, err := c.readPolicy("iam:GetPolicy", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := c.listedPolicy(p)
	out.Description, out.Tags = p.Description, append([]tag{}, newTags(p.Tags)...)
	return &getPolicyOutput{out}, nil
}

type listManagedPoliciesInput struct {
	Scope             *string `iam:"enum=policyScopeType"`
	OnlyAttached      *bool
	PathPrefix        *string `iam:"min=1,max=512,pattern=policyPath"`
	PolicyUsageFilter *string `iam:"enum=policyUsageType"`
	pageInput
}

type listManagedPoliciesOutput struct {
	Policies []policyOutput
	pageOutput
}

func listManagedPolicies(c *call, in *listManagedPoliciesInput) (*listManagedPoliciesOutput, error) {
	prefix := value(in.PathPrefix, "/")
	if err := c.authorize("iam:ListPolicies", resource{arn: c.arn(iam.KindPolicy, prefix, "")}); err != nil {
		return nil, err
	}
	var out listManagedPoliciesOutput
	var err error
	out.Policies, out.pageOutput, err = page("managed policies", &in.pageInput, mapped(c.inScope(value(in.Scope, "All")), func(p *iam.ManagedPolicyDetail) (policyOutput, bool) {
		listed := c.listedPolicy(p)
		uses := listed.AttachmentCount
		switch value(in.PolicyUsageFilter, "") {
		case "PermissionsBoundary":
			uses = listed.PermissionsBoundaryUsageCount
		case "":
			uses += listed.PermissionsBoundaryUsageCount
		}
		wanted := uses > 0 || in.PolicyUsageFilter == nil && !value(in.OnlyAttached, false)
		return listed, wanted && strings.HasPrefix(p.Path, prefix)
	}))
	return &out, err
}

// inScope are the managed policies of a scope: those of AWS, then those of the account.
func (c *call) inScope(scope string) iter.Seq2[string, *iam.ManagedPolicyDetail] {
	return func(yield func(string, *iam.ManagedPolicyDetail) bool) {
		for i, list := range []struct{ scope, account string }{{"AWS", iam.AWS}, {"Local", c.Account}} {
			if scope != "All" && scope != list.scope {
				continue
			}
			for name, p := range c.view.ManagedPolicies(list.account) {
				if !yield(string(rune('a'+i))+" "+name, p) {
					return
				}
			}
		}
	}
}

// deletePolicy deletes a policy with its only version
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html).
func deletePolicy(c *call, in *policyInput) error {
	return c.changePolicy("iam:DeletePolicy", *in.PolicyArn, func(e *iam.Edit, p *iam.ManagedPolicyDetail) error {
		attached, boundaries := c.within(e).attachments(p.ARN())
		switch {
		case attached+boundaries > 0:
			return iam.Errorf(iam.CodeDeleteConflict, "Cannot delete a policy attached to entities.")
		case len(p.Versions) > 1:
			return iam.Errorf(iam.CodeDeleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		return e.DeleteManagedPolicy(p.ARN())
	})
}

type tagPolicyInput struct {
	PolicyArn *string `iam:"required,min=20,max=2048"`
	Tags      []tag   `iam:"required,max=50"`
}

func tagPolicy(c *call, in *tagPolicyInput) error {
	return c.changePolicy("iam:TagPolicy", *in.PolicyArn, func(e *iam.Edit, p *iam.ManagedPolicyDetail) (err error) {
		if p.Tags, err = withPolicyTags(p.Tags, in.Tags); err != nil {
			return err
		}
		return e.PutManagedPolicy(p)
	}, requestTags(in.Tags))
}

// withPolicyTags is [withTags] for policies, whose tag keys are distinguished by case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules). A policy that has two keys that differ
// by case only is refused: no decision could be made about it.
func withPolicyTags(tags map[string]string, add []tag) (map[string]string, error) {
	added, err := withTags(nil, add)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(tags)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, added)
	return out, nil
}

type untagPolicyInput struct {
	PolicyArn *string  `iam:"required,min=20,max=2048"`
	TagKeys   []string `iam:"required,max=50,each=min=1;max=128;pattern=tagKey"`
}

func untagPolicy(c *call, in *untagPolicyInput) error {
	return c.changePolicy("iam:UntagPolicy", *in.PolicyArn, func(e *iam.Edit, p *iam.ManagedPolicyDetail) error {
		p.Tags = maps.Clone(p.Tags)
		for _, key := range in.TagKeys {
			delete(p.Tags, key)
		}
		return e.PutManagedPolicy(p)
	}, tagKeys(in.TagKeys))
}

type listOfPolicyInput struct {
	PolicyArn *string `iam:"required,min=20,max=2048"`
	pageInput
}

func listPolicyTags(c *call, in *listOfPolicyInput) (*listTagsOutput, error) {
	p, err := c.readPolicy("iam:ListPolicyTags", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return listTags(p.Tags, &in.pageInput)
}
