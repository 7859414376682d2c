package sigv4

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// cachedKeys bounds the signing keys that are kept. One is good for a day.
const cachedKeys = 1024

// Keys verifies signatures. It keeps the signing keys of requests that were good, so that the next request with the
// same secret, day, Region and service needs one HMAC and not five. Secrets are not kept: the keys are found by a
// digest that is salted anew in every process. It is safe for concurrent use.
type Keys struct {
	salt  [sha256.Size]byte
	cache *lru.Cache[[sha256.Size]byte, *macs]
}

// macs make HMACs with one signing key. One that was used once is ready sooner than a new one.
type macs struct{ pool sync.Pool }

// mac is an HMAC with the memory for comparing.
type mac struct {
	hash.Hash
	sum           [sha256.Size]byte
	wanted, given [2 * sha256.Size]byte
}

func newMACs(key [sha256.Size]byte) *macs {
	m := &macs{}
	m.pool.New = func() any { return &mac{Hash: hmac.New(sha256.New, key[:])} }
	return m
}

// verify compares, in constant time, the HMAC of a text with a signature in hexadecimal.
func (m *macs) verify(text []byte, signature string) bool {
	h, _ := m.pool.Get().(*mac)
	defer m.pool.Put(h)
	h.Reset()
	h.Write(text)
	hex.Encode(h.wanted[:], h.Sum(h.sum[:0]))
	return copy(h.given[:], signature) == len(signature) && len(signature) == len(h.given) &&
		subtle.ConstantTimeCompare(h.wanted[:], h.given[:]) == 1
}

// NewKeys returns an empty cache.
func NewKeys() *Keys {
	cache, err := lru.New[[sha256.Size]byte, *macs](cachedKeys)
	if err != nil {
		panic(err) // the size is not positive
	}
	k := &Keys{cache: cache}
	_, _ = rand.Read(k.salt[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return k
}

// buffers hold what is hashed.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// Verify proves that a request was signed with a secret and has arrived as it was signed, with a body of this SHA-256.
// The error is an [*Error].
func (k *Keys) Verify(s *Signature, secret string, bodyHash [sha256.Size]byte) error {
	room, _ := buffers.Get().(*[]byte)
	defer buffers.Put(room)
	b, err := s.appendCanonicalRequest((*room)[:0], bodyHash)
	if err != nil {
		return err
	}
	if !sameHash(s.request.Header["X-Amz-Content-Sha256"], bodyHash) {
		return errMismatch
	}
	canonicalHash := sha256.Sum256(b)
	b = s.appendStringToSign(b[:0], canonicalHash)
	*room = b[:0]

	id := k.id(s.Scope, secret)
	key, known := k.cache.Get(id)
	if !known {
		key = newMACs(signingKey(s.Scope, secret))
	}
	if !key.verify(b, s.signature) {
		return errMismatch
	}
	if !known {
		k.cache.Add(id, key)
	}
	return nil
}

// sameHash reports whether the values of X-Amz-Content-Sha256, if there are any, are the hash of the body.
func sameHash(values []string, bodyHash [sha256.Size]byte) bool {
	for _, value := range values {
		var room [sha256.Size]byte
		if len(value) != 2*len(room) {
			return false
		}
		if _, err := hex.Decode(room[:], []byte(value)); err != nil || room != bodyHash {
			return false
		}
	}
	return true
}

// id finds a signing key. Each part is told apart from the next by a byte that is in none of the later ones; the
// secret is last and may be anything.
func (k *Keys) id(scope Scope, secret string) [sha256.Size]byte {
	var room [256]byte
	b := append(room[:0], k.salt[:]...)
	b = append(b, scope.Date...)
	b = append(b, '/')
	b = append(b, scope.Region...)
	b = append(b, '/')
	b = append(b, scope.Service...)
	b = append(b, '/')
	b = append(b, scope.terminator...)
	b = append(b, '/')
	b = append(b, secret...)
	id := sha256.Sum256(b)
	clear(b)
	return id
}

// signingKey derives the key that requests of a scope are signed with.
func signingKey(scope Scope, secret string) [sha256.Size]byte {
	key := append([]byte("AWS4"), secret...)
	defer clear(key)
	derived := authenticate(key, scope.Date)
	derived = authenticate(derived[:], scope.Region)
	derived = authenticate(derived[:], scope.Service)
	return authenticate(derived[:], scope.terminator)
}

func authenticate(key []byte, message string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	mac.Sum(sum[:0])
	return sum
}
