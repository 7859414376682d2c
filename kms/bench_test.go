package kms

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkDo measures operations without HTTP and without a decision: what is left is this package's.
func BenchmarkDo(b *testing.B) {
	w := newBench(b)
	key := w.symmetric()
	blob := w.encrypted(key)
	w.call.Authorizer, w.call.Observer = allowing{}, nil
	for _, test := range []struct {
		operation string
		input     in
	}{
		{"Encrypt", in{"KeyId": key, "Plaintext": make([]byte, 64), "EncryptionContext": cryptoContext}},
		{"Decrypt", in{"CiphertextBlob": blob, "EncryptionContext": cryptoContext}},
		{"GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": cryptoContext}},
	} {
		b.Run(test.operation, func(b *testing.B) {
			src, err := json.Marshal(test.input)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				_, err := w.service.Do(b.Context(), &w.call, test.operation, src)
				require.NoError(b, err)
			}
		})
	}
}
