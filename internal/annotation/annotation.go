// Package annotation writes findings in the forms that CI systems read: the workflow commands of GitHub Actions, and
// text that XML can hold.
package annotation

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Level says how bad a finding is.
type Level string

// The levels of GitHub
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-a-notice-message).
const (
	Notice  Level = "notice"
	Warning Level = "warning"
	Error   Level = "error"
)

// Annotation is a finding at a place of a file. What is empty or 0 is left out.
type Annotation struct {
	Level                            Level
	File                             string
	Line, EndLine, Column, EndColumn int
	Title, Message                   string
}

// String is the workflow command that shows the annotation in GitHub, without a line end.
func (a Annotation) String() string {
	var properties []string
	add := func(name, value string) {
		if value != "" && value != "0" {
			properties = append(properties, name+"="+propertyEscapes.Replace(value))
		}
	}
	number := func(name string, n int) { add(name, strconv.Itoa(n)) }
	add("file", a.File)
	number("line", a.Line)
	number("endLine", a.EndLine)
	number("col", a.Column)
	number("endColumn", a.EndColumn)
	add("title", a.Title)
	text := "::" + string(a.Level)
	if len(properties) > 0 {
		text += " " + strings.Join(properties, ",")
	}
	return text + "::" + dataEscapes.Replace(a.Message)
}

// What ends a message or a property is escaped
// (https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts, escapeData and escapeProperty).
var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// XMLText replaces the characters that XML cannot hold, not even escaped
// (https://www.w3.org/TR/xml/#charsets), and the end of a CDATA section.
func XMLText(text string) string {
	text = strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' || c == '\r' || c >= ' ' && c != 0xFFFE && c != 0xFFFF {
			return c
		}
		return utf8.RuneError
	}, text)
	return strings.ReplaceAll(text, "]]>", "]] >")
}
