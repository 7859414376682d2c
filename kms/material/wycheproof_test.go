package material

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/require"
)

// hexBytes are bytes that the vectors give in hex.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// vectors is a file of Wycheproof, as far as the tests here need it.
type vectors struct {
	TestGroups []struct {
		IVSize          int
		KeySize         int
		TagSize         int
		PrivateKeyPkcs8 hexBytes
		PublicKeyDer    hexBytes
		PublicKeyAsn    hexBytes
		PrivateSeed     hexBytes
		PublicKey       hexKey
		Tests           []vector
	}
}

// vector is one test of a file.
type vector struct {
	TcID                                   int
	Comment, Result                        string
	Key, IV, AAD, Msg, CT, Tag, Sig, Label hexBytes
	Public, Private, Shared                hexBytes
	Ctx, Mu, Rnd                           hexBytes
	Seed, Ek, M, C, K                      hexBytes
}

// hexKey is a public key in hex. The files of other algorithms have an object there, of which the DER is beside it.
type hexKey []byte

func (h *hexKey) UnmarshalJSON(source []byte) error {
	if len(source) == 0 || source[0] != '"' {
		return nil
	}
	return json.Unmarshal(source, (*hexBytes)(h))
}

func readVectors(t *testing.T, name string) vectors {
	t.Helper()
	source, err := fs.ReadFile(wycheproof.TestVectors, name+"_test.json")
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(source, &v))
	require.NotEmpty(t, v.TestGroups)
	return v
}

// ran fails a test that compared nothing.
func ran(t *testing.T, valid, invalid int) {
	t.Helper()
	require.Positive(t, valid)
	require.Positive(t, invalid)
}

func TestWycheproofAESGCM(t *testing.T) {
	var valid, invalid int
	for _, group := range readVectors(t, "aes_gcm").TestGroups {
		if group.KeySize != 256 || group.IVSize != 8*nonceSizeInBytes || group.TagSize != 8*tagSizeInBytes {
			continue // sizes that the format does not have
		}
		for _, v := range group.Tests {
			key, err := parse(LookupSpec("SYMMETRIC_DEFAULT"), v.Key)
			require.NoError(t, err)
			aead := key.(*aesKey).aead
			plaintext, err := aead.Open(nil, v.IV, append(v.CT, v.Tag...), v.AAD)
			if v.Result != "valid" {
				invalid++
				require.Error(t, err, "%d %s", v.TcID, v.Comment)
				continue
			}
			valid++
			require.NoError(t, err, "%d %s", v.TcID, v.Comment)
			require.True(t, bytes.Equal(v.Msg, plaintext))
			require.Equal(t, []byte(append(v.CT, v.Tag...)), aead.Seal(nil, v.IV, v.Msg, v.AAD))
		}
	}
	ran(t, valid, invalid)
}

func TestWycheproofHMAC(t *testing.T) {
	for name, spec := range map[string]string{
		"hmac_sha224": "HMAC_224", "hmac_sha256": "HMAC_256", "hmac_sha384": "HMAC_384", "hmac_sha512": "HMAC_512",
	} {
		t.Run(spec, func(t *testing.T) {
			s := LookupSpec(spec)
			a := s.algorithms[0]
			var valid, invalid int
			for _, group := range readVectors(t, name).TestGroups {
				if group.TagSize != s.bits {
					continue // AWS does not cut tags
				}
				for _, v := range group.Tests {
					// Keys of other sizes also are good vectors for the primitive.
					m := newMaterial(s, [idSizeInBytes]byte{}, &hmacKey{key: v.Key})
					ok, err := m.VerifyMAC(a, v.Msg, v.Tag)
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

func TestWycheproofOAEP(t *testing.T) {
	for _, test := range []struct{ name, spec, algorithm string }{
		{"rsa_oaep_2048_sha1_mgf1sha1", "RSA_2048", "RSAES_OAEP_SHA_1"},
		{"rsa_oaep_2048_sha256_mgf1sha256", "RSA_2048", "RSAES_OAEP_SHA_256"},
		{"rsa_oaep_3072_sha256_mgf1sha256", "RSA_3072", "RSAES_OAEP_SHA_256"},
		{"rsa_oaep_4096_sha256_mgf1sha256", "RSA_4096", "RSAES_OAEP_SHA_256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := LookupSpec(test.spec)
			var valid, invalid int
			for _, group := range readVectors(t, test.name).TestGroups {
				key, err := parse(spec, group.PrivateKeyPkcs8)
				require.NoError(t, err)
				m := newMaterial(spec, [idSizeInBytes]byte{}, key)
				for _, v := range group.Tests {
					if len(v.Label) > 0 {
						continue // KMS has no labels
					}
					plaintext, err := m.DecryptAsymmetric(spec.Algorithm(test.algorithm), v.CT)
					if v.Result != "valid" {
						invalid++
						require.Equal(t, ErrCiphertext, err, "%d %s", v.TcID, v.Comment)
						continue
					}
					valid++
					require.NoError(t, err, "%d %s", v.TcID, v.Comment)
					require.True(t, bytes.Equal(v.Msg, plaintext))
				}
			}
			ran(t, valid, invalid)
		})
	}
}

// publicOnly returns material that can verify with a public key in DER and do nothing else.
func publicOnly(t *testing.T, spec *Spec, der []byte) *Material {
	t.Helper()
	var key secret
	if spec.family == familySecp256k1 {
		var info struct {
			Algorithm asn1.RawValue
			PublicKey asn1.BitString
		}
		_, err := asn1.Unmarshal(der, &info)
		require.NoError(t, err)
		public, err := secp256k1.ParsePubKey(info.PublicKey.Bytes)
		require.NoError(t, err)
		return newMaterial(spec, [idSizeInBytes]byte{}, publicSecp256k1{public: public})
	}
	public, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	switch public := public.(type) {
	case *rsa.PublicKey:
		key = rsaKey{&rsa.PrivateKey{PublicKey: *public}}
	case *ecdsa.PublicKey:
		key = nistKey{&ecdsa.PrivateKey{PublicKey: *public}}
	case ed25519.PublicKey:
		key = ed25519Key{append(make(ed25519.PrivateKey, ed25519.SeedSize), public...)}
	}
	return newMaterial(spec, [idSizeInBytes]byte{}, key)
}

// publicSecp256k1 is the public half of a key, which the code itself never has alone.
type publicSecp256k1 struct {
	secp256k1Key
	public *secp256k1.PublicKey
}

func (k publicSecp256k1) verify(_ *Algorithm, digest, signature []byte) bool {
	return verifySecp256k1(k.public, digest, signature)
}

func TestWycheproofSignatures(t *testing.T) {
	for _, test := range []struct{ name, spec, algorithm string }{
		{"rsa_pss_2048_sha256_mgf1_32", "RSA_2048", "RSASSA_PSS_SHA_256"},
		{"rsa_pss_2048_sha384_mgf1_48", "RSA_2048", "RSASSA_PSS_SHA_384"},
		{"rsa_pss_3072_sha256_mgf1_32", "RSA_3072", "RSASSA_PSS_SHA_256"},
		{"rsa_pss_4096_sha256_mgf1_32", "RSA_4096", "RSASSA_PSS_SHA_256"},
		{"rsa_pss_4096_sha384_mgf1_48", "RSA_4096", "RSASSA_PSS_SHA_384"},
		{"rsa_pss_4096_sha512_mgf1_64", "RSA_4096", "RSASSA_PSS_SHA_512"},
		{"rsa_signature_2048_sha256", "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"},
		{"rsa_signature_2048_sha384", "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384"},
		{"rsa_signature_2048_sha512", "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"},
		{"rsa_signature_3072_sha256", "RSA_3072", "RSASSA_PKCS1_V1_5_SHA_256"},
		{"rsa_signature_4096_sha512", "RSA_4096", "RSASSA_PKCS1_V1_5_SHA_512"},
		{"ecdsa_secp256r1_sha256", "ECC_NIST_P256", "ECDSA_SHA_256"},
		{"ecdsa_secp384r1_sha384", "ECC_NIST_P384", "ECDSA_SHA_384"},
		{"ecdsa_secp521r1_sha512", "ECC_NIST_P521", "ECDSA_SHA_512"},
		{"ecdsa_secp256k1_sha256", "ECC_SECG_P256K1", "ECDSA_SHA_256"},
		{"ed25519", "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := LookupSpec(test.spec)
			var valid, invalid int
			for _, group := range readVectors(t, test.name).TestGroups {
				m := publicOnly(t, spec, group.PublicKeyDer)
				for _, v := range group.Tests {
					ok, err := m.Verify(spec.Algorithm(test.algorithm), Raw, v.Msg, v.Sig)
					require.NoError(t, err)
					if v.Result == "acceptable" {
						continue // either is right
					}
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

// TestWycheproofPSSSalt holds verification to a salt as long as the hash: other lengths are refused.
func TestWycheproofPSSSalt(t *testing.T) {
	compared := 0
	for _, group := range readVectors(t, "rsa_pss_2048_sha256_mgf1_0").TestGroups {
		m := publicOnly(t, LookupSpec("RSA_2048"), group.PublicKeyDer)
		for _, v := range group.Tests {
			if v.Result != "valid" {
				continue // among these is one with the right salt
			}
			compared++
			ok, err := m.Verify(pssSHA256, Raw, v.Msg, v.Sig)
			require.NoError(t, err)
			require.False(t, ok, "%d %s", v.TcID, v.Comment)
		}
	}
	require.Positive(t, compared)
}
