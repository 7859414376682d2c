package source

import (
	"cmp"
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// CandidateKind says what a candidate stands for.
type CandidateKind int

// The kinds of candidate.
const (
	CandidateUnknown       CandidateKind = iota
	CandidateUser                        // an IAM user
	CandidateRole                        // the sessions of a role, under any session name
	CandidateSession                     // the sessions of a role under one name, or through one identity provider
	CandidateFederatedUser               // the sessions that a user makes with GetFederationToken
	CandidateRoot                        // the root user of an account
	CandidateService                     // a service, acting for itself
	CandidateWebIdentity                 // whom an identity provider vouches for
	CandidateAccount                     // whoever else there is in an account
	CandidateAnyone                      // whoever there is in the accounts that nothing names
)

var candidateKinds = [...]string{
	CandidateUnknown: "unknown", CandidateUser: "user", CandidateRole: "role", CandidateSession: "session",
	CandidateFederatedUser: "federated-user", CandidateRoot: "root", CandidateService: "service",
	CandidateWebIdentity: "web-identity", CandidateAccount: "account", CandidateAnyone: "anyone",
}

// String returns the name of the kind, for example "user".
func (k CandidateKind) String() string { return candidateKinds[k] }

// MarshalText implements [encoding.TextMarshaler]: the form of [CandidateKind.String].
func (k CandidateKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Candidate is one of those whom a question about everybody asks about.
type Candidate struct {
	Kind CandidateKind
	// Name is the ARN of a user, a role, a session or a root user, the name of a service or a provider, or says in words
	// who else is meant.
	Name string
	// Account is the 12-digit account, empty for what belongs to none.
	Account string
	// Principal is the caller that is asked about; for somebody of whom nothing is loaded it has an identity policy that
	// may allow and deny everything, so that what depends on it is conditional.
	Principal *evaluator.Principal
	// Role is the role of the sessions that are asked about, as what sts:AssumeRole acts on; nil for others and for a role
	// that was not loaded.
	Role *evaluator.Role
	// Note says in words what is not known about the candidate, empty when all of it was loaded.
	Note string
	// Open are the condition keys that have not one value for all that the candidate stands for, for example aws:userid,
	// which ends with the name of the session.
	Open []string
	// Within is, for those whom nothing tells apart but their account, the account that their aws:PrincipalArn is in, as a
	// pattern such as ???????????? for any; Without are the accounts that it is not in. They are empty for others.
	Within  string
	Without []string
	// Groups and Attached are the ARNs of the groups of a user, and of the customer managed policies that are attached to
	// the user and its groups or to the role.
	Groups, Attached []string
}

// Candidates returns everybody whom a question about everybody asks about: the users, the roles and the root users of
// what was loaded; the principals that policies and grants name, loaded or not; and, as one candidate each, whoever else
// there is in an account of which not all is loaded, in the accounts that nothing names, and in those of them that a
// policy names by a pattern. They are sorted by kind and name.
func (w *World) Candidates() []Candidate {
	c := collector{w: w, named: w.named(), seen: map[*evaluator.Principal]bool{}}
	for _, u := range w.Users {
		c.add(w.candidate(w.userCaller(u), w.userARN(u)))
	}
	for _, r := range w.Roles {
		c.add(w.candidate(w.roleCaller(r, DefaultSessionName), w.roleARN(r)))
		c.throughProviders(r)
	}
	for _, account := range sorted(c.named.accounts) {
		c.add(w.candidate(caller{kind: evaluator.Root, partition: w.Defaults.partition(), account: account}, ""))
		if !w.WholeAccounts[account] {
			c.add(w.others(account))
		}
	}
	for _, arn := range sorted(c.named.arns) {
		if found, err := w.callerOfARN(arn); err == nil {
			c.add(w.candidate(found, arn))
		}
	}
	for _, name := range sorted(c.named.services) {
		c.add(w.candidate(caller{kind: evaluator.Service, name: name}, name))
	}
	for _, provider := range sorted(c.named.providers) {
		c.add(Candidate{Kind: CandidateWebIdentity, Name: provider, Principal: WebIdentity(provider, "")})
	}
	if c.named.anyone {
		c.add(w.anyone(c.named.accounts))
		for _, pattern := range sorted(c.named.accountPatterns) {
			if candidate, ok := w.anyoneLike(pattern, c.named.accounts); ok {
				c.add(candidate)
			}
		}
	}
	slices.SortStableFunc(c.list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return c.list
}

// CandidateNamed returns the candidate of a name, which is understood as [World.Principal] does. A role without a session name
// stands for all its sessions.
func (w *World) CandidateNamed(name string) (Candidate, error) {
	c, err := w.callerOf(name)
	if err != nil {
		return Candidate{}, err
	}
	return w.candidate(c, name), nil
}

// collector gathers candidates, everybody once.
type collector struct {
	w     *World
	named named
	seen  map[*evaluator.Principal]bool
	list  []Candidate
}

func (c *collector) add(candidate Candidate) {
	if c.seen[candidate.Principal] {
		return
	}
	c.seen[candidate.Principal] = true
	c.list = append(c.list, candidate)
}

// throughProviders adds the sessions of a role that an identity provider's users make, when policies treat them
// differently from other sessions of the role.
func (c *collector) throughProviders(r *Role) {
	if r.Trust == nil {
		return
	}
	for _, provider := range sorted(namedBy(r.Trust).providers) {
		if !c.named.sessionProviders[provider] {
			continue
		}
		made := c.w.candidate(c.w.roleCaller(r, DefaultSessionName), c.w.roleARN(r))
		session := *c.w.build(c.w.roleCaller(r, DefaultSessionName), made.Name)
		session.Provider = provider
		made.Kind, made.Principal = CandidateSession, &session
		made.Name += " through " + provider
		c.add(made)
	}
}

// candidate returns the candidate of a caller. asked is how it is named where it was not loaded.
func (w *World) candidate(c caller, asked string) Candidate {
	p := w.principalOf(c, asked)
	out := Candidate{Principal: p, Account: p.Account, Name: p.ARN}
	switch c.kind {
	case evaluator.User:
		out.Kind = CandidateUser
		if c.user != nil {
			out.Groups, out.Attached = w.groupsOf(c.user)
		}
	case evaluator.RoleSession:
		out.Kind, out.Name = CandidateRole, p.Issuer
		out.Open = []string{"aws:userid"} // for the name of the session
		if c.session != DefaultSessionName {
			out.Kind, out.Name, out.Open = CandidateSession, p.ARN, nil
		}
		if c.role != nil {
			out.Role = w.trustOf(c.role)
			out.Attached = customerManaged(c.role.Attached)
		}
	case evaluator.FederatedUser:
		out.Kind = CandidateFederatedUser
	case evaluator.Root:
		out.Kind = CandidateRoot
	default:
		out.Kind = CandidateService
	}
	if c.user == nil && c.role == nil && c.kind != evaluator.Root && c.kind != evaluator.Service {
		out.Note = "not loaded: its IAM policies are not known"
		out.Principal = w.stranger(p, out.Name)
	}
	return out
}

// UnknownIAM begins the names of the policies that stand for the IAM policies of somebody of whom nothing is loaded.
const UnknownIAM = "the IAM policies of "

// stranger returns the principal with an identity policy that may allow and deny everything. The same principal always
// gives the same pointer.
func (w *World) stranger(p *evaluator.Principal, name string) *evaluator.Principal {
	if known, ok := w.tables().strangers.Load(p); ok {
		return known.(*evaluator.Principal) //nolint:forcetypeassert // only principals are stored
	}
	what := UnknownIAM + name
	s := &evaluator.Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, Name: p.Name, ServiceLinked: p.ServiceLinked,
		HasSession: p.HasSession, Unknown: []string{what + " are not loaded"},
		Identity: []*policy.Document{UnknownPolicy(policy.IdentityPolicy, what, "", what+", which are not loaded", policy.Position{})},
	}
	s.Session = s.Identity[:0:0]
	if p.HasSession {
		s.Session = []*policy.Document{s.Identity[0].As(policy.SessionPolicy)}
	}
	known, _ := w.tables().strangers.LoadOrStore(p, s)
	return known.(*evaluator.Principal) //nolint:forcetypeassert // only principals are stored
}

// openOfAnybody are the condition keys that tell the principals of an account apart.
var openOfAnybody = []string{
	"aws:PrincipalArn", "aws:PrincipalType", "aws:userid", "aws:username", "aws:PrincipalTag/*",
}

// others stands for the principals of an account that nothing names and nothing was loaded about.
func (w *World) others(account string) Candidate {
	p := w.principalOf(caller{
		kind: evaluator.RoleSession, partition: w.Defaults.partition(), account: account, path: "/", name: "*", session: "*",
	}, "")
	return Candidate{
		Kind: CandidateAccount, Name: "others in account " + account, Account: account, Open: openOfAnybody, Within: account,
		Note:      "not loaded: by the account's IAM policies",
		Principal: w.stranger(p, "others in account "+account),
	}
}

// groupsOf returns the ARNs of the groups of a user, and of the customer managed policies of the user and the groups.
func (w *World) groupsOf(u *User) (groups, attached []string) {
	attached = slices.Clone(u.Attached)
	for _, name := range u.Groups {
		if g := w.tables().groups[iamName{u.Account, name}]; g != nil {
			groups = append(groups, w.Defaults.IAMARN(g.Account, "group", g.Path, g.Name))
			attached = append(attached, g.Attached...)
		}
	}
	return groups, customerManaged(attached)
}

// customerManaged returns the managed policies that are not AWS's own, each once.
func customerManaged(attached []string) []string {
	var out []string
	for _, arn := range attached {
		if parts, ok := policy.ParseARN(arn); ok && policy.IsAccountID(parts.Account) && !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	return out
}
