package server_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
)

// BenchmarkServe answers signed calls without a network, so that what is left is ours. Log and decision log are off,
// as they are by default.
func BenchmarkServe(b *testing.B) {
	for _, mode := range []enforce.Mode{enforce.Strict, enforce.Off} {
		w := start(b, mode, func(c *server.Config) { c.Logger = nil })
		alice := w.user(b, "alice", allowAll)
		client := w.client(alice)
		key := newKey(b, client)
		ciphertext, err := encrypt(b, client, key)
		require.NoError(b, err)
		for _, call := range []struct{ operation, body string }{
			{"DescribeKey", fmt.Sprintf(`{"KeyId":%q}`, key)},
			{"Encrypt", fmt.Sprintf(`{"KeyId":%q,"Plaintext":"c2VjcmV0","EncryptionContext":{"a":"b"}}`, key)},
			{"Decrypt", fmt.Sprintf(`{"CiphertextBlob":%q}`, base64.StdEncoding.EncodeToString(ciphertext))},
			{"GenerateDataKey", fmt.Sprintf(`{"KeyId":%q,"KeySpec":"AES_256"}`, key)},
		} {
			b.Run(mode.String()+"/"+call.operation, func(b *testing.B) {
				r := w.request(b, call.operation, call.body)
				sign(b, r, call.body, alice, w.config.Clock(), "")
				arrived := &http.Request{
					Method: http.MethodPost, URL: &url.URL{Path: "/"}, RequestURI: "/", Host: r.URL.Host, Header: r.Header,
					ContentLength: int64(len(call.body)), RemoteAddr: "127.0.0.1:1",
				}
				body := bytes.NewReader(nil)
				answer := &discard{header: http.Header{}}
				b.ReportAllocs()
				for b.Loop() {
					body.Reset([]byte(call.body))
					arrived.Body = io.NopCloser(body)
					clear(answer.header)
					w.server.ServeHTTP(answer, arrived)
					if answer.status != http.StatusOK {
						b.Fatal(answer.status)
					}
				}
			})
		}
	}
}

// discard is a response that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
