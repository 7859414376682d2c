package material

import (
	"crypto"
	_ "crypto/sha1" // RSAES_OAEP_SHA_1.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"slices"
)

// Usage is what a key is for: KeyUsage of the API.
type Usage string

// The usages of keys.
const (
	EncryptDecrypt         Usage = "ENCRYPT_DECRYPT"
	SignVerify             Usage = "SIGN_VERIFY"
	GenerateVerifyMAC      Usage = "GENERATE_VERIFY_MAC"
	KeyAgreement           Usage = "KEY_AGREEMENT"
	EncapsulateDecapsulate Usage = "ENCAPSULATE_DECAPSULATE"
)

// MessageType says what Sign and Verify are given.
type MessageType string

// The message types.
const (
	// Raw is the message itself: it is hashed here.
	Raw MessageType = "RAW"
	// Digest is the hash of the message: it is not hashed again.
	Digest MessageType = "DIGEST"
	// ExternalMu is what ML-DSA makes of the key and the message before it signs (FIPS 204, section 6.2).
	ExternalMu MessageType = "EXTERNAL_MU"
)

// family is the kind of key that a spec generates.
type family int

const (
	familyUnknown family = iota
	familyAES
	familyRSA
	familyNIST
	familySecp256k1
	familyEd25519
	familyHMAC
	familyMLDSA
	familyMLKEM
)

// Spec is a row of the table of key specs.
type Spec struct {
	// Name is the KeySpec of the API, for example RSA_2048.
	Name string
	// Usages are the usages that a key of the spec can have, one of them.
	Usages []Usage
	// DataKeyPair is true for the specs of GenerateDataKeyPair.
	DataKeyPair bool
	// family, bits and algorithms are what the cryptography needs to know. The bits of ML_DSA and ML_KEM are the numbers
	// of their parameter sets.
	family     family
	bits       int
	algorithms []*Algorithm
}

// scheme is how an algorithm uses a key.
type scheme int

const (
	schemeUnknown scheme = iota
	schemeGCM
	schemeOAEP
	schemePSS
	schemePKCS1
	schemeECDSA
	schemeEd25519
	schemeEd25519ph
	schemeHMAC
	schemeECDH
	schemeMLDSA
	schemeMLKEM
)

// Algorithm is a row of the table of algorithms.
type Algorithm struct {
	// Name is what the API calls it, for example RSASSA_PSS_SHA_256.
	Name string
	// Usage is the usage of the keys it works with.
	Usage  Usage
	scheme scheme
	hash   crypto.Hash
}

var (
	symmetricDefault = &Algorithm{"SYMMETRIC_DEFAULT", EncryptDecrypt, schemeGCM, 0}
	oaepSHA1         = &Algorithm{"RSAES_OAEP_SHA_1", EncryptDecrypt, schemeOAEP, crypto.SHA1}
	oaepSHA256       = &Algorithm{"RSAES_OAEP_SHA_256", EncryptDecrypt, schemeOAEP, crypto.SHA256}
	pkcs1SHA256      = &Algorithm{"RSASSA_PKCS1_V1_5_SHA_256", SignVerify, schemePKCS1, crypto.SHA256}
	pkcs1SHA384      = &Algorithm{"RSASSA_PKCS1_V1_5_SHA_384", SignVerify, schemePKCS1, crypto.SHA384}
	pkcs1SHA512      = &Algorithm{"RSASSA_PKCS1_V1_5_SHA_512", SignVerify, schemePKCS1, crypto.SHA512}
	pssSHA256        = &Algorithm{"RSASSA_PSS_SHA_256", SignVerify, schemePSS, crypto.SHA256}
	pssSHA384        = &Algorithm{"RSASSA_PSS_SHA_384", SignVerify, schemePSS, crypto.SHA384}
	pssSHA512        = &Algorithm{"RSASSA_PSS_SHA_512", SignVerify, schemePSS, crypto.SHA512}
	ecdsaSHA256      = &Algorithm{"ECDSA_SHA_256", SignVerify, schemeECDSA, crypto.SHA256}
	ecdsaSHA384      = &Algorithm{"ECDSA_SHA_384", SignVerify, schemeECDSA, crypto.SHA384}
	ecdsaSHA512      = &Algorithm{"ECDSA_SHA_512", SignVerify, schemeECDSA, crypto.SHA512}
	ed25519SHA512    = &Algorithm{"ED25519_SHA_512", SignVerify, schemeEd25519, 0}
	ed25519phSHA512  = &Algorithm{"ED25519_PH_SHA_512", SignVerify, schemeEd25519ph, crypto.SHA512}
	hmacSHA224       = &Algorithm{"HMAC_SHA_224", GenerateVerifyMAC, schemeHMAC, crypto.SHA224}
	hmacSHA256       = &Algorithm{"HMAC_SHA_256", GenerateVerifyMAC, schemeHMAC, crypto.SHA256}
	hmacSHA384       = &Algorithm{"HMAC_SHA_384", GenerateVerifyMAC, schemeHMAC, crypto.SHA384}
	hmacSHA512       = &Algorithm{"HMAC_SHA_512", GenerateVerifyMAC, schemeHMAC, crypto.SHA512}
	ecdhAlgorithm    = &Algorithm{"ECDH", KeyAgreement, schemeECDH, 0}
	mldsaShake256    = &Algorithm{"ML_DSA_SHAKE_256", SignVerify, schemeMLDSA, 0}
	mlkemAlgorithm   = &Algorithm{"ML_KEM", EncapsulateDecapsulate, schemeMLKEM, 0}
)

var rsaAlgorithms = []*Algorithm{
	oaepSHA1, oaepSHA256, pkcs1SHA256, pkcs1SHA384, pkcs1SHA512, pssSHA256, pssSHA384, pssSHA512,
}

// specs is the table of key specs, in the order of the API model
// (https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html). SM2 is not in it: AWS
// has it in China only.
var specs = []*Spec{
	{"SYMMETRIC_DEFAULT", []Usage{EncryptDecrypt}, false, familyAES, 256, []*Algorithm{symmetricDefault}},
	{"RSA_2048", []Usage{EncryptDecrypt, SignVerify}, true, familyRSA, 2048, rsaAlgorithms},
	{"RSA_3072", []Usage{EncryptDecrypt, SignVerify}, true, familyRSA, 3072, rsaAlgorithms},
	{"RSA_4096", []Usage{EncryptDecrypt, SignVerify}, true, familyRSA, 4096, rsaAlgorithms},
	{"ECC_NIST_P256", []Usage{SignVerify, KeyAgreement}, true, familyNIST, 256, []*Algorithm{ecdsaSHA256, ecdhAlgorithm}},
	{"ECC_NIST_P384", []Usage{SignVerify, KeyAgreement}, true, familyNIST, 384, []*Algorithm{ecdsaSHA384, ecdhAlgorithm}},
	{"ECC_NIST_P521", []Usage{SignVerify, KeyAgreement}, true, familyNIST, 521, []*Algorithm{ecdsaSHA512, ecdhAlgorithm}},
	{"ECC_SECG_P256K1", []Usage{SignVerify}, true, familySecp256k1, 256, []*Algorithm{ecdsaSHA256}},
	{"ECC_NIST_EDWARDS25519", []Usage{SignVerify}, true, familyEd25519, 256, []*Algorithm{ed25519SHA512, ed25519phSHA512}},
	{"HMAC_224", []Usage{GenerateVerifyMAC}, false, familyHMAC, 224, []*Algorithm{hmacSHA224}},
	{"HMAC_256", []Usage{GenerateVerifyMAC}, false, familyHMAC, 256, []*Algorithm{hmacSHA256}},
	{"HMAC_384", []Usage{GenerateVerifyMAC}, false, familyHMAC, 384, []*Algorithm{hmacSHA384}},
	{"HMAC_512", []Usage{GenerateVerifyMAC}, false, familyHMAC, 512, []*Algorithm{hmacSHA512}},
	{"ML_DSA_44", []Usage{SignVerify}, false, familyMLDSA, 44, []*Algorithm{mldsaShake256}},
	{"ML_DSA_65", []Usage{SignVerify}, false, familyMLDSA, 65, []*Algorithm{mldsaShake256}},
	{"ML_DSA_87", []Usage{SignVerify}, false, familyMLDSA, 87, []*Algorithm{mldsaShake256}},
	{"ML_KEM_512", []Usage{EncapsulateDecapsulate}, true, familyMLKEM, 512, []*Algorithm{mlkemAlgorithm}},
	{"ML_KEM_768", []Usage{EncapsulateDecapsulate}, true, familyMLKEM, 768, []*Algorithm{mlkemAlgorithm}},
	{"ML_KEM_1024", []Usage{EncapsulateDecapsulate}, true, familyMLKEM, 1024, []*Algorithm{mlkemAlgorithm}},
}

// Specs returns the table of key specs.
func Specs() []*Spec { return slices.Clone(specs) }

// LookupSpec returns the spec of a name, nil for one that is not in the table.
func LookupSpec(name string) *Spec {
	for _, s := range specs {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// HasUsage reports whether keys of the spec can have a usage.
func (s *Spec) HasUsage(usage Usage) bool { return slices.Contains(s.Usages, usage) }

// Symmetric reports whether the spec has no public key.
func (s *Spec) Symmetric() bool { return s.family == familyAES || s.family == familyHMAC }

// Algorithms returns the names of the algorithms of a key with the spec and a usage, as DescribeKey lists them.
func (s *Spec) Algorithms(usage Usage) []string {
	var names []string
	for _, a := range s.algorithms {
		if a.Usage == usage {
			names = append(names, a.Name)
		}
	}
	return names
}

// Algorithm returns the algorithm of a name that keys of the spec work with, nil when they do not.
func (s *Spec) Algorithm(name string) *Algorithm {
	for _, a := range s.algorithms {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// MaxPlaintext returns how many bytes an algorithm encrypts at most with a key of the spec: 4096 for
// SYMMETRIC_DEFAULT, and for RSA what OAEP leaves of the modulus (RFC 8017, section 7.1.1, step 1b).
func (s *Spec) MaxPlaintext(a *Algorithm) int {
	if a.scheme == schemeOAEP {
		return s.bits/8 - 2*a.hash.Size() - 2
	}
	return 4096
}

// DigestSize returns the length of the digest that an algorithm signs, 0 for one that takes the message itself only.
func (a *Algorithm) DigestSize() int {
	if a.hash == 0 {
		return 0
	}
	return a.hash.Size()
}

// TakesRaw reports whether an algorithm signs messages that it hashes itself.
func (a *Algorithm) TakesRaw() bool { return a.scheme != schemeEd25519ph }
