package kmstest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// counted is the SDK's standard retryer, which says how often it tried again.
type counted struct {
	*retry.Standard
	again atomic.Int64
}

func (c *counted) RetryDelay(attempt int, err error) (time.Duration, error) {
	c.again.Add(1)
	return c.Standard.RetryDelay(attempt, err)
}

// TestClientsRecoverFromThrottling: with the SDK's standard retryer a caller that is throttled succeeds in the end, without
// it sees what AWS answers.
func TestClientsRecoverFromThrottling(t *testing.T) {
	s := kmstest.Start(t, kmstest.WithThrottle(1))
	config := s.Config("root")
	once := kms.NewFromConfig(config, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
	for range 5 {
		_, err := once.CreateKey(t.Context(), nil)
		require.NoError(t, err)
	}
	_, err := once.CreateKey(t.Context(), nil)
	var refusal smithy.APIError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "ThrottlingException", refusal.ErrorCode())
	require.Equal(t, "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.", refusal.ErrorMessage())

	retryer := &counted{Standard: retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 10 })}
	patient := kms.NewFromConfig(config, func(o *kms.Options) { o.Retryer = retryer })
	for range 4 {
		_, err := patient.CreateKey(t.Context(), nil)
		require.NoError(t, err)
	}
	require.Positive(t, retryer.again.Load())
	keys, err := patient.ListKeys(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, keys.Keys, 9, "what was throttled was not done")
}

func TestThereAreNoQuotasUnlessAskedFor(t *testing.T) {
	client := kms.NewFromConfig(kmstest.Start(t).Config("root"), func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
	for range 20 {
		_, err := client.CreateKey(t.Context(), nil)
		require.NoError(t, err)
	}
}
