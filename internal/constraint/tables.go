package constraint

import (
	"regexp"
	"slices"
	"strings"
)

// Enum is the set of values of a string.
type Enum []string

// Has reports whether a value is one of the set.
func (e Enum) Has(value string) bool { return slices.Contains(e, value) }

// String lists the values as AWS's messages do.
func (e Enum) String() string { return "[" + strings.Join(e, ", ") + "]" }

// Pattern is a regular expression that the whole of a string must match.
type Pattern struct {
	// Text is the expression as AWS's messages print it.
	Text string
	// Sentence is what a service says instead of the usual sentence, with the name of the member for %s; empty for none.
	Sentence string
	regex    *regexp.Regexp
}

// NewPattern takes an expression as AWS writes it and as Go does.
func NewPattern(aws, expression string) *Pattern {
	return &Pattern{Text: aws, regex: regexp.MustCompile(`\A(?:` + expression + `)\z`)}
}

// Saying returns the pattern with a sentence of its own.
func (p *Pattern) Saying(sentence string) *Pattern {
	return &Pattern{Text: p.Text, Sentence: sentence, regex: p.regex}
}

// Matches reports whether the whole of a text matches.
func (p *Pattern) Matches(s string) bool { return p.regex.MatchString(s) }
