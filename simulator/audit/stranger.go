package audit

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// strangers are accounts that no policy in the world is about; the first that the policy at hand does not name is used.
var strangers = []string{"666677778888", "135797531246", "246808642013"}

// harmful are the actions with which a stranger does damage; others tell or cost something.
var harmful = revealing.Union(actionSet("Sign", "GenerateMac", "CreateGrant", "RevokeGrant", "RetireGrant"))

// openToStrangers is KP301. A stranger, who has an account, an organization, networks, tags and names of its own, asks for
// each action; whatever else the request has the stranger chooses. Only this statement allows, and all Denies deny.
func openToStrangers(p *pass, s *statement) {
	if !s.allows() || !s.namesEveryone() {
		return
	}
	a := p.audienceOf(s.of)
	doc := withStatements(s.of.doc, func(o *policy.Statement) bool { return o.Effect == policy.Deny || o.Index == s.Index }).Bound(false)
	var open policy.ActionSet
	var how evaluator.Residual
	tried := attempts(s)
	for _, act := range s.kms.Actions() {
		if !act.CrossAccount {
			continue
		}
		answer, ok := a.askStrangers(tried, act, doc)
		if !ok {
			continue
		}
		if open.IsEmpty() || harmful.Has(act) && harmful.Intersect(open).IsEmpty() {
			how = answer
		}
		open.Add(act)
	}
	if open.IsEmpty() {
		return
	}
	f := p.inStatement(s, s.Principals.Pos, "anybody, of any AWS account, is allowed %s", some(open))
	if text := conditionsOf(how); text != "" && how.Decision.Decision == evaluator.Conditional {
		f.Message += ", if only " + text + ", which the caller can choose"
	}
	if open.Intersect(harmful).IsEmpty() {
		f.as(Medium)
	}
}

// attempt is how a stranger asks.
type attempt struct {
	who     *member
	context evaluator.Context
}

// attempts are all ways in which strangers ask, those first that the policy at hand makes likely.
func attempts(s *statement) []attempt {
	var out []attempt
	for _, m := range strangersTo(s) {
		for _, c := range strangerContexts(s, m.principal.Account) {
			out = append(out, attempt{m, c})
		}
	}
	return out
}

// askStrangers is the first answer by which a stranger may do the action, from wherever it calls. What succeeds comes first
// the next time: it does for other actions as well.
func (a *audience) askStrangers(tried []attempt, act *policy.Action, doc *policy.Document) (evaluator.Residual, bool) {
	for i, t := range tried {
		q := question{member: t.who, action: act, doc: doc, context: t.context, open: strangerKeys(), closed: true}
		if a.settle(q) == evaluator.Deny {
			continue
		}
		answer := a.ask(q)
		if answer.Decision.Decision == evaluator.Allow || len(answer.Ways) > 0 {
			tried[0], tried[i] = tried[i], tried[0]
			return answer, true
		}
	}
	return evaluator.Residual{}, false
}

// strangersTo are the strangers that may match: one in an account that nothing names, and one in an account for each
// pattern of accounts. Names are theirs to choose.
func strangersTo(s *statement) []*member {
	var out []*member
	for _, account := range strangerAccounts(s) {
		p := userOf("aws", account, "stranger")
		p.Identity = append(slices.Clone(p.Identity), confinedTo(account))
		out = append(out, &member{principal: p})
	}
	return out
}

// confinement names the policy that keeps the names that a stranger chooses within its account.
const confinement = "strictkms: the account of a stranger"

// confinedTo denies what a caller of another account asks for. The name of a role has no colon, and that its path might have
// one is left aside: a pattern such as *::111122223333:role/App is meant for the account.
func confinedTo(account string) *policy.Document {
	doc, diags := policy.Parse(policy.IdentityPolicy, confinement, []byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:*:*::`+account+`:*"}}},
		{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "*:*:*:*:*:*:*"}}}
	]}`))
	if doc == nil {
		panic(diags) // it is a constant but for the account
	}
	return doc
}

// accountKeys are the condition keys, folded, whose values name accounts, by themselves or in an ARN.
var accountKeys = []string{
	"kms:calleraccount", "aws:principalaccount", "aws:sourceaccount", "aws:vpceaccount", "aws:principalarn", "aws:sourcearn", "aws:userid",
}

// maxAccounts bounds the accounts of strangers.
const maxAccounts = 8

// strangerAccounts are an account that the policy does not name, and one of each pattern that the statement names accounts by.
func strangerAccounts(s *statement) []string {
	out := []string{strangerAccount(s.of)}
	s.eachValue(func(_ policy.Condition, v policy.Value) {
		pattern := v.Text
		if arn, ok := policy.ParseARN(v.Text); ok {
			pattern = arn.Account
		}
		if account, ok := accountLike(pattern, s.of); ok && !slices.Contains(out, account) && len(out) < maxAccounts {
			out = append(out, account)
		}
	}, accountKeys...)
	return out
}

// accountLike is an account that a pattern of digits and wildcards matches and that the policy does not name.
func accountLike(pattern string, s *subject) (string, bool) {
	const digits = 12
	if !strings.ContainsAny(pattern, "*?") || strings.Trim(pattern, "0123456789*?") != "" {
		return "", false
	}
	for _, digit := range []string{"6", "7", "8", "9"} {
		text := strings.ReplaceAll(pattern, "?", digit)
		missing := digits - len(strings.ReplaceAll(text, "*", ""))
		if missing < 0 {
			return "", false
		}
		text = strings.ReplaceAll(strings.Replace(text, "*", strings.Repeat(digit, missing), 1), "*", "")
		if policy.IsAccountID(text) && text != s.owner && !slices.ContainsFunc(s.statements, func(st *statement) bool { return st.mentions(text) }) {
			return text, true
		}
	}
	return "", false
}

// strangerAccount is an account that the policy does not name.
func strangerAccount(s *subject) string {
	for _, account := range strangers {
		if !slices.ContainsFunc(s.statements, func(st *statement) bool { return st.mentions(account) }) {
			return account
		}
	}
	return strangers[0]
}

// mentions reports whether a principal or a condition of the statement has the account in it.
func (s *statement) mentions(account string) bool {
	return s.Principals != nil && slices.ContainsFunc(s.Principals.Values, func(v policy.Principal) bool { return v.Account == account }) ||
		slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
			return slices.ContainsFunc(c.Values, func(v policy.Value) bool { return strings.Contains(v.Text, account) })
		})
}

// strangerNames are the condition keys that follow from who calls, and that whoever makes the users and roles of an
// account chooses.
var strangerNames = []string{"aws:PrincipalArn", "aws:username", "aws:userid", "aws:PrincipalTag/*"}

// chosen are the other condition keys, besides those of KMS, that every caller chooses, or gets by calling otherwise.
var chosen = []string{
	"aws:SecureTransport", "aws:UserAgent", "aws:referer", "aws:CurrentTime", "aws:EpochTime", "aws:MultiFactorAuthPresent",
	"aws:MultiFactorAuthAge", "aws:TokenIssueTime", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ViaAWSService",
	"aws:PrincipalType", "aws:SourceIdentity", "aws:FederatedProvider", "aws:VpcSourceIp", "aws:Ec2InstanceSourcePrivateIPv4",
	"aws:RequestTag/*", "aws:TagKeys", "aws:AssumedRoot", "aws:IsMcpServiceAction", "kms:EncryptionContext:*",
}

// strangerKeys are the condition keys that a stranger chooses. Of the keys of KMS these are all but the account, and what
// an enclave is measured by.
func strangerKeys() []string {
	keys := slices.Concat(strangerNames, chosen)
	for _, k := range policy.ConditionKeys() {
		name := policy.FoldKey(k.Name)
		if k.Service() == "kms" && !strings.Contains(name, "$") && name != "kms:calleraccount" && !strings.HasPrefix(name, attestationPrefix) {
			keys = append(keys, k.Name)
		}
	}
	return keys
}

// absences are condition keys, folded, that a stranger's request does without together: an account need not be in an
// organization, a call need not be made by a service for a resource, and it comes either from an address or through a
// VPC endpoint (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
var absences = [][]string{
	{"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths", "aws:vpceorgid", "aws:vpceorgpaths"},
	{"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"},
	{"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:ec2instancesourcevpc"},
	{"aws:sourceip"},
}

// strangerContexts are strangerContext and the same without what may be absent, in every combination that matters to the
// policy: IfExists, ForAllValues and negated operators are met by what is not there.
func strangerContexts(s *statement, account string) []evaluator.Context {
	var out []evaluator.Context
	for _, address := range strangerAddresses(s) {
		out = append(out, strangerContext(s, account, address))
	}
	for _, names := range absences {
		if !slices.ContainsFunc(s.of.statements, func(st *statement) bool { return st.hasCondition(names...) }) {
			continue
		}
		for _, c := range slices.Clone(out) {
			without := maps.Clone(c)
			maps.DeleteFunc(without, func(name string, _ []string) bool { return slices.Contains(names, policy.FoldKey(name)) })
			out = append(out, without)
		}
	}
	return out
}

// strangerContext is what a stranger cannot choose: where it comes from and what it belongs to.
func strangerContext(s *statement, account, address string) evaluator.Context {
	organization := idLike(s, "o-strangers00", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths", "aws:vpceorgid", "aws:vpceorgpaths")
	vpc := idLike(s, "vpc-fffffffffffffffff", "aws:sourcevpc", "aws:ec2instancesourcevpc")
	path := organization + "/r-ffff/ou-ffff-ffffffff/"
	return evaluator.Context{
		"aws:PrincipalOrgID":       {organization},
		"aws:PrincipalOrgPaths":    {path},
		"aws:ResourceOrgID":        {"o-ownerofkey0"},
		"aws:ResourceOrgPaths":     {"o-ownerofkey0/r-eeee/ou-eeee-eeeeeeee/"},
		"aws:SourceAccount":        {account},
		"aws:SourceOrgID":          {organization},
		"aws:SourceOrgPaths":       {path},
		"aws:SourceArn":            {strangerSource(s.of, account)},
		"aws:SourceIp":             {address},
		"aws:SourceVpc":            {vpc},
		"aws:SourceVpcArn":         {"arn:aws:ec2:us-east-1:" + account + ":vpc/" + vpc},
		"aws:SourceVpce":           {idLike(s, "vpce-fffffffffffffffff", "aws:sourcevpce")},
		"aws:VpceAccount":          {account},
		"aws:VpceOrgID":            {organization},
		"aws:VpceOrgPaths":         {path},
		"aws:Ec2InstanceSourceVpc": {vpc},
	}
}

// idLength is how many characters of an id say whose it is: ids of organizations have ten after o-, and those of VPCs and
// endpoints eight or more.
const idLength = 8

// idLike is an id of the stranger's, one that a pattern of the statement matches if the wildcard leaves open whose it is.
func idLike(s *statement, id string, keys ...string) string {
	kind, _, _ := strings.Cut(id, "-")
	s.eachValue(func(_ policy.Condition, v policy.Value) {
		pattern, _, _ := strings.Cut(v.Text, "/")
		written, ok := strings.CutPrefix(pattern, kind+"-")
		at := strings.IndexAny(written, "*?")
		if !ok || at < 0 || at >= idLength {
			return
		}
		text := strings.NewReplacer("*", "", "?", "0").Replace(pattern)
		if strings.Contains(written, "*") {
			before, after, _ := strings.Cut(pattern, "*")
			filler := strings.Repeat("0", max(0, len(id)-len(text)))
			text = strings.NewReplacer("*", "", "?", "0").Replace(before + filler + after)
		}
		id = text
	}, keys...)
	return id
}

// wide is how many bits of an address a network leaves open in which anybody can have one: more than the largest blocks that
// one organization has (https://www.iana.org/assignments/ipv4-address-space/ipv4-address-space.xhtml).
func wide(p netip.Prefix) bool {
	const v4, v6 = 8, 16
	if p.Addr().Is4() {
		return p.Bits() < v4
	}
	return p.Bits() < v6
}

// maxAddresses bounds the addresses of strangers.
const maxAddresses = 4

// strangerAddresses are an address that the policy does not name, and one in each network of the statement that is so wide
// that anybody has addresses in it.
func strangerAddresses(s *statement) []string {
	out := []string{strangerAddress(s.of)}
	s.eachValue(func(_ policy.Condition, v policy.Value) {
		prefix, err := netip.ParsePrefix(v.Text)
		if err != nil || !wide(prefix) || len(out) == maxAddresses {
			return
		}
		for _, text := range []string{"8.8.4.4", "198.51.100.77", "100.128.0.77", "2600:1f18::77", prefix.Masked().Addr().Next().String()} {
			if prefix.Contains(netip.MustParseAddr(text)) {
				if !slices.Contains(out, text) {
					out = append(out, text)
				}
				return
			}
		}
	}, "aws:sourceip")
	return out
}

// strangerAddress is an address that the policy does not name, unless it names nearly all.
func strangerAddress(s *subject) string {
	candidates := []string{"198.51.100.77", "203.0.113.77", "192.0.2.77", "8.8.4.4"}
	for _, text := range candidates {
		address := netip.MustParseAddr(text)
		named := false
		for _, st := range s.statements {
			st.eachValue(func(_ policy.Condition, v policy.Value) {
				prefix, err := netip.ParsePrefix(v.Text)
				named = named || v.Text == text || err == nil && prefix.Contains(address)
			}, "aws:sourceip")
		}
		if !named {
			return text
		}
	}
	return candidates[0]
}

// strangerSource is a resource of the stranger, one that a condition on aws:SourceArn takes if there is any: the
// condition leaves the account open, or names resources without one, such as buckets, by a wildcard.
func strangerSource(s *subject, account string) string {
	source := "arn:aws:sns:us-east-1:" + account + ":stranger"
	for _, st := range s.statements {
		st.eachValue(func(_ policy.Condition, v policy.Value) {
			text, ok := instance(v.Text, account)
			arn, isARN := policy.ParseARN(text)
			if ok && isARN && (arn.Account == account || arn.Account == "" && strings.HasSuffix(v.Text, ":*")) {
				source = text
			}
		}, "aws:sourcearn")
	}
	return source
}
