package material

import (
	"crypto"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"
	"github.com/stretchr/testify/require"
)

// mlkemSpecs are the specs with the same parameter set of circl, and the lengths of FIPS 203, table 3.
var mlkemSpecs = []struct {
	spec, vectors      string
	other              kem.Scheme
	public, ciphertext int
}{
	{"ML_KEM_512", "mlkem_512", mlkem512.Scheme(), 800, 768},
	{"ML_KEM_768", "mlkem_768", mlkem768.Scheme(), 1184, 1088},
	{"ML_KEM_1024", "mlkem_1024", mlkem1024.Scheme(), 1568, 1568},
}

// mlkemInfo is SubjectPublicKeyInfo.
type mlkemInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

// readMLKEM reads a public key of RFC 9935: its parameters are absent.
func readMLKEM(t *testing.T, der []byte) mlkemInfo {
	t.Helper()
	var info mlkemInfo
	rest, err := asn1.Unmarshal(der, &info)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.Empty(t, info.Algorithm.Parameters.FullBytes)
	return info
}

// TestEncapsulate agrees on secrets with circl, which for two of the sizes is another implementation.
func TestEncapsulate(t *testing.T) {
	for _, test := range mlkemSpecs {
		t.Run(test.spec, func(t *testing.T) {
			m := fixture(t, test.spec)
			der, err := m.PublicKey()
			require.NoError(t, err)
			encoded := readMLKEM(t, der).PublicKey.RightAlign()
			require.Len(t, encoded, test.public)
			public, err := test.other.UnmarshalBinaryPublicKey(encoded)
			require.NoError(t, err)
			seed, err := m.secret().marshal()
			require.NoError(t, err)
			same, private := test.other.DeriveKeyPair(seed)
			require.True(t, public.Equal(same))

			shared, ciphertext, err := m.Encapsulate(mlkemAlgorithm)
			require.NoError(t, err)
			require.Len(t, shared, 32)
			require.Len(t, ciphertext, test.ciphertext)
			theirs, err := test.other.Decapsulate(private, ciphertext)
			require.NoError(t, err)
			require.Equal(t, theirs, shared)
			ours, err := m.Decapsulate(mlkemAlgorithm, ciphertext)
			require.NoError(t, err)
			require.Equal(t, shared, ours)
			again, _, err := m.Encapsulate(mlkemAlgorithm)
			require.NoError(t, err)
			require.NotEqual(t, shared, again)

			ciphertext, theirs, err = test.other.Encapsulate(public)
			require.NoError(t, err)
			ours, err = m.Decapsulate(mlkemAlgorithm, ciphertext)
			require.NoError(t, err)
			require.Equal(t, theirs, ours)
		})
	}
}

func TestDecapsulateRefuses(t *testing.T) {
	for _, test := range mlkemSpecs {
		m := fixture(t, test.spec)
		shared, ciphertext, err := m.Encapsulate(mlkemAlgorithm)
		require.NoError(t, err)
		changed := slices.Clone(ciphertext)
		changed[7] ^= 1
		rejected, err := m.Decapsulate(mlkemAlgorithm, changed)
		require.NoError(t, err, "rejection is implicit")
		require.Len(t, rejected, 32)
		require.NotEqual(t, shared, rejected)
		again, err := m.Decapsulate(mlkemAlgorithm, changed)
		require.NoError(t, err)
		require.Equal(t, rejected, again)
		for _, wrong := range [][]byte{nil, ciphertext[1:], append(ciphertext, 0)} {
			_, err = m.Decapsulate(mlkemAlgorithm, wrong)
			require.Equal(t, ErrCiphertext, err)
		}
		for _, wrong := range []*Algorithm{ecdhAlgorithm, {Name: "ML_KEM"}} {
			_, _, err = m.Encapsulate(wrong)
			require.ErrorIs(t, err, ErrAlgorithm)
			_, err = m.Decapsulate(wrong, ciphertext)
			require.ErrorIs(t, err, ErrAlgorithm)
		}
	}
	for _, name := range []string{"ECC_NIST_P256", "ML_DSA_44", "RSA_2048", "SYMMETRIC_DEFAULT"} {
		_, _, err := fixture(t, name).Encapsulate(mlkemAlgorithm)
		require.ErrorIs(t, err, ErrAlgorithm, name)
	}
}

// TestMLKEMPrivateKey has the private keys of RFC 9935, appendix C.1, in the seed format, whose seeds are the numbers from 0 to 63.
func TestMLKEMPrivateKey(t *testing.T) {
	seed := make([]byte, mlkem.SeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	for i, test := range mlkemSpecs {
		key, err := parse(LookupSpec(test.spec), seed)
		require.NoError(t, err)
		der, err := key.(asymmetric).privateKey()
		require.NoError(t, err)
		head, err := hex.DecodeString("3054020100300b060960864801650304040" + string(rune('1'+i)) + "04428040")
		require.NoError(t, err)
		require.Equal(t, slices.Concat(head, seed), der, "of one length for all specs")
		public, err := key.(asymmetric).publicKey()
		require.NoError(t, err)
		require.Equal(t, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, i + 1}, readMLKEM(t, public).Algorithm.Algorithm)
	}
}

// TestWycheproofMLKEM has keys from seeds, and ciphertexts that are good, changed and of wrong lengths.
func TestWycheproofMLKEM(t *testing.T) {
	for _, test := range mlkemSpecs {
		t.Run(test.spec, func(t *testing.T) {
			spec := LookupSpec(test.spec)
			var valid, invalid int
			for _, name := range []string{test.vectors, test.vectors + "_keygen_seed"} {
				for _, group := range readVectors(t, name).TestGroups {
					for _, v := range group.Tests {
						key, err := parse(spec, v.Seed)
						if err == nil {
							require.Equal(t, []byte(v.Ek), key.(mlkemKey).key.Encapsulator().Bytes(), "%d %s", v.TcID, v.Comment)
						}
						if err == nil && len(v.C) > 0 {
							var shared []byte
							shared, err = newMaterial(spec, [idSizeInBytes]byte{}, key).Decapsulate(mlkemAlgorithm, v.C)
							require.Equal(t, v.Result == "valid", err == nil, "%d %s", v.TcID, v.Comment)
							if err == nil {
								require.Equal(t, []byte(v.K), shared, "%d %s", v.TcID, v.Comment)
							}
						}
						if v.Result != "valid" {
							invalid++
							require.Error(t, err, "%d %s", v.TcID, v.Comment)
							continue
						}
						valid++
						require.NoError(t, err, "%d %s", v.TcID, v.Comment)
					}
				}
			}
			ran(t, valid, invalid)
		})
	}
}

// encapsulateWith encapsulates to a public key with given randomness; false for bytes that are no public key.
func encapsulateWith(t *testing.T, spec string, public, randomness []byte) (shared, ciphertext []byte, ok bool) {
	t.Helper()
	var err error
	switch spec {
	case "ML_KEM_512":
		var key mlkem512.PublicKey
		if key.Unpack(public) != nil {
			return nil, nil, false
		}
		shared, ciphertext = encapsulationKey512{&key}.encapsulate(randomness)
	case "ML_KEM_768":
		key, refusal := mlkem.NewEncapsulationKey768(public)
		if refusal != nil {
			return nil, nil, false
		}
		shared, ciphertext, err = mlkemtest.Encapsulate768(key, randomness)
	default:
		key, refusal := mlkem.NewEncapsulationKey1024(public)
		if refusal != nil {
			return nil, nil, false
		}
		shared, ciphertext, err = mlkemtest.Encapsulate1024(key, randomness)
	}
	require.NoError(t, err)
	return shared, ciphertext, true
}

func TestWycheproofMLKEMEncapsulate(t *testing.T) {
	for _, test := range mlkemSpecs {
		t.Run(test.spec, func(t *testing.T) {
			var valid, invalid int
			for _, group := range readVectors(t, test.vectors+"_encaps").TestGroups {
				for _, v := range group.Tests {
					shared, ciphertext, ok := encapsulateWith(t, test.spec, v.Ek, v.M)
					require.Equal(t, v.Result == "valid", ok, "%d %s", v.TcID, v.Comment)
					if !ok {
						invalid++
						continue
					}
					valid++
					require.Equal(t, []byte(v.K), shared, "%d %s", v.TcID, v.Comment)
					require.Equal(t, []byte(v.C), ciphertext, "%d %s", v.TcID, v.Comment)
				}
			}
			ran(t, valid, invalid)
		})
	}
}

// TestDecapsulationKey512 holds circl's key to the interface that the standard library's keys have.
func TestDecapsulationKey512(t *testing.T) {
	key := newDecapsulationKey512(make([]byte, mlkem.SeedSize))
	require.Implements(t, (*crypto.Encapsulator)(nil), key.Encapsulator())
	shared, ciphertext := key.Encapsulator().Encapsulate()
	other, _ := key.Encapsulator().Encapsulate()
	require.NotEqual(t, shared, other, "the randomness is not that of a fixed seed")
	opened, err := key.Decapsulate(ciphertext)
	require.NoError(t, err)
	require.Equal(t, shared, opened)
}
