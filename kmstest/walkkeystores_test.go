package kmstest_test

import (
	"time"

	"github.com/stretchr/testify/require"

	strict "github.com/strictkms/strictkms/kms"
)

// walkedKeyStores are the operations on custom key stores, and GenerateRandom, which can be asked of one. Every request has
// its own Region, and so the key stores that it needs to itself.
var walkedKeyStores = []walked{
	{
		name: "GenerateRandom", answers: []string{"Plaintext"},
		request: func(*walker, string) in { return in{"NumberOfBytes": 8} },
		errors: map[string]provocation{
			"CustomKeyStoreNotFoundException": func(*walker, *walked) refused {
				return refused{in{"NumberOfBytes": 8, "CustomKeyStoreId": "cks-none"}, storeMessage}
			},
			"CustomKeyStoreInvalidStateException": func(w *walker, _ *walked) refused {
				return refused{w.store(w.clusterStore()).with(in{"NumberOfBytes": 8}), storeMessage}
			},
			"UnsupportedOperationException": func(w *walker, _ *walked) refused {
				return refused{w.connected(w.proxyStore()).with(in{"NumberOfBytes": 8}), ""}
			},
		},
	},
	{
		name: "CreateCustomKeyStore", answers: []string{"CustomKeyStoreId"},
		request: func(w *walker, _ string) in { return w.clusterStore() }, errors: createStoreErrors, never: noVPC,
	},
	{
		name: "UpdateCustomKeyStore",
		request: func(w *walker, _ string) in {
			return w.store(w.clusterStore()).with(in{"NewCustomKeyStoreName": "another"})
		},
		errors: updateStoreErrors, never: noVPC,
	},
	{
		name: "ConnectCustomKeyStore", request: func(w *walker, _ string) in { return w.store(w.clusterStore()) },
		errors: map[string]provocation{
			"CustomKeyStoreNotFoundException": noStore,
			"CustomKeyStoreInvalidStateException": func(w *walker, _ *walked) refused {
				request := w.clusterStore()
				store := w.store(request)
				w.cluster(request, func(c *strict.Cluster) { c.ConnectionError = "USER_LOCKED_OUT" })
				w.do("ConnectCustomKeyStore", store)
				w.clock.Advance(time.Minute)
				return refused{store, storeMessage}
			},
			"CloudHsmClusterNotActiveException": func(w *walker, _ *walked) refused {
				request := w.clusterStore()
				store := w.store(request)
				w.cluster(request, func(c *strict.Cluster) { c.State = "DEGRADED" })
				return refused{store, storeMessage}
			},
			"CloudHsmClusterInvalidConfigurationException": func(w *walker, _ *walked) refused {
				request := w.clusterStore()
				store := w.store(request)
				w.cluster(request, func(c *strict.Cluster) { c.HSMs = 0 })
				return refused{store, storeMessage}
			},
		},
	},
	{
		name: "DisconnectCustomKeyStore", request: func(w *walker, _ string) in { return w.connected(w.clusterStore()) },
		errors: map[string]provocation{
			"CustomKeyStoreNotFoundException": noStore,
			"CustomKeyStoreInvalidStateException": func(w *walker, _ *walked) refused {
				return refused{w.store(w.clusterStore()), storeMessage}
			},
		},
	},
	{
		name: "DeleteCustomKeyStore", request: func(w *walker, _ string) in { return w.store(w.clusterStore()) },
		errors: map[string]provocation{
			"CustomKeyStoreNotFoundException": noStore,
			"CustomKeyStoreInvalidStateException": func(w *walker, _ *walked) refused {
				return refused{w.connected(w.clusterStore()), storeMessage}
			},
			"CustomKeyStoreHasCMKsException": func(w *walker, _ *walked) refused {
				store := w.connected(w.clusterStore())
				w.do("CreateKey", store.with(in{"Origin": "AWS_CLOUDHSM"}))
				w.do("DisconnectCustomKeyStore", store)
				w.clock.Advance(time.Minute)
				return refused{store, storeMessage}
			},
		},
	},
	{
		name: "DescribeCustomKeyStores", answers: []string{"CustomKeyStores"},
		request: func(*walker, string) in { return in{} },
		errors:  map[string]provocation{"CustomKeyStoreNotFoundException": noStore},
	},
}

// storeMessage is the beginning of AWS's sentences about key stores.
const storeMessage = "The request was rejected because …"

// noVPC are the errors about VPC endpoint services, of which there are none.
var noVPC = map[string]string{
	"XksProxyUriEndpointInUseException":                       "it is of proxies behind VPC endpoint services, and there are none here",
	"XksProxyVpcEndpointServiceInUseException":                "there are no VPC endpoint services here",
	"XksProxyVpcEndpointServiceInvalidConfigurationException": "there are no VPC endpoint services here",
}

// noStore names a key store that is not there.
func noStore(_ *walker, op *walked) refused {
	request := in{}
	if op.name == "UpdateCustomKeyStore" {
		request["NewCustomKeyStoreName"] = "another"
	}
	return refused{request.with(in{"CustomKeyStoreId": "cks-none"}), storeMessage}
}

// clusterStore is the request that makes a key store with a cluster in a new Region.
func (w *walker) clusterStore() in {
	w.t.Helper()
	request := in{
		"@region": "us-walk-" + w.next(), "CustomKeyStoreName": "walked", "CloudHsmClusterId": "cluster-a23b4cdefgh",
		"KeyStorePassword": "01234567", "TrustAnchorCertificate": w.anchor,
	}
	w.cluster(request, nil)
	return request
}

// cluster makes the cluster of a request, or changes it.
func (w *walker) cluster(request in, change func(*strict.Cluster)) {
	w.t.Helper()
	c := strict.Cluster{Region: request["@region"].(string), ID: request["CloudHsmClusterId"].(string), HSMs: 2}
	if change != nil {
		change(&c)
	}
	w.server.SetCluster(c)
}

// proxyStore is the request that makes a key store with a proxy in a new Region.
func (w *walker) proxyStore() in {
	return in{
		"@region": "us-walk-" + w.next(), "CustomKeyStoreName": "walked", "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
		"XksProxyConnectivity": "PUBLIC_ENDPOINT", "XksProxyUriEndpoint": w.proxy.Endpoint(), "XksProxyUriPath": w.proxy.Path(),
		"XksProxyAuthenticationCredential": in{"AccessKeyId": w.proxy.AccessKeyID, "RawSecretAccessKey": w.proxy.SecretAccessKey},
	}
}

// store makes a key store and returns the request that names it.
func (w *walker) store(request in) in {
	w.t.Helper()
	made := w.do("CreateCustomKeyStore", request)
	return in{"@region": request["@region"], "CustomKeyStoreId": made["CustomKeyStoreId"]}
}

// connected makes a key store, and connects it.
func (w *walker) connected(request in) in {
	w.t.Helper()
	store := w.store(request)
	w.do("ConnectCustomKeyStore", store)
	w.clock.Advance(time.Minute)
	described := w.do("DescribeCustomKeyStores", store)["CustomKeyStores"].([]any)[0].(map[string]any)
	require.Equal(w.t, "CONNECTED", described["ConnectionState"])
	return store
}
