package kmstest_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// TestTerraformKeyStores builds custom key stores of both kinds with Terraform, and keys in them: plans are empty after they
// are made and after they are changed, and destroying them leaves nothing.
func TestTerraformKeyStores(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Terraform takes a minute")
	}
	proxy := xksproxy.Start(t)
	proxy.MustAddKey("ledger")
	s := kmstest.Start(t, kmstest.WithWorld(keyStoreWorld), kmstest.WithExternalKeyStore(proxy.Host, proxy.Address, proxy.Certificate))
	f := newTerraform(t, s, "terraform-key-stores")
	f.attach()
	certificate := filepath.Join(t.TempDir(), "customerCA.crt")
	require.NoError(t, os.WriteFile(certificate, proxy.Certificate, 0o600))
	variables := []string{
		"-input=false", "-no-color", "-var=certificate=" + certificate, "-var=endpoint=" + proxy.Endpoint(), "-var=path=" + proxy.Path(),
		"-var=access_key_id=" + proxy.AccessKeyID, "-var=secret_access_key=" + proxy.SecretAccessKey,
	}
	apply := func(more ...string) map[string]string {
		t.Helper()
		f.mustRun(slices.Concat([]string{"apply", "-auto-approve"}, variables, more)...)
		plan, exit := f.run(slices.Concat([]string{"plan", "-detailed-exitcode"}, variables, more)...)
		require.Zero(t, exit, "%v: the plan is not empty: %s", more, plan)
		return f.outputs()
	}
	out := apply()
	require.Equal(t, "DISCONNECTED", out["state"])
	root, ctx := client(s, "root"), t.Context()
	for _, id := range []string{out["cluster"], out["outside"]} {
		connected(t, s, root, aws.String(id))
	}
	apply("-var=keys=1", "-var=name=renamed")
	keys, err := root.ListKeys(ctx, nil)
	require.NoError(t, err)
	require.Len(t, keys.Keys, 2)
	apply("-var=name=renamed")
	s.Clock.Advance(8 * 24 * time.Hour) // the keys are gone
	for _, id := range []string{out["cluster"], out["outside"]} {
		_, err := root.DisconnectCustomKeyStore(ctx, &kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: aws.String(id)})
		require.NoError(t, err)
	}
	s.Clock.Advance(time.Minute)
	f.mustRun(slices.Concat([]string{"destroy", "-auto-approve"}, variables)...)
	stores, err := root.DescribeCustomKeyStores(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, stores.CustomKeyStores)
}
