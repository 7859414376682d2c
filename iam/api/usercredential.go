package api

import (
	"time"

	"github.com/strictkms/strictkms/iam"
)

// userCredentialOperations are about credentials that no user has here: they are asked for by whoever deletes a user
// with all that belongs to it.
var userCredentialOperations = []operationOf{
	answers("GetLoginProfile", getLoginProfile),
	acts("DeleteLoginProfile", deleteLoginProfile),
	answers("ListMFADevices", listMFADevices),
	answers("ListSigningCertificates", listSigningCertificates),
	answers("ListSSHPublicKeys", listSSHPublicKeys),
	answers("ListServiceSpecificCredentials", listServiceSpecificCredentials),
}

type getLoginProfileInput struct {
	UserName *string `iam:"min=1,max=64,pattern=name"`
}

type getLoginProfileOutput struct {
	LoginProfile struct {
		UserName   string
		CreateDate time.Time
	}
}

// getLoginProfile always fails: no user has a password.
func getLoginProfile(c *call, in *getLoginProfileInput) (*getLoginProfileOutput, error) {
	name, err := c.userName(in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := c.readUser("iam:GetLoginProfile", name); err != nil {
		return nil, err
	}
	return nil, iam.Errorf(iam.CodeNoSuchEntity, "Login Profile for User %s cannot be found.", name)
}

// deleteLoginProfile always fails, too. Terraform asks for it before it deletes a user with force_destroy.
func deleteLoginProfile(c *call, in *getLoginProfileInput) error {
	name, err := c.userName(in.UserName)
	if err != nil {
		return err
	}
	if _, err := c.readUser("iam:DeleteLoginProfile", name); err != nil {
		return err
	}
	return iam.Errorf(iam.CodeNoSuchEntity, "Login Profile for User %s cannot be found.", name)
}

// ownCredentials authorizes a list of the credentials of a user, by default of the caller.
func (c *call) ownCredentials(action string, user *string) error {
	if user == nil && c.isRoot() {
		return c.authorize(action, resource{arn: c.arn("root", "", "")})
	}
	name, err := c.userName(user)
	if err != nil {
		return err
	}
	_, err = c.readUser(action, name)
	return err
}

// item is an entry of a list that has none.
type item struct{}

type listCredentialsInput struct {
	UserName *string `iam:"min=1,max=128,pattern=name"`
	pageInput
}

type listMFADevicesOutput struct {
	MFADevices []item
	pageOutput
}

func listMFADevices(c *call, in *listCredentialsInput) (*listMFADevicesOutput, error) {
	return &listMFADevicesOutput{MFADevices: []item{}}, c.ownCredentials("iam:ListMFADevices", in.UserName)
}

type listSigningCertificatesOutput struct {
	Certificates []item
	pageOutput
}

func listSigningCertificates(c *call, in *listCredentialsInput) (*listSigningCertificatesOutput, error) {
	return &listSigningCertificatesOutput{Certificates: []item{}}, c.ownCredentials("iam:ListSigningCertificates", in.UserName)
}

type listSSHPublicKeysInput struct {
	UserName *string `iam:"min=1,max=64,pattern=name"`
	pageInput
}

type listSSHPublicKeysOutput struct {
	SSHPublicKeys []item
	pageOutput
}

func listSSHPublicKeys(c *call, in *listSSHPublicKeysInput) (*listSSHPublicKeysOutput, error) {
	return &listSSHPublicKeysOutput{SSHPublicKeys: []item{}}, c.ownCredentials("iam:ListSSHPublicKeys", in.UserName)
}

type listServiceSpecificCredentialsInput struct {
	UserName    *string `iam:"min=1,max=64,pattern=name"`
	ServiceName *string
	AllUsers    *bool
	pageInput
}

type listServiceSpecificCredentialsOutput struct {
	ServiceSpecificCredentials []item
	pageOutput
}

func listServiceSpecificCredentials(c *call, in *listServiceSpecificCredentialsInput) (*listServiceSpecificCredentialsOutput, error) {
	const action = "iam:ListServiceSpecificCredentials"
	out := &listServiceSpecificCredentialsOutput{ServiceSpecificCredentials: []item{}}
	if value(in.AllUsers, false) {
		return out, c.authorize(action, resource{arn: c.arn(iam.KindUser, "/", "*")})
	}
	return out, c.ownCredentials(action, in.UserName)
}
