package inline

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// Case is one line: a request and the world that it is decided in.
type Case struct {
	// ID is the line's id as it was written, nil when there is none.
	ID      json.RawMessage
	Request evaluator.Request
	World   evaluator.World
	// Principal is the principal as the line names it; that of the request is a session where the line names a role.
	Principal string
	// Expect is the verdict that [ReadExpecting] found, empty when the line has none.
	Expect evaluator.Verdict
	// Warnings are about policies that could be read.
	Warnings policy.Diagnostics
	// assume is how the line reads assumptions, NAME=READING each.
	assume []string
}

// Read reads a line; the name is what positions call it, for example "line 3". Positions count
// columns in the line or, as in "line 3, resourcePolicy:1:34", in one of its policies. The error is a
// [policy.Diagnostics] with everything that is wrong; the case then has the id, if it could be read.
func Read(line []byte, name string) (*Case, error) { return read(line, name, false) }

// ReadExpecting reads a line that may also say which verdict is expected: {"expect": "allow"} or "deny".
func ReadExpecting(line []byte, name string) (*Case, error) { return read(line, name, true) }

func read(line []byte, name string, expecting bool) (*Case, error) {
	r := &reader{name: name, line: line}
	root, ok := r.parse()
	if !ok {
		return &Case{ID: idOf(line)}, r.diags
	}
	l := &lineForm{reader: r, context: evaluator.Context{}, expecting: expecting}
	l.read(root)
	c := &Case{ID: l.id, Principal: l.principal.value, Expect: l.expect, assume: l.assume}
	if l.required(root); !r.diags.HasErrors() {
		l.assemble(c)
	}
	if r.diags.HasErrors() {
		return &Case{ID: l.id}, r.diags.Errors()
	}
	c.Warnings = r.diags
	return c, nil
}

// lineForm is what the members of a line say, before it is put together.
type lineForm struct {
	*reader
	// expecting is whether a line may have the member expect.
	expecting bool
	expect    evaluator.Verdict

	id              json.RawMessage
	principal       text
	action          text
	resource        text
	resourceAccount text
	context         evaluator.Context
	assume          []string

	keyPolicy  *policy.Document
	identity   []*policy.Document
	boundaries documents
	session    []*policy.Document
	scps       [][]*policy.Document
	rcps       [][]*policy.Document
	endpoint   []*policy.Document
	grants     []grant
	// keyOnly are the members that are only about a key, where they stand.
	keyOnly []text
}

// text is a member that is a string, and where it stands.
type text struct {
	value string
	at    int
	given bool
}

// documents is a list of policies, and where it stands.
type documents struct {
	list []*policy.Document
	at   int
}

func (l *lineForm) read(root gjson.Result) {
	members := map[string]func(gjson.Result){
		"id":              l.readID,
		"principal":       l.into(&l.principal, "principal"),
		"action":          l.into(&l.action, "action"),
		"resource":        l.into(&l.resource, "resource"),
		"resourceAccount": l.into(&l.resourceAccount, "resourceAccount"),
		"context":         l.readContext,
		"assume":          l.readAssume,
		"resourcePolicy": func(v gjson.Result) {
			l.keyOnly = append(l.keyOnly, text{value: "resourcePolicy", at: v.Index})
			l.keyPolicy = l.document(policy.KeyPolicy, "resourcePolicy", v)
		},
		"identityPolicies": func(v gjson.Result) { l.identity = l.identityPolicies(v) },
		"permissionBoundaries": func(v gjson.Result) {
			l.boundaries = documents{l.policies(policy.PermissionsBoundary, "permissionBoundaries", v), v.Index}
		},
		"sessionPolicy": func(v gjson.Result) {
			l.session = []*policy.Document{l.document(policy.SessionPolicy, "sessionPolicy", v)}
		},
		"scps":                func(v gjson.Result) { l.scps = l.levels(policy.ServiceControlPolicy, "scps", v) },
		"rcps":                func(v gjson.Result) { l.rcps = l.levels(policy.ResourceControlPolicy, "rcps", v) },
		"vpcEndpointPolicies": func(v gjson.Result) { l.endpoint = l.endpointPolicies(v) },
		"grants": func(v gjson.Result) {
			l.keyOnly = append(l.keyOnly, text{value: "grants", at: v.Index})
			l.readGrants(v)
		},
	}
	if l.expecting {
		members["expect"] = l.readExpect
	}
	l.object(root, "a line", members)
}

// readExpect reads the verdict that is expected.
func (l *lineForm) readExpect(v gjson.Result) {
	switch verdict := evaluator.Verdict(l.str("expect", v)); verdict {
	case evaluator.Allow, evaluator.Deny:
		l.expect = verdict
	default:
		if v.Type == gjson.String {
			l.fail(codeWrongType, v.Index, "expect is %q: expected %q or %q", v.Str, evaluator.Allow, evaluator.Deny)
		}
	}
}

// readID keeps the id as it was written, so that numbers keep their digits.
func (l *lineForm) readID(v gjson.Result) {
	if v.IsObject() || v.IsArray() {
		l.wrongType("id", v, "a string, a number, a boolean or null")
		return
	}
	l.id = json.RawMessage(v.Raw)
}

// required reports the members that every line must have.
func (l *lineForm) required(root gjson.Result) {
	for _, m := range []struct {
		name, example string
		member        text
	}{
		{"principal", "arn:aws:iam::111122223333:user/alice", l.principal},
		{"action", "kms:Decrypt", l.action},
		{"resource", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", l.resource},
	} {
		if !m.member.given {
			l.fail(codeMissingMember, root.Index, "%s is missing: expected a string, for example %q", m.name, m.example)
		}
	}
}
