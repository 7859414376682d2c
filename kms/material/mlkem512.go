package material

import (
	"crypto"
	"crypto/rand"

	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
)

// decapsulationKey512 is the key pair of ML_KEM_512 in the form that the standard library gives the other sizes.
type decapsulationKey512 struct {
	private *mlkem512.PrivateKey
	public  *mlkem512.PublicKey
}

// newDecapsulationKey512 makes the key pair of a seed of the right length.
func newDecapsulationKey512(seed []byte) crypto.Decapsulator {
	public, private := mlkem512.NewKeyFromSeed(seed)
	return decapsulationKey512{private, public}
}

func (k decapsulationKey512) Encapsulator() crypto.Encapsulator { return encapsulationKey512{k.public} }

// Decapsulate fails for a ciphertext of another length only.
func (k decapsulationKey512) Decapsulate(ciphertext []byte) ([]byte, error) {
	if len(ciphertext) != mlkem512.CiphertextSize {
		return nil, ErrCiphertext
	}
	shared := make([]byte, mlkem512.SharedKeySize)
	k.private.DecapsulateTo(shared, ciphertext)
	return shared, nil
}

// encapsulationKey512 is the public half.
type encapsulationKey512 struct{ public *mlkem512.PublicKey }

// Bytes returns the encapsulation key (FIPS 203, section 7.1).
func (k encapsulationKey512) Bytes() []byte {
	packed := make([]byte, mlkem512.PublicKeySize)
	k.public.Pack(packed)
	return packed
}

// Encapsulate makes a shared secret.
func (k encapsulationKey512) Encapsulate() (shared, ciphertext []byte) {
	seed := make([]byte, mlkem512.EncapsulationSeedSize)
	_, _ = rand.Read(seed) // it never fails
	return k.encapsulate(seed)
}

// encapsulate is Encapsulate with given randomness.
func (k encapsulationKey512) encapsulate(seed []byte) (shared, ciphertext []byte) {
	shared, ciphertext = make([]byte, mlkem512.SharedKeySize), make([]byte, mlkem512.CiphertextSize)
	k.public.EncapsulateTo(ciphertext, shared, seed)
	return shared, ciphertext
}
