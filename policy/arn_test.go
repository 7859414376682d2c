package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseARN(t *testing.T) {
	for _, s := range []string{
		"arn:aws:iam::111122223333:root",
		"arn:aws-cn:kms:cn-north-1:111122223333:key/1234",
		"arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:a:b",
		"arn:aws:s3:::bucket",
	} {
		arn, ok := ParseARN(s)
		require.True(t, ok, s)
		require.Equal(t, s, arn.String())
	}
	arn, _ := ParseARN("arn:aws:logs:eu-west-1:111122223333:log-group:a")
	require.Equal(t, ARN{"aws", "logs", "eu-west-1", "111122223333", "log-group:a"}, arn)
	for _, s := range []string{"", "arn", "arn:aws:iam::111122223333", "arn:aws:iam::111122223333:", "arn::iam::1:x", "arn:aws:::1:x", "ARN:aws:iam::1:x"} {
		_, ok := ParseARN(s)
		require.False(t, ok, s)
	}
}

func TestKMSARNs(t *testing.T) {
	key := KeyARN("aws", "us-east-1", "111122223333", "mrk-1")
	require.Equal(t, "arn:aws:kms:us-east-1:111122223333:key/mrk-1", key.String())
	id, ok := key.KeyID()
	require.True(t, ok)
	require.Equal(t, "mrk-1", id)
	_, ok = key.AliasName()
	require.False(t, ok)

	alias := AliasARN("aws-cn", "cn-north-1", "111122223333", "alias/a/b")
	require.Equal(t, "arn:aws-cn:kms:cn-north-1:111122223333:alias/a/b", alias.String())
	name, ok := alias.AliasName()
	require.True(t, ok)
	require.Equal(t, "alias/a/b", name)
	_, ok = alias.KeyID()
	require.False(t, ok)

	for _, a := range []ARN{
		{Service: "kms", Resource: "key/"},
		{Service: "kms", Resource: "alias/"},
		{Service: "kms", Resource: "*"},
		{Service: "s3", Resource: "key/a"},
		{Service: "s3", Resource: "alias/a"},
	} {
		_, isKey := a.KeyID()
		_, isAlias := a.AliasName()
		require.False(t, isKey || isAlias, a)
	}
}

func TestIsAccountID(t *testing.T) {
	require.True(t, IsAccountID("000000000000"))
	for _, s := range []string{"", "11112222333", "1111222233333", "11112222333x", "١١١١٢٢٢٢٣٣٣٣"} {
		require.False(t, IsAccountID(s), s)
	}
	require.True(t, IsPartition("aws") && IsPartition("aws-cn") && IsPartition("aws-us-gov"))
	require.False(t, IsPartition("aws-iso"))
}

func TestPartitionOf(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "eu-west-3": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov",
	} {
		require.Equal(t, want, PartitionOf(region), region)
	}
}
