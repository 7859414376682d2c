// Package material is the cryptography of key material: generate, seal, encrypt, sign, MAC, derive, import. It is the
// only place where key bytes exist in the clear, and they do not leave it.
package material

// Root is the root key that seals everything else.
type Root struct{}
