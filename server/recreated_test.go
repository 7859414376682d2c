package server_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

// forget deletes a user or role.
func (w *world) forget(t *testing.T, remove func(e *iam.Edit) error) {
	t.Helper()
	require.NoError(t, w.iam.Edit(t.Context(), remove))
}

// TestPrincipalsMadeAnew are not the ones that policies and grants mean: a key policy and a grant keep the unique id of
// whom they name (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
func TestPrincipalsMadeAnew(t *testing.T) {
	const (
		app = "arn:aws:iam::" + account + ":role/Worker"
		bob = "arn:aws:iam::" + account + ":user/bob"
	)
	w := start(t, enforce.Strict)
	ctx := t.Context()
	admin := w.client(w.user(t, "admin", allowAll))
	role, user := w.role(t, "Worker", allowNothing), w.user(t, "bob", allowAll)
	policy := `{"Version":"2012-10-17","Statement":[
		{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},
		{"Sid":"App","Effect":"Allow","Principal":{"AWS":"` + app + `"},"Action":"kms:Encrypt","Resource":"*"},
		{"Sid":"NotBob","Effect":"Deny","Principal":{"AWS":"` + bob + `"},"Action":"kms:Encrypt","Resource":"*"}]}`
	made, err := admin.CreateKey(ctx, &kms.CreateKeyInput{Policy: &policy})
	require.NoError(t, err)
	key := aws.ToString(made.KeyMetadata.Arn)
	_, err = admin.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(app), RetiringPrincipal: aws.String(app),
		Operations: []types.GrantOperation{types.GrantOperationGenerateDataKey},
	})
	require.NoError(t, err)
	generate := func(c *kms.Client) error {
		_, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &key, KeySpec: types.DataKeySpecAes256})
		return err
	}
	_, err = encrypt(t, w.client(role), key)
	require.NoError(t, err)
	require.NoError(t, generate(w.client(role)))
	_, err = encrypt(t, w.client(user), key)
	require.ErrorContains(t, err, "with an explicit deny in a resource-based policy")

	w.forget(t, func(e *iam.Edit) error { return e.DeleteRole(account, "Worker") })
	w.forget(t, func(e *iam.Edit) error { return e.DeleteUser(account, "bob") })
	oldRole, oldUser := role.Principal.UniqueID, user.Principal.UniqueID
	role, user = w.role(t, "Worker", allowNothing), w.user(t, "bob", allowAll)
	require.NotEqual(t, oldRole, role.Principal.UniqueID)
	for range 2 {
		_, err = encrypt(t, w.client(role), key)
		require.ErrorContains(t, err, "AccessDeniedException")
		require.ErrorContains(t, err, "because no identity-based policy allows the kms:Encrypt action")
		require.ErrorContains(t, generate(w.client(role)), "AccessDeniedException")
		_, err = encrypt(t, w.client(user), key)
		require.NoError(t, err, "the deny means the bob that was there")
		_, err = encrypt(t, w.client(role), key)
		response, ok := errors.AsType[*smithyhttp.ResponseError](err)
		require.True(t, ok, "%v", err)
		id := response.Response.Header.Get("X-Amzn-Requestid")
		require.Contains(t, send(t, mustGet(t, w.url+trail.ExplainPath+id)).body, oldRole)
	}
	got, err := admin.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	require.NoError(t, err)
	require.Equal(t, strings.NewReplacer(app, oldRole, bob, oldUser).Replace(policy), aws.ToString(got.Policy))
	_, err = admin.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: got.Policy})
	require.ErrorContains(t, err, "MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals.")

	_, err = admin.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: &policy})
	require.NoError(t, err)
	_, err = encrypt(t, w.client(role), key)
	require.NoError(t, err, "the policy was put anew, for this one")
	_, err = encrypt(t, w.client(user), key)
	require.ErrorContains(t, err, "with an explicit deny in a resource-based policy")
	require.ErrorContains(t, generate(w.client(role)), "AccessDeniedException", "the grant is still for the old one")
}
