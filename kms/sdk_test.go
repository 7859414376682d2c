package kms

import (
	"reflect"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"
)

// TestEveryOperationOfTheSDKIsThere: the operations of the AWS SDK for Go are the definition of a complete API. Its client
// has a method for each (one api_op_*.go file), and one more that returns its options.
func TestEveryOperationOfTheSDKIsThere(t *testing.T) {
	t.Parallel()
	var names []string
	for method := range reflect.TypeFor[*sdk.Client]().Methods() {
		if method.Name != "Options" {
			names = append(names, method.Name)
		}
	}
	require.Len(t, names, 56, "of v1.62.4")
	for _, name := range names {
		require.Contains(t, operations, name)
	}
	for _, name := range Operations() {
		require.Contains(t, names, name)
	}
}
