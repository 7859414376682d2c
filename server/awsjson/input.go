package awsjson

import (
	"bytes"
	"encoding/json"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
)

// Input decodes the JSON of an input. Members that there are not are left aside, as AWS does.
func Input(body []byte) operation.Decode {
	return func(into any) error {
		if len(bytes.TrimSpace(body)) == 0 {
			return nil // an operation without input
		}
		if err := json.Unmarshal(body, into); err != nil {
			return &kms.Error{Code: kms.CodeSerialization, Cause: err}
		}
		return nil
	}
}
