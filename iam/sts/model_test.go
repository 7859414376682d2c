package sts

import (
	"testing"

	"github.com/strictkms/strictkms/internal/operation/modeltest"
)

func TestInputsAndOutputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	modeltest.Check(t, &modeltest.API{
		Model: "sts/2011-06-15", Tag: "sts", Rules: rules, Patterns: patterns,
		Operations: operations.Names(), Input: operations.Input, Output: operations.Output,
		Newer: []string{"SessionTokenSize", "SessionTokenUtilization"},
	})
}
