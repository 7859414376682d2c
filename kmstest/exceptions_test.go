package kmstest_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// requireException requires an exception of the SDK's own class and returns its message.
func requireException[E smithy.APIError](t testing.TB, err error) string {
	t.Helper()
	exception, ok := errors.AsType[E](err)
	require.True(t, ok, "want %T, got %v", *new(E), err)
	return exception.ErrorMessage()
}

// get returns the body of a page that is there.
func get(t testing.TB, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// The keys of exceptionWorld, by what they are for.
const (
	symmetricID = "10000000-0000-4000-8000-000000000001"
	disabledID  = "10000000-0000-4000-8000-000000000002"
	pendingID   = "10000000-0000-4000-8000-000000000003"
	importID    = "10000000-0000-4000-8000-000000000004"
	macID       = "10000000-0000-4000-8000-000000000005"
	signID      = "10000000-0000-4000-8000-000000000006"
	rsaID       = "10000000-0000-4000-8000-000000000007"
	noKeyID     = "10000000-0000-4000-8000-000000000008"
	otherID     = "10000000-0000-4000-8000-000000000009"
	arnPrefix   = "arn:aws:kms:us-east-1:111122223333:key/"

	exceptionWorld = `
accounts:
  "111122223333":
    users:
      alice: {policies: {All: ` + allowAll + `}}
    keys:
      ` + symmetricID + `: {aliases: [alias/app]}
      ` + disabledID + `: {}
      ` + otherID + `: {}
      ` + pendingID + `: {}
      ` + importID + `: {origin: EXTERNAL}
      ` + macID + `: {spec: HMAC_224, usage: GENERATE_VERIFY_MAC}
      ` + signID + `: {spec: ECC_NIST_P256, usage: SIGN_VERIFY}
      ` + rsaID + `: {spec: RSA_2048, usage: ENCRYPT_DECRYPT}
`
)

// exceptions is a server with keys in all sorts of states.
type exceptions struct {
	*kms.Client
	t          *testing.T
	ciphertext []byte // under the symmetric key
	grant      *kms.CreateGrantOutput
}

func startExceptions(t *testing.T) *exceptions {
	t.Helper()
	s := kmstest.Start(t, kmstest.WithWorld(exceptionWorld), kmstest.WithExplainedDenials())
	// The SDK takes LimitExceededException for throttling, and tries again.
	x := &exceptions{Client: client(s, "user/alice", func(o *kms.Options) { o.RetryMaxAttempts = 1 }), t: t}
	_, err := x.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(disabledID)})
	require.NoError(t, err)
	_, err = x.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(pendingID)})
	require.NoError(t, err)
	x.ciphertext = mustEncrypt(t, x.Client, symmetricID, nil)
	x.grant, err = x.CreateGrant(t.Context(), x.grantInput("user/alice"))
	require.NoError(t, err)
	return x
}

func (x *exceptions) grantInput(grantee string) *kms.CreateGrantInput {
	return &kms.CreateGrantInput{
		KeyId: aws.String(symmetricID), GranteePrincipal: aws.String("arn:aws:iam::111122223333:" + grantee),
		Operations: []types.GrantOperation{types.GrantOperationEncrypt},
	}
}

// The calls of the table. Each returns the error only.

func (x *exceptions) encryptWith(key string) error {
	_, err := x.Encrypt(x.t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("a secret")})
	return err
}

func (x *exceptions) describe(key string) error {
	_, err := x.DescribeKey(x.t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	return err
}

func (x *exceptions) decryptWith(key string, ciphertext []byte) error {
	in := &kms.DecryptInput{CiphertextBlob: ciphertext}
	if key != "" {
		in.KeyId = &key
	}
	_, err := x.Decrypt(x.t.Context(), in)
	return err
}

func (x *exceptions) mac(key string, algorithm types.MacAlgorithmSpec) error {
	_, err := x.GenerateMac(x.t.Context(), &kms.GenerateMacInput{KeyId: &key, MacAlgorithm: algorithm, Message: []byte("m")})
	return err
}

func (x *exceptions) verifyMac(mac []byte) error {
	_, err := x.VerifyMac(x.t.Context(), &kms.VerifyMacInput{
		KeyId: aws.String(macID), MacAlgorithm: types.MacAlgorithmSpecHmacSha224, Message: []byte("m"), Mac: mac,
	})
	return err
}

func (x *exceptions) sign(key string, message []byte, kind types.MessageType) ([]byte, error) {
	out, err := x.Sign(x.t.Context(), &kms.SignInput{
		KeyId: &key, Message: message, MessageType: kind, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil {
		return nil, err
	}
	return out.Signature, nil
}

func (x *exceptions) verify(key string, message, signature []byte) error {
	_, err := x.Verify(x.t.Context(), &kms.VerifyInput{
		KeyId: &key, Message: message, Signature: signature, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	return err
}

func (x *exceptions) createAlias(name string) error {
	_, err := x.CreateAlias(x.t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: aws.String(symmetricID)})
	return err
}

func (x *exceptions) putPolicy(policy string) error {
	_, err := x.PutKeyPolicy(x.t.Context(), &kms.PutKeyPolicyInput{KeyId: aws.String(symmetricID), Policy: &policy})
	return err
}

func (x *exceptions) tag(n int, key string) error {
	var tags []types.Tag
	for i := range n {
		tags = append(tags, types.Tag{TagKey: aws.String(strings.ReplaceAll(key, "#", strconv.Itoa(i))), TagValue: aws.String("v")})
	}
	_, err := x.TagResource(x.t.Context(), &kms.TagResourceInput{KeyId: aws.String(symmetricID), Tags: tags})
	return err
}

func (x *exceptions) createKey(spec types.KeySpec, usage types.KeyUsageType) error {
	_, err := x.CreateKey(x.t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
	return err
}

func (x *exceptions) random(n *int32) error {
	_, err := x.GenerateRandom(x.t.Context(), &kms.GenerateRandomInput{NumberOfBytes: n})
	return err
}

func (x *exceptions) revoke(id string) error {
	_, err := x.RevokeGrant(x.t.Context(), &kms.RevokeGrantInput{KeyId: aws.String(symmetricID), GrantId: &id})
	return err
}

func (x *exceptions) rotate(key string) error {
	_, err := x.RotateKeyOnDemand(x.t.Context(), &kms.RotateKeyOnDemandInput{KeyId: &key})
	return err
}

// class requires an exception of a class and returns its message.
type class func(t testing.TB, err error) string

// plain is the class of exceptions that the model does not have: the SDK gives them all one class.
func plain(code string) class {
	return func(t testing.TB, err error) string {
		t.Helper()
		message := requireException[*smithy.GenericAPIError](t, err)
		require.Equal(t, message, requireCode(t, err, code))
		return message
	}
}

// TestExceptions: every exception is of the class that the SDK has for it, with AWS's message.
func TestExceptions(t *testing.T) {
	t.Parallel()
	x := startExceptions(t)
	for _, test := range []struct {
		name    string
		class   class
		message string // a trailing … stands for anything
		err     error
	}{
		{"key id", requireException[*types.NotFoundException], "Invalid keyId 'fake-key-id'", x.describe("fake-key-id")},
		{"key id without dashes", requireException[*types.NotFoundException], "Invalid keyId '134f2428cec14b25a1ae9048164dba47'", x.describe("134f2428cec14b25a1ae9048164dba47")},
		{"multi-Region key id", requireException[*types.NotFoundException], "Invalid keyId 'mrk-fake-key-id'", x.describe("mrk-fake-key-id")},
		{"no key", requireException[*types.NotFoundException], "Key '" + arnPrefix + noKeyID + "' does not exist", x.describe(noKeyID)},
		{"no key, by ARN", requireException[*types.NotFoundException], "Key '" + arnPrefix + noKeyID + "' does not exist", x.describe(arnPrefix + noKeyID)},
		{"another Region", requireException[*types.NotFoundException], "Invalid arn eu-west-1", x.describe("arn:aws:kms:eu-west-1:111122223333:key/" + symmetricID)},
		{"alias", requireException[*types.NotFoundException], "Alias arn:aws:kms:us-east-1:111122223333:alias/none is not found.", x.describe("alias/none")},
		{"another account", plain("AccessDeniedException"), "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:DescribeKey on this resource because the resource does not exist in this Region,…", x.describe("arn:aws:kms:us-east-1:444455556666:key/" + noKeyID)},
		{"disabled", requireException[*types.DisabledException], arnPrefix + disabledID + " is disabled.", x.encryptWith(disabledID)},
		{"pending deletion", requireException[*types.KMSInvalidStateException], arnPrefix + pendingID + " is pending deletion.", x.encryptWith(pendingID)},
		{"pending import", requireException[*types.KMSInvalidStateException], arnPrefix + importID + " is pending import.", x.encryptWith(importID)},
		{"usage of Encrypt", requireException[*types.InvalidKeyUsageException], arnPrefix + signID + " key usage is SIGN_VERIFY which is not valid for Encrypt.", x.encryptWith(signID)},
		{"usage of GenerateMac", requireException[*types.InvalidKeyUsageException], arnPrefix + symmetricID + " key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.", x.mac(symmetricID, types.MacAlgorithmSpecHmacSha256)},
		{"usage of Verify", requireException[*types.InvalidKeyUsageException], arnPrefix + symmetricID + " key usage is ENCRYPT_DECRYPT which is not valid for Verify.", x.verify(symmetricID, []byte("m"), []byte("s"))},
		{"MAC algorithm", requireException[*types.InvalidKeyUsageException], "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.", x.mac(macID, types.MacAlgorithmSpecHmacSha256)},
		{"MAC", requireException[*types.KMSInvalidMacException], "", x.verifyMac(make([]byte, 28))},
		{"signature", requireException[*types.KMSInvalidSignatureException], "", x.verify(signID, []byte("m"), []byte("s"))},
		{"ciphertext", requireException[*types.InvalidCiphertextException], "", x.decryptWith("", []byte("nonsense"))},
		{"key of the ciphertext", requireException[*types.IncorrectKeyException], "The key ID in the request does not identify a CMK that can perform this operation.", x.decryptWith(otherID, x.ciphertext)},
		{"ARN", requireException[*types.InvalidArnException], "Invalid arn arn:aws:s3:::bucket", x.describe("arn:aws:s3:::bucket")},
		{"grantee", requireException[*types.InvalidArnException], "ARN does not refer to a valid principal: arn:aws:iam::111122223333:user/nobody", second(x.CreateGrant(t.Context(), x.grantInput("user/nobody")))},
		{"grant id", requireException[*types.InvalidGrantIdException], "", x.revoke("x")},
		{"no grant", requireException[*types.NotFoundException], "Grant " + strings.Repeat("0", 64) + " is not found.", x.revoke(strings.Repeat("0", 64))},
		{"grant token", requireException[*types.InvalidGrantTokenException], "", second(x.RetireGrant(t.Context(), &kms.RetireGrantInput{GrantToken: aws.String("x")}))},
		{"marker", requireException[*types.InvalidMarkerException], "Invalid marker.", second(x.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: aws.String(symmetricID), Marker: aws.String("x")}))},
		{"alias that is there", requireException[*types.AlreadyExistsException], "An alias with the name arn:aws:kms:us-east-1:111122223333:alias/app already exists", x.createAlias("alias/app")},
		{"alias of AWS", requireException[*types.InvalidAliasNameException], "", x.createAlias("alias/aws/app")},
		{"alias without prefix", plain("ValidationException"), "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html", x.createAlias("app")},
		{"policy", requireException[*types.MalformedPolicyDocumentException], "This policy contains invalid Json…", x.putPolicy("{")},
		{"policy that locks out", requireException[*types.MalformedPolicyDocumentException], "The new key policy will not allow you to update the key policy in the future.", x.putPolicy(strings.ReplaceAll(allowAll, `"Action"`, `"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action"`))},
		{"policy for nobody", requireException[*types.MalformedPolicyDocumentException], "Policy contains a statement with one or more invalid principals.", x.putPolicy(strings.ReplaceAll(allowAll, `"Action"`, `"Principal": {"AWS": "arn:aws:iam::111122223333:user/nobody"}, "Action"`))},
		{"tags twice", requireException[*types.TagException], "Duplicate tag keys", x.tag(2, "a")},
		{"tags of AWS", requireException[*types.TagException], "Tags beginning with aws: are reserved", x.tag(1, "AWS:a")},
		{"51 tags", requireException[*types.TagException], "Too many tags", x.tag(51, "a#")},
		{"origin", requireException[*types.UnsupportedOperationException], arnPrefix + importID + " origin is EXTERNAL which is not valid for this operation.", second(x.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: aws.String(importID)}))},
		{"no public key", requireException[*types.UnsupportedOperationException], "", second(x.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: aws.String(symmetricID)}))},
		{"dry run", requireException[*types.DryRunOperationException], "The request would have succeeded, but the DryRun option is set.", second(x.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(symmetricID), KeySpec: types.DataKeySpecAes256, DryRun: aws.Bool(true)}))},
		{"no number", plain("ValidationException"), "NumberOfBytes is required.", x.random(nil)},
		{"a small number", plain("ValidationException"), "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1", x.random(aws.Int32(0))},
		{"a great number", plain("ValidationException"), "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024", x.random(aws.Int32(1025))},
		{"enum", plain("ValidationException"), "1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: […", x.createKey("", "RANDOM")},
		{"a long tag key", plain("ValidationException"), "1 validation error detected: Value '" + strings.Repeat("a", 129) + "' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128", x.tag(1, strings.Repeat("a", 129))},
		{"a long plaintext", plain("ValidationException"), "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096", second(x.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(symmetricID), Plaintext: make([]byte, 4097)}))},
		{"a plaintext longer than the key", plain("ValidationException"), "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes.", second(x.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(rsaID), Plaintext: make([]byte, 215), EncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha1}))},
		{"digest", plain("ValidationException"), "Digest is invalid length for algorithm ECDSA_SHA_256.", second(x.sign(signID, make([]byte, 31), types.MessageTypeDigest))},
		{"usage of a spec", plain("ValidationException"), "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048", x.createKey(types.KeySpecRsa2048, types.KeyUsageTypeKeyAgreement)},
		{"no usage", plain("ValidationException"), "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.", x.createKey(types.KeySpecRsa2048, "")},
	} {
		t.Run(test.name, func(t *testing.T) {
			message := test.class(t, test.err)
			if beginning, ok := strings.CutSuffix(test.message, "…"); ok {
				require.Truef(t, strings.HasPrefix(message, beginning), "%q", message)
			} else {
				require.Equal(t, test.message, message)
			}
			response, ok := errors.AsType[*awshttp.ResponseError](test.err)
			require.True(t, ok)
			require.Equal(t, http.StatusBadRequest, response.HTTPStatusCode())
			require.NotEmpty(t, response.ServiceRequestID())
		})
	}
	// What AWS's limits are is known of the 25 rotations on demand.
	for range 25 {
		require.NoError(t, x.rotate(symmetricID))
	}
	require.Equal(t, "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "+
		"performed for this key: "+arnPrefix+symmetricID, requireException[*types.LimitExceededException](t, x.rotate(symmetricID)))
	require.NoError(t, x.decryptWith("", x.ciphertext))
	// Nothing of all that was wrong did anything.
	require.NoError(t, x.revoke(*x.grant.GrantId))
	signature, err := x.sign(signID, []byte("m"), types.MessageTypeRaw)
	require.NoError(t, err)
	require.NoError(t, x.verify(signID, []byte("m"), signature))
}

// second drops the output of a call.
func second[O any](_ O, err error) error { return err }
