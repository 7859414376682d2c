package fetch

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// identities reads the users, groups, roles and policies of the account.
func (r *run) identities(ctx context.Context) error {
	_, err := r.keep(r.account+"/iam.json", "iam:GetAccountAuthorizationDetails", false, func() (any, error) {
		// Empty lists are written: that there are no users is known then.
		users, groups, roles, policies := []types.UserDetail{}, []types.GroupDetail{}, []types.RoleDetail{}, []types.ManagedPolicyDetail{}
		pages := iam.NewGetAccountAuthorizationDetailsPaginator(iam.NewFromConfig(r.cfg), &iam.GetAccountAuthorizationDetailsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			users, groups = append(users, page.UserDetailList...), append(groups, page.GroupDetailList...)
			roles, policies = append(roles, page.RoleDetailList...), append(policies, page.Policies...)
		}
		return map[string]any{
			"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies,
		}, nil
	})
	return err
}
