package kms

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzCryptoInputs sends any text as the input of any operation on key material: it is answered or refused, never
// with an internal exception, and nothing crashes.
func FuzzCryptoInputs(f *testing.F) {
	w := newBench(f)
	operations := []string{"GenerateRandom"}
	f.Add(0, []byte(`{"NumberOfBytes":1}`))
	for _, c := range cryptoCases() {
		operations = append(operations, c.operation)
		src, err := json.Marshal(c.with(w, w.sharedKey(c.spec, c.usage)))
		require.NoError(f, err)
		f.Add(len(operations)-1, src)
	}
	f.Add(1, []byte(`{"KeyId":"alias/a","Plaintext":"YQ==","EncryptionContext":{"a":null},"GrantTokens":[null]}`))
	f.Add(2, []byte(`{"CiphertextBlob":"","Recipient":{},"DryRunModifiers":[null]}`))
	f.Add(len(operations)-1, []byte(`{"CiphertextBlob":"YQ==","DestinationKeyId":"\u0000","SourceEncryptionAlgorithm":"SM2PKE"}`))
	f.Fuzz(func(t *testing.T, operation int, src []byte) {
		if operation < 0 || operation >= len(operations) {
			return
		}
		b := newBench(t)
		result, err := b.service.Do(t.Context(), &b.call, operations[operation], src)
		if err == nil {
			require.NotNil(t, result.Output)
			return
		}
		refusal, ok := errors.AsType[*Error](err)
		require.True(t, ok, "%v", err)
		require.NotEqual(t, CodeInternal, refusal.Code, "%v", refusal.Cause)
	})
}
