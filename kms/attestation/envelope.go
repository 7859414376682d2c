package attestation

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"slices"
)

// The object identifiers of answers (RFC 5652, RFC 4055, RFC 3565).
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidOAEP          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidMGF1          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidAES256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// envelopeVersion is that of envelopes and recipients whose key is named by an identifier (RFC 5652, sections 6.1 and
// 6.2.1).
const envelopeVersion = 2

// recipient is a KeyTransRecipientInfo (RFC 5652, section 6.2.1).
type recipient struct {
	Version      int
	KeyID        []byte `asn1:"tag:0"`
	Algorithm    pkix.AlgorithmIdentifier
	EncryptedKey []byte
}

// oaepParameters is RSAES-OAEP-params (RFC 4055, section 4.1).
type oaepParameters struct {
	Hash pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	Mask pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
}

// Encrypt encrypts a plaintext so that only the holder of the document's private key can read it: CMS EnvelopedData with
// AES-256-CBC, whose key is encrypted with RSAES-OAEP and SHA-256.
//
// The form is that of AWS KMS, byte for byte where it is not random: BER with the lengths left open that are
// (https://github.com/yawn/ned#usage shows an answer). What the identifier of the key is made from AWS does not say; it
// has 32 bytes, as here, and no client looks at it.
func (d *Document) Encrypt(random io.Reader, plaintext []byte) ([]byte, error) {
	secret := make([]byte, 32+aes.BlockSize)
	defer clear(secret)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("content key: %w", err)
	}
	key, iv := secret[:32], secret[32:]
	content, err := encryptCBC(key, iv, plaintext)
	if err != nil {
		return nil, err
	}
	encryptedKey, err := rsa.EncryptOAEP(sha256.New(), random, d.publicKey, key, nil)
	if err != nil {
		return nil, fmt.Errorf("content key: %w", err)
	}
	return d.envelope(encryptedKey, iv, content)
}

// encryptCBC encrypts with AES-256-CBC, padded as RFC 5652 says in section 6.3.
func encryptCBC(key, iv, plaintext []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(plaintext)%aes.BlockSize
	content := slices.Concat(plaintext, bytes.Repeat([]byte{byte(padding)}, padding))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(content, content)
	return content, nil
}

// envelope writes ContentInfo with EnvelopedData (RFC 5652, sections 3 and 6.1).
func (d *Document) envelope(encryptedKey, iv, content []byte) ([]byte, error) {
	var e encoder
	sha256ID := pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}
	parameters := e.marshal(oaepParameters{
		Hash: sha256ID,
		Mask: pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: asn1.RawValue{FullBytes: e.marshal(sha256ID, "")}},
	}, "")
	recipients := e.marshal([]recipient{{
		Version: envelopeVersion, KeyID: d.keyID[:], EncryptedKey: encryptedKey,
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidOAEP, Parameters: asn1.RawValue{FullBytes: parameters}},
	}}, "set")
	algorithm := e.marshal(pkix.AlgorithmIdentifier{
		Algorithm: oidAES256CBC, Parameters: asn1.RawValue{FullBytes: e.marshal(iv, "")},
	}, "")
	out := open(sequence, e.marshal(oidEnvelopedData, ""), open(explicit0, open(sequence,
		e.marshal(envelopeVersion, ""), recipients,
		open(sequence, e.marshal(oidData, ""), algorithm, open(explicit0, e.marshal(content, ""))),
	)))
	return out, e.err
}

// The tags of constructed values.
const (
	sequence  = 0x30
	explicit0 = 0xa0 // [0]
)

// open is a constructed value whose length is left open (X.690, section 8.1.3.6).
func open(tag byte, parts ...[]byte) []byte {
	out := append([]byte{tag, 0x80}, slices.Concat(parts...)...)
	return append(out, 0, 0)
}

// encoder keeps the first error of several encodings.
type encoder struct{ err error }

func (e *encoder) marshal(value any, parameters string) []byte {
	out, err := asn1.MarshalWithParams(value, parameters)
	if err != nil && e.err == nil {
		e.err = err
	}
	return out
}
