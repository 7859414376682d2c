package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// The corpus names its keys in words, key/main, so that people can read it. A server's keys have ids that are UUIDs:
// copiedCorpus writes a copy of the corpus with an id for each word, line by line, and returns its directory.
func copiedCorpus(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := t.TempDir()
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(out, filepath.Base(file)), withKeyIDs(t, src), 0o600))
	}
	return out
}

// keyID is the id of a key that the corpus names in a word.
func keyID(word string) string {
	digest := sha256.Sum256([]byte(word))
	if strings.HasPrefix(word, "mrk-") {
		return "mrk-" + hex.EncodeToString(digest[:16])
	}
	id, _ := uuid.FromBytes(digest[:16])
	return id.String()
}

// keyName is where a world gives a key its name.
type keyName struct{ line, column int }

// keyNames finds the names of keys: the members of "keys" of the accounts.
func keyNames(n *yaml.Node, names map[keyName]string) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "keys" && child.Kind == yaml.MappingNode {
			for j := 0; j < len(child.Content); j += 2 {
				name := child.Content[j]
				names[keyName{name.Line, name.Column}] = name.Value
			}
		}
		keyNames(child, names)
	}
}

var (
	// inARN finds a name in an ARN, with the wildcards that stand for parts of it.
	inARN = regexp.MustCompile(`\bkey/([A-Za-z0-9?*-]+)`)
	// atEnd finds the end of a name in the pattern of an ARN.
	atEnd = regexp.MustCompile(`[0-9]{12}:(\*[a-z]+)`)
	// asMember finds a name that is the value of a member: request.key, and the tag that some patterns take it from,
	// or the default of that tag.
	asMember = regexp.MustCompile(`\bkey(?:: "?|, ')([A-Za-z0-9-]+)`)
	wordly   = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	// session finds the sessions with a name of one letter. STS wants two.
	session = regexp.MustCompile(`(role/[A-Za-z0-9./-]+/|AROA[A-Z0-9]+:)([a-z])([", ])`)
)

func withKeyIDs(t *testing.T, src []byte) []byte {
	t.Helper()
	var root yaml.Node
	require.NoError(t, yaml.Load(src, &root))
	names := map[keyName]string{}
	keyNames(&root, names)
	words := map[string]bool{}
	for at, name := range names {
		if _, word, ok := strings.Cut(name, ":key/"); ok {
			delete(names, at) // an ARN
			name = word
		}
		words[name] = true
	}
	lines := strings.SplitAfter(string(src), "\n")
	for i, line := range lines {
		at := strings.IndexFunc(line, func(r rune) bool { return r != ' ' }) + 1
		if name, ok := names[keyName{i + 1, at}]; ok && strings.HasPrefix(line[at-1:], name) {
			line = line[:at-1] + keyID(name) + line[at-1+len(name):]
			delete(names, keyName{i + 1, at})
		}
		line = replaceName(inARN, line, func(name string) string { return patternOf(name, words) })
		line = replaceName(atEnd, line, func(name string) string { return patternOf(name, words) })
		line = session.ReplaceAllString(line, "$1$2$2$3")
		lines[i] = replaceName(asMember, line, func(name string) string {
			if words[name] {
				return keyID(name)
			}
			return name
		})
	}
	for at, name := range names { // in the middle of a line: from the end, so that columns stay right
		require.Fail(t, "a key is named within a line", "%v %s", at, name)
	}
	return []byte(strings.Join(lines, ""))
}

func replaceName(where *regexp.Regexp, line string, with func(string) string) string {
	return where.ReplaceAllStringFunc(line, func(found string) string {
		name := where.FindStringSubmatch(found)[1]
		return strings.TrimSuffix(found, name) + with(name)
	})
}

// patternOf is the id of a name, or for a pattern the same pattern of the id that the name matches.
func patternOf(name string, words map[string]bool) string {
	if wordly.MatchString(name) {
		return keyID(name)
	}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		id := keyID(word)
		if prefix, ok := strings.CutSuffix(name, "*"); ok && wordly.MatchString(prefix) && strings.HasPrefix(word, prefix) {
			return id[:len(prefix)] + "*"
		}
		if suffix, ok := strings.CutPrefix(name, "*"); ok && wordly.MatchString(suffix) && strings.HasSuffix(word, suffix) {
			return "*" + id[len(id)-len(suffix):]
		}
		if at := strings.IndexByte(name, '?'); at >= 0 && len(word) == len(name) && word[:at] == name[:at] && word[at+1:] == name[at+1:] {
			return id[:at] + "?" + id[at+1:]
		}
	}
	return name
}
