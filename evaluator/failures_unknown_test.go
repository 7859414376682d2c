package evaluator

import (
	"context"
	"slices"
	"sync"
	"testing"

	oparego "github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// openingOfAll leaves open what the policies of everyLayer have conditions on.
var openingOfAll = Unknown{Keys: []string{"kms:EncryptionContext:*", "kms:ViaService"}}

// TestMistakesDenyUnknown spoils the translation of one policy after the other, as TestMistakesDeny does.
func TestMistakesDenyUnknown(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*rego.Unit){
		"elements do not compile": func(u *rego.Unit) { u.Explain = explainPackage + "met contains no_such_function(1)" },
		"elements are no Rego":    spoilt["explanation is no Rego"],
		"elements are others":     spoilt["explanation is not the units"],
		"namings are others":      func(u *rego.Unit) { u.Statements[0].Classes = []rego.ClassPrincipal{{Class: rego.ClassAllow, ID: "x"}} },
		"residual is no Rego":     spoilt["residual is no Rego"],
		"elements contradict":     contradict,
	}
	for name, spoil := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failures := 0
			for n := range 24 {
				world, req := everyLayer(t)
				req.Context = nil
				e := New(world)
				at := 0
				e.testOnlySpoil = func(u *rego.Unit) {
					if at++; at == n+1 {
						spoil(u)
					}
				}
				v, err := e.Settle(t.Context(), req, openingOfAll)
				if err != nil {
					failures++
					require.Equal(t, Deny, v)
				}
				v, err = spoiltAt(world, n, spoil).SettleExactly(t.Context(), req, openingOfAll)
				require.True(t, err == nil || v == Deny)
				at = n
				r, err := e.Resolve(t.Context(), req, openingOfAll)
				if err != nil {
					failures++
					require.Equal(t, failed(), r.Decision)
				}
			}
			require.GreaterOrEqual(t, failures, 3)
		})
	}
}

// TestMistakesDenyPoints spoils the elements of statements that are first evaluated at the values that are tried for what is
// open: about the encryption context as a whole, about a call that a service makes, and about one key.
func TestMistakesDenyPoints(t *testing.T) {
	t.Parallel()
	for condition, grants := range map[string][]*Grant{
		`"StringEquals": {"kms:EncryptionContext:a": "b"}`:                                                        {{ID: "g", GranteePrincipal: "*", Operations: []string{"Encrypt"}}},
		`"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "b"}`:                                          nil,
		`"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}, "Bool": {"aws:ViaAWSService": "true"}`: nil,
		`"StringEquals": {"aws:SourceVpce": "vpce-1"}`:                                                            nil,
	} {
		doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {`+condition+`}}]}`))
		require.False(t, diags.HasErrors(), "%v", diags)
		_, req := everyLayer(t)
		req.Context, req.EndpointPolicies = nil, nil
		req.Principal = &Principal{Type: User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice"}
		req.Key = &Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: doc, Grants: grants}
		e := New(oneAccount{})
		e.testOnlySpoil = func(u *rego.Unit) {
			u.Explain = explainPackage + "both := false if true\nboth := true if true\n"
			for _, st := range u.Statements {
				for _, el := range st.Elements {
					u.Explain += "met contains \"" + el.ID + "\"" + map[rego.ElementKind]string{rego.ElementCondition: " if both"}[el.Kind] + "\n"
				}
				u.Explain += "met contains \"" + st.Classes[0].ID + "\"\n"
			}
		}
		r, err := e.Resolve(t.Context(), req, Unknown{Others: true})
		require.ErrorContains(t, err, "eval_conflict_error", condition)
		require.Equal(t, failed(), r.Decision)
	}
}

// spoiltAt is an evaluator with one spoilt translation.
func spoiltAt(world World, n int, spoil func(*rego.Unit)) *Evaluator {
	e, at := New(world), 0
	e.testOnlySpoil = func(u *rego.Unit) {
		if at++; at == n+1 {
			spoil(u)
		}
	}
	return e
}

// contradict makes every element of a statement a contradiction when it is evaluated, in part or in full.
func contradict(u *rego.Unit) {
	u.Explain = explainPackage + "both := true if true\nboth := false if true\n"
	for _, st := range u.Statements {
		for i, e := range st.Elements {
			u.Explain += "met contains \"" + e.ID + "\" if both\n"
			st.Elements[i].Keys = append(e.Keys, "aws:username")
		}
		for _, c := range st.Classes {
			u.Explain += "met contains \"" + c.ID + "\"\n"
		}
	}
}

// TestDecisionModuleFailsUnknown has a decision module without a verdict.
func TestDecisionModuleFailsUnknown(t *testing.T) {
	t.Parallel()
	world, req := everyLayer(t)
	req.Context = nil
	e := New(world)
	query, err := oparego.New(
		oparego.Query("verdict = data.strictkms.decision.verdict; assumptions = data.strictkms.decision.assumptions"),
		oparego.Module("decision.rego", "package strictkms.decision\nassumptions := set()\nverdict := 1"),
	).PrepareForEval(context.Background())
	require.NoError(t, err)
	e.combiner = &combiner{query: query}
	e.combiner.known.Store(&map[facts]*verdict{})
	v, err := e.Settle(t.Context(), req, openingOfAll)
	require.ErrorContains(t, err, "verdict is json.Number")
	require.Equal(t, Deny, v)
	r, err := e.Resolve(t.Context(), req, openingOfAll)
	require.ErrorContains(t, err, "verdict is json.Number")
	require.Equal(t, failed(), r.Decision)
}

// TestUnknownEndsWithTheContext has a context that has ended.
func TestUnknownEndsWithTheContext(t *testing.T) {
	t.Parallel()
	world, req := everyLayer(t)
	req.Context = nil
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := New(world).Resolve(ended, req, openingOfAll)
	if err != nil { // OPA looks at it now and then
		require.ErrorContains(t, err, "cancel")
	}
}

// TestWitnesses finds texts for what patterns can tell apart.
func TestWitnesses(t *testing.T) {
	t.Parallel()
	star := symbol{char: wildcard, run: true}
	for name, c := range map[string]struct {
		patterns []pattern
		some     bool
		want     []string
	}{
		"nothing":            {want: []string{""}},
		"nothing, some text": {some: true, want: []string{"x"}},
		"two texts":          {patterns: []pattern{literalPattern("a", false), literalPattern("b", false)}, want: []string{"", "a", "b"}},
		"the same in any case": {
			patterns: []pattern{literalPattern("a", true), literalPattern("A", false)}, want: []string{"", "a", "A"},
		},
		"within another": {
			patterns: []pattern{{{char: 'a'}, star}, {star, {char: 'b'}}}, want: []string{"", "a", "b", "ab"},
		},
		"as long":  {patterns: []pattern{{{char: wildcard}}, {{char: wildcard}, {char: wildcard}}}, want: []string{"", "x", "xx"}},
		"no colon": {patterns: []pattern{{{char: wildcard, run: true, within: true}}, {star}}, want: []string{"", ":"}},
	} {
		texts, ok := witnesses(c.patterns, c.some)
		require.True(t, ok, name)
		require.ElementsMatch(t, c.want, texts, name)
	}
	var many []pattern
	for i := range 14 { // every set of them is matched by some text
		many = append(many, pattern{star, {char: rune('a' + i)}, star})
	}
	_, ok := witnesses(many, false)
	require.False(t, ok, "too many to tell")
	_, ok = witnesses([]pattern{make(pattern, 0xFF00)}, false)
	require.False(t, ok, "too long")
}

// TestUnknownNames refuses what is no name of a condition key, and says all that is wrong.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	world, req := everyLayer(t)
	_, err := New(world).Settle(t.Context(), req, Unknown{Keys: []string{"key", "kms:*x*", "kms:EncryptionContext:", "KMS:encryptioncontext:A", "aws:*"}})
	var bad *RequestError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, `the unknown "key" is no condition key: expected a name such as kms:ViaService, or a family such as kms:EncryptionContext:*
the unknown "kms:*x*" is no condition key: expected a name such as kms:ViaService, or a family such as kms:EncryptionContext:*
the unknown "kms:EncryptionContext:" is no condition key: expected a name such as kms:ViaService, or a family such as kms:EncryptionContext:*
the condition key KMS:encryptioncontext:A is given and unknown at once`, bad.Problem)
	_, err = New(world).Resolve(t.Context(), req, Unknown{Keys: []string{"key"}})
	require.ErrorAs(t, err, &bad)
	_, err = New(world).ResolveAll(t.Context(), nil, Unknown{})
	require.ErrorAs(t, err, &bad)
	req.Principal = nil
	_, err = New(world).Settle(t.Context(), req, Unknown{Others: true})
	require.ErrorAs(t, err, &bad)
	_, err = New(world).Resolve(t.Context(), req, Unknown{})
	require.ErrorAs(t, err, &bad)
}

// TestNothingUnknownIsAuthorize asks without open keys.
func TestNothingUnknownIsAuthorize(t *testing.T) {
	t.Parallel()
	world, req := everyLayer(t)
	for _, value := range []string{"c c", "d d", "other"} {
		req.Context = Context{"kms:EncryptionContext:a": {value}}
		want, err := New(world).Authorize(t.Context(), req)
		require.NoError(t, err)
		got, err := New(world).Resolve(t.Context(), req, Unknown{})
		require.NoError(t, err)
		require.Equal(t, Residual{Decision: want}, got)
	}
}

// TestUnknownEndpoint leaves open whether a service makes the call: the policy of the VPC endpoint is then not asked.
func TestUnknownEndpoint(t *testing.T) {
	t.Parallel()
	parse := func(kind policy.Kind, text string) *policy.Document {
		doc, diags := policy.Parse(kind, kind.String(), []byte(`{"Version": "2012-10-17", "Statement": [`+text+`]}`))
		require.False(t, diags.HasErrors(), "%v", diags)
		return doc
	}
	everything := `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}`
	req := Request{
		Principal: &Principal{Type: User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice"},
		Action:    "kms:Decrypt",
		Key:       &Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: parse(policy.KeyPolicy, everything)},
	}
	for name, c := range map[string]struct {
		endpoint string
		want     []string
	}{
		"it allows": {endpoint: everything},
		"it denies": {endpoint: everything + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}`, want: []string{"kms:ViaService is present"}},
		"it denies for a reason": {
			endpoint: everything + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`,
			want:     []string{`aws:SecureTransport = "true" or missing`, "kms:ViaService is present"},
		},
		"it denies for a reason and allows nothing": {
			endpoint: `{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`,
			want:     []string{"kms:ViaService is present"},
		},
		"it says nothing": {endpoint: "", want: []string{"kms:ViaService is present"}},
	} {
		req.EndpointPolicies = []*policy.Document{}
		if c.endpoint != "" {
			req.EndpointPolicies = append(req.EndpointPolicies, parse(policy.VPCEndpointPolicy, c.endpoint))
		}
		r, err := New(oneAccount{}).Resolve(t.Context(), req, Unknown{Keys: []string{"kms:ViaService", "aws:SecureTransport"}})
		require.NoError(t, err, name)
		require.Equal(t, c.want, r.Conditions, name)
	}
}

// TestOpenTags has a principal and a key whose tags are not known.
func TestOpenTags(t *testing.T) {
	t.Parallel()
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}},
		{"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"},
		{"Effect": "Allow", "Principal": "*", "Action": "kms:Sign", "Resource": "*", "Condition": {"StringLike": {"kms:KeySpec": "RSA_*"}}}]}`))
	require.False(t, diags.HasErrors(), "%v", diags)
	alice := &Principal{
		Type: User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice",
		Tags: map[string]string{"team": "blue"}, Open: []string{"aws:PrincipalTag/*"},
	}
	key := &Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: doc, Spec: "RSA_2048", Open: []string{"kms:keyspec"}}
	e := New(oneAccount{})
	for action, want := range map[string][]string{
		"kms:Decrypt":     {"conditional", `aws:PrincipalTag/team = "red"`},
		"kms:Encrypt":     {"allow"},
		"kms:Sign":        {"conditional", `kms:KeySpec is like "RSA_*"`},
		"kms:DescribeKey": {"deny"},
	} {
		req := Request{Principal: alice, Key: key, Action: action}
		for _, decide := range []func(context.Context, Request) (Decision, error){e.Authorize, e.Explain, e.Remembering().Authorize} {
			d, err := decide(t.Context(), req)
			require.NoError(t, err)
			require.Equal(t, want, append([]string{string(d.Decision)}, d.Conditions...), action)
		}
		v, err := e.Settle(t.Context(), req, Unknown{})
		require.NoError(t, err)
		require.Equal(t, want[0], string(v))
	}
	given := Request{Principal: alice, Key: key, Action: "kms:Decrypt", Context: Context{"aws:PrincipalTag/team": {"red"}}}
	d, err := e.Authorize(t.Context(), given)
	require.NoError(t, err)
	require.Equal(t, Allow, d.Decision, "what the request gives is known")
}

// TestUnknownAtOnce asks many questions at once, of an evaluator that has answered none.
func TestUnknownAtOnce(t *testing.T) {
	t.Parallel()
	world, req := everyLayer(t)
	doc, diags := policy.Parse(policy.IdentityPolicy, "identity", []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*",
		"Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "${aws:PrincipalTag/tenant}"}}}]}`))
	require.False(t, diags.HasErrors(), "%v", diags)
	req.Context = nil
	principal := req.Principal.clone()
	principal.Identity, principal.Tags = append(principal.Identity, doc), map[string]string{"tenant": "red"}
	req.Principal = principal
	want, err := New(world).Resolve(t.Context(), req, Unknown{Others: true})
	require.NoError(t, err)
	require.Equal(t, Conditional, want.Decision.Decision)
	e := New(world)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 5 {
				got, err := e.Resolve(t.Context(), req, Unknown{Others: true})
				if err != nil || !slices.Equal(got.Conditions, want.Conditions) {
					t.Errorf("%v %q, want %q", err, got.Conditions, want.Conditions)
				}
				if v, err := e.Settle(t.Context(), req, Unknown{Others: true}); err != nil || v != Conditional {
					t.Errorf("%v %s", err, v)
				}
			}
		})
	}
	group.Wait()
}
