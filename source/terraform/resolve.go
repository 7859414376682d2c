package terraform

import (
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// domain says what a value is expected to be, which decides what a reference may stand for in its place.
type domain int

const (
	anything     domain = iota
	aKey                // an id or ARN of a key
	aName               // the name of a user, group or role
	aPolicyARN          // the ARN of a managed policy
	aPrincipal          // the ARN of a user or role
	anARN               // the ARN of a key, or of something of IAM
	anEndpoint          // the id of a VPC endpoint
	anOrgID             // the id of an organization
	anOrgAccount        // the id of an account or a unit, or of the root of an organization
)

// standsFor says for a type of resource, by attribute, what it stands for where a value of the domain is expected. The
// attribute is empty for the resource as a whole, as in aws_iam_role.app[*].arn.
type standsFor struct {
	domain     domain
	types      []string
	attributes []string
	text       func(*resource) string
}

var (
	keyTypes = []string{typeKey, typeExternalKey, typeReplicaKey, typeReplicaExternalKey}
	iamTypes = []string{typeUser, typeGroup, typeRole, typePolicy}
)

// standing are the references that are followed.
func standing() []standsFor {
	return []standsFor{
		{aKey, keyTypes, []string{"", "arn", "id", "key_id"}, (*resource).arnOf},
		{aName, []string{typeUser, typeGroup, typeRole}, []string{"", "name", "id"}, (*resource).calledAs},
		{aPolicyARN, []string{typePolicy}, []string{"", "arn", "id"}, (*resource).arnOf},
		{aPrincipal, []string{typeUser, typeRole}, []string{"", "arn"}, (*resource).arnOf},
		{anARN, slices.Concat(keyTypes, iamTypes), []string{"", "arn"}, (*resource).arnOf},
		{anEndpoint, []string{typeEndpoint}, []string{"", "id"}, (*resource).ownID},
		{anOrgID, []string{typeOrganization}, []string{"id"}, (*resource).ownID},
		{anOrgAccount, []string{typeUnit, typeAccount}, []string{"", "id"}, (*resource).ownID},
		{anOrgAccount, []string{typeOrganization}, []string{"roots[0].id", "roots.0.id"}, (*resource).ownID},
	}
}

// ownID is the id of a resource: what it has, or its address.
func (r *resource) ownID() string {
	if v := r.get("id"); v.kind == textValue && v.text != "" {
		return v.text
	}
	return r.id
}

// stands returns what an origin stands for in the place of a value of a domain; ok is false when it cannot be said.
func (o origin) stands(d domain) (text string, ok bool) {
	if o.resource == nil || o.resource.data {
		return "", false
	}
	for _, s := range standing() {
		if s.domain == d && slices.Contains(s.types, o.resource.typ) && slices.Contains(s.attributes, o.attribute) {
			text = s.text(o.resource)
			return text, text != ""
		}
	}
	return "", false
}

// later says in words what a value that is known after apply depends on.
func later(origins []origin) string {
	var texts []string
	for _, o := range origins {
		if !slices.Contains(texts, o.text) {
			texts = append(texts, o.text)
		}
	}
	const most = 4
	if len(texts) > most {
		texts = append(texts[:most], "…")
	}
	if len(texts) == 0 {
		return "<known after apply>"
	}
	return "<known after apply: " + strings.Join(texts, ", ") + ">"
}

// resolved is a text in a resource. One that is not known is said in words.
type resolved struct {
	text   string
	offset int
	// unknown is true when the text is not known; it is then words in angle brackets.
	unknown bool
	// taken is true when the text is that of the only thing that the expression refers to.
	taken bool
}

// resolve finds out the texts of a value that is one text or a list of texts, and that e computes.
func (p *plan) resolve(r *resource, e *tfjson.Expression, v value, s domain) []resolved {
	var out []resolved
	var open []int // in out
	for _, item := range v.list() {
		if item.kind == laterValue {
			open = append(open, len(out))
		}
		out = append(out, resolved{text: item.text, offset: item.offset})
	}
	if len(open) == 0 {
		return out
	}
	origins := p.origins(e, r)
	// Two values of one list that come from the same place would be one value twice: they are computed from it.
	distinct := map[string]bool{}
	for _, o := range origins {
		distinct[o.text] = true
	}
	paired := len(origins) == len(open) && len(distinct) == len(origins)
	if v.kind == laterValue && s == anything {
		paired = false
	}
	for i, at := range open {
		if paired {
			if text, ok := origins[i].stands(s); ok {
				out[at].text, out[at].taken = text, true
				continue
			}
			out[at].text, out[at].unknown = later(origins[i:i+1]), true
			continue
		}
		out[at].text, out[at].unknown = later(origins), true
	}
	return out
}

// reference returns the text of an argument that names something; ok is false when it is not known, and the text then
// says so in words. An argument that is not there is the empty text.
func (p *plan) reference(r *resource, name string, s domain) (text string, ok bool) {
	v := r.get(name)
	if v.kind == noValue {
		return "", true
	}
	found := p.resolve(r, r.expression(name), v, s)
	if len(found) != 1 || v.kind == listValue || v.kind == mapValue {
		p.fail(v.offset, "wrong-type", "expected %s of %s as a string, found %s", name, r.id, v.kind)
		return "", true
	}
	return found[0].text, !found[0].unknown
}

// texts returns the texts of an argument that is a list.
func (p *plan) texts(r *resource, name string, s domain) []resolved {
	v := r.get(name)
	for _, item := range v.list() {
		if item.kind != textValue && item.kind != laterValue {
			p.fail(item.offset, "wrong-type", "expected %s of %s as strings, found %s", name, r.id, item.kind)
			return nil
		}
	}
	if v.kind == laterValue { // a list, of which not even the length is known
		return []resolved{{text: later(p.origins(r.expression(name), r)), offset: v.offset, unknown: true}}
	}
	return p.resolve(r, r.expression(name), v, s)
}
