package files_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

var defaults = source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}

const small = `
accounts:
  "111122223333":
    policies:
      UseKeys: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "kms:*", Resource: "*"}]}
    groups:
      Devs: {attached: UseKeys}
    users:
      alice:
        id: AIDAEXAMPLE
        groups: [Devs]
        tags: {team: red}
    roles:
      App:
        path: /service/
        attached: [UseKeys, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
        boundary: UseKeys
        policies:
          Own: |
            {"Version": "2012-10-17", "Statement": [
              {"Sid": "One", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}
    keys:
      main:
        aliases: [alias/app]
        tags: {env: test}
        grants:
          - GrantId: g1
            GranteePrincipal: arn:aws:iam::111122223333:user/alice
            Operations: [Decrypt]
            Constraints: {EncryptionContextSubset: {a: b}}
organization:
  id: o-example
  management-account: "999988887777"
  root:
    id: r-root
    accounts: ["999988887777"]
    units:
      - id: ou-team
        scps:
          FullAWSAccess:
          NoDelete: {Version: 2012-10-17, Statement: {Effect: Deny, Action: "kms:ScheduleKeyDeletion", Resource: "*"}}
        accounts:
          "111122223333": {rcps: {RCPFullAWSAccess: }}
endpoints:
  vpce-1: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: "*", Action: "*", Resource: "*"}}
`

func load(t *testing.T, src string) (*source.World, error) {
	t.Helper()
	w := &source.World{}
	err := files.Load(w, "world.yaml", []byte(src), defaults)
	return w, err
}

func TestLoad(t *testing.T) {
	w, err := load(t, small)
	require.NoError(t, err)
	require.Equal(t, defaults, w.Defaults)

	alice, err := w.Principal("user/alice")
	require.NoError(t, err)
	require.Equal(t, "AIDAEXAMPLE", alice.UniqueID)
	require.Equal(t, map[string]string{"team": "red"}, alice.Tags)
	require.Len(t, alice.Identity, 1)
	require.Equal(t, "arn:aws:iam::111122223333:policy/UseKeys", alice.Identity[0].ARN)

	app, err := w.Principal("role/App")
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::111122223333:role/service/App", app.Issuer)
	require.Equal(t, "role/App/Own", app.Identity[0].Name)
	require.Equal(t, "world.yaml:21:15", app.Identity[0].Statements[0].Pos.String())
	require.NotNil(t, app.Boundary)
	require.Len(t, app.Unknown, 1)

	key, named, err := w.Key("alias/app")
	require.NoError(t, err)
	require.Equal(t, "alias/app", named.Alias)
	require.Equal(t, "arn:aws:kms:us-east-1:111122223333:key/main", key.ARN)
	require.Equal(t, "ENCRYPT_DECRYPT", key.Usage)
	require.Equal(t, "Enable IAM User Permissions", key.Policy.Statements[0].Sid)
	require.Equal(t, map[string]string{"a": "b"}, key.Grants[0].EncryptionContextSubset)

	account := w.Account("111122223333")
	require.Equal(t, "o-example/r-root/ou-team/", account.OrganizationPath)
	require.Len(t, account.SCPs, 3)
	require.Len(t, account.SCPs[0], 1)
	require.Len(t, account.SCPs[1], 2)
	require.True(t, w.Account("999988887777").Management)
	require.NotNil(t, w.Endpoints["vpce-1"])
}
