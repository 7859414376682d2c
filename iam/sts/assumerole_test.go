package sts_test

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

func TestAssumeRole(t *testing.T) {
	s := start(t)
	got, err := assume(t, client(s, "user/team/alice"), "App")
	require.NoError(t, err)
	require.Regexp(t, "^AROA[A-Z2-7]{17}:work$", *got.AssumedRoleUser.AssumedRoleId)
	require.Equal(t, "arn:aws:sts::"+home+":assumed-role/App/work", *got.AssumedRoleUser.Arn)
	require.Nil(t, got.PackedPolicySize) //nolint:staticcheck // what clients of today read
	require.EqualValues(t, len(*got.Credentials.SessionToken), *got.SessionTokenSize)
	require.Positive(t, *got.SessionTokenUtilization)
	require.Nil(t, got.SourceIdentity)
	require.InDelta(t, time.Hour.Seconds(), time.Until(*got.Credentials.Expiration).Seconds(), 60)
	config := with(s, got.Credentials)
	require.NoError(t, describe(t, config))
	me, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	require.Equal(t, *got.AssumedRoleUser.Arn, *me.Arn)
	require.Equal(t, *got.AssumedRoleUser.AssumedRoleId, *me.UserId)
}

// TestWhoMayAssume holds AssumeRole to trust policies and to the caller's own policies.
func TestWhoMayAssume(t *testing.T) {
	s := start(t)
	alice, bob, root := client(s, "user/team/alice"), client(s, "user/bob"), client(s, "root")
	carol := client(s, "arn:aws:iam::"+other+":user/carol")
	for _, test := range []struct {
		name          string
		caller        *sts.Client
		role, account string
		externalID    string
		message       string // empty for one who may
	}{
		{"the role trusts the account, and the caller's policy allows", alice, "App", home, "", ""},
		{
			"the role trusts the account, and nothing allows the caller", bob, "App", home, "",
			"User: arn:aws:iam::111122223333:user/bob is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/App",
		},
		{"the role trusts the user", bob, "team/Bob", home, "", ""},
		{
			"the role trusts another user", alice, "team/Bob", home, "",
			"User: arn:aws:iam::111122223333:user/team/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/team/Bob",
		},
		{"the root user may not assume roles", root, "App", home, "", "Roles may not be assumed by root accounts."},
		{"the root user may not assume a role that is not there", root, "None", home, "", "Roles may not be assumed by root accounts."},
		{
			"a role that is not there", alice, "None", home, "",
			"User: arn:aws:iam::111122223333:user/team/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/None",
		},
		{"a role under another path", alice, "team/App", home, "", "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/team/App"},
		{
			"another account that the role does not trust", carol, "App", home, "",
			"User: arn:aws:iam::444455556666:user/carol is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/App",
		},
		{
			"the confused deputy: no external id", alice, "Partner", other, "",
			"User: arn:aws:iam::111122223333:user/team/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/Partner",
		},
		{"the confused deputy: another tenant's external id", alice, "Partner", other, "tenant-8", "is not authorized to perform: sts:AssumeRole"},
		{"the external id of the trust policy", alice, "Partner", other, "tenant-7", ""},
		{"a role of another account that only its trust policy allows", bob, "Partner", other, "tenant-7", "is not authorized to perform: sts:AssumeRole"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := &sts.AssumeRoleInput{RoleArn: roleARN(test.account, test.role), RoleSessionName: aws.String("work")}
			if test.externalID != "" {
				in.ExternalId = &test.externalID
			}
			_, err := test.caller.AssumeRole(t.Context(), in)
			if test.message == "" {
				require.NoError(t, err)
				return
			}
			requireRefused(t, err, "AccessDenied", test.message)
		})
	}
}

func TestAssumeRoleInput(t *testing.T) {
	s := start(t)
	alice := client(s, "user/team/alice")
	random := make([]byte, 9000)
	for i := range random {
		random[i] = byte(rand.Uint32()) //nolint:gosec // it need not be secret
	}
	for _, test := range []struct {
		name          string
		change        func(in *sts.AssumeRoleInput)
		code, message string
	}{
		{"no ARN", func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::111122223333") }, "ValidationError", "is invalid"},
		{"the ARN of a user", func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::111122223333:user/bob") }, "ValidationError", "is invalid"},
		{
			"the name of the session", func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("a b") }, "ValidationError",
			`1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`,
		},
		{"a path in the name of the session", func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("../../root") }, "ValidationError", "roleSessionName"},
		{
			"too short", func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(899) }, "ValidationError",
			"Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
		},
		{
			"longer than the role's sessions", func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) }, "ValidationError",
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
		},
		{"a policy that is none", func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{") }, "MalformedPolicyDocument", ""},
		{"a policy that does not pack", func(in *sts.AssumeRoleInput) {
			in.Policy = aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:us-east-1:111122223333:key/` +
				base64.RawURLEncoding.EncodeToString(random) + `"}}`)
		}, "PackedPolicyTooLarge", "% of allotted space, please use smaller policy."},
		{"tags that do not pack", func(in *sts.AssumeRoleInput) {
			for i := range 40 {
				in.Tags = append(in.Tags, tags("k"+strconv.Itoa(i), base64.RawURLEncoding.EncodeToString(random[i*180:(i+1)*180]))...)
			}
			in.RoleArn = roleARN(home, "Tagged")
		}, "PackedPolicyTooLarge", "% of allotted space, please use smaller policy."},
		{"a managed policy of another account", func(in *sts.AssumeRoleInput) {
			in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::444455556666:policy/P")}}
		}, "ValidationError", "does not exist"},
		{"no ARN of a policy", func(in *sts.AssumeRoleInput) {
			in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:s3:::bucket/aaaaaaaaaa")}}
		}, "ValidationError", "is not valid"},
		{"eleven managed policies", func(in *sts.AssumeRoleInput) {
			for i := range 11 {
				in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: aws.String("arn:aws:iam::aws:policy/P" + strconv.Itoa(i))})
			}
		}, "ValidationError", "10"},
		{"tags that differ by case", func(in *sts.AssumeRoleInput) { in.Tags = tags("team", "a", "Team", "b") }, "ValidationError", "Duplicate tag keys"},
		{"a tag of AWS", func(in *sts.AssumeRoleInput) { in.Tags = tags("aws:team", "a") }, "ValidationError", "reserved"},
		{"a transitive tag that is not there", func(in *sts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"team"} }, "ValidationError", "team"},
		{
			"tags without sts:TagSession", func(in *sts.AssumeRoleInput) { in.Tags = tags("team", "a") }, "AccessDenied",
			"User: arn:aws:iam::111122223333:user/team/alice is not authorized to perform: sts:TagSession on resource: arn:aws:iam::111122223333:role/NoTags",
		},
		{
			"a source identity without sts:SetSourceIdentity", func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("alice") }, "AccessDenied",
			"is not authorized to perform: sts:SetSourceIdentity on resource: arn:aws:iam::111122223333:role/NoTags",
		},
		{"the code of no device", func(in *sts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = aws.String("arn:aws:iam::111122223333:mfa/alice"), aws.String("123456")
		}, "AccessDenied", "MultiFactorAuthentication failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := assume(t, alice, "NoTags", test.change)
			requireRefused(t, err, test.code, test.message)
		})
	}
}

func tags(pairs ...string) []types.Tag {
	var out []types.Tag
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

// TestSessionPolicyLimits shows that a session may do no more than its policy.
func TestSessionPolicyLimits(t *testing.T) {
	s := start(t)
	for name, want := range map[string]bool{"kms:DescribeKey": true, "kms:ListKeys": false} {
		got, err := assume(t, client(s, "user/team/alice"), "App", func(in *sts.AssumeRoleInput) {
			in.Policy = aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + name + `","Resource":"*"}]}`)
		})
		require.NoError(t, err)
		require.Positive(t, *got.PackedPolicySize) //nolint:staticcheck // what clients of today read
		if err := describe(t, with(s, got.Credentials)); want {
			require.NoError(t, err)
		} else {
			requireRefused(t, err, "AccessDeniedException", "because no session policy allows the kms:DescribeKey action")
		}
	}
}

// TestRoleChaining follows session tags and a source identity through two roles.
func TestRoleChaining(t *testing.T) {
	s := start(t)
	first, err := assume(t, client(s, "user/team/alice"), "Tagged", func(in *sts.AssumeRoleInput) {
		in.Tags, in.TransitiveTagKeys = tags("team", "blue", "passing", "yes"), []string{"team"}
		in.SourceIdentity = aws.String("alice")
	})
	require.NoError(t, err)
	require.Equal(t, "alice", *first.SourceIdentity)
	require.NoError(t, describe(t, with(s, first.Credentials)), "the session tag comes before the role's")
	chained := sts.NewFromConfig(with(s, first.Credentials))

	second, err := assume(t, chained, "Next")
	require.NoError(t, err)
	require.Equal(t, "alice", *second.SourceIdentity)
	require.NoError(t, describe(t, with(s, second.Credentials)), "the tag is passed on and comes before the role's")

	_, err = assume(t, chained, "Next", func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) })
	requireRefused(t, err, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	_, err = assume(t, chained, "Next", func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("mallory") })
	requireRefused(t, err, "AccessDenied", "sts:SetSourceIdentity")
	_, err = assume(t, chained, "Next", func(in *sts.AssumeRoleInput) { in.Tags = tags("Team", "red") })
	requireRefused(t, err, "ValidationError", "inherited")
	_, err = assume(t, chained, "Next", func(in *sts.AssumeRoleInput) { in.Tags = tags("passing", "again") })
	require.NoError(t, err, "it is not inherited")
	_, err = assume(t, chained, "NoTags")
	requireRefused(t, err, "AccessDenied", "sts:TagSession")

	plain, err := assume(t, client(s, "user/team/alice"), "Tagged")
	require.NoError(t, err)
	requireRefused(t, describe(t, with(s, plain.Credentials)), "AccessDeniedException", "kms:DescribeKey")
}

// TestHostileTokens uses session tokens that are not, or not any more, those of the access key.
func TestHostileTokens(t *testing.T) {
	clock := &kmstest.Clock{}
	s := start(t, kmstest.WithClock(clock))
	alice := client(s, "user/team/alice")
	one, err := assume(t, alice, "App")
	require.NoError(t, err)
	two, err := assume(t, alice, "App")
	require.NoError(t, err)
	longTerm, err := s.Config("user/team/alice").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	forged := func(change func(c *types.Credentials)) error {
		c := *one.Credentials
		change(&c)
		return describe(t, with(s, &c))
	}
	token := *one.Credentials.SessionToken
	for name, change := range map[string]func(c *types.Credentials){
		"of another session": func(c *types.Credentials) { c.SessionToken = two.Credentials.SessionToken },
		"with a long-term key": func(c *types.Credentials) {
			c.AccessKeyId, c.SecretAccessKey = &longTerm.AccessKeyID, &longTerm.SecretAccessKey
		},
		"with a byte changed":      func(c *types.Credentials) { c.SessionToken = aws.String(flip(token, len(token)/2)) },
		"with the version changed": func(c *types.Credentials) { c.SessionToken = aws.String(flip(token, 0)) },
		"cut":                      func(c *types.Credentials) { c.SessionToken = aws.String(token[:len(token)-4]) },
		"continued":                func(c *types.Credentials) { c.SessionToken = aws.String(token + "AAAA") },
		"huge":                     func(c *types.Credentials) { c.SessionToken = aws.String(token + strings.Repeat("A", 20000)) },
		"of an id of another user": func(c *types.Credentials) { c.AccessKeyId = aws.String("ASIAIOSFODNN7EXAMPLE") },
		"taken away":               func(c *types.Credentials) { c.SessionToken = aws.String("") },
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, forged(change), "UnrecognizedClientException", "The security token included in the request is invalid")
		})
	}
	wrongSecret := forged(func(c *types.Credentials) { c.SecretAccessKey = two.Credentials.SecretAccessKey })
	requireRefused(t, wrongSecret, "InvalidSignatureException", "")
	require.NoError(t, describe(t, with(s, one.Credentials)))
	clock.Advance(time.Hour)
	requireRefused(t, describe(t, with(s, one.Credentials)), "ExpiredTokenException", "expired")
	_, err = sts.NewFromConfig(with(s, one.Credentials)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	requireRefused(t, err, "ExpiredToken", "The security token included in the request is expired")
}

// flip changes one character of a token.
func flip(token string, at int) string {
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}

// TestHostileForms sends what no client sends.
func TestHostileForms(t *testing.T) {
	s := start(t)
	for name, body := range map[string]string{
		"an XML bomb": `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]><lolz>&lol2;</lolz>`,
		"too deep":    "Action=AssumeRole&Version=2011-06-15&" + strings.Repeat("a.", 500) + "a=1",
		"too many":    "Action=AssumeRole&Version=2011-06-15" + strings.Repeat("&a=1", 20000),
		"an index":    "Action=AssumeRole&Version=2011-06-15&Tags.member.2147483647.Key=a",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/", strings.NewReader(body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.GreaterOrEqual(t, response.StatusCode, 400)
			require.Less(t, response.StatusCode, 500)
		})
	}
}
