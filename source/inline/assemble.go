package inline

import (
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// assemble puts the request and its world together.
func (l *lineForm) assemble(c *Case) {
	action, ok := policy.LookupAction(l.action.value)
	if !ok {
		l.fail(codeAction, l.action.at, "%q is not an action of AWS KMS%s",
			l.action.value, policy.ActionHint(": did you mean %q?", l.action.value))
	}
	principal := l.caller()
	arn, onARN := l.target(action)
	if l.diags.HasErrors() {
		return
	}
	req := evaluator.Request{
		Principal: principal, Action: action.Name, Context: l.context, EndpointPolicies: l.endpoint,
	}
	_, onKey := arn.KeyID()
	switch {
	case onKey:
		req.Key = l.key(arn)
	case onARN:
		req.Alias = l.resource.value
	}
	if req.Key == nil {
		for _, member := range l.keyOnly {
			l.warn(codeNoEffect, member.at, "%s is not counted: the resource is no key", member.value)
		}
	}
	c.Request, c.World = req, l.world(principal.Account, arn, onARN)
}

// caller makes the principal.
func (l *lineForm) caller() *evaluator.Principal {
	name := l.principal.value
	p, err := (&source.World{}).Session(name, source.Session{
		HasPolicies: l.session != nil, Policies: l.session, Provider: l.given("aws:FederatedProvider"),
	})
	service := strings.Contains(name, ".amazonaws.com") && !strings.Contains(name, "/")
	if err != nil || !service && !strings.HasPrefix(name, "arn:") {
		l.fail(codePrincipal, l.principal.at, "%q is no caller: expected the ARN of a user, a role, an assumed-role or "+
			"federated-user session or an account root user, or the name of a service, for example s3.amazonaws.com", name)
		return nil
	}
	p.Unknown = nil // nothing is: what the line does not list is not there
	p.Identity = l.identity
	if len(l.boundaries.list) > 0 {
		p.Boundary = l.boundaries.list[0]
	}
	if len(l.boundaries.list) > 1 {
		l.fail(codeWrongType, l.boundaries.at, "permissionBoundaries has %d policies: expected one", len(l.boundaries.list))
	}
	l.identify(p)
	return p
}

// identify adds what the ARN of a session does not say and the context does: the path of its role in
// aws:PrincipalArn, and the unique id in aws:userid
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable).
func (l *lineForm) identify(p *evaluator.Principal) {
	id := l.given("aws:userid")
	switch p.Type {
	case evaluator.User:
		p.UniqueID = id
	case evaluator.RoleSession:
		p.UniqueID, _, _ = strings.Cut(id, ":")
		role := l.given("aws:PrincipalArn")
		before, name, _ := strings.Cut(p.Issuer, ":role/")
		if strings.HasPrefix(role, before+":role/") && strings.HasSuffix(role, "/"+name) {
			p.Issuer = role
			p.ServiceLinked = p.ServiceLinked || strings.HasPrefix(role, before+":role/aws-service-role/")
		}
	default:
	}
}

// target checks the resource against the action; ok is false when there is none.
func (l *lineForm) target(action *policy.Action) (arn policy.ARN, ok bool) {
	name := l.resource.value
	account := l.resourceAccount
	if account.given && !policy.IsAccountID(account.value) {
		l.fail(codeResource, account.at, "resourceAccount %q is no account id: expected 12 digits", account.value)
	}
	if name == "*" {
		if action != nil && action.On("key") {
			l.fail(codeResource, l.resource.at, "%s acts on a key: expected the ARN of a key", action.Name)
		}
		return arn, false
	}
	arn, ok = policy.ParseARN(name)
	_, onKey := arn.KeyID()
	_, onAlias := arn.AliasName()
	switch {
	case !ok || !onKey && !onAlias || arn.Region == "" || !policy.IsAccountID(arn.Account) || strings.ContainsAny(name, "*?"):
		l.fail(codeResource, l.resource.at, "%q is no resource of AWS KMS: expected the ARN of a key or an alias, or %q", name, "*")
	case account.given && account.value != arn.Account:
		l.fail(codeResource, account.at, "resourceAccount is %s, but the resource is in %s", account.value, arn.Account)
	case action == nil: // reported already
	case onKey && !action.On("key"):
		l.fail(codeResource, l.resource.at, "%s does not act on a key: expected %q", action.Name, "*")
	case onAlias && action.On("key") && !action.On("alias"):
		l.fail(codeResource, l.resource.at, "%s acts on the key that the alias names: expected the ARN of that key", action.Name)
	case onAlias && !action.On("alias"):
		l.fail(codeResource, l.resource.at, "%s does not act on an alias: expected %q", action.Name, "*")
	}
	return arn, ok
}

// key makes the key with the grants that are on it.
func (l *lineForm) key(arn policy.ARN) *evaluator.Key {
	k := &evaluator.Key{ARN: arn.String(), Policy: l.keyPolicy}
	id, _ := arn.KeyID()
	for _, g := range l.grants {
		if g.key.given && g.key.value != k.ARN && g.key.value != id {
			l.warn(codeNoEffect, g.key.at, "%s is not counted: it is on another key", g.path)
			continue
		}
		g.KeyARN = k.ARN
		if g.IssuingAccount == "" {
			g.IssuingAccount = arn.Account
		}
		k.Grants = append(k.Grants, g.Grant)
	}
	return k
}
