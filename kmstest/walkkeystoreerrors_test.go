package kmstest_test

import (
	"maps"

	strict "github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// otherCluster is the cluster of a second key store of a Region, and of no key store.
const otherCluster = "cluster-b23b4cdefgh"

// clusterFault spoils the cluster that a request names, and the request.
type clusterFault func(request in, cluster *strict.Cluster)

// clusterFaults are what clusters have against being used, by the errors that tell it.
var clusterFaults = map[string]clusterFault{
	"CloudHsmClusterNotFoundException":             func(request in, _ *strict.Cluster) { request["CloudHsmClusterId"] = "cluster-c23b4cdefgh" },
	"CloudHsmClusterNotActiveException":            func(_ in, c *strict.Cluster) { c.State = "UNINITIALIZED" },
	"CloudHsmClusterInvalidConfigurationException": func(_ in, c *strict.Cluster) { c.HSMs = 1 },
}

// proxyFault is what is wrong with how a request names a proxy.
type proxyFault struct {
	members in
	message string
}

// proxyFaults are what proxies have against being used.
var proxyFaults = map[string]proxyFault{
	"XksProxyUriUnreachableException": {
		in{"XksProxyUriEndpoint": "https://" + goneHost}, "AWS KMS cannot communicate with the external key store proxy. …",
	},
	"XksProxyIncorrectAuthenticationCredentialException": {
		in{"XksProxyAuthenticationCredential": in{
			"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "0123456789abcdefghijklmnopqrstuvwxyz0123456789ab",
		}}, "The external key store proxy rejected the request because it could not authenticate AWS KMS. …",
	},
	"XksProxyInvalidResponseException": {
		in{"XksProxyUriEndpoint": "https://" + brokenHost}, "AWS KMS cannot interpret the response from the external key store proxy. …",
	},
	"XksProxyInvalidConfigurationException": {
		in{"XksProxyUriPath": "/elsewhere/kms/xks/v1"}, "The external key store proxy rejected the request because of an invalid URI path. …",
	},
	"XksProxyVpcEndpointServiceNotFoundException": {
		in{
			"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyUriEndpoint": "https://myproxy-private.xks.example.com",
			"XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
		}, storeMessage,
	},
}

// createStoreErrors are the ways to the errors of CreateCustomKeyStore.
var createStoreErrors = func() map[string]provocation {
	errors := map[string]provocation{
		"CloudHsmClusterInUseException": func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			w.store(request)
			return refused{request.with(in{"CustomKeyStoreName": "another"}), storeMessage}
		},
		"CustomKeyStoreNameInUseException": func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			w.store(request)
			return refused{w.other(request, otherCluster), storeMessage}
		},
		"IncorrectTrustAnchorException": func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			w.cluster(request, func(c *strict.Cluster) { c.Certificate = w.anchor })
			return refused{request.with(in{"TrustAnchorCertificate": w.otherAnchor}), storeMessage}
		},
		"LimitExceededException": func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			for _, digit := range "abcdefghij" {
				w.store(request)
				request = w.other(request, "cluster-d23b4cdefg"+string(digit)).with(in{"CustomKeyStoreName": "walked-" + w.next()})
			}
			return refused{request, "The request was rejected because a quota was exceeded."}
		},
		"XksProxyUriInUseException": func(w *walker, _ *walked) refused {
			request := w.proxyStore()
			w.store(request)
			return refused{request.with(in{"CustomKeyStoreName": "another"}), storeMessage}
		},
	}
	for code, spoil := range clusterFaults {
		errors[code] = func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			w.cluster(request, func(c *strict.Cluster) { spoil(request, c) })
			return refused{request, storeMessage}
		}
	}
	for code, fault := range proxyFaults {
		errors[code] = func(w *walker, _ *walked) refused { return refused{w.proxyStore().with(fault.members), fault.message} }
	}
	return errors
}()

// updateStoreErrors are the ways to the errors of UpdateCustomKeyStore.
var updateStoreErrors = func() map[string]provocation {
	errors := map[string]provocation{
		"CustomKeyStoreNotFoundException": noStore,
		"CustomKeyStoreNameInUseException": func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			w.store(request)
			second := w.store(w.other(request, otherCluster).with(in{"CustomKeyStoreName": "another"}))
			return refused{second.with(in{"NewCustomKeyStoreName": "walked"}), storeMessage}
		},
		"CustomKeyStoreInvalidStateException": func(w *walker, _ *walked) refused {
			return refused{w.connected(w.clusterStore()).with(in{"KeyStorePassword": "76543210"}), storeMessage}
		},
		"CloudHsmClusterNotRelatedException": func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			w.cluster(request, func(c *strict.Cluster) { c.Certificate = w.anchor })
			store := w.store(request)
			w.cluster(request.with(in{"CloudHsmClusterId": otherCluster}), func(c *strict.Cluster) { c.Certificate = w.otherAnchor })
			return refused{store.with(in{"CloudHsmClusterId": otherCluster}), storeMessage}
		},
		"XksProxyUriInUseException": func(w *walker, _ *walked) refused {
			request := w.proxyStore()
			w.store(request)
			second := w.store(request.with(in{
				"CustomKeyStoreName": "another", "XksProxyUriPath": w.otherProxy.Path(), "XksProxyUriEndpoint": "https://" + otherHost,
				"XksProxyAuthenticationCredential": in{
					"AccessKeyId": w.otherProxy.AccessKeyID, "RawSecretAccessKey": w.otherProxy.SecretAccessKey,
				},
			}))
			update := in{}
			for _, member := range []string{"XksProxyUriEndpoint", "XksProxyUriPath", "XksProxyAuthenticationCredential"} {
				update[member] = request[member]
			}
			return refused{second.with(update), storeMessage}
		},
	}
	for code, spoil := range clusterFaults {
		errors[code] = func(w *walker, _ *walked) refused {
			request := w.clusterStore()
			store := w.store(request)
			request = w.other(request, otherCluster)
			w.cluster(request, func(c *strict.Cluster) { spoil(request, c) })
			return refused{store.with(in{"CloudHsmClusterId": request["CloudHsmClusterId"]}), storeMessage}
		}
	}
	for code, fault := range proxyFaults {
		errors[code] = func(w *walker, _ *walked) refused {
			return refused{w.store(w.proxyStore()).with(fault.members), fault.message}
		}
	}
	return errors
}()

// createKeyInStoreErrors are the errors of CreateKey about key stores.
var createKeyInStoreErrors = map[string]provocation{
	"CustomKeyStoreNotFoundException": func(*walker, *walked) refused {
		return refused{in{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-none"}, storeMessage}
	},
	"CustomKeyStoreInvalidStateException": func(w *walker, _ *walked) refused {
		return refused{w.store(w.clusterStore()).with(in{"Origin": "AWS_CLOUDHSM"}), storeMessage}
	},
	"CloudHsmClusterInvalidConfigurationException": func(w *walker, _ *walked) refused {
		request := w.clusterStore()
		store := w.connected(request)
		w.cluster(request, func(c *strict.Cluster) { c.HSMs = 1 })
		return refused{store.with(in{"Origin": "AWS_CLOUDHSM"}), storeMessage}
	},
	"XksKeyNotFoundException": func(w *walker, _ *walked) refused {
		return refused{
			w.externalKey("nobodys"),
			"The external key associated with this KMS key in an external key store was not found in its external key manager. …",
		}
	},
	"XksKeyInvalidConfigurationException": func(w *walker, _ *walked) refused {
		w.proxy.MustAddKey("weak")
		w.proxy.ChangeKey("weak", func(k *xksproxy.Key) { k.Spec = "AES_128" })
		return refused{w.externalKey("weak"), storeMessage}
	},
	"XksKeyAlreadyInUseException": func(w *walker, _ *walked) refused {
		w.proxy.MustAddKey("used")
		request := w.externalKey("used")
		w.do("CreateKey", request)
		return refused{request, storeMessage}
	},
}

// externalKey is the request for a key whose material is an external key.
func (w *walker) externalKey(id string) in {
	w.t.Helper()
	return w.connected(w.proxyStore()).with(in{"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": id})
}

// other is a request with another cluster, which is there.
func (w *walker) other(request in, cluster string) in {
	w.t.Helper()
	other := maps.Clone(request)
	other["CloudHsmClusterId"] = cluster
	w.cluster(other, nil)
	return other
}
