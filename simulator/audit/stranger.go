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
	for _, act := range s.kms.Actions() {
		if !act.CrossAccount {
			continue
		}
		answer, ok := a.askStrangers(s, act, doc)
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

// askStrangers is the first answer by which a stranger may do the action, from wherever it calls.
func (a *audience) askStrangers(s *statement, act *policy.Action, doc *policy.Document) (evaluator.Residual, bool) {
	for _, m := range strangersTo(s) {
		for _, c := range strangerContexts(s, m.principal.Account) {
			answer := a.ask(question{member: m, action: act, doc: doc, context: c, open: strangerKeys(), closed: true})
			switch {
			case answer.Decision.Decision == evaluator.Allow, len(answer.Ways) > 0:
				return answer, true
			}
		}
	}
	return evaluator.Residual{}, false
}

// strangersTo are the strangers that may match: a user, and whoever the conditions on aws:PrincipalArn leave to any account.
func strangersTo(s *statement) []*member {
	account := strangerAccount(s.of)
	out := []*member{{principal: userOf("aws", account, "stranger")}}
	s.eachValue(func(_ policy.Condition, v policy.Value) {
		text, ok := instance(v.Text, account)
		arn, isARN := policy.ParseARN(text)
		if !ok || !isARN || arn.Account != account {
			return
		}
		kind, name, _ := strings.Cut(arn.Resource, "/")
		switch kind {
		case "user":
			out = append(out, &member{principal: userOf("aws", account, name)})
		case "role":
			last := name[strings.LastIndexByte(name, '/')+1:]
			out = append(out, &member{principal: &evaluator.Principal{
				Type: evaluator.RoleSession, Account: account, Name: "session", Issuer: text,
				ARN: "arn:aws:sts::" + account + ":assumed-role/" + last + "/session", Identity: []*policy.Document{everything},
			}})
		}
	}, "aws:principalarn")
	return out
}

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
var strangerNames = []string{"aws:username", "aws:userid", "aws:PrincipalTag/*"}

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
	out := []evaluator.Context{strangerContext(s.of, account)}
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
func strangerContext(s *subject, account string) evaluator.Context {
	const organization = "o-strangers00"
	return evaluator.Context{
		"aws:PrincipalOrgID":       {organization},
		"aws:PrincipalOrgPaths":    {organization + "/r-ffff/ou-ffff-ffffffff/"},
		"aws:ResourceOrgID":        {"o-ownerofkey0"},
		"aws:ResourceOrgPaths":     {"o-ownerofkey0/r-eeee/ou-eeee-eeeeeeee/"},
		"aws:SourceAccount":        {account},
		"aws:SourceOrgID":          {organization},
		"aws:SourceOrgPaths":       {organization + "/r-ffff/ou-ffff-ffffffff/"},
		"aws:SourceArn":            {strangerSource(s, account)},
		"aws:SourceIp":             {strangerAddress(s)},
		"aws:SourceVpc":            {"vpc-fffffffffffffffff"},
		"aws:SourceVpcArn":         {"arn:aws:ec2:us-east-1:" + account + ":vpc/vpc-fffffffffffffffff"},
		"aws:SourceVpce":           {"vpce-fffffffffffffffff"},
		"aws:VpceAccount":          {account},
		"aws:VpceOrgID":            {organization},
		"aws:VpceOrgPaths":         {organization + "/r-ffff/ou-ffff-ffffffff/"},
		"aws:Ec2InstanceSourceVpc": {"vpc-fffffffffffffffff"},
	}
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
