package policy

import "strings"

// Comparison is the comparison a condition operator makes, without its modifiers.
type Comparison int

// The comparisons of the policy language (IAM User Guide, "IAM JSON policy elements:
// Condition operators"). A negated operator has its own constant.
const (
	ComparisonUnknown Comparison = iota
	StringEquals
	StringNotEquals
	StringEqualsIgnoreCase
	StringNotEqualsIgnoreCase
	StringLike
	StringNotLike
	NumericEquals
	NumericNotEquals
	NumericLessThan
	NumericLessThanEquals
	NumericGreaterThan
	NumericGreaterThanEquals
	DateEquals
	DateNotEquals
	DateLessThan
	DateLessThanEquals
	DateGreaterThan
	DateGreaterThanEquals
	Bool
	BinaryEquals
	IPAddress
	NotIPAddress
	ArnEquals
	ArnLike
	ArnNotEquals
	ArnNotLike
	Null
)

// Quantifier is the set operator in front of a condition operator.
type Quantifier int

// The quantifiers. NoQuantifier compares a single value.
const (
	NoQuantifier Quantifier = iota
	ForAllValues
	ForAnyValue
)

// Operator is a condition operator with its modifiers.
type Operator struct {
	Quantifier Quantifier
	Comparison Comparison
	IfExists   bool
}

// comparisonNames are the comparisons in the spelling of the IAM User Guide.
var comparisonNames = [...]string{
	ComparisonUnknown:         unknownName,
	StringEquals:              "StringEquals",
	StringNotEquals:           "StringNotEquals",
	StringEqualsIgnoreCase:    "StringEqualsIgnoreCase",
	StringNotEqualsIgnoreCase: "StringNotEqualsIgnoreCase",
	StringLike:                "StringLike",
	StringNotLike:             "StringNotLike",
	NumericEquals:             "NumericEquals",
	NumericNotEquals:          "NumericNotEquals",
	NumericLessThan:           "NumericLessThan",
	NumericLessThanEquals:     "NumericLessThanEquals",
	NumericGreaterThan:        "NumericGreaterThan",
	NumericGreaterThanEquals:  "NumericGreaterThanEquals",
	DateEquals:                "DateEquals",
	DateNotEquals:             "DateNotEquals",
	DateLessThan:              "DateLessThan",
	DateLessThanEquals:        "DateLessThanEquals",
	DateGreaterThan:           "DateGreaterThan",
	DateGreaterThanEquals:     "DateGreaterThanEquals",
	Bool:                      "Bool",
	BinaryEquals:              "BinaryEquals",
	IPAddress:                 "IpAddress",
	NotIPAddress:              "NotIpAddress",
	ArnEquals:                 "ArnEquals",
	ArnLike:                   "ArnLike",
	ArnNotEquals:              "ArnNotEquals",
	ArnNotLike:                "ArnNotLike",
	Null:                      "Null",
}

// comparisons finds a comparison by its name.
var comparisons = func() map[string]Comparison {
	m := make(map[string]Comparison, len(comparisonNames))
	for i, name := range comparisonNames {
		if c := Comparison(i); c != ComparisonUnknown {
			m[name] = c
		}
	}
	return m
}()

// positives maps each negated comparison to the one it negates.
var positives = map[Comparison]Comparison{
	StringNotEquals:           StringEquals,
	StringNotEqualsIgnoreCase: StringEqualsIgnoreCase,
	StringNotLike:             StringLike,
	NumericNotEquals:          NumericEquals,
	DateNotEquals:             DateEquals,
	NotIPAddress:              IPAddress,
	ArnNotEquals:              ArnEquals,
	ArnNotLike:                ArnLike,
}

// String returns the name as the IAM User Guide spells it.
func (c Comparison) String() string {
	if c < 0 || int(c) >= len(comparisonNames) {
		return unknownName
	}
	return comparisonNames[c]
}

// Negated reports whether the comparison asks that no value matches, for example StringNotLike.
func (c Comparison) Negated() bool { return positives[c] != ComparisonUnknown }

// Positive returns the comparison that a negated comparison negates, and any other as it is.
func (c Comparison) Positive() Comparison {
	if p := positives[c]; p != ComparisonUnknown {
		return p
	}
	return c
}

// TakesVariables reports whether values of the comparison may contain policy variables: the
// string, ARN and Bool operators
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
func (c Comparison) TakesVariables() bool {
	switch c.Positive() {
	case StringEquals, StringEqualsIgnoreCase, StringLike, ArnEquals, ArnLike, Bool:
		return true
	default:
		return false
	}
}

// String returns the prefix as it is written in a policy, without the colon.
func (q Quantifier) String() string {
	switch q {
	case ForAllValues:
		return "ForAllValues"
	case ForAnyValue:
		return "ForAnyValue"
	default:
		return ""
	}
}

// String returns the operator as it is written in a policy, for example
// "ForAnyValue:StringLikeIfExists".
func (o Operator) String() string {
	s := o.Comparison.String()
	if o.Quantifier != NoQuantifier {
		s = o.Quantifier.String() + ":" + s
	}
	if o.IfExists {
		s += ifExists
	}
	return s
}

// ifExists is the suffix that makes an operator true when the key is missing.
const ifExists = "IfExists"

// ParseOperator reads an operator of a Condition element. Names are case-sensitive: the IAM
// User Guide gives one spelling of each and no rule about case. NullIfExists is no operator
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
// section "…IfExists condition operators").
func ParseOperator(s string) (Operator, bool) {
	var op Operator
	if quantifier, rest, ok := strings.Cut(s, ":"); ok {
		switch quantifier {
		case ForAllValues.String():
			op.Quantifier = ForAllValues
		case ForAnyValue.String():
			op.Quantifier = ForAnyValue
		default:
			return Operator{}, false
		}
		s = rest
	}
	s, op.IfExists = strings.CutSuffix(s, ifExists)
	op.Comparison = comparisons[s]
	if op.Comparison == ComparisonUnknown || op.Comparison == Null && op.IfExists {
		return Operator{}, false
	}
	return op, true
}

// nearestOperator returns the operator whose name is most like the text.
func nearestOperator(s string) string {
	prefix := ""
	if quantifier, rest, ok := strings.Cut(s, ":"); ok {
		prefix = closest(quantifier, []string{ForAllValues.String(), ForAnyValue.String()}) + ":"
		s = rest
	}
	suffix := ""
	if n := len(s) - len(ifExists); n > 0 && strings.EqualFold(s[n:], ifExists) {
		s, suffix = s[:n], ifExists
	}
	name := closest(s, comparisonNames[1:])
	if name == Null.String() {
		suffix = ""
	}
	return prefix + name + suffix
}
