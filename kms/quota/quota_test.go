package quota_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/quota"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"aws": 1, "1x": 1, "2x": 2, "0.1x": 0.1, "2×": 2, "1e3x": 1000} {
		got, err := quota.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "2", "x", "0x", "-1x", "NaNx", "Infx", "1e7x", "AWS", "aws2x", "2xx"} {
		_, err := quota.Parse(text)
		require.ErrorContains(t, err, "expected aws for AWS's quotas, or a multiple of them such as 2x or 0.1x", text)
	}
}

// TestDefaultsAreAWSs: samples of https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-table.
func TestDefaultsAreAWSs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, region string
		want         float64
	}{
		{quota.Symmetric, "us-east-1", 100_000},
		{quota.Symmetric, "us-east-2", 20_000},
		{quota.Symmetric, "ca-central-1", 10_000},
		{quota.RSA, "us-east-1", 1_000},
		{quota.KeyPair("RSA_4096"), "us-east-1", 1},
		{quota.KeyPair("RSA_4096"), "cn-north-1", 0.1},
		{"CreateGrant", "us-east-1", 50},
		{"DescribeKey", "us-east-1", 2_000},
	} {
		got, ok := quota.Of(test.name, test.region)
		require.True(t, ok, test.name)
		require.InDelta(t, test.want, got, 0, test)
	}
	_, ok := quota.Of("", "us-east-1")
	require.False(t, ok)
	for spec, want := range map[string]string{
		"SYMMETRIC_DEFAULT": quota.Symmetric, "HMAC_512": quota.Symmetric, "RSA_2048": quota.RSA, "ECC_NIST_P256": quota.ECC,
		"ECC_NIST_EDWARDS25519": quota.ECC, "SM2": quota.ECC, "ML_DSA_44": quota.MLDSA, "ML_KEM_768": "",
	} {
		require.Equal(t, want, quota.Cryptographic(spec), spec)
	}
}

// TestTake: the buckets of accounts, Regions and quotas are apart, and fill again with time.
func TestTake(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := quota.New(1, func() time.Time { return now })
	take := func(account, region, name string, n int) bool { return l.Take(account, region, name, n) }
	for range 5 {
		require.True(t, take("1", "us-east-1", "CreateKey", 1))
	}
	require.False(t, take("1", "us-east-1", "CreateKey", 1))
	require.True(t, take("2", "us-east-1", "CreateKey", 1))
	require.True(t, take("1", "eu-west-1", "CreateKey", 1))
	require.True(t, take("1", "us-east-1", "CreateAlias", 1))
	now = now.Add(200 * time.Millisecond)
	require.False(t, take("1", "us-east-1", "CreateKey", 2))
	require.True(t, take("1", "us-east-1", "CreateKey", 1))
	require.False(t, take("1", "us-east-1", "CreateKey", 1))
	now = now.Add(time.Hour)
	for range 5 {
		require.True(t, take("1", "us-east-1", "CreateKey", 1), "no more than a second's worth is kept")
	}
	require.False(t, take("1", "us-east-1", "CreateKey", 1))
	for range 1000 {
		require.True(t, take("1", "us-east-1", "no such quota", 1))
	}

	tenth := quota.New(0.1, func() time.Time { return now })
	require.True(t, tenth.Take("1", "us-east-1", "CreateKey", 1))
	require.True(t, tenth.Take("2", "us-east-1", "CreateKey", 2), "ReplicateKey can be called at all")
	require.True(t, tenth.Take("1", "us-east-1", "DisableKey", 1))
	require.False(t, tenth.Take("1", "us-east-1", "DisableKey", 1))
	now = now.Add(2 * time.Second)
	require.True(t, tenth.Take("1", "us-east-1", "DisableKey", 1), "half a request a second is one in two")
}

// TestTakeAtATime: many callers at a time get what the quota allows, and not more.
func TestTakeAtATime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := quota.New(1, func() time.Time { return now })
	var wait sync.WaitGroup
	taken := make(chan bool, 100)
	for range cap(taken) {
		wait.Go(func() { taken <- l.Take("1", "us-east-1", "CreateGrant", 1) })
	}
	wait.Wait()
	close(taken)
	n := 0
	for ok := range taken {
		if ok {
			n++
		}
	}
	require.Equal(t, 50, n)
}
