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
	// encryptionContextKeys is the one key that nearly every request has with several values.
	encryptionContextKeys = "kms:EncryptionContextKeys"
	iamResourceTagPrefix  = "iam:resourcetag/"
)

// givenKey is one condition key as the request gives it.
type givenKey struct {
	name   string
	values []string
}

// listGiven lists the given keys. Two names that differ only by case and have different values are refused:
// AWS does not say which one a condition sees.
func (q *query) listGiven() error {
	q.given = q.scratch.given[:0]
	for name, values := range q.req.Context {
		if len(values) == 0 {
			continue
		}
		if err := checkSingle(name, values); err != nil {
			return err
		}
		for i := range q.given {
			other := &q.given[i]
			if len(other.name) == len(name) && strings.EqualFold(other.name, name) && !slices.Equal(other.values, values) {
				return badRequest("the condition keys %s and %s differ only by case and have different values: "+
					"AWS does not say which one a policy sees", min(name, other.name), max(name, other.name))
			}
		}
		q.given = append(q.given, givenKey{name: name, values: values})
	}
	return nil
}

// checkSingle refuses several values for a key that has one: no request of AWS has them.
func checkSingle(name string, values []string) error {
	if len(values) == 1 || name == encryptionContextKeys {
		return nil
	}
	if known, ok := policy.LookupConditionKey(name); ok && !known.Multivalued {
		return badRequest("the condition key %s has one value, the request gives it %d", name, len(values))
	}
	return nil
}

// valueState says whether a condition key has a value.
type valueState uint8

const (
	valueMissing valueState = iota
	valueText
	valueList
	valueOpen // the question leaves it open
)

// keyValue is the value of a condition key in the form that the units compare with.
type keyValue struct {
	key   *mentionedKey
	state valueState
	text  string
	list  []string
}

// look returns the value of a condition key, which is found once per request.
func (q *query) look(key *mentionedKey) *keyValue {
	for i := range q.looked {
		if q.looked[i].key == key || q.looked[i].key.folded == key.folded {
			return &q.looked[i]
		}
	}
	v := keyValue{key: key}
	values := q.values(key.folded, key.known)
	switch {
	case q.open != nil && q.open.isOpen(key.folded, key.known):
		v.state = valueOpen
	case len(values) == 0:
	case len(values) > 1 || key.known != nil && key.known.Multivalued:
		v.state, v.list = valueList, make([]string, len(values))
		for i, text := range values {
			v.list[i] = normal(key.known, key.folded, text)
		}
	default:
		v.state, v.text = valueText, normal(key.known, key.folded, values[0])
	}
	if q.looked == nil {
		q.looked = q.scratch.looked[:0]
	}
	q.looked = append(q.looked, v)
	return &q.looked[len(q.looked)-1]
}

// contextValues returns the values of the condition keys that the request has among the mentioned ones.
func (q *query) contextValues(keys []*mentionedKey) []contextValue {
	out := q.scratch.values[:0]
	terms := make([]ast.Term, len(keys)) // in one piece of memory
	for i, key := range keys {
		switch v := q.look(key); v.state {
		case valueMissing, valueOpen:
			continue
		case valueText:
			terms[i].Value = ast.String(v.text)
		case valueList:
			list := make([]*ast.Term, len(v.list))
			for j, text := range v.list {
				list[j] = ast.StringTerm(text)
			}
			terms[i].Value = ast.NewArray(list...)
		}
		out = append(out, contextValue{key.term, &terms[i]})
	}
	q.scratch.values = out
	return out
}

// lookup returns the values of a condition key, none when it is missing.
func (q *query) lookup(folded string) []string {
	known, _ := policy.LookupConditionKey(folded)
	return q.values(folded, known)
}

// values returns the given values of a condition key, or those that follow from the principal, the key and the
// action. known is nil for a key that the catalogue does not have.
func (q *query) values(folded string, known *policy.ConditionKey) []string {
	if known != nil && !q.action.PopulatesKey(known) || known == nil && strings.HasPrefix(folded, "kms:") {
		return nil
	}
	for i := range q.given {
		if sameKey(q.given[i].name, folded) {
			return q.given[i].values
		}
	}
	if q.req.Connection != nil {
		if values := q.req.Connection.ConditionKey(folded); len(values) > 0 {
			return values
		}
	}
	return q.derived(folded)
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
		if folded := policy.FoldKey(name); policy.HasService(folded) && !q.action.Populates(folded) {
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
