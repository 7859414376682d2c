package source

import (
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// DefaultSessionName is the session name of a role that is named without one.
const DefaultSessionName = "strictkms"

// caller says who a name stands for, before its policies are looked up.
type caller struct {
	kind      evaluator.PrincipalType
	partition string
	account   string
	path      string // of the user or role
	name      string // user, role or federated user name, or the service
	session   string // of a role
	user      *User  // when loaded
	role      *Role  // when loaded
}

// callerOf understands a name. It fails for a short name that stands for nothing or too much; a full
// ARN of somebody unknown is accepted.
func (w *World) callerOf(name string) (caller, error) {
	if strings.HasPrefix(name, "arn:") {
		return w.callerOfARN(name)
	}
	own := caller{partition: w.Defaults.partition(), account: w.Defaults.Account}
	kind, rest, _ := strings.Cut(name, "/")
	switch {
	case kind == "user" && rest != "":
		return w.userNamed(name, rest)
	case kind == "role" && rest != "":
		return w.roleNamed(name, rest)
	case name == "root" && own.account != "":
		own.kind = evaluator.Root
		return own, nil
	case kind == "federated-user" && rest != "" && own.account != "":
		own.kind, own.name = evaluator.FederatedUser, rest
		return own, nil
	case kind == "service" && isService(rest):
		return caller{kind: evaluator.Service, name: rest}, nil
	case isService(name):
		return caller{kind: evaluator.Service, name: name}, nil
	default:
		return w.logicalPrincipal(name)
	}
}

// isService reports whether the text is the name of a service principal, for example
// s3.amazonaws.com or dynamodb.amazonaws.com.cn
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services).
func isService(name string) bool {
	service, _, found := strings.Cut(name, ".amazonaws.com")
	return found && service != "" && !strings.ContainsAny(service, "/: ")
}

// callerOfARN understands a full ARN.
func (w *World) callerOfARN(arn string) (caller, error) {
	parts, ok := policy.ParseARN(arn)
	unknown := &NameError{Kind: "principal", Name: arn}
	if !ok || !policy.IsAccountID(parts.Account) {
		return caller{}, unknown
	}
	c := caller{partition: parts.Partition, account: parts.Account}
	kind, rest, _ := strings.Cut(parts.Resource, "/")
	slash := strings.LastIndex(rest, "/")
	path, name := "/"+rest[:slash+1], rest[slash+1:]
	if name == "" && parts.Resource != "root" {
		return caller{}, unknown
	}
	switch parts.Service + " " + kind {
	case "iam root":
		c.kind = evaluator.Root
	case "iam user":
		c.kind, c.path, c.name = evaluator.User, path, name
		c.user = w.userAt(c)
	case "iam role":
		c.kind, c.path, c.name, c.session = evaluator.RoleSession, path, name, DefaultSessionName
		c.role = w.roleAt(c)
	case "sts assumed-role":
		role, session, ok := strings.Cut(rest, "/")
		if !ok || role == "" || session == "" {
			return caller{}, unknown
		}
		c.kind, c.name, c.session = evaluator.RoleSession, role, session
		c.role = w.tables().roles[iamName{c.account, role}]
	case "sts federated-user":
		c.kind, c.name = evaluator.FederatedUser, rest
	default:
		return caller{}, unknown
	}
	return c, nil
}

func (w *World) userAt(c caller) *User {
	if u := w.tables().users[iamName{c.account, c.name}]; u != nil && pathOf(u.Path) == c.path {
		return u
	}
	return nil
}

func (w *World) roleAt(c caller) *Role {
	if r := w.tables().roles[iamName{c.account, c.name}]; r != nil && pathOf(r.Path) == c.path {
		return r
	}
	return nil
}

// userNamed finds user/NAME or user/PATH/NAME.
func (w *World) userNamed(full, rest string) (caller, error) {
	var found []*User
	for _, u := range w.Users {
		if rest == u.Name || "/"+rest == pathOf(u.Path)+u.Name {
			found = append(found, u)
		}
	}
	u, ok, err := one("principal", full, found, func(u *User) bool { return u.Account == w.Defaults.Account }, w.userARN)
	if err != nil || !ok {
		return caller{}, w.unknownPrincipal(full, err)
	}
	return w.userCaller(u), nil
}

// roleNamed finds role/NAME, role/PATH/NAME and either with a session name behind it. A role
// whose path and name fit as a whole wins over a role and a session name.
func (w *World) roleNamed(full, rest string) (caller, error) {
	session := DefaultSessionName
	found := w.rolesNamed(rest)
	if slash := strings.LastIndex(rest, "/"); len(found) == 0 && slash > 0 && slash < len(rest)-1 {
		session = rest[slash+1:]
		found = w.rolesNamed(rest[:slash])
	}
	r, ok, err := one("principal", full, found, func(r *Role) bool { return r.Account == w.Defaults.Account }, w.roleARN)
	if err != nil || !ok {
		return caller{}, w.unknownPrincipal(full, err)
	}
	return w.roleCaller(r, session), nil
}

func (w *World) rolesNamed(rest string) []*Role {
	var found []*Role
	for _, r := range w.Roles {
		if rest == r.Name || "/"+rest == pathOf(r.Path)+r.Name {
			found = append(found, r)
		}
	}
	return found
}

// logicalPrincipal finds a user or role by its name in a template, a role with or without a
// session name behind it.
func (w *World) logicalPrincipal(full string) (caller, error) {
	id, session, hasSession := strings.Cut(full, "/")
	if !hasSession {
		session = DefaultSessionName
	}
	var found []caller
	for _, u := range w.Users {
		if id != "" && u.LogicalID == id && !hasSession {
			found = append(found, w.userCaller(u))
		}
	}
	for _, r := range w.Roles {
		if id != "" && r.LogicalID == id && session != "" {
			found = append(found, w.roleCaller(r, session))
		}
	}
	c, ok, err := one("principal", full, found, func(c caller) bool { return c.account == w.Defaults.Account }, caller.arn)
	if err != nil || !ok {
		return caller{}, w.unknownPrincipal(full, err)
	}
	return c, nil
}

// unknownPrincipal is err, or the error for a short name that stands for nothing.
func (w *World) unknownPrincipal(name string, err error) error {
	if err != nil {
		return err
	}
	var names []string
	for _, u := range w.Users {
		names = append(names, "user/"+u.Name, u.LogicalID)
	}
	for _, r := range w.Roles {
		names = append(names, "role/"+r.Name, r.LogicalID)
	}
	wanted := name
	if parts := strings.SplitN(name, "/", 3); len(parts) == 3 && parts[0] == "role" {
		wanted = parts[0] + "/" + parts[1] // without the session name, which is free
	}
	return &NameError{Kind: "principal", Name: name, Nearest: nearest(wanted, names)}
}

func pathOf(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
