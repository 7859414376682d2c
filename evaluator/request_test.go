package evaluator_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// bob is a user without policies.
func bob() *evaluator.Principal {
	return &evaluator.Principal{Type: evaluator.User, ARN: "arn:aws:iam::" + accountA + ":user/bob", Account: accountA, Name: "bob"}
}

// mustParse reads a policy that must be right.
func mustParse(t *testing.T, kind policy.Kind, name, src string) *policy.Document {
	t.Helper()
	doc, diags := policy.Parse(kind, name, []byte(src))
	require.NotNil(t, doc, "%v", diags)
	return doc
}

func TestRequestsAtFault(t *testing.T) {
	key := &evaluator.Key{ARN: keyOne}
	cases := []struct {
		name, problem string
		req           evaluator.Request
	}{
		{"no principal", "no principal", evaluator.Request{Action: "kms:Decrypt", Key: key}},
		{"no type", "has no type", evaluator.Request{Principal: &evaluator.Principal{ARN: "x"}, Action: "kms:Decrypt", Key: key}},
		{"no action", "not an action", evaluator.Request{Principal: bob(), Key: key}},
		{"no such action", "did you mean kms:Decrypt?", evaluator.Request{Principal: bob(), Action: "kms:Decrpt", Key: key}},
		{"action without service", "did you mean kms:Decrypt?", evaluator.Request{Principal: bob(), Action: "Decrypt", Key: key}},
		{"other service", "not an action", evaluator.Request{Principal: bob(), Action: "s3:GetObject", Key: key}},
		{"no key", "names none", evaluator.Request{Principal: bob(), Action: "kms:Decrypt"}},
		{"key for an action without", "does not act on a key", evaluator.Request{Principal: bob(), Action: "kms:ListKeys", Key: key}},
		{"alias for an action without", "does not act on an alias", evaluator.Request{Principal: bob(), Action: "kms:Decrypt", Alias: aliasOne}},
		{"key and alias", "decide each side by itself", evaluator.Request{Principal: bob(), Action: "kms:CreateAlias", Key: key, Alias: aliasOne}},
		{"no ARN", "not the ARN", evaluator.Request{Principal: bob(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: "k1"}}},
		{"ARN of something else", "not the ARN", evaluator.Request{Principal: bob(), Action: "kms:Decrypt", Key: &evaluator.Key{ARN: "arn:aws:s3:::b"}}},
		{"condition keys that differ by case", "differ only by case", evaluator.Request{
			Principal: bob(), Action: "kms:Decrypt", Key: key,
			Context: evaluator.Context{"kms:EncryptionContext:a": {"1"}, "kms:EncryptionContext:A": {"2"}},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := evaluator.New(mapWorld{})
			d, err := e.Authorize(t.Context(), c.req)
			problem, ok := errors.AsType[*evaluator.RequestError](err)
			require.True(t, ok, "%v", err)
			assert.Contains(t, problem.Error(), c.problem)
			assert.Equal(t, evaluator.Deny, d.Decision, "an error must not allow")

			d, err = e.Explain(t.Context(), c.req)
			assert.EqualError(t, err, problem.Error())
			assert.Equal(t, evaluator.Deny, d.Decision)
			_, err = e.Suggest(t.Context(), c.req)
			assert.EqualError(t, err, problem.Error())
			_, err = e.Export(c.req)
			assert.EqualError(t, err, problem.Error())
		})
	}
}

// TestCaseOfContext says what names of condition keys and tags that differ by case alone mean.
func TestCaseOfContext(t *testing.T) {
	doc := mustParse(t, policy.KeyPolicy, "key", `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*",
		"Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/TEAM": "red", "kms:encryptioncontext:A": "1"}}}}`)
	key := &evaluator.Key{ARN: keyOne, Policy: doc}
	e := evaluator.New(mapWorld{})
	decide := func(tags map[string]string, context evaluator.Context) (evaluator.Decision, error) {
		p := bob()
		p.Tags = tags
		return e.Authorize(t.Context(), evaluator.Request{Principal: p, Action: "kms:decrypt", Key: key, Context: context})
	}
	d, err := decide(map[string]string{"Team": "red"}, evaluator.Context{"KMS:EncryptionContext:a": {"1"}})
	require.NoError(t, err)
	assert.Equal(t, evaluator.Allow, d.Decision)

	d, err = decide(map[string]string{"Team": "red", "team": "red"}, evaluator.Context{
		"kms:EncryptionContext:a": {"1"}, "kms:EncryptionContext:A": {"1"}, "kms:EncryptionContext:b": {},
	})
	require.NoError(t, err, "the values are the same")
	assert.Equal(t, evaluator.Allow, d.Decision)

	d, err = decide(map[string]string{"Team": "red", "team": "blue"}, evaluator.Context{"kms:EncryptionContext:a": {"1"}})
	require.ErrorContains(t, err, "differ only by case")
	assert.Equal(t, evaluator.Deny, d.Decision)
}

// TestConcurrentRequests decides the requests of a scene at once, among requests at fault: what is kept between
// requests must not be seen by another.
func TestConcurrentRequests(t *testing.T) {
	shared := evaluator.New(mapWorld{})
	rapid.Check(t, func(t *rapid.T) {
		s := newScene(t, 12)
		e := shared.In(s.world)
		errs := make(chan string, 4*len(s.requests))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for _, req := range s.requests {
					atFault := req
					atFault.Context = evaluator.Context{"aws:username": {"x"}, "AWS:UserName": {"y"}}
					if _, err := e.Authorize(context.Background(), atFault); err == nil {
						errs <- "a request at fault was decided"
					}
					got, err := e.Authorize(context.Background(), req)
					if want := refDecide(s.world, req); err != nil || summary(got).String() != want.String() {
						errs <- describe(s.world, req)
					}
				}
			})
		}
		wg.Wait()
		close(errs)
		for problem := range errs {
			t.Fatal(problem)
		}
	})
}
