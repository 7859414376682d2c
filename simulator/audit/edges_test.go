package audit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/simulator/audit"
)

const (
	app      = `{"AWS": "arn:aws:iam::111122223333:role/App"}`
	owner    = `{"AWS": "arn:aws:iam::111122223333:root"}`
	partner  = `{"AWS": "arn:aws:iam::444455556666:role/Partner"}`
	partners = `{"AWS": "arn:aws:iam::444455556666:root"}`
	logs     = `{"Service": "logs.us-east-1.amazonaws.com"}`
)

// TestEdges checks, rule by rule, what is just found, how bad it is, and what is just not. want is empty for nothing.
func TestEdges(t *testing.T) {
	statement := func(text string) string { return `{"Sid": "S", ` + text + "}" }
	notPrincipal := func(list string) string {
		return statement(`"Effect": "Deny", "NotPrincipal": {"AWS": ` + list + `}, "Action": "kms:Decrypt", "Resource": "*"`)
	}
	for _, c := range []struct{ code, name, statement, want string }{
		{"KP101", "an empty list", statement(`"Effect": "Allow", "Principal": "*", "Action": [], "Resource": "*"`), "high"},
		{"KP102", "this key by its ARN, of which nothing is known", statement(`"Effect": "Allow", "Principal": ` + app + `, "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:111122223333:key/a"`), "medium"},
		{"KP102", "a pattern of keys", statement(`"Effect": "Allow", "Principal": ` + app + `, "Action": "kms:Decrypt", "Resource": "arn:aws:kms:*:*:key/*"`), "medium"},
		{"KP102", "another service's ARN", statement(`"Effect": "Allow", "Principal": ` + app + `, "Action": "kms:Decrypt", "Resource": "arn:aws:s3:::b"`), "high"},
		{"KP102", "no ARN", statement(`"Effect": "Allow", "Principal": ` + app + `, "Action": "kms:Decrypt", "Resource": "alias/app"`), "high"},
		{"KP102", "beside *", statement(`"Effect": "Allow", "Principal": ` + app + `, "Action": "kms:Decrypt", "Resource": ["*", "arn:aws:s3:::b"]`), ""},
		{"KP104", "by a wildcard", allow(app, `"kms:List*"`, ""), ""},
		{"KP104", "in a Deny", deny(`"kms:CreateKey"`, ""), ""},
		{"KP105", "by a wildcard", allow(app, `"kms:Re*"`, ""), ""},
		{"KP105", "in a Deny", deny(`"kms:RetireGrant"`, ""), ""},
		{"KP106", "without its service", allow(app, `"Decrypt"`, ""), "high"},
		{"KP106", "in other case", allow(app, `"kms:decrypt"`, ""), ""},
		{"KP107", "any action of any service", allow(app, `"*"`, ""), ""},
		{"KP116", "all actions", allow(partners, `"kms:*"`, ""), ""},
		{"KP116", "a pattern of which none works", allow(partner, `"kms:Put*"`, ""), "medium"},
		{"KP116", "a pattern of which one works", allow(partner, `"kms:Get*"`, ""), ""},
		{"KP116", "of the key's own account", allow(app, `"kms:PutKeyPolicy"`, ""), ""},
		{"KP124", "the same twice", allow(app, `["kms:Decrypt", "kms:decrypt"]`, ""), "info"},
		{"KP301", "an organization, if the caller has one", allow(`"*"`, `"kms:Decrypt"`, `{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), "critical"},
		{"KP301", "paths of an organization, if there are any", allow(`"*"`, `"kms:Decrypt"`, `{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}`), "critical"},
		{"KP301", "an endpoint, if there is one", allow(`"*"`, `"kms:Decrypt"`, `{"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1234abcdf5678c90a"}}`), "critical"},
		{"KP301", "an address, if there is one", allow(`"*"`, `"kms:Decrypt"`, `{"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}`), "critical"},
		{"KP301", "a resource's account, if there is one", allow(`"*"`, `"kms:Decrypt"`, `{"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}`), "critical"},
		{"KP301", "an organization or no endpoint", allow(`"*"`, `"kms:Decrypt"`, `{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:SourceVpc": "true"}}`), "critical"},
		{"KP301", "an organization", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), ""},
		{"KP301", "an organization, and its endpoint if there is one", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "StringEqualsIfExists": {"aws:SourceVpce": "vpce-1234abcdf5678c90a"}}`), ""},
		{"KP301", "a name in any ARN", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "*App*"}}`), "critical"},
		{"KP301", "a role in any ARN", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "arn:*:role/App"}}`), "critical"},
		{"KP301", "a path in any ARN", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "*/team/?pp"}}`), "critical"},
		{"KP301", "a role of one's own by the end of its ARN", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "*::111122223333:role/App"}}`), ""},
		{"KP301", "two halves of all addresses", allow(`"*"`, `"kms:Decrypt"`, `{"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}`), "critical"},
		{"KP301", "half of all addresses", allow(`"*"`, `"kms:Decrypt"`, `{"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}`), "critical"},
		{"KP301", "half of all IPv6 addresses", allow(`"*"`, `"kms:Decrypt"`, `{"IpAddress": {"aws:SourceIp": "2000::/3"}}`), "critical"},
		{"KP301", "the largest network that one organization has", allow(`"*"`, `"kms:Decrypt"`, `{"IpAddress": {"aws:SourceIp": "17.0.0.0/8"}}`), ""},
		{"KP301", "accounts by their first digits", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"kms:CallerAccount": "1111*"}}`), "critical"},
		{"KP301", "ten accounts", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalAccount": "11112222333?"}}`), "critical"},
		{"KP301", "roles of accounts by their first digits", allow(`"*"`, `"kms:Decrypt"`, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1111*:role/*"}}`), "critical"},
		{"KP301", "resources of accounts by their first digits", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:SourceAccount": "1111*"}}`), "critical"},
		{"KP301", "organizations by their first letter", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalOrgID": "o-a*"}}`), "critical"},
		{"KP301", "an organization and whatever comes behind it", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}`), ""},
		{"KP301", "endpoints by their first digit", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:SourceVpce": "vpce-0*"}}`), "critical"},
		{"KP301", "an endpoint", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:SourceVpce": "vpce-1234abcdf5678c90a*"}}`), ""},
		{"KP301", "accounts by their first digits, of an organization", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"kms:CallerAccount": "1111*"}, "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), ""},
		{"KP415", "a name in any ARN", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "*App*"}}`), ""},
		{"KP415", "the end of an ARN, and the account", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "*:role/App"}, "StringEquals": {"kms:CallerAccount": "111122223333"}}`), ""},
		{"KP415", "the end of an ARN of one's own", allow(`"*"`, `"kms:Decrypt"`, `{"StringLike": {"aws:PrincipalArn": "*::111122223333:role/App"}}`), ""},
		{"KP114", "the Deny excepts administrators", deny(`"kms:*"`, `{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin*"}}`), ""},
		{"KP114", "the Deny excepts administrators by the end of the ARN", deny(`"kms:*"`, `{"StringNotLike": {"aws:PrincipalArn": "*Admin"}}`), ""},
		{"KP202", "the Deny is for all but roles", deny(`"kms:*"`, `{"StringNotEquals": {"aws:PrincipalType": "AssumedRole"}}`), ""},
		{"KP202", "the Deny is for roles and all others", deny(`"kms:*"`, `{"StringEquals": {"aws:PrincipalType": ["AssumedRole", "User", "Account"]}}`), "critical"},
		{"KP302", "NotPrincipal", statement(`"Effect": "Allow", "NotPrincipal": ` + app + `, "Action": "kms:Decrypt", "Resource": "*"`), "high"},
		{"KP303", "a role", allow(partner, `"kms:Decrypt"`, ""), "info"},
		{"KP303", "an account", allow(partners, `"kms:Decrypt"`, ""), "medium"},
		{"KP303", "an account, under a condition", allow(partners, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalTag/team": "red"}}`), "info"},
		{"KP303", "a condition that never holds", allow(partner, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}`), ""},
		{"KP303", "nothing that reveals", allow(partner, `["kms:Encrypt", "kms:DescribeKey"]`, ""), ""},
		{"KP304", "for the account, which IAM divides", allow(owner, `"kms:CreateGrant"`, ""), ""},
		{"KP304", "for another account", allow(partners, `"kms:CreateGrant"`, ""), "high"},
		{"KP304", "the retiring principal says nothing about the grantee", allow(app, `"kms:CreateGrant"`, `{"StringEquals": {"kms:RetiringPrincipal": "arn:aws:iam::111122223333:role/A"}}`), "medium"},
		{"KP304", "through a service", allow(app, `"kms:CreateGrant"`, `{"StringEquals": {"kms:ViaService": "rds.us-east-1.amazonaws.com"}}`), ""},
		{"KP304", "some operations", allow(app, `"kms:CreateGrant"`, `{"ForAllValues:StringEquals": {"kms:GrantOperations": "Encrypt"}}`), ""},
		{"KP305", "for the account", allow(owner, `"kms:Create*"`, ""), ""},
		{"KP305", "for services of AWS", allow(app, `"kms:*Grant*"`, `{"Bool": {"kms:GrantIsForAWSResource": "true"}}`), ""},
		{"KP305", "grants by a wildcard", allow(app, `"kms:*Grant*"`, ""), "medium"},
		{"KP307", "an account", allow(logs, `"kms:Decrypt"`, `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`), ""},
		{"KP307", "an organization", allow(logs, `"kms:Decrypt"`, `{"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}`), ""},
		{"KP307", "the encryption context may tell", allow(logs, `"kms:Decrypt"`, `{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:111122223333:*"}}`), "medium"},
		{"KP307", "what services use keys for", allow(logs, `["kms:Decrypt", "kms:GenerateDataKey*"]`, ""), "medium"},
		{"KP307", "grants", allow(logs, `["kms:Decrypt", "kms:CreateGrant"]`, ""), "high"},
		{"KP307", "only if it is there", allow(logs, `"kms:Decrypt"`, `{"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}`), "medium"},
		{"KP307", "a key that services do not have", allow(logs, `"kms:Decrypt"`, `{"StringEquals": {"kms:CallerAccount": "111122223333"}}`), "high"},
		{"KP307", "only metadata", allow(logs, `"kms:DescribeKey"`, ""), ""},
		{"KP309", "anywhere", allow(app, `"kms:ReplicateKey"`, ""), "medium"},
		{"KP401", "the encryption context", allow(app, `"kms:Decrypt"`, `{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "a"}}`), "high"},
		{"KP401", "a pair is asked for", allow(app, `"kms:Decrypt"`, `{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "a"}, "StringEquals": {"kms:EncryptionContext:a": "b"}}`), ""},
		{"KP401", "any value is asked for", allow(app, `"kms:Decrypt"`, `{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]}, "ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "a"}}`), ""},
		{"KP401", "a parameter that must be given", allow(app, `"kms:CreateGrant"`, `{"ForAllValues:StringEquals": {"kms:GrantOperations": "Encrypt"}}`), ""},
		{"KP401", "in a Deny", deny(`"kms:Decrypt"`, `{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "a"}}`), ""},
		{"KP402", "any value", allow(app, `"kms:Decrypt"`, `{"ForAnyValue:StringEquals": {"aws:PrincipalTag/a": "b"}}`), "medium"},
		{"KP402", "a list", allow(app, `"kms:Decrypt"`, `{"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}`), ""},
		{"KP403", "for one role", allow(app, `"kms:Decrypt"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), "medium"},
		{"KP403", "for another account", allow(partners, `"kms:Decrypt"`, `{"StringNotEquals": {"kms:EncryptionContext:a": "b"}}`), "high"},
		{"KP403", "IfExists", allow(app, `"kms:Decrypt"`, `{"StringEqualsIfExists": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`), "medium"},
		{"KP403", "a key that every request has", allow(app, `"kms:Decrypt"`, `{"StringNotEquals": {"aws:PrincipalAccount": "444455556666"}}`), ""},
		{"KP403", "a parameter that must be given", allow(app, `"kms:GetParametersForImport"`, `{"StringNotEquals": {"kms:WrappingAlgorithm": "RSAES_OAEP_SHA_1"}}`), ""},
		{"KP403", "a parameter with a default", allow(app, `"kms:Encrypt"`, `{"StringNotEquals": {"kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}}`), ""},
		{"KP403", "the key is asked for", allow(app, `"kms:Decrypt"`, `{"StringNotEquals": {"kms:EncryptionContext:a": "b"}, "Null": {"kms:EncryptionContext:a": "false"}}`), ""},
		{"KP404", "a value that somebody gives", deny(`"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:stage": "prod"}}`), "medium"},
		{"KP404", "the missing key is denied too", deny(`"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:stage": "prod"}}`) + "," +
			strings.Replace(deny(`"kms:Decrypt"`, `{"Null": {"kms:EncryptionContext:stage": "true"}}`), `"D"`, `"E"`, 1), ""},
		{"KP404", "a negated operator", deny(`"kms:Decrypt"`, `{"StringNotEquals": {"kms:EncryptionContext:stage": "prod"}}`), ""},
		{"KP404", "a key that every request has", deny(`"kms:*"`, `{"Bool": {"aws:SecureTransport": "false"}}`), ""},
		{"KP404", "nothing to deny when it is missing", deny(`"kms:PutKeyPolicy"`, `{"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}`), ""},
		{"KP405", "with a wildcard", allow(app, `["kms:Decrypt", "kms:Describe*"]`, `{"StringEquals": {"kms:EncryptionContext:a": "b"}}`), ""},
		{"KP405", "met without one", allow(app, `["kms:Decrypt", "kms:DescribeKey"]`, `{"StringEqualsIfExists": {"kms:EncryptionContext:a": "b"}}`), ""},
		{"KP406", "in one statement", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:a": "b", "kms:EncryptionContext:A": "b"}}`), "medium"},
		{"KP408", "in the name of a key", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalTag/${aws:username}": "b"}}`), "high"},
		{"KP408", "with Bool", allow(app, `"kms:Decrypt"`, `{"Bool": {"aws:ViaAWSService": "${aws:PrincipalTag/via}"}}`), ""},
		{"KP409", "an ARN", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:RequestAlias": "arn:aws:kms:us-east-1:111122223333:alias/app"}}`), "high"},
		{"KP409", "a pattern", allow(app, `["kms:Decrypt", "kms:DescribeKey"]`, `{"StringLike": {"kms:RequestAlias": "*/app*"}}`), ""},
		{"KP409", "in a Deny", deny(`"kms:Decrypt"`, `{"StringEquals": {"kms:RequestAlias": "alias/app"}}`), "medium"},
		{"KP409", "an action without alias", allow(app, `["kms:Decrypt", "kms:TagResource"]`, `{"StringEquals": {"kms:RequestAlias": "alias/app"}}`), "medium"},
		{"KP410", "aliases", allow(app, `"kms:Decrypt"`, `{"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/app"}}`), "high"},
		{"KP411", "of some of the actions", allow(app, `["kms:Decrypt", "kms:CreateGrant"]`, `{"Bool": {"kms:GrantIsForAWSResource": "true"}}`), ""},
		{"KP411", "a global key", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"aws:RequestTag/a": "b"}}`), ""},
		{"KP412", "every Region", allow(app, `"kms:Decrypt"`, `{"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}`), ""},
		{"KP412", "every Region, compared as it is", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:ViaService": "s3.*.amazonaws.com"}}`), "medium"},
		{"KP412", "every service", allow(app, `"kms:Decrypt"`, `{"StringLike": {"kms:ViaService": "*"}}`), "medium"},
		{"KP412", "the suffix of China", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:ViaService": "s3.cn-north-1.amazonaws.com.cn"}}`), "medium"},
		{"KP412", "China", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:ViaService": "s3.cn-north-1.amazonaws.com"}}`), ""},
		{"KP412", "a misspelt service", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:ViaService": "secretmanager.us-east-1.amazonaws.com"}}`), "info"},
		{"KP412", "a service that is new", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:ViaService": "quantumthing.us-east-1.amazonaws.com"}}`), ""},
		{"KP413", "an Allow", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"aws:SourceVpc": "vpc-1234abcd"}}`), "info"},
		{"KP413", "a Deny of an address", deny(`"kms:Decrypt"`, `{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), ""},
		{"KP413", "administration only", deny(`"kms:PutKeyPolicy"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), ""},
		{"KP414", "a wildcard", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`), "high"},
		{"KP414", "a wildcard with ArnLike", allow(`"*"`, `"kms:Decrypt"`, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`), ""},
		{"KP414", "a name", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalArn": "role/App"}}`), "high"},
		{"KP416", "seconds", allow(app, `"kms:Decrypt"`, `{"NumericLessThan": {"aws:EpochTime": "1600000000"}}`), "medium"},
		{"KP416", "a Deny", deny(`"kms:Decrypt"`, `{"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}`), "medium"},
		{"KP416", "since then", allow(app, `"kms:Decrypt"`, `{"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}`), ""},
		{"KP424", "some of them", allow(app, `"kms:Decrypt"`, `{"IpAddress": {"aws:SourceIp": ["192.168.1.0/24", "203.0.113.0/24"]}}`), "medium"},
		{"KP424", "where they belong", allow(app, `"kms:Decrypt"`, `{"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}`), ""},
		{"KP425", "a pattern", allow(app, `"kms:Decrypt"`, `{"StringLike": {"aws:SourceVpce": "vpce-*"}}`), ""},
		{"KP425", "a name", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"aws:SourceVpce": "my-endpoint"}}`), "high"},
		{"KP426", "without a wildcard", allow(logs, `"kms:Decrypt"`, `{"StringLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:t"}}`), ""},
		{"KP427", "Bool on a text", allow(app, `"kms:Decrypt"`, `{"Bool": {"kms:ViaService": "true"}}`), "high"},
		{"KP427", "a number for a date, as AWS's guide does", allow(app, `"kms:ImportKeyMaterial"`, `{"NumericLessThanEquals": {"kms:ValidTo": "1546257599.0"}}`), ""},
		{"KP427", "true and false", allow(app, `"kms:Decrypt"`, `{"Bool": {"aws:ViaAWSService": ["true", "false"]}}`), "medium"},
		{"KP427", "an ARN in a text", allow(app, `"kms:CreateGrant"`, `{"ArnLike": {"kms:GranteePrincipal": "arn:aws:iam::111122223333:role/*"}}`), ""},
		{"KP428", "the character itself", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalTag/a": "x${*}"}}`), ""},
		{"KP428", "with StringNotEquals", deny(`"kms:Decrypt"`, `{"StringNotEquals": {"aws:PrincipalTag/a": "x?"}}`), "medium"},
		{"KP501", "an account", notPrincipal(`"arn:aws:iam::111122223333:root"`), ""},
		{"KP501", "a user and its account", notPrincipal(`["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/a"]`), ""},
		{"KP501", "a role without session", notPrincipal(`["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/p/a"]`), "high"},
		{"KP501", "a role with path and its session", notPrincipal(`["111122223333", "arn:aws:iam::111122223333:role/p/a", "arn:aws:sts::111122223333:assumed-role/a/s"]`), ""},
		{"KP503", "under a condition", statement(`"Effect": "Deny", "Principal": ` + owner + `, "Action": "kms:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}`), "medium"},
		{"KP503", "one action", statement(`"Effect": "Deny", "Principal": ` + owner + `, "Action": "kms:DisableKey", "Resource": "*"`), "high"},
		{"KP503", "another account", statement(`"Effect": "Deny", "Principal": ` + partners + `, "Action": "kms:*", "Resource": "*"`), ""},
		{"KP605", "both by a wildcard", allow(app, `"kms:ReEncrypt*"`, ""), ""},
		{"KP605", "data keys through S3, and IAM may allow the rest", allow(app, `"kms:GenerateDataKey"`, `{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`), ""},
		{"KP605", "data keys by the caller itself", allow(app, `"kms:GenerateDataKey"`, ""), ""},
	} {
		t.Run(c.code+" "+c.name, func(t *testing.T) {
			found := only(findings(t, "p.json", keyPolicy(c.statement)), c.code)
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.NotEmpty(t, found)
			require.Equal(t, c.want, found[0].Severity.String(), found[0].Message)
		})
	}
}

// TestExcerpts checks that statements by themselves, which say nothing of administration, are no locked key.
func TestExcerpts(t *testing.T) {
	excerpt := func(action string) string {
		return `{"Version": "2012-10-17", "Statement": [` + allow(app, action, "") + "," + deny(`"kms:PutKeyPolicy"`, "") + "]}"
	}
	alone := func(text string) string {
		found := only(findings(t, "p.json", text), "KP202")
		require.Len(t, found, 1)
		return found[0].Severity.String()
	}
	use := `{"Version": "2012-10-17", "Statement": [` + allow(app, `"kms:Decrypt"`, "") + "]}"
	require.Equal(t, "medium", alone(use))
	require.Equal(t, "critical", alone(excerpt(`"kms:Decrypt"`)))
	require.Equal(t, "medium", alone(`{"Version": "2012-10-17", "Statement": [`+deny(`"kms:*"`, "")+"]}"))
	require.Equal(t, "critical", alone("accounts:\n  \"111122223333\":\n    keys:\n      a:\n        policy: "+use+"\n"))
}

// TestDataKeysWithoutDecrypt checks the half of KP605 that is about services: nothing else lets the role decrypt.
func TestDataKeysWithoutDecrypt(t *testing.T) {
	text := func(more string) string {
		return `{"Version": "2012-10-17", "Statement": [` + administrationStatement + "," +
			allow(app, `["kms:GenerateDataKey"`+more+`]`, `{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}`) + "]}"
	}
	require.Len(t, only(findings(t, "p.json", text("")), "KP605"), 1)
	require.Empty(t, only(findings(t, "p.json", text(`, "kms:Decrypt"`)), "KP605"))
}

// TestContradictions checks when the conditions of a statement can be met together (KP415).
func TestContradictions(t *testing.T) {
	for _, c := range []struct {
		name, statement string
		never           bool
	}{
		{"two accounts", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"kms:CallerAccount": "111122223333"}, "StringLike": {"aws:PrincipalAccount": "4444*"}}`), true},
		{"two values of one key", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"kms:CallerAccount": "111122223333", "aws:PrincipalOrgID": "o-a"}, "StringLike": {"aws:PrincipalOrgID": "o-b*"}}`), true},
		{"there and not there", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:a": "b"}, "Null": {"kms:EncryptionContext:a": "true"}}`), true},
		{"is and is not", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:a": "b"}, "StringNotEquals": {"kms:EncryptionContext:a": "b"}}`), true},
		{"a role of another account", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalAccount": "444455556666"}}`), true},
		{"a Deny", deny(`"kms:Decrypt"`, `{"StringEquals": {"kms:CallerAccount": "111122223333", "aws:PrincipalAccount": "444455556666"}}`), true},
		{"one of two values", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:a": ["b", "c"]}, "StringNotEquals": {"kms:EncryptionContext:a": "b"}}`), false},
		{"different keys", allow(app, `"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:a": "b", "kms:ViaService": "s3.us-east-1.amazonaws.com"}}`), false},
		{"a user by name", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalAccount": "111122223333", "aws:username": "alice"}}`), false},
		{"a role by its id", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalAccount": "111122223333"}, "StringLike": {"aws:userid": "AROAEXAMPLE:*"}}`), false},
		{"a service by name", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalServiceName": "logs.amazonaws.com"}}`), false},
		{"a kind of caller", allow(`"*"`, `"kms:Decrypt"`, `{"StringEquals": {"aws:PrincipalAccount": "111122223333", "aws:PrincipalType": "FederatedUser"}}`), false},
		{"its own tag", allow(owner, `"kms:Decrypt"`, `{"StringEquals": {"kms:EncryptionContext:team": "${aws:PrincipalTag/team}"}}`), false},
		{"one action of two", allow(app, `["kms:Decrypt", "kms:Sign"]`, `{"StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256"}}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.never, len(only(findings(t, "p.json", keyPolicy(c.statement)), "KP415")) > 0)
		})
	}
}

// TestChangesNothing checks when a statement is covered by others (KP114).
func TestChangesNothing(t *testing.T) {
	second := func(s string) string { return strings.Replace(s, `"S"`, `"T"`, 1) }
	for _, c := range []struct {
		name, statements string
		want             int
	}{
		{"the account's statement gives a role nothing by itself", allow(app, `"kms:Decrypt"`, ""), 0},
		{"the same twice", allow(app, `"kms:Decrypt"`, "") + "," + second(allow(app, `"kms:Decrypt"`, "")), 2},
		{"a wider one", allow(app, `"kms:Decrypt"`, "") + "," + second(allow(app, `"kms:*"`, "")), 1},
		{"a wider one, under a condition", allow(app, `"kms:Decrypt"`, "") + "," + second(allow(app, `"kms:*"`, `{"Bool": {"aws:SecureTransport": "true"}}`)), 0},
		{"a narrower condition", allow(app, `"kms:Decrypt"`, "") + "," + second(allow(app, `"kms:Decrypt"`, `{"Bool": {"aws:SecureTransport": "true"}}`)), 1},
		{"denied", allow(app, `"kms:Decrypt"`, "") + "," + deny(`"kms:Decrypt"`, ""), 1},
		{"denied under a condition", allow(app, `"kms:Decrypt"`, "") + "," + deny(`"kms:Decrypt"`, `{"Bool": {"aws:SecureTransport": "false"}}`), 0},
		{"denied in part", allow(app, `["kms:Decrypt", "kms:Encrypt"]`, "") + "," + deny(`"kms:Decrypt"`, ""), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Len(t, only(findings(t, "p.json", keyPolicy(c.statements)), "KP114"), c.want)
		})
	}
}

// TestInventedValues checks that nothing is said about the form of values that a template does not know yet.
func TestInventedValues(t *testing.T) {
	const text = `Resources:
  Topic: {Type: AWS::SNS::Topic}
  Pipe: {Type: AWS::Pipes::Pipe}
  Endpoint: {Type: AWS::EC2::VPCEndpoint}
  Vpc: {Type: AWS::EC2::VPC}
  Address: {Type: AWS::EC2::EIP}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Sid: Account, Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: kms:*, Resource: "*"}
          - Sid: Topic
            Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: kms:Decrypt
            Resource: "*"
            Condition: {ArnEquals: {aws:SourceArn: [!Ref Topic, !GetAtt Topic.TopicArn, !GetAtt Pipe.Arn, {"Fn::GetAtt": [Pipe, Arn]}]}}
          - Sid: Network
            Effect: Allow
            Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:role/App"}
            Action: kms:Decrypt
            Resource: "*"
            Condition:
              StringEquals:
                aws:SourceVpce: !Ref Endpoint
                aws:SourceVpc: [!Ref Vpc, !GetAtt Vpc.VpcId]
                kms:ViaService: !Sub "s3.${AWS::Region}.${AWS::URLSuffix}"
              IpAddress: {aws:SourceIp: [!Ref Address, !GetAtt Address.PublicIp]}
`
	for _, f := range findings(t, "t.yaml", text) {
		require.Less(t, f.Severity, audit.Medium, "%s: %s", f.Code, f.Message)
	}
	literal := strings.Replace(text, "!Ref Endpoint", "endpoint", 1)
	require.NotEmpty(t, only(findings(t, "t.yaml", literal), "KP425"))
}
