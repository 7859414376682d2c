package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	service "github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
	"github.com/strictkms/strictkms/store/mem"
)

const (
	account = "111122223333"
	// allowAll is what the tests' users may do, as far as the keys' policies leave it to IAM.
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`
	// allowNothing is what somebody may do who may do nothing here.
	allowNothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
)

// world is a server with everything that it stands on.
type world struct {
	url    string
	server *server.Server
	kms    *service.Service
	iam    *iam.Service
	trail  *trail.Trail
	log    *syncBuffer
	config server.Config
}

// start starts a server on the loopback interface.
func start(t testing.TB, mode enforce.Mode, change ...func(*server.Config)) *world {
	t.Helper()
	ctx := t.Context()
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(t, err)
	memory := mem.New()
	t.Cleanup(func() { require.NoError(t, memory.Close()) })
	w := &world{log: &syncBuffer{}}
	w.iam, err = iam.New(ctx, iam.Config{Store: memory, Sealer: root})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.iam.Close()) })
	require.NoError(t, w.iam.Edit(ctx, func(e *iam.Edit) error { return e.EnsureAccount(account, "aws") }))
	w.kms, err = service.New(ctx, service.Config{Store: memory, Root: root, Principals: w.iam})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.kms.Close()) })
	enforcer, err := enforce.New(enforce.Config{World: enforce.World(w.iam), Mode: mode})
	require.NoError(t, err)
	w.trail, err = trail.New(trail.Config{})
	require.NoError(t, err)
	w.config = server.Config{
		KMS: w.kms, Identities: w.iam, Enforcer: enforcer, Account: account, Region: "us-east-1", Trail: w.trail,
		Clock:   time.Now, //nolint:forbidigo // SDK clients sign with the time as it is
		Version: "test", Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&w.config)
	}
	w.server, err = server.New(w.config)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.url = "http://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		require.NoError(t, w.server.Shutdown(ctx))
		require.NoError(t, <-served)
		require.NoError(t, w.trail.Close())
	})
	return w
}

// user makes a user with a policy and returns credentials.
func (w *world) user(t testing.TB, name, policy string) iam.Credentials {
	t.Helper()
	require.NoError(t, w.iam.Edit(t.Context(), func(e *iam.Edit) error {
		return e.PutUser(&iam.UserDetail{
			Account: account, Name: name, Inline: []*iam.Policy{{Name: "p", Text: policy}},
		})
	}))
	return w.credentials(t, "arn:aws:iam::"+account+":user/"+name)
}

// role makes a role with a policy and returns credentials of a session.
func (w *world) role(t testing.TB, name, policy string) iam.Credentials {
	t.Helper()
	require.NoError(t, w.iam.Edit(t.Context(), func(e *iam.Edit) error {
		return e.PutRole(&iam.RoleDetail{
			Account: account, Name: name, Inline: []*iam.Policy{{Name: "p", Text: policy}},
		})
	}))
	return w.credentials(t, "arn:aws:iam::"+account+":role/"+name)
}

func (w *world) credentials(t testing.TB, arn string) iam.Credentials {
	t.Helper()
	c, err := w.iam.CredentialsFor(t.Context(), arn)
	require.NoError(t, err)
	return c
}

// client returns the SDK's client with credentials.
func (w *world) client(c iam.Credentials, options ...func(*kms.Options)) *kms.Client {
	return kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1, Credentials: provide(c),
	}, options...)
}

func provide(c iam.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{
			AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		}, nil
	})
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request as it is.
func send(t testing.TB, r *http.Request) answer {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{response.StatusCode, response.Header, string(body)}
}

// request makes a request of an operation.
func (w *world) request(t testing.TB, operation, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	r.Header.Set("X-Amz-Target", "TrentService."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	return r
}

// syncBuffer is a log that tests read while it is written.
type syncBuffer struct {
	lock sync.Mutex
	b    bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.b.String()
}
