package gomatch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

func TestConditions(t *testing.T) {
	for _, test := range []struct {
		operator, literal string
		actual            []string
		met               bool
	}{
		{"StringEquals", "a", []string{"a"}, true},
		{"StringEquals", "a", []string{"A"}, false},
		{"StringEquals", "a", nil, false},
		{"StringNotEquals", "a", []string{"b"}, true},
		{"StringNotEquals", "a", []string{"a"}, false},
		{"StringNotEquals", "a", nil, true},
		{"StringLike", "s3.*.com", []string{"s3.eu.x.com"}, true},
		{"StringLike", "s3.*.com", []string{"s3.eu.x.com.cn"}, false},
		{"StringLike", "*", []string{""}, true},
		{"StringLike", "a*b*c", []string{"aXbYbZc"}, true},
		{"StringLike", "a*b*c", []string{"aXbYbZ"}, false},
		{"StringLike", "a*", nil, false},
		{"IpAddress", "10.0.0.0/8", []string{"10.9.9.9"}, true},
		{"IpAddress", "10.0.0.0/8", []string{"11.9.9.9"}, false},
		{"IpAddress", "10.0.0.0/8", []string{"nonsense"}, false},
		{"NotIpAddress", "10.0.0.0/8", []string{"11.9.9.9"}, true},
		{"NotIpAddress", "10.0.0.0/8", nil, true},
		{"DateLessThan", "2027-01-01T00:00:00Z", []string{"2026-12-31T23:59:59Z"}, true},
		{"DateLessThan", "2027-01-01T00:00:00Z", []string{"2027-01-01T00:00:00Z"}, false},
		{"DateGreaterThan", "2027-01-01T00:00:00Z", []string{"2027-01-01T00:00:01Z"}, true},
		{"DateGreaterThan", "2027-01-01T00:00:00Z", nil, false},
		{"ForAllValues:StringEquals", "a", nil, true},
		{"ForAllValues:StringEquals", "a", []string{"a", "a"}, true},
		{"ForAllValues:StringEquals", "a", []string{"a", "b"}, false},
	} {
		t.Run(test.operator+" "+test.literal, func(t *testing.T) {
			c, err := newCondition(scenario.Condition{Operator: test.operator, Key: "k", Values: []string{test.literal}})
			require.NoError(t, err)
			require.Equal(t, test.met, c.met(map[string][]string{"k": test.actual}))
		})
	}
	_, err := newCondition(scenario.Condition{Operator: "NumericEquals", Key: "k", Values: []string{"1"}})
	require.ErrorContains(t, err, "NumericEquals")
}
