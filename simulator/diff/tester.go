package diff

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// tester asks the evaluator whether a value of a condition key meets a condition: it decides a request with that value
// under a policy that allows it if the condition is met.
type tester struct {
	ev *evaluator.Evaluator

	lock sync.Mutex
	// met are answers by condition, action and value.
	met map[string]bool
	// principals are those whose policy has the condition, by condition.
	principals map[string]*evaluator.Principal
}

// newTester returns a tester that reads assumptions as ev does.
func newTester(ev *evaluator.Evaluator) *tester {
	return &tester{
		ev: ev.In(nobody{}).Assuming(ev.Readings()), met: map[string]bool{}, principals: map[string]*evaluator.Principal{},
	}
}

// nobody is a world without organizations.
type nobody struct{}

// Account implements [evaluator.World].
func (nobody) Account(string) *evaluator.Account { return nil }

// testAccount is the account of the requests.
const testAccount = "111122223333"

// The key and the role of the requests leave everything to IAM policies.
var (
	testKey = &evaluator.Key{
		ARN:    "arn:aws:kms:us-east-1:" + testAccount + ":key/strictkms-diff",
		Policy: testPolicy(policy.KeyPolicy, `"Principal":{"AWS":"`+testAccount+`"},"Action":"*","Resource":"*"`),
	}
	testRole = &evaluator.Role{
		ARN:   "arn:aws:iam::" + testAccount + ":role/strictkms-diff",
		Trust: testPolicy(policy.TrustPolicy, `"Principal":{"AWS":"`+testAccount+`"},"Action":"sts:*"`),
	}
)

// testPolicy makes a policy of one statement that allows.
func testPolicy(kind policy.Kind, elements string) *policy.Document {
	src := `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + elements + `}}`
	doc, diags := policy.Parse(kind, "diff", []byte(src), policy.WithoutSizeLimit())
	if diags.HasErrors() {
		return nil
	}
	return doc
}

// principal is one whose policy allows an action if the condition is met, nil when the condition cannot be written down.
func (t *tester) principal(c evaluator.Condition, print string) *evaluator.Principal {
	t.lock.Lock()
	defer t.lock.Unlock()
	if p, ok := t.principals[print]; ok {
		return p
	}
	var p *evaluator.Principal
	condition, err := json.Marshal(map[string]map[string][]string{c.Operator: {c.Key: c.Values}})
	if err == nil {
		if doc := testPolicy(policy.IdentityPolicy, `"Action":"*","Resource":"*","Condition":`+string(condition)); doc != nil {
			p = &evaluator.Principal{
				Type: evaluator.User, ARN: "arn:aws:iam::" + testAccount + ":user/strictkms-diff", Account: testAccount,
				Name: "strictkms-diff", Identity: []*policy.Document{doc},
			}
		}
	}
	t.principals[print] = p
	return p
}

// unconditional is a principal that may do everything that IAM policies can allow.
var unconditional = &evaluator.Principal{
	Type: evaluator.User, ARN: "arn:aws:iam::" + testAccount + ":user/strictkms-all", Account: testAccount, Name: "strictkms-all",
	Identity: []*policy.Document{testPolicy(policy.IdentityPolicy, `"Action":"*","Resource":"*"`)},
}

// standIns take the place of actions that no IAM policy allows, such as kms:RetireGrant: what a condition means does not
// depend on the action, as long as its requests have the condition key.
var standIns = []string{"kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyPair", "kms:Sign", "kms:CreateKey", "sts:AssumeRole"}

// standIn returns the action, or one like it, with which the requests of the tester are allowed where no condition is in
// the way; nil when there is none.
func (t *tester) standIn(ctx context.Context, action *policy.Action, key string) (*policy.Action, error) {
	for _, name := range append([]string{action.Name}, standIns...) {
		candidate, ok := policy.LookupAction(name)
		if known, listed := policy.LookupConditionKey(key); !ok || listed && !candidate.PopulatesKey(known) {
			continue
		}
		if works, err := t.allowed(ctx, candidate, unconditional, nil); err != nil || works {
			return candidate, err
		}
	}
	return nil, nil
}

// allowed decides one request.
func (t *tester) allowed(ctx context.Context, action *policy.Action, p *evaluator.Principal, c evaluator.Context) (bool, error) {
	req := evaluator.Request{Principal: p, Action: action.Name, Context: c}
	switch {
	case action.IsKMS() && action.On("key"):
		req.Key = testKey
	case action.Service() == "sts":
		req.Role = testRole
	}
	d, err := t.ev.Authorize(ctx, req)
	if err != nil {
		return false, fmt.Errorf("compare conditions: %w", err)
	}
	return d.Decision == evaluator.Allow, nil
}

// meets asks whether a condition is met by values of its key; none means that the key is missing.
func (t *tester) meets(ctx context.Context, action *policy.Action, l literal, values []string) (met, known bool, err error) {
	p := t.principal(l.condition, l.print)
	if p == nil {
		return false, false, nil
	}
	id := action.Name + "\n" + l.print + "\n" + text(values)
	t.lock.Lock()
	met, known = t.met[id]
	t.lock.Unlock()
	if known {
		return met, true, nil
	}
	if met, err = t.allowed(ctx, action, p, evaluator.Context{l.condition.Key: values}); err != nil {
		return false, false, err
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	t.met[id] = met
	return met, true, nil
}

// maxElements bounds the elements of which all sets are tried for a key with several values.
const maxElements = 8

// satisfiable reports whether a value of a key, or that it is missing, meets all literals about it. exact is true when
// no is known to be the answer; yes always is.
func (t *tester) satisfiable(ctx context.Context, action *policy.Action, key string, about []literal) (ok, exact bool, err error) {
	if action, err = t.standIn(ctx, action, key); err != nil || action == nil {
		return false, false, err
	}
	elements, exact := elementsOf(about)
	tried := [][]string{nil}
	if multivalued(key, about) {
		if len(elements) > maxElements {
			elements, exact = elements[:maxElements], false
		}
		tried = append(tried, subsets(elements)...)
	} else {
		for _, e := range elements {
			tried = append(tried, []string{e})
		}
	}
	for _, values := range tried {
		all := true
		for _, l := range about {
			met, known, err := t.meets(ctx, action, l, values)
			if err != nil {
				return false, false, err
			}
			if !known {
				return false, false, nil
			}
			if met != l.holds {
				all = false
				break
			}
		}
		if all {
			return true, true, nil
		}
	}
	return false, exact, nil
}

// multivalued reports whether a key may have several values at once.
func multivalued(key string, about []literal) bool {
	if known, ok := policy.LookupConditionKey(key); ok && known.Multivalued {
		return true
	}
	return slices.ContainsFunc(about, func(l literal) bool { return strings.HasPrefix(l.condition.Operator, "For") })
}

// subsets are all sets of elements that are not empty.
func subsets(elements []string) [][]string {
	var out [][]string
	for bits := 1; bits < 1<<len(elements); bits++ {
		var set []string
		for i, e := range elements {
			if bits&(1<<i) != 0 {
				set = append(set, e)
			}
		}
		out = append(out, set)
	}
	return out
}
