package kmstest_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"
)

// pages collects what pages hold. A page has at most limit entries, and a marker if and only if it is truncated.
func pages(t *testing.T, limit int32, page func(marker *string) (found []string, truncated bool, next *string)) []string {
	t.Helper()
	var all []string
	var marker *string
	for range 100 {
		found, truncated, next := page(marker)
		require.LessOrEqual(t, len(found), int(limit))
		require.Equal(t, truncated, next != nil)
		all = append(all, found...)
		if !truncated {
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(all))), len(all), "something is on two pages")
			return all
		}
		marker = next
	}
	require.Fail(t, "the pages do not end")
	return nil
}

func listKeys(t *testing.T, c *kms.Client, limit int32) []string {
	return pages(t, limit, func(marker *string) (found []string, truncated bool, next *string) {
		out, err := c.ListKeys(t.Context(), &kms.ListKeysInput{Limit: &limit, Marker: marker})
		require.NoError(t, err)
		for _, k := range out.Keys {
			found = append(found, *k.KeyId)
		}
		return found, out.Truncated, out.NextMarker
	})
}

func listAliases(t *testing.T, c *kms.Client, key *string, limit int32) []string {
	return pages(t, min(limit, 100), func(marker *string) (found []string, truncated bool, next *string) {
		out, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: key, Limit: aws.Int32(min(limit, 100)), Marker: marker})
		require.NoError(t, err)
		for _, a := range out.Aliases {
			found = append(found, *a.AliasName)
		}
		return found, out.Truncated, out.NextMarker
	})
}

func listGrants(t *testing.T, c *kms.Client, grantee *string, limit int32) []string {
	return pages(t, min(limit, 100), func(marker *string) (found []string, truncated bool, next *string) {
		out, err := c.ListGrants(t.Context(), &kms.ListGrantsInput{
			KeyId: aws.String(delegatedKey), GranteePrincipal: grantee, Limit: aws.Int32(min(limit, 100)), Marker: marker,
		})
		require.NoError(t, err)
		return grantIDs(out.Grants), out.Truncated, out.NextMarker
	})
}

func listRetirable(t *testing.T, c *kms.Client, principal string, limit int32) []string {
	return pages(t, min(limit, 100), func(marker *string) (found []string, truncated bool, next *string) {
		out, err := c.ListRetirableGrants(t.Context(), &kms.ListRetirableGrantsInput{
			RetiringPrincipal: &principal, Limit: aws.Int32(min(limit, 100)), Marker: marker,
		})
		require.NoError(t, err)
		return grantIDs(out.Grants), out.Truncated, out.NextMarker
	})
}

func grantIDs(grants []types.GrantListEntry) (ids []string) {
	for _, g := range grants {
		ids = append(ids, *g.GrantId)
	}
	return ids
}
