package material

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
)

// ErrPublicKey says that a peer's public key is not one on the curve of the key.
var ErrPublicKey = errors.New("not a public key on the curve of the key")

// SharedSecret derives the secret that the key shares with a peer, whose public key is DER SubjectPublicKeyInfo. It is
// the raw x-coordinate (NIST SP 800-56A, section 5.7.1.2), as AWS returns it: the caller derives keys from it.
func (m *Material) SharedSecret(a *Algorithm, peer []byte) ([]byte, error) {
	key, ok := m.secret().(nistKey)
	if !ok || m.spec.Algorithm(a.Name) != a || a.scheme != schemeECDH {
		return nil, ErrAlgorithm
	}
	private, err := key.key.ECDH()
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(peer)
	if err != nil {
		return nil, ErrPublicKey
	}
	point, ok := parsed.(*ecdsa.PublicKey)
	if !ok || point.Curve != key.key.Curve {
		return nil, ErrPublicKey
	}
	public, err := point.ECDH()
	if err != nil {
		return nil, ErrPublicKey
	}
	shared, err := private.ECDH(public)
	if err != nil {
		return nil, ErrPublicKey
	}
	return shared, nil
}
