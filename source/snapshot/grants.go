package snapshot

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// grants reads list-grants (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html).
func (s *snapshot) grants(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	if f.place.key != "" { // an empty list does not say whose it is
		if k := s.placed(v); k != nil {
			k.hasGrants = true
		}
	}
	whole := f.place.key != "" || !v.severalKeys(members["Grants"])
	v.items(members["Grants"], "Grants", func(item gjson.Result, entry map[string]gjson.Result) {
		if _, ok := v.need(item, entry, "KeyId"); !ok {
			return
		}
		arn, ok := s.keyARN(v, entry["KeyId"])
		if !ok {
			return
		}
		k := s.key(arn, v.pos(item))
		k.hasGrants = k.hasGrants || whole
		if g := s.grant(v, k, item, entry); g != nil {
			k.Grants = append(k.Grants, g)
		}
	})
}

// severalKeys reports grants of several keys: they are not all that the keys have, as list-grants asks about one key.
func (v values) severalKeys(list gjson.Result) bool {
	first := ""
	for _, entry := range list.Array() {
		id := entry.Get("KeyId")
		if first != "" && id.Str != first {
			v.warn(codeMissing, v.pos(id), "the grants are of several keys, as list-retirable-grants has them: the keys may have others; expected the output of %s for each key",
				grantList.command())
			return true
		}
		first = id.Str
	}
	return false
}

// grant reads an entry (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html). One that cannot be
// read in full would be wider here than it is, and is an error.
func (s *snapshot) grant(v values, k *key, item gjson.Result, members map[string]gjson.Result) *evaluator.Grant {
	g := &evaluator.Grant{
		KeyARN: k.ARN, Name: v.text(members, "Name"), IssuingAccount: v.text(members, "IssuingAccount"),
		GranteePrincipal:         v.text(members, "GranteePrincipal"),
		GranteeServicePrincipal:  v.text(members, "GranteeServicePrincipal"),
		RetiringPrincipal:        v.text(members, "RetiringPrincipal"),
		RetiringServicePrincipal: v.text(members, "RetiringServicePrincipal"),
		Operations:               v.texts(members, "Operations"),
		Pos:                      v.pos(item),
	}
	var ok bool
	if g.ID, ok = v.need(item, members, "GrantId"); !ok {
		return nil
	}
	if k.grantIDs[g.ID] {
		return nil // pages of list-grants may overlap, and so may files
	}
	k.grantIDs[g.ID] = true
	if g.IssuingAccount == "" {
		g.IssuingAccount = k.arn.Account
	}
	if (g.GranteePrincipal == "") == (g.GranteeServicePrincipal == "") {
		v.fail(codeGrant, v.pos(item), "expected either GranteePrincipal or GranteeServicePrincipal")
	}
	if len(g.Operations) == 0 {
		v.fail(codeGrant, v.pos(item), "expected at least one of Operations")
	}
	for _, name := range g.Operations {
		if action, ok := policy.LookupAction("kms:" + name); !ok || !action.Grantable || action.Operation() != name {
			v.fail(codeGrant, v.pos(members["Operations"]), "%s is no operation that a grant can have, as far as is known here", strconv.Quote(name))
		}
	}
	v.constraints(g, members["Constraints"])
	return g
}

// constraints reads the constraints of a grant (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html).
func (v values) constraints(g *evaluator.Grant, value gjson.Result) {
	if value.Raw == "" {
		return
	}
	for name, constraint := range v.members(value, "Constraints") {
		switch name {
		case "EncryptionContextEquals":
			g.EncryptionContextEquals = v.pairs(name, constraint)
		case "EncryptionContextSubset":
			g.EncryptionContextSubset = v.pairs(name, constraint)
		case "SourceArn":
			g.SourceArn = v.text(map[string]gjson.Result{name: constraint}, name)
		default:
			v.fail(codeGrant, v.pos(constraint), "unknown grant constraint %s: expected EncryptionContextEquals, EncryptionContextSubset or SourceArn", strconv.Quote(name))
		}
	}
}

// pairs reads an object of strings.
func (v values) pairs(what string, object gjson.Result) map[string]string {
	pairs := map[string]string{}
	members := v.members(object, what)
	for name := range members {
		pairs[name] = v.text(members, name)
	}
	return pairs
}

// grantsUnknown returns the key policy with a statement for grants of which nothing is known: they may allow everybody
// every operation that a grant can have, and deny nothing.
func grantsUnknown(doc *policy.Document, why string, pos policy.Position) *policy.Document {
	if doc == nil {
		return nil
	}
	text := func(s string) []policy.Value { return []policy.Value{{Text: s, Pos: pos}} }
	statement := &policy.Statement{
		Index: len(doc.Statements), Sid: "what grants may allow", Effect: policy.Allow, Pos: pos,
		Principals: &policy.Principals{Values: []policy.Principal{{Form: policy.PrincipalAny, Value: text("*")[0]}}, Pos: pos},
		Resources:  &policy.Strings{Values: text("*"), Pos: pos},
		Actions:    &policy.Strings{Pos: pos},
		Conditions: []policy.Condition{policy.Doubt(why, pos)},
	}
	for _, action := range policy.Actions() {
		if action.Grantable {
			statement.Actions.Values = append(statement.Actions.Values, text(action.Name)...)
		}
	}
	out := *doc
	out.Statements = append(slices.Clone(doc.Statements), statement)
	out.Digest = sha256.Sum256(fmt.Appendf(nil, "strictkms grants unknown %x", doc.Digest))
	return &out
}
