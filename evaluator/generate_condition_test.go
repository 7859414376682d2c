package evaluator_test

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// keyPool is a condition key with the values that requests and policies draw.
type keyPool struct {
	name   string
	family string // of the operators that suit it
	multi  bool
	fixed  bool // follows from the request, which seldom gives it another value
	values []string
}

// odd are texts with characters that mean something in Rego, regular expressions, globs or policies.
var odd = []string{
	"a", "abc", "a.c", "a*c", "a?c", "a$c", `a\c`, `a"c`, "a`c", "a\nc", "é", "Éa", "a[b]", "{x}", "(a|b)+", "^a$", `\d`, "ABC",
	"aba", "ab", "", "a/b:c", "a,b", "%s", "a b", "\ta", "a-b", "_", "<a>&", "#a", "ac", "$", "a:b:c:d:e:f", "~", "日",
}

// words are the values of keys that are compared with their own names as well.
var words = []string{"tenant", "Tenant", "team", "a.c", "abc"}

var arns = []string{
	"arn:aws:iam::" + accountA + ":user/alice", "arn:aws:iam::" + accountA + ":role/App", "arn:aws:iam::" + accountA + ":role/path/De.p",
	"arn:aws:s3:::bucket", "arn:aws:logs:us-east-1:" + accountA + ":group:a:*", "arn:aws:iam::" + accountB + ":user/alice",
	"arn:aws:sts::" + accountA + ":assumed-role/App/s1", "abc", "arn:aws:x",
}

var (
	numbers   = []string{"7", "7.0", "6", "8", "07", "+7", "-1", "3600", "1.5", "abc", "", "9007199254740993", "9007199254740992", "0.1"}
	addresses = []string{"10.0.0.1", "10.0.0.255", "203.0.113.7", "2001:db8::1", "::1", "not-ip", ""}
	networks  = []string{
		"10.0.0.1", "10.0.0.0/8", "10.0.0.77/24", "0.0.0.0/0", "::/0", "2001:db8::/32", "10.0.0.1/32", "2001:db8::1", "203.0.113.0/24", "not-ip",
	}
	dates = []string{
		"2024-01-01T00:00:00Z", "2024-01-01", "2024", "2024-01", "1704067200", "2024-01-01T01:00:00+01:00", "2024-06-01T12:00:00.5Z",
		"9999-12-31T23:59:59Z", "1600-01-01", "2024-01-01T00:00Z", "1704067200.5", "bad", "",
	}
	epochs   = []string{"1704067200", "1704067199", "1717243200", "0"}
	booleans = []string{"true", "false"}
)

var keyPools = []keyPool{
	{name: "aws:username", family: "string", fixed: true, values: []string{"alice", "a.c+d", "bob"}},
	{name: "aws:userid", family: "string", fixed: true, values: []string{"AIDAALICE", "AROAAPP:s1", accountA}},
	{name: "aws:PrincipalArn", family: "arn", fixed: true, values: arns},
	{name: "aws:PrincipalAccount", family: "string", fixed: true, values: []string{accountA, accountB}},
	{name: "aws:PrincipalType", family: "string", fixed: true, values: []string{"User", "AssumedRole", "Account"}},
	{name: "aws:PrincipalTag/team", family: "string", fixed: true, values: odd},
	{name: "aws:PrincipalTag/Cost.Center", family: "string", fixed: true, values: odd},
	{name: "aws:PrincipalOrgID", family: "string", fixed: true, values: []string{"o-1", "o-2"}},
	{name: "aws:PrincipalOrgPaths", family: "string", multi: true, fixed: true, values: []string{"o-1/r-1/ou-1/", "o-1/r-1/"}},
	{name: "aws:PrincipalIsAWSService", family: "bool", fixed: true, values: booleans},
	{name: "aws:ViaAWSService", family: "bool", fixed: true, values: booleans},
	{name: "aws:ResourceAccount", family: "string", fixed: true, values: []string{accountA, accountB}},
	{name: "aws:ResourceOrgID", family: "string", fixed: true, values: []string{"o-1", "o-2"}},
	{name: "aws:RequestedRegion", family: "string", fixed: true, values: []string{"us-east-1", "eu-west-2"}},
	{name: "aws:ResourceTag/env", family: "string", fixed: true, values: odd},
	{name: "kms:ResourceAliases", family: "string", multi: true, fixed: true, values: []string{"alias/one", "alias/two", "alias/o*"}},
	{name: "kms:KeySpec", family: "string", fixed: true, values: []string{"SYMMETRIC_DEFAULT", "RSA_2048"}},
	{name: "kms:MultiRegion", family: "bool", fixed: true, values: booleans},
	{name: "kms:CallerAccount", family: "string", fixed: true, values: []string{accountA, accountB}},
	{name: "kms:EncryptionAlgorithm", family: "string", values: []string{"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256"}},
	{name: "kms:ViaService", family: "string", values: []string{"s3.us-east-1.amazonaws.com", "rds.us-east-1.amazonaws.com"}},
	{name: "kms:EncryptionContext:tenant", family: "string", values: odd},
	{name: "kms:EncryptionContext:a.c", family: "string", values: odd},
	{name: "kms:EncryptionContextKeys", family: "string", multi: true, fixed: true, values: words},
	{name: "kms:GrantOperations", family: "string", multi: true, values: []string{"Decrypt", "Encrypt", "DescribeKey"}},
	{name: "kms:GrantIsForAWSResource", family: "bool", values: booleans},
	{name: "kms:GranteePrincipal", family: "arn", values: arns},
	{name: "kms:ScheduleKeyDeletionPendingWindowInDays", family: "number", values: numbers},
	{name: "kms:ValidTo", family: "date", values: dates},
	{name: "kms:BypassPolicyLockoutSafetyCheck", family: "bool", values: booleans},
	{name: "aws:MultiFactorAuthAge", family: "number", values: numbers},
	{name: "aws:MultiFactorAuthPresent", family: "bool", values: booleans},
	{name: "aws:SecureTransport", family: "bool", values: booleans},
	{name: "aws:CurrentTime", family: "date", values: dates},
	{name: "aws:EpochTime", family: "date", values: epochs},
	{name: "aws:TokenIssueTime", family: "date", values: dates},
	{name: "aws:SourceIp", family: "ip", values: addresses},
	{name: "aws:VpcSourceIp", family: "ip", values: addresses},
	{name: "aws:SourceArn", family: "arn", values: arns},
	{name: "aws:SourceVpce", family: "string", values: []string{"vpce-1", "vpce-2"}},
	{name: "aws:CalledVia", family: "string", multi: true, values: []string{"athena.amazonaws.com", "cloudformation.amazonaws.com"}},
	{name: "aws:RequestTag/env", family: "string", values: odd},
	{name: "aws:TagKeys", family: "string", multi: true, values: words},
	{name: "acme:One", family: "string", values: odd},
	{name: "acme:Many", family: "string", multi: true, values: odd},
	{name: "aws:NoSuchKey", family: "string", values: odd},
}

// operators by family. A key is sometimes tested with those of another.
var operators = map[string][]string{
	"string": {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "StringLike", "BinaryEquals"},
	"arn":    {"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringLike", "StringEquals"},
	"number": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
	"date":   {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
	"bool":   {"Bool", "StringEquals", "StringNotEquals"},
	"ip":     {"IpAddress", "NotIpAddress"},
}

// families are those whose operators other keys are tested with too.
var families = []string{"string", "arn", "number", "bool", "ip"}

// conditions draws a Condition element.
func (g *gen) conditions(n int) map[string]any {
	out := map[string]any{}
	for range n {
		operator, name, values := g.condition()
		if out[operator] == nil {
			out[operator] = map[string]any{}
		}
		out[operator].(map[string]any)[name] = values
	}
	return out
}

// condition draws an operator, a key and values.
func (g *gen) condition() (operator, name string, values any) {
	pools := keyPools
	if g.pools != nil {
		pools = g.pools
	}
	key := pick(g, pools)
	quantifier := ""
	if g.chance(20) || key.multi && g.chance(80) {
		quantifier = pick(g, []string{"ForAllValues:", "ForAnyValue:"})
	}
	if g.chance(8) {
		return "Null", g.oddCase(key.name), pick(g, []any{"true", "false", true, false, []string{"true", "false"}})
	}
	family := key.family
	if g.chance(8) && family != "date" {
		family = pick(g, families)
	}
	operator = quantifier + pick(g, operators[family])
	if g.chance(25) {
		operator += "IfExists"
	}
	low := 1
	if g.chance(2) {
		low = 0
	}
	wanted := some(g, low, 3, func() string { return g.hole(g.operand(family, key)) })
	return operator, g.oddCase(key.name), g.oneOrList(wanted)
}

// operand draws a value for a condition.
func (g *gen) operand(family string, key keyPool) string {
	switch family {
	case "number":
		return pick(g, numbers)
	case "date":
		return pick(g, append(append([]string{}, dates...), epochs...))
	case "ip":
		return pick(g, networks)
	case "bool":
		return pick(g, []string{"true", "false", "True", "yes", "true"})
	case "arn":
		if g.chance(60) {
			return g.arnPattern(g.printable(pick(g, key.values)))
		}
	}
	return g.pattern(pick(g, key.values))
}

// arnPattern puts wildcards into the parts of an ARN.
func (g *gen) arnPattern(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	for i := range parts {
		if i > 0 && g.chance(30) {
			parts[i] = g.wild(parts[i])
		}
	}
	return strings.Join(parts, ":")
}

// oddCase changes the case of a key's name, which means nothing.
func (g *gen) oddCase(name string) string {
	if !g.chance(15) {
		return name
	}
	return pick(g, []string{strings.ToUpper(name), strings.ToLower(name)})
}

// context draws the condition keys of a request.
func (g *gen) context() map[string][]string {
	out := map[string][]string{}
	for _, key := range keyPools {
		if g.chance(55) || key.fixed && g.chance(90) {
			continue
		}
		high := 1
		if key.multi {
			high = 3
		}
		name := key.name
		if !strings.HasPrefix(name, "kms:EncryptionContext:") { // its case is the key's
			name = g.oddCase(name)
		}
		out[name] = some(g, 1, high, func() string { return pick(g, key.values) })
	}
	return out
}

// pattern writes a text that may match the value: as it is, with wildcards, or with variables.
func (g *gen) pattern(value string) string {
	value = g.printable(value)
	switch g.upTo(9) {
	case 0, 1, 2:
		return value
	case 3, 4, 5, 6:
		return g.wild(value)
	case 7:
		return pick(g, []string{strings.ToUpper(value), strings.ToLower(value), value + "x", "*", "?", "**", "*?"})
	default:
		return g.withVariable(value)
	}
}

// printable leaves out what the parser refuses: characters beyond Latin-1 and, in the newer version, what
// looks like a variable.
func (g *gen) printable(value string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFF && (g.kind != policy.ServiceControlPolicy && g.kind != policy.ResourceControlPolicy) {
			return '?'
		}
		return r
	}, value)
}

// wild replaces parts of a text by wildcards.
func (g *gen) wild(value string) string {
	runes := []rune(value)
	from := g.upTo(len(runes))
	to := from + g.upTo(len(runes)-from)
	before, between, after := string(runes[:from]), string(runes[from:to]), string(runes[to:])
	switch g.upTo(6) {
	case 0:
		return before + "*"
	case 1:
		return "*" + after
	case 2:
		return "*" + between + "*"
	case 3:
		return before + "*" + after
	case 4:
		return before + strings.Repeat("?", to-from) + after
	case 5:
		return before + between + "*" + between + after // more than the text has
	default:
		return before + "?*" + after
	}
}

// withVariable puts policy variables into a text.
func (g *gen) withVariable(value string) string {
	runes := []rune(value)
	at := g.upTo(len(runes))
	variable := pick(g, []string{
		"${aws:username}", "${aws:PrincipalTag/team}", "${AWS:principaltag/TEAM}", "${kms:EncryptionContext:tenant}", "${aws:userid}",
		"${aws:PrincipalArn}", "${aws:TagKeys}", "${acme:One}", "${aws:NoSuchKey}", "${*}", "${?}", "${$}",
		"${aws:PrincipalTag/team, 'abc'}", "${aws:username, 'a*c'}", "${aws:NoSuchKey, ''}", "${acme:One,'a.c'}", "${aws:NoSuchKey, 'a}c' }",
	})
	switch g.upTo(3) {
	case 0:
		return variable
	case 1:
		return variable + "*" + string(runes[at:])
	case 2:
		return string(runes[:at]) + "?" + variable
	default:
		return string(runes[:at]) + variable + string(runes[at:])
	}
}
