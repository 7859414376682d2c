package iam

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
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

// sessionKeyID returns the id of a temporary access key. Behind the prefix it has, in base32 and big-endian: a bit that
// is set, the account as a number of 40 bits, 7 and 32 random bits. This is how AWS's ids hold their accounts, which
// AWS does not document (https://summitroute.com/blog/2018/06/20/aws_security_credential_formats/); GetAccessKeyInfo
// reads it.
func sessionKeyID(random io.Reader, account string) (string, error) {
	number, err := strconv.ParseUint(account, 10, accountBits)
	if err != nil {
		return "", fmt.Errorf("making an access key id for account %s: %w", account, err)
	}
	var b [10]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("making an access key id: %w", err)
	}
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], 1<<47|number<<7|uint64(b[5]&0x7F))
	copy(b[:6], head[2:])
	return prefixSession + base32.StdEncoding.EncodeToString(b[:]), nil
}

// accountBits is how many bits an account needs.
const accountBits = 40

// SessionAccount returns the account of the id of a temporary access key; ok is false when the id is none. It does not
// say that there is such a key.
func SessionAccount(accessKeyID string) (account string, ok bool) {
	text, ok := strings.CutPrefix(accessKeyID, prefixSession)
	if !ok || len(accessKeyID) != accessKeyIDLength {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(text)
	if err != nil || b[0]&0x80 == 0 {
		return "", false
	}
	number := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...)) >> 7 & (1<<accountBits - 1)
	account = fmt.Sprintf("%012d", number)
	return account, len(account) == 12
}
