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
		if strings.HasPrefix(p.Text, "AIDA") {
			return []naming{one(ClassDirect, FieldID, p.Text)}
		}
		return []naming{one(ClassLimited, FieldID, p.Text)}
	default: // a canonical user is nobody that calls KMS
		return nil
	}
}

// namings translates Principal. For a Deny every way of naming the caller denies.
func (s *scope) namings(p *policy.Principals, effect policy.Effect) []naming {
	if p.Negated {
		return s.notPrincipal(p, effect)
	}
	groups := map[string]int{}
	var out []naming
	for _, value := range p.Values {
		if value.Form == policy.PrincipalAny {
			return []naming{s.everyone(effect)}
		}
		if value.Form == policy.PrincipalFederated {
			s.assume(FederatedProvider)
		}
		for _, n := range principalFields(value) {
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
	return withTests(out)
}

func (s *scope) everyone(effect policy.Effect) naming {
	if effect == policy.Deny {
		return naming{class: ClassDeny}
	}
	s.assume(StarPrincipalSameAccount)
	return naming{class: ClassDirect}
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
		for _, n := range principalFields(value) {
			listed[n.field] = append(listed[n.field], n.values...)
		}
	}
	unlisted := body{}
	for _, field := range []Field{FieldARN, FieldIssuer, FieldAccount, FieldID, FieldProvider} {
		for _, value := range listed[field] {
			unlisted = append(unlisted, not(equals("input.principal."+string(field), value)))
		}
	}
	if effect != policy.Deny {
		return []naming{{class: ClassDirect, test: unlisted}}
	}
	s.assume(NotPrincipalDeny)
	return []naming{{class: ClassDeny, test: unlisted}, bounded}
}
