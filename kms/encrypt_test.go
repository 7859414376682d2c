package kms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/kms/material"
)

func TestEncryptAndDecryptAreInverse(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOfN(rapid.Byte(), 1, 4096).Draw(t, "plaintext")
		context := rapid.MapOfN(rapid.String(), rapid.String(), 0, 5).Draw(t, "context")
		encrypted := must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": plaintext, "EncryptionContext": context})
		require.Equal(t, key, encrypted.KeyId)
		require.Equal(t, "SYMMETRIC_DEFAULT", encrypted.EncryptionAlgorithm)
		decrypted := must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": encrypted.CiphertextBlob, "EncryptionContext": context})
		require.True(t, bytes.Equal(plaintext, decrypted.Plaintext))
		require.Equal(t, key, decrypted.KeyId)
	})
}

func TestEncryptWithRSA(t *testing.T) {
	b := newBench(t)
	key := b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT")
	for algorithm, limit := range map[string]int{"RSAES_OAEP_SHA_1": 214, "RSAES_OAEP_SHA_256": 190} {
		t.Run(algorithm, func(t *testing.T) {
			b := newBench(t)
			plaintext := bytes.Repeat([]byte{1}, limit)
			encrypted := must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm})
			require.Len(t, encrypted.CiphertextBlob, 256, "the output of RSA and nothing else")
			require.Equal(t, algorithm, encrypted.EncryptionAlgorithm)
			require.Empty(t, b.materials)
			decrypted := must[decryptOutput](b, "Decrypt", in{
				"KeyId": key, "CiphertextBlob": encrypted.CiphertextBlob, "EncryptionAlgorithm": algorithm,
			})
			require.Equal(t, plaintext, []byte(decrypted.Plaintext))
			require.Empty(t, decrypted.KeyMaterialId)

			b.refused("Encrypt", in{"KeyId": key, "Plaintext": append(plaintext, 1), "EncryptionAlgorithm": algorithm}, CodeValidation,
				fmt.Sprintf("Algorithm %s and key spec RSA_2048 cannot encrypt data larger than %d bytes.", algorithm, limit))
			b.refused("Encrypt", in{
				"KeyId": key, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm, "EncryptionContext": in{"a": "b"},
			}, CodeValidation, "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
			encrypted.CiphertextBlob[9] ^= 1
			b.refused("Decrypt", in{
				"KeyId": key, "CiphertextBlob": encrypted.CiphertextBlob, "EncryptionAlgorithm": algorithm,
			}, CodeInvalidCiphertext, "")
			b.refused("Decrypt", in{"CiphertextBlob": encrypted.CiphertextBlob, "EncryptionAlgorithm": algorithm}, CodeValidation,
				"1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
		})
	}
}

func TestEncryptRefusesAlgorithms(t *testing.T) {
	b := newBench(t)
	b.refused("Encrypt", in{"KeyId": b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT"), "Plaintext": []byte("a")},
		CodeInvalidKeyUsage, "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")
	b.refused("Encrypt", in{"KeyId": b.symmetric(), "Plaintext": []byte("a"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"},
		CodeInvalidKeyUsage, "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.")
	b.refused("Decrypt", in{"KeyId": b.symmetric(), "CiphertextBlob": []byte("a"), "EncryptionAlgorithm": "SM2PKE"},
		CodeInvalidKeyUsage, "Algorithm SM2PKE is incompatible with key spec SYMMETRIC_DEFAULT.")
	b.refused("Encrypt", in{"KeyId": b.symmetric(), "Plaintext": []byte("a"), "EncryptionAlgorithm": "ROT13"}, CodeValidation,
		"1 validation error detected: Value 'ROT13' at 'encryptionAlgorithm' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]")
	b.refused("Encrypt", in{"KeyId": b.symmetric(), "Plaintext": make([]byte, 4097)}, CodeValidation,
		"1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096")
}

// TestDecryptFindsTheKey is the first of the bugs seen in other emulators: the key comes from the ciphertext before
// anything is decided.
func TestDecryptFindsTheKey(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	blob := must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret")}).CiphertextBlob

	must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": blob})
	require.Len(t, b.asked, 1)
	require.Equal(t, key, b.asked[0].Key.ARN)
	require.True(t, b.asked[0].FromCiphertext)
	require.Len(t, b.keys, 1)
	require.Equal(t, key, b.keys[0].ARN)

	must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": blob, "KeyId": key})
	require.Equal(t, key, b.asked[0].Key.ARN)
	require.False(t, b.asked[0].FromCiphertext)

	// A caller of another account is asked about like any other: with the key's policy it may be allowed.
	b.call.Account = cryptoOther
	must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": blob})
	require.Equal(t, key, b.asked[0].Key.ARN)
	b.call.Region = "eu-west-1"
	b.refused("Decrypt", in{"CiphertextBlob": blob}, CodeAccessDenied, unknownCiphertextKey)
	require.Empty(t, b.asked)
}

func TestDecryptRefuses(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	other := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	context := in{"tenant": "alice"}
	blob := must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret"), "EncryptionContext": context}).CiphertextBlob
	edit := func(at int, with byte) []byte {
		changed := bytes.Clone(blob)
		changed[at] ^= with
		return changed
	}
	for _, test := range []struct {
		name          string
		input         in
		code, message string
	}{
		{"another context", in{"CiphertextBlob": blob, "EncryptionContext": in{"tenant": "bob"}}, CodeInvalidCiphertext, ""},
		{"no context", in{"CiphertextBlob": blob}, CodeInvalidCiphertext, ""},
		{"empty context", in{"CiphertextBlob": blob, "EncryptionContext": in{}}, CodeInvalidCiphertext, ""},
		{"changed text", in{"CiphertextBlob": edit(64, 1), "EncryptionContext": context}, CodeInvalidCiphertext, ""},
		{"changed material", in{"CiphertextBlob": edit(20, 1), "EncryptionContext": context}, CodeInvalidCiphertext, ""},
		{"changed version", in{"CiphertextBlob": edit(0, 1), "EncryptionContext": context}, CodeInvalidCiphertext, ""},
		{"changed version, key named", in{"CiphertextBlob": edit(0, 1), "EncryptionContext": context, "KeyId": key}, CodeInvalidCiphertext, ""},
		{"garbage", in{"CiphertextBlob": []byte("garbage")}, CodeInvalidCiphertext, ""},
		{"changed key", in{"CiphertextBlob": edit(2, 1), "EncryptionContext": context}, CodeAccessDenied, unknownCiphertextKey},
		{
			"another key",
			in{"CiphertextBlob": blob, "EncryptionContext": context, "KeyId": other},
			CodeIncorrectKey,
			"The key ID in the request does not identify a CMK that can perform this operation.",
		},
		{
			"no ciphertext",
			in{"KeyId": key},
			CodeValidation,
			"1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
		},
		{
			"no ciphertext, modifier without dry run",
			in{"KeyId": key, "DryRunModifiers": []string{"IGNORE_CIPHERTEXT"}},
			CodeValidation,
			"1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
		},
		{
			"nothing at all",
			in{"DryRun": true, "DryRunModifiers": []string{"IGNORE_CIPHERTEXT"}},
			CodeValidation,
			"1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.refused("Decrypt", test.input, test.code, test.message)
			require.Empty(t, b.materials)
		})
	}
}

// TestDecryptAfterRotation has a ciphertext of old key material.
func TestDecryptAfterRotation(t *testing.T) {
	b := newBench(t)
	key := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	old := must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret")})
	_, err := b.do("RotateKeyOnDemand", in{"KeyId": key})
	require.NoError(t, err)
	recent := must[generateDataKeyOutput](b, "GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256"})
	decrypted := must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": old.CiphertextBlob})
	require.Equal(t, "secret", string(decrypted.Plaintext))
	require.NotEqual(t, recent.KeyMaterialId, decrypted.KeyMaterialId)
	require.Equal(t, []string{decrypted.KeyMaterialId}, b.materials)
	again := must[reEncryptOutput](b, "ReEncrypt", in{"CiphertextBlob": old.CiphertextBlob, "DestinationKeyId": key})
	require.Equal(t, decrypted.KeyMaterialId, again.SourceKeyMaterialId)
	require.Equal(t, recent.KeyMaterialId, again.DestinationKeyMaterialId)
	header, err := material.ParseCiphertext(again.CiphertextBlob)
	require.NoError(t, err)
	require.Equal(t, recent.KeyMaterialId, header.MaterialID)
}

func TestEncryptByAlias(t *testing.T) {
	b := newBench(t)
	key := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	_, err := b.do("CreateAlias", in{"AliasName": "alias/crypto", "TargetKeyId": key})
	require.NoError(t, err)
	for _, id := range []string{"alias/crypto", "arn:aws:kms:us-east-1:" + cryptoAccount + ":alias/crypto"} {
		out := must[encryptOutput](b, "Encrypt", in{"KeyId": id, "Plaintext": []byte("secret")})
		require.Equal(t, key, out.KeyId)
		require.Equal(t, []string{"alias/crypto"}, b.asked[0].Context["kms:RequestAlias"])
		require.Equal(t, key, b.asked[0].Key.ARN, "the alias is resolved before anything is decided")
	}
	must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret")})
	require.NotContains(t, b.asked[0].Context, "kms:RequestAlias")
}

func TestReEncrypt(t *testing.T) {
	b := newBench(t)
	from, to := b.symmetric(), b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := must[encryptOutput](b, "Encrypt", in{"KeyId": from, "Plaintext": []byte("secret"), "EncryptionContext": in{"a": "b"}}).CiphertextBlob
	input := in{
		"CiphertextBlob": blob, "SourceEncryptionContext": in{"a": "b"},
		"DestinationKeyId": to, "DestinationEncryptionContext": in{"c": "d"},
	}
	out := must[reEncryptOutput](b, "ReEncrypt", input)
	require.Equal(t, from, out.SourceKeyId)
	require.Equal(t, to, out.KeyId)
	require.Equal(t, "SYMMETRIC_DEFAULT", out.SourceEncryptionAlgorithm)
	require.Equal(t, "SYMMETRIC_DEFAULT", out.DestinationEncryptionAlgorithm)
	require.Equal(t, []string{out.SourceKeyMaterialId, out.DestinationKeyMaterialId}, b.materials)
	require.Len(t, b.keys, 2)

	require.Len(t, b.asked, 2, "each side is decided about")
	for i, want := range []struct {
		action, key, contextKey, value string
		fromCiphertext                 bool
	}{
		{"kms:ReEncryptFrom", from, "a", "b", true},
		{"kms:ReEncryptTo", to, "c", "d", false},
	} {
		asked := b.asked[i]
		require.Equal(t, want.action, asked.Action)
		require.Equal(t, want.key, asked.Key.ARN)
		require.Equal(t, want.fromCiphertext, asked.FromCiphertext)
		require.Equal(t, map[string][]string{
			"kms:EncryptionAlgorithm": {"SYMMETRIC_DEFAULT"}, "kms:EncryptionContext:" + want.contextKey: {want.value},
			"kms:EncryptionContextKeys": {want.contextKey}, "kms:ReEncryptOnSameKey": {"false"},
		}, asked.Context)
	}
	decrypted := must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": out.CiphertextBlob, "EncryptionContext": in{"c": "d"}})
	require.Equal(t, "secret", string(decrypted.Plaintext))
	require.Equal(t, to, decrypted.KeyId)

	for _, action := range []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"} {
		b.decide = deny(action)
		b.refused("ReEncrypt", input, CodeAccessDenied, "denied "+action)
	}
}

func TestReEncryptOnSameKey(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	blob := must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret")}).CiphertextBlob
	must[reEncryptOutput](b, "ReEncrypt", in{"CiphertextBlob": blob, "SourceKeyId": key, "DestinationKeyId": key})
	for _, asked := range b.asked {
		require.Equal(t, []string{"true"}, asked.Context["kms:ReEncryptOnSameKey"])
		require.False(t, asked.FromCiphertext)
	}
}

// TestReEncryptAcrossKinds goes from a symmetric key to RSA and back.
func TestReEncryptAcrossKinds(t *testing.T) {
	b := newBench(t)
	symmetric, rsa := b.symmetric(), b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT")
	blob := must[encryptOutput](b, "Encrypt", in{"KeyId": symmetric, "Plaintext": []byte("secret")}).CiphertextBlob
	there := must[reEncryptOutput](b, "ReEncrypt", in{
		"CiphertextBlob": blob, "DestinationKeyId": rsa, "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
	})
	require.NotEmpty(t, there.SourceKeyMaterialId)
	require.Empty(t, there.DestinationKeyMaterialId)
	back := must[reEncryptOutput](b, "ReEncrypt", in{
		"CiphertextBlob": there.CiphertextBlob, "SourceKeyId": rsa, "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
		"DestinationKeyId": symmetric,
	})
	decrypted := must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": back.CiphertextBlob})
	require.Equal(t, "secret", string(decrypted.Plaintext))

	b.refused("ReEncrypt", in{
		"CiphertextBlob": there.CiphertextBlob, "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "DestinationKeyId": symmetric,
	}, CodeValidation, "1 validation error detected: Value null at 'sourceKeyId' failed to satisfy constraint: Member must not be null")
	b.refused("ReEncrypt", in{
		"CiphertextBlob": blob, "DestinationKeyId": rsa, "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
		"DestinationEncryptionContext": in{"a": "b"},
	}, CodeValidation, "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
	large := must[encryptOutput](b, "Encrypt", in{"KeyId": symmetric, "Plaintext": make([]byte, 300)}).CiphertextBlob
	b.refused("ReEncrypt", in{
		"CiphertextBlob": large, "DestinationKeyId": rsa, "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
	}, CodeValidation, "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.")
}

// TestPlaintextIsNotPrinted prints inputs and outputs as a log would.
func TestPlaintextIsNotPrinted(t *testing.T) {
	b := newBench(t)
	result, err := b.do("Encrypt", in{"KeyId": b.symmetric(), "Plaintext": []byte("plaintext")})
	require.NoError(t, err)
	decrypted, err := b.do("Decrypt", in{"CiphertextBlob": result.Output.(*encryptOutput).CiphertextBlob})
	require.NoError(t, err)
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, value := range []any{result.Input, decrypted.Output, result, decrypted} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			fmt.Fprintf(&log, verb, value)
		}
		logger.Info("value", slog.Any("value", value))
	}
	secret := decrypted.Output.(*decryptOutput).Plaintext
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		require.Equal(t, redacted, fmt.Sprintf(verb, secret))
	}
	require.Equal(t, redacted, secret.String())
	require.Equal(t, redacted, secret.GoString())
	logger.Info("secret", slog.Any("value", secret))
	for _, form := range []string{"plaintext", "706c61696e", "112 108 97", "0x70, 0x6c"} {
		require.NotContains(t, log.String(), form)
	}
	encoded, err := json.Marshal(decrypted.Output)
	require.NoError(t, err)
	require.Contains(t, string(encoded), `"Plaintext":"cGxhaW50ZXh0"`)
}
