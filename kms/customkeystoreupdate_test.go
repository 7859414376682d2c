package kms

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/quota"
	"github.com/strictkms/strictkms/store"
)

// TestUpdateClusterStore: what changes while the key store is connected, and which clusters have the same keys.
func TestUpdateClusterStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	anchor := f.config.Clusters.find("111122223333", "us-east-1", testCluster).Certificate
	key, _ := alice.createKey(in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id})
	blob := alice.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")})["CiphertextBlob"]
	update := func(name string, value any) in { return in{"CustomKeyStoreId": id, name: value} }

	alice.do("UpdateCustomKeyStore", update("NewCustomKeyStoreName", "renamed"))
	require.Equal(t, "CONNECTED", alice.connection(id))
	alice.do("DescribeCustomKeyStores", in{"CustomKeyStoreName": "renamed"})
	alice.fails("DescribeCustomKeyStores", in{"CustomKeyStoreName": "ours"}, CodeCustomKeyStoreNotFound, errStoreNotFound.Message)
	alice.fails("UpdateCustomKeyStore", update("KeyStorePassword", "0123456"), CodeCustomKeyStoreInvalidState, errStoreState.Message)
	alice.fails("UpdateCustomKeyStore", update("CloudHsmClusterId", testCluster), CodeCustomKeyStoreInvalidState, errStoreState.Message)
	alice.fails("UpdateCustomKeyStore", update("XksProxyUriPath", "/kms/xks/v1"), CodeValidation,
		"XksProxy parameters are not valid for a custom key store of type AWS_CLOUDHSM.")
	alice.fails("UpdateCustomKeyStore", in{"CustomKeyStoreId": id}, CodeValidation, "You must specify at least one property to update.")

	alice.do("DisconnectCustomKeyStore", in{"CustomKeyStoreId": id})
	alice.fails("UpdateCustomKeyStore", update("NewCustomKeyStoreName", "x"), CodeCustomKeyStoreInvalidState, errStoreState.Message)
	f.advance(connectionTime)
	related, unrelated, unknown := "cluster-bbbbbbbbbbb", "cluster-ccccccccccc", "cluster-ddddddddddd"
	f.cluster(func(c *Cluster) { c.ID, c.Certificate, c.Password = related, anchor, "another password" })
	f.cluster(func(c *Cluster) { c.ID, c.Certificate = unrelated, trustAnchor(t, "theirs") })
	f.cluster(func(c *Cluster) { c.ID = unknown }) // whose certificate nobody knows
	for _, other := range []string{unrelated, unknown} {
		alice.fails("UpdateCustomKeyStore", update("CloudHsmClusterId", other), CodeCloudHsmClusterNotRelated, errClusterNotRelated.Message)
	}
	alice.fails("UpdateCustomKeyStore", update("CloudHsmClusterId", "cluster-eeeeeeeeeee"), CodeCloudHsmClusterNotFound, errClusterNotFound.Message)
	alice.do("UpdateCustomKeyStore", update("CloudHsmClusterId", related))
	require.Equal(t, related, alice.describe(key)["CloudHsmClusterId"])
	alice.connectStore(id)
	require.Equal(t, "FAILED INVALID_CREDENTIALS", alice.connection(id))
	alice.do("DisconnectCustomKeyStore", in{"CustomKeyStoreId": id})
	f.advance(connectionTime)
	alice.do("UpdateCustomKeyStore", update("KeyStorePassword", "another password"))
	f.restart()
	alice.connectStore(id)
	require.Equal(t, "CONNECTED", alice.connection(id))
	require.Equal(t, "eA==", alice.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"], "a related cluster has the key")
}

// TestCreateCustomKeyStoreIsHeldToItsType: parameters of the other type and missing ones are refused before anything is
// decided.
func TestCreateCustomKeyStoreIsHeldToItsType(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	hsm := in{"CustomKeyStoreName": "x", "CloudHsmClusterId": testCluster, "KeyStorePassword": testPassword, "TrustAnchorCertificate": "x"}
	xks := in{
		"CustomKeyStoreName": "x", "CustomKeyStoreType": "EXTERNAL_KEY_STORE", "XksProxyConnectivity": "PUBLIC_ENDPOINT",
		"XksProxyUriEndpoint": "https://xks.example.com", "XksProxyUriPath": "/kms/xks/v1",
		"XksProxyAuthenticationCredential": in{"AccessKeyId": strings.Repeat("A", 20), "RawSecretAccessKey": strings.Repeat("a", 43)},
	}
	const service = "com.amazonaws.vpce.us-east-1.vpce-svc-example1"
	for _, input := range []in{
		hsm.but(in{"CloudHsmClusterId": nil}), hsm.but(in{"KeyStorePassword": nil}), hsm.but(in{"TrustAnchorCertificate": nil}),
		hsm.but(in{"XksProxyUriPath": "/kms/xks/v1"}), hsm.but(in{"XksProxyVpcEndpointServiceName": service}),
		xks.but(in{"XksProxyUriEndpoint": nil}), xks.but(in{"XksProxyUriPath": nil}), xks.but(in{"XksProxyConnectivity": nil}),
		xks.but(in{"XksProxyAuthenticationCredential": nil}), xks.but(in{"KeyStorePassword": testPassword}),
		xks.but(in{"XksProxyVpcEndpointServiceName": service}), xks.but(in{"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE"}),
		xks.but(in{"XksProxyUriEndpoint": "http://xks.example.com"}), xks.but(in{"XksProxyUriEndpoint": "https://xks.example.com:8443"}),
		xks.but(in{"XksProxyUriPath": "/kms/xks/v1/"}), xks.but(in{"XksProxyUriPath": "/kms/xks/v"}),
		xks.but(in{"XksProxyAuthenticationCredential": in{"AccessKeyId": "short", "RawSecretAccessKey": strings.Repeat("a", 43)}}),
		xks.but(in{"XksProxyAuthenticationCredential": in{"AccessKeyId": strings.Repeat("A", 20)}}),
		hsm.but(in{"CustomKeyStoreName": nil}), hsm.but(in{"CloudHsmClusterId": "cluster-1"}), hsm.but(in{"KeyStorePassword": "short"}),
	} {
		_, err := alice.try("CreateCustomKeyStore", input)
		require.Equal(t, CodeValidation, withoutCause(t, err).Code, "%v", input)
		require.Empty(t, alice.asked)
		require.NotContains(t, err.Error(), "short", "secrets are not shown")
	}
	alice.fails("CreateCustomKeyStore", xks.but(in{"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyVpcEndpointServiceName": service}),
		CodeXksProxyVpcServiceNotFound, errVpcServiceNotFound.Message)
	_, err := alice.try("CreateCustomKeyStore", xks)
	require.Equal(t, CodeXksProxyURIUnreachable, withoutCause(t, err).Code, "the service was started without proxies")
}

// TestCustomStoresAreMadeOneAfterTheOther: of many at a time that want the same name one is made, and of deleting a key store
// and making a key in it one happens.
func TestCustomStoresAreMadeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var wait sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		f.cluster(func(c *Cluster) { c.ID = fmt.Sprintf("cluster-aaaaaaaaaa%c", 'b'+i) })
		wait.Go(func() {
			_, errs[i] = f.alice().try("CreateCustomKeyStore", in{
				"CustomKeyStoreName": "same", "CloudHsmClusterId": fmt.Sprintf("cluster-aaaaaaaaaa%c", 'b'+i),
				"KeyStorePassword": testPassword, "TrustAnchorCertificate": trustAnchor(t, "x"),
			})
		})
	}
	wait.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		require.Equal(t, CodeCustomKeyStoreNameInUse, withoutCause(t, err).Code)
	}
	require.Equal(t, 1, made)

	alice := f.alice()
	id := alice.do("DescribeCustomKeyStores", in{})["CustomKeyStores"].([]any)[0].(map[string]any)["CustomKeyStoreId"].(string)
	s := f.service.state.current.Load().customStore(statePath("111122223333", "us-east-1", id))
	tx := store.Tx{}
	require.NoError(t, s.hold(&tx)) // what making a key in it does
	require.NoError(t, f.service.commit(t.Context(), tx))
	stale := store.Tx{
		Compare: []store.Comparison{s.unchanged()}, Changes: []store.Change{{Key: customStorePrefix + s.path(), Delete: true}},
	}
	require.ErrorIs(t, f.service.commit(t.Context(), stale), store.ErrConflict, "it was decided that it has no keys before")
}

// TestSecretsOfCustomStoresAreSealed: neither the store nor an answer has them, and they open in their place only.
func TestSecretsOfCustomStoresAreSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	entries, _, err := f.store.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, string(e.Value), testPassword, e.Key)
	}
	require.NotContains(t, fmt.Sprint(alice.do("DescribeCustomKeyStores", in{})), testPassword)
	s := f.service.state.current.Load().customStore(statePath("111122223333", "us-east-1", id))
	password, err := f.service.openStoreSecret(passwordSecret, s.path(), s.record.Cluster.SealedPassword)
	require.NoError(t, err)
	require.Equal(t, testPassword, string(password))
	require.Equal(t, redacted, fmt.Sprintf("%v", password))
	require.Equal(t, redacted, fmt.Sprintf("%#v", password))
	for _, place := range [][2]string{{proxySecret, s.path()}, {passwordSecret, s.path() + "0"}} {
		_, err = f.service.openStoreSecret(place[0], place[1], s.record.Cluster.SealedPassword)
		require.Error(t, err)
	}
	f.config.Store = f.store
	record := s.draft(f.service.now())
	record.Cluster = &clusterRecord{ID: testCluster, TrustAnchorCertificate: "x", SealedPassword: []byte("damaged")}
	record.State = storeDisconnected
	tx := store.Tx{}
	require.NoError(t, s.edit(&tx, record))
	require.NoError(t, f.service.commit(t.Context(), tx))
	_, err = alice.try("ConnectCustomKeyStore", in{"CustomKeyStoreId": id})
	require.Equal(t, CodeInternal, withoutCause(t, err).Code)
}

// TestKeysOfACustomStoreShareAQuota: 1,800 requests a second for each key store, from whatever account they come
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-key-stores).
func TestKeysOfACustomStoreShareAQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	first, arn := alice.createKey(in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id})
	second, _ := alice.createKey(in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id})
	elsewhere, _ := alice.createKey(in{})
	f.config.Throttle = quota.New(0.001, f.time) // two requests
	f.restart()
	encrypt := func(key string) in { return in{"KeyId": key, "Plaintext": []byte("x")} }
	alice.do("Encrypt", encrypt(first))
	alice.do("Encrypt", encrypt(second))
	alice.fails("Encrypt", encrypt(first), CodeThrottling, errThrottled.Message)
	f.as("444455556666").fails("Encrypt", encrypt(arn), CodeThrottling, errThrottled.Message)
	alice.fails("GenerateRandom", in{"NumberOfBytes": 1, "CustomKeyStoreId": id}, CodeThrottling, errThrottled.Message)
	alice.do("Encrypt", encrypt(elsewhere))
}
