package sts

import (
	"unicode/utf8"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/iam/oidc"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
)

var webIdentityOperations = []operationOf{
	answers("AssumeRoleWithWebIdentity", assumeRoleWithWebIdentity),
}

type assumeRoleWithWebIdentityInput struct {
	RoleArn          *string            `sts:"required,min=20,max=2048,pattern=arn"`
	RoleSessionName  *string            `sts:"required,min=2,max=64,pattern=name"`
	WebIdentityToken *string            `sts:"required,min=4,max=20000,sensitive"`
	ProviderId       *string            `sts:"min=4,max=2048"`
	PolicyArns       []policyDescriptor `sts:""`
	Policy           *string            `sts:"min=1,max=2048,pattern=document"`
	DurationSeconds  *int32             `sts:"min=900,max=43200"`
}

type assumeRoleWithWebIdentityOutput struct {
	Credentials                 *credentials
	SubjectFromWebIdentityToken string
	AssumedRoleUser             *assumedRoleUser
	sizes
	Provider, Audience string
	SourceIdentity     string
}

// assumeRoleWithWebIdentity begins a session for whom a token of an identity provider vouches for
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html). The identity providers are
// those of the server, in every account. Nobody signs the request.
func assumeRoleWithWebIdentity(c *call, in *assumeRoleWithWebIdentityInput) (*assumeRoleWithWebIdentityOutput, error) {
	if in.ProviderId != nil { // of OAuth 2.0 access tokens
		return nil, operation.Errorf(operation.CodeValidation, "ProviderId is for providers with OAuth 2.0 access tokens, which are not supported.")
	}
	token, err := c.service.config.Providers.Verify(*in.WebIdentityToken, c.service.config.Clock())
	if err != nil {
		return nil, err
	}
	if err := checkIdentity(token); err != nil {
		return nil, err
	}
	a := &assumption{
		action: "sts:AssumeRoleWithWebIdentity", roleARN: *in.RoleArn, session: *in.RoleSessionName, claims: token.Claims,
		tags: token.Tags, transitive: token.Transitive, sourceIdentity: token.SourceIdentity,
		policy: in.Policy, policyARNs: in.PolicyArns, duration: in.DurationSeconds,
	}
	role, _ := policy.ParseARN(*in.RoleArn)
	provider := "arn:" + role.Partition + ":iam::" + role.Account + ":oidc-provider/" + token.Provider.Name()
	identity := &iam.Principal{
		Type: iam.WebIdentity, Provider: provider, Name: token.Subject,
		ARN: token.Provider.Name() + ":" + token.Audience + ":" + token.Subject,
	}
	if err := c.mayAssume(a, identity); err != nil {
		return nil, err
	}
	made, err := c.begin(a, provider)
	if err != nil {
		return nil, err
	}
	return &assumeRoleWithWebIdentityOutput{
		Credentials: newCredentials(&made), SubjectFromWebIdentityToken: token.Subject,
		AssumedRoleUser: newAssumedRoleUser(made.Principal), sizes: newSizes(&made),
		Provider: token.Provider.Issuer, Audience: token.Audience, SourceIdentity: made.Principal.SourceIdentity,
	}, nil
}

// maxSubject is the number of characters of a subject (webIdentitySubjectType of the API's model).
const maxSubject = 255

// checkIdentity holds what a token says about the session to what a request could say.
func checkIdentity(token *oidc.Identity) error {
	if utf8.RuneCountInString(token.Subject) > maxSubject {
		return operation.Errorf(oidc.CodeInvalidIdentityToken, "The subject of the ID Token has more than %d characters", maxSubject)
	}
	session := struct {
		Tags              []tag    `sts:"max=50"`
		TransitiveTagKeys []string `sts:"max=50,each=min=1;max=128;pattern=tagKey"`
		SourceIdentity    *string  `sts:"min=2,max=64,pattern=name"`
	}{TransitiveTagKeys: token.Transitive}
	if token.SourceIdentity != "" {
		session.SourceIdentity = &token.SourceIdentity
	}
	for key, value := range token.Tags {
		session.Tags = append(session.Tags, tag{&key, &value})
	}
	if message := rules.Check(&session); message != "" {
		return operation.Errorf(operation.CodeValidation, "%s", message)
	}
	if _, err := tagsOf(session.Tags); err != nil {
		return err
	}
	return checkTransitive(token.Tags, token.Transitive)
}
