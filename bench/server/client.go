package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// request is one HTTP request, signed and written out, that can be sent any number of times.
type request struct {
	operation string
	raw       []byte
}

// newRequest signs a call as an SDK does (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
func newRequest(ctx context.Context, h hello, operation string, body []byte) (request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.Address+"/", bytes.NewReader(body))
	if err != nil {
		return request{}, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "TrentService."+operation)
	r.Header.Set("User-Agent", "bench")
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: h.AccessKeyID, SecretAccessKey: h.SecretAccessKey}
	if h.AccessKeyID != "" {
		err = v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "kms", "us-east-1", time.Now())
		if err != nil {
			return request{}, err
		}
	}
	var raw bytes.Buffer
	if err := r.Write(&raw); err != nil {
		return request{}, err
	}
	return request{operation: operation, raw: raw.Bytes()}, nil
}

// connection is a connection to a server.
type connection struct {
	conn   net.Conn
	reader *bufio.Reader
}

func dial(ctx context.Context, address string) (*connection, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, reader: bufio.NewReader(conn)}, nil
}

// send sends a request and returns the body of the answer. An answer other than 200 is an error.
func (c *connection) send(r request) ([]byte, error) {
	if _, err := c.conn.Write(r.raw); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", r.operation, response.Status, body)
	}
	return body, nil
}

func (c *connection) close() { _ = c.conn.Close() }
