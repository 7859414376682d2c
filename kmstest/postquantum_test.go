package kmstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// TestEncapsulation has two parties agree on a secret with a KMS key: one may encapsulate only, the other decapsulates by
// a grant.
func TestEncapsulation(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(`
accounts:
  "111122223333":
    roles:
      Sender: {policies: {Send: {Version: "2012-10-17", Statement: {Effect: Allow, Action: kms:Encapsulate, Resource: "*"}}}}
      Receiver: {}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {spec: ML_KEM_768, usage: ENCAPSULATE_DECAPSULATE, aliases: [alias/app]}
`))
	key := aws.String("alias/app")
	described, err := client(s, "root").DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
	require.NoError(t, err)
	require.Equal(t, []types.EncapsulationAlgorithmSpec{types.EncapsulationAlgorithmSpecMlKem}, described.KeyMetadata.EncapsulationAlgorithms)

	sent, err := client(s, "role/Sender").Encapsulate(t.Context(), &kms.EncapsulateInput{
		KeyId: key, EncapsulationAlgorithm: types.EncapsulationAlgorithmSpecMlKem,
	})
	require.NoError(t, err)
	require.Len(t, sent.SharedSecret, 32)
	receive := &kms.DecapsulateInput{
		KeyId: key, EncapsulationAlgorithm: types.EncapsulationAlgorithmSpecMlKem,
		SharedSecretCiphertextBlob: sent.SharedSecretCiphertextBlob,
	}
	for _, who := range []string{"role/Sender", "role/Receiver"} {
		_, err = client(s, who).Decapsulate(t.Context(), receive)
		require.Contains(t, requireDenied(t, err), "kms:Decapsulate")
	}

	granted, err := client(s, "root").CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: described.KeyMetadata.KeyId, GranteePrincipal: aws.String("arn:aws:iam::111122223333:role/Receiver"),
		Operations: []types.GrantOperation{types.GrantOperationDecapsulate},
	})
	require.NoError(t, err)
	receive.GrantTokens = []string{*granted.GrantToken}
	received, err := client(s, "role/Receiver").Decapsulate(t.Context(), receive)
	require.NoError(t, err)
	require.Equal(t, sent.SharedSecret, received.SharedSecret)
	_, err = client(s, "role/Receiver").Encapsulate(t.Context(), &kms.EncapsulateInput{
		KeyId: key, EncapsulationAlgorithm: types.EncapsulationAlgorithmSpecMlKem, GrantTokens: receive.GrantTokens,
	})
	require.Contains(t, requireDenied(t, err), "kms:Encapsulate")

	receive.DryRun = aws.Bool(true)
	_, err = client(s, "role/Receiver").Decapsulate(t.Context(), receive)
	requireCode(t, err, "DryRunOperationException")
	receive.DryRun, receive.SharedSecretCiphertextBlob = nil, []byte("short")
	_, err = client(s, "role/Receiver").Decapsulate(t.Context(), receive)
	requireCode(t, err, "InvalidCiphertextException")
}

// TestMLDSASignatures signs by the alias of a key, for a caller that may sign messages only.
func TestMLDSASignatures(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(`
accounts:
  "111122223333":
    roles:
      Signer:
        policies:
          Sign:
            Version: "2012-10-17"
            Statement:
              Effect: Allow
              Action: [kms:Sign, kms:Verify]
              Resource: "*"
              Condition: {StringEquals: {"kms:SigningAlgorithm": ML_DSA_SHAKE_256, "kms:MessageType": RAW}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {spec: ML_DSA_65, usage: SIGN_VERIFY, aliases: [alias/app]}
`))
	key, signer := aws.String("alias/app"), client(s, "role/Signer")
	signed, err := signer.Sign(t.Context(), &kms.SignInput{
		KeyId: key, Message: []byte("message"), SigningAlgorithm: types.SigningAlgorithmSpecMlDsaShake256,
	})
	require.NoError(t, err)
	verify := &kms.VerifyInput{
		KeyId: key, Message: []byte("message"), Signature: signed.Signature, SigningAlgorithm: types.SigningAlgorithmSpecMlDsaShake256,
	}
	verified, err := signer.Verify(t.Context(), verify)
	require.NoError(t, err)
	require.True(t, verified.SignatureValid)
	verify.Message = []byte("massage")
	_, err = signer.Verify(t.Context(), verify)
	requireCode(t, err, "KMSInvalidSignatureException")
	_, err = signer.Sign(t.Context(), &kms.SignInput{
		KeyId: key, Message: make([]byte, 64), MessageType: types.MessageTypeExternalMu,
		SigningAlgorithm: types.SigningAlgorithmSpecMlDsaShake256,
	})
	requireDenied(t, err)
}
