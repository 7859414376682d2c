package source

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// Session says how the credentials of a call came about, for what the caller's name does not say.
type Session struct {
	// Issuer is the name of the user behind a federated-user session; empty when not known.
	Issuer string
	// HasPolicies is true when session policies were passed, even if Policies is empty.
	HasPolicies bool
	Policies    []*policy.Document
	// Tags are session tags: they replace the principal's own tags of the same name, without case.
	Tags map[string]string
	// Provider is the identity provider of a SAML or web identity session.
	Provider string
}

// Principal returns the caller of a name: a full ARN, user/NAME, role/NAME, role/NAME/SESSION,
// federated-user/NAME, root, service/NAME or the bare name of a service, or the logical id of a user or
// role in a loaded template (a role's also with /SESSION). A role without a session name gets
// the session [DefaultSessionName]. A short name is looked for in the default account first,
// then in all; it must stand for exactly one principal, else the error is a [*NameError] or an
// [*AmbiguousError]. A full ARN of nobody that was loaded is a principal without identity policies, which
// its Unknown says. The same name always gives the same pointer.
func (w *World) Principal(name string) (*evaluator.Principal, error) {
	c, err := w.callerOf(name)
	if err != nil {
		return nil, err
	}
	return w.principalOf(c, name), nil
}

// principalOf returns the principal of a caller. The same caller always gives the same pointer.
func (w *World) principalOf(c caller, asked string) *evaluator.Principal {
	key := c.arn()
	if c.role != nil {
		key += " " + w.roleARN(c.role) // a session ARN has no path
	}
	if built, ok := w.tables().principals.Load(key); ok {
		return built.(*evaluator.Principal) //nolint:forcetypeassert // only principals are stored
	}
	built, _ := w.tables().principals.LoadOrStore(key, w.build(c, asked))
	return built.(*evaluator.Principal) //nolint:forcetypeassert // only principals are stored
}

// Session returns the caller of a name as [World.Principal] does, in a session of its own. Every call
// makes a new principal.
func (w *World) Session(name string, s Session) (*evaluator.Principal, error) {
	c, err := w.callerOf(name)
	if err != nil {
		return nil, err
	}
	if s.Issuer != "" {
		issuer, err := w.callerOf(s.Issuer)
		if err != nil {
			return nil, err
		}
		if c.user = issuer.user; c.user == nil || c.kind != evaluator.FederatedUser {
			return nil, &NameError{Kind: "user behind " + name, Name: s.Issuer}
		}
	}
	p := w.build(c, name)
	p.HasSession = p.HasSession || s.HasPolicies || len(s.Policies) > 0
	p.Session = s.Policies
	p.Provider = s.Provider
	p.Tags = iam.SessionTags(p.Tags, s.Tags)
	return p, nil
}

func (w *World) userARN(u *User) string { return w.Defaults.IAMARN(u.Account, "user", u.Path, u.Name) }

func (w *World) roleARN(r *Role) string { return w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name) }

func (w *World) userCaller(u *User) caller {
	return caller{
		kind: evaluator.User, partition: w.Defaults.partition(), account: u.Account,
		path: pathOf(u.Path), name: u.Name, user: u,
	}
}

func (w *World) roleCaller(r *Role, session string) caller {
	return caller{
		kind: evaluator.RoleSession, partition: w.Defaults.partition(), account: r.Account,
		path: pathOf(r.Path), name: r.Name, session: session, role: r,
	}
}

// arn is the caller as AWS reports it.
func (c caller) arn() string {
	iam := "arn:" + c.partition + ":iam::" + c.account + ":"
	sts := "arn:" + c.partition + ":sts::" + c.account + ":"
	switch c.kind {
	case evaluator.User:
		return iam + "user" + c.path + c.name
	case evaluator.RoleSession:
		return sts + "assumed-role/" + c.name + "/" + c.session
	case evaluator.FederatedUser:
		return sts + "federated-user/" + c.name
	case evaluator.Root:
		return iam + "root"
	default:
		return c.name
	}
}

// build makes the principal with every policy that was loaded for it.
func (w *World) build(c caller, asked string) *evaluator.Principal {
	p := &evaluator.Principal{Type: c.kind, ARN: c.arn(), Account: c.account, Name: c.name}
	switch c.kind {
	case evaluator.User:
		w.addUser(p, c.user)
	case evaluator.RoleSession:
		p.Name = c.session
		p.Issuer = "arn:" + c.partition + ":iam::" + c.account + ":role" + pathOf(c.path) + c.name
		p.ServiceLinked = strings.HasPrefix(c.path, serviceLinkedPath) || strings.HasPrefix(c.name, serviceLinkedName)
		w.addRole(p, c.role)
	case evaluator.FederatedUser:
		// Without session policies a federated user has no permissions of its own
		// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html).
		p.HasSession = true
		if c.user != nil {
			p.Issuer = w.userARN(c.user)
			w.addUser(p, c.user)
		}
	default: // the root user and services have no policies of their own
	}
	loaded := c.user != nil || c.role != nil || c.kind == evaluator.Root || c.kind == evaluator.Service
	switch {
	case c.kind == evaluator.FederatedUser && !loaded:
		p.Unknown = append(p.Unknown, p.ARN+" does not say which user it was made by: judged as a principal without identity policies")
	case !loaded:
		p.Unknown = append(p.Unknown, asked+" is not defined in the loaded files: judged as a principal without identity policies")
	}
	return p
}

// Service-linked roles have this path, and only they may have names that begin like this
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html).
const (
	serviceLinkedPath = "/aws-service-role/"
	serviceLinkedName = "AWSServiceRoleFor"
)

// addUser adds the policies of the user and its groups.
func (w *World) addUser(p *evaluator.Principal, u *User) {
	if u == nil {
		return
	}
	p.Tags, p.Open = u.Tags, u.Open
	if p.Type == evaluator.User { // the id of a federated-user session is another one
		p.UniqueID = u.UniqueID
	}
	tell(p, u.Unknown...)
	w.addPolicies(p, u.Policies, u.Attached, u.Pos)
	for _, name := range u.Groups {
		g := w.tables().groups[iamName{u.Account, name}]
		if g == nil {
			addUnknown(p, "group "+name, "", u.Pos)
			continue
		}
		tell(p, g.Unknown...)
		w.addPolicies(p, g.Policies, g.Attached, g.Pos)
	}
	w.addBoundary(p, u.Boundary, u.Pos)
}

func (w *World) addRole(p *evaluator.Principal, r *Role) {
	if r == nil {
		return
	}
	p.Issuer = w.roleARN(r)
	p.Tags, p.Open = r.Tags, r.Open
	p.UniqueID = r.UniqueID
	p.ServiceLinked = p.ServiceLinked || r.ServiceLinked
	tell(p, r.Unknown...)
	w.addPolicies(p, r.Policies, r.Attached, r.Pos)
	w.addBoundary(p, r.Boundary, r.Pos)
}

// tell notes what is unknown about the principal, everything once.
func tell(p *evaluator.Principal, unknown ...string) {
	for _, text := range unknown {
		if !slices.Contains(p.Unknown, text) {
			p.Unknown = append(p.Unknown, text)
		}
	}
}

// addPolicies adds inline and attached policies of what is declared at pos, each once.
func (w *World) addPolicies(p *evaluator.Principal, inline []*policy.Document, attached []string, pos policy.Position) {
	p.Identity = append(p.Identity, inline...)
	for _, arn := range attached {
		doc := w.managed(arn)
		switch {
		case doc != nil && !slices.Contains(p.Identity, doc):
			p.Identity = append(p.Identity, doc)
		case doc != nil:
		case policy.OnlyAllows(arn):
			tell(p, "attached policy "+arn+" is not loaded, what it allows is not counted")
		default:
			addUnknown(p, "attached policy "+arn, arn, pos)
		}
	}
}

// addUnknown adds what is not loaded, so that a decision that may depend on it is conditional.
func addUnknown(p *evaluator.Principal, what, arn string, pos policy.Position) {
	const why = " is not loaded, what it allows or denies is unknown"
	if slices.Contains(p.Unknown, what+why) {
		return
	}
	tell(p, what+why)
	p.Identity = append(p.Identity, UnknownPolicy(policy.IdentityPolicy, what, arn, what+" is not loaded", pos))
}

// addBoundary adds the permissions boundary of what is declared at pos.
func (w *World) addBoundary(p *evaluator.Principal, arn string, pos policy.Position) {
	if arn == "" {
		return
	}
	if doc := w.managed(arn); doc != nil {
		p.Boundary = doc.As(policy.PermissionsBoundary)
		return
	}
	what := "permissions boundary " + arn
	p.Boundary = UnknownPolicy(policy.PermissionsBoundary, what, arn, what+" is not loaded", pos)
	tell(p, what+" is not loaded, what it allows or denies is unknown")
}
