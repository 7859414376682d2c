package iam

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/material"
)

// FuzzOpenToken reads tokens that anybody may send, and claims that only a token of ours can hold.
func FuzzOpenToken(f *testing.F) {
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(f, err)
	token, err := (&claims{Kind: sessionRole, Secret: "secret"}).seal(root, "ASIA1")
	require.NoError(f, err)
	f.Add("ASIA1", token)
	f.Add("ASIA2", token)
	f.Add("", "AQ")
	f.Fuzz(func(t *testing.T, id, text string) {
		c, err := openToken(root, id, text)
		if err == nil { // a token that a process of the fuzzer made
			require.Equal(t, "ASIA1", id)
			require.Equal(t, "secret", c.Secret)
			return
		}
		require.ErrorIs(t, err, ErrInvalidToken)
		require.Nil(t, c)
	})
}

// FuzzDecode reads records that a store may hold.
func FuzzDecode(f *testing.F) {
	f.Add("111122223333/user/alice", []byte(`{"v":1,"r":{"account":"111122223333","name":"alice","path":"/","id":"AIDA1","created":"2026-05-01T12:00:00Z"}}`))
	f.Add("aws/key/service/s3.amazonaws.com/AKIA1", []byte(`{"v":1,"r":{"id":"AKIA1","account":"aws","owner":"service/s3.amazonaws.com","created":"2026-05-01T12:00:00Z","sealed":""}}`))
	f.Add("111122223333/user/a", []byte(`{"v":1,"r":{"account":"111122223333","name":"a","inline":[null]}}`))
	f.Add("111122223333/policy/a", []byte(`{"v":1,"r":{"account":"111122223333","name":"a","versions":[{"id":"v1"},null]}}`))
	f.Add("111122223333/organization", []byte(`{"v":1,"r":{"account":"111122223333","scps":[[null]]}}`))
	f.Add("aws/endpoint/vpce-1", []byte(`{"v":1,"r":{"id":"vpce-1"}}`))
	f.Add("111122223333/role", []byte(`{"v":1,"r":null}`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		record, err := decode(key, value)
		if err != nil {
			return
		}
		require.Equal(t, key, keyOf(record))
		m := newMemory()
		require.NoError(t, m.put(storePrefix+key, value, 1))
		m.publish()
		r := resolver{}
		r.principal(m.current.Load(), key)
		text, err := encode(record)
		require.NoError(t, err)
		_, err = decode(key, text)
		require.NoError(t, err)
	})
}
