package trail

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeniedHandler(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, trail.Close()) }()
	for _, call := range []struct{ id, accessKey, action string }{
		{"request-1", "AKIA1", "kms:Decrypt"},
		{"request-2", "AKIA2", "kms:Decrypt"},
		{"request-3", "AKIA1", "kms:Encrypt"}, // allowed
		{"request-4", "AKIA1", "kms:Decrypt"},
	} {
		connection := by(alice(t, account))
		connection.RequestID = call.id
		entry := encryption(t, connection, call.action)
		entry.AccessKeyID = call.accessKey
		trail.Record(entry)
	}
	get := func(query, peer string) (int, []string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, DeniedPath+query, nil)
		r.RemoteAddr, r.Host = peer, "localhost"
		w := httptest.NewRecorder()
		trail.DeniedHandler().ServeHTTP(w, r)
		var answer DeniedCalls
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		return w.Code, answer.RequestIDs
	}
	for query, want := range map[string][]string{
		"":                     {"request-1", "request-2", "request-4"},
		"?access-key-id=AKIA1": {"request-1", "request-4"},
		"?access-key-id=AKIA3": {},
		"?access-key-id=":      {},
	} {
		status, ids := get(query, "127.0.0.1:1")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, want, ids, query)
	}
	status, ids := get("", "203.0.113.7:1")
	require.Equal(t, http.StatusForbidden, status)
	require.Empty(t, ids)
}
