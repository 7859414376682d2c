package iam_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
)

func TestAccessKeys(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	for _, test := range []struct {
		owner iam.Owner
		kind  iam.PrincipalType
		arn   string
	}{
		{iam.UserOwner(home, "alice"), iam.User, "arn:aws:iam::" + home + ":user/team/alice"},
		{iam.RootOwner(home), iam.Root, "arn:aws:iam::" + home + ":root"},
		{iam.RootOwner(other), iam.Root, "arn:aws:iam::" + other + ":root"},
		{iam.ServiceOwner("s3.amazonaws.com"), iam.ServicePrincipal, "s3.amazonaws.com"},
	} {
		t.Run(test.arn, func(t *testing.T) {
			k := newKey(t, s, test.owner)
			require.Regexp(t, regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`), k.ID)
			c, err := s.Credential(t.Context(), k.ID, "")
			require.NoError(t, err)
			require.Len(t, c.SecretAccessKey, 40)
			require.Equal(t, test.kind, c.Principal.Type)
			require.Equal(t, test.arn, c.Principal.ARN)
			require.False(t, c.Principal.Temporary)
			again, err := s.Credential(t.Context(), k.ID, "")
			require.NoError(t, err)
			require.Same(t, c.Principal, again.Principal)
			secret, err := s.Secret(k.ID)
			require.NoError(t, err)
			require.Equal(t, c.SecretAccessKey, secret)

			edit(t, s, func(e *iam.Edit) error { return e.SetAccessKeyActive(k.ID, false) })
			_, err = s.Credential(t.Context(), k.ID, "")
			require.ErrorIs(t, err, iam.ErrInactiveAccessKey)
			edit(t, s, func(e *iam.Edit) error { return e.SetAccessKeyActive(k.ID, true) })
			_, err = s.Credential(t.Context(), k.ID, "")
			require.NoError(t, err)
			_, err = s.Credential(t.Context(), k.ID, "AAAA")
			require.ErrorIs(t, err, iam.ErrInvalidToken)
			edit(t, s, func(e *iam.Edit) error { return e.DeleteAccessKey(k.ID) })
			_, err = s.Credential(t.Context(), k.ID, "")
			require.ErrorIs(t, err, iam.ErrUnknownAccessKey)
		})
	}
}

func TestAccessKeyLimitsAndOwners(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	create := func(o iam.Owner) error {
		return s.Edit(t.Context(), func(e *iam.Edit) error {
			_, err := e.CreateAccessKey(o, "")
			return err
		})
	}
	require.NoError(t, create(iam.UserOwner(home, "bob")))
	require.NoError(t, create(iam.UserOwner(home, "bob")))
	require.EqualError(t, create(iam.UserOwner(home, "bob")), "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2")
	require.EqualError(t, create(iam.UserOwner(home, "BOB")), "NoSuchEntity: The user with name BOB cannot be found.")
	require.EqualError(t, create(iam.RootOwner("999988887777")), "NoSuchEntity: The account 999988887777 cannot be found.")
	require.Error(t, create(iam.ServiceOwner("nonsense")))
	require.Error(t, create(iam.ServiceOwner("a/b.amazonaws.com")))
	for _, change := range []func(e *iam.Edit) error{
		func(e *iam.Edit) error { return e.DeleteAccessKey("AKIANOBODY") },
		func(e *iam.Edit) error { return e.SetAccessKeyActive("AKIANOBODY", true) },
	} {
		require.EqualError(t, s.Edit(t.Context(), change), "NoSuchEntity: The Access Key with id AKIANOBODY cannot be found.")
	}
	_, err := s.Secret("AKIANOBODY")
	require.ErrorIs(t, err, iam.ErrUnknownAccessKey)
	require.Nil(t, s.AccessKey("AKIANOBODY"))
}

func TestDeletedUserHasNoCredentials(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	k := newKey(t, s, iam.UserOwner(home, "alice"))
	edit(t, s, func(e *iam.Edit) error { return e.DeleteUser(home, "alice") })
	_, err := s.Credential(t.Context(), k.ID, "")
	require.ErrorIs(t, err, iam.ErrUnknownAccessKey)
	edit(t, s, func(e *iam.Edit) error { return e.PutUser(&iam.UserDetail{Account: home, Name: "alice"}) })
	_, err = s.Credential(t.Context(), k.ID, "")
	require.ErrorIs(t, err, iam.ErrUnknownAccessKey, "the key of the one before is not the new one's")
}

// TestSecretsAreNotShown prints, logs and encodes everything that holds a secret.
func TestSecretsAreNotShown(t *testing.T) {
	st := newStore(t)
	s := open(t, st, newClock())
	people(t, s)
	k := newKey(t, s, iam.UserOwner(home, "alice"))
	credential, err := s.Credential(t.Context(), k.ID, "")
	require.NoError(t, err)
	session, err := s.AssumeRole(t.Context(), "arn:aws:iam::"+home+":role/service/App", "session", iam.SessionOptions{})
	require.NoError(t, err)

	secrets := []string{credential.SecretAccessKey, session.SecretAccessKey, session.SessionToken}
	var shown strings.Builder
	logger := slog.New(slog.NewTextHandler(&shown, nil))
	for _, v := range []any{credential, &credential, session, &session, k, s, []iam.Credentials{session}} {
		fmt.Fprintf(&shown, "%v %+v %#v %s %q %d\n", v, v, v, v, v, v)
		logger.Info("shown", slog.Any("value", v))
	}
	for _, v := range []any{credential, &credential, session, &session, k} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		shown.Write(text)
	}
	for _, secret := range secrets {
		require.NotContains(t, shown.String(), secret)
	}
	require.Contains(t, shown.String(), credential.AccessKeyID)

	entries, _, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		for _, secret := range secrets {
			require.NotContains(t, string(e.Value), secret, e.Key)
		}
	}
}

// TestMovedSecretDoesNotOpen gives the record of an access key to another user.
func TestMovedSecretDoesNotOpen(t *testing.T) {
	st := newStore(t)
	s := open(t, st, newClock())
	people(t, s)
	k := newKey(t, s, iam.UserOwner(home, "bob"))
	from := "iam/" + home + "/key/user/bob/" + k.ID
	e, err := st.Get(t.Context(), from)
	require.NoError(t, err)
	value := strings.Replace(string(e.Value), "user/bob", "user/alice", 1)
	require.NotEqual(t, string(e.Value), value)
	_, err = st.Commit(t.Context(), store.Tx{Changes: []store.Change{
		{Key: from, Delete: true}, {Key: strings.Replace(from, "bob", "alice", 1), Value: []byte(value)},
	}})
	require.NoError(t, err)
	s = open(t, st, newClock())
	_, err = s.Credential(t.Context(), k.ID, "")
	require.Error(t, err)
	require.NotErrorIs(t, err, iam.ErrUnknownAccessKey)
}

// TestRestart keeps everything in a file: access keys, secrets, sessions, policies.
func TestRestart(t *testing.T) {
	file := t.TempDir() + "/db"
	c := newClock()
	st, err := bolt.Open(file)
	require.NoError(t, err)
	s := open(t, st, c)
	people(t, s)
	k := newKey(t, s, iam.UserOwner(home, "alice"))
	before, err := s.Credential(t.Context(), k.ID, "")
	require.NoError(t, err)
	session, err := s.AssumeRole(t.Context(), "arn:aws:iam::"+home+":role/service/App", "session", iam.SessionOptions{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, st.Close())

	st, err = bolt.Open(file)
	require.NoError(t, err)
	t.Cleanup(func() { _ = st.Close() })
	s = open(t, st, c)
	after, err := s.Credential(t.Context(), k.ID, "")
	require.NoError(t, err)
	require.Equal(t, before.SecretAccessKey, after.SecretAccessKey)
	require.Equal(t, before.Principal.UniqueID, after.Principal.UniqueID)
	require.Equal(t, names(before.Principal.Identity), names(after.Principal.Identity))
	again, err := s.Credential(t.Context(), session.AccessKeyID, session.SessionToken)
	require.NoError(t, err)
	require.Equal(t, session.SecretAccessKey, again.SecretAccessKey)
	require.Equal(t, session.Principal.ARN, again.Principal.ARN)
}

func TestCredentialsFor(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	iamARN, stsARN := "arn:aws:iam::"+home+":", "arn:aws:sts::"+home+":"
	for _, test := range []struct{ arn, is string }{
		{iamARN + "user/team/alice", iamARN + "user/team/alice"},
		{iamARN + "root", iamARN + "root"},
		{iamARN + "role/service/App", stsARN + "assumed-role/App/strictkms"},
		{stsARN + "assumed-role/App/me", stsARN + "assumed-role/App/me"},
		{"s3.amazonaws.com", "s3.amazonaws.com"},
	} {
		t.Run(test.arn, func(t *testing.T) {
			c, err := s.CredentialsFor(t.Context(), test.arn)
			require.NoError(t, err)
			got, err := s.Credential(t.Context(), c.AccessKeyID, c.SessionToken)
			require.NoError(t, err)
			require.Equal(t, c.SecretAccessKey, got.SecretAccessKey)
			require.Equal(t, test.is, got.Principal.ARN)
			again, err := s.CredentialsFor(t.Context(), test.arn)
			require.NoError(t, err)
			if c.SessionToken == "" {
				require.Equal(t, c.AccessKeyID, again.AccessKeyID, "the access key is kept")
			}
		})
	}
	for _, arn := range []string{
		"", "*", "nonsense", iamARN + "user/alice", iamARN + "role/Nobody", iamARN + "group/Devs",
		"arn:aws:iam::999988887777:root", stsARN + "federated-user/fed", stsARN + "assumed-role/Nobody/x", stsARN + "assumed-role/app/x",
	} {
		_, err := s.CredentialsFor(t.Context(), arn)
		require.ErrorIs(t, err, iam.ErrUnknownPrincipal, arn)
	}
}

// TestConcurrentUse is for the race detector: readers while identities change.
func TestConcurrentUse(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	k := newKey(t, s, iam.UserOwner(home, "alice"))
	session, err := s.AssumeRole(t.Context(), "arn:aws:iam::"+home+":role/service/App", "session", iam.SessionOptions{PolicyARNs: []string{managedARN("Limit")}})
	require.NoError(t, err)
	var wait sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		wait.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				_, keyErr := s.Credential(t.Context(), k.ID, "")
				_, sessionErr := s.Credential(t.Context(), session.AccessKeyID, session.SessionToken)
				_, lookupErr := s.Principal(t.Context(), "arn:aws:sts::"+home+":assumed-role/App/other")
				if keyErr != nil || sessionErr != nil || lookupErr != nil {
					t.Error(keyErr, sessionErr, lookupErr)
					return
				}
			}
		})
	}
	for i := range 50 {
		edit(t, s, func(e *iam.Edit) error {
			u := e.User(home, "alice")
			u.Tags["i"] = strconv.Itoa(i)
			p := e.ManagedPolicy(managedARN("Limit"))
			p.Versions[0].Policy.Text = []string{allowAll, allowRead}[i%2]
			if err := e.PutManagedPolicy(p); err != nil {
				return err
			}
			return e.PutUser(u)
		})
		c, err := s.Credential(t.Context(), k.ID, "")
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(i), c.Principal.Tags["i"], "the very next call sees the change")
	}
	close(done)
	wait.Wait()
}

func BenchmarkCredential(b *testing.B) {
	s := open(b, newStore(b), newClock())
	people(b, s)
	for i := range 1000 {
		edit(b, s, func(e *iam.Edit) error { return e.PutUser(&iam.UserDetail{Account: home, Name: fmt.Sprint("user", i)}) })
		newKey(b, s, iam.UserOwner(home, fmt.Sprint("user", i)))
	}
	k := newKey(b, s, iam.UserOwner(home, "alice"))
	session, err := s.AssumeRole(b.Context(), "arn:aws:iam::"+home+":role/service/App", "session", iam.SessionOptions{})
	require.NoError(b, err)
	run := func(name, id, token string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Credential(b.Context(), id, token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("user", k.ID, "")
	run("session", session.AccessKeyID, session.SessionToken)
}
