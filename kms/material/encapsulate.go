package material

// Encapsulate makes a shared secret with the public key, and the ciphertext that gives it to who has the private key.
func (m *Material) Encapsulate(a *Algorithm) (shared, ciphertext []byte, err error) {
	key, err := m.encapsulationKey(a)
	if err != nil {
		return nil, nil, err
	}
	shared, ciphertext = key.key.Encapsulator().Encapsulate()
	return shared, ciphertext, nil
}

// Decapsulate returns the shared secret that a ciphertext has, with the private key; [ErrCiphertext] for a ciphertext
// of another length than the spec's. Any other that was not made with the public key gives a secret that nobody else
// has (implicit rejection, FIPS 203, section 6.3).
func (m *Material) Decapsulate(a *Algorithm, ciphertext []byte) ([]byte, error) {
	key, err := m.encapsulationKey(a)
	if err != nil {
		return nil, err
	}
	shared, err := key.key.Decapsulate(ciphertext)
	if err != nil {
		return nil, ErrCiphertext
	}
	return shared, nil
}

func (m *Material) encapsulationKey(a *Algorithm) (mlkemKey, error) {
	key, ok := m.secret().(mlkemKey)
	if !ok || m.spec.Algorithm(a.Name) != a || a.scheme != schemeMLKEM {
		return mlkemKey{}, ErrAlgorithm
	}
	return key, nil
}
