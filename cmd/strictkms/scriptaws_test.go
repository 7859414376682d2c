package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// awsCLI starts a process that runs the AWS CLI for the scripts, and returns the directory with the program aws that has it
// do so: a command takes a tenth of the time then. It is empty where the AWS CLI is not one of the Python on the path; the
// scripts run aws itself then.
func awsCLI(t *testing.T) string {
	t.Helper()
	if exec.Command("python3", "-c", "import awscli.clidriver").Run() != nil {
		return ""
	}
	dir := t.TempDir()
	server := exec.Command("python3", filepath.Join("testdata", "aws", "server.py"), dir)
	var problems strings.Builder
	server.Stderr = &problems
	output, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // that it was killed
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Logf("the scripts run aws itself: %v: %s", err, &problems)
		return ""
	}
	return dir
}

// TestAWSCLI: what the scripts run in the place of aws does what aws does.
func TestAWSCLI(t *testing.T) {
	dir := awsCLI(t)
	if dir == "" {
		t.Skip("skipped: no python3 with awscli on this machine")
	}
	itself, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("skipped: no aws on this machine")
	}
	for _, arguments := range [][]string{
		{"--version"},
		{"kms", "encrypt", "--key-id", "alias/app", "--plaintext", "fileb:///dev/stdin"}, // no credentials
		{"kms", "describe-keys"},
	} {
		var results []string
		for _, program := range []string{itself, filepath.Join(dir, "aws")} {
			command := exec.Command(program, arguments...)
			command.Env = []string{
				"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION=us-east-1",
			}
			command.Stdin = strings.NewReader("a secret")
			var stdout, stderr strings.Builder
			command.Stdout, command.Stderr = &stdout, &stderr
			status := 0
			if exit, ok := errors.AsType[*exec.ExitError](command.Run()); ok {
				status = exit.ExitCode()
			}
			results = append(results, fmt.Sprintf("status %d\nstdout %s\nstderr %s", status, &stdout, &stderr))
		}
		require.Equal(t, results[0], results[1], "%v", arguments)
	}
}
