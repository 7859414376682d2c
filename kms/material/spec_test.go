package material

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSpecs holds the table to AWS's pages
// (https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html).
func TestSpecs(t *testing.T) {
	rsaSigning := []string{
		"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
	}
	rsaEncryption := []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}
	for _, test := range []struct {
		spec       string
		usage      Usage
		algorithms []string
	}{
		{"SYMMETRIC_DEFAULT", EncryptDecrypt, []string{"SYMMETRIC_DEFAULT"}},
		{"RSA_2048", EncryptDecrypt, rsaEncryption},
		{"RSA_3072", EncryptDecrypt, rsaEncryption},
		{"RSA_4096", EncryptDecrypt, rsaEncryption},
		{"RSA_2048", SignVerify, rsaSigning},
		{"RSA_3072", SignVerify, rsaSigning},
		{"RSA_4096", SignVerify, rsaSigning},
		{"ECC_NIST_P256", SignVerify, []string{"ECDSA_SHA_256"}},
		{"ECC_NIST_P384", SignVerify, []string{"ECDSA_SHA_384"}},
		{"ECC_NIST_P521", SignVerify, []string{"ECDSA_SHA_512"}},
		{"ECC_NIST_P521", KeyAgreement, []string{"ECDH"}},
		{"ECC_SECG_P256K1", SignVerify, []string{"ECDSA_SHA_256"}},
		{"ECC_NIST_EDWARDS25519", SignVerify, []string{"ED25519_SHA_512", "ED25519_PH_SHA_512"}},
		{"HMAC_224", GenerateVerifyMAC, []string{"HMAC_SHA_224"}},
		{"HMAC_256", GenerateVerifyMAC, []string{"HMAC_SHA_256"}},
		{"HMAC_384", GenerateVerifyMAC, []string{"HMAC_SHA_384"}},
		{"HMAC_512", GenerateVerifyMAC, []string{"HMAC_SHA_512"}},
		{"ML_DSA_44", SignVerify, []string{"ML_DSA_SHAKE_256"}},
		{"ML_DSA_65", SignVerify, []string{"ML_DSA_SHAKE_256"}},
		{"ML_DSA_87", SignVerify, []string{"ML_DSA_SHAKE_256"}},
		{"ML_KEM_512", EncapsulateDecapsulate, []string{"ML_KEM"}},
		{"ML_KEM_768", EncapsulateDecapsulate, []string{"ML_KEM"}},
		{"ML_KEM_1024", EncapsulateDecapsulate, []string{"ML_KEM"}},
	} {
		t.Run(test.spec+" "+string(test.usage), func(t *testing.T) {
			spec := LookupSpec(test.spec)
			require.NotNil(t, spec)
			require.True(t, spec.HasUsage(test.usage))
			require.Equal(t, test.algorithms, spec.Algorithms(test.usage))
		})
	}
	require.Nil(t, LookupSpec("SM2"))
	require.Nil(t, LookupSpec(""))
	require.Nil(t, LookupSpec("RSA_2048").Algorithm("SYMMETRIC_DEFAULT"))
	require.False(t, LookupSpec("RSA_2048").HasUsage(KeyAgreement))
	require.False(t, LookupSpec("ECC_SECG_P256K1").HasUsage(KeyAgreement))
}

// TestSpecsAreWhole finds rows without what the code needs of them.
func TestSpecsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, spec := range Specs() {
		require.False(t, seen[spec.Name], spec.Name)
		seen[spec.Name] = true
		require.NotEqual(t, familyUnknown, spec.family, spec.Name)
		require.NotZero(t, spec.bits, spec.Name)
		for _, usage := range spec.Usages {
			require.NotEmpty(t, spec.Algorithms(usage), "%s %s", spec.Name, usage)
		}
		for _, a := range spec.algorithms {
			require.NotEqual(t, schemeUnknown, a.scheme, a.Name)
			require.True(t, spec.HasUsage(a.Usage), "%s %s", spec.Name, a.Name)
			require.Same(t, a, spec.Algorithm(a.Name))
		}
		require.False(t, spec.Symmetric() && spec.DataKeyPair, spec.Name)
	}
}

// TestMaxPlaintext has the numbers of AWS's own messages.
func TestMaxPlaintext(t *testing.T) {
	for _, test := range []struct {
		spec, algorithm string
		size            int
	}{
		{"SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT", 4096},
		{"RSA_2048", "RSAES_OAEP_SHA_1", 214},
		{"RSA_3072", "RSAES_OAEP_SHA_1", 342},
		{"RSA_4096", "RSAES_OAEP_SHA_1", 470},
		{"RSA_2048", "RSAES_OAEP_SHA_256", 190},
		{"RSA_3072", "RSAES_OAEP_SHA_256", 318},
		{"RSA_4096", "RSAES_OAEP_SHA_256", 446},
	} {
		spec := LookupSpec(test.spec)
		require.Equal(t, test.size, spec.MaxPlaintext(spec.Algorithm(test.algorithm)), "%s %s", test.spec, test.algorithm)
	}
}
