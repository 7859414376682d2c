package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

// process is a strictkms serve of a test: the program itself, in a process of its own.
type process struct {
	cmd       *exec.Cmd
	data, url string
	log       *processLog
	ended     chan error
}

// startProcess starts strictkms serve on a data directory and waits until it serves.
func startProcess(t testing.TB, data string, args ...string) *process {
	t.Helper()
	p := &process{data: data, log: &processLog{started: make(chan struct{})}, ended: make(chan error, 1)}
	p.cmd = exec.CommandContext(t.Context(), programPath(t), append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, args...)...)
	p.cmd.Stderr = p.log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	go func() { p.ended <- p.cmd.Wait() }()
	select {
	case <-p.log.started:
	case err := <-p.ended:
		t.Fatalf("strictkms serve ended: %v\n%s", err, p.log)
	case <-time.After(30 * time.Second):
		t.Fatalf("strictkms serve does not start:\n%s", p.log)
	}
	p.url = p.log.url
	return p
}

// programPath is the program that testscript.Main made of this test binary.
func programPath(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("strictkms")
	require.NoError(t, err)
	return program
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	p.ended <- <-p.ended
}

// stop asks the server to end, which it has to do without an error.
func (p *process) stop(t testing.TB) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	err := <-p.ended
	p.ended <- err
	require.NoError(t, err, "%s", p.log)
}

// client returns a client of its own connections, which signs as a profile of the credentials file and tries once.
func (p *process) client(t testing.TB, profileName string) *kms.Client {
	t.Helper()
	found, err := readProfile(filepath.Join(p.data, "credentials"), profileName)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(p.url), RetryMaxAttempts: 1,
		HTTPClient:  &http.Client{Transport: transport, Timeout: time.Minute},
		Credentials: credentials.NewStaticCredentialsProvider(found.AccessKeyID, found.SecretAccessKey, ""),
	})
}

// get returns a page of the server.
func (p *process) get(t testing.TB, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// processLog is what a server prints.
type processLog struct {
	lock    sync.Mutex
	text    bytes.Buffer
	url     string
	started chan struct{} // closed when url is known
}

func (l *processLog) Write(b []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.text.Write(b)
	if l.url != "" {
		return len(b), nil
	}
	for line := range strings.Lines(l.text.String()) {
		if match := startLine.FindStringSubmatch(line); match != nil && strings.HasSuffix(line, "\n") {
			l.url = match[1]
			close(l.started)
		}
	}
	return len(b), nil
}

func (l *processLog) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

// codeOf is the code of an exception, empty for an error that is not an answer.
func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}
