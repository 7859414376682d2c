package kmstest

import (
	"errors"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/source"
)

// newWorld loads everything.
func newWorld(defaults source.Defaults, loads []load) (*source.World, error) {
	w := &source.World{Defaults: defaults}
	var errs []error
	for _, add := range loads {
		errs = append(errs, add(w))
	}
	return w, errors.Join(errs...)
}

// Load adds the text of a world file (docs/world.md) to the running server, for the very next call. It may name what
// was loaded before, and must not define it again: policies are changed with [Server.PutPolicy] and PutKeyPolicy.
func (s *Server) Load(yaml string) {
	s.t.Helper()
	s.lock.Lock()
	defer s.lock.Unlock()
	loads := append(slices.Clip(s.loads), worldText(yaml))
	world, err := newWorld(s.world.Defaults, loads)
	if err != nil {
		s.t.Fatalf("kmstest: %v", err)
	}
	report, err := s.instance.Fill(s.t.Context(), world)
	if err != nil {
		s.t.Fatalf("kmstest: %v", err)
	}
	s.loads, s.world = loads, world
	s.warn(report.Warnings)
}

// PutPolicy sets an inline policy of a user or role, for the very next call: what PutUserPolicy and PutRolePolicy of
// IAM do. The document is JSON; an empty one deletes the policy.
func (s *Server) PutPolicy(principal, name, document string) {
	s.t.Helper()
	p, err := s.instance.IAM().Principal(s.t.Context(), s.arn(principal))
	if err != nil {
		s.t.Fatalf("kmstest: %s: %v", principal, err)
	}
	err = s.instance.IAM().Edit(s.t.Context(), func(e *iam.Edit) error {
		switch p.Type {
		case iam.User:
			u := e.User(p.Account, p.Name)
			u.Inline = putInline(u.Inline, name, document)
			return e.PutUser(u)
		case iam.RoleSession:
			r := e.Role(p.Account, p.Issuer[strings.LastIndexByte(p.Issuer, '/')+1:])
			r.Inline = putInline(r.Inline, name, document)
			return e.PutRole(r)
		default:
			return errors.New("only users and roles have inline policies")
		}
	})
	if err != nil {
		s.t.Fatalf("kmstest: policy %s of %s: %v", name, principal, err)
	}
}

// putInline replaces, adds or deletes a policy.
func putInline(policies []*iam.Policy, name, document string) []*iam.Policy {
	policies = slices.DeleteFunc(policies, func(p *iam.Policy) bool { return p.Name == name })
	if document == "" {
		return policies
	}
	return append(policies, &iam.Policy{Name: name, Text: document})
}

// arn is the ARN of a principal's name, or the name of a service.
func (s *Server) arn(principal string) string {
	s.t.Helper()
	if name, ok := strings.CutPrefix(principal, "service/"); ok && !strings.Contains(name, ".") {
		principal += ".amazonaws.com"
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	p, err := s.world.Principal(principal)
	if err != nil {
		s.t.Fatalf("kmstest: %v", err)
	}
	return p.ARN
}
