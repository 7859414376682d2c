package kmstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// ledger is the example: keys that only a ledger service makes grants on, and two functions that decrypt.
type ledger struct {
	admin *kms.Client // administers the keys, and may not use them
	role  *kms.Client // the function put-record by itself
	qldb  *kms.Client // the ledger service, for put-record
	alone *kms.Client // the ledger service, for nobody
}

func startLedger(t *testing.T) *ledger {
	t.Helper()
	s := kmstest.Start(t, kmstest.WithRegion("eu-west-2"), kmstest.WithTemplate("../examples/ledger/template.yaml"),
		kmstest.WithExplainedDenials())
	const role = "arn:aws:iam::111122223333:role/put-record"
	return &ledger{
		admin: client(s, "root"), role: client(s, "role/put-record"),
		qldb: client(s, "service/qldb", onBehalfOf(role)), alone: client(s, "service/qldb"),
	}
}

// TestLedger: the ledger service, acting for a function's role, makes a grant and works with it until it is revoked.
func TestLedger(t *testing.T) {
	t.Parallel()
	l := startLedger(t)
	described, err := l.qldb.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/ledger-main")})
	require.NoError(t, err)
	main := described.KeyMetadata.Arn
	ledgerContext := map[string]string{"ledger": "accounts"}

	// The service may not use the key yet, and neither may the function make grants without the service.
	_, err = encrypt(t, l.qldb, *main, ledgerContext)
	requireDenied(t, err)
	wanted := &kms.CreateGrantInput{
		KeyId: main, GranteePrincipal: aws.String("arn:aws:iam::111122223333:role/put-record"),
		Operations:  []types.GrantOperation{types.GrantOperationEncrypt, types.GrantOperationDecrypt, types.GrantOperationGenerateDataKey},
		Constraints: &types.GrantConstraints{EncryptionContextSubset: ledgerContext},
	}
	for _, c := range []*kms.Client{l.role, l.admin, l.alone} {
		_, err = c.CreateGrant(t.Context(), wanted)
		requireDenied(t, err)
	}
	grant, err := l.qldb.CreateGrant(t.Context(), wanted)
	require.NoError(t, err)

	ciphertext, err := encrypt(t, l.qldb, *main, ledgerContext)
	require.NoError(t, err)
	require.NoError(t, decrypt(t, l.qldb, ciphertext, ledgerContext))
	_, err = l.qldb.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
		KeyId: main, KeySpec: types.DataKeySpecAes256, EncryptionContext: ledgerContext,
	})
	require.NoError(t, err)
	_, err = encrypt(t, l.qldb, *main, map[string]string{"ledger": "another"})
	requireDenied(t, err)

	_, err = l.admin.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: main, GrantId: grant.GrantId})
	require.NoError(t, err)
	_, err = encrypt(t, l.qldb, *main, ledgerContext)
	requireDenied(t, err)
	require.NoError(t, decrypt(t, l.role, ciphertext, ledgerContext)) // the key policy names the function
}

// TestLedgerNoAccess: a grant is possible on the key that does not name the functions, and so is nothing else.
func TestLedgerNoAccess(t *testing.T) {
	t.Parallel()
	l := startLedger(t)
	_, err := l.qldb.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/ledger-no-access")})
	require.NoError(t, err)
	_, err = encrypt(t, l.qldb, "alias/ledger-no-access", nil)
	require.Contains(t, requireDenied(t, err), "no resource-based policy allows the kms:Encrypt action")
}

// grantUse lets put-record use a key through the service.
func (l *ledger) grantUse(t *testing.T, alias string) (keyARN string) {
	t.Helper()
	described, err := l.qldb.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	require.NoError(t, err)
	_, err = l.qldb.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: described.KeyMetadata.Arn, GranteePrincipal: aws.String("arn:aws:iam::111122223333:role/put-record"),
		Operations: []types.GrantOperation{types.GrantOperationEncrypt, types.GrantOperationDecrypt},
	})
	require.NoError(t, err)
	return *described.KeyMetadata.Arn
}

// TestLedgerDisable: a disabled key is told from a denial, and works again when it is enabled.
func TestLedgerDisable(t *testing.T) {
	t.Parallel()
	l := startLedger(t)
	key := l.grantUse(t, "alias/ledger-main")
	ciphertext := mustEncrypt(t, l.qldb, key, nil)
	_, err := l.admin.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
	require.NoError(t, err)
	_, err = encrypt(t, l.qldb, "alias/ledger-main", nil)
	require.Equal(t, key+" is disabled.", requireException[*types.DisabledException](t, err))
	require.Equal(t, key+" is disabled.", requireException[*types.DisabledException](t, decrypt(t, l.role, ciphertext, nil)))
	_, err = encrypt(t, l.alone, key, nil) // who may not use the key does not learn its state
	requireDenied(t, err)
	_, err = l.admin.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &key})
	require.NoError(t, err)
	require.NoError(t, decrypt(t, l.role, ciphertext, nil))
}

// TestLedgerDelete: a key whose deletion is scheduled does not decrypt until that is cancelled.
func TestLedgerDelete(t *testing.T) {
	t.Parallel()
	l := startLedger(t)
	key := l.grantUse(t, "alias/ledger-delete")
	ciphertext := mustEncrypt(t, l.qldb, key, nil)
	_, err := l.admin.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &key, PendingWindowInDays: aws.Int32(7)})
	require.NoError(t, err)
	require.Equal(t, key+" is pending deletion.",
		requireException[*types.KMSInvalidStateException](t, decrypt(t, l.role, ciphertext, nil)))
	_, err = l.admin.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: &key})
	require.NoError(t, err)
	requireException[*types.DisabledException](t, decrypt(t, l.role, ciphertext, nil))
	_, err = l.admin.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &key})
	require.NoError(t, err)
	require.NoError(t, decrypt(t, l.role, ciphertext, nil))
}

// TestLedgerRotate: an alias that moves to another key leaves the old key's ciphertexts readable.
func TestLedgerRotate(t *testing.T) {
	t.Parallel()
	l := startLedger(t)
	old, next := l.grantUse(t, "alias/ledger-main"), l.grantUse(t, "alias/ledger-rotate")
	before := mustEncrypt(t, l.qldb, "alias/ledger-main", nil)
	_, err := l.admin.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: aws.String("alias/ledger-main"), TargetKeyId: &next})
	require.NoError(t, err)
	after := mustEncrypt(t, l.qldb, "alias/ledger-main", nil)
	for _, c := range []*kms.Client{l.qldb, l.role} {
		for key, ciphertext := range map[string][]byte{old: before, next: after} {
			out, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: ciphertext})
			require.NoError(t, err)
			require.Equal(t, key, aws.ToString(out.KeyId))
		}
	}
	_, err = l.role.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: before, KeyId: aws.String("alias/ledger-main")})
	requireException[*types.IncorrectKeyException](t, err)
}
