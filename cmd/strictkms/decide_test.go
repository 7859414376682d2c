package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
)

// run executes a command line at a fixed time.
func run(in io.Reader, args ...string) (out, errw string, code int) {
	var stdout, stderr bytes.Buffer
	now := func() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }
	code = execute(context.Background(), args, streams{in: in, out: &stdout, err: &stderr}, now)
	return stdout.String(), stderr.String(), code
}

const request = `{"id":1,"principal":"arn:aws:iam::111122223333:root","action":"kms:ListKeys","resource":"*"}`

// TestDecideAnswersBeforeTheInputEnds shows that a program can ask, read the answer and ask again.
func TestDecideAnswersBeforeTheInputEnds(t *testing.T) {
	requests, asking := io.Pipe()
	answering, answers := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- errors.Join(runDecide(context.Background(), evaluator.Readings{}, requests, answers), answers.Close())
	}()
	r := bufio.NewReader(answering)
	for _, text := range []string{request + "\n", "\n" + request + "\n" + request[:10], request[10:] + "\n"} {
		_, err := io.WriteString(asking, text)
		require.NoError(t, err)
		answer, err := r.ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, answer, `{"id":1,"decision":`)
	}
	require.NoError(t, asking.Close())
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.NoError(t, <-done)
}

func TestDecideLongLines(t *testing.T) {
	long := strings.Replace(request, "{", "{"+strings.Repeat(" ", 200_000), 1)
	tooLong := strings.Replace(request, "{", "{"+strings.Repeat(" ", maxLineInBytes), 1)
	out, errw, code := run(strings.NewReader(long+"\n"+tooLong+"\n"+request), "decide")
	require.Empty(t, errw)
	require.Zero(t, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], `{"id":1,"decision":`)
	require.JSONEq(t, `{"id":null,"error":"line 2: the line has more than 16777216 bytes"}`, lines[1])
	require.Contains(t, lines[2], `{"id":1,"decision":`)
}

// TestDecideKeepsAnswers shows that answers are written even when the input then breaks.
func TestDecideKeepsAnswers(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(request+"\n"), iotest.ErrReader(errors.New("the disk is gone")))
	out, errw, code := run(broken, "decide")
	require.Contains(t, out, `{"id":1,"decision":`)
	require.Equal(t, "strictkms: read standard input: the disk is gone\n", errw)
	require.Equal(t, exitFailed, code)
}

// failingWriter is a standard output that takes nothing.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatFails(t *testing.T) {
	example := "../../examples/encryption-as-a-service/template.yaml"
	for _, args := range [][]string{
		{"decide"},
		{"version"},
		{"version", "--format", "json"},
		{"rego", example},
		{"can", "user/decryptor", "kms:Decrypt", "Key", "--load", example},
		{"can", "user/decryptor", "kms:Decrypt", "Key", "--load", example, "--format", "json"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			s := streams{in: strings.NewReader(request), out: failingWriter{}, err: &stderr}
			require.Equal(t, exitFailed, execute(context.Background(), args, s, time.Now)) //nolint:forbidigo // any time will do
			require.Equal(t, "strictkms: no space left\n", stderr.String())
		})
	}
}
