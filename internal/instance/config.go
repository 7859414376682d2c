package instance

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/strictkms/strictkms/iam/oidc"
	"github.com/strictkms/strictkms/kms/xks"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source"
)

// The values of [Config].Store.
const (
	StoreBolt = "bolt"
	StoreMem  = "mem"
)

// Config says what kind of server to start. The zero value is a strict server in memory on a free port of the loopback
// interface.
type Config struct {
	// Listen is the address to listen on; empty is 127.0.0.1:0, a free port.
	Listen string
	// Store is bolt or mem; empty is mem.
	Store string
	// Data is the directory of a bolt store and of the root key.
	Data string
	// RootKey is the file of the root key; empty is root.key in Data. A server in memory without one has a random key.
	RootKey string
	// Enforce is what happens to calls that AWS would deny; zero is [enforce.Strict].
	Enforce enforce.Mode
	// World is what the store is filled with, as far as it is not there yet; nil for nothing.
	World *source.World
	// Defaults are the account and Region of calls that do not say them; zero is that of World, or 111122223333 in
	// us-east-1. The account has a root user with an access key.
	Defaults source.Defaults
	// Trail is the file that a record of each call is added to; empty for none.
	Trail string
	// Services are service principals, for example s3.amazonaws.com, that get an access key: they may sign calls, also
	// on behalf of callers of their own.
	Services []string
	// Providers are the identity providers whose tokens AssumeRoleWithWebIdentity takes; nil for none.
	Providers *oidc.Providers
	// Throttle is the multiple of AWS's request quotas that callers are held to; zero is no quota.
	Throttle float64
	// AttestationRoots are what attestation documents of enclaves may end in besides AWS's root.
	AttestationRoots []*x509.Certificate
	// ExternalKeyStores says how the proxies of external key stores are reached. Clock and Logger are those below.
	ExternalKeyStores xks.Config
	// Version is told by the health page.
	Version string
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// SignatureClock tells the time that signatures are held to; nil is Clock.
	SignatureClock func() time.Time
	// Logger is nil for no log.
	Logger *slog.Logger
}

// complete checks the configuration and fills in the defaults.
func (c *Config) complete() error {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen address %q: expected HOST:PORT, for example 127.0.0.1:4566", c.Listen)
	}
	switch c.Store {
	case "":
		c.Store = StoreMem
	case StoreMem:
	case StoreBolt:
		if c.Data == "" {
			return fmt.Errorf("a store of kind %s needs a directory", StoreBolt)
		}
		if c.RootKey == "" {
			c.RootKey = filepath.Join(c.Data, "root.key")
		}
	default:
		return fmt.Errorf("store %q: expected %s or %s", c.Store, StoreBolt, StoreMem)
	}
	if c.Enforce == enforce.ModeUnknown {
		c.Enforce = enforce.Strict
	}
	if c.Defaults == (source.Defaults{}) && c.World != nil {
		c.Defaults = c.World.Defaults
	}
	if c.Defaults.Account == "" {
		c.Defaults.Account = "111122223333"
	}
	if c.Defaults.Region == "" {
		c.Defaults.Region = "us-east-1"
	}
	if c.Defaults.Partition == "" {
		c.Defaults.Partition = policy.PartitionOf(c.Defaults.Region)
	}
	if c.Clock == nil {
		c.Clock = time.Now //nolint:forbidigo // the default of the clock that everybody else is given
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
