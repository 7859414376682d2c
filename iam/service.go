package iam

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/strictkms/strictkms/store"
)

// The reasons why credentials are refused.
var (
	// ErrUnknownAccessKey says that there is no such access key.
	ErrUnknownAccessKey = errors.New("unknown access key")
	// ErrInactiveAccessKey says that the access key was made inactive.
	ErrInactiveAccessKey = errors.New("inactive access key")
	// ErrInvalidToken says that a session token is not one of ours, or is not that of the access key.
	ErrInvalidToken = errors.New("invalid session token")
	// ErrExpiredToken says that a session token was valid until a time that is over.
	ErrExpiredToken = errors.New("expired session token")
)

// Sealer encrypts what must not lie in the store in the clear: secret access keys, session tokens. material.Root is
// one.
type Sealer interface {
	// Seal encrypts a secret and binds it to a label, which says what it is and whose.
	Seal(label string, secret []byte) ([]byte, error)
	// Open is the reverse of Seal; it fails for another label and for anything that was changed.
	Open(label string, sealed []byte) ([]byte, error)
}

// Config is what a [Service] works with. Store and Sealer are required.
type Config struct {
	Store  store.Store
	Sealer Sealer
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Rand gives random bytes; nil is crypto/rand.Reader.
	Rand io.Reader
	// Logger is nil for no log.
	Logger *slog.Logger
}

// Service holds the identities of several accounts. It is safe for concurrent use.
type Service struct {
	config Config //nolint:unused // to be written
}

// New returns a service on a store, after it has read the store's identities.
func New(ctx context.Context, config Config) (*Service, error) { panic("to be written") }

// Credential is a secret with the caller it proves. The secret must not be logged or kept.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey string
	Principal       *Principal
}

// Credential returns the credential of an access key id, with the session token that came with it, empty for none.
// The principal is as it is now: policies that changed since have their effect. The error wraps one of the Err…
// above.
func (s *Service) Credential(ctx context.Context, accessKeyID, sessionToken string) (Credential, error) {
	panic("to be written")
}

// Principal returns the caller of an ARN as it is now, for calls that a trusted service makes on its behalf: that of
// a user, of the root user, of an assumed-role session (as if just assumed, without session policies), or the name
// of a service.
func (s *Service) Principal(ctx context.Context, arn string) (*Principal, error) {
	panic("to be written")
}
