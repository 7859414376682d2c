package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/simulator/audit"
)

// keyPolicy is a key policy of the default statement for the account and the given ones.
func keyPolicy(statements ...string) string {
	return `{"Version": "2012-10-17", "Statement": [` + strings.Join(append([]string{accountStatement}, statements...), ",\n") + "]}"
}

// only are the findings of one rule.
func only(found []audit.Finding, code string) []audit.Finding {
	return slices.DeleteFunc(found, func(f audit.Finding) bool { return f.Code != code })
}

// allow is an Allow of an action for a principal, with a condition in JSON or none.
func allow(principal, action, condition string) string {
	if condition != "" {
		condition = `, "Condition": ` + condition
	}
	return fmt.Sprintf(`{"Sid": "S", "Effect": "Allow", "Principal": %s, "Action": %s, "Resource": "*"%s}`, principal, action, condition)
}

// deny is a Deny of an action for everyone.
func deny(action, condition string) string {
	return strings.Replace(strings.Replace(allow(`"*"`, action, condition), `"Allow"`, `"Deny"`, 1), `"S"`, `"D"`, 1)
}

// TestOpenToStrangers is the heart of KP301: which conditions keep the callers of other accounts out.
func TestOpenToStrangers(t *testing.T) {
	for _, c := range []struct {
		condition string
		open      bool
	}{
		{``, true},
		// what a caller chooses
		{`{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`, true},
		{`{"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`, true},
		{`{"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "tenant"}}`, true},
		{`{"Bool": {"aws:SecureTransport": "true"}}`, true},
		{`{"StringLike": {"aws:UserAgent": "*"}}`, true},
		{`{"StringEquals": {"aws:UserAgent": "secret"}}`, true},
		{`{"Bool": {"aws:MultiFactorAuthPresent": "true"}}`, true},
		{`{"StringEquals": {"aws:PrincipalTag/team": "red"}}`, true},
		{`{"StringEquals": {"aws:username": "alice"}}`, true},
		{`{"StringEquals": {"kms:RequestAlias": "alias/app"}}`, true},
		{`{"StringEquals": {"aws:PrincipalType": "AssumedRole"}}`, true},
		// values that everything is equal to
		{`{"StringLike": {"aws:PrincipalOrgID": "*"}}`, true},
		{`{"StringLike": {"aws:PrincipalOrgID": "o-*"}}`, true},
		{`{"StringLike": {"kms:CallerAccount": "*"}}`, true},
		{`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin"}}`, true},
		{`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}`, true},
		{`{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}`, true},
		{`{"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}`, true},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}`, true},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}`, true},
		{`{"StringLike": {"aws:SourceVpc": "vpc-*"}}`, true},
		// operators that a missing or another value meets
		{`{"StringNotEquals": {"aws:PrincipalAccount": "444455556666"}}`, true},
		{`{"StringEqualsIfExists": {"aws:SourceIdentity": "x"}}`, true},
		{`{"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:*"}}`, true},
		{`{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "tenant"}}`, true},
		{`{"Null": {"aws:PrincipalOrgID": "false"}}`, true},
		{`{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`, true},
		// what a caller cannot choose
		{`{"StringEquals": {"kms:CallerAccount": "111122223333"}}`, false},
		{`{"StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": "s3.us-east-1.amazonaws.com"}}`, false},
		{`{"StringEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}}`, false},
		{`{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`, false},
		{`{"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}`, false},
		{`{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}`, false},
		{`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`, false},
		{`{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}}`, false},
		{`{"StringEquals": {"aws:SourceAccount": "111122223333"}}`, false},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-bucket"}}`, false},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:*"}}`, false},
		{`{"StringEquals": {"aws:SourceVpc": "vpc-1234abcd"}}`, false},
		{`{"StringEquals": {"aws:SourceVpce": "vpce-1234abcd"}}`, false},
		{`{"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "203.0.113.0/24"]}}`, false},
		{`{"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}`, false},
		{`{"StringEqualsIgnoreCase": {"kms:RecipientAttestation:ImageSha384": "9fedcba8"}}`, false},
		{`{"Bool": {"aws:PrincipalIsAWSService": "true"}}`, false},
	} {
		t.Run(c.condition, func(t *testing.T) {
			for _, everyone := range []string{`"*"`, `{"AWS": "*"}`, `{"AWS": ["*", "arn:aws:iam::111122223333:role/App"]}`} {
				found := only(findings(t, "p.json", keyPolicy(allow(everyone, `"kms:Decrypt"`, c.condition))), "KP301")
				require.Equal(t, c.open, len(found) > 0, "%v", found)
				for _, f := range found {
					require.Equal(t, audit.Critical, f.Severity)
				}
			}
		})
	}
}

// TestOpenToStrangersElsewhere checks what else than its own condition makes a statement open or not.
func TestOpenToStrangersElsewhere(t *testing.T) {
	outside := `{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`
	for _, c := range []struct {
		name       string
		statements []string
		want       []audit.Severity
	}{
		{"a Deny for those outside", []string{allow(`"*"`, `"kms:Decrypt"`, ""), deny(`"kms:*"`, outside)}, nil},
		{"a Deny of something else", []string{allow(`"*"`, `"kms:Decrypt"`, ""), deny(`"kms:Encrypt"`, outside)}, []audit.Severity{audit.Critical}},
		{"a Deny that can be got around", []string{allow(`"*"`, `"kms:Decrypt"`, ""), deny(`"kms:*"`, `{"Bool": {"aws:SecureTransport": "false"}}`)}, []audit.Severity{audit.Critical}},
		{"only what is harmless", []string{allow(`"*"`, `["kms:GetPublicKey", "kms:Verify", "kms:DescribeKey"]`, "")}, []audit.Severity{audit.Medium}},
		{"what does not work across accounts", []string{allow(`"*"`, `"kms:ScheduleKeyDeletion"`, "")}, nil},
		{"every statement by itself", []string{allow(`"*"`, `"kms:Decrypt"`, ""), allow(`"*"`, `"kms:Sign"`, "")}, []audit.Severity{audit.Critical, audit.Critical}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []audit.Severity
			for _, f := range only(findings(t, "p.json", keyPolicy(c.statements...)), "KP301") {
				got = append(got, f.Severity)
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestLockout checks who can still change a key policy.
func TestLockout(t *testing.T) {
	const role = `{"AWS": "arn:aws:iam::111122223333:role/Keeper"}`
	const two = `{"AWS": ["arn:aws:iam::111122223333:role/Keeper", "arn:aws:iam::111122223333:role/Deputy"]}`
	const root = `{"AWS": "arn:aws:iam::111122223333:root"}`
	const put = `"kms:PutKeyPolicy"`
	for _, c := range []struct {
		name       string
		statements []string
		want       string
	}{
		{"the account", []string{allow(root, `"kms:*"`, "")}, ""},
		{"the account by its id", []string{allow(`{"AWS": "111122223333"}`, `"kms:*"`, "")}, ""},
		{"two roles, no account", []string{allow(two, put, "")}, "KP201"},
		{"one role, no account", []string{allow(role, put, "")}, "KP201 KP203"},
		{"one role, the account for use only", []string{allow(role, put, ""), allow(root, `"kms:Encrypt"`, "")}, "KP203"},
		{"one role and the account", []string{allow(role, put, ""), allow(root, put, "")}, ""},
		{"nobody", []string{allow(role, `"kms:Encrypt"`, "")}, "KP201 KP202"},
		{"everybody of the account", []string{allow(`"*"`, put, `{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}`)}, "KP201"},
		{"everybody of an organization", []string{allow(`"*"`, put, `{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`)}, "KP201"},
		{"who has a tag", []string{allow(root, `"kms:*"`, `{"StringEquals": {"aws:PrincipalTag/admin": "yes"}}`)}, "KP206"},
		{"one role by its ARN in a condition", []string{allow(`"*"`, put, `{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Keeper"}}`)}, "KP201"},
		{"a pattern of roles", []string{allow(`"*"`, put, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/keepers/*"}}`)}, "KP201"},
		{"a service only", []string{allow(`{"Service": "s3.amazonaws.com"}`, `"kms:*"`, `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`)}, "KP201 KP202"},
		{"another account", []string{allow(`{"AWS": "arn:aws:iam::444455556666:root"}`, `"kms:Encrypt"`, "")}, "KP202 KP206"}, // it is taken for the owner
		{"a Deny without a way out", []string{allow(root, `"kms:*"`, ""), deny(put, "")}, "KP202"},
		{"a Deny but for one role", []string{allow(root, `"kms:*"`, ""), allow(role, put, ""), deny(put, `{"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Keeper"}}`)}, ""},
		{"a Deny of a network", []string{allow(root, `"kms:*"`, ""), deny(`"kms:*"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:ViaAWSService": "false"}}`)}, "KP204"},
		{"a Deny of a network for use only", []string{allow(root, `"kms:*"`, ""), deny(`["kms:Decrypt", "kms:Encrypt"]`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:ViaAWSService": "false"}}`)}, ""},
		{"a Deny without TLS", []string{allow(root, `"kms:*"`, ""), deny(`"kms:*"`, `{"Bool": {"aws:SecureTransport": "false"}}`)}, "KP204"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := `{"Version": "2012-10-17", "Statement": [` + strings.Join(c.statements, ",") + "]}"
			var got []string
			for _, f := range findings(t, "p.json", text) {
				if strings.HasPrefix(f.Code, "KP2") && !slices.Contains(got, f.Code) {
					got = append(got, f.Code)
				}
			}
			slices.Sort(got)
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}
