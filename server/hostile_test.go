package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server/enforce"
)

// dial connects to a server as no SDK does.
func (w *world) dial(t testing.TB) net.Conn {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	require.NoError(t, connection.SetDeadline(inSeconds(30)))
	return connection
}

// normalUsers counts the users that made normal calls.
var normalUsers atomic.Int64

// stillServes makes a normal call, and sees that nothing fell over.
func (w *world) stillServes(t testing.TB) {
	t.Helper()
	name := fmt.Sprintf("normal%d", normalUsers.Add(1))
	_, err := w.client(w.user(t, name, allowAll)).ListKeys(t.Context(), nil)
	require.NoError(t, err)
	require.NotContains(t, w.log.String(), "panic")
}

// TestStrangeBodies signs what is not the JSON of an input, so that it gets as far as it can.
func TestStrangeBodies(t *testing.T) {
	w := start(t, enforce.Strict)
	alice := w.user(t, "alice", allowAll)
	const serialization = `"__type":"SerializationException"`
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for name, test := range map[string]struct{ body, want string }{
		"arrays in arrays":              {deep("[", "]", 500_000), serialization},
		"objects in objects":            {deep(`{"a":`, "}", 150_000), serialization},
		"nesting where nobody looks":    {`{"Ignored":` + deep("[", "]", 500_000) + `}`, serialization},
		"nesting that does not end":     {strings.Repeat("[", 1<<20), serialization},
		"nesting in a map of texts":     {`{"EncryptionContext":` + deep(`{"a":`, "}", 9_000) + `}`, serialization},
		"invalid UTF-8":                 {"{\"Marker\":\"\xff\xfe\"}", serialization},
		"invalid UTF-8 in a name":       {"{\"\xc3\x28\":1}", serialization},
		"half a surrogate pair":         {`{"Marker":"\ud800"}`, `"__type":"`},
		"a byte order mark":             {"\xef\xbb\xbf{}", serialization},
		"UTF-16":                        {"{\x00}\x00", serialization},
		"null":                          {`null`, serialization},
		"two documents":                 {`{}{}`, serialization},
		"a number larger than numbers":  {`{"Limit":` + strings.Repeat("9", 5000) + `}`, serialization},
		"a number with a huge exponent": {`{"Limit":1e999999999}`, serialization},
		"the same member many times":    {`{` + strings.Repeat(`"Limit":1,`, 90_000) + `"Limit":1}`, `"Keys"`},
		"many members":                  {`{` + strings.Repeat(`"a":1,`, 150_000) + `"b":1}`, `"Keys"`},
		"a million spaces":              {strings.Repeat(" ", 1_000_000) + `{}`, `"Keys"`},
	} {
		t.Run(name, func(t *testing.T) {
			operation := "ListKeys"
			if strings.Contains(test.body, "EncryptionContext") {
				operation = "Encrypt"
			}
			got := send(t, sign(t, w.request(t, operation, test.body), test.body, alice, time.Now(), "")) //nolint:forbidigo // as SDKs do
			require.NotEqual(t, http.StatusInternalServerError, got.status, got.body)
			require.Contains(t, got.body, test.want)
		})
	}
	w.stillServes(t)
}

// TestPipelining sends many requests before it reads an answer: each gets its own, in order.
func TestPipelining(t *testing.T) {
	w := start(t, enforce.Strict)
	connection := w.dial(t)
	const requests = 100
	var all strings.Builder
	for i := range requests {
		operation, body := "ListKeys", "{}"
		if i%2 == 1 {
			operation, body = "MadeUp", strings.Repeat("x", i)
		}
		fmt.Fprintf(&all, "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.%s\r\nContent-Length: %d\r\n\r\n%s", operation, len(body), body)
	}
	go func() { _, _ = io.WriteString(connection, all.String()) }()
	answers, ids := bufio.NewReader(connection), map[string]bool{}
	for range requests {
		response, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusBadRequest, response.StatusCode)
		require.Contains(t, string(body), "MissingAuthenticationTokenException")
		ids[response.Header.Get("X-Amzn-Requestid")] = true
	}
	require.Len(t, ids, requests)
	w.stillServes(t)
}

// TestTwoLengths does not guess where a request ends that says it twice: what comes behind it is not a request.
func TestTwoLengths(t *testing.T) {
	w := start(t, enforce.Strict)
	const hidden = "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 2\r\n\r\n{}"
	for name, lengths := range map[string]string{
		"two different lengths":  "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"an encoding of its own": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"chunked twice":          "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
		"a length with a sign":   "Content-Length: +2\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			connection := w.dial(t)
			_, err := io.WriteString(connection, "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\n"+lengths+hidden)
			require.NoError(t, err)
			tcp, ok := connection.(*net.TCPConn)
			require.True(t, ok)
			require.NoError(t, tcp.CloseWrite())
			answer, err := io.ReadAll(connection)
			if err == nil {
				require.LessOrEqual(t, strings.Count(string(answer), "HTTP/1.1 "), 1, string(answer))
			}
		})
	}
	w.stillServes(t)
}

// TestManyConnections keeps a thousand connections open that say nothing, half a header, or half a body, and works on.
func TestManyConnections(t *testing.T) {
	const connections = 1000
	w := start(t, enforce.Strict)
	texts := []string{
		"", "POST / HTT", "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 1000000\r\n\r\n{",
	}
	open := make([]net.Conn, connections)
	for i := range open {
		open[i] = w.dial(t)
		_, err := io.WriteString(open[i], texts[i%len(texts)])
		require.NoError(t, err)
	}
	for range 10 {
		w.stillServes(t)
	}
	for _, c := range open {
		require.NoError(t, c.Close())
	}
	w.stillServes(t)
}
