package policy

import "strings"

// SegmentKind says what a segment of a pattern matches.
type SegmentKind int

// The kinds of segment.
const (
	SegmentUnknown SegmentKind = iota
	Literal                    // itself
	AnyRun                     // "*": any text, also none
	AnyOne                     // "?": any one character
	Var                        // a policy variable: the value of a condition key
)

// String names the kind.
func (k SegmentKind) String() string {
	switch k {
	case Literal:
		return "literal"
	case AnyRun:
		return "*"
	case AnyOne:
		return "?"
	case Var:
		return "variable"
	default:
		return unknownName
	}
}

// Variable is a policy variable: ${key} or ${key, 'default'}.
type Variable struct {
	Key        string // folded with [FoldKey]
	Default    string
	HasDefault bool
}

// Segment is a part of a pattern.
type Segment struct {
	Kind     SegmentKind
	Literal  string   // of a Literal segment, never empty there
	Variable Variable // of a Var segment
}

// Pattern is a text of a policy split into what it matches literally, wildcards and policy
// variables. Literal segments are never next to each other.
type Pattern []Segment

// FoldKey returns the form of a condition key name in which names are compared: names are not
// case-sensitive
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html).
func FoldKey(name string) string { return strings.ToLower(name) }

// ParsePattern splits a text in which "*" and "?" are wildcards and, in Version2012, ${…} is a
// policy variable
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
// In Version2008 ${…} is literal text. A variable that is not well formed is literal text as
// well; [Parse] reports it.
func ParsePattern(text string, v Version) Pattern { return scanPattern(text, v, true, nil) }

// ParseText is [ParsePattern] without wildcards: "*" and "?" are literal text.
func ParseText(text string, v Version) Pattern { return scanPattern(text, v, false, nil) }

// scanPattern splits the text; it calls bad, unless nil, with each malformed variable.
func scanPattern(text string, v Version, wildcards bool, bad func(what string)) Pattern {
	var p Pattern
	start := 0 // of the literal text not yet in p
	flush := func(end int) {
		p = p.literal(text[start:end])
	}
	for i := 0; i < len(text); {
		switch {
		case wildcards && text[i] == '*':
			flush(i)
			p = append(p, Segment{Kind: AnyRun})
			i++
			start = i
		case wildcards && text[i] == '?':
			flush(i)
			p = append(p, Segment{Kind: AnyOne})
			i++
			start = i
		case v == Version2012 && strings.HasPrefix(text[i:], "${"):
			seg, n, problem := scanVariable(text[i:])
			if problem != "" {
				if bad != nil {
					bad(problem)
				}
				i += len("${")
				continue
			}
			flush(i)
			if seg.Kind == Literal {
				p = p.literal(seg.Literal)
			} else {
				p = append(p, seg)
			}
			i += n
			start = i
		default:
			i++
		}
	}
	flush(len(text))
	return p
}

// literal appends literal text, to the last segment when that is literal too.
func (p Pattern) literal(s string) Pattern {
	if s == "" {
		return p
	}
	if n := len(p); n > 0 && p[n-1].Kind == Literal {
		p[n-1].Literal += s
		return p
	}
	return append(p, Segment{Kind: Literal, Literal: s})
}

// scanVariable reads the variable that the text begins with. It returns the segment and its
// length, or what is wrong.
func scanVariable(text string) (seg Segment, n int, problem string) {
	body := text[len("${"):]
	end := strings.IndexAny(body, "},")
	if end < 0 {
		return seg, 0, "variable without closing brace"
	}
	key := body[:end]
	switch key {
	case "*", "?", "$":
		if body[end] == '}' {
			return Segment{Kind: Literal, Literal: key}, len("${}") + end, ""
		}
		return seg, 0, "${" + key + "} takes no default value"
	}
	if problem := checkVariableKey(key); problem != "" {
		return seg, 0, problem
	}
	seg = Segment{Kind: Var, Variable: Variable{Key: FoldKey(key)}}
	if body[end] == '}' {
		return seg, len("${}") + end, ""
	}
	rest := strings.TrimLeft(body[end+1:], " ")
	quoted, ok := strings.CutPrefix(rest, "'")
	if !ok {
		return seg, 0, "default value of variable " + key + " is not in single quotes"
	}
	value, rest, ok := strings.Cut(quoted, "'")
	rest = strings.TrimLeft(rest, " ")
	if !ok || !strings.HasPrefix(rest, "}") {
		return seg, 0, "default value of variable " + key + " does not end with a single quote and a closing brace"
	}
	seg.Variable.Default, seg.Variable.HasDefault = value, true
	return seg, len(text) - len(rest) + 1, ""
}

// checkVariableKey says what is wrong with the key of a variable. Keys are condition key names,
// so prefix:name, where a tag key may contain spaces and punctuation.
func checkVariableKey(key string) (problem string) {
	prefix, name, ok := strings.Cut(key, ":")
	switch {
	case strings.TrimSpace(key) == "":
		return "variable without a name"
	case strings.ContainsAny(key, "${'\"*?"):
		return "variable name " + key + " contains one of $ { ' \" * ?"
	case !ok || prefix == "" || name == "" || strings.TrimSpace(key) != key:
		return "variable name " + key + " is not a condition key such as aws:username"
	default:
		return ""
	}
}

// HasWildcard reports whether the pattern has a "*" or "?".
func (p Pattern) HasWildcard() bool {
	for _, s := range p {
		if s.Kind == AnyRun || s.Kind == AnyOne {
			return true
		}
	}
	return false
}

// HasVariable reports whether the pattern has a policy variable.
func (p Pattern) HasVariable() bool {
	for _, s := range p {
		if s.Kind == Var {
			return true
		}
	}
	return false
}

// IsLiteral returns the text that the pattern matches when that is one text only.
func (p Pattern) IsLiteral() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Kind == Literal:
		return p[0].Literal, true
	default:
		return "", false
	}
}

// String writes the pattern so that [ParsePattern] with Version2012 reads the same pattern.
func (p Pattern) String() string {
	var b strings.Builder
	for _, s := range p {
		switch s.Kind {
		case Literal:
			b.WriteString(literalEscaper.Replace(s.Literal))
		case AnyRun:
			b.WriteString("*")
		case AnyOne:
			b.WriteString("?")
		default:
			b.WriteString("${" + s.Variable.Key)
			if s.Variable.HasDefault {
				b.WriteString(", '" + s.Variable.Default + "'")
			}
			b.WriteString("}")
		}
	}
	return b.String()
}

// literalEscaper writes the special characters as the variables that stand for them
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars).
var literalEscaper = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")
