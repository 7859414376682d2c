package trail

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func serve(t *testing.T, trail *Trail) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(ExplainPath, trail.ExplainHandler())
	mux.Handle(DecisionsPath, trail.DecisionsHandler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestExplainHandler(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, trail.Close()) }()
	trail.Record(encryption(t, by(alice(t, account)), "kms:Decrypt"))
	server := serve(t, trail)
	get := func(path string) (int, map[string]any) {
		response, err := http.Get(server.URL + path) //nolint:noctx // a test
		require.NoError(t, err)
		defer response.Body.Close()
		var body map[string]any
		require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
		return response.StatusCode, body
	}
	status, body := get(ExplainPath + "request-1")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "request-1", body["requestId"])
	require.Len(t, body["decisions"], 1)
	for _, unknown := range []string{"request-2", "", "a/b"} {
		status, body = get(ExplainPath + unknown)
		require.Equal(t, http.StatusNotFound, status, unknown)
		require.NotEmpty(t, body["error"])
	}
}

func TestHandlersAreForThisMachineOnly(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	trail.Record(encryption(t, by(alice(t, account)), "kms:Decrypt"))
	require.NoError(t, trail.Close())
	for _, test := range []struct {
		method, peer, host string
		want               int
	}{
		{http.MethodGet, "127.0.0.1:1", "127.0.0.1:4566", http.StatusOK},
		{http.MethodGet, "127.8.0.1:1", "localhost", http.StatusOK},
		{http.MethodGet, "[::1]:1", "[::1]:4566", http.StatusOK},
		{http.MethodGet, "[::ffff:127.0.0.1]:1", "kms.localhost:80", http.StatusOK},
		{http.MethodPost, "127.0.0.1:1", "localhost", http.StatusMethodNotAllowed},
		{http.MethodGet, "192.0.2.1:1", "localhost", http.StatusForbidden},
		{http.MethodGet, "[2001:db8::1]:1", "localhost", http.StatusForbidden},
		{http.MethodGet, "@", "localhost", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1:1", "attacker.example:4566", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1:1", "localhost.attacker.example", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1:1", "192.0.2.1", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1:1", "", http.StatusForbidden},
	} {
		request := httptest.NewRequest(test.method, ExplainPath+"request-1", nil)
		request.RemoteAddr, request.Host = test.peer, test.host
		answer := httptest.NewRecorder()
		trail.ExplainHandler().ServeHTTP(answer, request)
		require.Equal(t, test.want, answer.Code, "%+v", test)
		if test.want != http.StatusOK {
			require.NotContains(t, answer.Body.String(), "key-policy")
			answer = httptest.NewRecorder()
			trail.DecisionsHandler().ServeHTTP(answer, request)
			require.Equal(t, test.want, answer.Code, "%+v", test)
		}
	}
}

func TestDecisionsStream(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	server := serve(t, trail)
	trail.Record(numbered(t, "before"))
	response, err := http.Get(server.URL + DecisionsPath) //nolint:noctx // a test
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "application/x-ndjson", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	for _, id := range []string{"r1", "r2"} {
		trail.Record(numbered(t, id))
		require.True(t, lines.Scan())
		var event struct{ RequestID string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &event))
		require.Equal(t, id, event.RequestID)
	}
	require.NoError(t, trail.Close())
	require.False(t, lines.Scan(), "the end of the trail is the end of the stream")
	after, err := http.Get(server.URL + DecisionsPath) //nolint:noctx // a test
	require.NoError(t, err)
	require.NoError(t, after.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, after.StatusCode)
}

// Who reads too slowly misses lines and is told, and holds up nobody.
func TestSlowFollowerMissesLines(t *testing.T) {
	out := &sink{}
	trail, err := New(Config{Writer: out})
	require.NoError(t, err)
	slow := trail.hub.follow()
	const calls = followerLines + 50
	entry := numbered(t, "r")
	for range calls {
		trail.Record(entry)
	}
	require.Eventually(t, func() bool { return len(out.all()) == calls }, 5*time.Second, time.Millisecond)
	require.Equal(t, int64(50), slow.dropped.Load())
	require.NoError(t, trail.Close())

	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, DecisionsPath, nil)
	stream(answer, request, slow)
	lines := strings.Split(strings.TrimSuffix(answer.Body.String(), "\n"), "\n")
	require.Len(t, lines, followerLines+1)
	require.JSONEq(t, `{"dropped":50}`, lines[0])
}

func TestFollowersAreBounded(t *testing.T) {
	h := &hub{}
	var all []*follower
	for range maxFollowers {
		f := h.follow()
		require.NotNil(t, f)
		all = append(all, f)
	}
	require.Nil(t, h.follow())
	h.leave(all[0])
	h.leave(all[0])
	require.NotNil(t, h.follow())
	for _, f := range all {
		h.leave(f)
	}
	require.True(t, h.followed())
	h.publish(make([]byte, maxFollowedLine+1))
	for f := range h.followers {
		require.Empty(t, f.lines)
		require.Equal(t, int64(1), f.dropped.Load())
	}
	h.close()
	require.False(t, h.followed())
	h.publish([]byte("x"))
}
