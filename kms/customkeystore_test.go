package kms

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	testCluster  = "cluster-a23b4cdefgh"
	testPassword = "a kmsuser's password"
)

// but returns an input with changes; the original stays as it is.
func (input in) but(more in) in { return maps.Clone(input).with(more) }

// trustAnchor makes a certificate of its own.
func trustAnchor(t testing.TB, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// cluster makes a cluster there is, with changes.
func (f *fixture) cluster(change func(*Cluster)) {
	f.t.Helper()
	c := Cluster{Account: "111122223333", Region: "us-east-1", ID: testCluster, HSMs: 2, Password: testPassword}
	if change != nil {
		change(&c)
	}
	require.NoError(f.t, f.config.Clusters.Put(c))
}

// clusterStore makes an AWS CloudHSM key store that is connected, and returns its id.
func (f *fixture) clusterStore(c *actor) string {
	f.t.Helper()
	anchor := trustAnchor(f.t, "ours")
	f.cluster(func(c *Cluster) { c.Certificate = anchor })
	id := c.do("CreateCustomKeyStore", in{
		"CustomKeyStoreName": "ours", "CloudHsmClusterId": testCluster, "KeyStorePassword": testPassword,
		"TrustAnchorCertificate": anchor,
	})["CustomKeyStoreId"].(string)
	require.Regexp(f.t, `^cks-[0-9a-f]{17}$`, id)
	c.connectStore(id)
	return id
}

// connectStore connects a key store and waits.
func (c *actor) connectStore(id string) {
	c.f.t.Helper()
	require.Empty(c.f.t, c.do("ConnectCustomKeyStore", in{"CustomKeyStoreId": id}))
	c.f.advance(connectionTime)
}

// connection is the state of a key store, with the code of a failure.
func (c *actor) connection(id string) string {
	c.f.t.Helper()
	stores := c.do("DescribeCustomKeyStores", in{"CustomKeyStoreId": id})["CustomKeyStores"].([]any)
	require.Len(c.f.t, stores, 1)
	entry := stores[0].(map[string]any)
	state := entry["ConnectionState"].(string)
	if code, failed := entry["ConnectionErrorCode"].(string); failed {
		state += " " + code
	}
	return state
}

// TestClusterStoreLives goes through the life of an AWS CloudHSM key store and a key in it.
func TestClusterStoreLives(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	named := in{"CustomKeyStoreId": id}
	entry := alice.do("DescribeCustomKeyStores", in{"CustomKeyStoreName": "ours"})["CustomKeyStores"].([]any)[0].(map[string]any)
	require.Contains(t, entry["TrustAnchorCertificate"], "BEGIN CERTIFICATE")
	require.Equal(t, testCluster, entry["CloudHsmClusterId"])
	require.Equal(t, "AWS_CLOUDHSM", entry["CustomKeyStoreType"])
	require.NotContains(t, entry, "ConnectionErrorCode")
	require.NotContains(t, entry, "XksProxyConfiguration")

	key, arn := alice.createKey(in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id})
	described := alice.describe(key)
	require.Equal(t, "Enabled", described["KeyState"])
	require.Equal(t, "AWS_CLOUDHSM", described["Origin"])
	require.Equal(t, id, described["CustomKeyStoreId"])
	require.Equal(t, testCluster, described["CloudHsmClusterId"])
	require.NotContains(t, described, "XksKeyConfiguration")
	require.NotContains(t, described, "CurrentKeyMaterialId")
	encrypted := alice.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")})
	blob := in{"CiphertextBlob": encrypted["CiphertextBlob"]}

	alice.do("DisconnectCustomKeyStore", named)
	require.Equal(t, "DISCONNECTING", alice.connection(id))
	require.Equal(t, "Unavailable", alice.describe(key)["KeyState"])
	require.Equal(t, false, alice.describe(key)["Enabled"])
	alice.fails("DisconnectCustomKeyStore", named, CodeCustomKeyStoreInvalidState, errStoreState.Message)
	alice.fails("ConnectCustomKeyStore", named, CodeCustomKeyStoreInvalidState, errStoreState.Message)
	f.advance(connectionTime)
	require.Equal(t, "DISCONNECTED", alice.connection(id))
	alice.fails("DisconnectCustomKeyStore", named, CodeCustomKeyStoreInvalidState, errStoreState.Message)
	alice.fails("Decrypt", blob, CodeInvalidState, arn+" is unavailable.")
	alice.fails("CreateKey", in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id}, CodeCustomKeyStoreInvalidState, errStoreState.Message)
	alice.fails("GenerateRandom", in{"NumberOfBytes": 1, "CustomKeyStoreId": id}, CodeCustomKeyStoreInvalidState, errStoreState.Message)
	alice.fails("DeleteCustomKeyStore", named, CodeCustomKeyStoreHasCMKs, errStoreHasKeys.Message)

	alice.do("DisableKey", in{"KeyId": key}) // it takes effect when the key is available again
	require.Equal(t, "Unavailable", alice.describe(key)["KeyState"])
	f.restart()
	alice.do("ConnectCustomKeyStore", named)
	require.Equal(t, "CONNECTING", alice.connection(id))
	require.Equal(t, "Unavailable", alice.describe(key)["KeyState"])
	alice.do("ConnectCustomKeyStore", named)
	f.advance(connectionTime)
	require.Equal(t, "CONNECTED", alice.connection(id))
	require.Equal(t, "Disabled", alice.describe(key)["KeyState"])
	alice.do("EnableKey", in{"KeyId": key})
	require.Equal(t, "eA==", alice.do("Decrypt", blob)["Plaintext"])
	require.Len(t, alice.do("GenerateRandom", in{"NumberOfBytes": 3, "CustomKeyStoreId": id})["Plaintext"], 4)
	alice.fails("DeleteCustomKeyStore", named, CodeCustomKeyStoreInvalidState, errStoreState.Message)

	alice.do("ScheduleKeyDeletion", in{"KeyId": key, "PendingWindowInDays": 7})
	alice.do("DisconnectCustomKeyStore", named)
	f.advance(connectionTime)
	require.Equal(t, "PendingDeletion", alice.describe(key)["KeyState"])
	alice.fails("DeleteCustomKeyStore", named, CodeCustomKeyStoreHasCMKs, errStoreHasKeys.Message)
	f.advance(days(7))
	require.Empty(t, alice.do("DeleteCustomKeyStore", named))
	alice.fails("DescribeCustomKeyStores", named, CodeCustomKeyStoreNotFound, errStoreNotFound.Message)
	require.Empty(t, alice.do("DescribeCustomKeyStores", in{})["CustomKeyStores"])
}

// TestClusterStoreOperationsAreDecided: each asks for its own permission and does nothing without it.
func TestClusterStoreOperationsAreDecided(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	mallory := f.alice()
	mallory.deny = func(*Access) bool { return true }
	for operation, input := range map[string]in{
		"ConnectCustomKeyStore": {"CustomKeyStoreId": id}, "DisconnectCustomKeyStore": {"CustomKeyStoreId": id},
		"DeleteCustomKeyStore": {"CustomKeyStoreId": id}, "DescribeCustomKeyStores": {},
		"UpdateCustomKeyStore": {"CustomKeyStoreId": id, "NewCustomKeyStoreName": "mine"},
		"CreateCustomKeyStore": {
			"CustomKeyStoreName": "mine", "CloudHsmClusterId": testCluster, "KeyStorePassword": testPassword, "TrustAnchorCertificate": "x",
		},
	} {
		mallory.fails(operation, input, CodeAccessDenied, "denied kms:"+operation)
		require.Equal(t, []string{"kms:" + operation}, mallory.actions())
		if input["CustomKeyStoreId"] != nil {
			mallory.fails(operation, input.but(in{"CustomKeyStoreId": "cks-1"}), CodeAccessDenied, "denied kms:"+operation)
		}
		abroad := f.as("444455556666")
		if input["CustomKeyStoreId"] != nil {
			abroad.fails(operation, input, CodeCustomKeyStoreNotFound, errStoreNotFound.Message)
			f.alice().inIreland().fails(operation, input, CodeCustomKeyStoreNotFound, errStoreNotFound.Message)
		}
	}
	require.Equal(t, "CONNECTED", alice.connection(id))
}

// TestClustersAreLookedAt: what the cluster is like decides what AWS KMS can do with it.
func TestClustersAreLookedAt(t *testing.T) {
	t.Parallel()
	ours, theirs := trustAnchor(t, "ours"), trustAnchor(t, "theirs")
	create := in{
		"CustomKeyStoreName": "store", "CloudHsmClusterId": testCluster, "KeyStorePassword": testPassword, "TrustAnchorCertificate": ours,
	}
	for _, test := range []struct {
		name   string
		change func(*Cluster)
		input  in
		want   *Error
	}{
		{"another cluster", nil, in{"CloudHsmClusterId": "cluster-zzzzzzzzzzz"}, errClusterNotFound},
		{"another Region", func(c *Cluster) { c.Region = "eu-west-1" }, in{}, errClusterNotFound},
		{"another account", func(c *Cluster) { c.Account = "444455556666" }, in{}, errClusterNotFound},
		{"not active", func(c *Cluster) { c.State = "INITIALIZED" }, in{}, errClusterNotActive},
		{"one HSM", func(c *Cluster) { c.HSMs = 1 }, in{}, errClusterConfiguration},
		{"another certificate", func(c *Cluster) { c.Certificate = theirs }, in{}, errTrustAnchor},
		{"no certificate", nil, in{"TrustAnchorCertificate": "x"}, errTrustAnchor},
		{"a wrong password is found out later", nil, in{"KeyStorePassword": "another"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			f.cluster(test.change)
			if test.want == nil {
				f.alice().do("CreateCustomKeyStore", create.but(test.input))
				return
			}
			f.alice().fails("CreateCustomKeyStore", create.but(test.input), test.want.Code, test.want.Message)
		})
	}
	for _, test := range []struct {
		name   string
		change func(*Cluster)
		want   string
		err    *Error
	}{
		{"deleted", func(c *Cluster) { c.Account = "444455556666" }, "FAILED CLUSTER_NOT_FOUND", nil},
		{"another password", func(c *Cluster) { c.Password = "0123456" }, "FAILED INVALID_CREDENTIALS", nil},
		{"one HSM will do", func(c *Cluster) { c.HSMs = 1 }, "CONNECTED", nil},
		{"locked out", func(c *Cluster) { c.ConnectionError = "USER_LOCKED_OUT" }, "FAILED USER_LOCKED_OUT", nil},
		{"no HSM", func(c *Cluster) { c.HSMs = 0 }, "DISCONNECTED", errClusterConfiguration},
		{"not active", func(c *Cluster) { c.State = "DEGRADED" }, "DISCONNECTED", errClusterNotActive},
	} {
		t.Run("connecting, "+test.name, func(t *testing.T) {
			f := newFixture(t)
			alice := f.alice()
			f.cluster(nil)
			id := alice.do("CreateCustomKeyStore", create)["CustomKeyStoreId"].(string)
			f.config.Clusters.Delete("111122223333", "us-east-1", testCluster)
			f.cluster(test.change)
			if test.err != nil {
				alice.fails("ConnectCustomKeyStore", in{"CustomKeyStoreId": id}, test.err.Code, test.err.Message)
			} else {
				alice.connectStore(id)
			}
			require.Equal(t, test.want, alice.connection(id))
			if !strings.HasPrefix(test.want, "FAILED") {
				return
			}
			alice.fails("ConnectCustomKeyStore", in{"CustomKeyStoreId": id}, CodeCustomKeyStoreInvalidState, errStoreState.Message)
			alice.fails("UpdateCustomKeyStore", in{"CustomKeyStoreId": id, "NewCustomKeyStoreName": "x"}, CodeCustomKeyStoreInvalidState, errStoreState.Message)
			alice.do("DisconnectCustomKeyStore", in{"CustomKeyStoreId": id})
			f.advance(connectionTime)
			require.Equal(t, "DISCONNECTED", alice.connection(id))
			f.config.Clusters.Delete("444455556666", "us-east-1", testCluster)
			f.cluster(nil)
			alice.connectStore(id)
			require.Equal(t, "CONNECTED", alice.connection(id))
		})
	}
}

// TestClustersOfKeysAreLookedAt: a key can be used while its cluster has an HSM.
func TestClustersOfKeysAreLookedAt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	create := in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id}
	key, _ := alice.createKey(create)
	blob := alice.do("GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256"})["CiphertextBlob"]
	for _, change := range []func(*Cluster){
		func(c *Cluster) { c.HSMs = 0 },
		func(c *Cluster) { c.State = "DELETE_IN_PROGRESS" },
	} {
		f.cluster(change)
		require.Equal(t, "CONNECTED", alice.connection(id))
		require.Equal(t, "Enabled", alice.describe(key)["KeyState"])
		alice.fails("Decrypt", in{"CiphertextBlob": blob}, CodeInvalidState, messageNoCluster)
		alice.fails("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")}, CodeInvalidState, messageNoCluster)
		alice.fails("GenerateRandom", in{"NumberOfBytes": 1, "CustomKeyStoreId": id}, CodeCustomKeyStoreInvalidState, messageNoCluster)
	}
	f.cluster(func(c *Cluster) { c.HSMs = 1 })
	alice.do("Decrypt", in{"CiphertextBlob": blob})
	alice.fails("CreateKey", create, CodeCloudHsmClusterInvalidConfiguration, errClusterConfiguration.Message)
	f.config.Clusters.Delete("111122223333", "us-east-1", testCluster)
	alice.fails("CreateKey", create, CodeCustomKeyStoreInvalidState, messageNoCluster)
	alice.fails("Decrypt", in{"CiphertextBlob": blob}, CodeInvalidState, messageNoCluster)
}

// TestKeysOfClusterStoresAreLimited: they are symmetric encryption keys of one Region whose material stays.
func TestKeysOfClusterStoresAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	for _, test := range []struct {
		input         in
		code, message string
	}{
		{in{"CustomKeyStoreId": id}, CodeUnsupportedOperation, ""},
		{in{"Origin": "EXTERNAL", "CustomKeyStoreId": id}, CodeUnsupportedOperation, ""},
		{in{"Origin": "AWS_CLOUDHSM"}, CodeValidation, "CustomKeyStoreId is required when Origin is AWS_CLOUDHSM."},
		{in{"Origin": "EXTERNAL_KEY_STORE"}, CodeValidation, "CustomKeyStoreId is required when Origin is EXTERNAL_KEY_STORE."},
		{in{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": id}, CodeValidation, "XksKeyId is required when Origin is EXTERNAL_KEY_STORE."},
		{in{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": id, "XksKeyId": "x"}, CodeUnsupportedOperation, ""},
		{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id, "XksKeyId": "x"}, CodeUnsupportedOperation, ""},
		{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id, "MultiRegion": true}, CodeUnsupportedOperation, ""},
		{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id, "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, CodeUnsupportedOperation, ""},
		{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id, "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, CodeUnsupportedOperation, ""},
		{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1"}, CodeCustomKeyStoreNotFound, errStoreNotFound.Message},
		{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "../" + id}, CodeCustomKeyStoreNotFound, errStoreNotFound.Message},
	} {
		alice.fails("CreateKey", test.input, test.code, test.message)
	}
	key, arn := alice.createKey(in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id})
	require.Equal(t, []string{"AWS_CLOUDHSM"}, alice.asked[0].Context["kms:KeyOrigin"])
	wrong := arn + " origin is AWS_CLOUDHSM which is not valid for this operation."
	for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus", "RotateKeyOnDemand", "ListKeyRotations"} {
		alice.fails(operation, in{"KeyId": key}, CodeUnsupportedOperation, wrong)
	}
	alice.fails("GetParametersForImport", in{
		"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
	}, CodeUnsupportedOperation, wrong)
	alice.fails("GenerateDataKeyPair", in{"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}, CodeUnsupportedOperation, wrong)
}

// TestMaterialSaysWhichClusterItIsIn: it opens as that of another cluster as little as as that of another key.
func TestMaterialSaysWhichClusterItIsIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := f.clusterStore(alice)
	key, _ := alice.createKey(in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id})
	path := statePath("111122223333", "us-east-1", key)
	stored := f.service.state.current.Load().key(path)
	require.Equal(t, testCluster, stored.record.Materials[0].Cluster)
	record := *stored.record
	record.Materials = []materialRecord{record.Materials[0]}
	record.Materials[0].Cluster = "cluster-zzzzzzzzzzz"
	require.NoError(t, f.service.write(t.Context(), stored, &record))
	f.restart()
	_, err := alice.try("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")})
	require.Equal(t, CodeInternal, withoutCause(t, err).Code)
}

// TestCustomStoresAreUnique: names, clusters and their relatives have one key store, and there are ten at most.
func TestCustomStoresAreUnique(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	f.clusterStore(alice)
	anchor := f.config.Clusters.find("111122223333", "us-east-1", testCluster).Certificate
	create := in{
		"CustomKeyStoreName": "ours", "CloudHsmClusterId": testCluster, "KeyStorePassword": testPassword, "TrustAnchorCertificate": anchor,
	}
	alice.fails("CreateCustomKeyStore", create, CodeCustomKeyStoreNameInUse, errStoreNameInUse.Message)
	alice.fails("CreateCustomKeyStore", create.but(in{"CustomKeyStoreName": "other"}), CodeCloudHsmClusterInUse, errClusterInUse.Message)
	f.cluster(func(c *Cluster) { c.ID, c.Certificate = "cluster-bbbbbbbbbbb", anchor })
	alice.fails("CreateCustomKeyStore", create.but(in{
		"CustomKeyStoreName": "other", "CloudHsmClusterId": "cluster-bbbbbbbbbbb",
	}), CodeCloudHsmClusterInUse, errClusterInUse.Message)

	other := trustAnchor(t, "other")
	for i := range 10 {
		name := string(rune('a' + i))
		f.cluster(func(c *Cluster) { c.ID = "cluster-" + strings.Repeat(name, 12) })
		input := create.but(in{
			"CustomKeyStoreName": name, "CloudHsmClusterId": "cluster-" + strings.Repeat(name, 12), "TrustAnchorCertificate": other,
		})
		if i < 9 {
			alice.do("CreateCustomKeyStore", input)
		} else {
			alice.fails("CreateCustomKeyStore", input, CodeLimitExceeded, "The request was rejected because a quota was exceeded.")
		}
	}
	ids := alice.list("DescribeCustomKeyStores", "CustomKeyStores", "CustomKeyStoreId", in{"Limit": 3})
	require.Len(t, ids, 10)
}
