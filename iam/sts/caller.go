package sts

import (
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var callerOperations = []operationOf{
	answers("GetCallerIdentity", getCallerIdentity),
	answers("GetAccessKeyInfo", getAccessKeyInfo),
}

type getCallerIdentityInput struct{}

type getCallerIdentityOutput struct {
	UserId, Account, Arn string
}

// getCallerIdentity tells who calls. Nobody needs a permission for it
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func getCallerIdentity(c *call, _ *getCallerIdentityInput) (*getCallerIdentityOutput, error) {
	if err := c.authorize("sts:GetCallerIdentity", "*", nil); err != nil {
		return nil, err
	}
	p := c.Principal
	if p == nil { // in mode off only
		return &getCallerIdentityOutput{UserId: c.Account, Account: c.Account, Arn: "arn:" + c.Partition + ":iam::" + c.Account + ":root"}, nil
	}
	return &getCallerIdentityOutput{UserId: userID(p), Account: c.Account, Arn: p.ARN}, nil
}

// userID is aws:userid
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable).
func userID(p *iam.Principal) string {
	switch p.Type {
	case iam.RoleSession:
		return p.UniqueID + ":" + p.Name
	case iam.FederatedUser:
		return p.Account + ":" + p.Name
	case iam.ServicePrincipal:
		return p.Name
	default:
		return p.UniqueID
	}
}

type getAccessKeyInfoInput struct {
	AccessKeyId *string `sts:"required,min=16,max=128,pattern=word"`
}

type getAccessKeyInfoOutput struct{ Account string }

// getAccessKeyInfo tells the account of an access key: of a long-term one that is there, and of the temporary ones that
// this server gives, whose ids hold it.
func getAccessKeyInfo(c *call, in *getAccessKeyInfoInput) (*getAccessKeyInfoOutput, error) {
	if err := c.authorize("sts:GetAccessKeyInfo", "*", nil); err != nil {
		return nil, err
	}
	if k := c.view.AccessKey(*in.AccessKeyId); k != nil && k.Account != iam.AWS {
		return &getAccessKeyInfoOutput{k.Account}, nil
	}
	if account, ok := iam.SessionAccount(*in.AccessKeyId); ok && c.view.Account(account) != nil {
		return &getAccessKeyInfoOutput{account}, nil
	}
	return nil, operation.Errorf(operation.CodeValidation, "The access key %.128s is not valid.", *in.AccessKeyId)
}
