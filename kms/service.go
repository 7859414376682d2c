package kms

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/strictkms/strictkms/kms/attestation"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/kms/quota"
	"github.com/strictkms/strictkms/store"
)

// Config is what a [Service] works with. Store and Root are required; the rest have defaults.
type Config struct {
	Store store.Store
	// Root seals key material at rest.
	Root *material.Root
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Rand gives random bytes; nil is crypto/rand.Reader. Only tests replace it.
	Rand io.Reader
	// Principals says which principals exist; nil takes every well-formed principal to exist.
	Principals Principals
	// Throttle holds callers to request quotas; nil to none.
	Throttle *quota.Limiter
	// AttestationRoots are what attestation documents may end in besides AWS's root.
	AttestationRoots []*x509.Certificate
	// Clusters are the AWS CloudHSM clusters that custom key stores can have; nil for none.
	Clusters *Clusters
	// Proxies talks to the proxies of external key stores; nil reaches none.
	Proxies Proxies
	// ServiceRoles makes the service-linked roles of AWS KMS; nil makes none and asks nobody.
	ServiceRoles ServiceRoles
	// Logger is nil for no log.
	Logger *slog.Logger
}

// Principals says which principals exist. PutKeyPolicy, CreateKey and CreateGrant refuse those that do not.
type Principals interface {
	// Lookup returns the unique id of an IAM user or role (AIDA…, AROA…; empty where there is none) and whether the
	// principal exists. Principals of accounts that are not held here are taken to exist.
	Lookup(arn string) (uniqueID string, exists bool)
}

// ServiceRoles makes the service-linked roles that AWS KMS has in an account.
type ServiceRoles interface {
	// EnsureServiceRole makes the role of a name for a service principal of AWS KMS in the account of the caller, with the
	// permissions of the caller, if it is not there. With again the caller must be allowed to make it even if it is there.
	// The error is an [*Error] when the caller may not.
	EnsureServiceRole(ctx context.Context, call *Call, service, name string, again bool) error
}

// Service is the key management service. It is safe for concurrent use.
type Service struct {
	config Config
	log    *slog.Logger
	state  *state
	// attestation verifies who answers are for.
	attestation *attestation.Verifier
	// settling is held while keys whose time has come are deleted or rotated.
	settling sync.Mutex
	usages   usages
	// maxKeys is the quota of keys; only tests change it.
	maxKeys int
}

// New returns a service on a store, after it has read the store's keys, aliases and grants.
func New(ctx context.Context, config Config) (*Service, error) {
	if config.Store == nil || config.Root == nil {
		return nil, errors.New("kms: a service needs a store and a root key")
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // the clock itself
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	s := &Service{config: config, log: config.Logger, state: &state{root: config.Root, uses: map[string]*usageRecord{}}}
	s.attestation = attestation.NewVerifier(config.AttestationRoots...)
	s.usages.waiting, s.usages.started, s.maxKeys = map[string]*usage{}, s.now(), maxKeys
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	follower, err := store.Follow(ctx, config.Store, storePrefix, s.state)
	if err != nil {
		return nil, err
	}
	s.state.follower = follower
	return s, nil
}

// Close writes what waits to be written and stops following the store. It does not close the store.
func (s *Service) Close() error {
	s.closeUsage(context.Background())
	s.state.follower.Close()
	return nil
}

// Err returns why the service does not follow its store any more, nil while it does: for health checks.
func (s *Service) Err() error { return s.state.follower.Err() }

// now is the time by the clock, in UTC and without the part below a millisecond, which AWS does not tell either.
func (s *Service) now() time.Time { return s.config.Clock().UTC().Truncate(time.Millisecond) }
