package terraform

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// grant loads aws_kms_grant (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/kms_grant).
func (b *builder) grant(r *resource) {
	g := &evaluator.Grant{ID: r.get("grant_id").text, Name: r.get("name").text, IssuingAccount: r.where().account, Pos: b.at(r.offset)}
	if g.ID == "" {
		g.ID = r.id
	}
	unknown := ""
	principal := func(name string) string {
		text, known := b.reference(r, name, aPrincipal)
		if !known {
			b.warn(r.get(name).offset, "unresolved-property", "%s of %s is unknown: %s", name, r.id, text)
			unknown = name + " of " + r.id + " is " + text
			return ""
		}
		return text
	}
	g.GranteePrincipal, g.RetiringPrincipal = principal("grantee_principal"), principal("retiring_principal")
	if isServicePrincipal(g.GranteePrincipal) {
		g.GranteePrincipal, g.GranteeServicePrincipal = "", g.GranteePrincipal
	}
	for _, t := range b.texts(r, "operations", anything) {
		action, ok := policy.LookupAction("kms:" + t.text)
		switch {
		case t.unknown:
			b.warn(t.offset, "unresolved-property", "an operation of %s is unknown: %s", r.id, t.text)
			unknown = "an operation of " + r.id + " is " + t.text
		case !ok || !action.Grantable || action.Operation() != t.text:
			b.fail(t.offset, "grant-operation", "a grant cannot have the operation %s: expected the name of a grant operation, for example Decrypt", quote(t.text))
		default:
			g.Operations = append(g.Operations, t.text)
		}
	}
	if why := b.constraints(r, g); why != "" {
		unknown = why
	}
	b.addGrant(r, g, unknown)
}

// isServicePrincipal reports whether a grantee is a service, for example rds.amazonaws.com.
func isServicePrincipal(name string) bool {
	return !strings.HasPrefix(name, "arn:") && strings.Contains(name, ".amazonaws.com")
}

// constraints reads the constraints of a grant; unknown says in words what of them is not known.
func (b *builder) constraints(r *resource, g *evaluator.Grant) (unknown string) {
	v := r.get("constraints")
	if v.kind == laterValue {
		return "the constraints of " + r.id + " are " + later(b.origins(r.expression("constraints"), r))
	}
	for _, block := range v.list() {
		for name, to := range map[string]*map[string]string{
			"encryption_context_equals": &g.EncryptionContextEquals, "encryption_context_subset": &g.EncryptionContextSubset,
		} {
			pairs := block.get(name)
			if pairs.hasLater() {
				return "the constraint " + name + " of " + r.id + " is known after apply"
			}
			for _, f := range pairs.fields {
				if *to == nil {
					*to = map[string]string{}
				}
				(*to)[f.key] = f.value.text
			}
		}
	}
	return ""
}

// addGrant gives the grant to its key. One that is not known in full is kept as a statement that may allow as much
// as it may.
func (b *builder) addGrant(r *resource, g *evaluator.Grant, unknown string) {
	id, known := b.reference(r, "key_id", aKey)
	var keys []*source.Key
	if known {
		k := b.findKey(r, id)
		if k == nil {
			b.warn(r.get("key_id").offset, "unknown-key", "%s is not loaded: its key %s is in no file that was loaded before", r.id, quote(id))
			return
		}
		keys = []*source.Key{k}
	} else {
		b.warn(r.get("key_id").offset, "unresolved-property", "the key of %s is unknown, it may be any key: %s", r.id, id)
		unknown, keys = "the key of "+r.id+" is "+id, b.keysIn(r)
	}
	for _, k := range keys {
		if unknown == "" {
			b.changeKey(k, func() {
				own := *g
				own.KeyARN = k.ARN
				k.Grants = append(k.Grants, &own)
			})
			continue
		}
		doubtful := b.doubtfulGrant(r, g, unknown)
		if doubtful == nil {
			return
		}
		b.doubtAbroad(r, g, k, unknown)
		b.changeKey(k, func() {
			k.Policy = joined(k.Policy, doubtful)
			k.Unknown = append(k.Unknown, unknown)
		})
	}
}

// doubtfulGrant is a grant of which something is not known, as a policy of one statement that may or may not be
// there; nil, with an error, when what is known of it makes no statement.
func (b *builder) doubtfulGrant(r *resource, g *evaluator.Grant, unknown string) *policy.Document {
	grantee, principal := g.GranteePrincipal, "AWS"
	switch {
	case g.GranteeServicePrincipal != "":
		grantee, principal = g.GranteeServicePrincipal, "Service"
	case grantee == "":
		grantee = unresolvedMark + unknown
	}
	who := &part{kind: mapValue, offset: r.offset}
	who.with(principal, textPart(r.offset, grantee))
	return b.allowing(r, g, unknown, policy.KeyPolicy, "*", who)
}

// doubtAbroad gives a doubtful grant to those of another account than the key's whom it may be for, if their account issues it: it
// then counts without an IAM policy, and a statement of the key policy would not.
func (b *builder) doubtAbroad(r *resource, g *evaluator.Grant, k *source.Key, unknown string) {
	arn, _ := policy.ParseARN(k.ARN)
	if g.IssuingAccount == arn.Account || g.GranteeServicePrincipal != "" {
		return
	}
	for _, kind := range []string{"user", "role"} {
		for _, h := range b.all(kind) {
			if h.account() != g.IssuingAccount || g.GranteePrincipal != "" && !strings.HasSuffix(g.GranteePrincipal, "/"+h.own()) {
				continue
			}
			if doc := b.allowing(r, g, unknown, policy.IdentityPolicy, k.ARN, nil); doc != nil {
				inline, _, _ := h.lists()
				b.change(h, func() { *inline = append(*inline, doc) })
			}
		}
	}
}

// allowing is a policy of one statement that may or may not be there: it allows what a grant does.
func (b *builder) allowing(r *resource, g *evaluator.Grant, unknown string, kind policy.Kind, on string, who *part) *policy.Document {
	actions := &part{kind: listValue, offset: r.offset}
	for _, o := range g.Operations {
		actions.list = append(actions.list, textPart(r.offset, "kms:"+o))
	}
	if len(actions.list) == 0 {
		actions.list = []*part{textPart(r.offset, unresolvedMark+unknown)}
	}
	statement := &part{kind: mapValue, offset: r.offset}
	statement.with("Sid", textPart(r.offset, unresolvedMark+"the grant "+r.id))
	statement.with("Effect", textPart(r.offset, "Allow"))
	if who != nil {
		statement.with("Principal", who)
	}
	statement.with("Action", actions)
	statement.with("Resource", textPart(r.offset, on))
	doc := &part{kind: mapValue, offset: r.offset}
	doc.with("Version", textPart(r.offset, "2012-10-17"))
	doc.with("Statement", statement)
	parsed := b.parseParts(doc, wanted{kind, "the grant " + r.id, ""})
	if parsed == nil {
		return nil
	}
	return source.InDoubt(parsed, unknown, b.at(r.offset))
}

// joined returns a key policy with the statements of another behind its own.
func joined(doc, more *policy.Document) *policy.Document {
	if doc == nil {
		return more
	}
	out := *doc
	out.Statements = slices.Clone(doc.Statements)
	for _, s := range more.Statements {
		in := *s
		in.Index = len(out.Statements)
		out.Statements = append(out.Statements, &in)
	}
	out.Digest = sha256.Sum256(fmt.Appendf(nil, "strictkms joined %x %x", doc.Digest, more.Digest))
	return &out
}
