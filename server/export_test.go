package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Hasten shortens the limits of a connection, after it has seen that there are some. Writing keeps its own, as it has
// to tell that reading took too long.
func (s *Server) Hasten(t *testing.T) {
	t.Helper()
	require.Less(t, s.http.ReadTimeout, s.http.WriteTimeout)
	for _, limit := range []*time.Duration{
		&s.http.ReadHeaderTimeout, &s.http.ReadTimeout, &s.http.WriteTimeout, &s.http.IdleTimeout,
	} {
		require.Positive(t, *limit)
		if limit != &s.http.WriteTimeout {
			*limit = 100 * time.Millisecond
		}
	}
}
