package material

import (
	"crypto"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

// mlkemKey is the secret of an ML_KEM spec (FIPS 203): the standard library's, but for ML_KEM_512, which it does not
// have. Key pairs have the formats of RFC 9935, the private key as its seed, as AWS has it
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html).
type mlkemKey struct {
	key  crypto.Decapsulator
	seed []byte // d || z (FIPS 203, section 7.1)
	oid  asn1.ObjectIdentifier
}

// The object identifiers of https://csrc.nist.gov/projects/computer-security-objects-register/algorithm-registration.
var (
	oidMLKEM512  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, 1}
	oidMLKEM768  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, 2}
	oidMLKEM1024 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, 3}
)

func generateMLKEM(spec *Spec) (secret, error) {
	seed := make([]byte, mlkem.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	return parseMLKEM(spec, seed)
}

// parseMLKEM reads the seed.
func parseMLKEM(spec *Spec, seed []byte) (secret, error) {
	if len(seed) != mlkem.SeedSize {
		return nil, ErrMaterial
	}
	k := mlkemKey{seed: slices.Clone(seed)}
	var err error
	switch spec.bits {
	case 512:
		k.oid, k.key = oidMLKEM512, newDecapsulationKey512(seed)
	case 768:
		k.oid = oidMLKEM768
		k.key, err = mlkem.NewDecapsulationKey768(seed)
	default:
		k.oid = oidMLKEM1024
		k.key, err = mlkem.NewDecapsulationKey1024(seed)
	}
	if err != nil {
		return nil, ErrMaterial
	}
	return k, nil
}

func (k mlkemKey) marshal() ([]byte, error) { return k.seed, nil }

// publicKey is SubjectPublicKeyInfo with the encapsulation key as it is (RFC 9935, section 4).
func (k mlkemKey) publicKey() ([]byte, error) {
	public := k.key.Encapsulator().Bytes()
	return asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: k.oid}, asn1.BitString{Bytes: public, BitLength: 8 * len(public)}})
}

// privateKey is PKCS #8 with the alternative "seed" of ML-KEM-PrivateKey inside (RFC 9935, section 6).
func (k mlkemKey) privateKey() ([]byte, error) {
	inner, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: k.seed})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: k.oid}, inner})
}
