package audit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGrants checks each way in which a grant is loose (KP310).
func TestGrants(t *testing.T) {
	const head = "accounts:\n  \"111122223333\":\n    keys:\n      a:\n        grants:\n"
	grant := func(id, grantee, operations, more string) string {
		return "          - {GrantId: " + id + ", GranteePrincipal: \"" + grantee + "\", Operations: [" + operations + "]" + more + "}\n"
	}
	const role = "arn:aws:iam::111122223333:role/App"
	const tenant = ", Constraints: {EncryptionContextEquals: {tenant: a}}"
	for _, c := range []struct {
		name, grants string
		want         []string
	}{
		{"fine", grant("g", role, "Decrypt", tenant), nil},
		{"an account", grant("g", "arn:aws:iam::444455556666:root", "Decrypt", tenant), []string{"medium the grantee is the whole account 444455556666"}},
		{"a deleted role", grant("g", "AROADBQP57FF2AEXAMPLE", "Decrypt", tenant), []string{"medium the grantee AROADBQP57FF2AEXAMPLE is the id of a user or role that was deleted"}},
		{"passed on", grant("g", role, "Decrypt, CreateGrant", tenant), []string{"medium the grantee can pass the grant on: it has the CreateGrant operation"}},
		{"everything", grant("g", role, "Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext, ReEncryptFrom, ReEncryptTo", tenant), []string{"medium the grant allows every operation of the key"}},
		{"no constraint", grant("g", role, "Decrypt", ""), []string{"info the grant has no constraint on the encryption context: it is good for all that the key encrypts"}},
		{"no constraint, and nothing that reveals", grant("g", role, "Encrypt", ""), nil},
		{"twice", grant("g", role, "Decrypt, Encrypt", tenant) + grant("h", role, "Encrypt, Decrypt", tenant), []string{"info the grant says the same as grant g"}},
		{"for two tenants", grant("g", role, "Decrypt", tenant) + grant("h", role, "Decrypt", ", Constraints: {EncryptionContextEquals: {tenant: b}}"), nil},
		{"made elsewhere", grant("g", role, "Decrypt", tenant+", IssuingAccount: \"444455556666\""), []string{"info the grant was made by account 444455556666, of which nothing is loaded"}},
		{"a service", "          - {GrantId: g, GranteeServicePrincipal: logs.amazonaws.com, Operations: [Decrypt], Constraints: {SourceArn: \"arn:aws:logs:us-east-1:111122223333:x\"}}\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range only(findings(t, "w.yaml", head+c.grants), "KP310") {
				require.Equal(t, "arn:aws:kms:us-east-1:111122223333:key/a", f.Key)
				got = append(got, f.Severity.String()+" "+f.Message)
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestReplicas compares the policy of a replica with that of its primary key (KP309).
func TestReplicas(t *testing.T) {
	world := func(primary, replica string) string {
		key := func(region, kind, statements string) string {
			return "      arn:aws:kms:" + region + ":111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab:\n        multi-region: true\n        multi-region-key-type: " +
				kind + "\n        policy: {Version: \"2012-10-17\", Statement: [" + accountStatement + statements + "]}\n"
		}
		return "accounts:\n  \"111122223333\":\n    keys:\n" + key("us-east-1", "PRIMARY", primary) + key("eu-west-1", "REPLICA", replica)
	}
	use := ", " + allow(app, `"kms:Decrypt"`, "")
	require.Empty(t, only(findings(t, "w.yaml", world(use, use)), "KP309"))
	require.Empty(t, only(findings(t, "w.yaml", world(use, "")), "KP309"))
	wider := only(findings(t, "w.yaml", world("", use)), "KP309")
	require.Len(t, wider, 1)
	require.Contains(t, wider[0].Message, "the replica lets arn:aws:iam::111122223333:role/App use kms:Decrypt, and its primary key does not")
	require.Contains(t, wider[0].Key, "eu-west-1")
}

// TestBothSides checks the rules that need IAM policies and key policies, in worlds that have both.
func TestBothSides(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/a"
	world := func(role, statements string) string {
		return "accounts:\n  \"111122223333\":\n    policies:\n      Cap: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"kms:Encrypt\", Resource: \"*\"}]}\n" +
			"    roles:\n      App: {" + role + "}\n    keys:\n      a:\n        policy: {Version: \"2012-10-17\", Statement: [" + statements + "]}\n"
	}
	inline := func(action, resource string) string {
		return `policies: {P: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "` + action + `", Resource: "` + resource + `"}]}}`
	}
	for _, c := range []struct{ name, role, statements, want string }{
		{"IAM is asked", inline("kms:Decrypt", key), accountStatement, ""},
		{"IAM is not asked", inline("kms:Decrypt", key), administrationStatement, "KP601"},
		{"IAM is asked about some of it", inline("kms:*", key), administrationStatement, ""},
		{"IAM names all keys", inline("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/*"), administrationStatement, ""},
		{"the key policy names the role itself", inline("kms:Decrypt", key), administrationStatement + ", " + allow(app, `"kms:Decrypt"`, ""), ""},
		{"under a condition", inline("kms:Decrypt", key), administrationStatement + ", " + allow(owner, `"kms:Decrypt"`, `{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`), ""},
		{"the boundary allows it", "boundary: Cap", accountStatement + ", " + allow(app, `"kms:Encrypt"`, ""), ""},
		{"the boundary does not", "boundary: Cap", accountStatement + ", " + allow(app, `"kms:Decrypt"`, ""), "KP602"},
		{"the boundary does not, for a session", "boundary: Cap", accountStatement + ", " + allow(`{"AWS": "arn:aws:sts::111122223333:assumed-role/App/s"}`, `"kms:Decrypt"`, ""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range findings(t, "w.yaml", world(c.role, c.statements)) {
				if strings.HasPrefix(f.Code, "KP6") {
					got = append(got, f.Code)
				}
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

// TestOfOtherServices checks that what is about other services is left alone.
func TestOfOtherServices(t *testing.T) {
	const text = `Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}}
      Policies:
        - PolicyName: P
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: s3:GetObject, Resource: "*", Condition: {StringEquals: {s3:prefix: "a*", aws:SourceVpc: x}}}
              - {Effect: Deny, Action: "s3:*", Resource: "*", Condition: {Bool: {aws:MultiFactorAuthPresent: "false"}}}
`
	require.Empty(t, findings(t, "t.yaml", text))
}
