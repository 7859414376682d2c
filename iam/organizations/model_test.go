package organizations

import (
	"testing"

	"github.com/strictkms/strictkms/internal/operation/modeltest"
)

func TestInputsAndOutputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	modeltest.Check(t, &modeltest.API{
		Model: "organizations/2016-11-28", Tag: "org", Rules: rules, Enums: enums, Patterns: patterns,
		Operations: operations.Names(), Input: operations.Input, Output: operations.Output,
	})
}
