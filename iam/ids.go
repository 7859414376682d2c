package iam

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
)

// The beginnings of unique ids and access key ids
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
const (
	prefixUser      = "AIDA"
	prefixRole      = "AROA"
	prefixGroup     = "AGPA"
	prefixPolicy    = "ANPA"
	prefixAccessKey = "AKIA"
	prefixSession   = "ASIA"
)

const (
	// uniqueIDLength and accessKeyIDLength are those of the ids in AWS's examples: the prefix, and 17 and 16 characters.
	uniqueIDLength    = 21
	accessKeyIDLength = 20
	// secretLength is that of a secret access key: 40 characters.
	secretLength = 40
)

// newID returns a prefix with random capital letters and digits behind it, length characters in all.
func newID(random io.Reader, prefix string, length int) (string, error) {
	b := make([]byte, length) // five bits of each byte would do; a few bytes more cost nothing
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return (prefix + base32.StdEncoding.EncodeToString(b))[:length], nil
}

// newSecret returns a secret access key: 30 random bytes in base64.
func newSecret(random io.Reader) (secret, error) {
	b := make([]byte, base64.StdEncoding.DecodedLen(secretLength))
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("making a secret access key: %w", err)
	}
	return secretOf(base64.StdEncoding.EncodeToString(b)), nil
}
