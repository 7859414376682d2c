package iam

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// A session token is the unpadded URL-safe base64 of
//
//	offset 0: 1 byte, the version of the format, 1
//	offset 1: the claims, as deflated JSON, sealed under the root key and bound to the access key id
//
// It says everything about the session, so that the server keeps no sessions: a token outlives a restart, and every
// replica with the same root key takes it. Its holder cannot read it.
const tokenVersion = 1

const (
	// maxTokenLength bounds what is decoded: the claims of a session are far below it.
	maxTokenLength = 16 << 10
	// maxClaims bounds what is inflated.
	maxClaims = 64 << 10
	// maxPacked is how many bytes session policies and tags may have when they are deflated. AWS has such a limit,
	// and does not tell how large it is
	// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, PackedPolicySize).
	maxPacked = 4 << 10
)

// The kinds of session.
const (
	sessionRole = "role"
	sessionUser = "user"
	sessionRoot = "root"
)

// claims is what a session token says.
type claims struct {
	Kind           string            `json:"k"`
	Account        string            `json:"a"`
	Name           string            `json:"n,omitempty"` // of the user or role
	ID             string            `json:"i"`           // its unique id
	Federated      bool              `json:"f,omitempty"`
	Session        string            `json:"s,omitempty"` // the name of the role session or of the federated user
	Secret         string            `json:"x"`
	Issued         int64             `json:"t"`
	Expires        int64             `json:"e"`
	MFA            int64             `json:"m,omitempty"`
	Limited        bool              `json:"l,omitempty"`
	Policies       []string          `json:"p,omitempty"`
	PolicyARNs     []string          `json:"q,omitempty"`
	Tags           map[string]string `json:"g,omitempty"`
	TransitiveTags []string          `json:"h,omitempty"`
	SourceIdentity string            `json:"o,omitempty"`
	Provider       string            `json:"r,omitempty"`
}

// tokenLabel binds a token to its access key.
func tokenLabel(accessKeyID string) string { return "iam session token " + accessKeyID }

// seal makes the token.
func (c *claims) seal(sealer Sealer, accessKeyID string) (string, error) {
	packed, err := deflate(c)
	if err != nil {
		return "", err
	}
	sealed, err := sealer.Seal(tokenLabel(accessKeyID), packed)
	if err != nil {
		return "", fmt.Errorf("sealing a session token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append([]byte{tokenVersion}, sealed...)), nil
}

// openToken reads a token. Whatever is wrong with it, the error is the same.
func openToken(sealer Sealer, accessKeyID, token string) (*claims, error) {
	if len(token) > maxTokenLength {
		return nil, ErrInvalidToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < 1 || raw[0] != tokenVersion {
		return nil, ErrInvalidToken
	}
	packed, err := sealer.Open(tokenLabel(accessKeyID), raw[1:])
	if err != nil {
		return nil, ErrInvalidToken
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxClaims))
	if err != nil {
		return nil, ErrInvalidToken
	}
	c := &claims{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, ErrInvalidToken
	}
	return c, nil
}

// packedSize says how much of the space for session policies and tags is used, in percent.
func packedSize(o SessionOptions) (int, error) {
	if len(o.Policies)+len(o.PolicyARNs)+len(o.Tags)+len(o.TransitiveTags) == 0 {
		return 0, nil
	}
	packed, err := deflate(&claims{Policies: o.Policies, PolicyARNs: o.PolicyARNs, Tags: o.Tags, TransitiveTags: o.TransitiveTags})
	if err != nil {
		return 0, err
	}
	percent := (len(packed)*100 + maxPacked - 1) / maxPacked
	if percent > 100 {
		return 0, failf(CodePackedPolicyTooLarge, "Packed policy consumes %d%% of allotted space, please use smaller policy.", percent)
	}
	return percent, nil
}

func deflate(c *claims) ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding a session: %w", err)
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("packing a session: %w", err)
	}
	return out.Bytes(), nil
}
