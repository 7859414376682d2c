package sts

import (
	"time"

	"github.com/strictkms/strictkms/iam"
)

var userOperations = []operationOf{
	answers("GetSessionToken", getSessionToken),
	answers("GetFederationToken", getFederationToken),
}

type getSessionTokenInput struct {
	DurationSeconds *int32  `sts:"min=900,max=129600"`
	SerialNumber    *string `sts:"min=9,max=256,pattern=serial"`
	TokenCode       *string `sts:"min=6,max=6,pattern=code"`
}

type getSessionTokenOutput struct {
	Credentials *credentials
	tokenSizes
}

// getSessionToken gives a user or a root user temporary credentials
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html).
func getSessionToken(c *call, in *getSessionTokenInput) (*getSessionTokenOutput, error) {
	owner, err := c.owner("GetSessionToken")
	if err != nil {
		return nil, err
	}
	if err := c.authorize("sts:GetSessionToken", "*", nil); err != nil {
		return nil, err
	}
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, denied(noSuchDevice)
	}
	made, err := c.service.config.Identities.GetSessionToken(c.ctx, owner, iam.SessionOptions{Duration: c.userDuration(in.DurationSeconds)})
	if err != nil {
		return nil, err
	}
	return &getSessionTokenOutput{newCredentials(&made), newTokenSizes(&made)}, nil
}

// userDuration is the duration of the credentials of a user. AWS takes more than an hour from the root user, and gives
// an hour.
func (c *call) userDuration(seconds *int32) time.Duration {
	if seconds == nil {
		return 0
	}
	duration := time.Duration(*seconds) * time.Second
	if c.Principal == nil || c.Principal.Type == iam.Root {
		return min(duration, time.Hour)
	}
	return duration
}

// owner is the user or root user who calls. Nobody else may call, and neither with temporary credentials
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html#stsapi_comparison).
func (c *call) owner(operation string) (iam.Owner, error) {
	p := c.Principal
	switch {
	case p == nil: // in mode off only
		return iam.RootOwner(c.Account), nil
	case p.Temporary:
		return iam.Owner{}, denied("Cannot call %s with session credentials", operation)
	case p.Type == iam.User:
		return iam.UserOwner(p.Account, p.Name), nil
	case p.Type == iam.Root:
		return iam.RootOwner(p.Account), nil
	default:
		return iam.Owner{}, denied("User: %s is not authorized to perform: sts:%s", p.ARN, operation)
	}
}

type getFederationTokenInput struct {
	Name            *string            `sts:"required,min=2,max=32,pattern=name"`
	Policy          *string            `sts:"min=1,max=2048,pattern=document"`
	PolicyArns      []policyDescriptor `sts:""`
	DurationSeconds *int32             `sts:"min=900,max=129600"`
	Tags            []tag              `sts:"max=50"`
}

type getFederationTokenOutput struct {
	Credentials   *credentials
	FederatedUser *federatedUser
	sizes
}

type federatedUser struct {
	FederatedUserId, Arn string
}

// getFederationToken gives credentials of a federated user
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html).
func getFederationToken(c *call, in *getFederationTokenInput) (*getFederationTokenOutput, error) {
	owner, err := c.owner("GetFederationToken")
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	arn := "arn:" + c.Partition + ":sts::" + c.Account + ":federated-user/" + *in.Name
	if err := c.authorize("sts:GetFederationToken", arn, requestTags(tags)); err != nil {
		return nil, err
	}
	if len(tags) > 0 {
		if err := c.authorize("sts:TagSession", "*", requestTags(tags)); err != nil {
			return nil, err
		}
	}
	options, err := c.options(arn, in.Policy, in.PolicyArns, nil)
	if err != nil {
		return nil, err
	}
	options.Tags, options.Duration = tags, c.userDuration(in.DurationSeconds)
	made, err := c.service.config.Identities.GetFederationToken(c.ctx, owner, *in.Name, options)
	if err != nil {
		return nil, err
	}
	return &getFederationTokenOutput{
		Credentials: newCredentials(&made), sizes: newSizes(&made),
		FederatedUser: &federatedUser{FederatedUserId: userID(made.Principal), Arn: made.Principal.ARN},
	}, nil
}
