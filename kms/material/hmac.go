package material

import "crypto/hmac"

// hmacKey is the secret of an HMAC spec (RFC 2104).
type hmacKey struct{ key []byte }

func parseHMAC(spec *Spec, key []byte) (secret, error) {
	if len(key) != spec.bits/8 {
		return nil, ErrMaterial
	}
	return &hmacKey{key: key}, nil
}

func (k *hmacKey) marshal() ([]byte, error) { return k.key, nil }

// MAC returns the authentication code of a message.
func (m *Material) MAC(a *Algorithm, message []byte) ([]byte, error) {
	key, ok := m.secret().(*hmacKey)
	if !ok || m.spec.Algorithm(a.Name) != a {
		return nil, ErrAlgorithm
	}
	mac := hmac.New(a.hash.New, key.key)
	_, _ = mac.Write(message)
	return mac.Sum(nil), nil
}

// VerifyMAC reports whether a code is that of a message. It takes the same time for every wrong code of the right
// length.
func (m *Material) VerifyMAC(a *Algorithm, message, mac []byte) (bool, error) {
	want, err := m.MAC(a, message)
	if err != nil {
		return false, err
	}
	return hmac.Equal(want, mac), nil
}
