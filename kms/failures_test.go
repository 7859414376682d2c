package kms

import (
	"crypto/rand"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store/mem"
)

// exhausted is a source of random bytes that can run out.
type exhausted struct{ now atomic.Bool }

var errExhausted = errors.New("no random bytes left")

func (e *exhausted) Read(b []byte) (int, error) {
	if e.now.Load() {
		return 0, errExhausted
	}
	return rand.Read(b)
}

// requireInternal runs an operation that fails inside: the client learns nothing but that.
func requireInternal(b *bench, operation string, input in, cause error) {
	b.t.Helper()
	result, err := b.do(operation, input)
	require.ErrorIs(b.t, err, cause)
	require.Nil(b.t, result.Output)
	refusal, ok := errors.AsType[*Error](err)
	require.True(b.t, ok)
	require.Equal(b.t, CodeInternal, refusal.Code)
	require.NotContains(b.t, refusal.Message, cause.Error())
}

func TestWithoutRandomBytes(t *testing.T) {
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes))
	require.NoError(t, err)
	source := &exhausted{}
	b := newBench(t)
	b.service, err = New(t.Context(), Config{Store: mem.New(), Root: root, Rand: io.Reader(source)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.service.Close()) })
	key := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := b.encrypted(key)
	source.now.Store(true)
	requireInternal(b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("a")}, errExhausted)
	requireInternal(b, "GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256"}, errExhausted)
	requireInternal(b, "GenerateDataKeyPair", in{"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}, errExhausted)
	requireInternal(b, "GenerateRandom", in{"NumberOfBytes": 1}, errExhausted)
	requireInternal(b, "ReEncrypt", in{
		"CiphertextBlob": blob, "SourceEncryptionContext": cryptoContext, "DestinationKeyId": key,
	}, errExhausted)
	must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": blob, "EncryptionContext": cryptoContext})
}

// TestAnotherRootKey opens a store with a root key that is not the one it was written with: nothing that needs key
// material works, and nothing crashes.
func TestAnotherRootKey(t *testing.T) {
	kept := mem.New()
	var root *material.Root
	open := func(b *bench, first byte) {
		t.Helper()
		var err error
		root, err = material.NewRoot(append([]byte{first}, make([]byte, material.RootSizeInBytes-1)...))
		require.NoError(t, err)
		b.service, err = New(t.Context(), Config{Store: kept, Root: root})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, b.service.Close()) })
	}
	b := newBench(t)
	open(b, 1)
	inputs := map[string]in{}
	cases := cryptoCases()
	for i := range cases {
		c := &cases[i]
		input := c.with(b, b.newKey(c.spec, c.usage))
		if c.operation == "ReEncrypt" {
			input["DestinationKeyId"] = input["SourceKeyId"]
		}
		inputs[c.operation] = input
	}
	open(b, 2)
	for operation, input := range inputs {
		t.Run(operation, func(t *testing.T) {
			b.t = t
			requireInternal(b, operation, input, material.ErrOpen)
		})
	}
	b.t = t
	open(b, 1)
	for operation, input := range inputs {
		_, err := b.do(operation, input)
		require.NoError(t, err, operation)
	}
}
