package source

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
)

// Role returns the role of a name as what sts:AssumeRole acts on: a full ARN, role/NAME, role/PATH/NAME, or the logical
// id of a role in a loaded template. A short name is looked for in the default account first, then in all. The error is
// a [*NameError] or an [*AmbiguousError]. The same name always gives the same pointer.
func (w *World) Role(name string) (*evaluator.Role, error) {
	var found []*Role
	for _, r := range w.Roles {
		short, isShort := strings.CutPrefix(name, "role/")
		switch {
		case name == w.roleARN(r), name != "" && name == r.LogicalID:
			found = append(found, r)
		case isShort && (short == r.Name || "/"+short == pathOf(r.Path)+r.Name):
			found = append(found, r)
		}
	}
	r, ok, err := one("role", name, found, func(r *Role) bool { return r.Account == w.Defaults.Account }, w.roleARN)
	if err != nil {
		return nil, err
	}
	if !ok {
		var names []string
		for _, r := range w.Roles {
			names = append(names, "role/"+r.Name, r.LogicalID)
		}
		return nil, &NameError{Kind: "role", Name: name, Nearest: nearest(name, names)}
	}
	return w.trustOf(r), nil
}

// trustOf returns the role as what sts:AssumeRole acts on. The same role always gives the same pointer.
func (w *World) trustOf(r *Role) *evaluator.Role {
	if built, ok := w.tables().trusts.Load(r); ok {
		return built.(*evaluator.Role) //nolint:forcetypeassert // only roles are stored
	}
	role := &evaluator.Role{ARN: w.roleARN(r), Trust: r.Trust, Tags: r.Tags, Unknown: r.Unknown}
	if r.Trust == nil {
		role.Unknown = append(slices.Clip(role.Unknown), "no trust policy of role/"+r.Name+" is loaded: nobody may assume it")
	}
	built, _ := w.tables().trusts.LoadOrStore(r, role)
	return built.(*evaluator.Role) //nolint:forcetypeassert // only roles are stored
}

// WebIdentity returns the caller of sts:AssumeRoleWithWebIdentity: whom an identity provider, by its ARN or its name,
// vouches for under a name. The claims of the token are condition keys of the request, such as PROVIDER:sub.
func WebIdentity(provider, name string) *evaluator.Principal {
	return &evaluator.Principal{
		Type: evaluator.WebIdentity, ARN: cmp.Or(name, "anybody") + " of " + provider, Name: name, Provider: provider,
	}
}
