package terraform

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// managedPolicy loads aws_iam_policy (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_policy).
func (b *builder) managedPolicy(r *resource) {
	arn := r.arnOf()
	b.declare(r.offset, arn, "the managed policy "+arn)
	v := r.get("policy")
	if v.kind == noValue {
		b.fail(r.offset, "missing-property", "%s has no policy", r.id)
		return
	}
	doc, taken := b.policy(r, v, r.expression("policy"), wanted{policy.IdentityPolicy, "managed policy " + r.calledAs(), arn})
	if doc == nil {
		return
	}
	b.takenIn[arn] = taken
	b.managed = append(b.managed, doc)
}

// foreignPolicies loads managed policies that data sources read: those of AWS, and of the account by other means.
func (b *builder) foreignPolicies() {
	for _, r := range b.order {
		if !r.data || r.typ != "aws_iam_policy" {
			continue
		}
		arn, v := r.get("arn").text, r.get("policy")
		if _, known := b.declared[arn]; known || arn == "" || v.kind != textValue || v.raw == "" {
			continue
		}
		b.declare(r.offset, arn, "the managed policy "+arn)
		if doc := b.written(v, wanted{policy.IdentityPolicy, "managed policy " + r.get("name").text, arn}); doc != nil {
			b.managed = append(b.managed, doc)
		}
	}
}

// inlinePolicy loads aws_iam_user_policy, aws_iam_group_policy and aws_iam_role_policy
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy).
func (b *builder) inlinePolicy(r *resource) {
	kind := kindOf(r.typ)
	name := r.get("name").text
	if name == "" {
		name = "without a name"
	}
	doc, taken := b.policy(r, r.get("policy"), r.expression("policy"), wanted{policy.IdentityPolicy, "policy " + name + " of " + r.id, ""})
	text, known := b.reference(r, kind, aName)
	for _, h := range b.find(kind, r, resolved{text: text, offset: r.get(kind).offset, unknown: !known}) {
		b.inline(name, r.offset, h, doc, taken)
	}
}

// kindOf is the word user, group or role in a type such as aws_iam_role_policy.
func kindOf(typ string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(typ, "aws_iam_"), "_")
	return kind
}

// inline gives a holder an inline policy under a name that says whose it is.
func (b *builder) inline(name string, offset int, h holder, doc *policy.Document, taken []string) {
	if h.doubt == nil {
		b.declare(offset, h.account()+" inline "+h.name()+" "+name, "the policy "+quote(name)+" of "+h.name())
	}
	b.tell(h, taken...)
	if doc == nil {
		return
	}
	own := *h.doubt.cast(doc)
	own.Name = "policy " + name + " of " + h.name()
	inline, _, _ := h.lists()
	b.change(h, func() { *inline = append(*inline, &own) })
}

// attachment loads aws_iam_role_policy_attachment, its like for users and groups, and aws_iam_policy_attachment
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_policy_attachment).
func (b *builder) attachment(r *resource) {
	arn, known := b.reference(r, "policy_arn", aPolicyARN)
	if !known {
		b.warn(r.get("policy_arn").offset, "unresolved-property", "the policy of %s is unknown: %s", r.id, arn)
	}
	var holders []holder
	if r.typ == typeAttachment {
		for _, kind := range []string{"user", "group", "role"} {
			for _, name := range b.texts(r, kind+"s", aName) {
				holders = append(holders, b.find(kind, r, name)...)
			}
		}
	} else {
		kind := kindOf(r.typ)
		name, known := b.reference(r, kind, aName)
		holders = b.find(kind, r, resolved{text: name, offset: r.get(kind).offset, unknown: !known})
	}
	for _, h := range holders {
		if !known {
			b.attachUnknown(h, "a managed policy of "+r.id, arn, r.get("policy_arn").offset)
			continue
		}
		b.attach(h, arn)
	}
}

// attach attaches a managed policy.
func (b *builder) attach(h holder, arn string) {
	inline, attached, _ := h.lists()
	if h.doubt == nil {
		b.change(h, func() {
			if !slices.Contains(*attached, arn) {
				*attached = append(*attached, arn)
			}
		})
		if h.old { // the others are told by spreadTaken
			b.tell(h, b.takenIn[arn]...)
		}
		return
	}
	doc := b.managedInDoubt(arn, h.doubt)
	b.change(h, func() { *inline = append(*inline, doc) })
	b.tell(h, b.takenIn[arn]...)
}
