package organizations

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var treeOperations = []operationOf{
	answers("ListChildren", listChildren),
	answers("ListParents", listParents),
}

// children are the ids of what is directly below the root or a unit, sorted.
func children(d *iam.Directory, parent, kind string) []string {
	var out []string
	if kind == "ACCOUNT" {
		for id, m := range d.Accounts {
			if m.Parent == parent {
				out = append(out, id)
			}
		}
	} else {
		for id, u := range d.Units {
			if u.Parent == parent {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

type listChildrenInput struct {
	parentInput
	ChildType *string `org:"required,enum=childType"`
}

type child struct{ Id, Type string }

type listChildrenOutput struct {
	Children  []child
	NextToken string `json:",omitempty"`
}

func listChildren(c *call, in *listChildrenInput) (*listChildrenOutput, error) {
	d, err := c.readParent("ListChildren", *in.ParentId)
	if err != nil {
		return nil, err
	}
	all := map[string]child{}
	for _, id := range children(d, *in.ParentId, *in.ChildType) {
		all[id] = child{id, *in.ChildType}
	}
	out := &listChildrenOutput{}
	out.Children, out.NextToken, err = page(*in.ChildType+" "+*in.ParentId, &in.pageInput, all)
	return out, err
}

type listParentsInput struct {
	ChildId *string `org:"required,max=100,pattern=child"`
	pageInput
}

type listParentsOutput struct {
	Parents   []child
	NextToken string `json:",omitempty"`
}

func listParents(c *call, in *listParentsInput) (*listParentsOutput, error) {
	d, err := c.read("ListParents", *in.ChildId)
	if err != nil {
		return nil, err
	}
	parent := d.Parent(*in.ChildId)
	if parent == "" {
		return nil, operation.Errorf("ChildNotFoundException", "You specified a child that doesn't exist.")
	}
	kind := "ORGANIZATIONAL_UNIT"
	if strings.HasPrefix(parent, "r-") {
		kind = "ROOT"
	}
	out := &listParentsOutput{}
	out.Parents, out.NextToken, err = page("parents", &in.pageInput, map[string]child{parent: {parent, kind}})
	return out, err
}
