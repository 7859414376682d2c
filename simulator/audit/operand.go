package audit

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// operandRules are about what conditions compare with.
var operandRules = []*Rule{
	{
		Code: "KP408", Name: "variable-where-none-works", Severity: High,
		Summary: "A policy variable in the name of a condition key, or with a numeric, date or IP operator.",
		Why:     "AWS replaces variables in the values of string, ARN and Bool operators and in Resource only; elsewhere they are literal text.",
		Fix:     "Compare a fixed key, for example aws:PrincipalTag/team, with the variable as its value.",
		Source:  userGuide + "reference_policies_variables.html#policy-vars-wheretouse",
		Also:    []string{"INVALID_VARIABLE_FOR_OPERATOR"},
		checks:  checks{onStatement: misplacedVariable, onIdentity: misplacedVariable},
	},
	{
		Code: "KP409", Name: "request-alias-never-matches", Severity: High, Others: []Severity{Medium},
		Summary: "kms:RequestAlias is compared with an ARN or without alias/, on actions that take no alias, or in a Deny.",
		Why: "The key is there only when the request names the key by an alias, and its value is alias/NAME. A caller who writes the key's " +
			"id has no alias in the request: an Allow does not help, and a Deny does not stop it.",
		Fix:    "Write alias/NAME, name actions that use the key, and in place of a Deny allow only what is wanted.",
		Source: developerGuide + "alias-authorization.html#alias-auth-request-alias",
		checks: checks{onStatement: requestAlias, onIdentity: requestAlias},
	},
	{
		Code: "KP412", Name: "via-service-value", Severity: Medium, Others: []Severity{Info},
		Summary: "The value of kms:ViaService is no name that AWS sends.",
		Why:     "The value is always SERVICE.REGION.amazonaws.com, in every partition: anything else never matches, or matches every service.",
		Fix:     "Write for example s3.eu-west-2.amazonaws.com; with StringLike the Region may be *.",
		Source:  developerGuide + "conditions-kms.html#conditions-kms-via-service",
		checks:  checks{onStatement: viaServiceValue, onIdentity: viaServiceValue},
	},
	{
		Code: "KP413", Name: "network-condition-stops-services", Severity: Medium, Others: []Severity{Info},
		Summary: "A condition on aws:SourceIp, aws:SourceVpc or aws:SourceVpce without an exception for AWS services.",
		Why: "When a service calls KMS for somebody, the address is the service's and no VPC endpoint is involved: a Deny like this also stops " +
			"S3, EBS and RDS from using the key.",
		Fix:    `Add "Bool": {"aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"} to the Deny.`,
		Source: developerGuide + "conditions-aws.html",
		checks: checks{onStatement: networkCondition, onIdentity: networkCondition},
	},
	{
		Code: "KP414", Name: "principalarn-never-matches", Severity: High,
		Summary: "aws:PrincipalArn is compared with a session's ARN, with a wildcard by StringEquals, or with what is no ARN.",
		Why:     "The value is the ARN of the user or role, never that of a session (arn:aws:sts::…:assumed-role/…), and * is a wildcard for ArnLike and StringLike only.",
		Fix:     "Write the role's ARN, arn:aws:iam::ACCOUNT:role/NAME, with its path, and ArnLike for wildcards.",
		Source:  userGuide + "reference_policies_condition-keys.html#condition-keys-principalarn",
		checks:  checks{onStatement: principalARN, onIdentity: principalARN},
	},
	{
		Code: "KP416", Name: "expired-date", Severity: Medium,
		Summary: "A condition on aws:CurrentTime or aws:EpochTime lies in the past.",
		Why:     "The condition will never be met again: an Allow is dead, and a Deny stops nothing any more.",
		Fix:     "Take the statement out, or set a new date.",
		Source:  userGuide + "reference_policies_condition-keys.html#condition-keys-currenttime",
		checks:  checks{onStatement: expiredDate, onIdentity: expiredDate},
	},
	{
		Code: "KP417", Name: "deprecated-condition-key", Severity: Info,
		Summary: "kms:CustomerMasterKeySpec and kms:CustomerMasterKeyUsage are deprecated.",
		Why:     "They still work and have new names.",
		Fix:     "Write kms:KeySpec and kms:KeyUsage.",
		Source:  developerGuide + "conditions-kms.html#conditions-kms-key-spec",
		Also:    []string{"DEPRECATED_GLOBAL_CONDITION_KEY"},
		checks:  checks{onStatement: deprecatedKey, onIdentity: deprecatedKey},
	},
	{
		Code: "KP418", Name: "accounts-of-conditions-differ", Severity: Medium,
		Summary: "aws:SourceArn and the ARN in the encryption context are of different accounts.",
		Why:     "A service sends both about the same resource, so that both conditions are never met together.",
		Fix:     "Write the account of the resource in both.",
		Source:  developerGuide + "key-policy-services.html",
		checks:  checks{onStatement: differentAccounts},
	},
	{
		Code: "KP424", Name: "private-source-address", Severity: High, Others: []Severity{Medium},
		Summary: "aws:SourceIp is compared with private addresses.",
		Why:     "aws:SourceIp is the public address that the request comes from; it is not there at all for calls through a VPC endpoint.",
		Fix:     "Use aws:VpcSourceIp together with aws:SourceVpc for private addresses.",
		Source:  userGuide + "reference_policies_condition-keys.html#condition-keys-sourceip",
		Also:    []string{"PRIVATE_IP_ADDRESS", "PRIVATE_NOT_IP_ADDRESS", "PRIVATE_IP_ADDRESS_SUBSET"},
		checks:  checks{onStatement: privateAddress, onIdentity: privateAddress},
	},
	{
		Code: "KP425", Name: "vpc-id-format", Severity: High,
		Summary: "The value of aws:SourceVpc is no VPC id, or that of aws:SourceVpce no VPC endpoint id.",
		Why:     "It never matches.",
		Fix:     "Write vpc- or vpce- and 8 or 17 hexadecimal digits.",
		Source:  userGuide + "reference_policies_condition-keys.html#condition-keys-sourcevpc",
		Also:    []string{"INVALID_VPC_FORMAT", "INVALID_VPCE_FORMAT"},
		checks:  checks{onStatement: vpcID, onIdentity: vpcID},
	},
	{
		Code: "KP426", Name: "stringlike-on-arn", Severity: Info,
		Summary: "StringLike on a condition key whose values are ARNs.",
		Why:     "In StringLike a * also stands for colons: arn:aws:s3:*:bucket matches other services' parts of an ARN than it seems to.",
		Fix:     "Write ArnLike, which compares the six parts of an ARN one by one.",
		Source:  userGuide + "reference_policies_elements_condition_operators.html#Conditions_ARN",
		Also:    []string{"STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS"},
		checks:  checks{onStatement: stringLikeOnARN, onIdentity: stringLikeOnARN},
	},
	{
		Code: "KP427", Name: "value-does-not-fit", Severity: High, Others: []Severity{Medium},
		Summary: "A condition compares a key with a value, or by an operator, of another type.",
		Why:     "The comparison never matches, or with true and false both, always.",
		Fix:     "Write a value that the operator can compare, and the operator of the key's type.",
		Source:  userGuide + "reference_policies_elements_condition_operators.html",
		Also: []string{
			"INVALID_CONDITION_DATA_TYPE", "INVALID_CONDITION_MULTIPLE_BOOLEAN", "INVALID_DATE_VALUE", "TYPE_MISMATCH", "TYPE_MISMATCH_BOOLEAN",
			"TYPE_MISMATCH_DATE", "TYPE_MISMATCH_IP_RANGE", "TYPE_MISMATCH_NUMBER", "TYPE_MISMATCH_STRING",
		},
		checks: checks{onStatement: typeMismatch, onIdentity: typeMismatch, diagnosed: withCode(policy.CodeInvalidOperand)},
	},
	{
		Code: "KP428", Name: "wildcard-without-like", Severity: Medium,
		Summary: "A value has a wildcard, and its operator is StringEquals or StringNotEquals.",
		Why:     "These operators compare * and ? as the characters they are.",
		Fix:     "Write StringLike or StringNotLike; the character itself is ${*} in Version 2012-10-17.",
		Source:  userGuide + "reference_policies_elements_condition_operators.html#Conditions_String",
		Also:    []string{"WILDCARD_WITHOUT_LIKE_OPERATOR"},
		checks:  checks{onStatement: wildcardWithoutLike, onIdentity: wildcardWithoutLike},
	},
}

// eachValue goes through the values that are known of conditions on the keys, Null aside.
func (s *statement) eachValue(each func(policy.Condition, policy.Value), keys ...string) {
	for _, c := range s.Conditions {
		if c.Operator.Comparison == policy.Null || folded(c) == "" || len(keys) > 0 && !isAmong(folded(c), keys) {
			continue
		}
		for _, v := range c.Values {
			if !v.Unresolved {
				each(c, v)
			}
		}
	}
}

func misplacedVariable(p *pass, s *statement) {
	for _, c := range s.Conditions {
		if !c.Key.Unresolved && strings.Contains(c.Key.Text, "${") {
			p.inStatement(s, c.Key.Pos, "%q: a policy variable in the name of a condition key is literal text", c.Key.Text)
		}
	}
	s.eachValue(func(c policy.Condition, v policy.Value) {
		if !c.Operator.Comparison.TakesVariables() && policy.ParsePattern(v.Text, policy.Version2012).HasVariable() {
			p.inStatement(s, v.Pos, "%s does not take policy variables: %q is compared as it is", c.Operator, v.Text)
		}
	})
}

func requestAlias(p *pass, s *statement) {
	const key = "kms:requestalias"
	on := s.conditionsOn(key)
	if len(on) == 0 {
		return
	}
	s.eachValue(func(c policy.Condition, v policy.Value) {
		if !p.isLiteral(v) && !strings.HasPrefix(v.Text, "arn:") {
			return
		}
		wildcard := takesWildcards(c) && strings.ContainsAny(v.Text[:min(len(v.Text), len("alias/"))], "*?")
		if !strings.HasPrefix(v.Text, "alias/") && !strings.HasPrefix(v.Text, "$") && !wildcard {
			p.inStatement(s, v.Pos, "kms:RequestAlias is alias/NAME and never %q", v.Text)
		}
	}, key)
	with := withKey("kms:RequestAlias")
	if s.kms.Intersect(with).IsEmpty() {
		return // KP411
	}
	if others := s.named.Minus(with); s.Effect == policy.Allow && positive(on[0]) && !others.IsEmpty() {
		p.inStatement(s, on[0].Key.Pos, "%s take no alias, so that the statement does not allow them", names(others)).as(Medium)
	}
	if s.Effect == policy.Deny && positive(on[0]) {
		p.inStatement(s, on[0].Key.Pos, "the Deny does not stop a caller who names the key by its id or ARN").as(Medium)
	}
}

// takesWildcards reports whether * and ? are wildcards in the values of the condition.
func takesWildcards(c policy.Condition) bool {
	switch c.Operator.Comparison.Positive() {
	case policy.StringLike, policy.ArnLike, policy.ArnEquals:
		return true
	default:
		return false
	}
}

var (
	viaService   = regexp.MustCompile(`\A[a-z0-9.-]+\.[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com\z`)
	viaWildcards = regexp.MustCompile(`\A([a-z0-9.-]+)\.[a-z0-9*?-]+\.amazonaws\.com\z`)
)

func viaServiceValue(p *pass, s *statement) {
	s.eachValue(func(c policy.Condition, v policy.Value) {
		if strings.Contains(v.Text, "${") || address.MatchString(v.Text) && !strings.HasSuffix(v.Text, ".amazonaws.com") || strings.HasPrefix(v.Text, "opaque:") {
			return
		}
		const form = "the value is SERVICE.REGION.amazonaws.com"
		wildcard := strings.ContainsAny(v.Text, "*?")
		switch {
		case wildcard && !takesWildcards(c):
			p.inStatement(s, v.Pos, "%s does not take wildcards: %q never matches", c.Operator, v.Text)
		case strings.HasSuffix(v.Text, ".amazonaws.com.cn"):
			p.inStatement(s, v.Pos, "%q never matches: the suffix is .amazonaws.com in all partitions", v.Text)
		case strings.Trim(v.Text, "*") == "":
			p.inStatement(s, v.Pos, "%q is every service: %s", v.Text, form)
		case wildcard && !viaWildcards.MatchString(v.Text):
			p.inStatement(s, v.Pos, "%q is more than one service: %s, and only the Region should be a wildcard", v.Text, form)
		case !wildcard && !viaService.MatchString(v.Text):
			p.inStatement(s, v.Pos, "%q never matches: %s", v.Text, form)
		default:
			unknownService(p, s, v)
		}
	}, "kms:viaservice")
}

func unknownService(p *pass, s *statement, v policy.Value) {
	name, _, _ := strings.Cut(v.Text, ".")
	if known := strings.Fields(viaServices); !slices.Contains(known, name) {
		if hint, ok := policy.Nearest(name, known); ok {
			p.inStatement(s, v.Pos, "%q is not among the services that AWS names for kms:ViaService: did you mean %q?", name, hint).as(Info)
		}
	}
}

// networkKeys are the condition keys, folded, about where a request comes from.
var networkKeys = []string{
	"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid",
	"aws:vpceorgpaths",
}

func networkCondition(p *pass, s *statement) {
	on := s.conditionsOn(networkKeys...)
	if len(on) == 0 || s.hasCondition("aws:viaawsservice", "aws:principalisawsservice", "kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast") ||
		s.kms.Intersect(allOperations).IsEmpty() {
		return
	}
	c := on[0]
	switch {
	case s.Effect == policy.Deny && (c.Operator.Comparison.Negated() || isNull(c, "true")):
		p.inStatement(s, c.Key.Pos, "the Deny also stops AWS services that use the key for somebody: their requests do not have the wanted %s", c.Key.Text)
	case s.Effect == policy.Allow && positive(c):
		p.inStatement(s, c.Key.Pos, "AWS services that use the key for somebody are not allowed by this: their requests do not have the wanted %s", c.Key.Text).as(Info)
	}
}

func principalARN(p *pass, s *statement) {
	s.eachValue(func(c policy.Condition, v policy.Value) {
		if !p.isLiteral(v) && !strings.HasPrefix(v.Text, "arn:") {
			return
		}
		const session = "%q is a session: aws:PrincipalArn is the ARN of its role, arn:aws:iam::ACCOUNT:role/NAME"
		switch {
		case strings.Contains(v.Text, ":assumed-role/"):
			p.inStatement(s, v.Pos, session, v.Text)
		case strings.ContainsAny(v.Text, "*?") && !takesWildcards(c) && !strings.Contains(v.Text, "${"):
			p.inStatement(s, v.Pos, "%s does not take wildcards: %q never matches", c.Operator, v.Text)
		case v.Text != "*" && !strings.Contains(v.Text, "${") && strings.Count(v.Text, ":") < 5 && !strings.Contains(v.Text, "*") && !isARNComparison(c):
			p.inStatement(s, v.Pos, "%q is no ARN", v.Text) // of ARN operators the parser says so
		}
	}, "aws:principalarn")
}

func isARNComparison(c policy.Condition) bool {
	return slices.Contains([]policy.Comparison{policy.ArnLike, policy.ArnEquals}, c.Operator.Comparison.Positive())
}

// expiredDate is KP416: what had to be before a time that has passed.
func expiredDate(p *pass, s *statement) {
	s.eachValue(func(c policy.Condition, v policy.Value) {
		switch c.Operator.Comparison {
		case policy.DateLessThan, policy.DateLessThanEquals, policy.NumericLessThan, policy.NumericLessThanEquals, policy.DateEquals:
		default:
			return
		}
		at, ok := parseDate(v.Text)
		if !ok || !at.Before(p.in.Now) || c.Operator.IfExists {
			return
		}
		what := "the statement never allows anything any more"
		if s.Effect == policy.Deny {
			what = "the statement never denies anything any more"
		}
		p.inStatement(s, v.Pos, "%s has passed: %s", v.Text, what)
	}, "aws:currenttime", "aws:epochtime")
}

// parseDate reads a date of a condition: ISO 8601 or seconds since 1970.
func parseDate(text string) (time.Time, bool) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && len(text) > len("2026") {
		return time.Unix(int64(seconds), 0), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func deprecatedKey(p *pass, s *statement) {
	for _, c := range s.conditionsOn("kms:customermasterkeyspec", "kms:customermasterkeyusage") {
		name := strings.Replace(folded(c), "kms:customermasterkey", "kms:Key", 1)
		p.inStatement(s, c.Key.Pos, "%s is deprecated: its new name is %s", c.Key.Text, strings.NewReplacer("spec", "Spec", "usage", "Usage").Replace(name))
	}
}

func differentAccounts(p *pass, s *statement) {
	accountsOf := func(keys ...string) (accounts []string, at policy.Position) {
		s.eachValue(func(c policy.Condition, v policy.Value) {
			name := folded(c)
			ofResource := strings.HasPrefix(name, contextPrefix+"aws:") && strings.HasSuffix(name, "arn")
			if strings.HasPrefix(name, contextPrefix) && !ofResource {
				return
			}
			if arn, ok := policy.ParseARN(v.Text); ok && positive(c) {
				accounts, at = append(accounts, arn.Account), v.Pos
			}
		}, keys...)
		return accounts, at
	}
	source, _ := accountsOf("aws:sourcearn")
	inContext, at := accountsOf(contextPrefix)
	if len(source) == 0 || len(inContext) == 0 {
		return
	}
	for _, account := range slices.Concat(source, inContext) {
		if !policy.IsAccountID(account) || slices.Contains(source, account) && slices.Contains(inContext, account) {
			return // a wildcard, or one that both have
		}
	}
	p.inStatement(s, at, "the encryption context is about account %s, and aws:SourceArn about %s", list(inContext), list(source))
}

// privateRanges are the addresses that requests from the internet do not have
// (https://www.rfc-editor.org/rfc/rfc1918, https://www.rfc-editor.org/rfc/rfc6598, https://www.rfc-editor.org/rfc/rfc4193).
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
}

func isPrivate(text string) bool {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return false
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	return slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool {
		return r.Bits() <= prefix.Bits() && r.Contains(prefix.Addr())
	})
}

func privateAddress(p *pass, s *statement) {
	for _, c := range s.conditionsOn("aws:sourceip") {
		private := slices.DeleteFunc(slices.Clone(c.Values), func(v policy.Value) bool { return v.Unresolved || !isPrivate(v.Text) })
		for _, v := range private {
			f := p.inStatement(s, v.Pos, "aws:SourceIp is a public address and never in %s", v.Text)
			if len(private) < len(c.Values) {
				f.as(Medium)
			}
		}
	}
}

var (
	vpcIDs  = regexp.MustCompile(`\Avpc-([0-9a-f]{8}|[0-9a-f]{17})\z`)
	vpceIDs = regexp.MustCompile(`\Avpce-([0-9a-f]{8}|[0-9a-f]{17})\z`)
)

func vpcID(p *pass, s *statement) {
	s.eachValue(func(c policy.Condition, v policy.Value) {
		if !p.isLiteral(v) {
			return
		}
		ids, what := vpcIDs, "VPC id: expected vpc- and 8 or 17 hexadecimal digits"
		if folded(c) == "aws:sourcevpce" {
			ids, what = vpceIDs, "VPC endpoint id: expected vpce- and 8 or 17 hexadecimal digits"
		}
		wildcard := takesWildcards(c) && strings.ContainsAny(v.Text, "*?")
		if !ids.MatchString(v.Text) && !strings.Contains(v.Text, "${") && !wildcard {
			p.inStatement(s, v.Pos, "%q is no %s", v.Text, what)
		}
	}, "aws:sourcevpc", "aws:sourcevpce")
}

func stringLikeOnARN(p *pass, s *statement) {
	s.eachValue(func(c policy.Condition, v policy.Value) {
		k, ok := policy.LookupConditionKey(folded(c))
		if ok && k.Type == policy.KeyTypeARN && c.Operator.Comparison.Positive() == policy.StringLike && strings.ContainsAny(v.Text, "*?") && v.Text != "*" {
			p.inStatement(s, v.Pos, "%s on %s: a * stands for colons too; ArnLike compares the parts", c.Operator, c.Key.Text)
		}
	})
}

// fits says which key types an operator can compare; others are compared as text.
var fits = map[policy.Comparison][]policy.KeyType{
	policy.Bool:                     {policy.KeyTypeBool},
	policy.IPAddress:                {policy.KeyTypeIPAddress},
	policy.NumericEquals:            {policy.KeyTypeNumeric, policy.KeyTypeDate},
	policy.NumericLessThan:          {policy.KeyTypeNumeric, policy.KeyTypeDate},
	policy.NumericLessThanEquals:    {policy.KeyTypeNumeric, policy.KeyTypeDate},
	policy.NumericGreaterThan:       {policy.KeyTypeNumeric, policy.KeyTypeDate},
	policy.NumericGreaterThanEquals: {policy.KeyTypeNumeric, policy.KeyTypeDate},
	policy.DateEquals:               {policy.KeyTypeDate},
	policy.DateLessThan:             {policy.KeyTypeDate},
	policy.DateLessThanEquals:       {policy.KeyTypeDate},
	policy.DateGreaterThan:          {policy.KeyTypeDate},
	policy.DateGreaterThanEquals:    {policy.KeyTypeDate},
	policy.ArnEquals:                {policy.KeyTypeARN, policy.KeyTypeString},
	policy.ArnLike:                  {policy.KeyTypeARN, policy.KeyTypeString},
}

// typeMismatch is KP427 for operators that do not fit their keys, and for true and false both.
func typeMismatch(p *pass, s *statement) {
	for _, c := range s.Conditions {
		k, ok := policy.LookupConditionKey(folded(c))
		if types := fits[c.Operator.Comparison.Positive()]; ok && types != nil && !slices.Contains(types, k.Type) {
			p.inStatement(s, c.Pos, "%s does not compare values of %s, which is of type %s", c.Operator, c.Key.Text, k.Type)
		}
		if c.Operator.Comparison == policy.Bool || c.Operator.Comparison == policy.Null {
			has := func(text string) bool {
				return slices.ContainsFunc(c.Values, func(v policy.Value) bool { return strings.EqualFold(v.Text, text) })
			}
			if has("true") && has("false") {
				p.inStatement(s, c.Pos, "%s on %s with both true and false is always met when the key is there", c.Operator, c.Key.Text).as(Medium)
			}
		}
	}
}

func wildcardWithoutLike(p *pass, s *statement) {
	s.eachValue(func(c policy.Condition, v policy.Value) {
		switch c.Operator.Comparison.Positive() {
		case policy.StringEquals, policy.StringEqualsIgnoreCase:
		default:
			return
		}
		name := folded(c)
		if name == "kms:viaservice" || name == "aws:principalarn" {
			return // KP412, KP414
		}
		if policy.ParsePattern(strings.NewReplacer("${*}", "", "${?}", "").Replace(v.Text), s.of.doc.Version).HasWildcard() {
			p.inStatement(s, v.Pos, "%s compares * and ? as they are: %q", c.Operator, v.Text)
		}
	})
}
