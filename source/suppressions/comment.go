package suppressions

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// comment is a YAML comment such as "# strictkms:ignore KP304,KP305 the vault needs it".
var comment = regexp.MustCompile(`(?:^|[ \t])#[ \t]*strictkms:ignore(?:[ \t]+([^ \t\r]+)[ \t]*([^\r]*?))?[ \t\r]*$`)

// Comments finds the suppressions in the comments of a YAML file. One that stands alone is for the line below it, one
// behind a value for its own line, and both for all that is indented deeper below that line. JSON has no comments.
func Comments(file string, src []byte) []Suppression {
	if bytes.HasPrefix(bytes.TrimSpace(src), []byte("{")) {
		return nil
	}
	lines := strings.Split(string(src), "\n")
	var out []Suppression
	for i, line := range lines {
		m := comment.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		part := func(n int) string {
			if m[n] < 0 {
				return ""
			}
			return line[m[n]:m[n+1]]
		}
		at := strings.IndexByte(line[m[0]:], '#') + m[0]
		first := i
		if strings.TrimSpace(line[:at]) == "" {
			first = nextContent(lines, i+1)
		}
		for rule := range strings.SplitSeq(part(2), ",") {
			out = append(out, Suppression{
				Rule: rule, Reason: part(4), Origin: FromComment, File: file,
				Pos:  policy.Position{File: file, Line: i + 1, Column: at + 1},
				From: policy.Position{File: file, Line: first + 1, Column: 1},
				To:   policy.Position{File: file, Line: endOfBlock(lines, first) + 1, Column: 1},
			})
		}
	}
	return out
}

// nextContent is the first line from i on that is neither empty nor a comment, or the number of lines.
func nextContent(lines []string, i int) int {
	for i < len(lines) && !hasContent(lines[i]) {
		i++
	}
	return i
}

func hasContent(line string) bool {
	text := strings.TrimSpace(line)
	return text != "" && !strings.HasPrefix(text, "#")
}

// endOfBlock is the line after the last one that belongs to what begins on line first: those that are indented deeper,
// and the items of a list under a name, which may be indented as the name is.
func endOfBlock(lines []string, first int) int {
	if first >= len(lines) {
		return first
	}
	depth := indent(lines[first])
	item := isItem(lines[first])
	end := first + 1
	for i := first + 1; i < len(lines); i++ {
		if !hasContent(lines[i]) {
			continue
		}
		if d := indent(lines[i]); d < depth || d == depth && (item || !isItem(lines[i])) {
			break
		}
		end = i + 1
	}
	return end
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func isItem(line string) bool {
	text := strings.TrimSpace(line)
	return text == "-" || strings.HasPrefix(text, "- ")
}
