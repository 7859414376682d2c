package terraform

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// exclusive loads the resources that say which policies a user, group or role has, and that it has no others
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy_attachments_exclusive).
func (b *builder) exclusive(r *resource) {
	kind := kindOf(r.typ)
	name, known := b.reference(r, kind+"_name", aName)
	holders := b.find(kind, r, resolved{text: name, offset: r.get(kind + "_name").offset, unknown: !known})
	if slices.Contains([]string{typeUserPolicies, typeGroupPolicies, typeRolePolicies}, r.typ) {
		keep := b.texts(r, "policy_names", anything)
		for _, h := range holders {
			b.change(h, func() {
				keepInline(h, newKept(b, r, h, keep, func(t string) string { return "policy " + t + " of " + h.name() }))
			})
		}
		return
	}
	keep := b.texts(r, "policy_arns", aPolicyARN)
	for _, h := range holders {
		for _, t := range keep {
			switch {
			case t.unknown:
				b.warn(t.offset, "unresolved-property", "a policy of %s is unknown: %s", r.id, t.text)
				b.attachUnknown(h, "a policy of "+r.id, t.text, t.offset)
			default:
				b.attach(h, t.text) // one that is not attached yet is attached
			}
		}
		b.change(h, func() { b.keepAttached(h, newKept(b, r, h, keep, func(t string) string { return t })) })
	}
}

// kept says which policies stay.
type kept struct {
	names []string
	// doubt is why others may stay as well, nil when they do not.
	doubt *doubt
}

// newKept makes of the policies that a resource lists what stays with a holder; form makes a name of an element.
func newKept(b *builder, r *resource, h holder, keep []resolved, form func(string) string) kept {
	k := kept{doubt: h.doubt}
	for _, t := range keep {
		if !t.unknown {
			k.names = append(k.names, form(t.text))
			continue
		}
		if k.doubt == nil {
			k.doubt = &doubt{why: "a policy of " + r.id + ", which is " + t.text, pos: b.at(t.offset)}
		}
	}
	return k
}

// keepInline takes the inline policies away from a holder that do not stay. Those that may stay are in doubt.
func keepInline(h holder, keep kept) {
	inline, _, _ := h.lists()
	var left []*policy.Document
	for _, doc := range *inline {
		switch {
		case !strings.HasSuffix(doc.Name, " of "+h.name()), slices.Contains(keep.names, doc.Name):
			left = append(left, doc)
		case keep.doubt != nil:
			left = append(left, keep.doubt.cast(doc))
		}
	}
	*inline = left
}

// keepAttached takes the managed policies away from a holder that do not stay. Those that may stay are in doubt.
func (b *builder) keepAttached(h holder, keep kept) {
	inline, attached, _ := h.lists()
	var left []string
	for _, arn := range *attached {
		switch {
		case slices.Contains(keep.names, arn):
			left = append(left, arn)
		case keep.doubt != nil:
			*inline = append(*inline, b.managedInDoubt(arn, keep.doubt))
		}
	}
	*attached = left
}

// managedInDoubt is a managed policy that may be attached or not.
func (b *builder) managedInDoubt(arn string, d *doubt) *policy.Document {
	managed := slices.Concat(b.managed, b.world.ManagedPolicies)
	if at := slices.IndexFunc(managed, func(doc *policy.Document) bool { return doc.ARN == arn }); at >= 0 {
		return d.cast(managed[at])
	}
	if doc := source.ProvidedPolicy(arn); doc != nil {
		return d.cast(doc)
	}
	return source.UnknownPolicy(policy.IdentityPolicy, "the managed policy "+arn+", which is not loaded", "", d.why, d.pos)
}
