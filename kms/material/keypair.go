package material

import "fmt"

// KeyPair is a data key pair: what GenerateDataKeyPair gives to its caller, outside of any KMS key. The private key
// is in the clear and is not to be kept or logged.
type KeyPair struct {
	redaction
	pair func() (public, private []byte)
}

// PublicKey returns the public key as DER SubjectPublicKeyInfo.
func (p KeyPair) PublicKey() []byte {
	public, _ := p.pair()
	return public
}

// PrivateKey returns the private key as DER PKCS #8 PrivateKeyInfo.
func (p KeyPair) PrivateKey() []byte {
	_, private := p.pair()
	return private
}

// GenerateDataKeyPair makes a data key pair of a spec; [ErrAlgorithm] for a spec that AWS makes none of.
func GenerateDataKeyPair(spec *Spec) (KeyPair, error) {
	if !spec.DataKeyPair {
		return KeyPair{}, ErrAlgorithm
	}
	key, err := generate(spec, nil)
	if err != nil {
		return KeyPair{}, fmt.Errorf("generate %s: %w", spec.Name, err)
	}
	pair, ok := key.(asymmetric)
	if !ok {
		return KeyPair{}, ErrAlgorithm
	}
	public, err := pair.publicKey()
	if err != nil {
		return KeyPair{}, fmt.Errorf("public key: %w", err)
	}
	private, err := pair.privateKey()
	if err != nil {
		return KeyPair{}, fmt.Errorf("private key: %w", err)
	}
	return KeyPair{pair: func() ([]byte, []byte) { return public, private }}, nil
}
