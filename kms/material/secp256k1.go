package material

import (
	"crypto/x509/pkix"
	"encoding/asn1"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// secp256k1Key is the secret of ECC_SECG_P256K1 (SEC 2, section 2.4.1), which the standard library does not have.
// Signatures are DER and deterministic (RFC 6979).
type secp256k1Key struct{ key *secp256k1.PrivateKey }

func generateSecp256k1() (secret, error) {
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		return nil, err
	}
	return secp256k1Key{key}, nil
}

// parseSecp256k1 reads the private number; zero and what is not below the order of the group are refused.
func parseSecp256k1(number []byte) (secret, error) {
	var scalar secp256k1.ModNScalar
	if len(number) != secp256k1.PrivKeyBytesLen || scalar.SetByteSlice(number) || scalar.IsZero() {
		return nil, ErrMaterial
	}
	return secp256k1Key{secp256k1.NewPrivateKey(&scalar)}, nil
}

func (k secp256k1Key) marshal() ([]byte, error) { return k.key.Serialize(), nil }

// The object identifiers of RFC 5480, section 2.1.1, and SEC 2, section A.2.
var (
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSecp256k1   = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
)

// secp256k1Algorithm is the AlgorithmIdentifier of keys on the curve.
func secp256k1Algorithm() (pkix.AlgorithmIdentifier, error) {
	curve, err := asn1.Marshal(oidSecp256k1)
	return pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: curve}}, err
}

// publicKey is SubjectPublicKeyInfo with the point uncompressed (RFC 5480, section 2).
func (k secp256k1Key) publicKey() ([]byte, error) {
	algorithm, err := secp256k1Algorithm()
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}{algorithm, k.point()})
}

// privateKey is PKCS #8 with an ECPrivateKey (RFC 5915) inside, of the form that the standard library gives the
// other curves: without parameters, with the public key.
func (k secp256k1Key) privateKey() ([]byte, error) {
	algorithm, err := secp256k1Algorithm()
	if err != nil {
		return nil, err
	}
	inner, err := asn1.Marshal(struct {
		Version    int
		PrivateKey []byte
		PublicKey  asn1.BitString `asn1:"explicit,tag:1"`
	}{1, k.key.Serialize(), k.point()})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
	}{0, algorithm, inner})
}

func (k secp256k1Key) point() asn1.BitString {
	point := k.key.PubKey().SerializeUncompressed()
	return asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
}

//nolint:unparam // the error is part of the interface signer
func (k secp256k1Key) sign(_ *Algorithm, digest []byte) ([]byte, error) {
	return ecdsa.Sign(k.key, digest).Serialize(), nil
}

func (k secp256k1Key) verify(_ *Algorithm, digest, signature []byte) bool {
	return verifySecp256k1(k.key.PubKey(), digest, signature)
}

func verifySecp256k1(public *secp256k1.PublicKey, digest, signature []byte) bool {
	parsed, err := ecdsa.ParseDERSignature(signature)
	return err == nil && parsed.Verify(digest, public)
}
