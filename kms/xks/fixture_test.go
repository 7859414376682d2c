package xks_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/kms/xks"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
	"github.com/strictkms/strictkms/store/mem"
)

// patience is how long these tests wait for a proxy: the machine may be busy.
const patience = 10 * time.Second

func newClient(t *testing.T, proxy *xksproxy.Server, change func(*xks.Config)) *xks.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(proxy.Certificate))
	config := xks.Config{Roots: roots, Addresses: map[string]string{proxy.Host: proxy.Address}, Timeout: patience}
	if change != nil {
		change(&config)
	}
	client := xks.New(config)
	t.Cleanup(client.Close)
	return client
}

func named(proxy *xksproxy.Server) *kms.Proxy {
	return kms.NewProxy("us-east-1", proxy.Endpoint(), proxy.Path(), proxy.AccessKeyID, proxy.SecretAccessKey)
}

type in map[string]any

// fixture is a service with an external key store, and the proxy of it.
type fixture struct {
	t       *testing.T
	proxy   *xksproxy.Server
	config  kms.Config
	service *kms.Service
	now     time.Time
	call    kms.Call
	store   string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes))
	require.NoError(t, err)
	f := &fixture{t: t, proxy: xksproxy.Start(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.config = kms.Config{
		Store: mem.New(), Root: root, Clock: func() time.Time { return f.now }, Proxies: newClient(t, f.proxy, nil),
	}
	f.call = kms.Call{
		Account: "111122223333", Partition: "aws", Region: "us-east-1", Principal: "arn:aws:iam::111122223333:user/alice",
		RequestID: "4112f4d6-db54-4af4-ae30-c55a22a8dfae", Authorizer: everybody{},
	}
	f.start()
	t.Cleanup(func() { require.NoError(t, f.service.Close()) })
	return f
}

func (f *fixture) start() {
	f.t.Helper()
	service, err := kms.New(f.t.Context(), f.config)
	require.NoError(f.t, err)
	f.service = service
}

// restart is a new service on the same store.
func (f *fixture) restart() {
	f.t.Helper()
	require.NoError(f.t, f.service.Close())
	f.start()
}

// everybody allows everything.
type everybody struct{}

func (everybody) Authorize(context.Context, *kms.Access) error     { return nil }
func (everybody) Would(context.Context, *kms.Access) (bool, error) { return true, nil }

func (f *fixture) try(operation string, input in) (map[string]any, error) {
	f.t.Helper()
	text, err := json.Marshal(input)
	require.NoError(f.t, err)
	result, err := f.service.Do(f.t.Context(), &f.call, operation, text)
	if err != nil {
		return nil, err
	}
	text, err = json.Marshal(result.Output)
	require.NoError(f.t, err)
	var out map[string]any
	require.NoError(f.t, json.Unmarshal(text, &out))
	return out, nil
}

func (f *fixture) do(operation string, input in) map[string]any {
	f.t.Helper()
	out, err := f.try(operation, input)
	require.NoError(f.t, err)
	return out
}

func (f *fixture) fails(operation string, input in, code, message string) {
	f.t.Helper()
	_, err := f.try(operation, input)
	require.Error(f.t, err)
	e := &kms.Error{}
	require.ErrorAs(f.t, err, &e)
	require.Equal(f.t, code, e.Code, e.Message)
	require.Contains(f.t, e.Message, message)
}

// create is the input that makes the key store.
func (f *fixture) create() in {
	return in{
		"CustomKeyStoreName": "outside", "CustomKeyStoreType": "EXTERNAL_KEY_STORE", "XksProxyConnectivity": "PUBLIC_ENDPOINT",
		"XksProxyUriEndpoint": f.proxy.Endpoint(), "XksProxyUriPath": f.proxy.Path(),
		"XksProxyAuthenticationCredential": in{"AccessKeyId": f.proxy.AccessKeyID, "RawSecretAccessKey": f.proxy.SecretAccessKey},
	}
}

// connected makes the key store and connects it.
func (f *fixture) connected() {
	f.t.Helper()
	f.store = f.do("CreateCustomKeyStore", f.create())["CustomKeyStoreId"].(string)
	f.connect()
	require.Equal(f.t, "CONNECTED", f.state())
}

func (f *fixture) connect() {
	f.t.Helper()
	f.do("ConnectCustomKeyStore", in{"CustomKeyStoreId": f.store})
	f.now = f.now.Add(time.Minute)
}

func (f *fixture) disconnect() {
	f.t.Helper()
	f.do("DisconnectCustomKeyStore", in{"CustomKeyStoreId": f.store})
	f.now = f.now.Add(time.Minute)
}

// state is the connection state with the code of a failure.
func (f *fixture) state() string {
	f.t.Helper()
	entry := f.do("DescribeCustomKeyStores", in{"CustomKeyStoreId": f.store})["CustomKeyStores"].([]any)[0].(map[string]any)
	if code, failed := entry["ConnectionErrorCode"].(string); failed {
		return entry["ConnectionState"].(string) + " " + code
	}
	return entry["ConnectionState"].(string)
}

// key makes a KMS key with an external key of a new id.
func (f *fixture) key(id string) (keyID string) {
	f.t.Helper()
	f.proxy.MustAddKey(id)
	metadata := f.do("CreateKey", in{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": f.store, "XksKeyId": id})["KeyMetadata"].(map[string]any)
	return metadata["KeyId"].(string)
}
