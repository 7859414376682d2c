package iam

import (
	"context"
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// DefaultSessionName is the session name of a role that is named without one.
const DefaultSessionName = "strictkms"

// caller is a principal that was made for an ARN, with the version of the identity that it was made from.
type caller struct{ base, principal *Principal }

// Principal returns the caller of an ARN as it is now, for calls that a trusted service makes on its behalf: that of
// a user, of the root user, of an assumed-role session (as if just assumed, without session policies; a role stands
// for its session [DefaultSessionName]), or the name of a service. The error wraps [ErrUnknownPrincipal] when there
// is none.
func (s *Service) Principal(_ context.Context, arn string) (*Principal, error) {
	named, ok := policy.ParsePrincipal(arn)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownPrincipal, arn)
	}
	snap, err := s.current()
	if err != nil {
		return nil, err
	}
	var p *Principal
	switch named.Form {
	case policy.PrincipalService:
		p = s.servicePrincipal(arn)
	case policy.PrincipalAccount:
		p = s.resolver.principal(snap, entryKey(named.Account, kindAccount, ""))
	case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession:
		p = s.identity(snap, arn, named.Form)
	default: // others have no permissions of their own
	}
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownPrincipal, arn)
	}
	return p, nil
}

// identity returns the principal of a user or of a session of a role.
func (s *Service) identity(snap *snapshot, arn string, form policy.PrincipalForm) *Principal {
	key, session := identityKey(arn)
	base := s.resolver.principal(snap, key)
	if base == nil {
		return nil
	}
	if form != policy.PrincipalRoleSession && base.identityARN() != arn {
		return nil // another path
	}
	if form == policy.PrincipalUser {
		return base
	}
	p := s.assumed(base, session)
	if form == policy.PrincipalRoleSession && p.ARN != arn {
		return nil
	}
	return p
}

// identityARN is the ARN of the user, of the root user, or of the role behind a principal.
func (p *Principal) identityARN() string {
	if p.Type == RoleSession {
		return p.Issuer
	}
	return p.ARN
}

// identityKey returns the entry of the user or role of an ARN, and the name of the session.
func identityKey(arn string) (key, session string) {
	a, _ := policy.ParseARN(arn)
	kind, rest, _ := strings.Cut(a.Resource, "/")
	if kind == "assumed-role" {
		role, session, _ := strings.Cut(rest, "/")
		return entryKey(a.Account, kindRole, role), session
	}
	return entryKey(a.Account, kind, baseName(rest)), DefaultSessionName
}

// assumed returns a session of a role that nobody assumed: as if it were assumed when it is first asked for. The same
// version of the role gives the same pointer.
func (s *Service) assumed(base *Principal, name string) *Principal {
	key := base.Issuer + " " + name
	if known, ok := s.callers.get(key); ok && known.base == base {
		return known.principal
	}
	p := base.copied()
	p.ARN, p.Name = sessionARN(base.Issuer, name), name
	p.Temporary, p.IssuedAt = true, s.now()
	s.callers.put(key, &caller{base, p})
	return p
}

// sessionARN is the ARN of a session of the role.
func sessionARN(roleARN, session string) string {
	a, _ := policy.ParseARN(roleARN)
	a.Service, a.Resource = "sts", "assumed-role/"+baseName(a.Resource)+"/"+session
	return a.String()
}

// servicePrincipal returns the principal of a service: always the same one.
func (s *Service) servicePrincipal(name string) *Principal {
	if known, ok := s.callers.get(name); ok {
		return known.principal
	}
	p := &Principal{Type: ServicePrincipal, ARN: name, Name: name}
	s.callers.put(name, &caller{principal: p})
	return p
}

// copied returns a principal that can be changed, without what was computed from the other.
func (p *Principal) copied() *Principal {
	return &Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, IssuerID: p.IssuerID, Name: p.Name,
		Provider: p.Provider, ServiceLinked: p.ServiceLinked, Tags: p.Tags, Identity: p.Identity, Boundary: p.Boundary,
		HasSession: p.HasSession, Session: p.Session, Temporary: p.Temporary, IssuedAt: p.IssuedAt,
		Expires: p.Expires, MFA: p.MFA, Transitive: p.Transitive, SourceIdentity: p.SourceIdentity, Unknown: p.Unknown,
	}
}

// Lookup returns the unique id of a user or role (AIDA…, AROA…; empty where there is none) and whether the principal
// of the text exists: an ARN, an account id, a unique id, the name of a service, or "*". Principals of accounts that
// are not held here are taken to exist, and so are identity providers, services and federated users, which are not
// held at all.
func (s *Service) Lookup(arn string) (uniqueID string, exists bool) {
	snap, err := s.current()
	if err != nil {
		return "", false
	}
	named, ok := policy.ParsePrincipal(arn)
	if !ok {
		return "", isProvider(arn)
	}
	switch named.Form {
	case policy.PrincipalUniqueID:
		_, exists = snap.ids.Get(arn)
		return "", exists
	case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession:
	default:
		return "", true
	}
	if snap.account(named.Account) == nil {
		return "", true
	}
	p := s.identity(snap, arn, named.Form)
	switch {
	case p == nil:
		return "", false
	case named.Form == policy.PrincipalRoleSession:
		return "", true
	default:
		return p.UniqueID, true
	}
}

// isProvider reports whether the text is the ARN of an identity provider.
func isProvider(text string) bool {
	a, ok := policy.ParseARN(text)
	kind, name, _ := strings.Cut(a.Resource, "/")
	return ok && a.Service == "iam" && policy.IsAccountID(a.Account) && name != "" && (kind == "saml-provider" || kind == "oidc-provider")
}

// Organization returns what the organization of an account says about it, nil for an account outside one. The same
// version gives the same pointer.
func (s *Service) Organization(account string) *Organization {
	return s.memory.current.Load().organization(account)
}

// EndpointPolicy returns the policy of a VPC endpoint, nil when none is known.
func (s *Service) EndpointPolicy(id string) *policy.Document {
	e, ok := s.memory.current.Load().record(entryKey(AWS, kindEndpoint, id)).(*EndpointPolicy)
	if !ok || e.ID != id {
		return nil
	}
	return e.Document()
}

// Accounts returns the accounts that are held here, by id.
func (s *Service) Accounts() []*Account {
	var found []*Account
	s.memory.current.Load().list("", func(record any) bool {
		if a, ok := record.(*Account); ok {
			out := *a
			found = append(found, &out)
		}
		return true
	})
	return found
}

// Member returns a user who has nothing but the policies of a group, nil when there is no such group: for simulations.
// Its name is the group's unique id, which no user has.
func (s *Service) Member(account, group string) *Principal {
	snap, err := s.current()
	if err != nil {
		return nil
	}
	b := builder{s: snap}
	g, ok := b.look(entryKey(account, kindGroup, group)).(*GroupDetail)
	if !ok {
		return nil
	}
	b.p = &Principal{
		Type: User, ARN: iamARN(b.partition(account), account, kindUser, "/", g.ID), Account: account, Name: g.ID,
	}
	b.tell(g.Unknown...)
	b.policies("group/"+g.Name, g.Inline, g.Attached)
	return b.p
}
