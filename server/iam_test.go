package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/iam/api"
	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
)

// withIAM adds the IAM API to a server.
func withIAM(t testing.TB) func(*server.Config) {
	return func(c *server.Config) {
		identities, ok := c.Identities.(*iam.Service)
		require.True(t, ok)
		served, err := api.New(api.Config{Identities: identities})
		require.NoError(t, err)
		c.APIs = append(c.APIs, served)
	}
}

// identities returns the SDK's IAM client with credentials.
func (w *world) identities(c iam.Credentials) *awsiam.Client {
	return awsiam.New(awsiam.Options{
		BaseEndpoint: &w.url, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: provide(c),
	})
}

func (w *world) root(t testing.TB) *awsiam.Client {
	t.Helper()
	return w.identities(w.credentials(t, "arn:aws:iam::"+account+":root"))
}

// requireAPIError requires an exception of a code and a part of its message.
func requireAPIError(t testing.TB, err error, code, message string) {
	t.Helper()
	var exception smithy.APIError
	require.ErrorAs(t, err, &exception)
	require.Equal(t, code, exception.ErrorCode(), exception.ErrorMessage())
	require.Contains(t, exception.ErrorMessage(), message)
}

// TestIAMDecidesTheNextKMSCall makes a user, a group and access keys through the API, and uses them for AWS KMS.
func TestIAMDecidesTheNextKMSCall(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	ctx := t.Context()
	root := w.root(t)
	key := newKey(t, w.client(w.credentials(t, "arn:aws:iam::"+account+":root")))

	made, err := root.CreateUser(ctx, &awsiam.CreateUserInput{
		UserName: aws.String("alice"), Path: aws.String("/team/"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("")}},
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::"+account+":user/team/alice", *made.User.Arn)
	require.True(t, strings.HasPrefix(*made.User.UserId, "AIDA"))
	require.Equal(t, "", *made.User.Tags[0].Value)
	secret, err := root.CreateAccessKey(ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("alice")})
	require.NoError(t, err)
	credentials := iam.Credentials{AccessKeyID: *secret.AccessKey.AccessKeyId, SecretAccessKey: *secret.AccessKey.SecretAccessKey}
	alice := w.client(credentials)
	_, err = encrypt(t, alice, key)
	requireAPIError(t, err, "AccessDeniedException", "kms:Encrypt")

	_, err = root.CreateGroup(ctx, &awsiam.CreateGroupInput{GroupName: aws.String("crypto")})
	require.NoError(t, err)
	_, err = root.PutGroupPolicy(ctx, &awsiam.PutGroupPolicyInput{
		GroupName: aws.String("crypto"), PolicyName: aws.String("use"), PolicyDocument: aws.String(allowAll),
	})
	require.NoError(t, err)
	_, err = root.AddUserToGroup(ctx, &awsiam.AddUserToGroupInput{GroupName: aws.String("crypto"), UserName: aws.String("alice")})
	require.NoError(t, err)
	_, err = encrypt(t, alice, key)
	require.NoError(t, err)

	used, err := root.GetAccessKeyLastUsed(ctx, &awsiam.GetAccessKeyLastUsedInput{AccessKeyId: secret.AccessKey.AccessKeyId})
	require.NoError(t, err)
	require.Equal(t, "kms", *used.AccessKeyLastUsed.ServiceName)
	require.Equal(t, "alice", *used.UserName)

	_, err = root.RemoveUserFromGroup(ctx, &awsiam.RemoveUserFromGroupInput{GroupName: aws.String("crypto"), UserName: aws.String("alice")})
	require.NoError(t, err)
	_, err = encrypt(t, alice, key)
	requireAPIError(t, err, "AccessDeniedException", "kms:Encrypt")

	_, err = root.UpdateUser(ctx, &awsiam.UpdateUserInput{UserName: aws.String("alice"), NewUserName: aws.String("alicia")})
	require.NoError(t, err)
	_, err = encrypt(t, alice, key)
	requireAPIError(t, err, "AccessDeniedException", "user/team/alicia is not authorized")

	_, err = root.DeleteUser(ctx, &awsiam.DeleteUserInput{UserName: aws.String("alicia")})
	requireAPIError(t, err, "DeleteConflict", "Cannot delete entity, must delete access keys first.")
	_, err = root.DeleteAccessKey(ctx, &awsiam.DeleteAccessKeyInput{UserName: aws.String("alicia"), AccessKeyId: secret.AccessKey.AccessKeyId})
	require.NoError(t, err)
	_, err = root.DeleteUser(ctx, &awsiam.DeleteUserInput{UserName: aws.String("alicia")})
	require.NoError(t, err)
	_, err = encrypt(t, alice, key)
	requireAPIError(t, err, "UnrecognizedClientException", "invalid")
}

// TestIAMIsAuthorized shows that nobody changes identities, also their own, without the permission to.
func TestIAMIsAuthorized(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	ctx := t.Context()
	bob := w.identities(w.user(t, "bob", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111122223333:user/${aws:username}"},
		{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"red"}}}]}`))
	w.user(t, "carol", allowNothing)
	for _, test := range []struct {
		name    string
		call    func() error
		message string
	}{
		{"escalate", func() error {
			_, err := bob.PutUserPolicy(ctx, &awsiam.PutUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allowAll)})
			return err
		}, "is not authorized to perform: iam:PutUserPolicy on resource: user bob because no identity-based policy allows the iam:PutUserPolicy action"},
		{"another user", func() error {
			_, err := bob.GetUser(ctx, &awsiam.GetUserInput{UserName: aws.String("carol")})
			return err
		}, "iam:GetUser on resource: user carol"},
		{"without the tag", func() error {
			_, err := bob.CreateUser(ctx, &awsiam.CreateUserInput{UserName: aws.String("dave")})
			return err
		}, "iam:CreateUser on resource: arn:aws:iam::111122223333:user/dave"},
		{"tags need a permission of their own", func() error {
			_, err := bob.CreateUser(ctx, &awsiam.CreateUserInput{UserName: aws.String("dave"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}})
			return err
		}, "iam:TagUser on resource: arn:aws:iam::111122223333:user/dave"},
		{"list", func() error {
			_, err := bob.ListUsers(ctx, &awsiam.ListUsersInput{})
			return err
		}, "iam:ListUsers on resource: arn:aws:iam::111122223333:user/"},
		{"what is not there", func() error {
			_, err := bob.DeleteUser(ctx, &awsiam.DeleteUserInput{UserName: aws.String("nobody")})
			return err
		}, "iam:DeleteUser on resource: user nobody"},
	} {
		t.Run(test.name, func(t *testing.T) { requireAPIError(t, test.call(), "AccessDenied", test.message) })
	}
	self, err := bob.GetUser(ctx, &awsiam.GetUserInput{})
	require.NoError(t, err)
	require.Equal(t, "bob", *self.User.UserName)
	require.Nil(t, w.iamUser(t, "dave"))
}

func (w *world) iamUser(t testing.TB, name string) *iam.UserDetail {
	t.Helper()
	view, err := w.iam.View()
	require.NoError(t, err)
	return view.User(account, name)
}

// TestIAMPages reads lists page by page.
func TestIAMPages(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	root := w.root(t)
	for i := range 7 {
		_, err := root.CreateUser(t.Context(), &awsiam.CreateUserInput{UserName: aws.String(fmt.Sprintf("u%d", i)), Path: aws.String([]string{"/a/", "/b/"}[i%2])})
		require.NoError(t, err)
	}
	var names []string
	pages := 0
	for p := awsiam.NewListUsersPaginator(root, &awsiam.ListUsersInput{MaxItems: aws.Int32(2), PathPrefix: aws.String("/a/")}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		require.NoError(t, err)
		for _, u := range page.Users {
			names = append(names, *u.UserName)
		}
	}
	require.Equal(t, 2, pages)
	require.Equal(t, []string{"u0", "u2", "u4", "u6"}, names)
	_, err := root.ListUsers(t.Context(), &awsiam.ListUsersInput{Marker: aws.String("made up")})
	requireAPIError(t, err, "ValidationError", "Invalid Marker")
}

// TestIAMRefusesWhoIsNotProved answers in the codes and statuses of the Query protocol.
func TestIAMRefusesWhoIsNotProved(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	good := w.credentials(t, "arn:aws:iam::"+account+":root")
	form := func(text string) answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url, strings.NewReader(text))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return send(t, r)
	}
	for _, test := range []struct {
		name, body, code string
		status           int
	}{
		{"unsigned", "Action=ListUsers&Version=2010-05-08", "MissingAuthenticationToken", 403},
		{"no version", "Action=ListUsers", "InvalidAction", 400},
		{"no action", "Version=2010-05-08", "MissingAction", 400},
		{"unknown action", "Action=Dance&Version=2010-05-08", "InvalidAction", 400},
		{"not a form", "Action=%zz", "MalformedQueryString", 400},
		{"twice", "Action=ListUsers&Action=GetUser&Version=2010-05-08", "MalformedQueryString", 400},
		{"too many", strings.Repeat("a=b&", 20_000), "MalformedQueryString", 400},
		{"too large", "Action=" + strings.Repeat("A", 2<<20), "RequestEntityTooLarge", 413},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := form(test.body)
			require.Equal(t, test.status, got.status, got.body)
			require.Contains(t, got.body, "<Code>"+test.code+"</Code>")
		})
	}
	wrong := good
	wrong.SecretAccessKey = strings.Repeat("x", 40)
	_, err := w.identities(wrong).ListUsers(t.Context(), &awsiam.ListUsersInput{})
	requireAPIError(t, err, "SignatureDoesNotMatch", "signature")
	wrong = good
	wrong.AccessKeyID = "AKIAAAAAAAAAAAAAAAAA"
	_, err = w.identities(wrong).ListUsers(t.Context(), &awsiam.ListUsersInput{})
	requireAPIError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
}

// TestIAMInModeOff lets everybody do everything, as who the access key says.
func TestIAMInModeOff(t *testing.T) {
	w := start(t, enforce.Off, withIAM(t))
	nobody := w.identities(iam.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
	_, err := nobody.CreateUser(t.Context(), &awsiam.CreateUserInput{UserName: aws.String("alice")})
	require.NoError(t, err)
	self, err := nobody.GetUser(t.Context(), &awsiam.GetUserInput{})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::"+account+":root", *self.User.Arn)
	require.NotNil(t, w.iamUser(t, "alice"))
}

// TestUserMadeAgainIsSomebodyElse deletes a user whom a key policy names and makes another one of that name: the policy
// shows the id of who is gone, and the new one has no access.
func TestUserMadeAgainIsSomebodyElse(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	ctx := t.Context()
	root := w.root(t)
	rootKMS := w.client(w.credentials(t, "arn:aws:iam::"+account+":root"))
	create := func() (id string, client *kms.Client) {
		made, err := root.CreateUser(t.Context(), &awsiam.CreateUserInput{UserName: aws.String("alice")})
		require.NoError(t, err)
		return *made.User.UserId, w.client(w.credentials(t, *made.User.Arn))
	}
	id, alice := create()
	key, err := rootKMS.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"kms:Encrypt","Resource":"*"}]}`)})
	require.NoError(t, err)
	_, err = encrypt(t, alice, *key.KeyMetadata.KeyId)
	require.NoError(t, err)

	for _, k := range w.accessKeys(t, root, "alice") {
		_, err = root.DeleteAccessKey(ctx, &awsiam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: k.AccessKeyId})
		require.NoError(t, err)
	}
	_, err = root.DeleteUser(ctx, &awsiam.DeleteUserInput{UserName: aws.String("alice")})
	require.NoError(t, err)
	again, alice := create()
	require.NotEqual(t, id, again)
	_, err = encrypt(t, alice, *key.KeyMetadata.KeyId)
	requireAPIError(t, err, "AccessDeniedException", "kms:Encrypt")
	shown, err := rootKMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: key.KeyMetadata.KeyId})
	require.NoError(t, err)
	require.Contains(t, *shown.Policy, id)
	require.NotContains(t, *shown.Policy, "user/alice")
}

func (w *world) accessKeys(t testing.TB, client *awsiam.Client, user string) []types.AccessKeyMetadata {
	t.Helper()
	out, err := client.ListAccessKeys(t.Context(), &awsiam.ListAccessKeysInput{UserName: &user})
	require.NoError(t, err)
	return out.AccessKeyMetadata
}

// TestIAMCallsAreExplainedAndCounted finds a denied call of IAM in the decision log and in the metrics.
func TestIAMCallsAreExplainedAndCounted(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	bob := w.identities(w.user(t, "bob", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:Delete*","Resource":"*"}]}`))
	_, err := bob.DeleteUser(t.Context(), &awsiam.DeleteUserInput{UserName: aws.String("bob")})
	requireAPIError(t, err, "AccessDenied", "with an explicit deny in an identity-based policy")
	denied := w.trail.Denied()
	require.Len(t, denied, 1)
	x, found := w.trail.Explain(t.Context(), denied[0])
	require.True(t, found)
	require.Equal(t, "DeleteUser", x.Operation)
	require.Equal(t, "AccessDenied", x.ErrorCode)
	require.Equal(t, "iam:DeleteUser", x.Decisions[0].Action)
	require.Equal(t, "arn:aws:iam::"+account+":user/bob", x.Decisions[0].Resource)
	body := send(t, mustGet(t, w.url+server.MetricsPath)).body
	require.Contains(t, body, `strictkms_requests_total{code="AccessDenied",operation="iam:DeleteUser"} 1`)
}

// TestIAMTakesEveryRegion signs for the Region that the client is set to, as SDKs do with an endpoint of one's own.
func TestIAMTakesEveryRegion(t *testing.T) {
	w := start(t, enforce.Strict, withIAM(t))
	client := w.identities(w.user(t, "bob", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*",
		"Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}`))
	_, err := client.GetUser(t.Context(), &awsiam.GetUserInput{}, func(o *awsiam.Options) { o.Region = "eu-central-1" })
	require.NoError(t, err)
}
