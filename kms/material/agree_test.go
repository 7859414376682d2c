package material

import (
	"crypto/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSharedSecret(t *testing.T) {
	for _, name := range []string{"ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"} {
		t.Run(name, func(t *testing.T) {
			ours := fixture(t, name)
			theirs, err := Generate(ours.Spec(), rand.Reader)
			require.NoError(t, err)
			ourPublic, err := ours.PublicKey()
			require.NoError(t, err)
			theirPublic, err := theirs.PublicKey()
			require.NoError(t, err)
			one, err := ours.SharedSecret(ecdhAlgorithm, theirPublic)
			require.NoError(t, err)
			require.Len(t, one, (ours.Spec().bits+7)/8)
			other, err := theirs.SharedSecret(ecdhAlgorithm, ourPublic)
			require.NoError(t, err)
			require.Equal(t, one, other)
			require.NotEqual(t, make([]byte, len(one)), one)
		})
	}
}

func TestSharedSecretRefuses(t *testing.T) {
	m := fixture(t, "ECC_NIST_P256")
	public, err := m.PublicKey()
	require.NoError(t, err)
	offCurve := slices.Clone(public)
	offCurve[len(offCurve)-1] ^= 1
	for name, peer := range map[string][]byte{
		"nothing": nil, "cut": public[:len(public)-1], "off the curve": offCurve, "garbage": []byte("garbage"),
	} {
		_, err := m.SharedSecret(ecdhAlgorithm, peer)
		require.ErrorIs(t, err, ErrPublicKey, name)
	}
	for _, name := range []string{"ECC_NIST_P384", "ECC_SECG_P256K1", "RSA_2048", "ECC_NIST_EDWARDS25519"} {
		peer, err := fixture(t, name).PublicKey()
		require.NoError(t, err)
		_, err = m.SharedSecret(ecdhAlgorithm, peer)
		require.ErrorIs(t, err, ErrPublicKey, name)
	}
	for _, name := range []string{"ECC_SECG_P256K1", "RSA_2048", "HMAC_256", "SYMMETRIC_DEFAULT"} {
		_, err = fixture(t, name).SharedSecret(ecdhAlgorithm, public)
		require.ErrorIs(t, err, ErrAlgorithm, name)
	}
	_, err = m.SharedSecret(ecdsaSHA256, public)
	require.ErrorIs(t, err, ErrAlgorithm)
}

func TestWycheproofECDH(t *testing.T) {
	for name, spec := range map[string]string{
		"ecdh_secp256r1": "ECC_NIST_P256", "ecdh_secp384r1": "ECC_NIST_P384", "ecdh_secp521r1": "ECC_NIST_P521",
	} {
		t.Run(spec, func(t *testing.T) {
			s := LookupSpec(spec)
			var valid, invalid int
			for _, group := range readVectors(t, name).TestGroups {
				for _, v := range group.Tests {
					// The vectors have the private number as an integer, with or without a zero in front.
					number := make([]byte, (s.bits+7)/8)
					private := v.Private[max(0, len(v.Private)-len(number)):]
					copy(number[len(number)-len(private):], private)
					key, err := parse(s, number)
					require.NoError(t, err)
					shared, err := newMaterial(s, [idSizeInBytes]byte{}, key).SharedSecret(ecdhAlgorithm, v.Public)
					if err != nil {
						// What is acceptable, for example a compressed point, may be refused.
						invalid++
						require.NotEqual(t, "valid", v.Result, "%d %s", v.TcID, v.Comment)
						require.ErrorIs(t, err, ErrPublicKey)
						continue
					}
					valid++
					require.NotEqual(t, "invalid", v.Result, "%d %s", v.TcID, v.Comment)
					require.Equal(t, []byte(v.Shared), shared, "%d %s", v.TcID, v.Comment)
				}
			}
			ran(t, valid, invalid)
		})
	}
}
