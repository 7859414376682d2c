package inline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/inline"
)

// TestDecide shows that every kind of policy of a line has its say.
func TestDecide(t *testing.T) {
	const (
		all      = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		none     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}}`
		everyone = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`
		denied   = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}}`
		delegate = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}}`
		both     = `,"resourcePolicy":` + delegate + `,"identityPolicies":[` + all + `]`
		grant    = `,"grants":[{"GranteePrincipal":"arn:aws:iam::111122223333:user/alice","Operations":["Decrypt"]`
	)
	base := evaluator.New(&source.World{})
	for name, test := range map[string]struct{ more, reason string }{
		"nothing":                       {``, "no-key-policy"},
		"key policy":                    {`,"resourcePolicy":` + everyone, "direct-key-policy"},
		"key policy as text":            {`,"resourcePolicy":` + quote(t, everyone), "direct-key-policy"},
		"delegated":                     {both, "key-policy-and-iam"},
		"delegated, no identity policy": {`,"resourcePolicy":` + delegate, "no-identity-policy"},
		"no key policy":                 {`,"identityPolicies":[` + all + `]`, "no-key-policy"},
		"boundary":                      {both + `,"permissionBoundaries":[` + none + `]`, "no-permissions-boundary"},
		"no boundary":                   {both + `,"permissionBoundaries":[]`, "key-policy-and-iam"},
		"session policy":                {both + `,"sessionPolicy":` + none, "no-session-policy"},
		"null session policy":           {both + `,"sessionPolicy":null`, "key-policy-and-iam"},
		"SCPs":                          {both + `,"scps":[[` + all + `],[` + none + `,` + all + `]]`, "key-policy-and-iam"},
		"SCP level":                     {both + `,"scps":[[` + all + `],[` + none + `]]`, "no-service-control-policy"},
		"empty SCP level":               {both + `,"scps":[[]]`, "no-service-control-policy"},
		"no SCP levels":                 {both + `,"scps":[]`, "key-policy-and-iam"},
		"RCP":                           {both + `,"rcps":[[],[` + denied + `]]`, "explicit-deny"},
		"VPC endpoint":                  {both + `,"vpcEndpointPolicies":[` + everyone + `]`, "key-policy-and-iam"},
		"VPC endpoint that says no":     {both + `,"vpcEndpointPolicies":[` + denied + `]`, "explicit-deny"},
		"through no VPC endpoint":       {both + `,"vpcEndpointPolicies":[]`, "key-policy-and-iam"},
		"grant":                         {grant + `}]`, "grant"},
		"grant on this key id":          {grant + `,"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}]`, "grant"},
		"grant on another key":          {grant + `,"KeyId":"arn:aws:kms:us-east-1:111122223333:key/other"}]`, "no-key-policy"},
		"grant constraint":              {grant + `,"Constraints":{"EncryptionContextSubset":{"a":"b"}}}]`, "no-key-policy"},
		"grant constraint met": {
			grant + `,"Constraints":{"EncryptionContextSubset":{"a":"b"}}}],"context":{"kms:EncryptionContext:a":"b"}`, "grant",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := read(t, line(test.more))
			d, err := base.In(c.World).Explain(context.Background(), c.Request)
			require.NoError(t, err)
			require.Equal(t, test.reason, d.Reason)
		})
	}
}

// TestReadings shows that a line reads assumptions as it says, and the others as they are read for every line.
func TestReadings(t *testing.T) {
	base, err := evaluator.ParseReadings("grant-and-scp=survives", "grant-constraint-case=keys-insensitive")
	require.NoError(t, err)
	for more, want := range map[string]string{
		``:                                  "grant-and-scp=survives grant-constraint-case=keys-insensitive",
		`,"assume":null`:                    "grant-and-scp=survives grant-constraint-case=keys-insensitive",
		`,"assume":{}`:                      "grant-and-scp=survives grant-constraint-case=keys-insensitive",
		`,"assume":{"grant-and-scp":null}`:  "grant-and-scp=survives grant-constraint-case=keys-insensitive",
		`,"assume":{"grant-and-scp":"cut"}`: "grant-constraint-case=keys-insensitive",
		`,"assume":{"grant-cross-account":"suffices"}`: "grant-and-scp=survives grant-constraint-case=keys-insensitive grant-cross-account=suffices",
	} {
		got, err := read(t, line(more)).Readings(base)
		require.NoError(t, err)
		wanted, err := evaluator.ParseReadings(strings.Fields(want)...)
		require.NoError(t, err)
		require.Equal(t, wanted, got, more)
	}
}

// TestDecideOnNothing shows that a request without a resource has an owner, whose RCPs bind it.
func TestDecideOnNothing(t *testing.T) {
	text := `{"principal":"arn:aws:iam::111122223333:user/alice","action":"kms:CreateKey","resource":"*",
		"identityPolicies":[{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"}}],
		"rcps":[[{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:CreateKey","Resource":"*"}}]]}`
	for want, text := range map[string]string{
		"explicit-deny": text,
		"iam-policy":    strings.Replace(text, `"Deny","Principal":"*","Action":"kms:CreateKey"`, `"Allow","Principal":"*","Action":"*"`, 1),
	} {
		c := read(t, text)
		d, err := evaluator.New(c.World).Explain(context.Background(), c.Request)
		require.NoError(t, err)
		require.Equal(t, want, d.Reason)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(line(``)))
	f.Add([]byte(line(`,"id":[1],"grants":[{"Operations":["Decrypt"],"Constraints":{"EncryptionContextEquals":{"a":"b"}}}]`)))
	f.Add([]byte(line(`,"identityPolicies":[{"name":"n","policy":"{\"Statement\":[]}"}],"scps":[[{}]],"context":{"a:b":[1,true]}`)))
	f.Add([]byte(`{"id":"x","principal":"arn:aws:sts::111122223333:assumed-role/a/b`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := inline.Read(text, "line")
		require.NotNil(t, c)
		if err == nil {
			require.NotNil(t, c.Request.Principal)
			require.NotNil(t, c.World)
			_, err := evaluator.New(c.World).Explain(context.Background(), c.Request)
			if err != nil {
				require.NotContains(t, err.Error(), "please report")
			}
			return
		}
		require.ErrorContains(t, err, "line")
	})
}
