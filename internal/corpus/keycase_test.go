package corpus

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// keyCase is one case about the condition keys of an operation.
type keyCase struct {
	note      string
	part      string
	principal string
	key       string // none for operations without a key
	bare      bool   // the request gives no condition keys
	expect    string
}

// casesOf are the cases of an operation: in key policies where it has a key, and in identity policies.
func casesOf(a *policy.Action, part string) []keyCase {
	var out []keyCase
	if a.On("key") {
		out = append(out, keyPolicyCases(a, part)...)
	}
	return append(out, identityCases(a, part)...)
}

// sids are the Sids of some of an operation's keys, each behind the name of its policy.
func sids(a *policy.Action, part string, in func(k caseKey) string) []string {
	var out []string
	for _, k := range keysOf(a, part) {
		if name := in(k); name != "" {
			out = append(out, name+k.sid)
		}
	}
	return out
}

// stays reports whether the key has its value in a request that gives none.
func stays(a *policy.Action, k caseKey) bool { return k.follows(a) || a.Defaults[k.full] == k.value() }

func allow(reason string, statements ...string) string {
	return fmt.Sprintf("{decision: allow, reason: %s, statements: [%s]}", reason, strings.Join(statements, ", "))
}

func deny(reason string) string { return fmt.Sprintf("{decision: deny, reason: %s}", reason) }

func explicit(layer string, statements []string) string {
	return fmt.Sprintf("{decision: deny, reason: explicit-deny, layer: %s, statements: [%s]}", layer, strings.Join(statements, ", "))
}

// keyPolicyCases ask keys whose policies name the caller. A key policy does not see the keys of IAM policies.
func keyPolicyCases(a *policy.Action, part string) []keyCase {
	in := func(key string, bare bool) []string {
		return sids(a, part, func(k caseKey) string {
			if k.IAMOnly || bare && !stays(a, k) {
				return ""
			}
			return "key/" + key + "/"
		})
	}
	var out []keyCase
	add := func(note, key string, bare bool, expect string) {
		out = append(out, keyCase{note: note + " in a key policy", part: part, principal: "user/nobody", key: key, bare: bare, expect: expect})
	}
	base := allow("direct-key-policy", "key/mrk-deny-right/All")
	if a.Name == "kms:RetireGrant" { // not effective in a key policy: the grant names its retiring principal
		base = allow("grant", "grant g")
	} else {
		add("every condition key has the wanted value", "mrk-right", false, allow("direct-key-policy", in("mrk-right", false)...))
		add("no condition key has the wanted value", "mrk-wrong", false, deny("no-key-policy"))
		if part == "named" {
			add("condition keys that no parameter gives have the wanted value", "mrk-right", true, allow("direct-key-policy", in("mrk-right", true)...))
		} else {
			add("every condition key is missing", "mrk-right", true, deny("no-key-policy"))
		}
	}
	add("every condition key has another value than a Deny spares", "mrk-deny-wrong", false, explicit("key-policy", in("mrk-deny-wrong", false)))
	add("every condition key has the value that a Deny spares", "mrk-deny-right", false, base)
	return out
}

// identityCases ask with identity policies.
func identityCases(a *policy.Action, part string) []keyCase {
	in := func(user string, bare bool) []string {
		return sids(a, part, func(k caseKey) string {
			if bare && !stays(a, k) {
				return ""
			}
			return "user/" + user + "/" + k.policyName() + "/"
		})
	}
	key, reason, delegate := "", "iam-policy", func(string) []string { return nil }
	if a.On("key") {
		key, reason = "mrk-iam", "key-policy-and-iam"
		delegate = func(key string) []string { return []string{"key/" + key + "/Delegate"} }
	}
	var out []keyCase
	add := func(note, user, key string, bare bool, expect string) {
		out = append(out, keyCase{note: note + " in an identity policy", part: part, principal: "user/" + user, key: key, bare: bare, expect: expect})
	}
	allowed := func(names []string) string {
		if len(names) == 0 {
			return deny("no-identity-policy")
		}
		return allow(reason, append(delegate(key), names...)...)
	}
	retires := a.Name == "kms:RetireGrant" // a grant, not IAM, allows it
	if !retires && len(keysOf(a, part)) > 0 {
		add("every condition key has the wanted value", "right", key, false, allowed(in("right", false)))
		add("no condition key has the wanted value", "wrong", key, false, deny("no-identity-policy"))
	}
	if !retires && part == "named" {
		add("condition keys that no parameter gives have the wanted value", "right", key, true, allowed(in("right", true)))
	}
	if len(keysOf(a, part)) > 0 {
		add("every condition key has another value than a Deny spares", "deny-wrong", key, false, explicit("identity-policy", in("deny-wrong", false)))
	}
	base := allow(reason, append(delegate(key), "user/deny-right/Base/All")...)
	if retires {
		base = allow("grant", "grant right")
	}
	add("every condition key has the value that a Deny spares", "deny-right", key, false, base)
	return out
}

// write writes a case.
func (c keyCase) write(b *strings.Builder, a *policy.Action) {
	subject := a.Name
	if c.part == "attested" {
		subject += " with an attestation document"
	}
	fmt.Fprintf(b, "  - note: %q\n", subject+", "+c.note)
	page := "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html"
	if len(keysOf(a, c.part)) > 0 && !c.bare {
		page = "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"
	}
	fmt.Fprintf(b, "    source: %s\n    world: %s\n", page, c.part)
	resource := `resource: "*"`
	if c.key != "" {
		resource = "key: " + c.key
	}
	context := ""
	if given := c.context(a); len(given) > 0 {
		context = ", context: {" + strings.Join(given, ", ") + "}"
	}
	fmt.Fprintf(b, "    request: {principal: %s, action: %q, %s%s}\n    expect: %s\n", c.principal, a.Name, resource, context, c.expect)
}

// context are the condition keys that the request gives.
func (c keyCase) context(a *policy.Action) []string {
	var out []string
	for _, k := range keysOf(a, c.part) {
		if c.bare || k.follows(a) || k.Name == "kms:EncryptionContextKeys" { // which follows from the encryption context
			continue
		}
		out = append(out, fmt.Sprintf("%q: %q", k.full, k.value()))
	}
	slices.Sort(out)
	return out
}
