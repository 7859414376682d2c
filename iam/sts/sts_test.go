package sts_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

const (
	home  = "111122223333"
	other = "444455556666"
	key   = "1234abcd-12ab-34cd-56ef-1234567890ab"
)

// world has roles that somebody may assume under every kind of condition.
const world = `
accounts:
  "111122223333":
    users:
      alice: {path: /team/, policies: {Assume: {Version: "2012-10-17", Statement: {Effect: Allow, Action: [sts:AssumeRole, sts:GetAccessKeyInfo], Resource: "*"}}}}
      bob: {}
      fed: {policies: {Fed: {Version: "2012-10-17", Statement: {Effect: Allow, Action: ["sts:GetFederationToken", "sts:TagSession", "kms:*"], Resource: "*"}}}}
    roles:
      App:
        trust: {Version: "2012-10-17", Statement: {Effect: Allow, Principal: {AWS: "111122223333"}, Action: "sts:AssumeRole"}}
        policies: {Use: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}}
      Bob:
        path: /team/
        trust: {Version: "2012-10-17", Statement: {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/bob"}, Action: "sts:AssumeRole"}}
      Tagged:
        tags: {team: role, stage: prod}
        trust:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/team/alice"}, Action: [sts:AssumeRole, sts:TagSession, sts:SetSourceIdentity]}
        policies:
          Chain: {Version: "2012-10-17", Statement: {Effect: Allow, Action: ["sts:*"], Resource: "*"}}
          Use: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*", Condition: {StringEquals: {"aws:PrincipalTag/team": blue}}}}
      Next:
        tags: {team: other}
        trust:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:role/Tagged"}, Action: [sts:AssumeRole, sts:TagSession, sts:SetSourceIdentity]}
        policies:
          Use: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*", Condition: {StringEquals: {"aws:PrincipalTag/team": blue, "aws:SourceIdentity": alice}}}}
      NoTags:
        trust: {Version: "2012-10-17", Statement: {Effect: Allow, Principal: {AWS: "111122223333"}, Action: "sts:AssumeRole"}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {}
  "444455556666":
    users:
      carol: {policies: {Assume: {Version: "2012-10-17", Statement: {Effect: Allow, Action: sts:AssumeRole, Resource: "*"}}}}
    roles:
      Partner:
        trust: {Version: "2012-10-17", Statement: {Effect: Allow, Principal: {AWS: "111122223333"}, Action: "sts:AssumeRole", Condition: {StringEquals: {"sts:ExternalId": "tenant-7"}}}}
`

func start(t *testing.T, options ...kmstest.Option) *kmstest.Server {
	t.Helper()
	return kmstest.Start(t, append([]kmstest.Option{kmstest.WithWorld(world)}, options...)...)
}

func client(s *kmstest.Server, principal string) *sts.Client {
	return sts.NewFromConfig(s.Config(principal))
}

// with is the configuration of a client that signs with what AWS STS gave.
func with(s *kmstest.Server, c *types.Credentials) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.URL()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken),
	}
}

func roleARN(account, name string) *string {
	return aws.String("arn:aws:iam::" + account + ":role/" + name)
}

// assume assumes a role of the home account.
func assume(t *testing.T, c *sts.Client, name string, change ...func(*sts.AssumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: roleARN(home, name), RoleSessionName: aws.String("work")}
	for _, f := range change {
		f(in)
	}
	return c.AssumeRole(t.Context(), in)
}

func requireRefused(t *testing.T, err error, code, message string) {
	t.Helper()
	var refused smithy.APIError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.ErrorCode(), refused.ErrorMessage())
	require.Contains(t, refused.ErrorMessage(), message)
}

func describe(t *testing.T, config aws.Config) error {
	t.Helper()
	_, err := kms.NewFromConfig(config).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(key)})
	return err
}

func TestGetCallerIdentity(t *testing.T) {
	s := start(t)
	for _, test := range []struct{ principal, arn, id string }{
		{"root", "arn:aws:iam::" + home + ":root", "^" + home + "$"},
		{"user/team/alice", "arn:aws:iam::" + home + ":user/team/alice", "^AIDA[A-Z2-7]{17}$"},
		{"role/App/work", "arn:aws:sts::" + home + ":assumed-role/App/work", "^AROA[A-Z2-7]{17}:work$"},
	} {
		t.Run(test.principal, func(t *testing.T) {
			got, err := client(s, test.principal).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			require.Equal(t, home, *got.Account)
			require.Equal(t, test.arn, *got.Arn)
			require.Regexp(t, test.id, *got.UserId)
		})
	}
}

func TestGetAccessKeyInfo(t *testing.T) {
	s := start(t)
	alice := client(s, "user/team/alice")
	info := func(id string) (*sts.GetAccessKeyInfoOutput, error) {
		return alice.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
	}
	carol, err := s.Config("arn:aws:iam::" + other + ":user/carol").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	got, err := info(carol.AccessKeyID)
	require.NoError(t, err)
	require.Equal(t, other, *got.Account)
	session, err := assume(t, alice, "App")
	require.NoError(t, err)
	got, err = info(*session.Credentials.AccessKeyId)
	require.NoError(t, err)
	require.Equal(t, home, *got.Account)
	_, err = info("AKIAIOSFODNN7EXAMPLE")
	requireRefused(t, err, "ValidationError", "AKIAIOSFODNN7EXAMPLE")
	_, err = client(s, "user/bob").GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &carol.AccessKeyID})
	requireRefused(t, err, "AccessDenied", "is not authorized to perform: sts:GetAccessKeyInfo")
}
