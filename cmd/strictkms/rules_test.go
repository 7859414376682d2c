package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRulesDocument holds docs/rules.md to the rules; with -update it is written.
func TestRulesDocument(t *testing.T) {
	var out bytes.Buffer
	out.WriteString("# The rules of strictkms audit\n\n" +
		"What [`strictkms audit`](audit.md) looks for. This page is made from the rules (`go test ./cmd/strictkms -update`); `strictkms rules CODE`\n" +
		"shows one of them. The examples are tests: in each bad one its rule finds something and no other rule does, in each good one nothing is found.\n\n")
	require.NoError(t, runRules(nil, formatMarkdown, &out))
	file := filepath.Join("..", "..", "docs", "rules.md")
	if *update {
		require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, out.String(), string(got), "go test ./cmd/strictkms -update rewrites the document")
}
