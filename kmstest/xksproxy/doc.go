// Package xksproxy is a small external key store proxy with its external key manager, written after the AWS KMS External Key
// Store Proxy API Specification, version 1
// (https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md). It is the reference that external key
// stores of strictkms are tested with, and something to try them with:
//
//	proxy := xksproxy.Start(t)
//	proxy.MustAddKey("key-1")
//	server := kmstest.Start(t, kmstest.WithExternalKeyStore(proxy.Host, proxy.Address, proxy.Certificate))
//
// Every request is verified with Signature Version 4. Keys are AES-256 keys in memory, used with AES-GCM. A key can be
// disabled, rotated and taken away, the key manager can be out of order, and requests can be denied for what they say about
// the call: what AWS KMS makes of it is then seen at the other end.
//
// It is for tests. What is kept in a process's memory is no key manager.
package xksproxy
