package store

import (
	"errors"
	"fmt"
)

// The limits of a transaction: those of etcd's defaults, so that what one backend takes, each takes
// (https://etcd.io/docs/v3.5/op-guide/configuration/, --max-txn-ops and --max-request-bytes).
const (
	// MaxKeySize is the number of bytes of a key.
	MaxKeySize = 1024
	// MaxChanges is the number of changes, and the number of comparisons, of one transaction.
	MaxChanges = 128
	// MaxTxSize is the number of bytes of all keys and values of one transaction.
	MaxTxSize = 1 << 20
)

// ErrInvalidTx says that a transaction is outside the limits, names no key, or changes a key twice.
var ErrInvalidTx = errors.New("invalid transaction")

// Validate returns an error wrapping [ErrInvalidTx] for a transaction that no backend takes. Backends call it first.
func (tx *Tx) Validate() error {
	if len(tx.Changes) > MaxChanges || len(tx.Compare) > MaxChanges {
		return fmt.Errorf("%w: %d changes, %d comparisons: at most %d of each",
			ErrInvalidTx, len(tx.Changes), len(tx.Compare), MaxChanges)
	}
	size := 0
	for _, c := range tx.Compare {
		if err := validateKey(c.Key); err != nil {
			return err
		}
		size += len(c.Key)
	}
	changed := make(map[string]bool, len(tx.Changes))
	for _, c := range tx.Changes {
		if err := validateKey(c.Key); err != nil {
			return err
		}
		if changed[c.Key] {
			return fmt.Errorf("%w: it changes %q twice", ErrInvalidTx, c.Key)
		}
		changed[c.Key] = true
		size += len(c.Key) + len(c.Value)
	}
	if size > MaxTxSize {
		return fmt.Errorf("%w: %d bytes: at most %d", ErrInvalidTx, size, MaxTxSize)
	}
	return nil
}

func validateKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: empty key", ErrInvalidTx)
	case len(key) > MaxKeySize:
		return fmt.Errorf("%w: key of %d bytes: at most %d", ErrInvalidTx, len(key), MaxKeySize)
	}
	return nil
}
