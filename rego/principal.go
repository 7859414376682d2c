package rego

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// naming is one way in which a statement can name the caller: the class it then has, and the test.
type naming struct {
	class  Class
	field  Field    // for the index; FieldAny when the test is not an equality
	values []string // of the field
	test   body
}

// principalFields lists, per form, which members of input.principal a value is compared with and what
// a match means.
//
// A role ARN names the sessions of the role, a user ARN also the GetFederationToken sessions of the
// user; both are cut by boundary and session policies as the table of the IAM User Guide says:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func principalFields(p policy.Principal) []naming {
	one := func(c Class, f Field, v string) naming { return naming{class: c, field: f, values: []string{v}} }
	switch p.Form {
	case policy.PrincipalAccount:
		return []naming{one(ClassDelegate, FieldAccount, p.Account)}
	case policy.PrincipalUser:
		return []naming{one(ClassDirect, FieldARN, p.Text), one(ClassLimited, FieldIssuer, p.Text)}
	case policy.PrincipalRole:
		return []naming{one(ClassLimited, FieldIssuer, p.Text)}
	case policy.PrincipalRoleSession, policy.PrincipalFederatedUser, policy.PrincipalService:
		return []naming{one(ClassDirect, FieldARN, p.Text)}
	case policy.PrincipalFederated:
		return []naming{one(ClassLimited, FieldProvider, p.Text)}
	case policy.PrincipalUniqueID:
		if isUserID(p.Text) {
			return []naming{one(ClassDirect, FieldID, p.Text)}
		}
		return []naming{one(ClassLimited, FieldID, p.Text)}
	default: // a canonical user is nobody that calls KMS or assumes a role
		return nil
	}
}

// isUserID reports whether a unique id is a user's, not a role's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func isUserID(id string) bool { return strings.HasPrefix(id, "AIDA") }

// principalFields is like the function, and reads the assumption about identity providers, which AWS documents for
// trust policies.
func (s *scope) principalFields(p policy.Principal) []naming {
	if p.Form == policy.PrincipalFederated && s.kind != policy.TrustPolicy && s.assume(FederatedProvider) == readNobody {
		return nil
	}
	return principalFields(p)
}

// namings translates Principal. For a Deny every way of naming the caller denies.
func (s *scope) namings(p *policy.Principals, effect policy.Effect) []naming {
	if p.Negated {
		return s.notPrincipal(p, effect)
	}
	groups := map[string]int{}
	var out, everyone []naming
	for _, value := range p.Values {
		if value.Form == policy.PrincipalAny {
			everyone = []naming{s.everyone(effect)}
			if c := everyone[0].class; c == ClassDeny || c == ClassDirect {
				return everyone // nothing says more
			}
			continue
		}
		for _, n := range s.principalFields(value) {
			if effect == policy.Deny {
				n.class = ClassDeny
			}
			id := string(n.class) + " " + string(n.field)
			if at, ok := groups[id]; ok {
				out[at].values = append(out[at].values, n.values...)
				continue
			}
			groups[id] = len(out)
			out = append(out, n)
		}
	}
	return append(withTests(out), everyone...)
}

func (s *scope) everyone(effect policy.Effect) naming {
	if effect == policy.Deny {
		return naming{class: ClassDeny}
	}
	switch s.assume(StarPrincipalSameAccount) {
	case readLimited:
		return naming{class: ClassLimited}
	case ReadNeedsIAM:
		return naming{class: ClassDelegate}
	default:
		return naming{class: ClassDirect}
	}
}

// notPrincipal translates NotPrincipal: everyone whose account, role, user or session is not listed.
// With Deny it also hits every user and role that has a permissions boundary, whatever the list:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (s *scope) notPrincipal(p *policy.Principals, effect policy.Effect) []naming {
	bounded := naming{class: ClassDeny, test: conjunctionOf("input.principal.boundary")}
	listed := map[Field][]string{}
	for _, value := range p.Values {
		if value.Form == policy.PrincipalAny && effect == policy.Deny {
			return []naming{bounded}
		}
		if value.Form == policy.PrincipalAny {
			return nil // nobody is not everyone
		}
		for _, n := range s.principalFields(value) {
			listed[n.field] = append(listed[n.field], n.values...)
		}
	}
	if effect != policy.Deny {
		return []naming{{class: ClassDirect, test: unlisted(listed, FieldARN, FieldIssuer, FieldAccount, FieldID, FieldProvider)}}
	}
	if s.assume(NotPrincipalDeny) == readAllListed {
		return append(missesOne(listed), bounded)
	}
	return []naming{{class: ClassDeny, test: unlisted(listed, FieldARN, FieldIssuer, FieldAccount, FieldID, FieldProvider)}, bounded}
}

// unlisted tests that none of the fields of the caller is listed.
func unlisted(listed map[Field][]string, fields ...Field) body {
	out := body{}
	for _, field := range fields {
		for _, value := range listed[field] {
			out = append(out, not(equals("input.principal."+string(field), value)))
		}
	}
	return out
}

// missesOne names the callers of whom not all is listed: the account, the role or user behind a session, and the
// caller itself. AWS advises to list all of them because it may check one after the other:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func missesOne(listed map[Field][]string) []naming {
	users, roles := map[Field][]string{FieldARN: listed[FieldARN]}, map[Field][]string{
		FieldIssuer: listed[FieldIssuer], FieldProvider: listed[FieldProvider],
	}
	for _, id := range listed[FieldID] {
		ids := roles
		if isUserID(id) {
			ids = users
		}
		ids[FieldID] = append(ids[FieldID], id)
	}
	has := func(field Field) body { return body{not(equals("input.principal."+string(field), ""))} }
	return []naming{
		{class: ClassDeny, test: append(has(FieldAccount), unlisted(listed, FieldAccount)...)},
		{class: ClassDeny, test: append(has(FieldIssuer), unlisted(roles, FieldIssuer, FieldID, FieldProvider)...)},
		// The account is all there is to list of the account root user.
		{class: ClassDeny, test: append(body{not(equals("input.principal.type", "root"))}, unlisted(users, FieldARN, FieldID)...)},
	}
}
