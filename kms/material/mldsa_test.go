package material

import (
	"crypto/rand"
	"slices"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/mldsa/mldsacrypto"
	"filippo.io/mldsa/x509"
	"github.com/cloudflare/circl/sign"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"github.com/cloudflare/circl/sign/mldsa/mldsa87"
	"github.com/stretchr/testify/require"
)

// mldsaSpecs are the specs with the same parameter set of another implementation, and the length of signatures
// (FIPS 204, table 2).
var mldsaSpecs = []struct {
	spec, vectors string
	other         sign.Scheme
	signature     int
}{
	{"ML_DSA_44", "mldsa_44", mldsa44.Scheme(), 2420},
	{"ML_DSA_65", "mldsa_65", mldsa65.Scheme(), 3309},
	{"ML_DSA_87", "mldsa_87", mldsa87.Scheme(), 4627},
}

// TestMLDSAElsewhere gives another implementation our keys and signatures, and us its.
func TestMLDSAElsewhere(t *testing.T) {
	message := []byte("message")
	for _, test := range mldsaSpecs {
		t.Run(test.spec, func(t *testing.T) {
			m := fixture(t, test.spec)
			der, err := m.PublicKey()
			require.NoError(t, err)
			parsed, err := x509.ParsePKIXPublicKey(der)
			require.NoError(t, err)
			public, err := test.other.UnmarshalBinaryPublicKey(parsed.(*mldsa.PublicKey).Bytes())
			require.NoError(t, err)

			signature, err := m.Sign(mldsaShake256, Raw, message)
			require.NoError(t, err)
			require.Len(t, signature, test.signature)
			require.True(t, test.other.Verify(public, message, signature, nil))
			again, err := m.Sign(mldsaShake256, Raw, message)
			require.NoError(t, err)
			require.NotEqual(t, signature, again, "signatures are hedged")

			seed, err := m.secret().marshal()
			require.NoError(t, err)
			same, private := test.other.DeriveKey(seed)
			require.True(t, public.Equal(same))
			valid, err := m.Verify(mldsaShake256, Raw, message, test.other.Sign(private, message, nil))
			require.NoError(t, err)
			require.True(t, valid)
			valid, err = m.Verify(mldsaShake256, Raw, message, test.other.Sign(private, message, &sign.SignatureOpts{Context: "x"}))
			require.NoError(t, err)
			require.False(t, valid, "the context is empty")
		})
	}
}

func TestMLDSAExternalMu(t *testing.T) {
	mu := make([]byte, muSizeInBytes)
	_, _ = rand.Read(mu)
	m := fixture(t, "ML_DSA_44")
	signature, err := m.Sign(mldsaShake256, ExternalMu, mu)
	require.NoError(t, err)
	require.Len(t, signature, mldsa.MLDSA44SignatureSize)
	valid, err := m.Verify(mldsaShake256, Raw, mu, signature)
	require.NoError(t, err)
	require.False(t, valid, "it is no message")
	valid, err = m.Verify(mldsaShake256, ExternalMu, mu, signature)
	require.ErrorIs(t, err, ErrVerifyMu)
	require.False(t, valid)
	for _, wrong := range [][]byte{nil, mu[1:], slices.Concat(mu, []byte{0})} {
		_, err = m.Sign(mldsaShake256, ExternalMu, wrong)
		require.ErrorIs(t, err, ErrDigestLength)
		_, err = m.Verify(mldsaShake256, ExternalMu, wrong, signature)
		require.ErrorIs(t, err, ErrDigestLength)
	}
	for _, messageType := range []MessageType{Digest, "OTHER"} {
		_, err = m.Sign(mldsaShake256, messageType, mu)
		require.ErrorIs(t, err, ErrMessageType)
	}
	for _, name := range []string{"ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "RSA_2048"} {
		other := fixture(t, name)
		_, err = other.Sign(other.Spec().Algorithm(other.Spec().Algorithms(SignVerify)[0]), ExternalMu, mu)
		require.ErrorIs(t, err, ErrMessageType, name)
		_, err = other.Sign(mldsaShake256, ExternalMu, mu)
		require.ErrorIs(t, err, ErrAlgorithm, name)
	}
}

// publicMLDSA is the public half of a key, which the code itself never has alone.
type publicMLDSA struct {
	mldsaKey
	public *mldsa.PublicKey
}

func (k publicMLDSA) verify(_ *Algorithm, message, signature []byte) bool {
	return verifyMLDSA(k.public, message, signature)
}

func TestWycheproofMLDSAVerify(t *testing.T) {
	for _, test := range mldsaSpecs {
		t.Run(test.spec, func(t *testing.T) {
			spec := LookupSpec(test.spec)
			var valid, invalid int
			for _, group := range readVectors(t, test.vectors+"_verify").TestGroups {
				public, err := mldsa.NewPublicKey(mldsaParameters(spec), group.PublicKey)
				for _, v := range group.Tests {
					if len(v.Ctx) > 0 {
						continue // KMS has no contexts
					}
					if err != nil {
						require.Equal(t, "invalid", v.Result, "%d %s", v.TcID, v.Comment)
						continue
					}
					m := newMaterial(spec, [idSizeInBytes]byte{}, publicMLDSA{public: public})
					ok, err := m.Verify(mldsaShake256, Raw, v.Msg, v.Sig)
					require.NoError(t, err)
					require.Equal(t, v.Result == "valid", ok, "%d %s", v.TcID, v.Comment)
					if ok {
						valid++
					} else {
						invalid++
					}
				}
			}
			ran(t, valid, invalid)
		})
	}
}

// TestWycheproofMLDSASign holds keys to the seeds and the PKCS #8 of the vectors, and has every mu of a message signed
// so that the signature is one of the message.
func TestWycheproofMLDSASign(t *testing.T) {
	for _, test := range mldsaSpecs {
		t.Run(test.spec, func(t *testing.T) {
			spec := LookupSpec(test.spec)
			var signed, encoded, refused int
			for _, group := range readVectors(t, test.vectors+"_sign_seed").TestGroups {
				key, err := parse(spec, group.PrivateSeed)
				if err != nil {
					require.ErrorIs(t, err, ErrMaterial)
					require.NotEqual(t, mldsa.PrivateKeySize, len(group.PrivateSeed))
					refused++
					continue
				}
				if len(group.PrivateKeyPkcs8) > 0 {
					der, err := key.(mldsaKey).privateKey()
					require.NoError(t, err)
					require.Equal(t, []byte(group.PrivateKeyPkcs8), der)
					encoded++
				}
				m := newMaterial(spec, [idSizeInBytes]byte{}, key)
				for _, v := range group.Tests {
					if len(v.Mu) == 0 || len(v.Rnd) > 0 {
						continue
					}
					deterministic, err := key.(mldsaKey).key.SignDeterministic(v.Mu, mldsacrypto.MLDSAMu)
					require.NoError(t, err)
					require.Equal(t, []byte(v.Sig), deterministic, "%d %s", v.TcID, v.Comment)
					if len(v.Msg) == 0 || len(v.Ctx) > 0 {
						continue
					}
					signature, err := m.Sign(mldsaShake256, ExternalMu, v.Mu)
					require.NoError(t, err)
					ok, err := m.Verify(mldsaShake256, Raw, v.Msg, signature)
					require.NoError(t, err)
					require.True(t, ok, "%d %s", v.TcID, v.Comment)
					signed++
				}
			}
			require.Positive(t, encoded)
			ran(t, signed, refused)
		})
	}
}
