package organizations

import (
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

// notMember is AWS's answer to an account outside organizations.
func notMember() error {
	return operation.Errorf(codeNotInUse, "Your account is not a member of an organization.")
}

// read asks whether the caller may do an action on a resource, and returns the organization. Only the management account
// is told about it
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_getting-started_concepts.html#management-account).
func (c *call) read(action, id string, keys ...string) (*iam.Directory, error) {
	d := c.view.Directory(c.Account)
	return d, c.authorize(d, action, id, keys...)
}

// change asks the same, and makes a change. What it reads, decides and writes is one transaction.
func (c *call) change(action, id string, keys []string, change func(e *iam.Edit, d *iam.Directory) error) error {
	return c.service.config.Identities.Edit(c.ctx, func(e *iam.Edit) error {
		d, err := e.Directory(c.Account)
		if err != nil {
			return err
		}
		if err := c.authorize(d, action, id, keys...); err != nil {
			return err
		}
		if err := change(e, d); err != nil {
			return err
		}
		return e.PutDirectory(d)
	})
}

// authorize asks about an action on a resource of an organization: on the id of the root, a unit, an account or a
// policy, or on "*". keys are a type of policy, or nothing.
func (c *call) authorize(d *iam.Directory, action, id string, keys ...string) error {
	if err := c.ask(d, action, id, keys...); err != nil {
		return err
	}
	switch {
	case d == nil:
		return notMember()
	case d.Management != c.Account:
		return operation.Errorf(operation.CodeAccessDenied, "You don't have permissions to access this resource.")
	default:
		return nil
	}
}

// ask asks about an action without looking at who the management account is.
func (c *call) ask(d *iam.Directory, action, id string, keys ...string) error {
	context := map[string][]string{}
	if len(keys) > 0 {
		context["organizations:PolicyType"] = keys
	}
	resource := "*"
	if d != nil && id != "*" {
		resource = arnOf(d, id)
	}
	return c.Authorizer.AuthorizeAction(c.ctx, &operation.Access{
		Action: "organizations:" + action, Resource: resource, Tags: tagsOf(d, id), Context: context,
	})
}

// tagsOf are the tags of what has an id.
func tagsOf(d *iam.Directory, id string) map[string]string {
	switch {
	case d == nil:
		return nil
	case d.Units[id] != nil:
		return d.Units[id].Tags
	case d.Accounts[id] != nil:
		return d.Accounts[id].Tags
	case d.Policies[id] != nil:
		return d.Policies[id].Tags
	default:
		return nil
	}
}

// arnOf is the ARN of what has an id, also of what is not there. The policies of AWS are not in the catalogue of
// resources: who acts on one must be allowed to act on everything.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_permissions_overview.html#orgs-access-control-resources-and-operations
func arnOf(d *iam.Directory, id string) string {
	start := "arn:" + d.Partition + ":organizations::" + d.Management + ":"
	switch {
	case strings.HasPrefix(id, "p-"):
		p := d.Policies[id]
		if p == nil {
			return "*"
		}
		return start + "policy/" + d.ID + "/" + strings.ToLower(p.Type) + "/" + id
	case strings.HasPrefix(id, "r-"):
		return start + "root/" + d.ID + "/" + id
	case strings.HasPrefix(id, "ou-"):
		return start + "ou/" + d.ID + "/" + id
	default:
		return start + "account/" + d.ID + "/" + id
	}
}

// managedARN is the ARN of a policy of AWS.
func managedARN(d *iam.Directory, id, kind string) string {
	return "arn:" + d.Partition + ":organizations::aws:policy/" + strings.ToLower(kind) + "/" + id
}
