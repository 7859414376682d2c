package enforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

func TestAuthorizeInAWSsWords(t *testing.T) {
	user := "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt "
	stranger := func(t *testing.T) *iam.Principal {
		p := alice(t, allowsAll)
		p.ARN, p.Account = "arn:aws:iam::444455556666:user/alice", foreign
		return p
	}
	for _, test := range []struct {
		name   string
		caller *iam.Principal
		key    *kms.Key
		opaque bool
		want   string // empty for allowed
	}{
		{"delegated and allowed", alice(t, allowsAll), key(t, delegating), false, ""},
		{
			"delegated and silent", alice(t, ""), key(t, delegating), false,
			user + "on resource: " + keyARN + " because no identity-based policy allows the kms:Decrypt action",
		},
		{
			"not delegated", alice(t, allowsAll), key(t, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},"Action":"kms:*","Resource":"*"}`), false,
			user + "on resource: " + keyARN + " because no resource-based policy allows the kms:Decrypt action",
		},
		{
			"denied", alice(t, allowsAll), key(t, delegating+`,{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`), false,
			user + "on resource: " + keyARN + " with an explicit deny in a resource-based policy",
		},
		{
			"key found in the ciphertext", alice(t, ""), key(t, delegating), true,
			"The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
		},
		{
			"of another account", stranger(t), key(t, delegating), false,
			"User: arn:aws:iam::444455556666:user/alice is not authorized to perform: kms:Decrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := enforcer(t, Config{}).Call(by(test.caller))
			err := c.Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: test.key, FromCiphertext: test.opaque})
			allowed, wouldErr := c.Would(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: test.key})
			require.NoError(t, wouldErr)
			require.Equal(t, test.want == "", allowed)
			require.Len(t, c.Decisions(), 1, "a question leaves no trace")
			d := c.Decisions()[0]
			require.Equal(t, test.want == "", d.Allowed)
			require.Equal(t, test.want == "", d.Passed)
			require.Equal(t, test.want != "", c.Denied())
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			refusal, ok := errors.AsType[*kms.Error](err)
			require.True(t, ok)
			require.Equal(t, kms.CodeAccessDenied, refusal.Code)
			require.Equal(t, test.want, refusal.Message)
			explained, err := c.Explain(t.Context(), &d)
			require.NoError(t, err)
			require.Equal(t, d.Answer.Reason, explained.Reason)
		})
	}
}

// Grants: for the grantee by itself, within its constraints; RetireGrant by the id of the grant.
func TestAuthorizeByGrant(t *testing.T) {
	k := key(t, delegating)
	k.Grants = []*policy.Grant{
		{
			ID: "g1", KeyARN: keyARN, GranteePrincipal: "arn:aws:iam::111122223333:user/alice", IssuingAccount: account,
			Operations: []string{"Encrypt", "CreateGrant", "RetireGrant"}, EncryptionContextSubset: map[string]string{"tenant": "a"},
		},
		{ID: "g2", KeyARN: keyARN, GranteePrincipal: "arn:aws:iam::111122223333:user/bob", IssuingAccount: account, Operations: []string{"Encrypt"}},
	}
	ask := func(access kms.Access) bool {
		access.Key = k
		return enforcer(t, Config{}).Call(by(alice(t, ""))).Authorize(t.Context(), &access) == nil
	}
	tenant := func(name string) map[string][]string {
		return map[string][]string{"kms:EncryptionContext:tenant": {name}}
	}
	require.True(t, ask(kms.Access{Action: "kms:Encrypt", Context: tenant("a")}))
	require.False(t, ask(kms.Access{Action: "kms:Encrypt", Context: tenant("b")}))
	require.False(t, ask(kms.Access{Action: "kms:Encrypt"}))
	require.False(t, ask(kms.Access{Action: "kms:Decrypt", Context: tenant("a")}))
	require.True(t, ask(kms.Access{Action: "kms:CreateGrant"}))
	require.True(t, ask(kms.Access{Action: "kms:RetireGrant", Grant: "g1"}))
	require.False(t, ask(kms.Access{Action: "kms:RetireGrant", Grant: "g2"}))
	require.False(t, ask(kms.Access{Action: "kms:RetireGrant", Grant: "g3"}))
}

// A grant to an account is for its root user, and counts once.
func TestAuthorizeRootByGrant(t *testing.T) {
	k := key(t, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},"Action":"kms:*","Resource":"*"}`)
	root := &iam.Principal{Type: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: account, UniqueID: account}
	k.Grants = []*policy.Grant{{
		ID: "g1", KeyARN: keyARN, GranteePrincipal: root.ARN, IssuingAccount: account, Operations: []string{"Encrypt"},
	}}
	c := enforcer(t, Config{}).Call(by(root))
	require.NoError(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k}))
	explained, err := c.Explain(t.Context(), &c.Decisions()[0])
	require.NoError(t, err)
	for _, layer := range explained.Layers {
		if layer.Layer == "grant" {
			require.Len(t, layer.Statements, 1)
		}
	}
}

// Only a service may call for somebody else, and then it is the other's permissions that count.
func TestForwardAccess(t *testing.T) {
	access := &kms.Access{Action: "kms:Decrypt", Key: key(t, delegating)}
	ask := func(signer, other *iam.Principal) error {
		connection := by(signer)
		connection.OnBehalfOf = other
		return enforcer(t, Config{}).Call(connection).Authorize(t.Context(), access)
	}
	require.NoError(t, ask(service("s3.amazonaws.com"), alice(t, allowsAll)))
	require.Error(t, ask(service("s3.amazonaws.com"), alice(t, "")))
	require.Error(t, ask(service("s3.amazonaws.com"), nil), "the service has no permission of its own")
	refusal := ask(alice(t, allowsAll), alice(t, allowsAll))
	require.ErrorContains(t, refusal, kms.CodeAccessDenied, "a user is not a service, whatever both may do")
}

// broken is an evaluator that cannot decide.
type broken struct{ err error }

func (b broken) Authorize(context.Context, evaluator.Request) (evaluator.Decision, error) {
	return evaluator.Decision{Decision: evaluator.Allow, Reason: "direct-key-policy"}, b.err // an answer beside an error counts for nothing
}

func (b broken) Explain(context.Context, evaluator.Request) (evaluator.Decision, error) {
	return evaluator.Decision{Decision: evaluator.Allow}, b.err
}

func (b broken) Suggest(context.Context, evaluator.Request) ([]string, error) { return nil, b.err }

// An error while deciding denies, and says nothing of its cause to the caller.
func TestAuthorizeFailsClosed(t *testing.T) {
	k := key(t, delegating)
	t.Run("inside", func(t *testing.T) {
		var log bytes.Buffer
		e := enforcer(t, Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		e.evaluator = broken{errors.New("the evaluator is on fire")}
		c := e.Call(by(alice(t, allowsAll)))
		err := c.Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: k})
		refusal, ok := errors.AsType[*kms.Error](err)
		require.True(t, ok)
		require.Equal(t, kms.CodeInternal, refusal.Code)
		require.Empty(t, refusal.Message)
		require.False(t, c.Decisions()[0].Allowed)
		require.False(t, c.Decisions()[0].Passed)
		require.Equal(t, "error", c.Decisions()[0].Answer.Reason)
		require.True(t, c.Denied())
		require.Contains(t, log.String(), "the evaluator is on fire")
		allowed, err := c.Would(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: k})
		require.Error(t, err)
		require.False(t, allowed)
		_, err = c.Explain(t.Context(), &c.Decisions()[0])
		require.ErrorContains(t, err, "on fire")
	})
	for _, test := range []struct {
		name   string
		caller *iam.Principal
		access kms.Access
	}{
		{"no principal", nil, kms.Access{Action: "kms:Decrypt", Key: k}},
		{"principal of no type", &iam.Principal{ARN: "arn:aws:iam::111122223333:user/x"}, kms.Access{Action: "kms:Decrypt", Key: k}},
		{"unknown action", alice(t, allowsAll), kms.Access{Action: "kms:Encript", Key: k}},
		{"no key", alice(t, allowsAll), kms.Access{Action: "kms:Decrypt"}},
		{"contradicting context", alice(t, allowsAll), kms.Access{Action: "kms:Decrypt", Key: k, Context: map[string][]string{
			"kms:EncryptionContext:a": {"1"}, "kms:EncryptionContext:A": {"2"},
		}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := enforcer(t, Config{}).Call(by(test.caller))
			err := c.Authorize(t.Context(), &test.access)
			refusal, ok := errors.AsType[*kms.Error](err)
			require.True(t, ok)
			require.Equal(t, kms.CodeAccessDenied, refusal.Code)
			require.Contains(t, refusal.Message, "is not authorized to perform: "+test.access.Action)
			require.Error(t, c.Decisions()[0].Err)
		})
	}
}

// A policy that was loaded with values left open does not allow what depends on them.
func TestConditionalIsNotAllowed(t *testing.T) {
	e := enforcer(t, Config{})
	e.evaluator = conditional{}
	err := e.Call(by(alice(t, ""))).Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: key(t, delegating)})
	require.ErrorContains(t, err, "AccessDeniedException: User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt")
}

type conditional struct{ broken }

func (conditional) Authorize(context.Context, evaluator.Request) (evaluator.Decision, error) {
	return evaluator.Decision{Decision: evaluator.Conditional, Reason: "unresolved-value"}, nil
}

func TestSoftLogsOncePerCauseAndLetsPass(t *testing.T) {
	var log bytes.Buffer
	e := enforcer(t, Config{Mode: Soft, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	lines := func() []string {
		defer log.Reset()
		return strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
	}
	k := key(t, delegating)
	for range 3 {
		c := e.Call(by(alice(t, "")))
		require.NoError(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: k}))
		require.False(t, c.Decisions()[0].Allowed)
		require.True(t, c.Decisions()[0].Passed)
		require.True(t, c.Denied())
	}
	logged := lines()
	require.Len(t, logged, 1, "once per cause")
	var line struct {
		Level, Msg, Principal, Action, Resource, Reason, Message string
		Explanation                                              evaluator.Decision
	}
	require.NoError(t, json.Unmarshal([]byte(logged[0]), &line))
	require.Equal(t, "WARN", line.Level)
	require.Equal(t, "would be denied", line.Msg)
	require.Equal(t, "arn:aws:iam::111122223333:user/alice", line.Principal)
	require.Equal(t, "kms:Decrypt", line.Action)
	require.Equal(t, keyARN, line.Resource)
	require.Equal(t, "no-identity-policy", line.Reason)
	require.Contains(t, line.Message, "because no identity-based policy allows")
	require.NotEmpty(t, line.Explanation.Layers)

	// Another action, another reason and another caller are other causes; an allowed access is none.
	require.NoError(t, e.Call(by(alice(t, ""))).Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k}))
	require.Len(t, lines(), 1)
	require.NoError(t, e.Call(by(alice(t, `{"Effect":"Deny","Action":"*","Resource":"*"}`))).Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k}))
	require.Len(t, lines(), 1)
	require.NoError(t, e.Call(by(service("s3.amazonaws.com"))).Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k}))
	require.Len(t, lines(), 1)
	require.NoError(t, e.Call(by(alice(t, allowsAll))).Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k}))
	require.Empty(t, log.String())

	// The question of the lockout check passes too.
	allowed, err := e.Call(by(alice(t, ""))).Would(t.Context(), &kms.Access{Action: "kms:PutKeyPolicy", Key: k})
	require.NoError(t, err)
	require.True(t, allowed)
	require.Contains(t, log.String(), "kms:PutKeyPolicy")
	log.Reset()

	// So does what cannot be decided: soft stops nothing.
	e.evaluator = broken{errors.New("the evaluator is on fire")}
	c := e.Call(by(alice(t, "")))
	require.NoError(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:Sign", Key: k}))
	require.False(t, c.Decisions()[0].Allowed)
	require.Contains(t, log.String(), "on fire")
}

func TestSoftForgetsCauses(t *testing.T) {
	e := enforcer(t, Config{Mode: Soft})
	k := key(t, delegating)
	for i := range maxCauses + 100 {
		p := alice(t, "")
		p.ARN += strings.Repeat("x", i%64) + string(rune('a'+i/64%26)) + string(rune('a'+i/64/26))
		require.NoError(t, e.Call(by(p)).Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: k}))
	}
	require.Equal(t, maxCauses, e.causes.Len())
}

func TestOffDecidesNothingAndSaysSo(t *testing.T) {
	e := enforcer(t, Config{Mode: Off})
	e.evaluator = broken{errors.New("must not be asked")}
	c := e.Call(Connection{RequestID: "r"})
	k := key(t, delegating)
	require.NoError(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:Decrypt", Key: k}))
	allowed, err := c.Would(t.Context(), &kms.Access{Action: "kms:PutKeyPolicy", Key: k})
	require.NoError(t, err)
	require.True(t, allowed)
	require.Len(t, c.Decisions(), 1)
	d := c.Decisions()[0]
	require.False(t, d.Allowed)
	require.True(t, d.Passed)
	require.Empty(t, d.Answer.Decision)
	require.False(t, c.Denied())
	require.Equal(t, Off, c.Mode())
}

// An operation that is done over asks the same again.
func TestCallKeepsTheLastAnswer(t *testing.T) {
	c := enforcer(t, Config{}).Call(by(alice(t, allowsAll)))
	for range 5 {
		k := key(t, delegating)
		c.Key(k)
		c.Note("grantId", "g")
		require.NoError(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:CreateAlias", Key: k}))
		require.NoError(t, c.Authorize(t.Context(), &kms.Access{Action: "kms:CreateAlias", Alias: "arn:aws:kms:us-east-1:111122223333:alias/a"}))
		require.Same(t, k, c.Keys()[0])
	}
	c.Material("m")
	require.Len(t, c.Decisions(), 2)
	require.Len(t, c.Keys(), 1)
	require.Equal(t, []Note{{Name: "grantId", Value: "g"}}, c.Notes())
	require.Equal(t, []string{"m"}, c.Materials())
}

func TestCallBeginsByTheClock(t *testing.T) {
	require.Equal(t, now, enforcer(t, Config{}).Call(by(nil)).Connection().Time)
}

// The compiled policies stay with the version of the key and of the caller.
func TestConversionIsMadeOnce(t *testing.T) {
	k, p := key(t, delegating), alice(t, "")
	k.Tags = []kms.Tag{{TagKey: "team", TagValue: "a"}}
	k.Metadata.MultiRegion, k.Metadata.MultiRegionKeyType = true, "PRIMARY"
	require.Same(t, keyOf(k), keyOf(k))
	require.Same(t, principalOf(p), principalOf(p))
	require.Equal(t, map[string]string{"team": "a"}, keyOf(k).Tags)
	require.Equal(t, "true", keyOf(k).MultiRegion)
	require.Equal(t, "PRIMARY", keyOf(k).MultiRegionKeyType)
}

type organizations map[string]*iam.Organization

func (o organizations) Organization(account string) *iam.Organization { return o[account] }

func TestWorldOfOrganizations(t *testing.T) {
	o := &iam.Organization{Account: account, ID: "o-1", Path: "o-1/r-1/", Management: true}
	w := World(organizations{account: o})
	require.Nil(t, w.Account(foreign))
	got := w.Account(account)
	require.Equal(t, &evaluator.Account{ID: account, OrganizationID: "o-1", OrganizationPath: "o-1/r-1/", Management: true}, got)
	require.Same(t, got, w.Account(account))
}

// A statement that names a user means the one that was there when it was put, also for the federated users of that
// user; and whoever it cannot be told of is bound by what denies.
func TestDenyOfAUserBindsItsFederatedUsers(t *testing.T) {
	const user = "arn:aws:iam::111122223333:user/alice"
	for id, denied := range map[string]bool{"AIDAALICE": true, "AIDALATER": false, "": true} {
		k := key(t, `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},
			{"Effect":"Deny","Principal":{"AWS":"`+user+`"},"Action":"kms:*","Resource":"*"}`)
		k.PrincipalIDs = map[string]string{user: "AIDAALICE"}
		err := enforcer(t, Config{}).Call(by(&iam.Principal{
			Type: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/fed", Account: account, Name: "fed",
			Issuer: user, IssuerID: id, Temporary: true,
		})).Authorize(t.Context(), &kms.Access{Action: "kms:Encrypt", Key: k})
		require.Equal(t, denied, err != nil, "%q: %v", id, err)
	}
}
