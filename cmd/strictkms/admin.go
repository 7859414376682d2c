package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/strictkms/strictkms/server/trail"
)

// admin asks a running server about itself.
type admin struct{ base *url.URL }

// adminTimeout bounds one question to a server.
const adminTimeout = 30 * time.Second

func newAdmin(endpoint string) (*admin, error) {
	base, err := url.Parse(endpoint)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("--endpoint %q: expected a URL, for example http://127.0.0.1:4566", endpoint)
	}
	return &admin{base: base}, nil
}

// explain asks why a call went as it did.
func (a *admin) explain(ctx context.Context, requestID string) (*trail.Explanation, error) {
	var e trail.Explanation
	found, err := a.ask(ctx, &e, trail.ExplainPath+url.PathEscape(requestID), nil)
	if err == nil && !found {
		err = fmt.Errorf("%s knows no call with the request id %q", a.base, requestID)
	}
	return &e, err
}

// denied asks for the recent calls of an access key that were denied, oldest first.
func (a *admin) denied(ctx context.Context, accessKeyID string) ([]string, error) {
	var calls trail.DeniedCalls
	found, err := a.ask(ctx, &calls, trail.DeniedPath, url.Values{"access-key-id": {accessKeyID}})
	if err == nil && !found {
		err = fmt.Errorf("%s is not a strictkms server, or one that keeps no decisions", a.base)
	}
	return calls.RequestIDs, err
}

// ask gets a document of the server's, false when there is none.
func (a *admin) ask(ctx context.Context, answer any, path string, query url.Values) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	target := a.base.JoinPath(path)
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return false, err
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // asking the server that the user names is the purpose
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			return false, fmt.Errorf("%s is not a strictkms server: %w", a.base, err)
		}
		return true, nil
	case http.StatusNotFound:
		return false, nil
	default:
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return false, fmt.Errorf("%s answered %s: %s", a.base, response.Status, strings.TrimSpace(string(text)))
	}
}
