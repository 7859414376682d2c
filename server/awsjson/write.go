package awsjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// RequestIDHeader is the header with the id of the request, as package net/http spells x-amzn-RequestId.
const RequestIDHeader = "X-Amzn-Requestid"

// The values of headers that are always the same. Package net/http does not change them.
var (
	contentType = []string{"application/x-amz-json-1.1"}
	// cacheControl keeps plaintext and data keys out of caches.
	cacheControl = []string{"no-cache, no-store, must-revalidate, private"}
)

// WriteOutput answers with an output, nil for an operation that answers nothing. Nothing is written when the error is
// not nil.
func WriteOutput(w http.ResponseWriter, requestID string, output any) error {
	if output == nil {
		write(w, requestID, http.StatusOK, nil)
		return nil
	}
	b := newBuffer()
	defer b.free()
	if err := b.encode(output); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	write(w, requestID, http.StatusOK, b.document())
	return nil
}

// WriteError answers with an exception.
func WriteError(w http.ResponseWriter, requestID string, e Error) {
	b := newBuffer()
	defer b.free()
	document := struct {
		Type    string `json:"__type"`
		Message string `json:"message,omitempty"`
	}{e.Code, e.Message}
	if err := b.encoder.Encode(document); err != nil {
		panic(err) // two strings are always JSON
	}
	write(w, requestID, e.Status, b.document())
}

func write(w http.ResponseWriter, requestID string, status int, body []byte) {
	header := w.Header()
	header[RequestIDHeader] = []string{requestID}
	header["Cache-Control"] = cacheControl
	header["Content-Type"] = contentType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// maxKept bounds the buffers that are used again.
const maxKept = 64 << 10

// usualSize is more than most answers need.
const usualSize = 8 << 10

// buffer holds an answer.
type buffer struct {
	bytes.Buffer
	encoder *json.Encoder
}

var buffers = sync.Pool{New: func() any {
	b := &buffer{}
	b.encoder = json.NewEncoder(&b.Buffer)
	b.encoder.SetEscapeHTML(false)
	return b
}}

func newBuffer() *buffer {
	b, _ := buffers.Get().(*buffer)
	return b
}

// encode writes an output.
func (b *buffer) encode(output any) error {
	b.Grow(usualSize) // so that what may be secret is not left behind where it was before it grew
	plain, ok := appendPlain(b.AvailableBuffer(), output)
	if !ok {
		clear(plain)
		return b.encoder.Encode(output)
	}
	_, err := b.Write(plain)
	return err
}

// document is what was encoded, without the line break that an encoder adds.
func (b *buffer) document() []byte { return bytes.TrimSuffix(b.Bytes(), []byte("\n")) }

// free forgets the answer, which may hold secrets.
func (b *buffer) free() {
	clear(b.Bytes())
	b.Reset()
	if b.Cap() <= maxKept {
		buffers.Put(b)
	}
}
