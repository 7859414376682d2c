package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/strictkms/strictkms/server/sigv4"
	"github.com/strictkms/strictkms/server/trail"
)

// The limits of a connection. They are generous for a client and short for one that sends a byte a second.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second // with the body
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	// maxHeaderBytes holds session tokens and presigned URLs with room to spare.
	maxHeaderBytes = 32 << 10
)

// The paths of what is not AWS's.
const (
	// HealthPath answers 200 while the server can work.
	HealthPath = "/_strictkms/health"
	// MetricsPath answers in the format of Prometheus.
	MetricsPath = "/_strictkms/metrics"
	ownPaths    = "/_strictkms/"
)

// Server answers calls. It is safe for concurrent use.
type Server struct {
	config  Config
	keys    *sigv4.Keys
	metrics *metrics
	apis    apis
	own     *http.ServeMux
	http    *http.Server
	// stopping is closed when the server begins to stop, for the streams that would never end.
	stopping chan struct{}
	stop     sync.Once
}

var _ http.Handler = (*Server)(nil)

// New returns a server that does not serve yet.
func New(config Config) (*Server, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	others, err := newAPIs(config.APIs)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: config, keys: sigv4.NewKeys(), metrics: newMetrics(config.APIs), apis: others, own: http.NewServeMux(),
		stopping: make(chan struct{}),
	}
	s.own.HandleFunc("GET "+HealthPath, s.health)
	s.own.Handle("GET "+MetricsPath, s.metrics.handler())
	if config.Trail != nil {
		s.own.Handle(trail.ExplainPath, config.Trail.ExplainHandler())
		s.own.Handle(trail.DeniedPath, config.Trail.DeniedHandler())
		s.own.Handle(trail.DecisionsPath, s.endless(config.Trail.DecisionsHandler()))
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// What package net/http has to say is about clients, not about the server.
		ErrorLog: slog.NewLogLogger(config.Logger.Handler(), slog.LevelDebug),
	}
	s.http.RegisterOnShutdown(func() { s.stop.Do(func() { close(s.stopping) }) })
	return s, nil
}

// Serve answers the connections of a listener until [Server.Shutdown], after which it returns nil. It closes the
// listener. A listener with TLS serves https.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown takes no more connections and waits for calls that are being answered, at most until the context ends. Then
// it cuts them off and returns the error of the context.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, ownPaths) {
		defer s.abort(r)
		s.own.ServeHTTP(w, r)
		return
	}
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	s.serve(w, r)
}

// endless serves a stream: without the limit on reading, and until the server stops.
func (s *Server) endless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A writer without deadlines, as in tests, needs none lifted.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			select {
			case <-s.stopping:
				cancel()
			case <-ctx.Done():
			}
		}()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
