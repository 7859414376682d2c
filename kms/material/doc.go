// Package material is the cryptography of key material: generate, seal, encrypt, sign, authenticate. It is the only
// place where key bytes exist in the clear: they do not leave it except as a data key pair, which is the caller's by
// definition, and no type of it prints them.
//
// It knows nothing of accounts, policies or states, and does no I/O. The primitives are those of the Go standard
// library and, for the curve secp256k1, of decred's; this package chooses parameters and formats, which are AWS's
// where a client sees them (https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html)
// and its own where none does (docs/ciphertext.md).
package material
