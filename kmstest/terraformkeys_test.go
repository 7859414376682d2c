package kmstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// TestTerraformKeys builds keys of every kind with Terraform, in two Regions, with grants, ciphertexts and the data sources:
// plans are empty after they are made and after they are changed, and destroying schedules the deletion of all.
func TestTerraformKeys(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Terraform takes a minute")
	}
	s := kmstest.Start(t)
	f := newTerraform(t, s, "terraform-keys")
	for _, generation := range []string{"first", "second"} {
		variable := "-var=generation=" + generation
		f.mustRun("apply", "-auto-approve", "-input=false", "-no-color", variable)
		plan, exit := f.run("plan", "-detailed-exitcode", "-input=false", "-no-color", variable)
		require.Zero(t, exit, "%s: the plan is not empty: %s", generation, plan)
		out := f.outputs()
		require.Equal(t, "REPLICA", out["replica_type"])
		require.Equal(t, []string{"Enabled", "Enabled", "PendingImport"}, []string{out["imported"], out["imported_replica"], out["waiting"]})
		require.Equal(t, []string{"a secret", "a secret"}, []string{out["secret"], out["secret_in_ireland"]})
		if generation == "first" {
			require.Contains(t, out["public_key"], "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQc", "an EC P-256 SubjectPublicKeyInfo")
		}
		requireGeneration(t, s, out, generation)
	}
	out := f.outputs()
	f.mustRun("destroy", "-auto-approve", "-input=false", "-no-color")
	for region, want := range map[string]kmstypes.KeyState{"us-east-1": "", "eu-west-1": kmstypes.KeyStatePendingDeletion} {
		c := kms.NewFromConfig(s.Config("root"), func(o *kms.Options) { o.Region = region })
		keys, err := c.ListKeys(t.Context(), nil)
		require.NoError(t, err)
		require.NotEmpty(t, keys.Keys)
		for _, k := range keys.Keys {
			key, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: k.KeyId})
			require.NoError(t, err)
			switch {
			case want != "":
				require.Equal(t, want, key.KeyMetadata.KeyState)
			case aws.ToBool(key.KeyMetadata.MultiRegion):
				require.Equal(t, kmstypes.KeyStatePendingReplicaDeletion, key.KeyMetadata.KeyState, out["primary"])
			default:
				require.Equal(t, kmstypes.KeyStatePendingDeletion, key.KeyMetadata.KeyState)
			}
		}
	}
}

// requireGeneration requires that what a variable says is so.
func requireGeneration(t *testing.T, s *kmstest.Server, out map[string]string, generation string) {
	t.Helper()
	home := client(s, "root")
	away := kms.NewFromConfig(s.Config("root"), func(o *kms.Options) { o.Region = "eu-west-1" })
	key, err := away.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(out["replica"])})
	require.NoError(t, err)
	require.Equal(t, "replica, "+generation, *key.KeyMetadata.Description)
	status, err := home.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: aws.String(out["primary"])})
	require.NoError(t, err)
	require.Equal(t, map[string]int32{"first": 90, "second": 180}[generation], *status.RotationPeriodInDays)
	grants, err := home.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: aws.String(out["primary"])})
	require.NoError(t, err)
	require.Len(t, grants.Grants, 1)
	require.Equal(t, "app-"+generation, *grants.Grants[0].Name)
}
