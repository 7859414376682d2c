package iam

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
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
	// ErrUnknownPrincipal says that nobody has the ARN that was asked for.
	ErrUnknownPrincipal = errors.New("unknown principal")
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
//
// Everything is read from an immutable snapshot in memory that follows the store, without a lock. A change is an
// [Edit]: it is committed as a whole, and the very next call sees it.
type Service struct {
	config   Config
	memory   *memory
	follower *store.Follower
	resolver resolver
	tokens   *recent[string, *session]
	callers  *recent[string, *caller]
	edits    sync.Mutex // held by an Edit until the snapshot has it
	uses     sync.Map   // the last use of access keys by their ids: *atomic.Pointer[KeyUse]
}

// New returns a service on a store, after it has read the store's identities.
func New(ctx context.Context, config Config) (*Service, error) {
	if config.Store == nil || config.Sealer == nil {
		return nil, errors.New("identities need a store and a sealer")
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // the default of the clock that everything is given
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		config: config, memory: newMemory(),
		tokens: newRecent[string, *session](maxRecent), callers: newRecent[string, *caller](maxRecent),
	}
	follower, err := store.Follow(ctx, config.Store, storePrefix, s.memory)
	if err != nil {
		return nil, fmt.Errorf("reading identities: %w", err)
	}
	s.follower = follower
	return s, nil
}

// Close stops following the store. It does not close the store.
func (s *Service) Close() error {
	s.follower.Close()
	return nil
}

// Err returns what stopped the service from following its store, nil while it does: for health checks.
func (s *Service) Err() error { return s.follower.Err() }

// current returns the newest snapshot. It fails once the service does not follow its store any more: what is known
// then may be outdated, and an identity that lost its permissions would still have them.
func (s *Service) current() (*snapshot, error) {
	if err := s.follower.Err(); err != nil {
		return nil, fmt.Errorf("identities are not current: %w", err)
	}
	return s.memory.current.Load(), nil
}

// now is the time in UTC.
func (s *Service) now() time.Time { return s.config.Clock().UTC() }

// Credential is a secret with the caller it proves. The secret must not be logged or kept.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey string
	Principal       *Principal
}
