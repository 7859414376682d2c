package fetch

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// organizationsFolder is the folder with the organizations of a snapshot.
const organizationsFolder = "organizations"

// organization reads which organization the account is in and, when that was asked for, its policies. An account that is
// in none has no file about it.
func (r *run) organization(ctx context.Context) error {
	client := organizations.NewFromConfig(r.cfg)
	file := r.account + "/organization.json"
	var found *types.Organization
	ok, err := r.keep(file, "organizations:DescribeOrganization", false, func() (any, error) {
		out, err := client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
		if _, none := errors.AsType[*types.AWSOrganizationsNotInUseException](err); none {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		found = out.Organization
		return map[string]any{"Organization": found}, nil
	})
	if err != nil || !ok || !r.Organization || found == nil {
		return err
	}
	t := &tree{
		run: r, client: client, folder: organizationsFolder + "/" + aws.ToString(found.Id), policies: map[string]bool{},
	}
	_, err = r.keep(t.folder+"/organization.json", "organizations:DescribeOrganization", false, func() (any, error) {
		return map[string]any{"Organization": found}, nil
	})
	return errors.Join(err, t.roots(ctx))
}

// tree reads an organization, from the root downwards.
type tree struct {
	*run
	client   *organizations.Client
	folder   string
	policies map[string]bool // those that were read
}

// roots reads the root and everything below it.
func (t *tree) roots(ctx context.Context) error {
	var roots []types.Root
	_, err := t.keep(t.folder+"/roots.json", "organizations:ListRoots", false, func() (any, error) {
		pages := organizations.NewListRootsPaginator(t.client, &organizations.ListRootsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			roots = append(roots, page.Roots...)
		}
		return map[string]any{"Roots": roots}, nil
	})
	if err != nil {
		return err
	}
	for _, root := range roots {
		var enabled []types.PolicyType
		for _, kind := range root.PolicyTypes {
			if kind.Type == types.PolicyTypeServiceControlPolicy || kind.Type == types.PolicyTypeResourceControlPolicy {
				enabled = append(enabled, kind.Type)
			}
		}
		if err := t.unit(ctx, aws.ToString(root.Id), enabled); err != nil {
			return err
		}
	}
	return nil
}

// unit reads a root or unit and everything below it.
func (t *tree) unit(ctx context.Context, id string, enabled []types.PolicyType) error {
	if err := t.attached(ctx, id, enabled); err != nil {
		return err
	}
	var units []types.OrganizationalUnit
	_, err := t.keep(t.folder+"/"+id+"/units.json", "organizations:ListOrganizationalUnitsForParent", false, func() (any, error) {
		units = []types.OrganizationalUnit{}
		pages := organizations.NewListOrganizationalUnitsForParentPaginator(t.client,
			&organizations.ListOrganizationalUnitsForParentInput{ParentId: &id})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			units = append(units, page.OrganizationalUnits...)
		}
		return map[string]any{"OrganizationalUnits": units}, nil
	})
	if err != nil {
		return err
	}
	if err := t.accounts(ctx, id, enabled); err != nil {
		return err
	}
	for _, u := range units {
		if err := t.unit(ctx, aws.ToString(u.Id), enabled); err != nil {
			return err
		}
	}
	return nil
}

// accounts reads the accounts in a root or unit with their policies.
func (t *tree) accounts(ctx context.Context, parent string, enabled []types.PolicyType) error {
	var accounts []types.Account
	_, err := t.keep(t.folder+"/"+parent+"/accounts.json", "organizations:ListAccountsForParent", false, func() (any, error) {
		accounts = []types.Account{}
		pages := organizations.NewListAccountsForParentPaginator(t.client, &organizations.ListAccountsForParentInput{ParentId: &parent})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			accounts = append(accounts, page.Accounts...)
		}
		return map[string]any{"Accounts": accounts}, nil
	})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if err := t.attached(ctx, aws.ToString(a.Id), enabled); err != nil {
			return err
		}
	}
	return nil
}

// attached reads the policies of a root, unit or account.
func (t *tree) attached(ctx context.Context, target string, enabled []types.PolicyType) error {
	for _, kind := range enabled {
		name := "/scps.json"
		if kind == types.PolicyTypeResourceControlPolicy {
			name = "/rcps.json"
		}
		var summaries []types.PolicySummary
		_, err := t.keep(t.folder+"/"+target+name, "organizations:ListPoliciesForTarget", false, func() (any, error) {
			summaries = []types.PolicySummary{}
			pages := organizations.NewListPoliciesForTargetPaginator(t.client,
				&organizations.ListPoliciesForTargetInput{TargetId: &target, Filter: kind})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				summaries = append(summaries, page.Policies...)
			}
			return map[string]any{"Policies": summaries}, nil
		})
		if err != nil {
			return err
		}
		for _, s := range summaries {
			if err := t.policy(ctx, aws.ToString(s.Id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// policy reads the text of a policy, once.
func (t *tree) policy(ctx context.Context, id string) error {
	if t.policies[id] {
		return nil
	}
	t.policies[id] = true
	_, err := t.keep(t.folder+"/policies/"+id+".json", "organizations:DescribePolicy", false, func() (any, error) {
		out, err := t.client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &id})
		if err != nil {
			return nil, err
		}
		return map[string]any{"Policy": out.Policy}, nil
	})
	return err
}
