package gomatch

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// condition is one operator on one key with its literals read once.
type condition struct {
	key string
	// missing is the answer when the request has no such key.
	missing bool
	test    func(actual []string) bool
}

func (c *condition) met(context map[string][]string) bool {
	actual := context[c.key]
	if len(actual) == 0 {
		return c.missing
	}
	return c.test(actual)
}

// newCondition supports the operators that scenarios use and refuses all others.
func newCondition(c scenario.Condition) (condition, error) {
	out := condition{key: c.Key}
	values := c.Values
	var err error
	switch c.Operator {
	case "StringEquals", "Bool":
		out.test = func(actual []string) bool { return slices.Contains(values, actual[0]) }
	case "StringNotEquals":
		out.missing = true
		out.test = func(actual []string) bool { return !slices.Contains(values, actual[0]) }
	case "StringLike", "ArnLike":
		// The scenarios have no * that could swallow a colon of an ARN that others would refuse.
		out.test = func(actual []string) bool {
			return slices.ContainsFunc(values, func(pattern string) bool { return like(pattern, actual[0]) })
		}
	case "ForAllValues:StringEquals":
		out.missing = true
		out.test = func(actual []string) bool {
			return !slices.ContainsFunc(actual, func(a string) bool { return !slices.Contains(values, a) })
		}
	case "IpAddress":
		out.test, err = inNetworks(values)
	case "NotIpAddress":
		out.missing = true
		var in func([]string) bool
		in, err = inNetworks(values)
		out.test = func(actual []string) bool { return !in(actual) }
	case "DateLessThan", "DateGreaterThan":
		out.test, err = compareDate(values[0], c.Operator == "DateLessThan")
	default:
		err = fmt.Errorf("operator %s is not in the benchmark", c.Operator)
	}
	return out, err
}

func inNetworks(values []string) (func([]string) bool, error) {
	networks := make([]netip.Prefix, len(values))
	for i, v := range values {
		var err error
		if networks[i], err = netip.ParsePrefix(v); err != nil {
			return nil, err
		}
	}
	return func(actual []string) bool {
		address, err := netip.ParseAddr(actual[0])
		return err == nil && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
	}, nil
}

func compareDate(value string, less bool) (func([]string) bool, error) {
	limit, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return nil, err
	}
	return func(actual []string) bool {
		at, err := time.Parse(time.RFC3339, actual[0])
		return err == nil && (less && at.Before(limit) || !less && at.After(limit))
	}, nil
}

// like matches * against any text, greedily with one step back.
func like(pattern, text string) bool {
	star, mark, p := -1, 0, 0
	for t := 0; t < len(text); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
