package xks_test

import (
	"context"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/kms/xks"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

var why = &kms.ProxyReason{Principal: "arn:aws:iam::111122223333:user/alice", KeyARN: "arn", Operation: "Encrypt", RequestID: "1"}

// TestDataIntegrityValue is the example of the specification, Appendix C.
func TestDataIntegrityValue(t *testing.T) {
	t.Parallel()
	part := func(text string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		require.NoError(t, err)
		return b
	}
	outer := &material.Outer{
		Metadata: part("6b 65 79 5f 76 65 72 73 69 6f 6e 3d 31"), IV: part("1c ca e5 47 0f 39 70 02 54 77 90 31"),
		Text: part("82 1c 64 2b 5b 71 78 33 67 de af 18"), Tag: part("bc 1c 4d da 77 07 d6 81 24 47 c5 95 5e 99 b2 61"),
	}
	require.Equal(t, "a8703f2260bd8791ec2d15ea0b23e65a0631eedcf2a13a65cc82db3f47cf5ec7",
		hex.EncodeToString(xks.DataIntegrityValue([]byte("project=nile,department=marketing"), outer)))
}

// TestRequestsAreSigned: host and date are, as the specification says, and nothing else is sent.
func TestRequestsAreSigned(t *testing.T) {
	t.Parallel()
	proxy := xksproxy.Start(t)
	var headers []http.Header
	proxy.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		headers = append(headers, r.Header.Clone())
		return false
	})
	require.NoError(t, newClient(t, proxy, nil).CheckHealth(t.Context(), named(proxy), why))
	require.Len(t, headers, 1)
	require.Regexp(t, `^AWS4-HMAC-SHA256 Credential=`+proxy.AccessKeyID+`/\d{8}/us-east-1/kms-xks-proxy/aws4_request, `+
		`SignedHeaders=host;x-amz-date, Signature=[0-9a-f]{64}$`, headers[0].Get("Authorization"))
	require.Equal(t, "application/json", headers[0].Get("Content-Type"))
	require.NotContains(t, headers[0], "Idempotency-Key")
	asked := proxy.Requests()
	require.Equal(t, map[string]string{"kmsOperation": "Encrypt", "kmsRequestId": "1"}, asked[0].Metadata, "health tells no principal")
}

// failureOf is the kind of failure that an error is.
func failureOf(t *testing.T, err error) kms.ProxyFailure {
	t.Helper()
	e := &kms.ProxyError{}
	require.ErrorAs(t, err, &e)
	return e.Failure
}

// TestFailures: what went wrong on the way has its name.
func TestFailures(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // it takes connections and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	plain := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = plain.Serve(listener) }()
	t.Cleanup(func() { _ = plain.Close() })
	other := xksproxy.Start(t)
	for _, test := range []struct {
		name   string
		change func(*xksproxy.Server, *xks.Config)
		want   kms.ProxyFailure
	}{
		{"no name", func(s *xksproxy.Server, c *xks.Config) {
			c.Addresses = map[string]string{s.Host: "nowhere.invalid:443"}
		}, kms.ProxyUnreachable},
		{"nobody there", func(s *xksproxy.Server, _ *xks.Config) { s.Stop() }, kms.ProxyUnreachable},
		{"no TLS", func(s *xksproxy.Server, c *xks.Config) { c.Addresses[s.Host] = listener.Addr().String() }, kms.ProxyTLS},
		{"another certificate", func(s *xksproxy.Server, c *xks.Config) { c.Addresses[s.Host] = other.Address }, kms.ProxyTLS},
		{"unknown authority", func(_ *xksproxy.Server, c *xks.Config) { c.Roots = nil }, kms.ProxyTLS},
		{"silence", func(s *xksproxy.Server, c *xks.Config) {
			c.Addresses[s.Host], c.Timeout = silent.Addr().String(), 50*time.Millisecond
		}, kms.ProxyTimedOut},
		{"too slow", func(s *xksproxy.Server, c *xks.Config) {
			c.Timeout = 300 * time.Millisecond
			s.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
				<-r.Context().Done()
				return true
			})
		}, kms.ProxyTimedOut},
		{"redirect", answering(http.StatusTemporaryRedirect, "", "https://xks.example.com/elsewhere"), kms.ProxyMalformed},
		{"no content", answering(http.StatusNoContent, "", ""), kms.ProxyMalformed},
		{"too long", answering(http.StatusOK, strings.Repeat(" ", 1<<17), ""), kms.ProxyMalformed},
		{"a list", answering(http.StatusOK, "[]", ""), kms.ProxyMalformed},
		{"nobody manages keys", answering(http.StatusOK, health(), ""), kms.ProxyMalformed},
		{"eleven manage keys", answering(http.StatusOK, health(strings.Split(strings.Repeat("ACTIVE ", 11), " ")[:11]...), ""), kms.ProxyMalformed},
		{"what is that", answering(http.StatusOK, health("FINE"), ""), kms.ProxyMalformed},
		{"all are gone", answering(http.StatusOK, health("UNAVAILABLE", "UNAVAILABLE"), ""), kms.ProxyManagersUnavailable},
		{"one is left", answering(http.StatusOK, health("UNAVAILABLE", "DEGRADED"), ""), kms.ProxyFailureUnknown},
		{"an unknown error", answering(http.StatusBadRequest, `{"errorName":"X"}`, ""), kms.ProxyMalformed},
		{"a known error", answering(http.StatusBadRequest, `{"errorName":"ThrottlingException","errorMessage":"slow"}`, ""), kms.ProxyThrottling},
	} {
		t.Run(test.name, func(t *testing.T) {
			proxy := xksproxy.Start(t)
			client := newClient(t, proxy, func(c *xks.Config) { test.change(proxy, c) })
			err := client.CheckHealth(t.Context(), named(proxy), why)
			if test.want == kms.ProxyFailureUnknown {
				require.NoError(t, err)
				return
			}
			require.Equal(t, test.want.String(), failureOf(t, err).String(), "%v", err)
		})
	}
}

// answering makes a proxy give an answer of its own.
func answering(status int, body, location string) func(*xksproxy.Server, *xks.Config) {
	return func(s *xksproxy.Server, _ *xks.Config) {
		s.SetFault(func(w http.ResponseWriter, _ *http.Request) bool {
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return true
		})
	}
}

// health is what a proxy says about its key managers.
func health(managers ...string) string {
	var list []string
	for _, status := range managers {
		list = append(list, `{"id":"1","model":"m","healthStatus":"`+status+`"}`)
	}
	return `{"xksProxyFleetSize":1,"xksProxyVendor":"v","xksProxyModel":"m","ekmVendor":"e","ekmFleetDetails":[` + strings.Join(list, ",") + `]}`
}

// TestCiphertextsAreChecked: what is not a ciphertext is not kept.
func TestCiphertextsAreChecked(t *testing.T) {
	t.Parallel()
	const iv, tag, text = `"AAAAAAAAAAAAAAAA"`, `"AAAAAAAAAAAAAAAAAAAAAA=="`, `"AAAA"`
	body := func(iv, tag, text, more string) string {
		return `{"initializationVector":` + iv + `,"authenticationTag":` + tag + `,"ciphertext":` + text + more + `}`
	}
	for name, answer := range map[string]string{
		"": body(iv, tag, text, ""), "with metadata": body(iv, tag, text, `,"ciphertextMetadata":"AAAA"`),
		"short iv": body(`"AAAA"`, tag, text, ""), "short tag": body(iv, `"AAAA"`, text, ""), "another length": body(iv, tag, `"AAAAAAAA"`, ""),
		"much metadata": body(iv, tag, text, `,"ciphertextMetadata":"`+strings.Repeat("AAAA", 7)+`"`),
		"not base64":    body(iv, tag, `"%"`, ""), "nothing": "{}",
	} {
		t.Run(name, func(t *testing.T) {
			proxy := xksproxy.Start(t)
			answering(http.StatusOK, answer, "")(proxy, nil)
			client := newClient(t, proxy, nil)
			_, err := client.Encrypt(t.Context(), named(proxy), "one", why, nil, []byte("abc"))
			if name == "" || name == "with metadata" {
				require.NoError(t, err)
			} else {
				require.Equal(t, kms.ProxyMalformed, failureOf(t, err))
			}
			data := *why
			data.Operation = "GenerateDataKey"
			_, err = client.Encrypt(t.Context(), named(proxy), "one", &data, nil, []byte("abc"))
			require.Equal(t, kms.ProxyMalformed, failureOf(t, err), "a data key needs the integrity value")
			_, err = client.Decrypt(t.Context(), named(proxy), "one", why, nil, &material.Outer{Text: []byte("abc")})
			require.Equal(t, kms.ProxyMalformed, failureOf(t, err), "no plaintext")
			_, err = client.Describe(t.Context(), named(proxy), "one", why)
			require.Equal(t, kms.ProxyMalformed, failureOf(t, err), "no key metadata")
		})
	}
}

// TestCallersGiveUp: when who asked is gone, the proxy did not fail.
func TestCallersGiveUp(t *testing.T) {
	t.Parallel()
	proxy := xksproxy.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, newClient(t, proxy, nil).CheckHealth(ctx, named(proxy), why), context.Canceled)
}

// TestOnlyPublicAddresses: on a caller's word the server connects to nothing inside.
func TestOnlyPublicAddresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"localhost", "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
		"224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1",
	} {
		proxy := kms.NewProxy("us-east-1", "https://"+host, "/kms/xks/v1", strings.Repeat("A", 20), strings.Repeat("a", 43))
		client := xks.New(xks.Config{Timeout: patience})
		err := client.CheckHealth(t.Context(), proxy, why)
		require.Equal(t, kms.ProxyUnreachable, failureOf(t, err), host)
		require.ErrorContains(t, err, "is not a public address", host)
	}
	for _, address := range []string{
		"[::1]:443", "[fe80::1]:443", "[fc00::1]:443", "[::ffff:127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "[2002:7f00:1::]:443",
		"[::127.0.0.1]:443", "[ff02::1]:443", "[fec0::1]:443", "[::]:443",
	} {
		require.ErrorContains(t, xks.OnlyPublic("tcp", address, nil), "is not a public address", address)
	}
	for _, address := range []string{"1.1.1.1:443", "[2606:4700::1111]:443", "[::ffff:1.1.1.1]:443"} {
		require.NoError(t, xks.OnlyPublic("tcp", address, nil), address)
	}
}
