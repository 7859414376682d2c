package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/awsjson"
)

const (
	// maxBody is the most that a request body may have: 1 MiB. The largest input of AWS KMS, with an attestation document, has
	// less than half.
	maxBody = 1 << 20
	// maxKept bounds the buffers that are used again.
	maxKept = 64 << 10
)

var errPanic = errors.New("the call panicked")

// body is the body of a request.
type body struct{ bytes.Buffer }

var bodies = sync.Pool{New: func() any { return new(body) }}

// readBody reads the whole body of a request.
func readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	if r.ContentLength > maxBody {
		return nil, awsjson.ErrTooLarge
	}
	b, _ := bodies.Get().(*body)
	if n := int(r.ContentLength); n > 0 {
		b.Grow(n + bytes.MinRead) // so that the end is found without growing again
	}
	if _, err := b.ReadFrom(limited(w, r)); err != nil {
		b.free()
		return nil, bodyError(err)
	}
	return b, nil
}

// limited is the body of a request up to the limit. One with a known length ends there by itself.
func limited(w http.ResponseWriter, r *http.Request) io.Reader {
	if r.ContentLength >= 0 {
		return r.Body
	}
	return http.MaxBytesReader(w, r.Body, maxBody)
}

// bodyError is what a body that could not be read means.
func bodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return awsjson.ErrTooLarge
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return awsjson.ErrTimeout
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &kms.Error{Code: kms.CodeSerialization, Cause: fmt.Errorf("the request body ends early: %w", err)}
	default:
		return &kms.Error{Code: kms.CodeSerialization, Cause: fmt.Errorf("read the request body: %w", err)}
	}
}

// free forgets a body, which may hold secrets.
func (b *body) free() {
	clear(b.Bytes())
	b.Reset()
	if b.Cap() <= maxKept {
		bodies.Put(b)
	}
}
