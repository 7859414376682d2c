package expectations_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source/expectations"
)

func TestRead(t *testing.T) {
	f, err := expectations.Read("a_test.yaml", []byte(`
load: [one.yaml, two.json]
account: 000011112222
region: eu-west-2
stack-name: app
parameters: {Name: 7}
assume: {grant-and-scp: survives}
expectations:
  - name: everything
    principal: [user/alice, role/App]
    action: kms:Decrypt
    key: [k, alias/app]
    context: {kms:EncryptionContext:a: [x, 2], aws:MultiFactorAuthPresent: true}
    unknown: aws:SourceIp
    via-service: s3
    source-vpce: vpce-1
    grant: g
    expect: conditional
    because: [Sid, direct-key-policy]
    session-policy: session.json
  - {principal: root, action: kms:ListKeys, expect: deny, session-policy: {Version: 2012-10-17, Statement: {Effect: Deny, Action: "*", Resource: "*"}}}
`))
	require.NoError(t, err)
	require.Equal(t, "a_test.yaml", f.Name)
	require.Equal(t, "two.json", f.Load[1].Value)
	require.Equal(t, "a_test.yaml:2:18", f.Load[1].Pos.String())
	require.Equal(t, "000011112222", f.Account.Value, "an account id is a text")
	require.Equal(t, "eu-west-2", f.Region.Value)
	require.Equal(t, "app", f.StackName.Value)
	require.Equal(t, "7", f.Parameters["Name"].Value)
	require.Equal(t, "survives", f.Assume["grant-and-scp"].Value)
	require.Len(t, f.Cases, 5, "every combination")

	var asked []string
	for _, c := range f.Cases {
		asked = append(asked, c.Principal.Value+" "+c.Key.Value)
	}
	require.Equal(t, []string{"user/alice k", "user/alice alias/app", "role/App k", "role/App alias/app", "root "}, asked)

	c := f.Cases[0]
	require.Equal(t, "everything", c.Name)
	require.Equal(t, "a_test.yaml:9:5", c.Pos.String())
	require.Equal(t, evaluator.Context{"kms:EncryptionContext:a": {"x", "2"}, "aws:MultiFactorAuthPresent": {"true"}}, c.Context)
	require.Equal(t, "aws:SourceIp", c.Unknown[0].Value)
	require.Equal(t, "s3", c.ViaService.Value)
	require.Equal(t, "vpce-1", c.SourceVPCE.Value)
	require.Equal(t, "g", c.Grant.Value)
	require.Equal(t, evaluator.Conditional, c.Expect)
	require.Len(t, c.Because, 2)
	require.Equal(t, "session.json", c.SessionPolicyFile.Value)
	require.Nil(t, c.SessionPolicy)
	require.NotNil(t, f.Cases[4].SessionPolicy)
}

// FuzzRead looks for texts on which the reader panics, or gives neither a file nor a located reason.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "load: a\nexpectations:\n  - {principal: root, action: kms:Decrypt, key: [a, b], expect: deny}\n",
		"expectations: [1, {context: {a: }}, {session-policy: {}}]", `{"expectations": [{"principal": []}]}`, "- *a", "? [a]\n: b",
		"expectations: &a [{name: x, principal: *a}]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := expectations.Read("f.yaml", src)
		if err == nil {
			require.NotEmpty(t, file.Cases)
			return
		}
		require.Nil(t, file)
		require.Contains(t, err.Error(), "f.yaml")
	})
}
