package kmstest_test

import (
	"bytes"
	"maps"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// everyState is why KMSInvalidStateException never comes.
const everyState = "the table of key states has the operation take keys in every state"

// keyRequest is the request of operations that want a key only.
func keyRequest(_ *walker, key string) in { return in{"KeyId": key} }

// walkedKeys are the operations on keys, their states, rotation, material and Regions.
var walkedKeys = []walked{
	{
		name: "CreateKey", answers: []string{"KeyMetadata"}, request: func(*walker, string) in { return in{"Description": "walked"} },
		errors: createKeyErrors,
		never: map[string]string{
			"InvalidArnException": "an ARN in a key policy that names nobody is MalformedPolicyDocumentException, as with AWS",
		},
	},
	{name: "DescribeKey", kind: "symmetric", answers: []string{"KeyMetadata"}, request: keyRequest},
	{name: "EnableKey", kind: "symmetric", request: keyRequest, never: map[string]string{
		"LimitExceededException": "keys count for their quota whatever their state is",
	}},
	{name: "DisableKey", kind: "symmetric", request: keyRequest},
	{
		name: "ScheduleKeyDeletion", kind: "symmetric", request: keyRequest,
		answers: []string{"KeyId", "KeyState", "DeletionDate", "PendingWindowInDays"},
	},
	{
		name: "CancelKeyDeletion", kind: "symmetric", answers: []string{"KeyId"},
		request: func(w *walker, key string) in {
			w.do("ScheduleKeyDeletion", keyRequest(w, key))
			return keyRequest(w, key)
		},
		errors: map[string]provocation{
			"KMSInvalidStateException": func(w *walker, _ *walked) refused {
				key := w.keyOf("symmetric")
				return refused{in{"KeyId": key}, arn(key) + " is not pending deletion."}
			},
		},
	},
	{
		name: "UpdateKeyDescription", kind: "symmetric",
		request: func(_ *walker, key string) in { return in{"KeyId": key, "Description": "walked"} },
	},
	{
		name: "GetKeyLastUsage", kind: "symmetric", request: keyRequest,
		answers: []string{"KeyId", "KeyLastUsage", "TrackingStartDate", "KeyCreationDate"},
	},
	{
		name: "EnableKeyRotation", kind: "symmetric", request: keyRequest,
		errors: map[string]provocation{"UnsupportedOperationException": externalOrigin},
	},
	{
		name: "DisableKeyRotation", kind: "symmetric", request: keyRequest,
		errors: map[string]provocation{"UnsupportedOperationException": externalOrigin},
	},
	{
		name: "GetKeyRotationStatus", kind: "symmetric", request: keyRequest, answers: []string{"KeyId", "KeyRotationEnabled"},
		errors: map[string]provocation{"UnsupportedOperationException": externalOrigin},
		never:  map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "ListKeyRotations", kind: "symmetric", request: keyRequest, answers: []string{"Rotations"},
		errors: map[string]provocation{"UnsupportedOperationException": cannotRotate},
		never:  map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "RotateKeyOnDemand", kind: "symmetric", request: keyRequest, answers: []string{"KeyId"},
		errors: map[string]provocation{
			"UnsupportedOperationException": cannotRotate,
			"LimitExceededException":        rotatedOut,
			"ConflictException":             rotatesSoon,
		},
	},
	{
		name: "GetParametersForImport", kind: "imported", request: parametersRequest,
		answers: []string{"KeyId", "ImportToken", "PublicKey", "ParametersValidTo"},
		errors:  map[string]provocation{"UnsupportedOperationException": originKMS},
	},
	{
		name: "ImportKeyMaterial", kind: "imported", answers: []string{"KeyId", "KeyMaterialId"},
		request: func(w *walker, key string) in { return w.material(key, bytes.Repeat([]byte{1}, 32)) },
		errors: map[string]provocation{
			"UnsupportedOperationException": originKMS,
			"InvalidCiphertextException": func(w *walker, op *walked) refused {
				return refused{op.request(w, w.keyOf(op.kind)).with(in{"EncryptedKeyMaterial": []byte("nonsense")}), ""}
			},
			"InvalidImportTokenException": func(w *walker, op *walked) refused {
				return refused{
					op.request(w, w.keyOf(op.kind)).with(in{"ImportToken": []byte("nonsense")}),
					"The request was rejected because the provided import token is invalid or is associated with a different KMS key.",
				}
			},
			"IncorrectKeyMaterialException": func(w *walker, op *walked) refused {
				key := w.keyOf(op.kind)
				w.do(op.name, op.request(w, key))
				w.do("DeleteImportedKeyMaterial", in{"KeyId": key})
				return refused{
					w.material(key, bytes.Repeat([]byte{2}, 32)).with(in{"ImportType": "EXISTING_KEY_MATERIAL"}),
					"The request was rejected because the key material in the request is, expired, invalid, or does not meet expectations.",
				}
			},
			"ExpiredImportTokenException": func(w *walker, op *walked) refused {
				request := op.request(w, w.keyOf(op.kind))
				w.clock.Advance(25 * time.Hour)
				return refused{request, "The request was rejected because the specified import token is expired."}
			},
		},
	},
	{
		name: "DeleteImportedKeyMaterial", kind: "imported", answers: []string{"KeyId", "KeyMaterialId"},
		request: func(w *walker, key string) in {
			w.do("ImportKeyMaterial", w.material(key, bytes.Repeat([]byte{1}, 32)))
			return keyRequest(w, key)
		},
		errors: map[string]provocation{
			"UnsupportedOperationException": originKMS,
			"KMSInvalidStateException":      deletedWhileUpdating,
		},
	},
	{
		name: "ReplicateKey", kind: "primary", answers: []string{"ReplicaKeyMetadata", "ReplicaPolicy", "ReplicaTags"},
		request: func(_ *walker, key string) in { return in{"KeyId": key, "ReplicaRegion": "eu-west-1"} },
		errors: map[string]provocation{
			"AlreadyExistsException": func(w *walker, op *walked) refused {
				key := w.replicated()
				return refused{op.request(w, key), "Key " + strings.Replace(arn(key), "us-east-1", "eu-west-1", 1) + " already exists"}
			},
			"LimitExceededException":        longPolicy,
			"UnsupportedOperationException": notPrimary,
		},
	},
	{
		name: "UpdatePrimaryRegion", kind: "primary", request: func(w *walker, key string) in {
			w.do("ReplicateKey", in{"KeyId": key, "ReplicaRegion": "eu-west-1"})
			w.clock.Advance(2 * time.Second)
			return in{"KeyId": key, "PrimaryRegion": "eu-west-1"}
		},
		errors: map[string]provocation{
			"UnsupportedOperationException": notPrimary,
			"KMSInvalidStateException": func(w *walker, op *walked) refused {
				key := w.keyOf(op.kind)
				request := op.request(w, key)
				w.do("ScheduleKeyDeletion", in{"KeyId": key})
				return refused{request, arn(key) + " is pending replica deletion."}
			},
		},
	},
}

// createKeyErrors are the ways to the errors of CreateKey.
var createKeyErrors = func() map[string]provocation {
	errors := maps.Clone(createKeyInStoreErrors)
	errors["LimitExceededException"] = longPolicy
	errors["UnsupportedOperationException"] = func(*walker, *walked) refused {
		return refused{in{"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, "KeySpec SM2 is not supported in this Region"}
	}
	return errors
}()

// externalOrigin names a key with imported material.
func externalOrigin(w *walker, op *walked) refused {
	key := w.keyOf("imported")
	return w.replace(op, key, arn(key)+" origin is EXTERNAL which is not valid for this operation.")
}

// originKMS names a key with material of AWS KMS.
func originKMS(w *walker, op *walked) refused {
	key := w.keyOf("symmetric")
	return w.replace(op, key, arn(key)+" origin is AWS_KMS which is not valid for this operation.")
}

// cannotRotate names an asymmetric key.
func cannotRotate(w *walker, op *walked) refused { return w.replace(op, w.keyOf("signing"), "") }

func notPrimary(w *walker, op *walked) refused {
	key := w.keyOf("symmetric")
	return w.replace(op, key, arn(key)+" is not a multi-region primary key.")
}

// rotatedOut rotates a key as often as it can be.
func rotatedOut(w *walker, op *walked) refused {
	key := w.keyOf(op.kind)
	for range 25 {
		w.do(op.name, in{"KeyId": key})
	}
	return refused{in{"KeyId": key}, "The on-demand rotations limit has been reached for the given keyId. No more on-demand " +
		"rotations can be performed for this key: " + arn(key)}
}

// rotatesSoon is a quarter of an hour before the automatic rotation of a key.
func rotatesSoon(w *walker, op *walked) refused {
	key := w.keyOf(op.kind)
	w.do("EnableKeyRotation", in{"KeyId": key, "RotationPeriodInDays": 90})
	w.clock.Advance(90*24*time.Hour - 21*time.Minute)
	require.Nil(w.t, w.call(boto3, op.name, in{"KeyId": key}).Error, "21 minutes before")
	w.clock.Advance(6 * time.Minute)
	return refused{in{"KeyId": key}, "The request was rejected because an automatic rotation of this key is currently in " +
		"progress or scheduled to begin within the next 20 minutes."}
}

// deletedWhileUpdating is a key whose primary Region changes.
func deletedWhileUpdating(w *walker, _ *walked) refused {
	key := w.do("CreateKey", in{"Origin": "EXTERNAL", "MultiRegion": true})["KeyMetadata"].(map[string]any)["KeyId"].(string)
	material := bytes.Repeat([]byte{1}, 32)
	w.do("ImportKeyMaterial", w.material(key, material))
	w.do("ReplicateKey", in{"KeyId": key, "ReplicaRegion": "eu-west-1"})
	return refused{
		in{"KeyId": key, "@region": "eu-west-1"}, strings.Replace(arn(key), "us-east-1", "eu-west-1", 1) + " is creating.",
	}
}

func parametersRequest(_ *walker, key string) in {
	return in{"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
}
