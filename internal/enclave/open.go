package enclave

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrAnswer is what is wrong with an answer that cannot be opened.
var ErrAnswer = errors.New("it is not CMS EnvelopedData for this key, with AES-256-CBC and RSAES-OAEP with SHA-256")

// Open decrypts an answer to the holder of a document, its CiphertextForRecipient, with the private key that belongs to
// the document: CMS EnvelopedData (RFC 5652), as SDKs for enclaves read it
// (https://github.com/aws/aws-nitro-enclaves-sdk-c/blob/main/source/cms.c).
func Open(key *rsa.PrivateKey, answer []byte) ([]byte, error) {
	root, rest, err := readBER(answer, 0)
	if err != nil || len(rest) > 0 {
		return nil, ErrAnswer
	}
	// ContentInfo {type, [0] EnvelopedData {version, recipients {recipient}, content}}
	data := root.at(1, 0)
	recipient, content := data.at(1, 0), data.at(2)
	// KeyTransRecipientInfo {version, [0] key id, algorithm, encrypted key}
	encryptedKey := recipient.at(3)
	// EncryptedContentInfo {type, algorithm {AES-256-CBC, iv}, [0] encrypted content}
	iv, encrypted := content.at(1, 1), content.at(2)
	if encryptedKey == nil || iv == nil || encrypted == nil {
		return nil, ErrAnswer
	}
	secret, err := rsa.DecryptOAEP(sha256.New(), nil, key, encryptedKey.bytes(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return decryptCBC(secret, iv.bytes(), encrypted.bytes())
}

// decryptCBC decrypts with AES-256-CBC and takes the padding away.
func decryptCBC(key, iv, encrypted []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(encrypted) == 0 || len(encrypted)%aes.BlockSize != 0 {
		return nil, ErrAnswer
	}
	plaintext := make([]byte, len(encrypted))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plaintext, encrypted)
	padding := int(plaintext[len(plaintext)-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, ErrAnswer
	}
	return plaintext[:len(plaintext)-padding], nil
}

// node is a value in BER (X.690), which unlike DER may leave lengths open and write strings in pieces.
type node struct {
	content []byte
	parts   []*node
}

// at follows a path of members; nil when there is none.
func (n *node) at(path ...int) *node {
	for _, i := range path {
		if n == nil || i >= len(n.parts) {
			return nil
		}
		n = n.parts[i]
	}
	return n
}

// bytes are those of a string, whether or not it is in pieces.
func (n *node) bytes() []byte {
	out := n.content
	for _, part := range n.parts {
		out = append(out, part.bytes()...)
	}
	return out
}

const (
	maxDepth    = 16
	constructed = 0x20
	openLength  = 0x80
)

// readBER reads one value. Tags are of one byte, as all of CMS are.
func readBER(src []byte, depth int) (*node, []byte, error) {
	if len(src) < 2 || depth > maxDepth {
		return nil, nil, ErrAnswer
	}
	tag, length, rest := src[0], int(src[1]), src[2:]
	if length == openLength {
		return readOpen(rest, depth)
	}
	if length > openLength {
		size := length - openLength
		if size > 3 || size > len(rest) {
			return nil, nil, ErrAnswer
		}
		length = 0
		for _, b := range rest[:size] {
			length = length<<8 | int(b)
		}
		rest = rest[size:]
	}
	if length > len(rest) {
		return nil, nil, ErrAnswer
	}
	content, rest := rest[:length], rest[length:]
	if tag&constructed == 0 {
		return &node{content: content}, rest, nil
	}
	n := &node{}
	for len(content) > 0 {
		part, after, err := readBER(content, depth+1)
		if err != nil {
			return nil, nil, err
		}
		n.parts, content = append(n.parts, part), after
	}
	return n, rest, nil
}

// readOpen reads the members of a value whose length is left open, up to the two zeros at its end.
func readOpen(src []byte, depth int) (*node, []byte, error) {
	n := &node{}
	for len(src) < 2 || src[0] != 0 || src[1] != 0 {
		part, rest, err := readBER(src, depth+1)
		if err != nil {
			return nil, nil, err
		}
		n.parts, src = append(n.parts, part), rest
	}
	return n, src[2:], nil
}
