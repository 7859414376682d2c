package sts_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	messages "github.com/strictkms/strictkms/iam/sts"
	"github.com/strictkms/strictkms/kms/material"
)

func TestGetSessionToken(t *testing.T) {
	s := start(t)
	for principal, longest := range map[string]time.Duration{"user/team/alice": 36 * time.Hour, "root": time.Hour} {
		t.Run(principal, func(t *testing.T) {
			c := client(s, principal)
			got, err := c.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(129600)})
			require.NoError(t, err)
			require.InDelta(t, longest.Seconds(), time.Until(*got.Credentials.Expiration).Seconds(), 60)
			session := sts.NewFromConfig(with(s, got.Credentials))
			want, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			me, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			require.Equal(t, *want.Arn, *me.Arn)
			require.Equal(t, *want.UserId, *me.UserId)
			if _, err := assume(t, session, "App"); principal == "root" {
				requireRefused(t, err, "AccessDenied", "Roles may not be assumed by root accounts.")
			} else {
				require.NoError(t, err)
			}
			_, err = session.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
			requireRefused(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
			_, err = session.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: aws.String("fed")})
			requireRefused(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
			_, err = session.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: got.Credentials.AccessKeyId})
			requireRefused(t, err, "AccessDenied", "Cannot call GetAccessKeyInfo with session credentials")
		})
	}
	_, err := client(s, "user/bob").GetSessionToken(t.Context(), &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(129601)})
	requireRefused(t, err, "ValidationError", "Member must have value less than or equal to 129600")
	_, err = client(s, "user/bob").GetSessionToken(t.Context(), &sts.GetSessionTokenInput{
		SerialNumber: aws.String("arn:aws:iam::111122223333:mfa/bob"), TokenCode: aws.String("123456"),
	})
	requireRefused(t, err, "AccessDenied", "MultiFactorAuthentication failed")
}

func TestGetFederationToken(t *testing.T) {
	s := start(t)
	fed := client(s, "user/fed")
	got, err := fed.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{
		Name: aws.String("guest"), Tags: tags("team", "blue"),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*"}]}`),
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+home+":federated-user/guest", *got.FederatedUser.Arn)
	require.Equal(t, home+":guest", *got.FederatedUser.FederatedUserId)
	require.Positive(t, *got.PackedPolicySize) //nolint:staticcheck // what clients of today read
	config := with(s, got.Credentials)
	me, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	require.Equal(t, *got.FederatedUser.Arn, *me.Arn)
	require.NoError(t, describe(t, config))
	_, err = assume(t, sts.NewFromConfig(config), "App")
	requireRefused(t, err, "AccessDenied", "Cannot call AssumeRole with session credentials")

	without, err := fed.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: aws.String("guest")})
	require.NoError(t, err)
	require.Nil(t, without.PackedPolicySize) //nolint:staticcheck // what clients of today read
	requireRefused(t, describe(t, with(s, without.Credentials)), "AccessDeniedException", "session policy")

	_, err = client(s, "user/bob").GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: aws.String("guest")})
	requireRefused(t, err, "AccessDenied", "is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::111122223333:federated-user/guest")
}

func TestDecodeAuthorizationMessage(t *testing.T) {
	s := start(t)
	_, err := client(s, "root").DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: aws.String("AAAA")})
	requireRefused(t, err, "InvalidAuthorizationMessageException", "")
	_, err = client(s, "user/bob").DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: aws.String("AAAA")})
	requireRefused(t, err, "AccessDenied", "is not authorized to perform: sts:DecodeAuthorizationMessage")
}

// TestDenialIsDecoded takes the encoded message of a denied call to AWS STS.
func TestDenialIsDecoded(t *testing.T) {
	s := start(t)
	_, err := client(s, "user/bob").GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})
	var response *awshttp.ResponseError
	require.ErrorAs(t, err, &response)
	encoded := response.Response.Header.Get("X-Strictkms-Authorization-Message")
	require.NotEmpty(t, encoded)
	decode := func(principal, message string) (*sts.DecodeAuthorizationMessageOutput, error) {
		return client(s, principal).DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
	}
	got, err := decode("root", encoded)
	require.NoError(t, err)
	require.Contains(t, *got.DecodedMessage, `"allowed":false,"explicitDeny":false`)
	require.Contains(t, *got.DecodedMessage, `"arn":"arn:aws:iam::111122223333:user/bob"`)
	require.Contains(t, *got.DecodedMessage, `"action":"sts:GetAccessKeyInfo"`)
	for name, refused := range map[string][2]string{
		"by another account": {"arn:aws:iam::444455556666:root", encoded},
		"changed":            {"root", flip(encoded, len(encoded)/2)},
		"cut":                {"root", encoded[:len(encoded)-4]},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(refused[0], refused[1])
			requireRefused(t, err, "InvalidAuthorizationMessageException", "")
		})
	}
}

func TestMessagesAreTold(t *testing.T) {
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes))
	require.NoError(t, err)
	m := messages.NewMessages(root)
	text, err := json.Marshal(map[string]any{"allowed": false})
	require.NoError(t, err)
	encoded, err := m.Encode(home, text)
	require.NoError(t, err)
	require.NotContains(t, encoded, "allowed")
	_, err = m.Encode(home, make([]byte, 1<<20))
	require.ErrorIs(t, err, messages.ErrTooLong)
}
