package xksproxy

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strictkms/strictkms/server/sigv4"
)

// service is what requests are signed for.
const service = "kms-xks-proxy"

// skew is how far the time of a request may be off (the specification, Appendix A, Task 4).
const skew = 5 * time.Minute

// Config says what a [Proxy] is.
type Config struct {
	// Path is what the paths of requests begin with; empty is /kms/xks/v1.
	Path string
	// Credentials are the secret access keys by access key id. There may be two while they are changed.
	Credentials map[string]string
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
}

// Proxy is the proxy with its key manager. It is an [http.Handler], to be served with TLS. It is safe for concurrent use.
type Proxy struct {
	path  string
	clock func() time.Time
	known *sigv4.Keys

	mu          sync.Mutex
	credentials map[string]string
	keys        map[string]*Key
	health      string
	authorize   func(*Request) bool
	requests    []Request
	fault       func(http.ResponseWriter, *http.Request) bool
}

// Request is a request that was authenticated.
type Request struct {
	// Operation is health, metadata, encrypt or decrypt; KeyID is empty for health.
	Operation, KeyID string
	// Metadata is requestMetadata.
	Metadata map[string]string
	// AAD is additionalAuthenticatedData.
	AAD []byte
	// Error is the errorName of the answer, empty for success.
	Error string
}

// Forms of the specification, Appendix A, and of XksProxyUriPath.
var (
	accessKeyID     = regexp.MustCompile(`\A[A-Z2-7]{20,30}\z`)
	secretAccessKey = regexp.MustCompile(`\A[a-zA-Z0-9/+=]{43,64}\z`)
	uriPath         = regexp.MustCompile(`\A(/[a-zA-Z0-9/_-]+)?/kms/xks/v1\z`)
)

// New returns a proxy without keys.
func New(config Config) (*Proxy, error) {
	if config.Path == "" {
		config.Path = "/kms/xks/v1"
	}
	if !uriPath.MatchString(config.Path) {
		return nil, fmt.Errorf("path %q: expected one that ends in /kms/xks/v1", config.Path)
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // the clock itself
	}
	p := &Proxy{path: config.Path, clock: config.Clock, known: sigv4.NewKeys(), keys: map[string]*Key{}, health: "ACTIVE"}
	return p, p.SetCredentials(config.Credentials)
}

// Path is what the paths of requests begin with: XksProxyUriPath.
func (p *Proxy) Path() string { return p.path }

// SetCredentials puts other credentials in place of those that there are.
func (p *Proxy) SetCredentials(credentials map[string]string) error {
	if len(credentials) == 0 {
		return errors.New("a proxy needs a credential")
	}
	for id, secret := range credentials {
		if !accessKeyID.MatchString(id) {
			return fmt.Errorf("access key id %q: expected 20 to 30 letters A to Z and digits 2 to 7", id)
		}
		if !secretAccessKey.MatchString(secret) {
			return fmt.Errorf("the secret access key of %s: expected 43 to 64 characters of base64", id)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.credentials = credentials
	return nil
}

// SetHealth sets what the key manager says about itself: ACTIVE, DEGRADED or UNAVAILABLE. An unavailable one does nothing.
func (p *Proxy) SetHealth(status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.health = status
}

// SetAuthorization sets what decides about requests besides their signature; nil lets all of them pass. Requests for the
// health are not asked about.
func (p *Proxy) SetAuthorization(allow func(*Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.authorize = allow
}

// SetFault sets what is done in place of an answer; it reports whether it answered. Nil does nothing.
func (p *Proxy) SetFault(answer func(http.ResponseWriter, *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = answer
}

// Requests are the requests that were authenticated, since the beginning or the last call, in order.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.requests
	p.requests = nil
	return out
}

// maxRequests is how many requests are remembered.
const maxRequests = 10_000

// maxBody is how long a request may be. The longest has 4300 bytes of text and 8192 of additional data in base64, and ARNs.
const maxBody = 64 << 10

// ServeHTTP answers a request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	fault := p.fault
	p.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	answer, err := p.serve(r)
	status := http.StatusOK
	if err != nil {
		answer, status = err, err.status
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// failure is an error of the specification.
type failure struct {
	status  int
	Name    string `json:"errorName"`
	Message string `json:"errorMessage,omitempty"`
}

func fail(status int, name, format string, args ...any) *failure {
	return &failure{status, name, fmt.Sprintf(format, args...)}
}

// serve finds what is asked, authenticates the request, authorizes it and does it, in this order.
func (p *Proxy) serve(r *http.Request) (any, *failure) {
	asked, err := p.route(r)
	if err != nil {
		return nil, err
	}
	text, tooLong := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if tooLong != nil {
		return nil, fail(http.StatusBadRequest, "ValidationException", "The body is longer than %d bytes.", maxBody)
	}
	if err := p.authenticate(r, text); err != nil {
		return nil, err
	}
	answer, err := p.answer(asked, text)
	if err != nil {
		asked.Error = err.Name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) < maxRequests {
		p.requests = append(p.requests, *asked)
	}
	return answer, err
}

// route finds the operation and the key of a request.
func (p *Proxy) route(r *http.Request) (*Request, *failure) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), p.path+"/")
	asked := &Request{Operation: rest}
	if key, found := strings.CutPrefix(rest, "keys/"); found {
		asked.KeyID, asked.Operation, _ = strings.Cut(key, "/")
		ok = ok && keyID.MatchString(asked.KeyID) && slices.Contains([]string{"metadata", "encrypt", "decrypt"}, asked.Operation)
	} else {
		ok = ok && rest == "health"
	}
	switch {
	case !ok:
		return nil, fail(http.StatusNotFound, "InvalidUriPathException", "No operation has this path.")
	case r.Method != http.MethodPost:
		return nil, fail(http.StatusMethodNotAllowed, "ValidationException", "The method must be POST.")
	default:
		return asked, nil
	}
}

// authenticate verifies the signature of a request. Why it is not good is not told.
func (p *Proxy) authenticate(r *http.Request, text []byte) *failure {
	refused := fail(http.StatusUnauthorized, "AuthenticationFailedException", "The signature is not good.")
	signature, err := sigv4.Parse(r)
	if err != nil || signature.Presigned {
		return refused
	}
	p.mu.Lock()
	secret, known := p.credentials[signature.AccessKeyID]
	p.mu.Unlock()
	now := p.clock()
	if !known || signature.Check(now, service) != nil || now.Sub(signature.Time).Abs() > skew ||
		p.known.Verify(signature, secret, sha256.Sum256(text)) != nil {
		return refused
	}
	return nil
}
