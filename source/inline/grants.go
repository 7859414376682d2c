package inline

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// grant is a grant with what it says about its key.
type grant struct {
	*evaluator.Grant
	path string
	key  text
}

func (l *lineForm) readGrants(v gjson.Result) {
	l.items("grants", v, func(path string, item gjson.Result) {
		l.grants = append(l.grants, l.grant(path, item))
	})
}

// grant reads an entry of the answer of ListGrants
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html).
func (l *lineForm) grant(path string, v gjson.Result) grant {
	g := grant{Grant: &evaluator.Grant{ID: path, Pos: l.pos(v.Index)}, path: path}
	field := func(name string, field *string) (string, func(gjson.Result)) {
		return name, func(v gjson.Result) { *field = l.str(path+"."+name, v) }
	}
	known := map[string]func(gjson.Result){
		"KeyId":        l.into(&g.key, path+".KeyId"),
		"CreationDate": func(gjson.Result) {}, // grants do not expire
		"Operations":   func(v gjson.Result) { g.Operations = l.operations(path+".Operations", v) },
		"Constraints":  func(v gjson.Result) { l.constraints(path+".Constraints", v, g.Grant) },
	}
	for name, target := range map[string]*string{
		"GrantId": &g.ID, "Name": &g.Name, "IssuingAccount": &g.IssuingAccount,
		"GranteePrincipal": &g.GranteePrincipal, "GranteeServicePrincipal": &g.GranteeServicePrincipal,
		"RetiringPrincipal": &g.RetiringPrincipal, "RetiringServicePrincipal": &g.RetiringServicePrincipal,
	} {
		name, read := field(name, target)
		known[name] = read
	}
	before := len(l.diags)
	l.object(v, path, known)
	if len(l.diags) == before {
		l.checkGrant(path, v, g.Grant)
	}
	return g
}

// checkGrant reports what no grant of AWS KMS can be.
func (l *lineForm) checkGrant(path string, v gjson.Result, g *evaluator.Grant) {
	if (g.GranteePrincipal == "") == (g.GranteeServicePrincipal == "") {
		l.fail(codeGrant, v.Index, "%s: expected either GranteePrincipal or GranteeServicePrincipal", path)
	}
	if g.RetiringPrincipal != "" && g.RetiringServicePrincipal != "" {
		l.fail(codeGrant, v.Index, "%s: expected RetiringPrincipal or RetiringServicePrincipal, not both", path)
	}
	if len(g.Operations) == 0 {
		l.fail(codeGrant, v.Index, "%s: expected at least one of Operations", path)
	}
	for _, name := range []string{g.GranteePrincipal, g.GranteeServicePrincipal, g.RetiringPrincipal, g.RetiringServicePrincipal} {
		if _, ok := policy.ParsePrincipal(name); name != "" && !ok {
			l.fail(codeGrant, v.Index, "%s: %q is no principal: expected an ARN or the name of a service", path, name)
		}
	}
}

// operations reads what a grant allows: actions without their kms: prefix.
func (l *lineForm) operations(path string, v gjson.Result) []string {
	var names []string
	l.items(path, v, func(path string, item gjson.Result) {
		name := l.str(path, item)
		action, ok := policy.LookupAction("kms:" + name)
		switch {
		case item.Type != gjson.String:
		case !ok || action.Operation() != name:
			hint := strings.Replace(policy.ActionHint(": did you mean %q?", name), "kms:", "", 1)
			l.fail(codeGrant, item.Index, "%q is no operation%s", name, hint)
		case !action.Grantable:
			l.fail(codeGrant, item.Index, "a grant cannot allow %q", name)
		default:
			names = append(names, name)
		}
	})
	return names
}

func (l *lineForm) constraints(path string, v gjson.Result, g *evaluator.Grant) {
	l.object(v, path, map[string]func(gjson.Result){
		"EncryptionContextEquals": func(v gjson.Result) { g.EncryptionContextEquals = l.pairs(path+".EncryptionContextEquals", v) },
		"EncryptionContextSubset": func(v gjson.Result) { g.EncryptionContextSubset = l.pairs(path+".EncryptionContextSubset", v) },
		"SourceArn":               func(v gjson.Result) { g.SourceArn = l.str(path+".SourceArn", v) },
	})
}

// pairs reads an object of strings.
func (l *lineForm) pairs(path string, v gjson.Result) map[string]string {
	out := map[string]string{}
	l.members(v, path, func(name, value gjson.Result) { out[name.Str] = l.str(path+"."+name.Str, value) })
	return out
}
