package terraform

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// holder is what a policy is attached to: exactly one is set.
type holder struct {
	user  *source.User
	group *source.Group
	role  *source.Role
	// old is true for a holder that was in the world before; it changes only when the whole plan is without mistakes.
	old bool
	// doubt is what makes it unknown whether this is the holder that is meant, nil when it is.
	doubt *doubt
}

// doubt says in words, and where, what is unknown about an attachment.
type doubt struct {
	why string
	pos policy.Position
}

// cast returns the policy as one that is in doubt, or as it is when there is no doubt.
func (d *doubt) cast(doc *policy.Document) *policy.Document {
	if d == nil || doc == nil {
		return doc
	}
	return source.InDoubt(doc, d.why, d.pos)
}

// name names the holder for people.
func (h holder) name() string {
	switch {
	case h.user != nil:
		return "user " + h.user.Name
	case h.group != nil:
		return "group " + h.group.Name
	default:
		return "role " + h.role.Name
	}
}

// called reports whether the holder has the name, which IAM compares without case.
func (h holder) called(account, name string) bool {
	switch {
	case h.user != nil:
		return h.user.Account == account && strings.EqualFold(h.user.Name, name)
	case h.group != nil:
		return h.group.Account == account && strings.EqualFold(h.group.Name, name)
	default:
		return h.role.Account == account && strings.EqualFold(h.role.Name, name)
	}
}

// lists are the holder's inline policies, attached policies and unknowns.
func (h holder) lists() (inline *[]*policy.Document, attached, unknown *[]string) {
	switch {
	case h.user != nil:
		return &h.user.Policies, &h.user.Attached, &h.user.Unknown
	case h.group != nil:
		return &h.group.Policies, &h.group.Attached, &h.group.Unknown
	default:
		return &h.role.Policies, &h.role.Attached, &h.role.Unknown
	}
}

// change changes a holder, now or when everything is added.
func (b *builder) change(h holder, do func()) {
	if h.old {
		b.late = append(b.late, do)
		return
	}
	do()
}

// tell notes what is said about a holder.
func (b *builder) tell(h holder, unknown ...string) {
	if len(unknown) == 0 {
		return
	}
	_, _, list := h.lists()
	b.change(h, func() { *list = append(*list, unknown...) })
}

// all lists the users, groups or roles, of the plan or loaded before.
func (b *builder) all(kind string) []holder {
	var found []holder
	switch kind {
	case "user":
		for i, u := range slices.Concat(b.users, b.world.Users) {
			found = append(found, holder{user: u, old: i >= len(b.users)})
		}
	case "group":
		for i, g := range slices.Concat(b.groups, b.world.Groups) {
			found = append(found, holder{group: g, old: i >= len(b.groups)})
		}
	default:
		for i, r := range slices.Concat(b.roles, b.world.Roles) {
			found = append(found, holder{role: r, old: i >= len(b.roles)})
		}
	}
	return found
}

// maxDoubts bounds how much is done because something may concern everybody. It is far above any plan.
const maxDoubts = 1_000_000

// find finds the user, group or role that a name in a resource means. A name that is unknown may mean all of them.
func (b *builder) find(kind string, r *resource, name resolved) []holder {
	account := r.where().account
	everybody := b.holdersOf(kind)
	if !name.unknown {
		if h, ok := everybody[identity(account, kind, name.text)]; ok {
			return []holder{h}
		}
		b.warn(name.offset, "unknown-principal", "%s does not find the %s %s: it is in no file that was loaded before", r.id, kind, quote(name.text))
		return nil
	}
	b.warn(name.offset, "unresolved-property", "a %s of %s is unknown: it may be any %s of the account: %s", kind, r.id, kind, name.text)
	why := &doubt{why: "a " + kind + " of " + r.id + ", which is " + name.text, pos: b.at(name.offset)}
	var found []holder
	for _, h := range b.all(kind) {
		if b.spent++; b.spent > maxDoubts {
			b.fail(name.offset, "too-much-unknown", "too much of the plan is unknown")
			return nil
		}
		if h.called(account, h.own()) {
			h.doubt = why
			found = append(found, h)
		}
	}
	return found
}

// own is the holder's name by itself.
func (h holder) own() string {
	switch {
	case h.user != nil:
		return h.user.Name
	case h.group != nil:
		return h.group.Name
	default:
		return h.role.Name
	}
}

// holdersOf are the users, groups or roles by name. It is asked when all of them are known.
func (b *builder) holdersOf(kind string) map[string]holder {
	if b.byName == nil {
		b.byName = map[string]map[string]holder{}
	}
	if found := b.byName[kind]; found != nil {
		return found
	}
	found := map[string]holder{}
	for _, h := range slices.Backward(b.all(kind)) {
		found[identity(h.account(), kind, h.own())] = h
	}
	b.byName[kind] = found
	return found
}

// leaveOpen notes that a condition key about a user or a role is not known.
func (h holder) leaveOpen(key string) {
	if h.user != nil {
		h.user.Open = append(h.user.Open, key)
	} else if h.role != nil {
		h.role.Open = append(h.role.Open, key)
	}
}

// account is the holder's account.
func (h holder) account() string {
	switch {
	case h.user != nil:
		return h.user.Account
	case h.group != nil:
		return h.group.Account
	default:
		return h.role.Account
	}
}

// attachUnknown gives a holder a policy that is unknown.
func (b *builder) attachUnknown(h holder, what, why string, offset int) {
	doc := source.UnknownPolicy(policy.IdentityPolicy, what, "", why, b.at(offset))
	inline, _, _ := h.lists()
	b.change(h, func() { *inline = append(*inline, doc) })
}
