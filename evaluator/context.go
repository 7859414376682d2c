package evaluator

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

const (
	encryptionContextPrefix = "kms:encryptioncontext:"
	principalTagPrefix      = "aws:principaltag/"
	resourceTagPrefix       = "aws:resourcetag/"
)

// givenKey is one condition key as the request gives it.
type givenKey struct {
	name   string
	values []string
}

// listGiven lists the given keys once, because every mentioned key is compared with all of them.
func (q *query) listGiven() {
	q.givenKeys = make([]givenKey, 0, len(q.req.Context))
	for name, values := range q.req.Context {
		q.givenKeys = append(q.givenKeys, givenKey{name: name, values: values})
	}
}

// contextValues returns the values of the condition keys that the request has among the mentioned ones.
func (q *query) contextValues(keys []*mentionedKey) ([]contextValue, error) {
	out := make([]contextValue, 0, len(keys))
	for _, key := range keys {
		values, err := q.lookup(key.folded)
		if err != nil {
			return nil, err
		}
		if value := key.value(values); value != nil {
			out = append(out, contextValue{key.term, value})
		}
	}
	return out, nil
}

// lookup returns the values of a condition key, none when it is missing: given ones, or those that
// follow from the principal, the key and the action.
func (q *query) lookup(folded string) ([]string, error) {
	if strings.HasPrefix(folded, "kms:") && !q.action.Populates(folded) {
		return nil, nil
	}
	values, err := q.given(folded)
	if err != nil || values != nil {
		return values, err
	}
	return q.derived(folded)
}

// given returns the values that the request gives for a key. Two names that differ only by case and have
// different values are refused: AWS does not say which one a condition sees.
func (q *query) given(folded string) ([]string, error) {
	var (
		found  []string
		namely string
	)
	for i := range q.givenKeys {
		name, values := q.givenKeys[i].name, q.givenKeys[i].values
		if len(values) == 0 || !sameKey(name, folded) {
			continue
		}
		if found != nil && !slices.Equal(found, values) {
			first, second := min(name, namely), max(name, namely)
			return nil, badRequest("the condition keys %s and %s differ only by case and have different values: "+
				"AWS does not say which one a policy sees", first, second)
		}
		found, namely = values, name
	}
	return found, nil
}

// sameKey reports whether policy.FoldKey(name) is folded, without making it where that can be told.
func sameKey(name, folded string) bool {
	if len(name) == len(folded) && strings.EqualFold(name, folded) {
		return true
	}
	for i := range len(folded) {
		if folded[i] >= utf8.RuneSelf {
			return policy.FoldKey(name) == folded
		}
	}
	return false
}

// ignored lists the given keys that requests for the action never have.
func (q *query) ignored() []string {
	var out []string
	for name := range q.req.Context {
		if folded := policy.FoldKey(name); strings.HasPrefix(folded, "kms:") && !q.action.Populates(folded) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// encryptionContext returns the encryption context with the case of its keys.
func (q *query) encryptionContext() map[string]string {
	pairs := map[string]string{}
	if !q.action.Populates("kms:EncryptionContextKeys") {
		return pairs
	}
	for name, values := range q.req.Context {
		if len(values) > 0 && strings.HasPrefix(policy.FoldKey(name), encryptionContextPrefix) {
			pairs[name[len(encryptionContextPrefix):]] = values[0]
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

// value is the value of a key in the input: a string, or an array for a multivalued key. It is nil for
// a missing key.
func (key *mentionedKey) value(values []string) *ast.Term {
	if len(values) == 0 {
		return nil
	}
	if len(values) > 1 || key.known != nil && key.known.Multivalued {
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
		return value
	default:
		return value
	}
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
