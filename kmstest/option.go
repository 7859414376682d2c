package kmstest

import (
	"fmt"
	"os"
	"strings"

	"github.com/strictkms/strictkms/iam/oidc"
	"github.com/strictkms/strictkms/kms/xks"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
	"github.com/strictkms/strictkms/source/files"
)

// Option says what [Start] starts.
type Option func(*settings)

// settings are what the options say.
type settings struct {
	defaults source.Defaults
	mode     enforce.Mode
	clock    *Clock
	dir      string
	explain  bool
	throttle float64
	xks      xks.Config
	loads    []load
	issuers  []*oidc.Provider
	err      error
}

// load adds something to a world.
type load func(*source.World) error

// WithAccount sets the account that short names, templates and the root user belong to. It is 111122223333 without.
func WithAccount(id string) Option { return func(s *settings) { s.defaults.Account = id } }

// WithRegion sets the Region that short names and templates belong to, and that [Server.Config] is for. It is
// us-east-1 without.
func WithRegion(name string) Option { return func(s *settings) { s.defaults.Region = name } }

// WithTemplate loads a CloudFormation template: its keys, aliases, users, groups, roles and policies. Parameters are
// given as K=V. Key ids follow from the template, so that they are the same every time.
func WithTemplate(file string, parameters ...string) Option {
	return func(s *settings) {
		values := map[string]string{}
		for _, text := range parameters {
			key, value, ok := strings.Cut(text, "=")
			if !ok || key == "" {
				s.fail(fmt.Errorf("template parameter %q: expected K=V", text))
			}
			values[key] = value
		}
		s.file(file, func(w *source.World, src []byte) error {
			return cloudformation.Load(w, file, src, cloudformation.Options{Parameters: values})
		})
	}
}

// WithWorldFile loads a world file (docs/world.md).
func WithWorldFile(file string) Option {
	return func(s *settings) {
		s.file(file, func(w *source.World, src []byte) error { return files.Load(w, file, src, w.Defaults) })
	}
}

// WithWorld loads the text of a world file (docs/world.md).
func WithWorld(yaml string) Option {
	return func(s *settings) { s.loads = append(s.loads, worldText(yaml)) }
}

// WithEnforcement sets what happens to calls that AWS would deny: strict denies, soft lets them pass and writes each
// cause to the test's log once, off decides nothing and takes unsigned calls. It is strict without.
func WithEnforcement(mode string) Option {
	return func(s *settings) {
		parsed, err := enforce.ParseMode(mode)
		s.mode = parsed
		s.fail(err)
	}
}

// WithThrottle holds callers to a multiple of AWS's request quotas (docs/throttling.md): 1 is as with AWS. A clock that
// stands never lets more calls pass. There are no quotas without.
func WithThrottle(multiple float64) Option {
	return func(s *settings) {
		s.throttle = multiple
		if multiple <= 0 {
			s.fail(fmt.Errorf("a multiple of AWS's request quotas of %v: expected one above zero", multiple))
		}
	}
}

// WithClock gives the server a clock, to be set before it starts or shared between servers.
func WithClock(clock *Clock) Option { return func(s *settings) { s.clock = clock } }

// WithStoreDir keeps keys and identities in a directory instead of in memory: a server that is started there later,
// after [Server.Stop], goes on with them.
func WithStoreDir(dir string) Option { return func(s *settings) { s.dir = dir } }

// WithIdentityProvider gives the server an identity provider, whose tokens sts:AssumeRoleWithWebIdentity takes: JSON with
// its issuer, clientIds and jwks, as for strictkms serve --identity-provider.
func WithIdentityProvider(document string) Option {
	return func(s *settings) {
		provider, err := oidc.ParseProvider([]byte(document))
		if err != nil {
			s.fail(err)
			return
		}
		s.issuers = append(s.issuers, provider)
	}
}

// WithExplainedDenials writes to the log of a test that failed why calls were denied, each cause once.
func WithExplainedDenials() Option { return func(s *settings) { s.explain = true } }

// fail keeps the first error for [Start].
func (s *settings) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// file reads a file once.
func (s *settings) file(name string, read func(*source.World, []byte) error) {
	src, err := os.ReadFile(name)
	if err != nil {
		s.fail(err)
		return
	}
	s.loads = append(s.loads, func(w *source.World) error { return read(w, src) })
}

// worldText loads the text of a world file.
func worldText(yaml string) load {
	return func(w *source.World) error { return files.Load(w, "world.yaml", []byte(yaml), w.Defaults) }
}
