package kmstest_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// measured is the image that the policies of the tests are for.
var measured = bytes.Repeat([]byte{0xab}, 48)

// enclaveWorld has a key for the enclave with the image measured, keys with other conditions, and one without.
const enclaveWorld = `
accounts:
  "111122223333":
    users:
      alice: {}
    roles:
      App:
        policies:
          Random:
            Version: "2012-10-17"
            Statement:
              Effect: Allow
              Action: kms:GenerateRandom
              Resource: "*"
              Condition: {StringEqualsIgnoreCase: {"kms:RecipientAttestation:ImageSha384": "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"}}
    keys:
      11111111-1111-1111-1111-111111111111:
        aliases: [alias/image]
        policy: &image
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}, Action: ["kms:Encrypt", "kms:GetPublicKey"], Resource: "*"}
            - Effect: Allow
              Principal: {AWS: "arn:aws:iam::111122223333:role/App"}
              Action: ["kms:Decrypt", "kms:DeriveSharedSecret", "kms:GenerateDataKey", "kms:GenerateDataKeyPair"]
              Resource: "*"
              Condition: {StringEqualsIgnoreCase: {"kms:RecipientAttestation:ImageSha384": "abababababababababababababababababababababababababababababababababababababababababababababababab"}}
      22222222-2222-2222-2222-222222222222:
        aliases: [alias/agreement]
        spec: ECC_NIST_P256
        usage: KEY_AGREEMENT
        policy: *image
      33333333-3333-3333-3333-333333333333:
        aliases: [alias/kernel]
        policy:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:role/App"}, Action: "kms:*", Resource: "*"}
            - Effect: Deny
              Principal: "*"
              Action: kms:GenerateDataKey
              Resource: "*"
              Condition: {StringNotEquals: {"kms:RecipientAttestation:PCR1": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"}}
      44444444-4444-4444-4444-444444444444:
        aliases: [alias/attested]
        policy:
          Version: "2012-10-17"
          Statement:
            Effect: Allow
            Principal: {AWS: "arn:aws:iam::111122223333:role/App"}
            Action: "kms:GenerateDataKey"
            Resource: "*"
            Condition: {"Null": {"kms:RecipientAttestation:PCR0": "false"}}
      55555555-5555-5555-5555-555555555555:
        aliases: [alias/tpm]
        policy:
          Version: "2012-10-17"
          Statement:
            Effect: Allow
            Principal: {AWS: "arn:aws:iam::111122223333:role/App"}
            Action: "kms:GenerateDataKey"
            Resource: "*"
            Condition: {StringEquals: {"kms:RecipientAttestation:NitroTPMPCR4": "abababababababababababababababababababababababababababababababababababababababababababababababab"}}
`

func TestEnclave(t *testing.T) {
	s := kmstest.Start(t, kmstest.WithWorld(enclaveWorld))
	alice, app := kms.NewFromConfig(s.Config("user/alice")), kms.NewFromConfig(s.Config("role/App"))
	encrypted, err := alice.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/image"), Plaintext: []byte("secret")})
	require.NoError(t, err)
	agreement, err := alice.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: aws.String("alias/agreement")})
	require.NoError(t, err)

	// calls return what is answered in the clear, and what for the recipient only.
	calls := map[string]func(*types.RecipientInfo) (plain, encrypted []byte, err error){
		"Decrypt": func(to *types.RecipientInfo) ([]byte, []byte, error) {
			out, err := app.Decrypt(t.Context(), &kms.DecryptInput{
				KeyId: aws.String("alias/image"), CiphertextBlob: encrypted.CiphertextBlob, Recipient: to,
			})
			if err != nil {
				return nil, nil, err
			}
			return out.Plaintext, out.CiphertextForRecipient, nil
		},
		"DeriveSharedSecret": func(to *types.RecipientInfo) ([]byte, []byte, error) {
			out, err := app.DeriveSharedSecret(t.Context(), &kms.DeriveSharedSecretInput{
				KeyId: aws.String("alias/agreement"), KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpecEcdh,
				PublicKey: agreement.PublicKey, Recipient: to,
			})
			if err != nil {
				return nil, nil, err
			}
			return out.SharedSecret, out.CiphertextForRecipient, nil
		},
		"GenerateDataKey": func(to *types.RecipientInfo) ([]byte, []byte, error) {
			out, err := app.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
				KeyId: aws.String("alias/image"), KeySpec: types.DataKeySpecAes256, Recipient: to,
			})
			if err != nil {
				return nil, nil, err
			}
			return out.Plaintext, out.CiphertextForRecipient, nil
		},
		"GenerateDataKeyPair": func(to *types.RecipientInfo) ([]byte, []byte, error) {
			out, err := app.GenerateDataKeyPair(t.Context(), &kms.GenerateDataKeyPairInput{
				KeyId: aws.String("alias/image"), KeyPairSpec: types.DataKeyPairSpecEccNistP256, Recipient: to,
			})
			if err != nil {
				return nil, nil, err
			}
			return out.PrivateKeyPlaintext, out.CiphertextForRecipient, nil
		},
		"GenerateRandom": func(to *types.RecipientInfo) ([]byte, []byte, error) {
			out, err := app.GenerateRandom(t.Context(), &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32), Recipient: to})
			if err != nil {
				return nil, nil, err
			}
			return out.Plaintext, out.CiphertextForRecipient, nil
		},
	}
	trusted := s.NewEnclave(map[int][]byte{0: measured})
	other := s.NewEnclave(map[int][]byte{0: make([]byte, 48), 1: measured})
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			plain, answer, err := call(trusted.Recipient())
			require.NoError(t, err)
			require.Empty(t, plain)
			require.NotEmpty(t, trusted.Open(answer))
			if name == "Decrypt" {
				require.Equal(t, "secret", string(trusted.Open(answer)))
			}
			_, _, err = call(other.Recipient())
			requireRefused(t, err, "AccessDeniedException", "is not authorized to perform: kms:"+name)
			_, _, err = call(nil)
			requireRefused(t, err, "AccessDeniedException", "is not authorized to perform: kms:"+name)
			_, _, err = call(&types.RecipientInfo{
				AttestationDocument: []byte("no document"), KeyEncryptionAlgorithm: types.KeyEncryptionMechanismRsaesOaepSha256,
			})
			requireRefused(t, err, "ValidationException", "AWS KMS cannot parse the attestation document: it is no COSE_Sign1 message")
		})
	}
}

// requireRefused requires an exception whose message has a text.
func requireRefused(t *testing.T, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	require.Equal(t, code, api.ErrorCode(), api.ErrorMessage())
	require.Contains(t, api.ErrorMessage(), text)
}

// TestEnclaveConditions asks keys with conditions for data keys.
func TestEnclaveConditions(t *testing.T) {
	s := kmstest.Start(t, kmstest.WithWorld(enclaveWorld))
	app := kms.NewFromConfig(s.Config("role/App"))
	kernel, err := hex.DecodeString("cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd")
	require.NoError(t, err)
	enclaves := map[string]*kmstest.Enclave{
		"image":  s.NewEnclave(map[int][]byte{0: measured}),
		"kernel": s.NewEnclave(map[int][]byte{1: kernel}),
		"tpm":    s.NewNitroTPM(map[int][]byte{4: measured}),
		"tpm7":   s.NewNitroTPM(map[int][]byte{7: measured}),
	}
	for _, test := range []struct {
		key, enclave string
		allowed      bool
	}{
		{"alias/kernel", "kernel", true},
		{"alias/kernel", "image", false}, // PCR1 is not there: a negated operator holds, and the Deny with it
		{"alias/kernel", "tpm", false},
		{"alias/kernel", "", false},
		{"alias/attested", "image", true},
		{"alias/attested", "kernel", false},
		{"alias/attested", "tpm", false},
		{"alias/attested", "", false},
		{"alias/tpm", "tpm", true},
		{"alias/tpm", "tpm7", false},
		{"alias/tpm", "image", false},
		{"alias/tpm", "", false},
		{"alias/image", "tpm", false},
	} {
		t.Run(test.key+" "+test.enclave, func(t *testing.T) {
			input := &kms.GenerateDataKeyInput{KeyId: aws.String(test.key), KeySpec: types.DataKeySpecAes128}
			if e := enclaves[test.enclave]; e != nil {
				input.Recipient = e.Recipient()
			}
			input.DryRun = aws.Bool(true)
			_, err := app.GenerateDataKey(t.Context(), input)
			if !test.allowed {
				requireRefused(t, err, "AccessDeniedException", "is not authorized to perform: kms:GenerateDataKey")
				return
			}
			requireRefused(t, err, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
			input.DryRun = nil
			out, err := app.GenerateDataKey(t.Context(), input)
			require.NoError(t, err)
			require.Empty(t, out.Plaintext)
			require.Len(t, enclaves[test.enclave].Open(out.CiphertextForRecipient), 16)
		})
	}
}

// TestEnclaveClock: documents are of the server's time, whatever that is, and go stale in it.
func TestEnclaveClock(t *testing.T) {
	clock := &kmstest.Clock{}
	clock.Set(time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC))
	s := kmstest.Start(t, kmstest.WithWorld(enclaveWorld), kmstest.WithClock(clock))
	app := kms.NewFromConfig(s.Config("role/App"))
	e := s.NewEnclave(map[int][]byte{0: measured})
	recipient := e.Recipient()
	random := func(to *types.RecipientInfo) error {
		_, err := app.GenerateRandom(t.Context(), &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32), Recipient: to})
		return err
	}
	require.NoError(t, random(recipient))
	clock.Advance(5 * time.Minute)
	require.NoError(t, random(recipient))
	clock.Advance(time.Second)
	requireRefused(t, random(recipient), "ValidationException",
		"AWS KMS cannot parse the attestation document: it exceeded the five-minute age limit: it is of 2031-01-02T03:04:05Z.")
	require.NoError(t, random(e.Recipient()))
	requireRefused(t, random(kmstest.NewEnclave(t, map[int][]byte{0: measured}).Recipient()), "ValidationException", "certificate has expired")
}

// TestEnclaveSize: the largest document that AWS's model allows arrives, and one byte more is refused as AWS does.
func TestEnclaveSize(t *testing.T) {
	s := kmstest.Start(t, kmstest.WithWorld(enclaveWorld))
	app := kms.NewFromConfig(s.Config("role/App"))
	for size, message := range map[int]string{
		262144: "AWS KMS cannot parse the attestation document: it is no COSE_Sign1 message",
		262145: "at 'recipient.attestationDocument' failed to satisfy constraint: Member must have length less than or equal to 262144",
	} {
		_, err := app.GenerateRandom(t.Context(), &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32), Recipient: &types.RecipientInfo{
			AttestationDocument: make([]byte, size), KeyEncryptionAlgorithm: types.KeyEncryptionMechanismRsaesOaepSha256,
		}})
		requireRefused(t, err, "ValidationException", message)
	}
}
