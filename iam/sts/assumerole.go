package sts

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var roleOperations = []operationOf{
	answers("AssumeRole", assumeRole),
}

// maxChained is how long a session may last that begins with the credentials of another role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining).
const maxChained = time.Hour

type assumeRoleInput struct {
	RoleArn           *string            `sts:"required,min=20,max=2048,pattern=arn"`
	RoleSessionName   *string            `sts:"required,min=2,max=64,pattern=name"`
	PolicyArns        []policyDescriptor `sts:""`
	Policy            *string            `sts:"min=1,pattern=document"`
	DurationSeconds   *int32             `sts:"min=900,max=43200"`
	Tags              []tag              `sts:"max=50"`
	TransitiveTagKeys []string           `sts:"max=50,each=min=1;max=128;pattern=tagKey"`
	ExternalId        *string            `sts:"min=2,max=1224,pattern=externalID"`
	SerialNumber      *string            `sts:"min=9,max=256,pattern=serial"`
	TokenCode         *string            `sts:"min=6,max=6,pattern=code"`
	SourceIdentity    *string            `sts:"min=2,max=64,pattern=name"`
	ProvidedContexts  []providedContext  `sts:"min=1,max=5"`
}

type providedContext struct {
	ProviderArn      *string `sts:"min=20,max=2048,pattern=arn"`
	ContextAssertion *string `sts:"min=4,max=2048"`
}

type assumeRoleOutput struct {
	Credentials     *credentials
	AssumedRoleUser *assumedRoleUser
	sizes
	SourceIdentity string
}

type assumedRoleUser struct {
	AssumedRoleId, Arn string
}

func newAssumedRoleUser(p *iam.Principal) *assumedRoleUser {
	return &assumedRoleUser{AssumedRoleId: userID(p), Arn: p.ARN}
}

// assumeRole begins a session of a role that the caller's policies and the role's trust policy let the caller begin
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
func assumeRole(c *call, in *assumeRoleInput) (*assumeRoleOutput, error) {
	if len(in.ProvidedContexts) > 0 {
		return nil, operation.Errorf(operation.CodeValidation, "ProvidedContexts is not supported.")
	}
	given, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := checkTransitive(given, in.TransitiveTagKeys); err != nil {
		return nil, err
	}
	a := &assumption{
		action: "sts:AssumeRole", roleARN: *in.RoleArn, session: *in.RoleSessionName, externalID: in.ExternalId,
		tags: given, transitive: in.TransitiveTagKeys, policy: in.Policy, policyARNs: in.PolicyArns, duration: in.DurationSeconds,
	}
	if in.SourceIdentity != nil {
		a.sourceIdentity = *in.SourceIdentity
	}
	if err := c.chain(a); err != nil {
		return nil, err
	}
	if err := c.mayAssume(a, nil); err != nil {
		return nil, err
	}
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, denied(noSuchDevice)
	}
	made, err := c.begin(a, "")
	if err != nil {
		return nil, err
	}
	return &assumeRoleOutput{
		Credentials: newCredentials(&made), AssumedRoleUser: newAssumedRoleUser(made.Principal), sizes: newSizes(&made),
		SourceIdentity: made.Principal.SourceIdentity,
	}, nil
}

// noSuchDevice is AWS's answer to the code of a device that the caller does not have. Nobody has one here.
const noSuchDevice = "MultiFactorAuthentication failed, unable to validate MFA code.  " +
	"Please verify your MFA serial number is valid and associated with this user."

// chain gives a session that begins with the credentials of another what it keeps of it
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining).
func (c *call) chain(a *assumption) error {
	p := c.Principal
	switch {
	case p == nil || !p.Temporary:
		return nil
	case p.Type != iam.RoleSession:
		return nil
	case a.duration != nil && time.Duration(*a.duration)*time.Second > maxChained:
		return operation.Errorf(operation.CodeValidation,
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case p.SourceIdentity != "" && a.sourceIdentity != "" && a.sourceIdentity != p.SourceIdentity:
		return denied("User: %s is not authorized to perform: sts:SetSourceIdentity on resource: %s", p.ARN, a.roleARN)
	}
	if p.SourceIdentity != "" {
		a.sourceIdentity = p.SourceIdentity
	}
	for key := range p.Transitive {
		if hasKey(slices.Collect(maps.Keys(a.tags)), key) {
			return operation.Errorf(operation.CodeValidation, "The session tag %s is inherited and cannot be passed again.", key)
		}
	}
	a.inherited = p.Transitive
	return nil
}

// hasKey reports whether a tag key is in a list. Keys are not distinguished by case.
func hasKey(keys []string, key string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, key) })
}
