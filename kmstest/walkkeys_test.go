package kmstest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// walkKinds are the kinds of keys, by the input that creates them.
var walkKinds = map[string]in{
	"symmetric": {},
	"imported":  {"Origin": "EXTERNAL"},
	"primary":   {"MultiRegion": true},
	"RSA":       {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
	"signing":   {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
	"agreement": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
	"MAC":       {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
	"KEM":       {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
}

// keyOf creates a key of a kind and returns its id, empty for no kind.
func (w *walker) keyOf(kind string) string {
	w.t.Helper()
	if kind == "" {
		return ""
	}
	return w.do("CreateKey", walkKinds[kind])["KeyMetadata"].(map[string]any)["KeyId"].(string)
}

// replicated is a primary key with a replica in eu-west-1, both enabled.
func (w *walker) replicated() string {
	w.t.Helper()
	key := w.keyOf("primary")
	w.do("ReplicateKey", in{"KeyId": key, "ReplicaRegion": "eu-west-1"})
	w.clock.Advance(2 * time.Second) // Creating is over
	return key
}

// ciphertext is one under a symmetric key.
func (w *walker) ciphertext(key string) []byte {
	w.t.Helper()
	return w.bytesOf(w.do("Encrypt", in{"KeyId": key, "Plaintext": []byte("a secret")}), "CiphertextBlob")
}

// publicKey is the public key of a new key of a kind.
func (w *walker) publicKey(kind string) []byte {
	w.t.Helper()
	return w.bytesOf(w.do("GetPublicKey", in{"KeyId": w.keyOf(kind)}), "PublicKey")
}

// grant makes a grant that alice may retire, and returns its id.
func (w *walker) grant(key string) string {
	w.t.Helper()
	return w.do("CreateGrant", grantRequest(w, key))["GrantId"].(string)
}

// alias makes an alias of a key and returns its name.
func (w *walker) alias(key string) string {
	w.t.Helper()
	name := "alias/walk-" + w.next()
	w.do("CreateAlias", in{"AliasName": name, "TargetKeyId": key})
	return name
}

// material is the request that imports key material into a key.
func (w *walker) material(key string, material []byte) in {
	w.t.Helper()
	parameters := w.do("GetParametersForImport", parametersRequest(w, key))
	public, err := x509.ParsePKIXPublicKey(w.bytesOf(parameters, "PublicKey"))
	require.NoError(w.t, err)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), material, nil)
	require.NoError(w.t, err)
	return in{
		"KeyId": key, "ImportToken": w.bytesOf(parameters, "ImportToken"), "EncryptedKeyMaterial": wrapped,
		"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
	}
}

// arn is the ARN of a key id in us-east-1.
func arn(key string) string { return arnPrefix + key }

// ordinary are the ways to errors that most operations have in common.
var ordinary = map[string]provocation{
	"NotFoundException": func(w *walker, op *walked) refused {
		return w.replace(op, noKeyID, "Key '"+arn(noKeyID)+"' does not exist")
	},
	"InvalidArnException": func(w *walker, op *walked) refused {
		return w.replace(op, "arn:aws:s3:::bucket", "Invalid arn arn:aws:s3:::bucket")
	},
	"DisabledException": func(w *walker, op *walked) refused {
		key := w.keyOf(op.kind)
		request := op.request(w, key)
		w.do("DisableKey", in{"KeyId": key})
		return refused{request, arn(key) + " is disabled."}
	},
	"KMSInvalidStateException": func(w *walker, op *walked) refused {
		key := w.keyOf(op.kind)
		request := op.request(w, key)
		w.do("ScheduleKeyDeletion", in{"KeyId": key, "PendingWindowInDays": 30})
		return refused{request, arn(key) + " is pending deletion."}
	},
	"InvalidKeyUsageException": func(w *walker, op *walked) refused {
		other, usage := "signing", "SIGN_VERIFY"
		if op.kind == other {
			other, usage = "MAC", "GENERATE_VERIFY_MAC"
		}
		key := w.keyOf(other)
		return w.replace(op, key, arn(key)+" key usage is "+usage+" which is not valid for "+op.name+".")
	},
	"InvalidGrantTokenException": func(w *walker, op *walked) refused {
		return refused{op.request(w, w.keyOf(op.kind)).with(in{"GrantTokens": []string{"nonsense"}}), ""}
	},
	"DryRunOperationException": func(w *walker, op *walked) refused {
		request := op.request(w, w.keyOf(op.kind)).with(in{"DryRun": true})
		return refused{request, "The request would have succeeded, but the DryRun option is set."}
	},
	"InvalidMarkerException": func(w *walker, op *walked) refused {
		return refused{op.request(w, w.keyOf(op.kind)).with(in{"Marker": "nonsense"}), "Invalid marker."}
	},
	"MalformedPolicyDocumentException": func(w *walker, op *walked) refused {
		return refused{op.request(w, w.keyOf(op.kind)).with(in{"Policy": "{"}), "This policy contains invalid Json…"}
	},
	"TagException": func(w *walker, op *walked) refused {
		tag := in{"TagKey": "a", "TagValue": "b"}
		return refused{op.request(w, w.keyOf(op.kind)).with(in{"Tags": []in{tag, tag}}), "Duplicate tag keys"}
	},
}

// longPolicy is LimitExceededException of operations that take a key policy: it is longer than 32 KB.
func longPolicy(w *walker, op *walked) refused {
	text := `{"Version":"2012-10-17","Statement":[]` + strings.Repeat(" ", 32<<10) + `}`
	return refused{op.request(w, w.keyOf(op.kind)).with(in{"Policy": text}), "The key policy exceeds the limit of 32768 bytes."}
}

// replace is a request that would succeed but for the key that it names.
func (w *walker) replace(op *walked, key, message string) refused {
	return refused{op.request(w, w.keyOf(op.kind)).with(in{op.keyMember(): key}), message}
}

// neverAnywhere are the errors that no request comes to.
var neverAnywhere = map[string]string{
	"DependencyTimeoutException": "AWS KMS waits for other services of AWS, this server for none",
	"KMSInternalException":       "it is answered when the store fails, which no request makes it do",
	"KeyUnavailableException":    "AWS KMS answers it while it does not reach its own hardware; keys of key stores that are not connected are KMSInvalidStateException",
}
