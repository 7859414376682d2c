package evaluator_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// contextT is a test, or a case of a property.
type contextT interface {
	require.TestingT
	Context() context.Context
}

// sameAsPlain puts a request to an evaluator that remembers and to one that does not.
func sameAsPlain(t contextT, remembering, plain *evaluator.Evaluator, req evaluator.Request) evaluator.Decision {
	got, gotErr := remembering.Authorize(t.Context(), req)
	want, wantErr := plain.Authorize(t.Context(), req)
	require.Equal(t, wantErr, gotErr)
	require.Equal(t, want, got)
	return want
}

// TestRememberingIsPlain holds remembered decisions to those that are made anew: the same requests in any order, with
// other contexts, other versions of keys and callers, and a world that changes.
func TestRememberingIsPlain(t *testing.T) {
	t.Parallel()
	var world mapWorld
	shared := evaluator.New(worldFunc(func(id string) *evaluator.Account { return world[id] }))
	check(t, 1, func(t *rapid.T) {
		g := &gen{t: t, holes: pick(&gen{t: t}, []int{0, 0, 5})}
		s := g.scene(24)
		world = s.world
		plain := shared.Assuming(g.readings())
		remembering := plain.Remembering()
		for range 100 {
			if g.chance(2) {
				world = g.world()
			}
			req := pick(g, s.requests)
			if g.chance(30) {
				req.Context = g.context()
			}
			sameAsPlain(t, remembering, plain, req)
			sameAsPlain(t, remembering, plain, req)
		}
	})
}

// worldFunc is a world by its only method.
type worldFunc func(id string) *evaluator.Account

func (f worldFunc) Account(id string) *evaluator.Account { return f(id) }

// TestRememberingSees asks two requests that differ in one thing only, in both orders, for everything that a policy can
// read: the second must not be given the answer of the first.
func TestRememberingSees(t *testing.T) {
	const tenant = "kms:EncryptionContext:tenant"
	for name, c := range map[string]struct {
		statement string // of the key policy, without principal
		identity  string // the same of an identity policy, where a key policy cannot say it
		grant     *evaluator.Grant
		change    func(*evaluator.Request)
	}{
		"a condition": {
			statement: `"Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`,
			change:    func(r *evaluator.Request) { r.Context = evaluator.Context{tenant: {"b"}} },
		},
		"a missing key": {
			statement: `"Condition": {"Null": {"kms:EncryptionContext:tenant": "false"}}`,
			change:    func(r *evaluator.Request) { r.Context = nil },
		},
		"a key without values": {
			statement: `"Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`,
			change:    func(r *evaluator.Request) { r.Context = evaluator.Context{tenant: {}} },
		},
		"a value of several": {
			statement: `"Condition": {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["tenant"]}}`,
			change: func(r *evaluator.Request) {
				r.Context = evaluator.Context{"kms:EncryptionContextKeys": {"tenant", "x"}}
			},
		},
		"one of several that are cut otherwise": {
			statement: `"Condition": {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["tenant"]}}`,
			change:    func(r *evaluator.Request) { r.Context = evaluator.Context{"kms:EncryptionContextKeys": {"tena", "nt"}} },
		},
		"a variable in a resource": {
			statement: `"Resource": "arn:aws:kms:*:*:key/${kms:EncryptionContext:tenant}1"`,
			change:    func(r *evaluator.Request) { r.Context = evaluator.Context{tenant: {"z"}} },
		},
		"a variable in a condition": {
			statement: `"Condition": {"StringEquals": {"aws:username": "${kms:EncryptionContext:tenant}lice"}}`,
			change:    func(r *evaluator.Request) { r.Context = evaluator.Context{tenant: {"b"}} },
		},
		"the connection": {
			statement: `"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`,
			change:    func(r *evaluator.Request) { r.Connection = connection{"aws:sourceip": {"11.0.0.1"}} },
		},
		"the time": {
			statement: `"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}`,
			change:    func(r *evaluator.Request) { r.Connection = connection{"aws:currenttime": {"2026-01-02T00:00:00Z"}} },
		},
		"a tag of the caller": {
			statement: `"Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}`,
			change:    func(r *evaluator.Request) { r.Principal.Tags = map[string]string{"team": "b"} },
		},
		"a tag of the key": {
			identity: `"Condition": {"StringEquals": {"aws:ResourceTag/env": "a"}}`,
			change:   func(r *evaluator.Request) { r.Key.Tags = map[string]string{"env": "b"} },
		},
		"an alias of the key": {
			identity: `"Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/a"}}`,
			change:   func(r *evaluator.Request) { r.Key.Aliases = []string{"alias/b"} },
		},
		"the action": {
			statement: `"Action": "kms:Decrypt"`,
			change:    func(r *evaluator.Request) { r.Action = "kms:Encrypt" },
		},
		"the key policy": {
			statement: `"Action": "kms:*"`,
			change:    func(r *evaluator.Request) { r.Key.Policy = nil },
		},
		"the caller's policies": {
			statement: `"Action": "kms:*"`,
			change: func(r *evaluator.Request) {
				r.Principal.Identity = []*policy.Document{identityPolicy(t, `"Effect": "Deny", "Action": "*", "Resource": "*"`)}
			},
		},
		"the case of the context of a grant": {
			statement: `"Action": "kms:ListGrants"`,
			grant: &evaluator.Grant{
				ID: "g", GranteePrincipal: aliceARN, Operations: []string{"Decrypt"},
				EncryptionContextEquals: map[string]string{"tenant": "a"},
			},
			change: func(r *evaluator.Request) { r.Context = evaluator.Context{"kms:EncryptionContext:Tenant": {"a"}} },
		},
		"the grants": {
			statement: `"Action": "kms:ListGrants"`,
			grant:     &evaluator.Grant{ID: "g", GranteePrincipal: aliceARN, Operations: []string{"Decrypt"}},
			change:    func(r *evaluator.Request) { r.Key.Grants = nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			plain := evaluator.New(mapWorld{})
			request := func(changed bool) evaluator.Request {
				var req evaluator.Request
				if c.identity != "" {
					req = delegatedRequest(t, c.identity)
				} else {
					req = memoRequest(t, c.statement, c.grant)
				}
				if changed {
					c.change(&req)
				}
				return req
			}
			for _, order := range [][]bool{{false, true, false}, {true, false, true}} {
				remembering := plain.Remembering()
				// The same key and caller for all, where what changes is not of them.
				requests := map[bool]evaluator.Request{false: request(false), true: request(true)}
				if changed := requests[true]; sameParts(request(false), changed) {
					changed.Principal, changed.Key = requests[false].Principal, requests[false].Key
					requests[true] = changed
				}
				got := map[bool]evaluator.Decision{}
				for _, changed := range order {
					got[changed] = sameAsPlain(t, remembering, plain, requests[changed])
				}
				require.Equal(t, evaluator.Allow, got[false].Decision)
				require.Equal(t, evaluator.Deny, got[true].Decision)
			}
		})
	}
}

// sameParts reports whether two requests have the same key and caller but for what was prepared.
func sameParts(a, b evaluator.Request) bool {
	form := func(r evaluator.Request) string {
		doc := ""
		if r.Key.Policy != nil {
			doc = string(r.Key.Policy.Digest[:])
		}
		return fmt.Sprint(r.Key.Tags, r.Key.Aliases, len(r.Key.Grants), doc, r.Principal.Tags, len(r.Principal.Identity))
	}
	return form(a) == form(b)
}

const aliceARN = "arn:aws:iam::" + accountA + ":user/alice"

// connection gives condition keys as a server does.
type connection map[string][]string

func (c connection) ConditionKey(folded string) []string { return c[folded] }

func identityPolicy(t *testing.T, statement string) *policy.Document {
	t.Helper()
	doc, diagnostics := policy.Parse(policy.IdentityPolicy, "identity", []byte(`{"Version":"2012-10-17","Statement":{`+statement+`}}`))
	require.Empty(t, diagnostics.Errors())
	return doc
}

// memoRequest is a request of alice that a key policy with one statement, or a grant, allows.
func memoRequest(t *testing.T, statement string, grant *evaluator.Grant) evaluator.Request {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + aliceARN + `"}`
	if !strings.Contains(statement, `"Action"`) {
		text += `,"Action":"kms:*"`
	}
	if !strings.Contains(statement, `"Resource"`) {
		text += `,"Resource":"*"`
	}
	doc, diagnostics := policy.Parse(policy.KeyPolicy, "key policy", []byte(text+","+statement+`}}`))
	require.Empty(t, diagnostics.Errors())
	req := evaluator.Request{
		Principal: &evaluator.Principal{
			Type: evaluator.User, ARN: aliceARN, Account: accountA, Name: "alice", UniqueID: "AIDAALICE",
			Tags: map[string]string{"team": "a"},
		},
		Action: "kms:Decrypt",
		Key: &evaluator.Key{
			ARN: "arn:aws:kms:us-east-1:" + accountA + ":key/a1", Policy: doc, Tags: map[string]string{"env": "a"},
			Aliases: []string{"alias/a"},
		},
		Context:    evaluator.Context{"kms:EncryptionContext:tenant": {"a"}},
		Connection: connection{"aws:sourceip": {"10.0.0.1"}, "aws:currenttime": {"2025-06-01T00:00:00Z"}},
	}
	if grant != nil {
		req.Key.Grants = []*evaluator.Grant{grant}
	}
	return req
}

// delegatedRequest is a request of alice that an identity policy with one statement allows.
func delegatedRequest(t *testing.T, statement string) evaluator.Request {
	t.Helper()
	req := memoRequest(t, `"Action": "kms:ListGrants"`, nil)
	doc, diagnostics := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+
		`"Principal":{"AWS":"`+accountA+`"},"Action":"kms:*","Resource":"*"}}`))
	require.Empty(t, diagnostics.Errors())
	req.Key.Policy = doc
	req.Principal.Identity = []*policy.Document{identityPolicy(t, `"Effect":"Allow","Action":"kms:*","Resource":"*",`+statement)}
	return req
}

// TestRememberingIsBounded asks more than is remembered, with values of any length, and all of it again.
func TestRememberingIsBounded(t *testing.T) {
	plain := evaluator.New(mapWorld{})
	remembering := plain.Remembering()
	req := memoRequest(t, `"Condition": {"StringLike": {"kms:EncryptionContext:tenant": "*7"}}`, nil)
	for range 2 {
		for n := range 6000 {
			value := strconv.Itoa(n)
			if n%100 < 2 {
				value = strings.Repeat("x", n) + value
			}
			req.Context = evaluator.Context{"kms:EncryptionContext:tenant": {value}}
			d, err := remembering.Authorize(t.Context(), req)
			require.NoError(t, err)
			require.Equal(t, strings.HasSuffix(value, "7"), d.Decision == evaluator.Allow)
		}
	}
	decisions, situations, longest := remembering.Remembered()
	require.Equal(t, 1, situations)
	require.LessOrEqual(t, decisions, 4096)
	require.Greater(t, decisions, 2048)
	require.LessOrEqual(t, longest, 512)
}

// TestRememberingRemembers asks the same twice: the second time no policy is asked.
func TestRememberingRemembers(t *testing.T) {
	remembering := evaluator.New(mapWorld{}).Remembering()
	req := memoRequest(t, `"Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "a"}}`, nil)
	_, err := remembering.Authorize(t.Context(), req)
	require.NoError(t, err)
	allocations := testing.AllocsPerRun(100, func() {
		d, err := remembering.Authorize(t.Context(), req)
		if err != nil || d.Decision != evaluator.Allow {
			t.Error(d, err)
		}
	})
	require.Less(t, allocations, 8.0)

	timed := memoRequest(t, `"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}`, nil)
	before, _, _ := remembering.Remembered()
	_, err = remembering.Authorize(t.Context(), timed)
	require.NoError(t, err)
	after, _, _ := remembering.Remembered()
	require.Equal(t, before, after, "what depends on the time is not remembered")
}

// TestRememberingAtOnce asks from several goroutines, for the race detector.
func TestRememberingAtOnce(t *testing.T) {
	plain := evaluator.New(mapWorld{})
	remembering := plain.Remembering()
	base := memoRequest(t, `"Condition": {"StringLike": {"kms:EncryptionContext:tenant": "*7"}}`, nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for n := range 500 {
				req, value := base, strconv.Itoa(n%50)
				req.Context = evaluator.Context{"kms:EncryptionContext:tenant": {value}}
				d, err := remembering.Authorize(t.Context(), req)
				assert.NoError(t, err)
				assert.Equal(t, strings.HasSuffix(value, "7"), d.Decision == evaluator.Allow)
			}
		})
	}
	group.Wait()
}
