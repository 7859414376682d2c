package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	service "github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

func mustGet(t testing.TB, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return r
}

// sign signs a request at a time, in the header or, for a lifetime, in the query.
func sign(t testing.TB, r *http.Request, body string, c iam.Credentials, at time.Time, expires string) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	credentials := aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}
	if expires == "" {
		require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), credentials, r, hash, "kms", "us-east-1", at))
		return r
	}
	r.URL.RawQuery = "X-Amz-Expires=" + expires
	signed, header, err := v4.NewSigner().PresignHTTP(t.Context(), credentials, r, hash, "kms", "us-east-1", at)
	require.NoError(t, err)
	out, err := http.NewRequestWithContext(t.Context(), r.Method, signed, strings.NewReader(body))
	require.NoError(t, err)
	out.Header = header
	out.Header.Del("Host")
	return out
}

// TestSignedRequests are requests that the SDK's clients do not make.
func TestSignedRequests(t *testing.T) {
	now := time.Date(2026, 8, 30, 12, 36, 0, 0, time.UTC)
	w := start(t, enforce.Strict, func(c *server.Config) { c.Clock = func() time.Time { return now } })
	alice, role := w.user(t, "alice", allowAll), w.role(t, "App", allowAll)
	post := func(c iam.Credentials, at time.Time, expires string) *http.Request {
		return sign(t, w.request(t, "ListKeys", `{"Limit":1}`), `{"Limit":1}`, c, at, expires)
	}
	get := func(c iam.Credentials) *http.Request {
		r := mustGet(t, w.url+"/")
		r.Header.Set("X-Amz-Target", "TrentService.ListKeys")
		return sign(t, r, "", c, now, "60")
	}
	for _, test := range []struct {
		name         string
		request      *http.Request
		code, within string
	}{
		{"header", post(alice, now, ""), "", ""},
		{"session", post(role, now, ""), "", ""},
		{"presigned POST", post(alice, now, "60"), "", ""},
		{"presigned POST of a session", post(role, now, "60"), "", ""},
		{"presigned GET", get(alice), "", ""},
		{"presigned GET of a session", get(role), "", ""},
		{"expired", post(alice, now.Add(-16*time.Minute), ""), "InvalidSignatureException", "Signature expired: "},
		{"from the future", post(alice, now.Add(16*time.Minute), ""), "InvalidSignatureException", "Signature not yet current: "},
		{"presigned, expired", post(alice, now.Add(-2*time.Minute), "60"), "InvalidSignatureException", "Signature expired: "},
		{"presigned, not expired", post(alice, now.Add(-2*time.Hour), "86400"), "", ""},
		{"presigned for too long", post(alice, now, "700000"), "IncompleteSignatureException", "604800"},
		{"unsigned", w.request(t, "ListKeys", `{}`), "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{
			"another body", func() *http.Request {
				r := post(alice, now, "")
				r.Body = io.NopCloser(strings.NewReader(`{"Limit":2}`))
				return r
			}(), "InvalidSignatureException", "The request signature we calculated does not match",
		},
		{
			"another operation", func() *http.Request {
				r := post(alice, now, "")
				r.Header.Set("X-Amz-Target", "TrentService.ListAliases")
				return r
			}(), "InvalidSignatureException", "The request signature we calculated does not match",
		},
		{
			"on behalf of somebody, not signed", func() *http.Request {
				r := post(alice, now, "")
				r.Header.Set("X-Strictkms-On-Behalf-Of", role.Principal.ARN)
				return r
			}(), "InvalidSignatureException", "must be a 'SignedHeader'",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := send(t, test.request)
			require.Equal(t, "application/x-amz-json-1.1", got.header.Get("Content-Type"))
			require.Regexp(t, `^[0-9a-f-]{36}$`, got.header.Get("X-Amzn-Requestid"))
			if test.code == "" {
				require.Equal(t, http.StatusOK, got.status, got.body)
				require.Contains(t, got.body, `"Keys"`)
				return
			}
			require.Equal(t, http.StatusBadRequest, got.status, got.body)
			require.Contains(t, got.body, `"__type":"`+test.code+`"`)
			require.Contains(t, got.body, test.within)
		})
	}
}

// TestOddRequests are answered with AWS's exceptions, and the server stays up.
func TestOddRequests(t *testing.T) {
	w := start(t, enforce.Off)
	raw := func(method, path, target, body string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
		require.NoError(t, err)
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		return r
	}
	const unknown = `{"__type":"UnknownOperationException"}`
	for _, test := range []struct {
		name    string
		request *http.Request
		status  int
		body    string
	}{
		{"no target", raw("POST", "/", "", "{}"), 400, unknown},
		{"GET", raw("GET", "/", "", ""), 400, unknown},
		{"another service", raw("POST", "/", "DynamoDB_20120810.ListTables", "{}"), 400, unknown},
		{"no operation", raw("POST", "/", "TrentService.", "{}"), 400, unknown},
		{"unknown operation", raw("POST", "/", "TrentService.Foo", "{}"), 400, unknown},
		{"another method", raw("DELETE", "/", "TrentService.ListKeys", "{}"), 400, unknown},
		{"another path", raw("POST", "/x", "TrentService.ListKeys", "{}"), 400, unknown},
		{"no body", raw("POST", "/", "TrentService.ListKeys", ""), 200, ""},
		{"not JSON", raw("POST", "/", "TrentService.ListKeys", "\x00\xff{"), 400, `{"__type":"SerializationException"}`},
		{"1 MiB", raw("POST", "/", "TrentService.ListKeys", `{"a":"`+strings.Repeat("x", 1<<20-8)+`"}`), 200, ""},
		{
			"more", raw("POST", "/", "TrentService.ListKeys", `{"a":"`+strings.Repeat("x", 1<<20-7)+`"}`), 413,
			`{"__type":"RequestEntityTooLargeException"}`,
		},
		{"not ours", raw("GET", "/_strictkms/nothing", "", ""), 404, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := send(t, test.request)
			require.Equal(t, test.status, got.status, got.body)
			if test.body != "" {
				require.JSONEq(t, test.body, got.body)
			}
		})
	}
	t.Run("more, without saying how much", func(t *testing.T) {
		r := raw("POST", "/", "TrentService.ListKeys", "")
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 4<<20)), -1
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return // the server hung up before all was sent
		}
		defer response.Body.Close()
		require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	})
	got := send(t, w.request(t, "ListKeys", `{}`))
	require.Equal(t, http.StatusOK, got.status)
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestQueryProtocol answers that there is no action. Those that there are have a test file of their own.
func TestQueryProtocol(t *testing.T) {
	form := func(w *world) answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url,
			strings.NewReader(url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}.Encode()))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		return send(t, r)
	}
	got := form(start(t, enforce.Strict))
	require.Equal(t, http.StatusBadRequest, got.status)
	require.Equal(t, "text/xml", got.header.Get("Content-Type"))
	require.Contains(t, got.body, "<Code>InvalidAction</Code>")
	require.Contains(t, got.body, "<Message>Could not find operation GetCallerIdentity for version 2011-06-15</Message>")
	require.Contains(t, got.body, "<RequestId>"+got.header.Get("X-Amzn-Requestid")+"</RequestId>")
}

func TestHealth(t *testing.T) {
	var problem error
	w := start(t, enforce.Strict, func(c *server.Config) { c.Health = func() error { return problem } })
	got := send(t, mustGet(t, w.url+server.HealthPath))
	require.Equal(t, http.StatusOK, got.status)
	require.JSONEq(t, `{"status":"ok","enforce":"strict","version":"test"}`, got.body)
	problem = errors.New("the disk is on fire")
	got = send(t, mustGet(t, w.url+server.HealthPath))
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.NotContains(t, got.body, "fire")
	require.Contains(t, w.log.String(), "fire")
}

func TestMetrics(t *testing.T) {
	w := start(t, enforce.Strict)
	key := newKey(t, w.client(w.user(t, "alice", allowAll)))
	_, err := encrypt(t, w.client(w.user(t, "bob", allowNothing)), key)
	require.Error(t, err)
	send(t, w.request(t, "Made"+"Up", `{}`))
	body := send(t, mustGet(t, w.url+server.MetricsPath)).body
	for _, line := range []string{
		`strictkms_requests_total{code="OK",operation="CreateKey"} 1`,
		`strictkms_requests_total{code="AccessDeniedException",operation="Encrypt"} 1`,
		`strictkms_requests_total{code="MissingAuthenticationTokenException",operation="unknown"} 1`,
		`strictkms_decisions_total{decision="allow"} 1`,
		`strictkms_decisions_total{decision="deny"} 1`,
		`strictkms_request_duration_seconds_count{operation="CreateKey"} 1`,
		`strictkms_requests_in_flight 0`,
	} {
		require.Contains(t, body, line+"\n")
	}
	require.NotContains(t, body, "MadeUp")
}

// odd does what no operation should.
type odd struct {
	do func() (service.Result, error)
}

func (o odd) Do(context.Context, *service.Call, string, []byte) (service.Result, error) {
	return o.do()
}

// TestInternalErrors are logged with their cause and answered without.
func TestInternalErrors(t *testing.T) {
	for name, do := range map[string]func() (service.Result, error){
		"panic": func() (service.Result, error) { panic("the inside") },
		"error": func() (service.Result, error) { return service.Result{}, errors.New("the inside") },
		"internal error": func() (service.Result, error) {
			return service.Result{}, &service.Error{
				Code: service.CodeInternal, Message: "of the inside", Cause: errors.New("the inside"),
			}
		},
		"output": func() (service.Result, error) { return service.Result{Output: func() { panic("the inside") }}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, enforce.Off, func(c *server.Config) { c.KMS = odd{do}; c.Trail = nil })
			got := send(t, w.request(t, "ListKeys", `{}`))
			require.Equal(t, http.StatusInternalServerError, got.status)
			require.JSONEq(t, `{"__type":"KMSInternalException"}`, got.body)
			log := w.log.String()
			require.Contains(t, log, "level=ERROR")
			require.Contains(t, log, "request="+got.header.Get("X-Amzn-Requestid"))
			if name == "output" {
				require.Contains(t, log, "unsupported type")
			} else {
				require.Contains(t, log, "the inside")
			}
			got = send(t, mustGet(t, w.url+server.HealthPath))
			require.Equal(t, http.StatusOK, got.status)
		})
	}
}

// TestOwnPagePanics hangs up, tells the log, and stays up.
func TestOwnPagePanics(t *testing.T) {
	w := start(t, enforce.Strict, func(c *server.Config) { c.Health = func() error { panic("the inside") } })
	response, err := http.DefaultClient.Do(mustGet(t, w.url+server.HealthPath))
	if err == nil {
		_ = response.Body.Close()
	}
	require.Error(t, err)
	require.Contains(t, w.log.String(), "the inside")
	require.Equal(t, http.StatusOK, send(t, mustGet(t, w.url+server.MetricsPath)).status)
}

// TestGarbage sends bytes that are no request, and requests that do not end.
func TestGarbage(t *testing.T) {
	w := start(t, enforce.Strict)
	const head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.ListKeys\r\n"
	for name, text := range map[string]string{
		"nothing":          "",
		"bytes":            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"half a head":      head,
		"truncated body":   head + "Content-Length: 100\r\n\r\n{\"Limit\"",
		"truncated chunks": head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"Li",
		"bad chunks":       head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"negative length":  head + "Content-Length: -1\r\n\r\n",
		"two lengths":      head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
		"a long header":    head + "A: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"many headers":     head + strings.Repeat("A: b\r\n", 1<<16) + "\r\n",
		"no host":          "POST / HTTP/1.1\r\n\r\n",
		"bad query":        "POST /?%zz&X-Amz-Target=%zz HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
			require.NoError(t, err)
			_, _ = io.WriteString(connection, text) // the server may hang up on the way
			tcp, ok := connection.(*net.TCPConn)
			require.True(t, ok)
			_ = tcp.CloseWrite()
			require.NoError(t, connection.SetReadDeadline(inSeconds(5)))
			answer, _ := io.ReadAll(connection)
			require.NotContains(t, string(answer), " 200 ")
			require.NotContains(t, string(answer), " 500 ")
			require.NoError(t, connection.Close())
		})
	}
	_, err := w.client(w.user(t, "alice", allowAll)).ListKeys(t.Context(), nil)
	require.NoError(t, err)
	require.NotContains(t, w.log.String(), "panic")
}

// TestShutdown waits for calls, ends streams, and takes no more.
func TestShutdown(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := start(t, enforce.Off, func(c *server.Config) {
		c.KMS = odd{func() (service.Result, error) { close(entered); <-leave; return service.Result{}, nil }}
	})
	stream, err := http.DefaultClient.Do(mustGet(t, w.url+trail.DecisionsPath))
	require.NoError(t, err)
	defer stream.Body.Close()
	answered := make(chan int, 1)
	go func() {
		response, err := http.DefaultClient.Do(w.request(t, "ListKeys", `{}`))
		if err != nil {
			answered <- 0
			return
		}
		answered <- response.StatusCode
		_ = response.Body.Close()
	}()
	<-entered
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(t.Context()) }()
	_, err = io.Copy(io.Discard, stream.Body) // the stream ends
	require.NoError(t, err)
	select {
	case err := <-down:
		t.Fatalf("did not wait: %v", err)
	case <-answered:
		t.Fatal("answered too early")
	default:
	}
	close(leave)
	require.NoError(t, <-down)
	require.Equal(t, http.StatusOK, <-answered)
	_, err = http.DefaultClient.Do(mustGet(t, w.url+server.HealthPath)) //nolint:bodyclose // there is none
	require.Error(t, err)
}

// TestShutdownGivesUp cuts off calls that do not end.
func TestShutdownGivesUp(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := start(t, enforce.Off, func(c *server.Config) {
		c.KMS = odd{func() (service.Result, error) { close(entered); <-leave; return service.Result{}, nil }}
	})
	failed := make(chan error, 1)
	go func() {
		response, err := http.DefaultClient.Do(w.request(t, "ListKeys", `{}`))
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.server.Shutdown(ctx), context.Canceled)
	require.Error(t, <-failed)
	close(leave)
}

func TestConfig(t *testing.T) {
	good := start(t, enforce.Strict).config
	for name, change := range map[string]func(*server.Config){
		"no KMS":        func(c *server.Config) { c.KMS = nil },
		"no identities": func(c *server.Config) { c.Identities = nil },
		"no enforcer":   func(c *server.Config) { c.Enforcer = nil },
		"no account":    func(c *server.Config) { c.Account = "" },
		"bad account":   func(c *server.Config) { c.Account = "11112222333x" },
		"no Region":     func(c *server.Config) { c.Region = "" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			change(&bad)
			_, err := server.New(bad)
			require.Error(t, err)
		})
	}
	bare := good
	bare.Trail, bare.Logger, bare.Clock, bare.APIs, bare.Health = nil, nil, nil, nil, nil
	_, err := server.New(bare)
	require.NoError(t, err)
}

// TestSlowClients are timed out, with limits that are shortened so that nobody waits.
func TestSlowClients(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\n"
	w := start(t, enforce.Off)
	url := serveSlow(t, w.config)
	for name, test := range map[string]struct{ text, answer string }{
		"nothing":     {"", ""},
		"half a head": {head, ""},
		"half a body": {head + "Content-Length: 9\r\n\r\n{", "HTTP/1.1 408 "},
		"idle":        {head + "Content-Length: 2\r\n\r\n{}", "HTTP/1.1 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", url)
			require.NoError(t, err)
			defer connection.Close()
			_, err = io.WriteString(connection, test.text)
			require.NoError(t, err)
			require.NoError(t, connection.SetReadDeadline(inSeconds(20)))
			answer, err := io.ReadAll(connection) // until the server hangs up
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(answer), test.answer), string(answer))
			require.Equal(t, test.answer == "", len(answer) == 0, string(answer))
		})
	}
}

// serveSlow serves with short limits.
func serveSlow(t *testing.T, config server.Config) string {
	t.Helper()
	s, err := server.New(config)
	require.NoError(t, err)
	s.Hasten(t)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, s.Shutdown(context.WithoutCancel(t.Context())))
		require.NoError(t, <-served)
	})
	return listener.Addr().String()
}

// inSeconds is a deadline for a test that would hang otherwise.
func inSeconds(n int) time.Time {
	return time.Now().Add(time.Duration(n) * time.Second) //nolint:forbidigo // a deadline is real time
}
