package sts

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var messageOperations = []operationOf{
	answers("DecodeAuthorizationMessage", decodeAuthorizationMessage),
}

type decodeAuthorizationMessageInput struct {
	EncodedMessage *string `sts:"required,min=1,max=10240"`
}

type decodeAuthorizationMessageOutput struct{ DecodedMessage string }

// decodeAuthorizationMessage reads an encoded message about why a call was denied
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html). It knows those of this
// server only.
func decodeAuthorizationMessage(c *call, in *decodeAuthorizationMessageInput) (*decodeAuthorizationMessageOutput, error) {
	if err := c.authorize("sts:DecodeAuthorizationMessage", "*", nil); err != nil {
		return nil, err
	}
	invalid := operation.Errorf("InvalidAuthorizationMessageException", "Message is not valid")
	if c.service.config.Messages == nil {
		return nil, invalid
	}
	text, err := c.service.config.Messages.decode(c.Account, *in.EncodedMessage)
	if err != nil {
		invalid.Cause = err
		return nil, invalid
	}
	return &decodeAuthorizationMessageOutput{string(text)}, nil
}

// An encoded authorization message is the unpadded URL-safe base64 of
//
//	offset 0: 1 byte, the version of the format, 1
//	offset 1: deflated JSON, sealed under the root key and bound to the account of whom it is told
const messageVersion = 1

// maxMessage is how long an encoded message may be (the API's model, EncodedMessage), maxText how long what is in it.
const (
	maxMessage = 10240
	maxText    = 64 << 10
)

// ErrTooLong says that a message does not fit.
var ErrTooLong = errors.New("the authorization message is too long")

// Messages encodes authorization messages, and decodes them. It is safe for concurrent use.
type Messages struct {
	sealer  iam.Sealer
	writers sync.Pool // of *flate.Writer, which are large
}

// NewMessages returns messages that are sealed.
func NewMessages(sealer iam.Sealer) *Messages {
	return &Messages{sealer: sealer, writers: sync.Pool{New: func() any {
		w, err := flate.NewWriter(nil, flate.BestSpeed)
		if err != nil {
			panic(err) // the level is one
		}
		return w
	}}}
}

// messageLabel binds a message to an account.
func messageLabel(account string) string { return "sts authorization message " + account }

// Encode encodes what callers of an account may be told, as JSON.
func (m *Messages) Encode(account string, text []byte) (string, error) {
	if len(text) > maxText {
		return "", ErrTooLong
	}
	var packed bytes.Buffer
	w, _ := m.writers.Get().(*flate.Writer)
	defer m.writers.Put(w)
	w.Reset(&packed)
	_, err := w.Write(text)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("packing an authorization message: %w", err)
	}
	sealed, err := m.sealer.Seal(messageLabel(account), packed.Bytes())
	if err != nil {
		return "", fmt.Errorf("sealing an authorization message: %w", err)
	}
	encoded := base64.RawURLEncoding.EncodeToString(append([]byte{messageVersion}, sealed...))
	if len(encoded) > maxMessage {
		return "", ErrTooLong
	}
	return encoded, nil
}

// decode is the reverse of Encode.
func (m *Messages) decode(account, encoded string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	switch {
	case err != nil:
		return nil, fmt.Errorf("decoding an authorization message: %w", err)
	case len(raw) < 1 || raw[0] != messageVersion:
		return nil, errors.New("decoding an authorization message: it has another version")
	}
	packed, err := m.sealer.Open(messageLabel(account), raw[1:])
	if err != nil {
		return nil, fmt.Errorf("opening an authorization message: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxText))
	if err != nil {
		return nil, fmt.Errorf("unpacking an authorization message: %w", err)
	}
	return text, nil
}
