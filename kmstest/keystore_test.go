package kmstest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	strict "github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kmstest"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// keyStoreWorld has somebody who manages custom key stores, and a role that uses their keys.
const keyStoreWorld = `
accounts:
  "111122223333":
    clusters:
      cluster-a23b4cdefgh: {password: "01234567"}
    users:
      keeper:
        policies:
          stores: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "kms:*", Resource: "*"}]}
          role: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:CreateServiceLinkedRole", Resource: "*", Condition: {StringEquals: {"iam:AWSServiceName": cks.kms.amazonaws.com}}}]}
      unlinked:
        policies:
          stores: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "kms:*", Resource: "*"}]}
      guest:
        policies:
          reads: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "kms:DescribeCustomKeyStores", Resource: "*"}]}
    roles:
      App:
        path: /service/
        trust: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {AWS: "111122223333"}, Action: "sts:AssumeRole"}]}
        policies:
          uses: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["kms:Encrypt", "kms:Decrypt"], Resource: "*"}]}
`

// connected connects a custom key store and waits.
func connected(t *testing.T, s *kmstest.Server, keeper *kms.Client, id *string) {
	t.Helper()
	_, err := keeper.ConnectCustomKeyStore(t.Context(), &kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id})
	require.NoError(t, err)
	s.Clock.Advance(time.Minute)
	out, err := keeper.DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{CustomKeyStoreId: id})
	require.NoError(t, err)
	require.Equal(t, types.ConnectionStateTypeConnected, out.CustomKeyStores[0].ConnectionState)
}

// TestExternalKeyStore shows, by the SDK, a key whose material lives in an external key manager.
func TestExternalKeyStore(t *testing.T) {
	t.Parallel()
	proxy := xksproxy.Start(t)
	proxy.MustAddKey("ledger")
	s := kmstest.Start(t, kmstest.WithWorld(keyStoreWorld), kmstest.WithExternalKeyStore(proxy.Host, proxy.Address, proxy.Certificate))
	keeper, app, ctx := client(s, "user/keeper"), client(s, "role/App"), t.Context()
	made, err := keeper.CreateCustomKeyStore(ctx, &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("outside"), CustomKeyStoreType: types.CustomKeyStoreTypeExternalKeyStore,
		XksProxyConnectivity: types.XksProxyConnectivityTypePublicEndpoint, XksProxyUriEndpoint: aws.String(proxy.Endpoint()),
		XksProxyUriPath: aws.String(proxy.Path()),
		XksProxyAuthenticationCredential: &types.XksProxyAuthenticationCredentialType{
			AccessKeyId: aws.String(proxy.AccessKeyID), RawSecretAccessKey: aws.String(proxy.SecretAccessKey),
		},
	})
	require.NoError(t, err)
	connected(t, s, keeper, made.CustomKeyStoreId)
	key, err := keeper.CreateKey(ctx, &kms.CreateKeyInput{
		Origin: types.OriginTypeExternalKeyStore, CustomKeyStoreId: made.CustomKeyStoreId, XksKeyId: aws.String("ledger"),
	})
	require.NoError(t, err)
	require.Equal(t, "ledger", *key.KeyMetadata.XksKeyConfiguration.Id)
	proxy.Requests()

	encrypted, err := app.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.KeyId, Plaintext: []byte("a balance")})
	require.NoError(t, err)
	asked := proxy.Requests()
	require.Len(t, asked, 1)
	require.Equal(t, "arn:aws:iam::111122223333:role/service/App", asked[0].Metadata["awsPrincipalArn"], "as aws:PrincipalArn has it")
	require.Equal(t, *key.KeyMetadata.Arn, asked[0].Metadata["kmsKeyArn"])

	proxy.Stop()
	_, err = app.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	invalid := requireException[*types.KMSInvalidStateException](t, err)
	require.Contains(t, invalid, "AWS KMS cannot communicate with the external key store proxy")
	proxy.Restart()
	decrypted, err := app.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	require.NoError(t, err)
	require.Equal(t, "a balance", string(decrypted.Plaintext))
	_, err = client(s, "user/guest").Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	require.ErrorContains(t, err, "AccessDeniedException", "the external key gives nobody a permission")
	proxy.SetAuthorization(func(r *xksproxy.Request) bool {
		return r.Metadata["awsPrincipalArn"] == "arn:aws:iam::111122223333:user/keeper"
	})
	_, err = app.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	require.Contains(t, requireException[*types.KMSInvalidStateException](t, err), "denied access to the operation")
}

// TestProxyTimeout: AWS KMS does not wait for long.
func TestProxyTimeout(t *testing.T) {
	t.Parallel()
	proxy := xksproxy.Start(t)
	s := kmstest.Start(t, kmstest.WithExternalKeyStore(proxy.Host, proxy.Address, proxy.Certificate), kmstest.WithProxyTimeout(time.Nanosecond))
	_, err := client(s, "root").CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("outside"), CustomKeyStoreType: types.CustomKeyStoreTypeExternalKeyStore,
		XksProxyConnectivity: types.XksProxyConnectivityTypePublicEndpoint, XksProxyUriEndpoint: aws.String(proxy.Endpoint()),
		XksProxyUriPath: aws.String(proxy.Path()),
		XksProxyAuthenticationCredential: &types.XksProxyAuthenticationCredentialType{
			AccessKeyId: aws.String(proxy.AccessKeyID), RawSecretAccessKey: aws.String(proxy.SecretAccessKey),
		},
	})
	requireException[*types.XksProxyUriUnreachableException](t, err)
	require.Empty(t, proxy.Requests())
}

// TestClusterKeyStore goes through an AWS CloudHSM key store by the SDK.
func TestClusterKeyStore(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(keyStoreWorld))
	keeper, guest, ctx := client(s, "user/keeper"), client(s, "user/guest"), t.Context()
	_, anchor, err := xksproxy.NewCertificate("hsm.example.com")
	require.NoError(t, err)
	input := &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("ours"), CloudHsmClusterId: aws.String("cluster-a23b4cdefgh"),
		KeyStorePassword: aws.String("01234567"), TrustAnchorCertificate: aws.String(string(anchor)),
	}
	_, err = guest.CreateCustomKeyStore(ctx, input)
	require.ErrorContains(t, err, "is not authorized to perform: kms:CreateCustomKeyStore on resource: *")
	// The service-linked role of AWS KMS is made with the caller's permissions, when it is not there.
	unlinked := client(s, "user/unlinked")
	_, err = unlinked.CreateCustomKeyStore(ctx, input)
	require.ErrorContains(t, err, "AccessDeniedException: User: arn:aws:iam::111122223333:user/unlinked is not authorized to perform: "+
		"iam:CreateServiceLinkedRole on resource: arn:aws:iam::111122223333:role/aws-service-role/cks.kms.amazonaws.com/"+
		"AWSServiceRoleForKeyManagementServiceCustomKeyStores because no identity-based policy allows the iam:CreateServiceLinkedRole action")
	none, err := guest.DescribeCustomKeyStores(ctx, &kms.DescribeCustomKeyStoresInput{})
	require.NoError(t, err)
	require.Empty(t, none.CustomKeyStores)
	made, err := keeper.CreateCustomKeyStore(ctx, input)
	require.NoError(t, err)
	again := *input
	again.CustomKeyStoreName = aws.String("second")
	_, err = unlinked.CreateCustomKeyStore(ctx, &again)
	requireException[*types.CloudHsmClusterInUseException](t, err) // the role is there now
	connected(t, s, keeper, made.CustomKeyStoreId)
	seen, err := guest.DescribeCustomKeyStores(ctx, &kms.DescribeCustomKeyStoresInput{})
	require.NoError(t, err)
	require.Equal(t, string(anchor), *seen.CustomKeyStores[0].TrustAnchorCertificate)
	for _, denied := range []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := guest.DisconnectCustomKeyStore(ctx, &kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: made.CustomKeyStoreId})
			return err
		},
		func(ctx context.Context) error {
			_, err := guest.DeleteCustomKeyStore(ctx, &kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: made.CustomKeyStoreId})
			return err
		},
		func(ctx context.Context) error {
			_, err := guest.UpdateCustomKeyStore(ctx, &kms.UpdateCustomKeyStoreInput{
				CustomKeyStoreId: made.CustomKeyStoreId, NewCustomKeyStoreName: aws.String("mine"),
			})
			return err
		},
	} {
		require.ErrorContains(t, denied(ctx), "because no identity-based policy allows the kms:")
	}

	key, err := keeper.CreateKey(ctx, &kms.CreateKeyInput{Origin: types.OriginTypeAwsCloudhsm, CustomKeyStoreId: made.CustomKeyStoreId})
	require.NoError(t, err)
	require.Equal(t, "cluster-a23b4cdefgh", *key.KeyMetadata.CloudHsmClusterId)
	data, err := keeper.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: key.KeyMetadata.KeyId, KeySpec: types.DataKeySpecAes256})
	require.NoError(t, err)
	s.SetCluster(strict.Cluster{ID: "cluster-a23b4cdefgh", HSMs: 0})
	_, err = keeper.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob})
	require.Contains(t, requireException[*types.KMSInvalidStateException](t, err), "KMS cannot communicate with your CloudHSM cluster")
	s.SetCluster(strict.Cluster{ID: "cluster-a23b4cdefgh", HSMs: 2})
	decrypted, err := keeper.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob})
	require.NoError(t, err)
	require.Equal(t, data.Plaintext, decrypted.Plaintext)
}

// TestMultiRegionRole makes multi-Region keys with and without the permission to make the service-linked role of AWS KMS,
// which is asked for whether the role is there or not.
func TestMultiRegionRole(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(strings.ReplaceAll(keyStoreWorld, "cks.kms", "mrk.kms")))
	keeper, unlinked, ctx := client(s, "user/keeper"), client(s, "user/unlinked"), t.Context()
	input := &kms.CreateKeyInput{MultiRegion: aws.Bool(true)}
	const denied = "AccessDeniedException: User: arn:aws:iam::111122223333:user/unlinked is not authorized to perform: " +
		"iam:CreateServiceLinkedRole on resource: arn:aws:iam::111122223333:role/aws-service-role/mrk.kms.amazonaws.com/" +
		"AWSServiceRoleForKeyManagementServiceMultiRegionKeys because no identity-based policy allows the iam:CreateServiceLinkedRole action"
	for range 2 {
		_, err := unlinked.CreateKey(ctx, input)
		require.ErrorContains(t, err, denied)
		_, err = keeper.CreateKey(ctx, input)
		require.NoError(t, err)
	}
	_, err := unlinked.CreateKey(ctx, &kms.CreateKeyInput{})
	require.NoError(t, err)
	keys, err := unlinked.ListKeys(ctx, &kms.ListKeysInput{})
	require.NoError(t, err)
	require.Len(t, keys.Keys, 3)
}
