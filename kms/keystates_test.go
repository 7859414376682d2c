package kms

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/csv"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stateCell is what the table of testdata/key-states.tsv says about an operation and a key state.
type stateCell struct {
	takes bool
	// notes are the footnotes, empty in a cell that does not depend on the key.
	notes []string
	// notApplicable is true where AWS says that it cannot happen.
	notApplicable bool
}

// readStates reads the table: the cells of an operation by state.
func readStates(t *testing.T) map[string]map[string]stateCell {
	t.Helper()
	src, err := os.ReadFile("testdata/key-states.tsv")
	require.NoError(t, err)
	reader := csv.NewReader(bytes.NewReader(src))
	reader.Comma, reader.Comment = '\t', '#'
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	table := map[string]map[string]stateCell{}
	for _, row := range rows[1:] {
		table[row[0]] = map[string]stateCell{}
		for i, text := range row[1:] {
			words := strings.Fields(text)
			cell := stateCell{takes: words[0] == "ok", notApplicable: words[0] == "-"}
			if cell.takes || cell.notApplicable {
				words = words[1:]
			}
			cell.notes = words
			table[row[0]][rows[0][i+1]] = cell
		}
	}
	return table
}

// footnotes are the exceptions of the footnotes, by code and the end of the message.
var footnotes = map[string]Error{
	"1":  {Code: CodeDisabled, Message: " is disabled."},
	"2":  {Code: CodeDisabled, Message: " is pending deletion."},
	"3":  {Code: CodeInvalidState, Message: " is pending deletion."},
	"4":  {Code: CodeInvalidState, Message: " is not pending deletion."},
	"5":  {Code: CodeInvalidState, Message: " is pending import."},
	"6":  {Code: CodeUnsupportedOperation, Message: " origin is EXTERNAL which is not valid for this operation."},
	"7":  {Code: CodeUnsupportedOperation},
	"8":  {Code: CodeInvalidState},
	"9":  {Code: CodeUnsupportedOperation},
	"11": {Code: CodeInvalidState, Message: " is unavailable."},
	"14": {Code: CodeInvalidState, Message: " is creating."},
	"15": {Code: CodeInvalidState, Message: " is updating."},
}

// stateKind is a kind of key, in all states that keys of the kind can be in.
type stateKind struct {
	name   string
	create in
	// replica makes it the replica of a primary key.
	replica bool
	// store makes it one of a custom key store.
	store bool
	// managed makes it one of a service of AWS.
	managed bool
}

var stateKinds = []stateKind{
	{name: "symmetric", create: in{}},
	{name: "imported", create: in{"Origin": "EXTERNAL"}},
	{name: "custom key store", create: in{"Origin": "AWS_CLOUDHSM"}, store: true},
	{name: "RSA encryption", create: in{"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}},
	{name: "RSA signing", create: in{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}},
	{name: "Ed25519", create: in{"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"}},
	{name: "ECC signing", create: in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}},
	{name: "ECC agreement", create: in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}},
	{name: "HMAC", create: in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}},
	{name: "ML-DSA", create: in{"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"}},
	{name: "ML-KEM", create: in{"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}},
	{name: "primary", create: in{"MultiRegion": true}},
	{name: "replica", create: in{"MultiRegion": true}, replica: true},
	{name: "imported primary", create: in{"MultiRegion": true, "Origin": "EXTERNAL"}},
	{name: "imported replica", create: in{"MultiRegion": true, "Origin": "EXTERNAL"}, replica: true},
	{name: "AWS managed", create: in{}, managed: true},
	{name: "imported ECC", create: in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Origin": "EXTERNAL"}},
	{name: "imported HMAC", create: in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Origin": "EXTERNAL"}},
	{name: "imported ECC replica", replica: true, create: in{
		"MultiRegion": true, "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT", "Origin": "EXTERNAL",
	}},
	{name: "ECC primary", create: in{"MultiRegion": true, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}},
	{name: "ECC replica", create: in{"MultiRegion": true, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, replica: true},
	{name: "ML-KEM primary", create: in{"MultiRegion": true, "KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}},
	{name: "HMAC primary", create: in{"MultiRegion": true, "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}},
}

// stateBench is a key of a kind with what operations on it need.
type stateBench struct {
	*importer
	f    *fixture
	kind stateKind
	// whole is the record of the key as it is enabled.
	whole keyRecord
	other string // a key of the same kind
	blob  any    // a ciphertext, signature or MAC
	peer  any    // a public key to agree with
	clear []byte // imported material
	calls int
}

// TestKeyStates runs every operation on a key of every kind in every state and holds what happens to AWS's table.
func TestKeyStates(t *testing.T) {
	t.Parallel()
	table := readStates(t)
	for _, name := range Operations() {
		require.NotEqual(t, slices.Contains(keyless, name), table[name] != nil, name)
	}
	for _, kind := range stateKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			b := newStateBench(t, kind)
			for _, state := range b.states() {
				for _, operation := range slices.Sorted(maps.Keys(table)) {
					b.check(operation, state, table[operation][strings.Replace(state, "PendingReplicaDeletion", "PendingDeletion", 1)])
				}
			}
		})
	}
}

// states are the states that a key of the kind can be in.
func (b *stateBench) states() []string {
	out := []string{stateEnabled, stateDisabled, statePendingDeletion}
	if b.whole.Origin == originExternal {
		out = append(out, statePendingImport)
	}
	if b.kind.store {
		out = append(out, stateUnavailable)
	}
	if b.whole.MultiRegion {
		out = append(out, stateUpdating)
		if b.kind.replica {
			out = append(out, stateCreating)
		} else {
			out = append(out, statePendingReplicaDeletion)
		}
	}
	return out
}

func newStateBench(t *testing.T, kind stateKind) *stateBench {
	f := newFixture(t)
	alice := f.alice()
	b := &stateBench{f: f, kind: kind, importer: &importer{actor: alice}}
	if kind.store {
		b.kind.create = kind.create.but(in{"CustomKeyStoreId": f.clusterStore(alice)})
		kind = b.kind
	}
	b.id, b.arn = alice.createKey(maps.Clone(kind.create))
	b.other, _ = alice.createKey(maps.Clone(kind.create))
	external := kind.create["Origin"] == "EXTERNAL"
	if b.whole = *b.key().record; external {
		b.clear = make([]byte, 32)
		if b.whole.Spec == "ECC_NIST_P256" {
			b.clear = newPrivateKey(t)
		}
		b.imports(b.clear, nil)
	}
	if kind.create["MultiRegion"] == true {
		alice.do("ReplicateKey", in{"KeyId": b.id, "ReplicaRegion": "eu-west-1"})
		f.advance(transitionTime)
		there := b.in("eu-west-1")
		if external {
			there.imports(b.clear, nil)
		}
		if kind.replica {
			b.importer = there
			b.other, _ = there.createKey(maps.Clone(kind.create))
		}
	}
	b.whole = *b.key().record
	b.whole.AWSManaged = kind.managed
	b.prepare()
	return b
}

// newPrivateKey is key material for keys with a spec of the curve P-256.
func newPrivateKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return der
}

func (b *stateBench) key() *Key {
	return b.f.service.state.current.Load().key(statePath("111122223333", b.call.Region, b.id))
}

// prepare makes what operations need of an enabled key.
func (b *stateBench) prepare() {
	for operation, member := range map[string]string{
		"Encrypt": "CiphertextBlob", "Sign": "Signature", "GenerateMac": "Mac", "Encapsulate": "SharedSecretCiphertextBlob",
	} {
		if b.suits(operation) {
			b.blob = b.do(operation, b.input(operation))[member]
		}
	}
	if b.whole.Usage == "KEY_AGREEMENT" {
		b.peer = b.do("GetPublicKey", in{"KeyId": b.id})["PublicKey"]
	}
}

// set writes the key in a state, with a grant and aliases.
func (b *stateBench) set(state string) {
	record := b.whole
	record.State = state
	now := b.f.service.now()
	if b.kind.store {
		b.connect(state != stateUnavailable)
	}
	switch state {
	case statePendingDeletion:
		record.DeletionDate, record.PendingWindowInDays = now.Add(days(30)), 30
	case statePendingReplicaDeletion:
		record.PendingWindowInDays = 30
	case stateCreating, stateUpdating:
		record.Transition = &transitionRecord{Until: now.Add(time.Hour), To: stateEnabled}
	case stateUnavailable:
		record.State = stateEnabled
	case statePendingImport:
		record.Materials = slices.Clone(record.Materials)
		for i := range record.Materials {
			record.Materials[i].forget()
		}
	}
	require.NoError(b.f.t, b.f.service.write(b.f.t.Context(), b.key(), &record))
}

// connect connects the key store of the key, or disconnects it.
func (b *stateBench) connect(connected bool) {
	id := b.whole.CustomKeyStoreID
	is := b.f.service.state.current.Load().storeOf(b.key()).isConnected(b.f.service.now())
	switch {
	case connected && !is:
		b.do("ConnectCustomKeyStore", in{"CustomKeyStoreId": id})
	case !connected && is:
		b.do("DisconnectCustomKeyStore", in{"CustomKeyStoreId": id})
	}
	b.f.advance(connectionTime)
}

// symmetric, rotates and so on say what a kind of key is for.
func (b *stateBench) symmetric() bool { return b.whole.Spec == symmetricDefault }

// suits reports whether keys of the kind can be used by an operation, whatever their state is.
func (b *stateBench) suits(operation string) bool {
	usage := map[string]string{
		"Encrypt": "ENCRYPT_DECRYPT", "Decrypt": "ENCRYPT_DECRYPT", "ReEncrypt": "ENCRYPT_DECRYPT",
		"Sign": "SIGN_VERIFY", "Verify": "SIGN_VERIFY", "GenerateMac": "GENERATE_VERIFY_MAC", "VerifyMac": "GENERATE_VERIFY_MAC",
		"DeriveSharedSecret": "KEY_AGREEMENT", "Encapsulate": "ENCAPSULATE_DECAPSULATE", "Decapsulate": "ENCAPSULATE_DECAPSULATE",
	}[operation]
	switch operation {
	case "GenerateDataKey", "GenerateDataKeyWithoutPlaintext":
		return b.symmetric()
	case "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext":
		return b.symmetric() && !b.kind.store
	case "GetPublicKey":
		return !b.symmetric() && b.whole.Usage != "GENERATE_VERIFY_MAC"
	case "EnableKeyRotation", "DisableKeyRotation":
		return b.symmetric() && b.whole.Origin == originKMS && !b.kind.replica && !b.kind.managed
	case "GetKeyRotationStatus":
		return b.whole.Origin == originKMS // that of asymmetric and HMAC keys is false
	case "RotateKeyOnDemand":
		return b.symmetric() && !b.kind.store && !b.kind.replica && !b.kind.managed
	case "ListKeyRotations":
		return b.symmetric() && !b.kind.store
	case "GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial":
		return b.whole.Origin == originExternal
	case "ReplicateKey", "UpdatePrimaryRegion":
		return b.whole.MultiRegionKeyType == primaryKey
	default:
		return usage == "" || usage == b.whole.Usage
	}
}

// input is the input with which an operation succeeds on an enabled key of the kind; for kinds that do not suit, what is
// well formed.
func (b *stateBench) input(operation string) in {
	b.calls++
	if operation == "ReEncrypt" {
		input := b.cryptography()["Decrypt"]
		return in{
			"CiphertextBlob": input["CiphertextBlob"], "SourceKeyId": b.id, "DestinationKeyId": b.id,
			"SourceEncryptionAlgorithm": input["EncryptionAlgorithm"], "DestinationEncryptionAlgorithm": input["EncryptionAlgorithm"],
		}
	}
	if input, ok := b.cryptography()[operation]; ok {
		return input.with(in{"KeyId": b.id})
	}
	alias := "alias/" + strings.ToLower(operation) + strconv.Itoa(b.calls)
	switch operation {
	case "CreateAlias":
		return in{"AliasName": alias, "TargetKeyId": b.id}
	case "DeleteAlias":
		b.do("CreateAlias", in{"AliasName": alias, "TargetKeyId": b.id})
		return in{"AliasName": alias}
	case "UpdateAlias":
		b.do("CreateAlias", in{"AliasName": alias, "TargetKeyId": b.id})
		return in{"AliasName": alias, "TargetKeyId": b.other} // [10]: it may leave a key that is pending deletion
	case "RetireGrant", "RevokeGrant":
		return in{"KeyId": b.id, "GrantId": b.do("CreateGrant", b.input("CreateGrant"))["GrantId"]}
	case "ImportKeyMaterial":
		if b.suits(operation) {
			return b.parameters(b.clear)
		}
	}
	input := in{"KeyId": b.id}
	maps.Copy(input, stateInputs[operation])
	return input
}

// stateInputs are the rest of inputs that are the same for all kinds.
var stateInputs = map[string]in{
	"CreateGrant":            {"GranteePrincipal": "arn:aws:iam::111122223333:user/bob", "Operations": []string{"DescribeKey"}},
	"GetParametersForImport": {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
	"ImportKeyMaterial": {
		"ImportToken": []byte("x"), "EncryptedKeyMaterial": []byte("x"), "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
	},
	"PutKeyPolicy":         {"Policy": defaultKeyPolicy("aws", "111122223333")},
	"ReplicateKey":         {"ReplicaRegion": "sa-east-1"},
	"UpdatePrimaryRegion":  {"PrimaryRegion": "eu-west-1"},
	"TagResource":          {"Tags": []in{{"TagKey": "a", "TagValue": "b"}}},
	"UntagResource":        {"TagKeys": []string{"a"}},
	"UpdateKeyDescription": {"Description": "x"},
}

// cryptography are the inputs of operations that use the key, without its id.
func (b *stateBench) cryptography() map[string]in {
	text, blob, peer := []byte("x"), b.blob, b.peer
	if blob == nil {
		blob = []byte(strings.Repeat("x", 100))
	}
	if peer == nil {
		peer = text
	}
	cipher, signing := "SYMMETRIC_DEFAULT", "ECDSA_SHA_256"
	switch b.whole.Spec {
	case "RSA_2048":
		cipher, signing = "RSAES_OAEP_SHA_256", "RSASSA_PSS_SHA_256"
	case "ECC_NIST_EDWARDS25519":
		signing = "ED25519_SHA_512"
	case "ML_DSA_44":
		signing = "ML_DSA_SHAKE_256"
	}
	return map[string]in{
		"Encrypt":                             {"Plaintext": text, "EncryptionAlgorithm": cipher},
		"Decrypt":                             {"CiphertextBlob": blob, "EncryptionAlgorithm": cipher},
		"GenerateDataKey":                     {"KeySpec": "AES_256"},
		"GenerateDataKeyWithoutPlaintext":     {"KeySpec": "AES_256"},
		"GenerateDataKeyPair":                 {"KeyPairSpec": "ECC_NIST_P256"},
		"GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "ECC_NIST_P256"},
		"Sign":                                {"Message": text, "SigningAlgorithm": signing},
		"Verify":                              {"Message": text, "SigningAlgorithm": signing, "Signature": blob},
		"GenerateMac":                         {"Message": text, "MacAlgorithm": "HMAC_SHA_256"},
		"VerifyMac":                           {"Message": text, "MacAlgorithm": "HMAC_SHA_256", "Mac": blob},
		"DeriveSharedSecret":                  {"KeyAgreementAlgorithm": "ECDH", "PublicKey": peer},
		"Encapsulate":                         {"EncapsulationAlgorithm": "ML_KEM"},
		"Decapsulate":                         {"EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": blob},
	}
}

// check runs an operation on the key in a state.
func (b *stateBench) check(operation, state string, cell stateCell) {
	b.f.t.Helper()
	b.set(stateEnabled)
	if operation == "RotateKeyOnDemand" && b.whole.Origin == originExternal && b.suits(operation) {
		return // needs more material first: TestReplicasWithImportedMaterial and TestImportedMaterialRotates have it
	}
	input := b.input(operation)
	b.set(state)
	_, err := b.try(operation, input)
	where := b.kind.name + ", " + state + ", " + operation
	if cell.takes && b.suits(operation) {
		require.NoError(b.f.t, err, where)
		b.restore()
		return
	}
	require.Error(b.f.t, err, where)
	got := withoutCause(b.f.t, err)
	var codes []string
	for _, note := range cell.notes {
		if want, ok := footnotes[note]; ok {
			if got.Code == want.Code && strings.HasSuffix(strings.Replace(got.Message, "pending replica deletion", "pending deletion", 1), want.Message) {
				return
			}
			codes = append(codes, want.Code+want.Message)
		}
	}
	if !b.suits(operation) {
		codes = append(codes, CodeInvalidKeyUsage, CodeUnsupportedOperation)
		if got.Code == CodeInvalidKeyUsage || got.Code == CodeUnsupportedOperation {
			return
		}
	}
	if cell.notApplicable && got.Code != CodeInternal {
		return
	}
	require.Fail(b.f.t, "another exception", "%s: %v, and not %v", where, got, codes)
}

// restore undoes what an operation did to other keys: replicas that it made, or the primary key that it made a replica.
func (b *stateBench) restore() {
	for _, key := range b.f.service.state.current.Load().related("111122223333", b.id) {
		record := *key.record
		switch key.Region {
		case b.call.Region:
			continue
		case "eu-west-1", "us-east-1":
			record.State, record.Transition = stateEnabled, nil
			record.MultiRegionKeyType = replicaKey
			if b.kind.replica {
				record.MultiRegionKeyType = primaryKey
			}
			require.NoError(b.f.t, b.f.service.write(b.f.t.Context(), key, &record))
		default:
			require.NoError(b.f.t, b.f.service.deleteKey(b.f.t.Context(), key))
		}
	}
}
