package material

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// Import returns the key material of a spec that was encrypted to a wrapping key: the bytes themselves of a symmetric
// key, DER PKCS #8 of a private key. The id of imported material follows from the key it is imported into and from the
// material, so that the same material has the same id whenever it is imported again
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html, KeyMaterialId). The error is
// [ErrCiphertext] for what cannot be unwrapped, and [ErrMaterial] for what is not material of the spec.
func Import(root *Root, w *WrappingKey, spec *Spec, keyID string, wrapped []byte) (*Material, error) {
	clear, err := w.unwrap(wrapped)
	if err != nil {
		return nil, err
	}
	key, err := parseImported(spec, clear)
	if err != nil {
		return nil, err
	}
	id, err := importedID(root, spec, keyID, key)
	if err != nil {
		return nil, err
	}
	return newMaterial(spec, id, key), nil
}

// Imports reports whether key material of the spec can be imported here: all but that of the post-quantum specs.
func (s *Spec) Imports() bool {
	switch s.family {
	case familyAES, familyHMAC, familyRSA, familyNIST, familySecp256k1, familyEd25519:
		return true
	default:
		return false
	}
}

// importInfo separates the key that ids are made with from others that are derived from the root key.
const importInfo = "strictkms imported material id v1"

// importedID is the id of imported key material: an HMAC under a key derived from the root key. Ids are told to
// everybody who may list them and stand in every ciphertext; without the root key nobody can try materials by them.
func importedID(root *Root, spec *Spec, keyID string, key secret) (id [idSizeInBytes]byte, err error) {
	identity, err := key.marshal()
	if pair, ok := key.(asymmetric); ok { // one private key has several encodings, but one public key
		identity, err = pair.publicKey()
	}
	if err != nil {
		return id, fmt.Errorf("key material: %w", err)
	}
	if root == nil || root.key == nil {
		return id, ErrRootSize
	}
	idKey, err := hkdf.Key(sha256.New, root.key(), nil, importInfo, sha256.Size)
	if err != nil {
		return id, fmt.Errorf("derive: %w", err)
	}
	mac := hmac.New(sha256.New, idKey)
	for _, part := range [][]byte{[]byte(keyID), {0}, []byte(spec.Name), {0}, identity} {
		_, _ = mac.Write(part)
	}
	return [idSizeInBytes]byte(mac.Sum(nil)), nil
}

// parseImported reads key material as it is imported. What is kept of it is what parse reads.
func parseImported(spec *Spec, clear []byte) (secret, error) {
	switch spec.family {
	case familyAES, familyHMAC:
		return parse(spec, bytes.Clone(clear))
	case familySecp256k1:
		return importSecp256k1(clear)
	default:
	}
	parsed, err := x509.ParsePKCS8PrivateKey(clear)
	if err != nil {
		return nil, ErrMaterial
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		// "Number of primes: 2 (multi-prime RSA keys are not supported)"
		// (https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html).
		if spec.family != familyRSA || len(key.Primes) != 2 || key.N.BitLen() != spec.bits {
			return nil, ErrMaterial
		}
		return rsaKey{key}, nil
	case *ecdsa.PrivateKey:
		if spec.family != familyNIST || key.Curve != nistCurve(spec) {
			return nil, ErrMaterial
		}
		return nistKey{key}, nil
	case ed25519.PrivateKey:
		if spec.family != familyEd25519 {
			return nil, ErrMaterial
		}
		return ed25519Key{key}, nil
	default:
		return nil, ErrMaterial
	}
}

// importSecp256k1 reads PKCS #8 (RFC 5208) with an ECPrivateKey (RFC 5915) inside: the standard library does so for the
// curves that it has.
func importSecp256k1(der []byte) (secret, error) {
	var outer struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
		Attributes asn1.RawValue `asn1:"optional,tag:0"`
	}
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || len(rest) > 0 || !outer.Algorithm.Algorithm.Equal(oidECPublicKey) {
		return nil, ErrMaterial
	}
	var curve asn1.ObjectIdentifier
	rest, err = asn1.Unmarshal(outer.Algorithm.Parameters.FullBytes, &curve)
	if err != nil || len(rest) > 0 || !curve.Equal(oidSecp256k1) {
		return nil, ErrMaterial
	}
	var inner struct {
		Version    int
		PrivateKey []byte
		Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		PublicKey  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	rest, err = asn1.Unmarshal(outer.PrivateKey, &inner)
	if err != nil || len(rest) > 0 || inner.Version != 1 {
		return nil, ErrMaterial
	}
	return parseSecp256k1(inner.PrivateKey)
}
