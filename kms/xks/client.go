package xks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/strictkms/strictkms/kms"
)

// Service is the name of the service that requests are signed for (the specification, Authentication).
const Service = "kms-xks-proxy"

// DefaultTimeout is how long AWS KMS waits for the answer of a proxy (the specification, KMS Considerations).
const DefaultTimeout = 250 * time.Millisecond

// maxAnswer is how many bytes of an answer are read. The longest is that to Encrypt: 4300 bytes in base64, and little else.
const maxAnswer = 64 << 10

// Config says how proxies are reached. The zero value reaches those that AWS KMS would.
type Config struct {
	// Roots are the certificate authorities that the certificates of proxies may be of; nil for those of the system.
	Roots *x509.CertPool
	// Addresses are where proxies are by the host names of their endpoints, as HOST:PORT. A host name that is not here is
	// looked up, must be that of a public address, and is connected to on port 443.
	Addresses map[string]string
	// Timeout is how long an answer may take; 0 is DefaultTimeout.
	Timeout time.Duration
	// Clock tells the time that requests are signed with; nil is time.Now.
	Clock func() time.Time
	// Logger is told about failures; nil for no log.
	Logger *slog.Logger
}

// Client talks to proxies. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
}

var _ kms.Proxies = (*Client)(nil)

// New returns a client.
func New(config Config) *Client {
	if config.Timeout == 0 {
		config.Timeout = DefaultTimeout
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // the clock itself
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	transport := &http.Transport{
		DialContext:         (&dialer{addresses: config.Addresses}).dial,
		TLSClientConfig:     &tls.Config{RootCAs: config.Roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	return &Client{
		config: config,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close closes the connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is what a proxy is asked.
type request struct {
	proxy  *kms.Proxy
	path   string // below the path of the proxy
	reason *kms.ProxyReason
	body   any
}

// do asks a proxy, and reads its answer. The error is a [*kms.ProxyError], or that of ctx when the caller gave up.
func (c *Client) do(ctx context.Context, r *request, answer any) error {
	failure, err := c.try(ctx, r, answer)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.config.Logger.WarnContext(ctx, "external key store proxy", slog.String("failure", failure.String()),
		slog.String("endpoint", r.proxy.Endpoint), slog.String("path", r.proxy.Path+r.path),
		slog.String("operation", r.reason.Operation), slog.String("request", r.reason.RequestID), slog.Any("error", err))
	return &kms.ProxyError{Failure: failure, Cause: err}
}

func (c *Client) try(ctx context.Context, r *request, answer any) (kms.ProxyFailure, error) {
	body, err := json.Marshal(r.body)
	if err != nil {
		return kms.ProxyMalformed, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	watched, progress := watch(ctx)
	asked, err := c.sign(watched, r, body)
	if err != nil {
		return kms.ProxyUnreachable, err
	}
	response, err := c.http.Do(asked)
	if err != nil {
		return progress.classify(err), err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return progress.classify(err), err
	case len(text) > maxAnswer:
		return kms.ProxyMalformed, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	case response.StatusCode != http.StatusOK:
		return refusal(response.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return kms.ProxyMalformed, errors.New("the answer is not the JSON that it should be") // what it says may be a plaintext
	}
	return kms.ProxyFailureUnknown, nil
}

// sign makes an HTTP request and signs host and date of it, which is what the specification says.
func (c *Client) sign(ctx context.Context, r *request, body []byte) (*http.Request, error) {
	url := r.proxy.Endpoint + r.proxy.Path + r.path
	bare, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: r.proxy.AccessKeyID, SecretAccessKey: r.proxy.SecretAccessKey()}
	// A signer of its own: one keeps the signing key of an access key id, also when the secret is another meanwhile.
	err = v4.NewSigner().SignHTTP(ctx, credentials, bare, hex.EncodeToString(hash[:]), Service, r.proxy.Region, c.config.Clock())
	if err != nil {
		return nil, err
	}
	signed, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	signed.Header = bare.Header
	signed.Header.Set("Content-Type", "application/json")
	// Nothing is sent of this: it says that the request can be sent again when a connection that was kept is dead
	// (https://pkg.go.dev/net/http#Transport).
	signed.Header["Idempotency-Key"] = nil
	return signed, nil
}

// refusal reads what a proxy says when it does not do what it is asked (the specification, Error codes).
func refusal(status int, text []byte) (kms.ProxyFailure, error) {
	var said struct{ ErrorName, ErrorMessage string }
	if err := json.Unmarshal(text, &said); err != nil {
		return kms.ProxyMalformed, fmt.Errorf("status %d without a JSON object with errorName", status)
	}
	failure, known := kms.ProxyFailureOf(said.ErrorName)
	if !known {
		return kms.ProxyMalformed, fmt.Errorf("status %d with errorName %.64q", status, said.ErrorName)
	}
	return failure, fmt.Errorf("status %d, %.512q", status, said.ErrorMessage)
}
