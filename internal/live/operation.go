package live

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strictkms/strictkms/policy"
)

// operation is how an action is asked for.
type operation struct {
	// required are the condition keys that are parameters of every call; optional are those that may be missing.
	required, optional []string
	// encryption is whether the call takes an encryption context.
	encryption bool
	// needsGrant is whether the call is about a grant.
	needsGrant bool
	// check says why parameters cannot go together.
	check func(q *question) (why string)
	// call makes the call, with DryRun. An answer without an error says that AWS KMS did it all the same.
	call func(ctx context.Context, c *kms.Client, q *question) error
}

func (o operation) takes(name string) bool {
	same := func(other string) bool { return policy.FoldKey(other) == policy.FoldKey(name) }
	return slices.ContainsFunc(o.required, same) || slices.ContainsFunc(o.optional, same)
}

// The condition keys that are parameters.
const (
	requestAlias        = "kms:RequestAlias"
	encryptionAlgorithm = "kms:EncryptionAlgorithm"
	dataKeyPairSpec     = "kms:DataKeyPairSpec"
	signingAlgorithm    = "kms:SigningAlgorithm"
	messageType         = "kms:MessageType"
	macAlgorithm        = "kms:MacAlgorithm"
	agreementAlgorithm  = "kms:KeyAgreementAlgorithm"
	reEncryptOnSameKey  = "kms:ReEncryptOnSameKey"
)

// operations are the operations that have DryRun, by action
// (https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html).
// Encapsulate and Decapsulate have it, but no condition key gives their algorithm, which must fit the key.
var operations = map[string]operation{
	"kms:Encrypt":         {optional: []string{requestAlias, encryptionAlgorithm}, encryption: true, call: encrypt},
	"kms:Decrypt":         {optional: []string{requestAlias, encryptionAlgorithm}, encryption: true, call: decrypt},
	"kms:ReEncryptFrom":   reEncryptOperation,
	"kms:ReEncryptTo":     reEncryptOperation,
	"kms:GenerateDataKey": {optional: []string{requestAlias}, encryption: true, call: generateDataKey},
	"kms:GenerateDataKeyWithoutPlaintext": {
		optional: []string{requestAlias}, encryption: true, call: generateDataKeyWithoutPlaintext,
	},
	"kms:GenerateDataKeyPair": {
		required: []string{dataKeyPairSpec}, optional: []string{requestAlias}, encryption: true, call: generateDataKeyPair,
	},
	"kms:GenerateDataKeyPairWithoutPlaintext": {
		required: []string{dataKeyPairSpec}, optional: []string{requestAlias}, encryption: true,
		call: generateDataKeyPairWithoutPlaintext,
	},
	"kms:Sign":               {required: []string{signingAlgorithm}, optional: []string{requestAlias, messageType}, call: sign},
	"kms:Verify":             {required: []string{signingAlgorithm}, optional: []string{requestAlias, messageType}, call: verify},
	"kms:GenerateMac":        {required: []string{macAlgorithm}, optional: []string{requestAlias}, call: generateMac},
	"kms:VerifyMac":          {required: []string{macAlgorithm}, optional: []string{requestAlias}, call: verifyMac},
	"kms:DeriveSharedSecret": {required: []string{agreementAlgorithm}, optional: []string{requestAlias}, call: deriveSharedSecret},
	"kms:CreateGrant":        createGrantOperation,
	"kms:RetireGrant":        {needsGrant: true, call: retireGrant},
	"kms:RevokeGrant":        {needsGrant: true, call: revokeGrant},
}

// message is what calls send that take any bytes.
var message = []byte("strictkms verify --live")

func dryRun() *bool { return aws.Bool(true) }

func encrypt(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.Encrypt(ctx, &kms.EncryptInput{
		KeyId: &q.keyID, Plaintext: message, EncryptionContext: q.encryption, DryRun: dryRun(),
		EncryptionAlgorithm: types.EncryptionAlgorithmSpec(q.one(encryptionAlgorithm)),
	})
	return err
}

// ignoreCiphertext asks about authorization alone, so that no ciphertext is needed.
var ignoreCiphertext = []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}

func decrypt(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.Decrypt(ctx, &kms.DecryptInput{
		KeyId: &q.keyID, EncryptionContext: q.encryption, DryRun: dryRun(), DryRunModifiers: ignoreCiphertext,
		EncryptionAlgorithm: types.EncryptionAlgorithmSpec(q.one(encryptionAlgorithm)),
	})
	return err
}

var reEncryptOperation = operation{
	required: []string{reEncryptOnSameKey}, optional: []string{requestAlias, encryptionAlgorithm}, encryption: true,
	check: func(q *question) string {
		if q.one(reEncryptOnSameKey) != "true" {
			return "the call would have " + reEncryptOnSameKey + ` = "true"`
		}
		return ""
	},
	call: reEncrypt,
}

// reEncrypt has the key on both sides. A denial names the side that it is about.
func reEncrypt(ctx context.Context, c *kms.Client, q *question) error {
	algorithm := types.EncryptionAlgorithmSpec(q.one(encryptionAlgorithm))
	_, err := c.ReEncrypt(ctx, &kms.ReEncryptInput{
		SourceKeyId: &q.keyID, SourceEncryptionContext: q.encryption, SourceEncryptionAlgorithm: algorithm,
		DestinationKeyId: &q.keyID, DestinationEncryptionContext: q.encryption, DestinationEncryptionAlgorithm: algorithm,
		DryRun: dryRun(), DryRunModifiers: ignoreCiphertext,
	})
	return err
}

func generateDataKey(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &q.keyID, KeySpec: types.DataKeySpecAes256, EncryptionContext: q.encryption, DryRun: dryRun(),
	})
	return err
}

func generateDataKeyWithoutPlaintext(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{
		KeyId: &q.keyID, KeySpec: types.DataKeySpecAes256, EncryptionContext: q.encryption, DryRun: dryRun(),
	})
	return err
}

func generateDataKeyPair(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{
		KeyId: &q.keyID, KeyPairSpec: types.DataKeyPairSpec(q.one(dataKeyPairSpec)), EncryptionContext: q.encryption,
		DryRun: dryRun(),
	})
	return err
}

func generateDataKeyPairWithoutPlaintext(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.GenerateDataKeyPairWithoutPlaintext(ctx, &kms.GenerateDataKeyPairWithoutPlaintextInput{
		KeyId: &q.keyID, KeyPairSpec: types.DataKeyPairSpec(q.one(dataKeyPairSpec)), EncryptionContext: q.encryption,
		DryRun: dryRun(),
	})
	return err
}

func generateMac(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.GenerateMac(ctx, &kms.GenerateMacInput{
		KeyId: &q.keyID, Message: message, MacAlgorithm: types.MacAlgorithmSpec(q.one(macAlgorithm)), DryRun: dryRun(),
	})
	return err
}

// verifyMac sends a MAC of the right length that is not the message's: KMSInvalidMacException comes after authorization.
func verifyMac(ctx context.Context, c *kms.Client, q *question) error {
	algorithm := q.one(macAlgorithm)
	_, err := c.VerifyMac(ctx, &kms.VerifyMacInput{
		KeyId: &q.keyID, Message: message, MacAlgorithm: types.MacAlgorithmSpec(algorithm), DryRun: dryRun(),
		Mac: make([]byte, digestSize(algorithm)),
	})
	return err
}

func sign(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.Sign(ctx, &kms.SignInput{
		KeyId: &q.keyID, Message: q.message(), MessageType: types.MessageType(q.one(messageType)), DryRun: dryRun(),
		SigningAlgorithm: types.SigningAlgorithmSpec(q.one(signingAlgorithm)),
	})
	return err
}

// verify sends what is no signature of the message: KMSInvalidSignatureException comes after authorization.
func verify(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.Verify(ctx, &kms.VerifyInput{
		KeyId: &q.keyID, Message: q.message(), MessageType: types.MessageType(q.one(messageType)), DryRun: dryRun(),
		SigningAlgorithm: types.SigningAlgorithmSpec(q.one(signingAlgorithm)), Signature: message,
	})
	return err
}

// message is what is signed: a digest must be as long as the algorithm makes it.
func (q *question) message() []byte {
	switch types.MessageType(q.one(messageType)) {
	case types.MessageTypeDigest:
		return make([]byte, digestSize(q.one(signingAlgorithm)))
	case types.MessageTypeExternalMu:
		return make([]byte, externalMuSize)
	default:
		return message
	}
}

// externalMuSize is the size of the 64-byte representative μ (FIPS 204, section 6.2).
const externalMuSize = 64

// digestSize is how many bytes the hash of an algorithm makes, for example of HMAC_SHA_384 or ECDSA_SHA_512.
func digestSize(algorithm string) int {
	switch {
	case strings.HasSuffix(algorithm, "224"):
		return 224 / 8
	case strings.HasSuffix(algorithm, "384"):
		return 384 / 8
	case strings.HasSuffix(algorithm, "512"):
		return 512 / 8
	default:
		return 256 / 8
	}
}

func retireGrant(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &q.keyID, GrantId: &q.grantID, DryRun: dryRun()})
	return err
}

func revokeGrant(ctx context.Context, c *kms.Client, q *question) error {
	_, err := c.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &q.keyID, GrantId: &q.grantID, DryRun: dryRun()})
	return err
}
