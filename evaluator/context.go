package evaluator

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

const (
	encryptionContextPrefix = "kms:encryptioncontext:"
	principalTagPrefix      = "aws:principaltag/"
	resourceTagPrefix       = "aws:resourcetag/"
)

// contextValues are the condition keys of a request: given ones, and those that follow from the
// principal, the key and the action.
type contextValues struct {
	q     *query
	given []givenKey // sorted by folded name
}

type givenKey struct {
	folded string
	name   string // as given
	values []string
}

// newContextValues sorts the given keys. Two names that differ only by case and have different values
// are refused: AWS does not say which one a condition sees.
func newContextValues(q *query) (*contextValues, error) {
	c := &contextValues{q: q}
	if len(q.req.Context) == 0 {
		return c, nil
	}
	c.given = make([]givenKey, 0, len(q.req.Context))
	for name, values := range q.req.Context {
		if len(values) > 0 {
			c.given = append(c.given, givenKey{folded: policy.FoldKey(name), name: name, values: values})
		}
	}
	slices.SortFunc(c.given, func(a, b givenKey) int {
		if n := strings.Compare(a.folded, b.folded); n != 0 {
			return n
		}
		return strings.Compare(a.name, b.name)
	})
	for i := 1; i < len(c.given); i++ {
		a, b := c.given[i-1], c.given[i]
		if a.folded == b.folded && !slices.Equal(a.values, b.values) {
			return nil, badRequest("the condition keys %s and %s differ only by case and have different values: "+
				"AWS does not say which one a policy sees", a.name, b.name)
		}
	}
	return c, nil
}

// lookup returns the values of a key, none when it is missing.
func (c *contextValues) lookup(folded string) []string {
	if strings.HasPrefix(folded, "kms:") && !c.q.action.Populates(folded) {
		return nil
	}
	if values := c.givenValues(folded); values != nil {
		return values
	}
	return c.derived(folded)
}

func (c *contextValues) givenValues(folded string) []string {
	at, ok := slices.BinarySearchFunc(c.given, folded, func(g givenKey, name string) int {
		return strings.Compare(g.folded, name)
	})
	if !ok {
		return nil
	}
	return c.given[at].values
}

// ignored lists the given keys that requests for the action never have.
func (c *contextValues) ignored() []string {
	var out []string
	for _, g := range c.given {
		if strings.HasPrefix(g.folded, "kms:") && !c.q.action.Populates(g.folded) {
			out = append(out, g.name)
		}
	}
	return out
}

// encryptionContext returns the encryption context with the case of its keys.
func (c *contextValues) encryptionContext() map[string]string {
	pairs := map[string]string{}
	if !c.q.action.Populates("kms:EncryptionContextKeys") {
		return pairs
	}
	for _, g := range c.given {
		if strings.HasPrefix(g.folded, encryptionContextPrefix) {
			pairs[g.name[len(encryptionContextPrefix):]] = g.values[0]
		}
	}
	return pairs
}

// forwarded reports whether a service makes the call with the caller's credentials.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
func forwarded(c Context) bool {
	for name, values := range c {
		if len(values) == 0 {
			continue
		}
		switch policy.FoldKey(name) {
		case "kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast":
			return true
		case "aws:viaawsservice":
			if strings.EqualFold(values[0], "true") {
				return true
			}
		}
	}
	return false
}

// term is the value of a key in the input: a string, or an array for a multivalued key. It is nil for
// a missing key.
func (c *contextValues) term(key *mentionedKey) *ast.Term {
	values := c.lookup(key.folded)
	if len(values) == 0 {
		return nil
	}
	if key.known == nil && len(values) > 1 || key.known != nil && (key.known.Multivalued || len(values) > 1) {
		terms := make([]*ast.Term, len(values))
		for i, v := range values {
			terms[i] = ast.StringTerm(normal(key.known, key.folded, v))
		}
		return ast.ArrayTerm(terms...)
	}
	return ast.StringTerm(normal(key.known, key.folded, values[0]))
}

// normal brings a value into the one form of its type that the translation compares with: Booleans in
// lower case, dates in RFC 3339, addresses without IPv4-in-IPv6. What cannot be read stays as it is
// and then equals nothing.
func normal(known *policy.ConditionKey, folded, value string) string {
	if known == nil {
		return value
	}
	switch known.Type {
	case policy.KeyTypeBool:
		return strings.ToLower(value)
	case policy.KeyTypeDate:
		return normalDate(folded, value)
	case policy.KeyTypeIPAddress:
		if addr, err := netip.ParseAddr(value); err == nil {
			return addr.Unmap().String()
		}
	}
	return value
}

func normalDate(folded, value string) string {
	if folded == "aws:epochtime" {
		if !strings.Contains(value, "-") {
			return value
		}
		if t, ok := rego.ParseDate(value); ok {
			return decimal(t.Unix())
		}
		return value
	}
	if t, ok := rego.ParseDate(value); ok {
		return t.Format(time.RFC3339Nano)
	}
	return value
}
