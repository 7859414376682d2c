package corpus

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// swept is a page of testdata/decisions/SWEEP.md: for each example of a policy the notes of its cases.
type swept struct {
	guide, page string
	examples    [][]string
}

// guides are the repositories of the guides by what their pages' addresses begin with.
var guides = map[string]string{
	"https://docs.aws.amazon.com/kms/latest/developerguide/": "aws-kms-developer-guide",
	"https://docs.aws.amazon.com/IAM/latest/UserGuide/":      "iam-user-guide",
}

var (
	sweptPage    = regexp.MustCompile(`^### \[(.+)\]\((.+/)(.+)\.html\)$`)
	sweptExample = regexp.MustCompile(`^\d+\. .*:$`)
	sweptNote    = regexp.MustCompile("^   - `(.+)`$")
)

func readSweep(t *testing.T) []swept {
	t.Helper()
	text, err := os.ReadFile("../../testdata/decisions/SWEEP.md")
	require.NoError(t, err)
	var pages []swept
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if m := sweptPage.FindStringSubmatch(line); m != nil {
			require.Equal(t, m[1], m[3], "the title of a page and its address")
			require.Contains(t, guides, m[2])
			pages = append(pages, swept{guide: m[2], page: m[3]})
			continue
		}
		if len(pages) == 0 {
			continue // the introduction
		}
		p := &pages[len(pages)-1]
		if sweptExample.MatchString(line) {
			p.examples = append(p.examples, nil)
		} else if m := sweptNote.FindStringSubmatch(line); m != nil {
			at := len(p.examples) - 1
			p.examples[at] = append(p.examples[at], m[1])
		} else if line != "" && !strings.HasPrefix(line, "## ") {
			require.Fail(t, "a line of no known form", line)
		}
	}
	return pages
}

// TestSweep holds the list of the guides' examples against the cases: every example has one at least, and every case of
// the files that hold nothing but examples is in the list.
func TestSweep(t *testing.T) {
	cases, err := Load("../../testdata/decisions")
	require.NoError(t, err)
	byNote := map[string]Case{}
	for _, c := range cases {
		byNote[c.Note] = c
	}
	listed := map[string]bool{}
	for _, p := range readSweep(t) {
		require.NotEmpty(t, p.examples, p.page)
		for i, notes := range p.examples {
			assert.NotEmpty(t, notes, "%s, example %d", p.page, i+1)
			for _, note := range notes {
				listed[note] = true
				c, ok := byNote[note]
				assert.True(t, ok, "%s, example %d: there is no case %q", p.page, i+1, note)
				assert.True(t, strings.HasPrefix(c.Source, p.guide), "%s, example %d: %q is of another guide", p.page, i+1, note)
			}
		}
	}
	for _, c := range cases {
		switch filepath.Base(c.File) {
		case "guide-conditions.yaml", "guide-examples.yaml":
			assert.True(t, listed[c.Note], "%s:%d: %q is not in SWEEP.md", c.File, c.Line, c.Note)
		}
	}
}

// fence begins and ends a block of code in the guides.
var fence = regexp.MustCompile("^[ \t]*```")

// TestSweepIsWhole counts the examples of every page of the guides, where a copy of them is at hand: STRICTKMS_GUIDES is
// a folder with https://github.com/awsdocs/aws-kms-developer-guide and https://github.com/awsdocs/iam-user-guide.
func TestSweepIsWhole(t *testing.T) {
	dir := os.Getenv("STRICTKMS_GUIDES")
	if dir == "" {
		t.Skip("STRICTKMS_GUIDES does not name a folder with the guides")
	}
	counted := map[string]int{}
	for _, p := range readSweep(t) {
		counted[guides[p.guide]+"/"+p.page] = len(p.examples)
	}
	found := map[string]int{}
	for _, guide := range guides {
		pages, err := filepath.Glob(filepath.Join(dir, guide, "doc_source", "*.md"))
		require.NoError(t, err)
		require.NotEmpty(t, pages, guide)
		for _, file := range pages {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			if n := examples(string(text)); n > 0 {
				found[guide+"/"+strings.TrimSuffix(filepath.Base(file), ".md")] = n
			}
		}
	}
	require.Equal(t, found, counted)
}

// examples counts the blocks of code with a policy about KMS.
func examples(page string) int {
	count, block, inside := 0, "", false
	for line := range strings.Lines(page) {
		switch {
		case !fence.MatchString(line):
			block += line
		case inside:
			inside = false
			if strings.Contains(block, `"Effect"`) && strings.Contains(block, "kms") {
				count++
			}
		default:
			inside, block = true, ""
		}
	}
	return count
}
