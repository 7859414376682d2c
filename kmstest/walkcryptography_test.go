package kmstest_test

// walkedCryptography are the operations that use keys.
var walkedCryptography = []walked{
	{
		name: "Encrypt", kind: "symmetric", answers: []string{"KeyId", "CiphertextBlob", "EncryptionAlgorithm"},
		request: func(_ *walker, key string) in { return in{"KeyId": key, "Plaintext": []byte("a secret")} },
	},
	{
		name: "Decrypt", kind: "symmetric", answers: []string{"KeyId", "Plaintext", "EncryptionAlgorithm", "KeyMaterialId"},
		request: func(w *walker, key string) in { return in{"KeyId": key, "CiphertextBlob": w.ciphertext(key)} },
		errors: map[string]provocation{
			"InvalidCiphertextException": func(*walker, *walked) refused { return refused{in{"CiphertextBlob": []byte("nonsense")}, ""} },
			"IncorrectKeyException":      incorrectKey,
			"InvalidKeyUsageException": func(w *walker, _ *walked) refused {
				key := w.keyOf("signing")
				return refused{
					in{"KeyId": key, "CiphertextBlob": make([]byte, 256), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
					arn(key) + " key usage is SIGN_VERIFY which is not valid for Decrypt.",
				}
			},
		},
	},
	{
		name: "ReEncrypt", kind: "symmetric", member: "DestinationKeyId",
		answers: []string{"KeyId", "SourceKeyId", "CiphertextBlob", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"},
		request: func(w *walker, key string) in {
			return in{"CiphertextBlob": w.ciphertext(w.keyOf("symmetric")), "DestinationKeyId": key}
		},
		errors: map[string]provocation{
			"InvalidCiphertextException": func(w *walker, _ *walked) refused {
				return refused{in{"CiphertextBlob": []byte("nonsense"), "DestinationKeyId": w.keyOf("symmetric")}, ""}
			},
			"IncorrectKeyException": func(w *walker, _ *walked) refused {
				key := w.keyOf("symmetric")
				return refused{
					in{"CiphertextBlob": w.ciphertext(key), "SourceKeyId": w.keyOf("symmetric"), "DestinationKeyId": key}, incorrectKeyMessage,
				}
			},
		},
	},
	{
		name: "GenerateDataKey", kind: "symmetric", answers: []string{"KeyId", "Plaintext", "CiphertextBlob", "KeyMaterialId"},
		request: func(_ *walker, key string) in { return in{"KeyId": key, "KeySpec": "AES_256"} },
	},
	{
		name: "GenerateDataKeyWithoutPlaintext", kind: "symmetric", answers: []string{"KeyId", "CiphertextBlob", "KeyMaterialId"},
		request: func(_ *walker, key string) in { return in{"KeyId": key, "NumberOfBytes": 24} },
	},
	{
		name: "GenerateDataKeyPair", kind: "symmetric", request: keyPairRequest,
		answers: []string{"KeyId", "KeyPairSpec", "PublicKey", "PrivateKeyPlaintext", "PrivateKeyCiphertextBlob", "KeyMaterialId"},
		errors:  map[string]provocation{"UnsupportedOperationException": unsupportedKeyPair},
	},
	{
		name: "GenerateDataKeyPairWithoutPlaintext", kind: "symmetric", request: keyPairRequest,
		answers: []string{"KeyId", "KeyPairSpec", "PublicKey", "PrivateKeyCiphertextBlob", "KeyMaterialId"},
		errors:  map[string]provocation{"UnsupportedOperationException": unsupportedKeyPair},
	},
	{
		name: "Sign", kind: "signing", answers: []string{"KeyId", "Signature", "SigningAlgorithm"}, request: signRequest,
	},
	{
		name: "Verify", kind: "signing", answers: []string{"KeyId", "SignatureValid", "SigningAlgorithm"},
		request: func(w *walker, key string) in {
			return signRequest(w, key).with(in{"Signature": w.bytesOf(w.do("Sign", signRequest(w, key)), "Signature")})
		},
		errors: map[string]provocation{
			"KMSInvalidSignatureException": func(w *walker, op *walked) refused {
				return refused{op.request(w, w.keyOf(op.kind)).with(in{"Message": []byte("another")}), ""}
			},
		},
	},
	{
		name: "GenerateMac", kind: "MAC", answers: []string{"KeyId", "Mac", "MacAlgorithm"}, request: macRequest,
	},
	{
		name: "VerifyMac", kind: "MAC", answers: []string{"KeyId", "MacValid", "MacAlgorithm"},
		request: func(w *walker, key string) in {
			return macRequest(w, key).with(in{"Mac": w.bytesOf(w.do("GenerateMac", macRequest(w, key)), "Mac")})
		},
		errors: map[string]provocation{
			"KMSInvalidMacException": func(w *walker, op *walked) refused {
				return refused{op.request(w, w.keyOf(op.kind)).with(in{"Message": []byte("another")}), ""}
			},
		},
	},
	{
		name: "DeriveSharedSecret", kind: "agreement", answers: []string{"KeyId", "SharedSecret", "KeyAgreementAlgorithm", "KeyOrigin"},
		request: func(w *walker, key string) in {
			return in{"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": w.publicKey("agreement")}
		},
	},
	{
		name: "Encapsulate", kind: "KEM", request: encapsulateRequest,
		answers: []string{"KeyId", "SharedSecret", "SharedSecretCiphertextBlob", "EncapsulationAlgorithm"},
	},
	{
		name: "Decapsulate", kind: "KEM", answers: []string{"KeyId", "SharedSecret", "EncapsulationAlgorithm"},
		request: func(w *walker, key string) in {
			sent := w.do("Encapsulate", encapsulateRequest(w, key))
			return encapsulateRequest(w, key).with(in{"SharedSecretCiphertextBlob": w.bytesOf(sent, "SharedSecretCiphertextBlob")})
		},
		errors: map[string]provocation{
			"InvalidCiphertextException": func(w *walker, op *walked) refused {
				return refused{op.request(w, w.keyOf(op.kind)).with(in{"SharedSecretCiphertextBlob": []byte("short")}), ""}
			},
		},
	},
	{
		name: "GetPublicKey", kind: "signing", answers: []string{"KeyId", "PublicKey", "KeySpec", "KeyUsage", "SigningAlgorithms"},
		request: func(_ *walker, key string) in { return in{"KeyId": key} },
		errors: map[string]provocation{
			"UnsupportedOperationException": func(w *walker, _ *walked) refused { return refused{in{"KeyId": w.keyOf("symmetric")}, ""} },
		},
		never: map[string]string{
			"InvalidKeyUsageException": "every usage of asymmetric keys has its public key told; keys without one are UnsupportedOperationException",
		},
	},
}

const incorrectKeyMessage = "The key ID in the request does not identify a CMK that can perform this operation."

// incorrectKey names another key than that of the ciphertext.
func incorrectKey(w *walker, op *walked) refused {
	return w.replace(op, w.keyOf("symmetric"), incorrectKeyMessage)
}

func keyPairRequest(_ *walker, key string) in {
	return in{"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}
}

// unsupportedKeyPair asks for SM2, which there is in China Regions only.
func unsupportedKeyPair(w *walker, op *walked) refused {
	return refused{op.request(w, w.keyOf(op.kind)).with(in{"KeyPairSpec": "SM2"}), ""}
}

func signRequest(_ *walker, key string) in {
	return in{"KeyId": key, "Message": []byte("message"), "SigningAlgorithm": "ECDSA_SHA_256"}
}

func macRequest(_ *walker, key string) in {
	return in{"KeyId": key, "Message": []byte("message"), "MacAlgorithm": "HMAC_SHA_256"}
}

func encapsulateRequest(_ *walker, key string) in {
	return in{"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"}
}
