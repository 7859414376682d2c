package enforce

import (
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

// globalKeys are the folded names of all condition keys that every request may have.
func globalKeys(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, known := range policy.ConditionKeys() {
		if known.Global {
			names = append(names, policy.FoldKey(known.Name))
		}
	}
	require.Greater(t, len(names), 40)
	return names
}

// given are all condition keys that a call gives beyond those of the operation.
func given(t *testing.T, c *Call) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, name := range globalKeys(t) {
		if values := c.ConditionKey(name); values != nil {
			out[name] = values
		}
	}
	request := c.request(&kms.Access{Action: "kms:Encrypt"})
	for name, values := range request.Context {
		out[policy.FoldKey(name)] = values
	}
	return out
}

func one(value string) []string { return []string{value} }

// always are the keys of every call of the tests; the others follow.
func always(more map[string][]string) map[string][]string {
	out := map[string][]string{
		"aws:currenttime": one("2026-03-04T05:06:07Z"), "aws:epochtime": one("1772600767"),
		"aws:securetransport": one("true"), "aws:requestedregion": one("us-east-1"),
		"aws:useragent": one("aws-cli/2"), "aws:sourceip": one("203.0.113.7"),
	}
	maps.Copy(out, more)
	maps.DeleteFunc(out, func(_ string, values []string) bool { return values == nil })
	return out
}

// The table of semantics: what each kind of caller's request has.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func TestConditionKeysOfCallers(t *testing.T) {
	world := testWorld{foreign: {ID: foreign, OrganizationID: "o-1", OrganizationPath: "o-1/r-1/ou-1/"}}
	session := &iam.Principal{
		Type: iam.RoleSession, ARN: "arn:aws:sts::111122223333:assumed-role/App/s", Account: account,
		Issuer: "arn:aws:iam::111122223333:role/App", UniqueID: "AROAAPP", Name: "s", Temporary: true,
		IssuedAt: now.Add(-time.Hour), Expires: now.Add(time.Hour),
	}
	mfa := &iam.Principal{
		Type: iam.RoleSession, ARN: session.ARN, Account: account, Issuer: session.Issuer, UniqueID: "AROAAPP", Name: "s",
		Temporary: true, IssuedAt: session.IssuedAt, MFA: now.Add(-90 * time.Second), SourceIdentity: "admin",
		Provider: "accounts.example.com",
	}
	endpoint := &Endpoint{ID: "vpce-1", VPC: "vpc-1", VPCArn: "arn:aws:ec2:us-east-1:444455556666:vpc/vpc-1", Account: foreign}
	issued := one("2026-03-04T04:06:07Z")
	forwardedKeys := map[string][]string{
		"kms:viaservice": one("s3.us-east-1.amazonaws.com"), "aws:viaawsservice": one("true"),
		"aws:calledvia": one("s3.amazonaws.com"), "aws:calledviafirst": one("s3.amazonaws.com"),
		"aws:calledvialast": one("s3.amazonaws.com"), "aws:useragent": one("s3.amazonaws.com"),
	}
	with := func(base map[string][]string, more map[string][]string) map[string][]string {
		out := maps.Clone(base)
		maps.Copy(out, more)
		return out
	}
	for _, test := range []struct {
		name string
		make func(*Connection)
		want map[string][]string
	}{
		{"user with long-term credentials", func(*Connection) {}, nil},
		{"user with a session token", func(c *Connection) {
			p := alice(t, "")
			p.Temporary, p.IssuedAt = true, now.Add(-time.Hour)
			c.Principal = p
		}, map[string][]string{"aws:tokenissuetime": issued, "aws:multifactorauthpresent": one("false")}},
		{"role session", func(c *Connection) { c.Principal = session }, map[string][]string{
			"aws:tokenissuetime": issued, "aws:multifactorauthpresent": one("false"),
		}},
		{"role session with a second factor, a source identity and a provider", func(c *Connection) { c.Principal = mfa }, map[string][]string{
			"aws:tokenissuetime": issued, "aws:multifactorauthpresent": one("true"), "aws:multifactorauthage": one("90"),
			"aws:sourceidentity": one("admin"), "aws:federatedprovider": one("accounts.example.com"),
		}},
		{"root", func(c *Connection) {
			c.Principal = &iam.Principal{Type: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: account}
		}, nil},
		{"without TLS or user agent, over IPv4 in IPv6", func(c *Connection) {
			c.TLS, c.UserAgent, c.SourceIP = false, "", netip.MustParseAddr("::ffff:192.0.2.1")
		}, map[string][]string{
			"aws:securetransport": one("false"), "aws:useragent": nil, "aws:sourceip": one("192.0.2.1"),
		}},
		{"through a VPC endpoint", func(c *Connection) { c.Endpoint = endpoint }, map[string][]string{
			"aws:sourceip": nil, "aws:vpcsourceip": one("203.0.113.7"), "aws:sourcevpce": one("vpce-1"),
			"aws:sourcevpc": one("vpc-1"), "aws:sourcevpcarn": one(endpoint.VPCArn), "aws:vpceaccount": one(foreign),
			"aws:vpceorgid": one("o-1"), "aws:vpceorgpaths": one("o-1/r-1/ou-1/"),
		}},
		{"service for itself", func(c *Connection) { c.Principal = service("logs.us-east-1.amazonaws.com") }, map[string][]string{
			"aws:useragent": one("logs.us-east-1.amazonaws.com"),
		}},
		{"service for itself, for a resource, not through its caller's endpoint", func(c *Connection) {
			c.Principal, c.Endpoint = service("s3.amazonaws.com"), endpoint
			c.SourceArn, c.SourceAccount = "arn:aws:s3:::bucket", foreign
		}, map[string][]string{
			"aws:useragent": one("s3.amazonaws.com"), "aws:sourcearn": one("arn:aws:s3:::bucket"),
			"aws:sourceaccount": one(foreign), "aws:sourceorgid": one("o-1"), "aws:sourceorgpaths": one("o-1/r-1/ou-1/"),
		}},
		{"service for a user", func(c *Connection) {
			c.Principal, c.OnBehalfOf, c.Endpoint = service("s3.amazonaws.com"), alice(t, ""), endpoint
		}, with(forwardedKeys, map[string][]string{"aws:multifactorauthpresent": one("false")})},
		{"service of another partition for a role session", func(c *Connection) {
			c.Principal, c.OnBehalfOf = service("s3.amazonaws.com.cn"), session
			c.Region = "cn-north-1"
		}, with(forwardedKeys, map[string][]string{
			"kms:viaservice": one("s3.cn-north-1.amazonaws.com"), "aws:requestedregion": one("cn-north-1"),
			"aws:useragent": one("s3.amazonaws.com.cn"), "aws:tokenissuetime": issued,
			"aws:multifactorauthpresent": one("false"),
		})},
	} {
		t.Run(test.name, func(t *testing.T) {
			connection := by(alice(t, ""))
			test.make(&connection)
			c := enforcer(t, Config{World: world}).Call(connection)
			require.Equal(t, always(test.want), given(t, c))
		})
	}
}

// What the evaluator derives itself must not be given a second time, where it could differ.
func TestConnectionDoesNotRepeatWhatTheEvaluatorDerives(t *testing.T) {
	c := enforcer(t, Config{}).Call(by(alice(t, "")))
	for _, name := range []string{
		"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username",
		"aws:principalisawsservice", "aws:viaawsservice", "aws:resourceaccount", "kms:calleraccount",
		"kms:viaservice", "kms:keyspec", "aws:principaltag/team",
	} {
		require.Empty(t, c.ConditionKey(name), name)
	}
}

// Every key that a call gives decides: a key policy that asks for it allows, one that asks for another value does not.
func TestConditionKeysReachTheDecision(t *testing.T) {
	connection := by(service("s3.amazonaws.com"))
	connection.OnBehalfOf = alice(t, allowsAll)
	connection.SourceArn = "arn:aws:s3:::bucket"
	for name, test := range map[string]struct{ operator, right, wrong string }{
		"kms:ViaService":             {"StringEquals", "s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"},
		"aws:CalledViaFirst":         {"StringEquals", "s3.amazonaws.com", "ec2.amazonaws.com"},
		"aws:ViaAWSService":          {"Bool", "true", "false"},
		"aws:PrincipalIsAWSService":  {"Bool", "false", "true"},
		"aws:SecureTransport":        {"Bool", "true", "false"},
		"aws:SourceIp":               {"IpAddress", "203.0.113.0/24", "198.51.100.0/24"},
		"aws:CurrentTime":            {"DateLessThan", "2026-03-04T05:06:08Z", "2026-03-04T05:06:07Z"},
		"aws:EpochTime":              {"NumericLessThanEquals", "1772600767", "1772600766"},
		"aws:RequestedRegion":        {"StringEquals", "us-east-1", "eu-west-1"},
		"aws:MultiFactorAuthPresent": {"Bool", "false", "true"},
		"aws:SourceArn":              {"ArnLike", "arn:aws:s3:::b*", "arn:aws:s3:::c*"},
		"kms:CallerAccount":          {"StringEquals", account, foreign},
		"aws:username":               {"StringEquals", "alice", "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			for value, allowed := range map[string]bool{test.right: true, test.wrong: false} {
				k := key(t, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*",
					"Resource":"*","Condition":{"`+test.operator+`":{"`+name+`":"`+value+`"}}}`)
				err := enforcer(t, Config{}).Call(connection).Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k})
				require.Equal(t, allowed, err == nil, "%s = %s: %v", name, value, err)
			}
		})
	}
}

// A connection key does not take the place of one that the operation gave.
func TestOperationsContextIsKept(t *testing.T) {
	connection := by(service("s3.amazonaws.com"))
	connection.OnBehalfOf = alice(t, "")
	c := enforcer(t, Config{}).Call(connection)
	access := &kms.Access{Action: "kms:Encrypt", Context: map[string][]string{"kms:EncryptionContext:a": {"1"}}}
	request := c.request(access)
	require.Equal(t, one("1"), request.Context["kms:EncryptionContext:a"])
	require.Len(t, access.Context, 1, "the operation's own map is not changed")
	require.Len(t, request.Context, 6)
	var _ evaluator.Connection = c
}

// https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html#conditions-kms-grant-is-for-aws-resource
func TestGrantIsForAWSResource(t *testing.T) {
	forwarded, linked := by(service("ec2.amazonaws.com")), alice(t, "")
	forwarded.OnBehalfOf = alice(t, "")
	linked.Type, linked.ServiceLinked = iam.RoleSession, true
	for _, test := range []struct {
		connection Connection
		want       bool
	}{
		{by(alice(t, "")), false},
		{by(linked), true},
		{by(service("ec2.amazonaws.com")), true},
		{forwarded, true},
	} {
		k := key(t, `{"Effect":"Allow","Principal":{"AWS":"*","Service":"ec2.amazonaws.com"},"Action":"kms:*","Resource":"*",
			"Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`)
		c := enforcer(t, Config{}).Call(test.connection)
		err := c.Authorize(t.Context(), &kms.Access{Action: "kms:CreateGrant", Key: k})
		require.Equal(t, test.want, err == nil, "%v", err)
		require.Error(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k}), "requests for other operations do not have the key")
	}
}
