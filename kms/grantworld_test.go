package kms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

const (
	ownerAccount = "111122223333"
	otherAccount = "444455556666"
)

// grantWorld is a service whose calls are decided by package evaluator, with principals of two accounts.
type grantWorld struct {
	t          *testing.T
	store      store.Store
	service    *Service
	evaluator  *evaluator.Evaluator
	principals map[string]*evaluator.Principal

	mu     sync.Mutex
	now    time.Time
	asked  []*Access // what was asked for and allowed or denied
	notes  map[string]string
	absent map[string]bool // principals that do not exist
	unique map[string]string
	source string // aws:SourceArn of the calls
}

type noOrganizations struct{}

func (noOrganizations) Account(string) *evaluator.Account { return nil }

func newGrantWorld(t *testing.T) *grantWorld {
	t.Helper()
	return newGrantWorldOn(t, mem.New())
}

func newGrantWorldOn(t *testing.T, st store.Store) *grantWorld {
	t.Helper()
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes))
	require.NoError(t, err)
	w := &grantWorld{
		t: t, store: st, evaluator: evaluator.New(noOrganizations{}), principals: map[string]*evaluator.Principal{},
		now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), notes: map[string]string{}, absent: map[string]bool{}, unique: map[string]string{},
	}
	w.service, err = New(t.Context(), Config{Store: w.store, Root: root, Clock: w.clock, Principals: w})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(w.service.Close(), w.store.Close())) })
	for _, account := range []string{ownerAccount, otherAccount} {
		w.principals["root@"+account] = &evaluator.Principal{
			Type: evaluator.Root, ARN: "arn:aws:iam::" + account + ":root", Account: account, UniqueID: account,
		}
	}
	return w
}

func (w *grantWorld) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Lookup implements [Principals].
func (w *grantWorld) Lookup(arn string) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unique[arn], !w.absent[arn]
}

// user adds a user with an identity policy, empty for none, and returns its ARN.
func (w *grantWorld) user(account, name, identity string) string {
	w.t.Helper()
	p := &evaluator.Principal{
		Type: evaluator.User, ARN: fmt.Sprintf("arn:aws:iam::%s:user/%s", account, name), Account: account, Name: name,
	}
	if identity != "" {
		document, diagnostics := policy.Parse(policy.IdentityPolicy, name, []byte(identity))
		require.False(w.t, diagnostics.HasErrors(), diagnostics)
		p.Identity = []*policy.Document{document}
	}
	w.principals[name] = p
	return p.ARN
}

// key makes a key that the owner's account administers, with further statements in its policy.
func (w *grantWorld) key(input in, statements ...string) string {
	w.t.Helper()
	all := append([]string{fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}`,
		ownerAccount)}, statements...)
	request := maps.Clone(input)
	if request == nil {
		request = in{}
	}
	request["Policy"] = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, strings.Join(all, ","))
	out := mustAs[createKeyOutput](w, "root@"+ownerAccount, "CreateKey", request)
	return out.KeyMetadata.Arn
}

// caller is the Authorizer and Observer of one principal's calls.
type caller struct {
	world     *grantWorld
	principal *evaluator.Principal
}

func (c caller) decide(ctx context.Context, access *Access) (evaluator.Decision, error) {
	request := evaluator.Request{
		Principal: c.principal, Action: access.Action, Alias: access.Alias, Grant: access.Grant,
		Context: evaluator.Context(maps.Clone(access.Context)),
	}
	if c.world.source != "" {
		if request.Context == nil {
			request.Context = evaluator.Context{}
		}
		request.Context["aws:SourceArn"] = []string{c.world.source}
	}
	if access.Key != nil {
		request.Key = access.Key.Memo(decidable).(*evaluator.Key)
	}
	return c.world.evaluator.Authorize(ctx, request)
}

// decidable is what the evaluator sees of a key.
func decidable(k *Key) any {
	return &evaluator.Key{
		ARN: k.ARN, Policy: k.PolicyDocument, Grants: k.Grants, Aliases: k.Aliases,
		Spec: k.Metadata.Spec, Usage: k.Metadata.Usage, Origin: k.Metadata.Origin, MultiRegion: "false",
	}
}

func (c caller) Authorize(ctx context.Context, access *Access) error {
	decision, err := c.decide(ctx, access)
	if err != nil {
		return err
	}
	c.world.mu.Lock()
	c.world.asked = append(c.world.asked, access)
	c.world.mu.Unlock()
	if decision.Decision != evaluator.Allow {
		return &Error{Code: CodeAccessDenied, Message: decision.Message}
	}
	return nil
}

func (c caller) Would(ctx context.Context, access *Access) (bool, error) {
	decision, err := c.decide(ctx, access)
	return decision.Decision == evaluator.Allow, err
}

func (c caller) Key(*Key)        {}
func (c caller) Material(string) {}

func (c caller) Note(name string, value any) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.notes[name] = value.(string)
}

// do runs an operation for a principal by its name.
func (w *grantWorld) do(who, operation string, input in) (Result, error) {
	w.t.Helper()
	p := w.principals[who]
	require.NotNil(w.t, p, who)
	src, err := json.Marshal(input)
	require.NoError(w.t, err)
	as := caller{w, p}
	call := &Call{
		Account: p.Account, Partition: "aws", Region: "us-east-1", Principal: p.ARN, Authorizer: as, Observer: as,
	}
	return w.service.Do(w.t.Context(), call, operation, src)
}

func mustAs[Out any](w *grantWorld, who, operation string, input in) *Out {
	w.t.Helper()
	result, err := w.do(who, operation, input)
	require.NoError(w.t, err)
	out, ok := result.Output.(*Out)
	require.True(w.t, ok, "%T", result.Output)
	return out
}

// does runs an operation that succeeds.
func (w *grantWorld) does(who, operation string, input in) {
	w.t.Helper()
	_, err := w.do(who, operation, input)
	require.NoError(w.t, err)
}

// fails runs an operation that fails with an exception.
func (w *grantWorld) fails(who, operation string, input in, code string) *Error {
	w.t.Helper()
	result, err := w.do(who, operation, input)
	require.Error(w.t, err)
	require.Nil(w.t, result.Output)
	e, ok := errors.AsType[*Error](err)
	require.True(w.t, ok, "%T", err)
	require.Equal(w.t, code, e.Code, e.Message)
	return e
}

// grant makes a grant as the owner's root user.
func (w *grantWorld) grant(key, grantee string, input in) *createGrantOutput {
	w.t.Helper()
	return mustAs[createGrantOutput](w, "root@"+ownerAccount, "CreateGrant", grantRequest(key, grantee, input))
}

// grantRequest is the input of CreateGrant: for Decrypt unless it says otherwise.
func grantRequest(key, grantee string, input in) in {
	request := in{"KeyId": key, "GranteePrincipal": grantee, "Operations": []string{"Decrypt"}}
	maps.Copy(request, input)
	for name, value := range request {
		if value == nil {
			delete(request, name)
		}
	}
	return request
}

// ids are the ids of the grants on a key.
func (w *grantWorld) ids(key string) []string {
	w.t.Helper()
	var ids []string
	for _, g := range mustAs[listGrantsOutput](w, "root@"+ownerAccount, "ListGrants", in{"KeyId": key, "Limit": 100}).Grants {
		ids = append(ids, g.GrantId)
	}
	return ids
}

// lastContext are the condition keys of the last access that was asked for.
func (w *grantWorld) lastContext() map[string][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[len(w.asked)-1].Context
}
