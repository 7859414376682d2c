package xks_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// TestExternalKey shows a key whose material lives outside: what it encrypted is decrypted by nobody without the proxy.
func TestExternalKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connected()
	entry := f.do("DescribeCustomKeyStores", in{})["CustomKeyStores"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{
		"Connectivity": "PUBLIC_ENDPOINT", "AccessKeyId": f.proxy.AccessKeyID, "UriEndpoint": f.proxy.Endpoint(), "UriPath": f.proxy.Path(),
	}, entry["XksProxyConfiguration"])
	key := f.key("external-1")
	described := f.do("DescribeKey", in{"KeyId": key})["KeyMetadata"].(map[string]any)
	require.Equal(t, map[string]any{"Id": "external-1"}, described["XksKeyConfiguration"])
	require.Equal(t, f.store, described["CustomKeyStoreId"])
	require.Equal(t, "EXTERNAL_KEY_STORE", described["Origin"])
	require.NotContains(t, described, "CloudHsmClusterId")
	require.NotContains(t, described, "CurrentKeyMaterialId")

	f.proxy.Requests()
	context := in{"tenant": "a"}
	encrypted := f.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("secret"), "EncryptionContext": context})
	asked := f.proxy.Requests()
	require.Len(t, asked, 1)
	require.Equal(t, "encrypt", asked[0].Operation)
	require.Equal(t, map[string]string{
		"awsPrincipalArn": "arn:aws:iam::111122223333:user/alice", "kmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/" + key,
		"kmsOperation": "Encrypt", "kmsRequestId": f.call.RequestID,
	}, asked[0].Metadata)
	require.Len(t, asked[0].AAD, 32)
	decrypt := in{"CiphertextBlob": encrypted["CiphertextBlob"], "EncryptionContext": context}
	require.Equal(t, "c2VjcmV0", f.do("Decrypt", decrypt)["Plaintext"])
	f.fails("Decrypt", in{"CiphertextBlob": encrypted["CiphertextBlob"]}, "KMSInvalidStateException",
		"rejected the request because the specified ciphertext or encryption context is corrupted")

	f.proxy.Stop()
	f.fails("Decrypt", decrypt, "KMSInvalidStateException", "AWS KMS cannot communicate with the external key store proxy.")
	f.fails("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")}, "KMSInvalidStateException", "AWS KMS cannot communicate with")
	require.Equal(t, "CONNECTED", f.state(), "the key store stays connected")
	f.restart()
	f.fails("Decrypt", decrypt, "KMSInvalidStateException", "AWS KMS cannot communicate with the external key store proxy.")
	f.proxy.Restart()
	require.Equal(t, "c2VjcmV0", f.do("Decrypt", decrypt)["Plaintext"])

	require.True(t, f.proxy.RotateKey("external-1"))
	again := f.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("after rotation")})
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte("after rotation")), f.do("Decrypt", in{"CiphertextBlob": again["CiphertextBlob"]})["Plaintext"])
	require.Equal(t, "c2VjcmV0", f.do("Decrypt", decrypt)["Plaintext"])

	f.disconnect()
	f.fails("Decrypt", decrypt, "KMSInvalidStateException", "This KMS key is in a custom key store that is not connected")
	require.Equal(t, "Unavailable", f.do("DescribeKey", in{"KeyId": key})["KeyMetadata"].(map[string]any)["KeyState"])
	f.connect()
	require.Equal(t, "c2VjcmV0", f.do("Decrypt", decrypt)["Plaintext"])

	f.proxy.DeleteKey("external-1")
	f.fails("Decrypt", decrypt, "KMSInvalidStateException", "was not found in its external key manager")
	f.proxy.MustAddKey("external-1") // another key of the same name
	f.fails("Decrypt", decrypt, "KMSInvalidStateException", "is corrupted, missing, or otherwise invalid.")
}

// TestEveryOperationGoesOutside: data keys and ReEncrypt use the external key as well, and what is long fits.
func TestEveryOperationGoesOutside(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connected()
	key, other := f.key("one"), f.key("two")
	f.proxy.Requests()
	long := strings.Repeat("x", 4096)
	context := in{"a": strings.Repeat("c", 8000)}
	blob := f.do("Encrypt", in{"KeyId": key, "Plaintext": []byte(long), "EncryptionContext": context})["CiphertextBlob"]
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte(long)), f.do("Decrypt", in{"CiphertextBlob": blob, "EncryptionContext": context})["Plaintext"])
	moved := f.do("ReEncrypt", in{"CiphertextBlob": blob, "SourceEncryptionContext": context, "DestinationKeyId": other})["CiphertextBlob"]
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte(long)), f.do("Decrypt", in{"CiphertextBlob": moved})["Plaintext"])
	data := f.do("GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256"})
	require.Equal(t, data["Plaintext"], f.do("Decrypt", in{"CiphertextBlob": data["CiphertextBlob"]})["Plaintext"])
	data = f.do("GenerateDataKeyWithoutPlaintext", in{"KeyId": key, "KeySpec": "AES_128"})
	f.do("Decrypt", in{"CiphertextBlob": data["CiphertextBlob"], "KeyId": key})
	f.fails("Decrypt", in{"CiphertextBlob": moved, "KeyId": key}, "IncorrectKeyException", "")
	f.fails("GenerateDataKeyPair", in{"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}, "UnsupportedOperationException", "origin is EXTERNAL_KEY_STORE")
	f.fails("GenerateRandom", in{"NumberOfBytes": 1, "CustomKeyStoreId": f.store}, "UnsupportedOperationException", "")
	f.fails("Encrypt", in{"KeyId": key, "Plaintext": []byte("x"), "DryRun": true}, "DryRunOperationException", "")
	var done []string
	for _, r := range f.proxy.Requests() {
		require.Empty(t, r.Error)
		done = append(done, r.Metadata["kmsOperation"]+" "+r.Operation+" "+r.KeyID)
	}
	require.Equal(t, []string{
		"Encrypt encrypt one", "Decrypt decrypt one", "ReEncrypt decrypt one", "ReEncrypt encrypt two", "Decrypt decrypt two",
		"GenerateDataKey encrypt one", "Decrypt decrypt one", "GenerateDataKeyWithoutPlaintext encrypt one", "Decrypt decrypt one",
	}, done)
}

// TestProxyMustAnswer: key stores are made, changed and connected when their proxy answers as it should.
func TestProxyMustAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		change     func(*xksproxy.Server)
		code       string
		message    string
		connection string
	}{
		{
			name: "wrong secret", change: func(s *xksproxy.Server) { swap(t, s) },
			code: "XksProxyIncorrectAuthenticationCredentialException", message: "could not authenticate AWS KMS", connection: "INVALID_CREDENTIALS",
		},
		{
			name: "wrong path", change: saying(http.StatusNotFound, `{"errorName":"InvalidUriPathException"}`),
			code: "XksProxyInvalidConfigurationException", message: "invalid URI path", connection: "XKS_PROXY_INVALID_CONFIGURATION",
		},
		{
			name: "stopped", change: func(s *xksproxy.Server) { s.Stop() },
			code: "XksProxyUriUnreachableException", message: "cannot communicate with the external key store proxy", connection: "XKS_PROXY_NOT_REACHABLE",
		},
		{
			name: "key managers unavailable", change: func(s *xksproxy.Server) { s.SetHealth("UNAVAILABLE") },
			code: "XksProxyUriUnreachableException", message: "cannot communicate with the external key store proxy", connection: "XKS_PROXY_NOT_REACHABLE",
		},
		{
			name: "nonsense", change: saying(http.StatusOK, `{"xksProxyFleetSize":0}`),
			code: "XksProxyInvalidResponseException", message: "cannot interpret the response", connection: "XKS_PROXY_INVALID_RESPONSE",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := newFixture(t)
			test.change(first.proxy)
			first.fails("CreateCustomKeyStore", first.create(), test.code, test.message)
			f := newFixture(t)
			f.store = f.do("CreateCustomKeyStore", f.create())["CustomKeyStoreId"].(string)
			test.change(f.proxy)
			f.fails("UpdateCustomKeyStore", in{"CustomKeyStoreId": f.store, "XksProxyUriPath": f.proxy.Path()}, test.code, test.message)
			f.connect()
			require.Equal(t, "FAILED "+test.connection, f.state())
		})
	}
	f := newFixture(t)
	input := f.create()
	input["XksProxyUriPath"] = "/prefix/kms/xks/v1"
	f.fails("CreateCustomKeyStore", input, "XksProxyInvalidConfigurationException", "invalid URI path")
	f.proxy.SetHealth("DEGRADED")
	f.connected()
	f.fails("CreateCustomKeyStore", f.create().but("CustomKeyStoreName", "other"), "XksProxyUriInUseException", "")
	f.fails("CreateCustomKeyStore", f.create(), "CustomKeyStoreNameInUseException", "")
}

// saying makes a proxy give an answer of its own.
func saying(status int, body string) func(*xksproxy.Server) {
	return func(s *xksproxy.Server) { answering(status, body, "")(s, nil) }
}

// but returns the input with another value.
func (input in) but(name string, value any) in {
	input[name] = value
	return input
}

// swap gives a proxy another secret.
func swap(t *testing.T, s *xksproxy.Server) (secret string) {
	t.Helper()
	_, secret = xksproxy.NewCredential()
	require.NoError(t, s.SetCredentials(map[string]string{s.AccessKeyID: secret}))
	return secret
}

// TestUpdateExternalStore: what changes while the key store is connected, and what does not.
func TestUpdateExternalStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connected()
	key := f.key("one")
	update := func(name string, value any) in { return in{"CustomKeyStoreId": f.store, name: value} }
	f.fails("UpdateCustomKeyStore", update("XksProxyUriEndpoint", "https://other.example.com"), "CustomKeyStoreInvalidStateException", "")
	f.fails("UpdateCustomKeyStore", update("XksProxyConnectivity", "PUBLIC_ENDPOINT"), "CustomKeyStoreInvalidStateException", "")
	f.fails("UpdateCustomKeyStore", update("KeyStorePassword", "0123456"), "ValidationException", "not valid for a custom key store of type EXTERNAL_KEY_STORE")
	f.fails("UpdateCustomKeyStore", in{"CustomKeyStoreId": f.store}, "ValidationException", "")
	f.do("UpdateCustomKeyStore", update("NewCustomKeyStoreName", "renamed"))
	require.NotEmpty(t, f.do("DescribeCustomKeyStores", in{"CustomKeyStoreName": "renamed"}))

	blob := f.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")})["CiphertextBlob"]
	secret := swap(t, f.proxy)
	f.fails("Decrypt", in{"CiphertextBlob": blob}, "KMSInvalidStateException", "could not authenticate AWS KMS")
	credential := func(id, secret string) in {
		return update("XksProxyAuthenticationCredential", in{"AccessKeyId": id, "RawSecretAccessKey": secret})
	}
	f.fails("UpdateCustomKeyStore", credential(f.proxy.AccessKeyID, strings.Repeat("a", 43)), "XksProxyIncorrectAuthenticationCredentialException", "")
	f.do("UpdateCustomKeyStore", credential(f.proxy.AccessKeyID, secret))
	require.Equal(t, "eA==", f.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])
	require.Equal(t, "CONNECTED", f.state())

	f.disconnect()
	f.fails("UpdateCustomKeyStore", update("XksProxyUriEndpoint", "https://localhost"), "XksProxyUriUnreachableException", "")
	f.fails("UpdateCustomKeyStore", in{
		"CustomKeyStoreId": f.store, "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyUriEndpoint": "https://xks.internal",
		"XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-example1",
	}, "XksProxyVpcEndpointServiceNotFoundException", "")
	f.fails("UpdateCustomKeyStore", update("XksProxyConnectivity", "VPC_ENDPOINT_SERVICE"), "ValidationException", "")
	f.do("UpdateCustomKeyStore", update("XksProxyUriEndpoint", f.proxy.Endpoint()))
	f.connect()
	require.Equal(t, "eA==", f.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])
}

// TestExternalKeyMustBeFit: an external key has one KMS key, and is one that encrypts and decrypts.
func TestExternalKeyMustBeFit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connected()
	f.key("taken")
	for id, key := range map[string]xksproxy.Key{
		"disabled": {Disabled: true}, "short": {Spec: "AES_128"}, "decrypts": {Usage: []string{"DECRYPT"}},
		"encrypts": {Usage: []string{"ENCRYPT"}}, "more": {Usage: []string{"WRAP", "DECRYPT", "ENCRYPT"}},
	} {
		require.NoError(t, f.proxy.AddKey(id, key))
		create := in{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": f.store, "XksKeyId": id}
		if id == "more" {
			f.do("CreateKey", create)
			continue
		}
		f.fails("CreateKey", create, "XksKeyInvalidConfigurationException", "did not meet the configuration requirements")
	}
	create := func(id string) in {
		return in{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": f.store, "XksKeyId": id}
	}
	f.fails("CreateKey", create("taken"), "XksKeyAlreadyInUseException", "is already associated with another KMS key")
	f.fails("CreateKey", create("missing"), "XksKeyNotFoundException", "was not found in its external key manager")
	f.fails("CreateKey", create(".."), "XksKeyNotFoundException", "was not found in its external key manager")
	f.fails("CreateKey", create("a/b"), "ValidationException", "")
	f.proxy.SetAuthorization(func(r *xksproxy.Request) bool { return r.Operation != "metadata" })
	f.fails("CreateKey", create("free"), "KMSInvalidStateException", "denied access to the operation")
	f.proxy.SetAuthorization(nil)
	f.proxy.Stop()
	f.fails("CreateKey", create("free"), "CustomKeyStoreInvalidStateException", "cannot communicate with the external key store proxy")
	f.proxy.Restart()
	f.disconnect()
	f.fails("CreateKey", create("free"), "CustomKeyStoreInvalidStateException", "is not connected to its external key store proxy")

	// An external key is free again when its KMS key is gone.
	f.connect()
	keys := f.do("ListKeys", in{})["Keys"].([]any)
	for _, key := range keys {
		f.do("ScheduleKeyDeletion", in{"KeyId": key.(map[string]any)["KeyId"], "PendingWindowInDays": 7})
	}
	f.fails("CreateKey", create("taken"), "XksKeyAlreadyInUseException", "")
	f.now = f.now.Add(7 * 24 * time.Hour)
	f.do("CreateKey", create("taken"))
}

// TestProxyRefuses: every failure of a proxy has its sentence when a key is used.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connected()
	key := f.key("one")
	blob := f.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("x")})["CiphertextBlob"]
	for answer, message := range map[string]string{
		`{"errorName":"ValidationException"}`:                       "cannot interpret the response",
		`{"errorName":"InvalidStateException"}`:                     "is not enabled in the external key manager",
		`{"errorName":"InvalidCiphertextException"}`:                "the specified ciphertext or encryption context is corrupted",
		`{"errorName":"InvalidKeyUsageException"}`:                  "does not support the requested operation. Enable",
		`{"errorName":"AuthenticationFailedException"}`:             "could not authenticate AWS KMS",
		`{"errorName":"AccessDeniedException","errorMessage":"no"}`: "denied access to the operation",
		`{"errorName":"KeyNotFoundException"}`:                      "was not found in its external key manager",
		`{"errorName":"InvalidUriPathException"}`:                   "because of an invalid URI path",
		`{"errorName":"ThrottlingException"}`:                       "due to a very high request rate",
		`{"errorName":"UnsupportedOperationException"}`:             "because it does not support the requested operation",
		`{"errorName":"DependencyTimeoutException"}`:                "did not respond to the request in the time allotted",
		`{"errorName":"InternalException"}`:                         "because it cannot communicate with the external key manager",
		`{"errorName":"SomethingElse"}`:                             "cannot interpret the response",
		`{}`:                                                        "cannot interpret the response",
		`<html>`:                                                    "cannot interpret the response",
		``:                                                          "cannot interpret the response",
	} {
		f.proxy.SetFault(func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(answer))
			return true
		})
		f.fails("Decrypt", in{"CiphertextBlob": blob}, "KMSInvalidStateException", message)
		f.fails("GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256"}, "KMSInvalidStateException", message)
	}
	f.proxy.SetFault(nil)
	f.do("DisableKey", in{"KeyId": key})
	f.fails("Decrypt", in{"CiphertextBlob": blob}, "DisabledException", "is disabled")
	f.do("EnableKey", in{"KeyId": key})
	f.do("Decrypt", in{"CiphertextBlob": blob})
}

// TestOneKeyForEachExternalKey: of many KMS keys at a time for one external key one is made.
func TestOneKeyForEachExternalKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connected()
	f.proxy.MustAddKey("one")
	create, err := json.Marshal(in{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": f.store, "XksKeyId": "one"})
	require.NoError(t, err)
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Go(func() { _, errs[i] = f.service.Do(t.Context(), &f.call, "CreateKey", create) })
	}
	wait.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else {
			require.ErrorContains(t, err, "XksKeyAlreadyInUseException")
		}
	}
	require.Equal(t, 1, made)
}
