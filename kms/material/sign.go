package material

// Sign signs a message with the private key. A message of type [Raw] is hashed here, a [Digest] never is, nor is an
// [ExternalMu].
func (m *Material) Sign(a *Algorithm, messageType MessageType, message []byte) ([]byte, error) {
	key, input, err := m.signingInput(a, messageType, message)
	if err != nil {
		return nil, err
	}
	if messageType != ExternalMu {
		return key.sign(a, input)
	}
	mu, ok := key.(muSigner)
	if !ok {
		return nil, ErrMessageType
	}
	return mu.signMu(input)
}

// Verify reports whether a signature is one of a message with the public key. The error is about the algorithm and
// the message, never about the signature; [ErrVerifyMu] for every [ExternalMu].
func (m *Material) Verify(a *Algorithm, messageType MessageType, message, signature []byte) (bool, error) {
	key, input, err := m.signingInput(a, messageType, message)
	if err != nil {
		return false, err
	}
	if messageType == ExternalMu {
		return false, ErrVerifyMu
	}
	return key.verify(a, input, signature), nil
}

// CheckMessage returns the error that Sign and Verify would give for a message, without the key.
func (a *Algorithm) CheckMessage(messageType MessageType, message []byte) error {
	switch messageType {
	case Raw:
		if !a.TakesRaw() {
			return ErrMessageType
		}
	case Digest:
		if a.DigestSize() == 0 {
			return ErrMessageType
		}
		if len(message) != a.DigestSize() {
			return ErrDigestLength
		}
	case ExternalMu:
		if a.scheme != schemeMLDSA {
			return ErrMessageType
		}
		if len(message) != muSizeInBytes {
			return ErrDigestLength
		}
	default:
		return ErrMessageType
	}
	return nil
}

// signingInput returns what the secret signs for a message: its digest where the algorithm has a hash.
func (m *Material) signingInput(a *Algorithm, messageType MessageType, message []byte) (signer, []byte, error) {
	key, ok := m.secret().(signer)
	if !ok || m.spec.Algorithm(a.Name) != a || a.Usage != SignVerify {
		return nil, nil, ErrAlgorithm
	}
	if err := a.CheckMessage(messageType, message); err != nil {
		return nil, nil, err
	}
	if messageType == Raw && a.hash != 0 {
		hash := a.hash.New()
		_, _ = hash.Write(message)
		message = hash.Sum(nil)
	}
	return key, message, nil
}
