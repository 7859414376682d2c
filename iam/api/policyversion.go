package api

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
)

var policyVersionOperations = []operationOf{
	answers("CreatePolicyVersion", createPolicyVersion),
	answers("GetPolicyVersion", getPolicyVersion),
	answers("ListPolicyVersions", listPolicyVersions),
	acts("SetDefaultPolicyVersion", setDefaultPolicyVersion),
	acts("DeletePolicyVersion", deletePolicyVersion),
}

// maxVersions is how many versions a managed policy may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxVersions = 5

// versionOutput is a version of a managed policy as answers have it.
type versionOutput struct {
	Document, VersionId string
	IsDefaultVersion    bool
	CreateDate          time.Time
}

// listedVersion is a version as lists have it: without the document.
func listedVersion(p *iam.ManagedPolicyDetail, v *iam.PolicyVersion) versionOutput {
	return versionOutput{VersionId: v.ID, IsDefaultVersion: v.ID == p.Default, CreateDate: v.Created}
}

// newVersion makes a version of a managed policy.
func (c *call) newVersion(id, text string) *iam.PolicyVersion {
	return &iam.PolicyVersion{ID: id, Created: c.Time.UTC().Truncate(time.Second), Policy: &iam.Policy{Text: text}}
}

// number is N of the version vN.
func number(v *iam.PolicyVersion) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(v.ID, "v")) // the ids are ours or AWS's
	return n
}

// noSuchVersion is the error for a version that does not exist, in AWS's words.
func noSuchVersion(arn, version string) error {
	return iam.Errorf(iam.CodeNoSuchEntity, "Policy %s version %s does not exist or is not attachable.", arn, version)
}

// versionAt returns where a policy has a version.
func versionAt(p *iam.ManagedPolicyDetail, version string) (int, error) {
	at := slices.IndexFunc(p.Versions, func(v *iam.PolicyVersion) bool { return v.ID == version })
	if at < 0 {
		return 0, noSuchVersion(p.ARN(), version)
	}
	return at, nil
}

type createPolicyVersionInput struct {
	PolicyArn      *string `iam:"required,min=20,max=2048"`
	PolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
	SetAsDefault   *bool
}

type createPolicyVersionOutput struct{ PolicyVersion versionOutput }

// createPolicyVersion numbers a version by how many there ever were: ids are not used again
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html).
func createPolicyVersion(c *call, in *createPolicyVersionInput) (*createPolicyVersionOutput, error) {
	var out createPolicyVersionOutput
	err := c.changePolicy("iam:CreatePolicyVersion", *in.PolicyArn, func(e *iam.Edit, p *iam.ManagedPolicyDetail) error {
		switch {
		case len(p.Versions) >= maxVersions:
			return iam.Errorf(iam.CodeLimitExceeded, "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		case sizeOf(*in.PolicyDocument) > maxPolicySize:
			return quota("PolicySize", maxPolicySize)
		}
		last := p.Made
		for _, v := range p.Versions {
			last = max(last, number(v))
		}
		p.Made = last + 1
		v := c.newVersion("v"+strconv.Itoa(p.Made), *in.PolicyDocument)
		p.Versions = append(p.Versions, v)
		if value(in.SetAsDefault, false) {
			p.Default = v.ID
		}
		out.PolicyVersion = listedVersion(p, v)
		return e.PutManagedPolicy(p)
	})
	return &out, err
}

type policyVersionInput struct {
	PolicyArn *string `iam:"required,min=20,max=2048"`
	VersionId *string `iam:"required,pattern=versionId"`
}

type getPolicyVersionOutput struct{ PolicyVersion versionOutput }

func getPolicyVersion(c *call, in *policyVersionInput) (*getPolicyVersionOutput, error) {
	p, err := c.readPolicy("iam:GetPolicyVersion", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	at, err := versionAt(p, *in.VersionId)
	if err != nil {
		return nil, err
	}
	out := listedVersion(p, p.Versions[at])
	out.Document = encodedDocument(p.Versions[at].Policy.Text)
	return &getPolicyVersionOutput{out}, nil
}

type listPolicyVersionsOutput struct {
	Versions []versionOutput
	pageOutput
}

// listPolicyVersions lists the newest version first, as AWS does.
func listPolicyVersions(c *call, in *listOfPolicyInput) (*listPolicyVersionsOutput, error) {
	p, err := c.readPolicy("iam:ListPolicyVersions", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var out listPolicyVersionsOutput
	out.Versions, out.pageOutput, err = page("versions of "+p.ID, &in.pageInput, newestFirst(p))
	return &out, err
}

// newestFirst are the versions of a policy under names that sort the newest first.
func newestFirst(p *iam.ManagedPolicyDetail) iter.Seq2[string, versionOutput] {
	return func(yield func(string, versionOutput) bool) {
		versions := slices.SortedFunc(slices.Values(p.Versions), func(a, b *iam.PolicyVersion) int { return number(b) - number(a) })
		for _, v := range versions {
			const most = 1e9
			if !yield(strconv.Itoa(most+most-number(v)), listedVersion(p, v)) {
				return
			}
		}
	}
}

func setDefaultPolicyVersion(c *call, in *policyVersionInput) error {
	return c.changePolicy("iam:SetDefaultPolicyVersion", *in.PolicyArn, func(e *iam.Edit, p *iam.ManagedPolicyDetail) error {
		if _, err := versionAt(p, *in.VersionId); err != nil {
			return err
		}
		p.Default = *in.VersionId
		return e.PutManagedPolicy(p)
	})
}

func deletePolicyVersion(c *call, in *policyVersionInput) error {
	return c.changePolicy("iam:DeletePolicyVersion", *in.PolicyArn, func(e *iam.Edit, p *iam.ManagedPolicyDetail) error {
		at, err := versionAt(p, *in.VersionId)
		if err != nil {
			return err
		}
		if p.Default == *in.VersionId {
			return iam.Errorf(iam.CodeDeleteConflict, "Cannot delete the default version of a policy.")
		}
		for _, v := range p.Versions {
			p.Made = max(p.Made, number(v))
		}
		p.Versions = slices.Delete(p.Versions, at, at+1)
		return e.PutManagedPolicy(p)
	})
}
