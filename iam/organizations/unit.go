package organizations

import (
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var unitOperations = []operationOf{
	answers("CreateOrganizationalUnit", createOrganizationalUnit),
	answers("DescribeOrganizationalUnit", describeOrganizationalUnit),
	answers("UpdateOrganizationalUnit", updateOrganizationalUnit),
	acts("DeleteOrganizationalUnit", deleteOrganizationalUnit),
	answers("ListOrganizationalUnitsForParent", listOrganizationalUnitsForParent),
}

// maxDepth is how deep units can be below the root
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html).
const maxDepth = 5

type organizationalUnit struct{ Id, Arn, Name, Path string }

type unitOutput struct{ OrganizationalUnit organizationalUnit }

func newUnit(d *iam.Directory, id string) organizationalUnit {
	return organizationalUnit{Id: id, Arn: arnOf(d, id), Name: d.Units[id].Name, Path: pathOf(d, id)}
}

// pathOf is the path of a unit or account, as aws:PrincipalOrgPaths has it.
func pathOf(d *iam.Directory, id string) string {
	return d.ID + "/" + strings.Join(d.Above(id), "/") + "/"
}

func noUnit() error {
	return operation.Errorf("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
}

func noParent() error {
	return operation.Errorf("ParentNotFoundException", "You specified parent that doesn't exist.")
}

// isParent reports whether an id is that of the root or of a unit.
func isParent(d *iam.Directory, id string) bool { return id == d.RootID || d.Units[id] != nil }

type createOrganizationalUnitInput struct {
	ParentId *string `org:"required,max=100,pattern=parent"`
	Name     *string `org:"required,min=1,max=128"`
	Tags     []tag   `org:""`
}

func createOrganizationalUnit(c *call, in *createOrganizationalUnitInput) (*unitOutput, error) {
	tags, err := tagged(in.Tags)
	if err != nil {
		return nil, err
	}
	out := &unitOutput{}
	err = c.change("CreateOrganizationalUnit", *in.ParentId, nil, func(e *iam.Edit, d *iam.Directory) error {
		switch {
		case !isParent(d, *in.ParentId):
			return noParent()
		case len(d.Above(*in.ParentId)) > maxDepth:
			return operation.Errorf(codeConstraint, "You have exceeded the maximum organizational unit depth.")
		case nameTaken(d, *in.ParentId, *in.Name):
			return duplicateUnit()
		}
		id, err := e.NewOrganizationID("ou-"+d.RootID[len("r-"):]+"-", unitIDLength)
		if err != nil {
			return err
		}
		d.Units[id] = &iam.Unit{Name: *in.Name, Parent: *in.ParentId, Tags: tags}
		attachDefaults(d, id)
		out.OrganizationalUnit = newUnit(d, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// attachDefaults attaches what AWS attaches to a new unit or account.
func attachDefaults(d *iam.Directory, id string) {
	for _, kind := range d.Enabled {
		d.Attached[id] = append(d.Attached[id], defaults[kind])
	}
}

func nameTaken(d *iam.Directory, parent, name string) bool {
	for _, u := range d.Units {
		if u.Parent == parent && u.Name == name {
			return true
		}
	}
	return false
}

func duplicateUnit() error {
	return operation.Errorf("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
}

type unitInput struct {
	OrganizationalUnitId *string `org:"required,max=68,pattern=unit"`
}

func describeOrganizationalUnit(c *call, in *unitInput) (*unitOutput, error) {
	d, err := c.read("DescribeOrganizationalUnit", *in.OrganizationalUnitId)
	if err != nil {
		return nil, err
	}
	if d.Units[*in.OrganizationalUnitId] == nil {
		return nil, noUnit()
	}
	return &unitOutput{newUnit(d, *in.OrganizationalUnitId)}, nil
}

type updateOrganizationalUnitInput struct {
	unitInput
	Name *string `org:"min=1,max=128"`
}

func updateOrganizationalUnit(c *call, in *updateOrganizationalUnitInput) (*unitOutput, error) {
	out := &unitOutput{}
	id := *in.OrganizationalUnitId
	err := c.change("UpdateOrganizationalUnit", id, nil, func(_ *iam.Edit, d *iam.Directory) error {
		u := d.Units[id]
		switch {
		case u == nil:
			return noUnit()
		case in.Name != nil && *in.Name != u.Name && nameTaken(d, u.Parent, *in.Name):
			return duplicateUnit()
		case in.Name != nil:
			u.Name = *in.Name
		}
		out.OrganizationalUnit = newUnit(d, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func deleteOrganizationalUnit(c *call, in *unitInput) error {
	id := *in.OrganizationalUnitId
	return c.change("DeleteOrganizationalUnit", id, nil, func(_ *iam.Edit, d *iam.Directory) error {
		if d.Units[id] == nil {
			return noUnit()
		}
		if len(children(d, id, "ACCOUNT"))+len(children(d, id, "ORGANIZATIONAL_UNIT")) > 0 {
			return operation.Errorf("OrganizationalUnitNotEmptyException",
				"The specified OU isn't empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.")
		}
		delete(d.Units, id)
		delete(d.Attached, id)
		return nil
	})
}

type parentInput struct {
	ParentId *string `org:"required,max=100,pattern=parent"`
	pageInput
}

type listOrganizationalUnitsForParentOutput struct {
	OrganizationalUnits []organizationalUnit
	NextToken           string `json:",omitempty"`
}

func listOrganizationalUnitsForParent(c *call, in *parentInput) (*listOrganizationalUnitsForParentOutput, error) {
	d, err := c.readParent("ListOrganizationalUnitsForParent", *in.ParentId)
	if err != nil {
		return nil, err
	}
	units := map[string]organizationalUnit{}
	for _, id := range children(d, *in.ParentId, "ORGANIZATIONAL_UNIT") {
		units[id] = newUnit(d, id)
	}
	out := &listOrganizationalUnitsForParentOutput{}
	out.OrganizationalUnits, out.NextToken, err = page("units "+*in.ParentId, &in.pageInput, units)
	return out, err
}

// readParent asks about an action on the root or a unit, which must be there.
func (c *call) readParent(action, id string) (*iam.Directory, error) {
	d, err := c.read(action, id)
	if err != nil {
		return nil, err
	}
	if !isParent(d, id) {
		return nil, noParent()
	}
	return d, nil
}
