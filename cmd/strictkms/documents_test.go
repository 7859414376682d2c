package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/stockopa"
)

var update = flag.Bool("update", false, "write what the commands print into the documents")

// TestDocuments runs the commands of the documents and compares what they print with what the documents say: all
// blocks marked console whose commands are strictkms or opa.
func TestDocuments(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	readmes, err := filepath.Glob(filepath.Join(root, "examples", "*", "README.md"))
	require.NoError(t, err)
	require.NotEmpty(t, readmes)
	for _, file := range append(readmes, documents(t, root)...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		name, err := filepath.Rel(root, file)
		require.NoError(t, err)
		t.Run(name, func(t *testing.T) {
			t.Chdir(root)
			blocks := strings.Split(string(text), "```")
			for i, block := range blocks {
				if commands, ok := strings.CutPrefix(block, "console\n"); ok && i%2 == 1 && runnable(commands) {
					blocks[i] = "console\n" + replay(t, commands)
				}
			}
			if got := strings.Join(blocks, "```"); *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			} else {
				require.Equal(t, string(text), got, "go test ./cmd/strictkms -update rewrites the documents")
			}
		})
	}
}

// documents are the documents besides the examples' that may show commands.
func documents(t *testing.T, root string) []string {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	return append(pages, filepath.Join(root, "README.md"))
}

// runnable reports whether every command of a block can be run here: verify needs an account.
func runnable(commands string) bool {
	for line := range strings.Lines(commands) {
		if command, ok := strings.CutPrefix(line, "$ "); ok &&
			(!strings.HasPrefix(command, "strictkms ") && !strings.HasPrefix(command, "opa ") || strings.HasPrefix(command, "strictkms verify ")) {
			return false
		}
	}
	return true
}

// replay returns a block with what its commands print now.
func replay(t *testing.T, commands string) string {
	t.Helper()
	dir := t.TempDir()
	var out strings.Builder
	lines := strings.SplitAfter(commands, "\n")
	for i := 0; i < len(lines); i++ {
		if !strings.HasPrefix(lines[i], "$ ") {
			continue // what was printed before
		}
		command := strings.TrimPrefix(lines[i], "$ ")
		out.WriteString(lines[i])
		for strings.HasSuffix(command, "\\\n") {
			i++
			command = strings.TrimSuffix(command, "\\\n") + lines[i]
			out.WriteString(lines[i])
		}
		out.WriteString(runShown(t, dir, command))
	}
	return out.String()
}

// runShown runs one command and returns what it prints. Bundles are written to dir.
func runShown(t *testing.T, dir, command string) string {
	t.Helper()
	args := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if args[0] == "opa" { // its last argument is a query, in quotes
		before, query, _ := strings.Cut(command, "'")
		args = append(strings.Fields(before), strings.TrimSuffix(strings.TrimSpace(query), "'"))
	}
	for i, arg := range args {
		if strings.HasSuffix(arg, ".tar.gz") {
			args[i] = filepath.Join(dir, arg)
		}
	}
	if args[0] == "opa" {
		out, err := exec.CommandContext(t.Context(), stockopa.Path(t), args[1:]...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	var in []byte
	if at := slices.Index(args, "<"); at > 0 {
		var err error
		in, err = os.ReadFile(args[at+1])
		require.NoError(t, err)
		args = args[:at]
	}
	var out, errs bytes.Buffer
	code := execute(t.Context(), args[1:], streams{in: bytes.NewReader(in), out: &out, err: &errs},
		func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) })
	require.Contains(t, []int{0, 1, exitConditional}, code, "%s: %s", command, errs.String())
	return out.String()
}
