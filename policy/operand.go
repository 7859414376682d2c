package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// checkOperand warns of a value that its operator cannot compare with anything, so that it never
// matches, and reports malformed policy variables
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
func (p *parser) checkOperand(op Operator, v Value, offset int) {
	if op.Comparison.TakesVariables() {
		p.checkVariables(v, offset)
	}
	if strings.Contains(v.Text, "${") {
		return
	}
	if want := wantedOperand(op.Comparison, v.Text); want != "" {
		p.warn(CodeInvalidOperand, offset, "%s cannot compare with %q: expected %s", op, v.Text, want)
	}
}

// wantedOperand says what the comparison expects when the text is something else.
func wantedOperand(c Comparison, text string) string {
	switch c.Positive() {
	case NumericEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals:
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return "a number"
		}
	case DateEquals, DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals:
		if !isDate(text) {
			return "a date such as 2026-01-31T09:30:00Z or seconds since 1970"
		}
	case Bool, Null:
		if !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			return "true or false"
		}
	case BinaryEquals:
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return "base64"
		}
	case IPAddress:
		if !isIPRange(text) {
			return "an IP address or range such as 203.0.113.0/24"
		}
	case ArnEquals, ArnLike:
		if text != "*" && strings.Count(text, ":") < 5 {
			return "an ARN of six parts"
		}
	default:
	}
	return ""
}

// dateLayouts are the forms of a date (https://www.w3.org/TR/NOTE-datetime).
var dateLayouts = []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", time.RFC3339Nano}

func isDate(text string) bool {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return true
	}
	for _, layout := range dateLayouts {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

func isIPRange(text string) bool {
	if strings.Contains(text, "/") {
		_, err := netip.ParsePrefix(text)
		return err == nil
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}
