package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/sigv4"
	"github.com/strictkms/strictkms/server/trail"
)

// Operations does the operations of AWS KMS; [kms.Service] does.
type Operations interface {
	// Do runs an operation on the JSON of its input, which it must not keep. Its error is an [*kms.Error].
	Do(ctx context.Context, call *kms.Call, operation string, input []byte) (kms.Result, error)
}

// Identities knows who may call; [iam.Service] does.
type Identities interface {
	// Credential returns the secret of an access key with the session token that came with it, and whose it is. The
	// error wraps one of the Err… of package iam when there is no such credential.
	Credential(ctx context.Context, accessKeyID, sessionToken string) (iam.Credential, error)
	// Used notes that a call to a service was signed with a long-term access key.
	Used(accessKeyID, service, region string)
	// Principal returns a caller by its ARN, for the calls that services make for it.
	Principal(ctx context.Context, arn string) (*iam.Principal, error)
}

var (
	_ Operations = (*kms.Service)(nil)
	_ Identities = (*iam.Service)(nil)
)

// Config is what a [Server] works with. KMS, Identities, Enforcer, Account and Region are required.
type Config struct {
	KMS        Operations
	Identities Identities
	// Enforcer decides. Its mode says whether callers have to prove who they are: in mode off nobody has to.
	Enforcer *enforce.Enforcer
	// Account and Region are those of calls in mode off that claim none.
	Account, Region string
	// Trail notes the calls; nil for nobody.
	Trail *trail.Trail
	// APIs are the services beside AWS KMS, for example IAM.
	APIs []operation.API
	// Messages encodes the authorization messages of denied calls; nil for none.
	Messages Encoder
	// Endpoint says through which VPC endpoint a request came, nil for none; without it, none did. It goes by what is
	// known of the connection, such as its listener, and not by what the request claims.
	Endpoint func(*http.Request) *enforce.Endpoint
	// AssumeTLS makes aws:SecureTransport true for connections without TLS also when they do not come over the
	// loopback interface.
	AssumeTLS bool
	// Health says what is wrong with what the server stands on, nil when nothing is; nil never says anything.
	Health func() error
	// Version is told by the health page.
	Version string
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// SignatureClock tells the time that signatures are held to; nil is Clock. Clients sign with the time as it is, also
	// when a test has moved Clock.
	SignatureClock func() time.Time
	// Logger is nil for no log.
	Logger *slog.Logger
}

// withDefaults checks a configuration and fills in what may be left out.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.KMS == nil || c.Identities == nil || c.Enforcer == nil:
		return c, errors.New("a server needs KMS, identities and an enforcer")
	case !isAccount(c.Account):
		return c, errors.New("an account is 12 digits")
	case !sigv4.IsRegion(c.Region):
		return c, errors.New("the Region is not the name of one")
	}
	if c.Health == nil {
		c.Health = func() error { return nil }
	}
	if c.Clock == nil {
		c.Clock = time.Now //nolint:forbidigo // the default of the clock that everybody else is given
	}
	if c.SignatureClock == nil {
		c.SignatureClock = c.Clock
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func isAccount(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) == 12
}
