package kmstest

import (
	"context"
	"crypto/x509"
	"log/slog"
	"sync"
	"time"

	"github.com/strictkms/strictkms/iam/oidc"
	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// T is what [Start] needs of a test: a *testing.T, *testing.B or *testing.F, or what another test framework has in its
// place.
type T interface {
	Helper()
	Cleanup(end func())
	Context() context.Context
	Failed() bool
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Server is a running server. Its methods fail the test when they cannot do what they are asked; like Fatalf of the
// test they are for the test's own goroutine then. Apart from that they are safe for concurrent use.
type Server struct {
	// Clock is the server's time.
	Clock *Clock

	t        T
	log      *testLog
	instance *instance.Instance
	explain  bool
	stop     sync.Once

	lock  sync.Mutex
	loads []load
	world *source.World
}

// Start starts a server that is stopped when the test ends. It fails the test when there is something wrong with what
// the options say.
func Start(t T, options ...Option) *Server {
	t.Helper()
	set := settings{clock: &Clock{}, defaults: source.Defaults{Account: "111122223333", Region: "us-east-1"}}
	set.xks.Timeout = defaultProxyTimeout
	for _, option := range options {
		option(&set)
	}
	set.defaults.Partition = policy.PartitionOf(set.defaults.Region)
	s := &Server{Clock: set.clock, t: t, log: &testLog{t: t}, explain: set.explain, loads: set.loads}
	if set.err == nil {
		s.world, set.err = newWorld(set.defaults, set.loads)
	}
	if set.err != nil {
		t.Fatalf("kmstest: %v", set.err)
	}
	providers, err := oidc.NewProviders(set.issuers...)
	if err != nil {
		t.Fatalf("kmstest: %v", err)
	}
	roots, err := hypervisor()
	if err != nil {
		t.Fatalf("kmstest: %v", err)
	}
	config := instance.Config{
		AttestationRoots: []*x509.Certificate{roots.Root()}, ExternalKeyStores: set.xks,
		World: s.world, Providers: providers, Defaults: set.defaults, Enforce: set.mode, Throttle: set.throttle, Clock: set.clock.Now,
		SignatureClock: time.Now, //nolint:forbidigo // SDKs sign with the time as it is
		Logger:         slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if set.dir != "" {
		config.Store, config.Data = instance.StoreBolt, set.dir
	}
	in, err := instance.Start(t.Context(), config)
	if err != nil {
		t.Fatalf("kmstest: %v", err)
	}
	s.instance = in
	t.Cleanup(s.Stop)
	s.warn(s.world.Warnings)
	s.warn(in.Seeded().Warnings)
	return s
}

// stopTimeout bounds the calls that still run when a server is stopped.
const stopTimeout = 10 * time.Second

// Stop stops the server before the test ends. Calls that run are answered first.
func (s *Server) Stop() {
	s.t.Helper()
	s.stop.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), stopTimeout)
		defer cancel()
		if s.explain && s.t.Failed() {
			s.log.denials(ctx, s.instance)
		}
		err := s.instance.Close(ctx)
		s.log.end()
		if err != nil {
			s.t.Fatalf("kmstest: stopping the server: %v", err)
		}
	})
}

// URL is where the server is, for example http://127.0.0.1:41234: for SDKs other than Go's and for AWS_ENDPOINT_URL.
func (s *Server) URL() string { return s.instance.URL() }
