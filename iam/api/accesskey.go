package api

import (
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var accessKeyOperations = []operationOf{
	answers("CreateAccessKey", createAccessKey),
	answers("ListAccessKeys", listAccessKeys),
	acts("UpdateAccessKey", updateAccessKey),
	acts("DeleteAccessKey", deleteAccessKey),
	answers("GetAccessKeyLastUsed", getAccessKeyLastUsed),
}

const (
	statusActive   = "Active"
	statusInactive = "Inactive"
)

// keyOwner is whose access keys an operation is about: the user that is named, or the caller.
func (c *call) keyOwner(given *string) (owner iam.Owner, name string, err error) {
	if given == nil && c.isRoot() {
		return iam.RootOwner(c.Account), "", nil
	}
	if name, err = c.userName(given); err != nil {
		return iam.Owner{}, "", err
	}
	return iam.UserOwner(c.Account, name), name, nil
}

// owner is the owner of access keys as a resource.
func (c *call) owner(u *iam.UserDetail, name string) resource {
	if name == "" {
		return resource{arn: c.arn("root", "", "")}
	}
	return c.user(u, name)
}

// editKeys changes the access keys of a user or of the root user.
func (c *call) editKeys(action string, user *string, change func(e *iam.Edit, owner iam.Owner, name string) error) error {
	owner, name, err := c.keyOwner(user)
	if err != nil {
		return err
	}
	return c.edit(func(e *iam.Edit) error {
		u := e.User(c.Account, name)
		if err := c.authorize(action, c.owner(u, name)); err != nil {
			return err
		}
		if u == nil && name != "" {
			return noSuch("user", name)
		}
		return change(e, owner, name)
	})
}

type createAccessKeyInput struct {
	UserName *string `iam:"min=1,max=128,pattern=name"`
}

type createAccessKeyOutput struct {
	AccessKey struct {
		accessKeyMetadata
		SecretAccessKey operation.Secret
	}
}

// accessKeyMetadata is an access key as answers have it, without its secret.
type accessKeyMetadata struct {
	UserName, AccessKeyId, Status string
	CreateDate                    time.Time
}

func newAccessKey(k *iam.AccessKey) accessKeyMetadata {
	status := statusActive
	if k.Inactive {
		status = statusInactive
	}
	return accessKeyMetadata{UserName: k.UserName(), AccessKeyId: k.ID, Status: status, CreateDate: k.Created}
}

// createAccessKey is the only operation that tells a secret, and it tells it once.
func createAccessKey(c *call, in *createAccessKeyInput) (*createAccessKeyOutput, error) {
	var out createAccessKeyOutput
	err := c.editKeys("iam:CreateAccessKey", in.UserName, func(e *iam.Edit, owner iam.Owner, _ string) error {
		if len(e.AccessKeys(owner)) >= maxAccessKeys {
			return quota("AccessKeysPerUser", maxAccessKeys)
		}
		k, err := e.CreateAccessKey(owner, "")
		if err != nil {
			return err
		}
		out.AccessKey.accessKeyMetadata = newAccessKey(k)
		return nil
	})
	if err != nil {
		return nil, err
	}
	secret, err := c.service.config.Identities.Secret(out.AccessKey.AccessKeyId)
	if err != nil {
		return nil, err
	}
	out.AccessKey.SecretAccessKey = operation.NewSecret(secret)
	return &out, nil
}

// maxAccessKeys is how many access keys a user, and the root user, may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxAccessKeys = 2

type listAccessKeysInput struct {
	UserName *string `iam:"min=1,max=128,pattern=name"`
	pageInput
}

type listAccessKeysOutput struct {
	AccessKeyMetadata []accessKeyMetadata
	pageOutput
}

func listAccessKeys(c *call, in *listAccessKeysInput) (*listAccessKeysOutput, error) {
	owner, name, err := c.keyOwner(in.UserName)
	if err != nil {
		return nil, err
	}
	u := c.view.User(c.Account, name)
	if err := c.authorize("iam:ListAccessKeys", c.owner(u, name)); err != nil {
		return nil, err
	}
	if u == nil && name != "" {
		return nil, noSuch("user", name)
	}
	var out listAccessKeysOutput
	out.AccessKeyMetadata, out.pageOutput, err = page("keys of "+name, &in.pageInput, mapped(c.view.AccessKeys(owner), func(k *iam.AccessKey) (accessKeyMetadata, bool) {
		return newAccessKey(k), true
	}))
	return &out, err
}

type updateAccessKeyInput struct {
	UserName    *string `iam:"min=1,max=128,pattern=name"`
	AccessKeyId *string `iam:"required,min=16,max=128,pattern=word"`
	Status      *string `iam:"required,enum=statusType"`
}

func updateAccessKey(c *call, in *updateAccessKeyInput) error {
	return c.editKeys("iam:UpdateAccessKey", in.UserName, func(e *iam.Edit, owner iam.Owner, _ string) error {
		switch {
		case !hasKey(e, owner, *in.AccessKeyId):
			return noSuchKey(*in.AccessKeyId)
		case *in.Status != statusActive && *in.Status != statusInactive:
			return iam.Errorf(iam.CodeInvalidInput, "The status of an access key can be set to Active or Inactive.")
		}
		return e.SetAccessKeyActive(*in.AccessKeyId, *in.Status == statusActive)
	})
}

func hasKey(e *iam.Edit, owner iam.Owner, id string) bool {
	for _, k := range e.AccessKeys(owner) {
		if k.ID == id {
			return true
		}
	}
	return false
}

func noSuchKey(id string) error {
	return iam.Errorf(iam.CodeNoSuchEntity, "The Access Key with id %s cannot be found.", id)
}

type deleteAccessKeyInput struct {
	UserName    *string `iam:"min=1,max=128,pattern=name"`
	AccessKeyId *string `iam:"required,min=16,max=128,pattern=word"`
}

func deleteAccessKey(c *call, in *deleteAccessKeyInput) error {
	return c.editKeys("iam:DeleteAccessKey", in.UserName, func(e *iam.Edit, owner iam.Owner, _ string) error {
		if !hasKey(e, owner, *in.AccessKeyId) {
			return noSuchKey(*in.AccessKeyId)
		}
		return e.DeleteAccessKey(*in.AccessKeyId)
	})
}

type getAccessKeyLastUsedInput struct {
	AccessKeyId *string `iam:"required,min=16,max=128,pattern=word"`
}

type getAccessKeyLastUsedOutput struct {
	UserName          string
	AccessKeyLastUsed accessKeyLastUsed
}

type accessKeyLastUsed struct {
	LastUsedDate        time.Time
	ServiceName, Region string
}

// notAvailable is what AWS says of an access key that was not used
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html).
const notAvailable = "N/A"

func getAccessKeyLastUsed(c *call, in *getAccessKeyLastUsedInput) (*getAccessKeyLastUsedOutput, error) {
	k := c.view.AccessKey(*in.AccessKeyId)
	if k != nil && k.Account != c.Account {
		k = nil // the keys of other accounts are not for the caller
	}
	on := everything
	if k != nil && k.UserName() != "" {
		on = c.user(c.view.User(c.Account, k.UserName()), k.UserName())
	}
	if err := c.authorize("iam:GetAccessKeyLastUsed", on); err != nil {
		return nil, err
	}
	if k == nil {
		// AWS refuses access to keys of others and to keys that there are not alike.
		return nil, iam.Errorf(operation.CodeAccessDenied, "User is not authorized to perform: iam:GetAccessKeyLastUsed on resource: *")
	}
	out := &getAccessKeyLastUsedOutput{k.UserName(), accessKeyLastUsed{ServiceName: notAvailable, Region: notAvailable}}
	if use := c.service.config.Identities.LastUse(k.ID); use != nil {
		out.AccessKeyLastUsed = accessKeyLastUsed{use.Time, use.Service, use.Region}
	}
	return out, nil
}
