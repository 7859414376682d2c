package kms

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

// recorder is a source of random bytes that keeps what it gave.
type recorder struct {
	mu    sync.Mutex
	given [][]byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := rand.Read(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.given = append(r.given, bytes.Clone(p))
	return n, err
}

// TestNoKeyMaterialInTheStore looks for every random number that was drawn for key material in all bytes of the store,
// as it is, in hexadecimal and in base64; and for the structure of private keys.
func TestNoKeyMaterialInTheStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	random := &recorder{}
	f.service.config.Rand = random
	alice := f.alice()
	id, _ := alice.createKey(in{})
	alice.do("RotateKeyOnDemand", in{"KeyId": id})
	for spec, usage := range map[string]string{"HMAC_512": "GENERATE_VERIFY_MAC", "RSA_2048": "SIGN_VERIFY", "ECC_NIST_P256": "SIGN_VERIFY"} {
		alice.createKey(in{"KeySpec": spec, "KeyUsage": usage})
	}
	entries, _, err := f.store.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Len(t, entries, 4)

	ids := map[string]bool{}
	for _, key := range f.service.state.current.Load().keys.Values() {
		for _, m := range key.materials {
			ids[m.ID()] = true
		}
	}
	secrets := 0
	for _, secret := range random.given {
		if len(secret) < 32 || ids[hex.EncodeToString(secret)] {
			continue // part of an id
		}
		secrets++
		requireAbsent(t, entries, secret)
	}
	require.GreaterOrEqual(t, secrets, 3, "the material of two symmetric keys and one HMAC key was drawn")
	oids := [][]byte{ // rsaEncryption and id-ecPublicKey, which every PKCS #8 private key of these has in it
		{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}, {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01},
	}
	for _, oid := range oids {
		requireAbsent(t, entries, oid)
	}
}

// requireAbsent looks for bytes in the values of entries, and in what their base64 texts stand for.
func requireAbsent(t *testing.T, entries []store.Entry, secret []byte) {
	t.Helper()
	for _, e := range entries {
		require.False(t, bytes.Contains(e.Value, secret), e.Key)
		require.False(t, bytes.Contains(bytes.ToLower(e.Value), []byte(hex.EncodeToString(secret))), e.Key)
		for text := range bytes.SplitSeq(e.Value, []byte(`"`)) {
			if decoded, err := base64.StdEncoding.DecodeString(string(text)); err == nil {
				require.False(t, bytes.Contains(decoded, secret), e.Key)
			}
		}
	}
}
