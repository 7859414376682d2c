package seed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/seed"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
	"github.com/strictkms/strictkms/store/mem"
)

// server is the two services on one store.
type server struct {
	iam *iam.Service
	kms *kms.Service
}

func newServer(tb testing.TB, st store.Store) server {
	tb.Helper()
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(tb, err)
	s := server{iam: newIdentities(tb, st)}
	s.kms, err = kms.New(tb.Context(), kms.Config{Store: st, Root: root, Principals: s.iam})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = s.kms.Close() })
	return s
}

// anybody may do everything.
type anybody struct{}

func (anybody) Authorize(context.Context, *kms.Access) error     { return nil }
func (anybody) Would(context.Context, *kms.Access) (bool, error) { return true, nil }

// call runs an operation, and returns its output as JSON.
func (s server) call(t *testing.T, operation, input string) string {
	t.Helper()
	result, err := s.kms.Do(t.Context(), &kms.Call{
		Account: home, Partition: "aws", Region: "us-east-1", Principal: "arn:aws:iam::" + home + ":root", Authorizer: anybody{},
	}, operation, []byte(input))
	require.NoError(t, err)
	out, err := json.Marshal(result.Output)
	require.NoError(t, err)
	return string(out)
}

// contents is what the store holds but for the times of uses of keys, which a server writes down as it stops.
func contents(t *testing.T, st store.Store) map[string]string {
	t.Helper()
	entries, _, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	found := map[string]string{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Key, "kms/usage/") && e.Key != "kms/tracking" {
			found[e.Key] = string(e.Value)
		}
	}
	return found
}

const alias = "alias/encryption-as-a-service"

// TestRestart loads the same template at every start.
func TestRestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	start := func() (server, *bolt.Store, seed.Report) {
		st, err := bolt.Open(file)
		require.NoError(t, err)
		s := newServer(t, st)
		r, err := seed.Apply(t.Context(), template(t, "encryption-as-a-service"), s.iam, s.kms, seed.Options{Services: []string{"s3.amazonaws.com"}})
		require.NoError(t, err)
		require.Empty(t, r.Warnings)
		return s, st, r
	}
	s, st, first := start()
	require.Empty(t, first.Kept)
	require.Contains(t, first.Created, "arn:aws:iam::"+home+":user/encryptor")
	require.Contains(t, first.Created, "access key EncryptorAccessKey of arn:aws:iam::"+home+":user/encryptor")
	var names []string
	for _, p := range first.Profiles {
		names = append(names, p.Name)
		c, err := s.iam.Credential(t.Context(), p.AccessKeyID, "")
		require.NoError(t, err)
		require.Equal(t, p.SecretAccessKey, c.SecretAccessKey)
	}
	require.Equal(t, []string{"root", "encryptor", "decryptor", "s3.amazonaws.com"}, names)
	for key, value := range contents(t, st) {
		for _, p := range first.Profiles {
			require.NotContains(t, value, p.SecretAccessKey, key)
		}
	}
	described := s.call(t, "DescribeKey", `{"KeyId":"`+alias+`"}`)
	require.Contains(t, described, template(t, "encryption-as-a-service").Keys[0].ARN)
	require.Contains(t, described, "Encryption as a service")
	keyID := strings.SplitN(template(t, "encryption-as-a-service").Keys[0].ARN, "key/", 2)[1]
	require.Contains(t, s.call(t, "GetKeyRotationStatus", `{"KeyId":"`+keyID+`"}`), `"KeyRotationEnabled":true`)
	encrypted := s.call(t, "Encrypt", `{"KeyId":"`+alias+`","Plaintext":"aGVsbG8="}`)
	closeAll(t, s, st)

	s, st, second := start()
	require.Empty(t, second.Created)
	require.Equal(t, first.Created, second.Kept)
	require.Equal(t, first.Profiles, second.Profiles)
	var out struct{ CiphertextBlob string }
	require.NoError(t, json.Unmarshal([]byte(encrypted), &out))
	require.Contains(t, s.call(t, "Decrypt", `{"CiphertextBlob":"`+out.CiphertextBlob+`"}`), `"Plaintext":"aGVsbG8="`)

	// What people change survives.
	doc := `{"Version":"2012-10-17","Statement":[{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"kms:*","Resource":"*"}]}`
	input, err := json.Marshal(map[string]string{"KeyId": keyID, "PolicyName": "default", "Policy": doc})
	require.NoError(t, err)
	s.call(t, "PutKeyPolicy", string(input))
	require.NoError(t, s.iam.Edit(t.Context(), func(e *iam.Edit) error {
		u := e.User(home, "encryptor")
		u.Groups = nil
		return e.PutUser(u)
	}))
	before := contents(t, st)
	closeAll(t, s, st)
	s, st, third := start()
	require.Empty(t, third.Created)
	require.Equal(t, before, contents(t, st))
	require.Contains(t, s.call(t, "GetKeyPolicy", `{"KeyId":"`+keyID+`"}`), "Mine")
	p, err := s.iam.Principal(t.Context(), "arn:aws:iam::"+home+":user/encryptor")
	require.NoError(t, err)
	require.Empty(t, p.Identity)
	closeAll(t, s, st)
}

func closeAll(t *testing.T, s server, st store.Store) {
	t.Helper()
	require.NoError(t, s.kms.Close())
	require.NoError(t, s.iam.Close())
	require.NoError(t, st.Close())
}

// TestRefusedWorlds names everything that a server does not take, and writes nothing.
func TestRefusedWorlds(t *testing.T) {
	doc := func() *policy.Document {
		d, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"`+home+`"},"Action":"kms:*","Resource":"*"}]}`))
		require.Empty(t, diags)
		return d
	}
	const keyARN = "arn:aws:kms:us-east-1:" + home + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	key := func(arn string, change func(k *source.Key)) *source.Key {
		k := &source.Key{Pos: policy.Position{File: "world.yaml", Line: 9, Column: 1}}
		k.ARN, k.Policy, k.Spec, k.Usage, k.Origin, k.MultiRegion = arn, doc(), "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "false"
		change(k)
		return k
	}
	many := make([]source.AccessKey, 3)
	for name, test := range map[string]struct {
		change func(w *source.World)
		says   []string
	}{
		"names": {func(w *source.World) {
			w.Users = []*source.User{{Account: home, Name: "a b"}, {Account: home, Name: strings.Repeat("x", 65)}}
			w.Roles = []*source.Role{{Account: home, Name: "${Name}"}}
			w.Groups = []*source.Group{{Account: "12", Name: "g"}}
		}, []string{"user/a b: The specified value for userName is invalid", "Member must have length less than or equal to 64", "roleName is invalid", `"12" is no account`}},
		"managed policy": {func(w *source.World) {
			w.ManagedPolicies = []*policy.Document{{ARN: "arn:managed", Name: "m"}}
		}, []string{"arn:managed: it is not the ARN of a managed policy"}},
		"access keys": {func(w *source.World) {
			w.Users = []*source.User{{Account: home, Name: "u", AccessKeys: many}}
		}, []string{"a user can have 2 access keys, not 3"}},
		"key ids": {func(w *source.World) {
			w.Keys = []*source.Key{key("arn:aws:kms:us-east-1:"+home+":key/signing/x", func(*source.Key) {})}
		}, []string{"world.yaml:9:1: ", "key/signing/x"}},
		"no key policy": {func(w *source.World) {
			w.Keys = []*source.Key{key(keyARN, func(k *source.Key) { k.Policy = nil })}
		}, []string{keyARN + ": its key policy is not known"}},
		"no key spec": {func(w *source.World) {
			w.Keys = []*source.Key{key(keyARN, func(k *source.Key) { k.Spec = "" })}
		}, []string{keyARN + ": its key spec, key usage, origin or multi-Region property is not known"}},
		"key spec": {func(w *source.World) {
			w.Keys = []*source.Key{key(keyARN, func(k *source.Key) { k.Spec = "ROT13" })}
		}, []string{"ROT13"}},
		"alias": {func(w *source.World) {
			w.Keys = []*source.Key{key(keyARN, func(k *source.Key) { k.Aliases = []string{"alias/a b"} })}
		}, []string{"alias/a b"}},
		"unknown key policy": {func(w *source.World) {
			w.Keys = []*source.Key{key(keyARN, func(k *source.Key) {
				k.Policy.Statements[0].Conditions = []policy.Condition{policy.Doubt("nobody knows", policy.Position{})}
			})}
		}, []string{"nothing is known for sure of its key policy"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := mem.New()
			t.Cleanup(func() { _ = st.Close() })
			s := newServer(t, st)
			w := &source.World{Defaults: source.Defaults{Account: home, Region: "us-east-1", Partition: "aws"}}
			w.Users = []*source.User{{Account: home, Name: "fine"}}
			test.change(w)
			_, err := seed.Apply(t.Context(), w, s.iam, s.kms, seed.Options{})
			_, located := err.(policy.Diagnostics) //nolint:errorlint // the contract is that it is one
			require.True(t, located, "%v", err)
			for _, text := range test.says {
				require.ErrorContains(t, err, text)
			}
			require.Empty(t, contents(t, st))
		})
	}
}

// TestWorldFile writes everything that a world file can say of keys.
func TestWorldFile(t *testing.T) {
	const id, other = "1234abcd-12ab-34cd-56ef-1234567890ab", "444455556666"
	w := world(t, `
accounts:
  "`+home+`":
    users: {alice: {}}
    roles: {App: {path: /service/}}
    keys:
      `+id+`:
        aliases: [alias/app, alias/main]
        tags: {env: prod}
        grants:
          - GrantId: 0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60
            Name: batch
            GranteePrincipal: arn:aws:iam::`+home+`:role/service/App
            RetiringPrincipal: arn:aws:iam::`+home+`:user/alice
            Operations: [Decrypt, RetireGrant]
            Constraints: {EncryptionContextSubset: {tenant: a}}
      arn:aws:kms:eu-west-1:`+home+`:key/mrk-1234abcd12ab34cd56ef1234567890ab: {multi-region: true, multi-region-key-type: REPLICA}
      arn:aws:kms:us-east-1:`+home+`:key/mrk-1234abcd12ab34cd56ef1234567890ab: {multi-region: true, multi-region-key-type: PRIMARY}
  "`+other+`":
    users: {alice: {}}
`)
	st := mem.New()
	t.Cleanup(func() { _ = st.Close() })
	s := newServer(t, st)
	r, err := seed.Apply(t.Context(), w, s.iam, s.kms, seed.Options{})
	require.NoError(t, err)
	require.Contains(t, s.call(t, "ListAliases", `{"KeyId":"`+id+`"}`), "alias/main")
	require.Contains(t, s.call(t, "ListResourceTags", `{"KeyId":"`+id+`"}`), `"prod"`)
	require.Contains(t, s.call(t, "ListGrants", `{"KeyId":"`+id+`"}`), `"tenant":"a"`)
	require.Contains(t, s.call(t, "DescribeKey", `{"KeyId":"mrk-1234abcd12ab34cd56ef1234567890ab"}`), `"PRIMARY"`)
	require.Equal(t, "[{root "+r.Profiles[0].AccessKeyID+"} {root-"+other+" "+r.Profiles[1].AccessKeyID+"}]", fmt.Sprint(r.Profiles))
}

// TestManyIdentities needs more transactions than one.
func TestManyIdentities(t *testing.T) {
	w := &source.World{Defaults: source.Defaults{Account: home, Region: "us-east-1", Partition: "aws"}}
	for i := range 500 {
		w.Users = append(w.Users, &source.User{Account: home, Name: fmt.Sprintf("user%03d", i), AccessKeys: []source.AccessKey{{LogicalID: "Key"}}})
	}
	st := mem.New()
	t.Cleanup(func() { _ = st.Close() })
	s := newServer(t, st)
	began := time.Now() //nolint:forbidigo // only told
	r, err := seed.Apply(t.Context(), w, s.iam, s.kms, seed.Options{})
	require.NoError(t, err)
	t.Log(time.Since(began))
	require.Len(t, r.Profiles, 501)
	r, err = seed.Apply(t.Context(), w, s.iam, s.kms, seed.Options{})
	require.NoError(t, err)
	require.Empty(t, r.Created)
}

func TestProfilesOfOneName(t *testing.T) {
	const other = "444455556666"
	keys := func(n int) []source.AccessKey { return make([]source.AccessKey, n) }
	w := &source.World{Defaults: source.Defaults{Account: home, Region: "us-east-1", Partition: "aws"}, Users: []*source.User{
		{Account: other, Name: "alice", AccessKeys: keys(1)},
		{Account: home, Name: "alice", AccessKeys: keys(2)},
		{Account: home, Name: "root", AccessKeys: keys(1)},
		{Account: home, Name: "nokey"},
	}}
	st := mem.New()
	t.Cleanup(func() { _ = st.Close() })
	s := newServer(t, st)
	r, err := seed.Apply(t.Context(), w, s.iam, s.kms, seed.Options{})
	require.NoError(t, err)
	var names []string
	for _, p := range r.Profiles {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"root", "root-" + other, "alice", "alice-" + home, "root-" + home, "alice-" + other}, names)
}

func TestWriteCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o644)) //nolint:gosec // to be replaced
	profiles := []seed.Profile{
		{Name: "root", AccessKeyID: "AKIAROOT", SecretAccessKey: "one+two/three", Region: "us-east-1"},
		{Name: "role", AccessKeyID: "ASIAROLE", SecretAccessKey: "four", SessionToken: "five"},
	}
	require.NoError(t, seed.WriteCredentials(file, profiles))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, `# Written by strictkms. These access keys work at that server only.

[root]
aws_access_key_id = AKIAROOT
aws_secret_access_key = one+two/three
region = us-east-1

[role]
aws_access_key_id = ASIAROLE
aws_secret_access_key = four
aws_session_token = five
`, string(text))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.Error(t, seed.WriteCredentials(file, []seed.Profile{{Name: "a]\n[b"}}))
	require.Error(t, seed.WriteCredentials(filepath.Join(t.TempDir(), "no", "dir"), profiles))
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, text, after)
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, left, 1)

	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, profiles), "three")
	}
	out, err := json.Marshal(profiles)
	require.NoError(t, err)
	require.NotContains(t, string(out), "three")
}
