package iam_test

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

const appARN = "arn:aws:iam::" + home + ":role/service/App"

func TestAssumeRole(t *testing.T) {
	c := newClock()
	s := open(t, newStore(t), c)
	people(t, s)
	begun, mfa := c.Now(), c.Now().Add(-time.Minute)
	got, err := s.AssumeRole(t.Context(), appARN, "me@work", iam.SessionOptions{
		Duration: 90 * time.Minute, Policies: []string{allowRead}, PolicyARNs: []string{managedARN("Limit"), managedARN("Absent")},
		Tags: map[string]string{"stage": "prod", "x": "y"}, SourceIdentity: "alice", MFA: mfa, Provider: "idp.example.com",
	})
	require.NoError(t, err)
	require.Regexp(t, regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`), got.AccessKeyID)
	require.Len(t, got.SecretAccessKey, 40)
	require.Equal(t, begun.Add(90*time.Minute), got.Expires)
	require.Positive(t, got.PackedPolicySize)
	require.Less(t, len(got.SessionToken), 1500)

	credential, err := s.Credential(t.Context(), got.AccessKeyID, got.SessionToken)
	require.NoError(t, err)
	require.Equal(t, got.SecretAccessKey, credential.SecretAccessKey)
	p := credential.Principal
	require.Same(t, got.Principal, p)
	require.Equal(t, iam.RoleSession, p.Type)
	require.Equal(t, "arn:aws:sts::"+home+":assumed-role/App/me@work", p.ARN)
	require.Equal(t, appARN, p.Issuer)
	require.Equal(t, home, p.Account)
	require.Equal(t, "me@work", p.Name)
	require.Regexp(t, regexp.MustCompile(`^AROA[A-Z2-7]{17}$`), p.UniqueID)
	require.Equal(t, map[string]string{"stage": "prod", "x": "y", "keep": "me"}, p.Tags, "session tags replace, whatever the case")
	require.Equal(t, []string{"Use"}, names(p.Identity))
	require.True(t, p.HasSession)
	require.Equal(t, []string{"session policy", "Limit", "session policy " + managedARN("Absent")}, names(p.Session))
	for _, d := range p.Session {
		require.Equal(t, policy.SessionPolicy, d.Kind)
	}
	require.Equal(t, []string{"session policy " + managedARN("Absent") + " is not loaded, what it allows or denies is unknown"}, p.Unknown)
	require.True(t, p.Temporary)
	require.Equal(t, begun, p.IssuedAt)
	require.Equal(t, got.Expires, p.Expires)
	require.Equal(t, mfa, p.MFA)
	require.Equal(t, "alice", p.SourceIdentity)
	require.Equal(t, "idp.example.com", p.Provider)

	c.add(90*time.Minute - time.Second)
	_, err = s.Credential(t.Context(), got.AccessKeyID, got.SessionToken)
	require.NoError(t, err)
	c.add(time.Second)
	_, err = s.Credential(t.Context(), got.AccessKeyID, got.SessionToken)
	require.ErrorIs(t, err, iam.ErrExpiredToken)
}

func TestSessionTokenIsBound(t *testing.T) {
	c := newClock()
	st := newStore(t)
	s := open(t, st, c)
	people(t, s)
	one, err := s.AssumeRole(t.Context(), appARN, "one", iam.SessionOptions{})
	require.NoError(t, err)
	two, err := s.AssumeRole(t.Context(), appARN, "two", iam.SessionOptions{})
	require.NoError(t, err)
	fresh := open(t, st, c) // knows no token yet
	for name, pair := range map[string][2]string{
		"another access key": {one.AccessKeyID, two.SessionToken},
		"a long-term key":    {newKey(t, s, iam.UserOwner(home, "bob")).ID, one.SessionToken},
		"cut":                {one.AccessKeyID, one.SessionToken[:len(one.SessionToken)-8]},
		"changed":            {one.AccessKeyID, one.SessionToken[:40] + "AAAA" + one.SessionToken[44:]},
		"another version":    {one.AccessKeyID, "Ag" + one.SessionToken[2:]},
		"not base64":         {one.AccessKeyID, "%%%"},
		"huge":               {one.AccessKeyID, strings.Repeat("A", 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, service := range []*iam.Service{s, fresh} {
				_, err := service.Credential(t.Context(), pair[0], pair[1])
				require.ErrorIs(t, err, iam.ErrInvalidToken)
			}
		})
	}
	_, err = s.Credential(t.Context(), one.AccessKeyID, "")
	require.ErrorIs(t, err, iam.ErrUnknownAccessKey)
	_, err = fresh.Credential(t.Context(), one.AccessKeyID, one.SessionToken)
	require.NoError(t, err)
}

// TestSessionFollowsItsRole changes what a session is made from.
func TestSessionFollowsItsRole(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	got, err := s.AssumeRole(t.Context(), appARN, "one", iam.SessionOptions{PolicyARNs: []string{managedARN("Limit")}})
	require.NoError(t, err)
	credential := func() *iam.Principal {
		t.Helper()
		c, err := s.Credential(t.Context(), got.AccessKeyID, got.SessionToken)
		require.NoError(t, err)
		return c.Principal
	}
	before := credential()
	edit(t, s, func(e *iam.Edit) error { return e.PutUser(&iam.UserDetail{Account: home, Name: "stranger"}) })
	require.Same(t, before, credential(), "a change that does not concern it")

	edit(t, s, func(e *iam.Edit) error {
		r := e.Role(home, "App")
		r.Attached = nil
		return e.PutRole(r)
	})
	require.Empty(t, credential().Identity)
	before = credential()
	edit(t, s, func(e *iam.Edit) error { return e.DeleteManagedPolicy(managedARN("Limit")) })
	require.NotSame(t, before, credential())
	require.True(t, credential().Session[0].HasUnresolved())

	edit(t, s, func(e *iam.Edit) error { return e.DeleteRole(home, "App") })
	_, err = s.Credential(t.Context(), got.AccessKeyID, got.SessionToken)
	require.ErrorIs(t, err, iam.ErrInvalidToken)
	edit(t, s, func(e *iam.Edit) error {
		return e.PutRole(&iam.RoleDetail{Account: home, Name: "App", Path: "/service/"})
	})
	_, err = s.Credential(t.Context(), got.AccessKeyID, got.SessionToken)
	require.ErrorIs(t, err, iam.ErrInvalidToken, "a role that was made anew is another one")
}

func TestGetSessionToken(t *testing.T) {
	c := newClock()
	s := open(t, newStore(t), c)
	people(t, s)
	mfa := c.Now().Add(-time.Second)
	got, err := s.GetSessionToken(t.Context(), iam.UserOwner(home, "alice"), iam.SessionOptions{MFA: mfa, Tags: map[string]string{"no": "tags"}})
	require.NoError(t, err)
	require.Equal(t, c.Now().Add(12*time.Hour), got.Expires)
	p := got.Principal
	require.Equal(t, iam.User, p.Type)
	require.Equal(t, "arn:aws:iam::"+home+":user/team/alice", p.ARN)
	require.Equal(t, "alice", p.Name)
	require.Regexp(t, regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`), p.UniqueID)
	require.Equal(t, map[string]string{"team": "red"}, p.Tags)
	require.True(t, p.Temporary)
	require.False(t, p.HasSession)
	require.Equal(t, mfa, p.MFA)
	require.NotNil(t, p.Boundary)

	got, err = s.GetSessionToken(t.Context(), iam.RootOwner(home), iam.SessionOptions{})
	require.NoError(t, err)
	require.Equal(t, c.Now().Add(time.Hour), got.Expires)
	require.Equal(t, iam.Root, got.Principal.Type)
	require.True(t, got.Principal.Temporary)
}

func TestGetFederationToken(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	got, err := s.GetFederationToken(t.Context(), iam.UserOwner(home, "alice"), "fed", iam.SessionOptions{})
	require.NoError(t, err)
	p := got.Principal
	require.Equal(t, iam.FederatedUser, p.Type)
	require.Equal(t, "arn:aws:sts::"+home+":federated-user/fed", p.ARN)
	require.Equal(t, "arn:aws:iam::"+home+":user/team/alice", p.Issuer)
	require.Equal(t, "fed", p.Name)
	require.Empty(t, p.UniqueID)
	require.True(t, p.HasSession, "without session policies it may do nothing by itself")
	require.Empty(t, p.Session)
	require.Equal(t, []string{"user/alice/own", "Use", "group/Devs/read"}, names(p.Identity))

	got, err = s.GetFederationToken(t.Context(), iam.RootOwner(home), "fed", iam.SessionOptions{Policies: []string{allowRead}})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::"+home+":root", got.Principal.Issuer)
	require.Equal(t, []string{"root user"}, names(got.Principal.Identity))
	require.Len(t, got.Principal.Session, 1)
}

func TestSessionsAreChecked(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	manyTags := map[string]string{}
	for i := range 50 {
		manyTags[fmt.Sprintf("key%d", i)] = fmt.Sprintf("%x%x", sha512.Sum512([]byte{byte(i)}), sha512.Sum512([]byte{byte(i), 1}))
	}
	assume := func(role, name string, o iam.SessionOptions) error {
		_, err := s.AssumeRole(t.Context(), role, name, o)
		return err
	}
	federate := func(o iam.Owner, name string, options iam.SessionOptions) error {
		_, err := s.GetFederationToken(t.Context(), o, name, options)
		return err
	}
	token := func(o iam.Owner, options iam.SessionOptions) error {
		_, err := s.GetSessionToken(t.Context(), o, options)
		return err
	}
	alice := iam.UserOwner(home, "alice")
	for name, test := range map[string]struct {
		err  error
		code string
	}{
		"no role":             {assume("nonsense", "me", iam.SessionOptions{}), iam.CodeValidation},
		"a user":              {assume("arn:aws:iam::"+home+":user/team/alice", "me", iam.SessionOptions{}), iam.CodeValidation},
		"short name":          {assume(appARN, "m", iam.SessionOptions{}), iam.CodeValidation},
		"long name":           {assume(appARN, strings.Repeat("m", 65), iam.SessionOptions{}), iam.CodeValidation},
		"name with a slash":   {assume(appARN, "a/b", iam.SessionOptions{}), iam.CodeValidation},
		"too short":           {assume(appARN, "me", iam.SessionOptions{Duration: time.Minute}), iam.CodeValidation},
		"longer than allowed": {assume(appARN, "me", iam.SessionOptions{Duration: 3 * time.Hour}), iam.CodeValidation},
		"bad policy":          {assume(appARN, "me", iam.SessionOptions{Policies: []string{"{"}}), iam.CodeMalformedPolicyDocument},
		"long policy": {assume(appARN, "me", iam.SessionOptions{
			Policies: []string{strings.Replace(allowAll, "}]", "}"+strings.Repeat(" ", 2048)+"]", 1)},
		}), iam.CodeMalformedPolicyDocument},
		"bad policy ARN":  {assume(appARN, "me", iam.SessionOptions{PolicyARNs: []string{"x"}}), iam.CodeValidation},
		"many policies":   {assume(appARN, "me", iam.SessionOptions{PolicyARNs: make([]string, 11)}), iam.CodeLimitExceeded},
		"source identity": {assume(appARN, "me", iam.SessionOptions{SourceIdentity: "a b"}), iam.CodeValidation},
		"duplicate tags":  {assume(appARN, "me", iam.SessionOptions{Tags: map[string]string{"a": "1", "A": "2"}}), iam.CodeInvalidInput},
		"too much":        {assume(appARN, "me", iam.SessionOptions{Tags: manyTags}), iam.CodePackedPolicyTooLarge},
		"federated name":  {federate(alice, strings.Repeat("m", 33), iam.SessionOptions{}), iam.CodeValidation},
		"federated user":  {federate(iam.UserOwner(home, "nobody"), "fed", iam.SessionOptions{}), iam.CodeNoSuchEntity},
		"37 hours":        {token(alice, iam.SessionOptions{Duration: 37 * time.Hour}), iam.CodeValidation},
		"root":            {token(iam.RootOwner(home), iam.SessionOptions{Duration: 2 * time.Hour}), iam.CodeValidation},
	} {
		t.Run(name, func(t *testing.T) {
			e, ok := errors.AsType[*iam.Error](test.err)
			require.True(t, ok, "%v", test.err)
			require.Equal(t, test.code, e.Code, e.Message)
		})
	}
	require.ErrorIs(t, assume("arn:aws:iam::"+home+":role/App", "me", iam.SessionOptions{}), iam.ErrUnknownPrincipal, "another path")
	require.ErrorIs(t, token(iam.ServiceOwner("s3.amazonaws.com"), iam.SessionOptions{}), iam.ErrUnknownPrincipal)
	require.ErrorIs(t, token(iam.RootOwner("999988887777"), iam.SessionOptions{}), iam.ErrUnknownPrincipal)
}
