package main

import (
	"bufio"
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
	require.NoError(t, err, "%s", &problems)
	require.Equal(t, "ready\n", line)
	return dir
}
