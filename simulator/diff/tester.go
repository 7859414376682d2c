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
	// principals are those whose policy has the conditions of a clause, controls the service control policies that do.
	principals map[string]*evaluator.Principal
	controls   map[string]*policy.Document
}

// newTester returns a tester that reads assumptions as ev does.
func newTester(ev *evaluator.Evaluator) *tester {
	return &tester{
		ev: ev.In(nobody{}).Assuming(ev.Readings()), met: map[string]bool{},
		principals: map[string]*evaluator.Principal{}, controls: map[string]*policy.Document{},
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
	return parsed(kind, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+elements+`}}`)
}

// parsed is a policy, nil when it has errors.
func parsed(kind policy.Kind, src string) *policy.Document {
	doc, diags := policy.Parse(kind, "diff", []byte(src), policy.WithoutSizeLimit())
	if diags.HasErrors() {
		return nil
	}
	return doc
}

// principal is one whose policy allows an action if the conditions are met, nil when they cannot be written down.
func (t *tester) principal(c clause) *evaluator.Principal {
	id := c.print()
	t.lock.Lock()
	defer t.lock.Unlock()
	if p, ok := t.principals[id]; ok {
		return p
	}
	var p *evaluator.Principal
	conditions, err := json.Marshal(c.elements())
	if err == nil {
		if doc := testPolicy(policy.IdentityPolicy, `"Action":"*","Resource":"*","Condition":`+string(conditions)); doc != nil {
			p = &evaluator.Principal{
				Type: evaluator.User, ARN: "arn:aws:iam::" + testAccount + ":user/strictkms-diff", Account: testAccount,
				Name: "strictkms-diff", Identity: []*policy.Document{doc},
			}
		}
	}
	t.principals[id] = p
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

// standIn returns the action, or one like it, with which the requests of the tester have all the keys and are allowed where
// no condition is in the way; nil when there is none.
func (t *tester) standIn(ctx context.Context, action *policy.Action, keys ...string) (*policy.Action, error) {
	for _, name := range append([]string{action.Name}, standIns...) {
		candidate, ok := policy.LookupAction(name)
		if !ok || slices.ContainsFunc(keys, func(key string) bool {
			known, listed := policy.LookupConditionKey(key)
			return listed && !candidate.PopulatesKey(known)
		}) {
			continue
		}
		if works, err := t.allowed(ctx, candidate, unconditional, nil); err != nil || works {
			return candidate, err
		}
	}
	return nil, nil
}

// request is a request of the tester.
func request(action *policy.Action, p *evaluator.Principal, c evaluator.Context) evaluator.Request {
	req := evaluator.Request{Principal: p, Action: action.Name, Context: c}
	switch {
	case action.IsKMS() && action.On("key"):
		req.Key = testKey
	case action.Service() == "sts":
		req.Role = testRole
	}
	return req
}

// allowed decides one request.
func (t *tester) allowed(ctx context.Context, action *policy.Action, p *evaluator.Principal, c evaluator.Context) (bool, error) {
	d, err := t.ev.Authorize(ctx, request(action, p, c))
	if err != nil {
		return false, fmt.Errorf("compare conditions: %w", err)
	}
	return d.Decision == evaluator.Allow, nil
}

// meets asks whether a clause is met by a request; known is false when that cannot be asked.
func (t *tester) meets(ctx context.Context, action *policy.Action, c clause, with evaluator.Context) (met, known bool, err error) {
	p := t.principal(c)
	if p == nil {
		return false, false, nil
	}
	id := action.Name + "\n" + c.print() + "\n" + text(with)
	t.lock.Lock()
	met, known = t.met[id]
	t.lock.Unlock()
	if known {
		return met, true, nil
	}
	if met, err = t.allowed(ctx, action, p, with); err != nil {
		return false, false, err
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	t.met[id] = met
	return met, true, nil
}

// allMeet reports whether a request is known to meet all literals.
func (t *tester) allMeet(ctx context.Context, action *policy.Action, about []literal, with evaluator.Context) (bool, error) {
	for _, l := range about {
		met, known, err := t.meets(ctx, action, l.clause, with)
		if err != nil || !known || met != l.holds {
			return false, err
		}
	}
	return true, nil
}

// maxElements bounds the elements of which all sets are tried for a key with several values.
const maxElements = 8

// found reports whether a value of a key was found, or that it is missing, that meets all literals about it. That none was
// found proves nothing.
func (t *tester) found(ctx context.Context, action *policy.Action, key string, about []literal) (bool, error) {
	action, err := t.standIn(ctx, action, key)
	if err != nil || action == nil {
		return false, err
	}
	var conditions []evaluator.Condition
	for _, l := range about {
		conditions = append(conditions, l.clause...)
	}
	elements := elementsOf(conditions)
	var tried []evaluator.Context
	if !slices.Contains(alwaysThere, key) {
		tried = append(tried, nil)
	}
	if multivalued(key, conditions) {
		for _, values := range subsets(elements[:min(len(elements), maxElements)]) {
			tried = append(tried, evaluator.Context{key: values})
		}
	} else {
		for _, e := range elements {
			tried = append(tried, evaluator.Context{key: {e}})
		}
	}
	for _, with := range tried {
		ok, err := t.allMeet(ctx, action, about, with)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// multivalued reports whether a key may have several values at once.
func multivalued(key string, about []evaluator.Condition) bool {
	if known, ok := policy.LookupConditionKey(key); ok && known.Multivalued {
		return true
	}
	return slices.ContainsFunc(about, func(c evaluator.Condition) bool { return strings.HasPrefix(c.Operator, "For") })
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
