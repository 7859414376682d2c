package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/seed"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// liveServer is a server in mode strict that holds a world, with a clock and a network under the test's control. It
// serves one call after another.
type liveServer struct {
	url        string
	identities *iam.Service
	keys       *kms.Service
	clock      atomic.Pointer[time.Time]
	// peer and plain are where the next call seems to come from, and whether without TLS.
	peer  string
	plain bool
	// endpoint is the VPC endpoint that the next call comes through, nil for none.
	endpoint *enforce.Endpoint
	// call is what the last call asked the enforcer, nil when it did not come so far.
	call *enforce.Call
}

// Do implements [server.Operations]: it notes who decides for the call.
func (l *liveServer) Do(ctx context.Context, call *kms.Call, operation string, input []byte) (kms.Result, error) {
	l.call, _ = call.Authorizer.(*enforce.Call)
	return l.keys.Do(ctx, call, operation, input)
}

// planted is what the store of a world has at first, so that its keys are made once, and not for each case that changes
// something: making those of RSA takes most of the time.
type planted struct {
	root    *material.Root
	entries []store.Entry
}

// plantings are the stores of the worlds so far.
type plantings map[*source.World]*planted

// of returns the store of a world, which is new and the caller's.
func (p plantings) of(t *testing.T, world *source.World, clock func() time.Time) (*mem.Store, *material.Root) {
	t.Helper()
	ctx, memory := t.Context(), mem.New()
	if made := p[world]; made != nil {
		for entries := range slices.Chunk(made.entries, 100) {
			tx := store.Tx{}
			for _, entry := range entries {
				tx.Changes = append(tx.Changes, store.Change{Key: entry.Key, Value: entry.Value})
			}
			_, err := memory.Commit(ctx, tx)
			require.NoError(t, err)
		}
		return memory, made.root
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	root, err := material.NewRoot(secret)
	require.NoError(t, err)
	identities, err := iam.New(ctx, iam.Config{Store: memory, Sealer: root, Clock: clock})
	require.NoError(t, err)
	keys, err := kms.New(ctx, kms.Config{Store: memory, Root: root, Clock: clock, Principals: identities})
	require.NoError(t, err)
	_, err = seed.Apply(ctx, world, identities, keys, seed.Options{})
	require.NoError(t, err)
	require.NoError(t, keys.Close())
	require.NoError(t, identities.Close())
	entries, _, err := memory.Range(ctx, "", "", 0)
	require.NoError(t, err)
	p[world] = &planted{root, entries}
	return memory, root
}

// startLive starts a server with a world.
func startLive(t *testing.T, worlds plantings, held worldRead, now time.Time) *liveServer {
	t.Helper()
	world := held.world
	l := &liveServer{}
	l.clock.Store(&now)
	clock := func() time.Time { return *l.clock.Load() }
	memory, root := worlds.of(t, world, clock)
	var err error
	l.identities, err = iam.New(t.Context(), iam.Config{Store: memory, Sealer: root, Clock: clock})
	require.NoError(t, err)
	l.keys, err = kms.New(t.Context(), kms.Config{Store: memory, Root: root, Clock: clock, Principals: l.identities})
	require.NoError(t, err)
	enforcer, err := enforce.New(enforce.Config{
		World: enforce.World(l.identities), Mode: enforce.Strict, Clock: clock, Readings: held.readings,
	})
	require.NoError(t, err)
	front, err := server.New(server.Config{
		KMS: l, Identities: l.identities, Enforcer: enforcer, Account: world.Defaults.Account, Region: world.Defaults.Region,
		Clock: clock, Endpoint: func(*http.Request) *enforce.Endpoint { return l.endpoint },
	})
	require.NoError(t, err)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.peer != "" {
			r.RemoteAddr = net.JoinHostPort(l.peer, "40000")
		}
		if l.plain { // the loopback interface stands for TLS
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}))
		}
		front.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		listener.Close()
		require.NoError(t, l.keys.Close())
		require.NoError(t, l.identities.Close())
	})
	l.url = listener.URL
	return l
}

// permissive decides for the test itself, which needs ciphertexts.
type permissive struct{}

func (permissive) Authorize(context.Context, *kms.Access) error     { return nil }
func (permissive) Would(context.Context, *kms.Access) (bool, error) { return true, nil }

// send signs and sends a call and returns the exception it got, empty for none.
func (l *liveServer) send(t *testing.T, c *liveCall) string {
	t.Helper()
	body, err := json.Marshal(c.input)
	require.NoError(t, err)
	l.call, l.peer, l.plain, l.endpoint = nil, c.peer, c.plain, nil
	if c.endpoint != "" {
		l.endpoint = &enforce.Endpoint{ID: c.endpoint}
		if doc := l.identities.EndpointPolicy(c.endpoint); doc != nil {
			l.endpoint.Policies = []*policy.Document{doc}
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "TrentService."+c.operation)
	request.Header.Set("User-Agent", "corpus")
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	digest := sha256.Sum256(body)
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{
		AccessKeyID: c.credentials.AccessKeyID, SecretAccessKey: c.credentials.SecretAccessKey,
		SessionToken: c.credentials.SessionToken,
	}, request, hex.EncodeToString(digest[:]), "kms", c.region, *l.clock.Load()))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	if response.StatusCode == http.StatusOK {
		return ""
	}
	var exception struct {
		Code string `json:"__type"`
	}
	require.NoError(t, json.Unmarshal(answer, &exception), "%s", answer)
	require.NotEmpty(t, exception.Code)
	return exception.Code
}
