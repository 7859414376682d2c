package kmstest

import (
	"bytes"
	"context"
	"strings"
	"sync"

	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/policy"
)

// testLog writes to the log of a test for as long as the test takes it.
type testLog struct {
	t     T
	lock  sync.Mutex
	ended bool
}

// Write implements [io.Writer].
func (l *testLog) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if !l.ended {
		l.t.Logf("kmstest: %s", bytes.TrimRight(p, "\n"))
	}
	return len(p), nil
}

func (l *testLog) end() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.ended = true
}

// denials logs why calls were denied.
func (l *testLog) denials(ctx context.Context, in *instance.Instance) {
	var text strings.Builder
	if err := in.WriteDenials(ctx, &text); err != nil {
		l.t.Logf("kmstest: the denied calls cannot be explained: %v", err)
	}
	if text.Len() > 0 {
		l.t.Logf("kmstest: denied calls\n%s", text.String())
	}
}

// warn logs what the server does without because what was loaded does not say it.
func (s *Server) warn(warnings policy.Diagnostics) {
	s.t.Helper()
	for _, w := range warnings {
		s.t.Logf("kmstest: %s", w)
	}
}

// Explain returns for a person why the call with a request id went as it did: which statement of which policy decided,
// what came nearest, and what would change the answer. Errors of the AWS SDK have the request id
// (ServiceRequestID of aws/transport/http.ResponseError). It fails the test when there is no such call.
func (s *Server) Explain(requestID string) string {
	s.t.Helper()
	e, ok := s.instance.Trail().Explain(s.t.Context(), requestID)
	if !ok {
		s.t.Fatalf("kmstest: there is no call %q among the recent ones", requestID)
	}
	var text strings.Builder
	if err := instance.WriteExplanation(&text, &e); err != nil {
		s.t.Fatalf("kmstest: %v", err)
	}
	return text.String()
}
