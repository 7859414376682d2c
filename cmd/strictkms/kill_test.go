package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"
)

// The load that a server is killed under.
const (
	killWriters = 4
	killLooked  = 30 // keys of each writer that are looked at after each kill, half of them the newest
)

// killWorld begins a template that has a user for each writer.
const killWorld = `AWSTemplateFormatVersion: 2010-09-09
Resources:
`

// killUser is a user of the template.
const killUser = `  User%[1]d:
    Type: AWS::IAM::User
    Properties:
      UserName: writer%[1]d
      Policies:
        - PolicyName: all
          PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "kms:*", Resource: "*"}]}
  Key%[1]d: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User%[1]d}}
`

// TestKilled kills a server with kill -9 while several clients write, again and again, and looks after each start for
// everything that it had acknowledged. STRICTKMS_KILLS sets how often.
func TestKilled(t *testing.T) {
	kills := 8
	if value := os.Getenv("STRICTKMS_KILLS"); value != "" {
		var err error
		kills, err = strconv.Atoi(value)
		require.NoError(t, err)
	}
	var template strings.Builder
	template.WriteString(killWorld)
	for i := range killWriters {
		fmt.Fprintf(&template, killUser, i)
	}
	dir := t.TempDir()
	file, data := filepath.Join(dir, "template.yaml"), filepath.Join(dir, "data")
	require.NoError(t, os.WriteFile(file, []byte(template.String()), 0o600))
	writers := make([]*killWriter, killWriters)
	for i := range writers {
		writers[i] = &killWriter{name: fmt.Sprintf("writer%d", i)}
	}
	for range kills {
		p := startProcess(t, data, "--load", file)
		for _, w := range writers {
			w.check(t, p, false)
		}
		killUnderLoad(t, p, writers)
	}
	p := startProcess(t, data, "--load", file)
	keys, writes := 0, int64(0)
	for _, w := range writers {
		w.check(t, p, true)
		keys, writes = keys+len(w.keys), writes+w.acknowledged.Load()
	}
	p.stop(t)
	require.Greater(t, int(writes), kills, "the writers hardly wrote")
	t.Logf("%d kills, %d acknowledged writes, %d keys", kills, writes, keys)
}

// killUnderLoad has all writers write and kills the server at some moment.
func killUnderLoad(t *testing.T, p *process, writers []*killWriter) {
	t.Helper()
	var all sync.WaitGroup
	first := make(chan struct{})
	var once sync.Once
	for _, w := range writers {
		w.client = p.client(t, w.name)
		all.Go(func() {
			for w.write(t.Context()) {
				once.Do(func() { close(first) })
			}
		})
	}
	select {
	case <-first:
	case <-time.After(30 * time.Second):
		t.Fatalf("no write was acknowledged:\n%s", p.log)
	}
	time.Sleep(time.Duration(rand.IntN(150_000)) * time.Microsecond)
	p.kill()
	all.Wait()
	for _, w := range writers {
		require.Empty(t, w.odd, "a write failed otherwise than by the end of the server:\n%s", p.log)
	}
}

// killWriter makes keys and changes them, one call after the other, and remembers what must be there and what may be.
type killWriter struct {
	name         string
	client       *kms.Client
	number       int
	keys         []*killKey
	acknowledged atomic.Int64
	odd          []string
}

// killKey is a key as it was acknowledged. A change whose answer never came may have happened or not.
type killKey struct {
	id, ciphertext  string
	aliases, grants []string
	revoked         []string
	policies        []string // that it may have: one, but for a change without an answer
	tags            map[string]string
	pendingTag      string
	pendingRevoke   string
}

// write does the next thing and reports whether it was acknowledged.
func (w *killWriter) write(ctx context.Context) bool {
	w.number++
	var err error
	key := w.last()
	switch kind := w.number % 8; {
	case key == nil || kind == 0:
		err = w.create(ctx)
	case kind == 1:
		name := fmt.Sprintf("alias/%s/%d", w.name, w.number)
		if _, err = w.client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &name, TargetKeyId: &key.id}); err == nil {
			key.aliases = append(key.aliases, name)
		}
	case kind == 2 || kind == 5:
		err = w.grant(ctx, key)
	case kind == 3:
		err = w.putPolicy(ctx, key)
	case kind == 4:
		err = w.tag(ctx, key)
	case kind == 6 && len(key.grants) > 0:
		err = w.revoke(ctx, key)
	default:
		err = w.encrypt(ctx, key)
	}
	if err == nil {
		w.acknowledged.Add(1)
		return true
	}
	if code := codeOf(err); code != "" {
		w.odd = append(w.odd, err.Error())
	}
	return false
}

func (w *killWriter) last() *killKey {
	if len(w.keys) == 0 {
		return nil
	}
	return w.keys[len(w.keys)-1]
}

func (w *killWriter) create(ctx context.Context) error {
	policy := w.policy()
	out, err := w.client.CreateKey(ctx, &kms.CreateKeyInput{
		Policy: &policy, Tags: []types.Tag{{TagKey: aws.String("writer"), TagValue: &w.name}},
	})
	if err != nil {
		return err
	}
	w.keys = append(w.keys, &killKey{
		id: aws.ToString(out.KeyMetadata.KeyId), policies: []string{policy}, tags: map[string]string{"writer": w.name},
	})
	return nil
}

// policy is AWS's default key policy, each with an Id of its own.
func (w *killWriter) policy() string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Id":"%s-%d","Statement":[{"Effect":"Allow",`+
		`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`, w.name, w.number)
}

func (w *killWriter) putPolicy(ctx context.Context, key *killKey) error {
	policy := w.policy()
	key.policies = append(key.policies, policy)
	_, err := w.client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key.id, Policy: &policy})
	if err == nil {
		key.policies = []string{policy}
	}
	return err
}

func (w *killWriter) grant(ctx context.Context, key *killKey) error {
	out, err := w.client.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: &key.id, GranteePrincipal: aws.String("arn:aws:iam::111122223333:user/writer0"),
		Operations: []types.GrantOperation{types.GrantOperationDecrypt},
	})
	if err == nil {
		key.grants = append(key.grants, aws.ToString(out.GrantId))
	}
	return err
}

func (w *killWriter) revoke(ctx context.Context, key *killKey) error {
	id := key.grants[0]
	key.grants, key.pendingRevoke = key.grants[1:], id
	_, err := w.client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &key.id, GrantId: &id})
	if err == nil {
		key.pendingRevoke = ""
		key.revoked = append(key.revoked, id)
	}
	return err
}

func (w *killWriter) tag(ctx context.Context, key *killKey) error {
	value := strconv.Itoa(w.number)
	key.pendingTag = value
	_, err := w.client.TagResource(ctx, &kms.TagResourceInput{
		KeyId: &key.id, Tags: []types.Tag{{TagKey: aws.String("number"), TagValue: &value}},
	})
	if err == nil {
		key.tags["number"], key.pendingTag = value, ""
	}
	return err
}

// encrypt keeps a ciphertext of the key: that it decrypts later shows that the key material is the same.
func (w *killWriter) encrypt(ctx context.Context, key *killKey) error {
	out, err := w.client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: &key.id, Plaintext: []byte(key.id), EncryptionContext: map[string]string{"writer": w.name},
	})
	if err == nil {
		key.ciphertext = string(out.CiphertextBlob)
	}
	return err
}

// check looks at what was written: the newest keys and some others, or all.
func (w *killWriter) check(t *testing.T, p *process, all bool) {
	t.Helper()
	w.client = p.client(t, w.name)
	keys := w.keys
	if !all && len(keys) > killLooked {
		keys = slices.Clone(keys[len(keys)-killLooked/2:])
		for range killLooked / 2 {
			keys = append(keys, w.keys[rand.IntN(len(w.keys))])
		}
	}
	for _, key := range keys {
		w.checkKey(t, key)
	}
}

// checkKey looks for everything that was acknowledged of a key, and settles what was not.
func (w *killWriter) checkKey(t *testing.T, key *killKey) {
	t.Helper()
	ctx := t.Context()
	policy, err := w.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key.id})
	require.NoError(t, err)
	require.Contains(t, key.policies, aws.ToString(policy.Policy))
	key.policies = []string{aws.ToString(policy.Policy)}

	tags, err := w.client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &key.id})
	require.NoError(t, err)
	found := map[string]string{}
	for _, tag := range tags.Tags {
		found[aws.ToString(tag.TagKey)] = aws.ToString(tag.TagValue)
	}
	if key.pendingTag != "" && found["number"] == key.pendingTag {
		key.tags["number"] = key.pendingTag
	}
	key.pendingTag = ""
	require.Equal(t, key.tags, found)

	aliases, err := w.client.ListAliases(ctx, &kms.ListAliasesInput{KeyId: &key.id})
	require.NoError(t, err)
	names := []string{}
	for _, a := range aliases.Aliases {
		names = append(names, aws.ToString(a.AliasName))
	}
	require.Subset(t, names, key.aliases)
	w.checkGrants(t, key)

	if key.ciphertext != "" {
		out, err := w.client.Decrypt(ctx, &kms.DecryptInput{
			CiphertextBlob: []byte(key.ciphertext), EncryptionContext: map[string]string{"writer": w.name},
		})
		require.NoError(t, err)
		require.True(t, bytes.Equal([]byte(key.id), out.Plaintext))
	}
}

func (w *killWriter) checkGrants(t *testing.T, key *killKey) {
	t.Helper()
	grants, err := w.client.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key.id, Limit: aws.Int32(100)})
	require.NoError(t, err)
	ids := []string{}
	for _, g := range grants.Grants {
		ids = append(ids, aws.ToString(g.GrantId))
	}
	require.Subset(t, ids, key.grants)
	for _, id := range key.revoked {
		require.NotContains(t, ids, id, "its revocation was acknowledged")
	}
	if key.pendingRevoke != "" {
		if slices.Contains(ids, key.pendingRevoke) {
			key.grants = append(key.grants, key.pendingRevoke)
		}
		key.pendingRevoke = ""
	}
}
