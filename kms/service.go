package kms

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/strictkms/strictkms/kms/material"
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
	// Logger is nil for no log.
	Logger *slog.Logger
}

// Principals says which principals exist. PutKeyPolicy, CreateKey and CreateGrant refuse those that do not.
type Principals interface {
	// Lookup returns the unique id of an IAM user or role (AIDA…, AROA…; empty where there is none) and whether the
	// principal exists. Principals of accounts that are not held here are taken to exist.
	Lookup(arn string) (uniqueID string, exists bool)
}

// Service is the key management service. It is safe for concurrent use.
type Service struct {
	config Config
	state  *state // see state.go
}

// New returns a service on a store, after it has read the store's keys, aliases and grants.
func New(ctx context.Context, config Config) (*Service, error) { panic("to be written") }

// Close stops following the store. It does not close the store.
func (s *Service) Close() error { panic("to be written") }

// Operations returns the names of the operations that Do knows, sorted.
func Operations() []string { panic("to be written") }

// Result is what an operation answered.
type Result struct {
	// Output is a pointer to the operation's output struct, nil for an operation that answers nothing; it is
	// marshalled with encoding/json.
	Output any
	// Input is a pointer to the operation's input struct as it was decoded.
	Input any
}

// Do runs an operation, for example Encrypt, on the JSON of its input. The error is an [*Error] with AWS's code and
// message; [CodeInternal] for what went wrong inside.
func (s *Service) Do(ctx context.Context, call *Call, operation string, input []byte) (Result, error) {
	panic("to be written")
}
