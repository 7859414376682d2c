package kmstest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

const (
	account  = "111122223333"
	appKeyID = "1234abcd-12ab-34cd-56ef-1234567890ab"
	appKey   = "arn:aws:kms:us-east-1:111122223333:key/" + appKeyID
	// appWorld is an account whose key leaves everything to IAM, with somebody who may do everything and somebody who
	// may do nothing.
	appWorld = `
accounts:
  "111122223333":
    users:
      alice: {policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}}}
      bob: {}
    roles:
      App: {path: /service/, policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {aliases: [alias/app]}
`
)

// client returns the SDK's client of a principal.
func client(s *kmstest.Server, principal string, options ...func(*kms.Options)) *kms.Client {
	return kms.NewFromConfig(s.Config(principal), options...)
}

// requireCode requires an exception with a code and returns its message.
func requireCode(t testing.TB, err error, code string) string {
	t.Helper()
	exception, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "want %s, got %v", code, err)
	require.Equal(t, code, exception.ErrorCode(), exception.ErrorMessage())
	return exception.ErrorMessage()
}

// requireDenied requires the error of a call that is not allowed.
func requireDenied(t testing.TB, err error) string {
	t.Helper()
	return requireCode(t, err, "AccessDeniedException")
}

func encrypt(t testing.TB, c *kms.Client, key string, encryptionContext map[string]string) ([]byte, error) {
	t.Helper()
	out, err := c.Encrypt(t.Context(), &kms.EncryptInput{
		KeyId: &key, Plaintext: []byte("a secret"), EncryptionContext: encryptionContext,
	})
	if err != nil {
		return nil, err
	}
	return out.CiphertextBlob, nil
}

func decrypt(t testing.TB, c *kms.Client, ciphertext []byte, encryptionContext map[string]string) error {
	t.Helper()
	out, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: ciphertext, EncryptionContext: encryptionContext})
	if err == nil {
		require.Equal(t, "a secret", string(out.Plaintext))
	}
	return err
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	for _, test := range []struct {
		name  string
		error string
	}{
		{"root", ""},
		{"user/alice", ""},
		{"arn:aws:iam::111122223333:user/alice", ""},
		{"role/App", ""},
		{"role/service/App", ""},
		{"role/App/job-1", ""},
		{"arn:aws:iam::111122223333:role/service/App", ""},
		{"arn:aws:sts::111122223333:assumed-role/App/job-1", ""},
		{"user/bob", "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:Encrypt on resource: " + appKey +
			" because no identity-based policy allows the kms:Encrypt action"},
		{"service/s3", "User: s3.amazonaws.com is not authorized to perform: kms:Encrypt"},
		{"s3.amazonaws.com", "User: s3.amazonaws.com is not authorized to perform: kms:Encrypt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := encrypt(t, client(s, test.name), appKey, nil)
			if test.error == "" {
				require.NoError(t, err)
				return
			}
			require.Contains(t, requireDenied(t, err), test.error)
		})
	}
}

// TestFailures fails the test when it asks for what is not there.
func TestFailures(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	for name, test := range map[string]struct {
		do   func(*kmstest.Server)
		want string
	}{
		"a user":                 {func(s *kmstest.Server) { s.Config("user/alic") }, "there is no principal user/alic in what was loaded; nearest: user/alice"},
		"an ARN":                 {func(s *kmstest.Server) { s.Config("arn:aws:iam::111122223333:user/carol") }, "unknown principal"},
		"no principal":           {func(s *kmstest.Server) { s.Config("") }, "there is no principal"},
		"world":                  {func(s *kmstest.Server) { s.Load("accounts: 1") }, "world.yaml:1:11"},
		"world, again":           {func(s *kmstest.Server) { s.Load(appWorld) }, "alice"},
		"policy of nobody":       {func(s *kmstest.Server) { s.PutPolicy("user/carol", "p", "") }, "there is no principal user/carol"},
		"policy of root":         {func(s *kmstest.Server) { s.PutPolicy("root", "p", "") }, "only users and roles"},
		"policy that is no such": {func(s *kmstest.Server) { s.PutPolicy("user/alice", "p", "{") }, "MalformedPolicyDocument"},
		"explanation":            {func(s *kmstest.Server) { s.Explain("x") }, `there is no call "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, failure(t, func(fake *fakeT) { test.do(s.With(fake)) }), test.want)
		})
	}
	for name, test := range map[string]struct {
		option kmstest.Option
		want   string
	}{
		"enforcement": {kmstest.WithEnforcement("stict"), `unknown enforcement mode "stict"`},
		"template":    {kmstest.WithTemplate("missing.yaml"), "missing.yaml"},
		"parameter":   {kmstest.WithTemplate("../examples/ledger/template.yaml", "x"), `template parameter "x": expected K=V`},
		"world file":  {kmstest.WithWorldFile("missing.yaml"), "missing.yaml"},
		"world":       {kmstest.WithWorld("nonsense: 1"), "world.yaml:1:1"},
		"account":     {kmstest.WithAccount("1"), "1"},
		"store":       {kmstest.WithStoreDir("server.go/x"), "server.go"},
	} {
		t.Run("Start "+name, func(t *testing.T) {
			require.Contains(t, failure(t, func(fake *fakeT) { kmstest.Start(fake, test.option) }), test.want)
		})
	}
}

// TestPolicies change for the very next call.
func TestPolicies(t *testing.T) {
	t.Parallel()
	const only = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}]}`
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	bob, app := client(s, "user/bob"), client(s, "role/App")
	_, err := encrypt(t, bob, appKey, nil)
	requireDenied(t, err)
	s.PutPolicy("user/bob", "Encrypt", only)
	ciphertext, err := encrypt(t, bob, appKey, nil)
	require.NoError(t, err)
	require.NoError(t, decrypt(t, app, ciphertext, nil))
	s.PutPolicy("role/App", "All", only)
	requireDenied(t, decrypt(t, app, ciphertext, nil))
	s.PutPolicy("user/bob", "Encrypt", "")
	_, err = encrypt(t, bob, appKey, nil)
	requireDenied(t, err)

	s.Load(`
accounts:
  "111122223333":
    users:
      carol: {policies: {Use: {Version: "2012-10-17", Statement: {Effect: Allow, Action: kms:Decrypt, Resource: "` + appKey + `"}}}}
    keys:
      99999999-12ab-34cd-56ef-1234567890ab: {}
`)
	require.NoError(t, decrypt(t, client(s, "user/carol"), ciphertext, nil))
	_, err = encrypt(t, client(s, "user/alice"), "99999999-12ab-34cd-56ef-1234567890ab", nil)
	require.NoError(t, err)
	_, err = encrypt(t, client(s, "user/alice"), "alias/app", nil) // what was loaded before is still there
	require.NoError(t, err)
}

// TestClock drives keys, conditions and sessions, and not signatures.
func TestClock(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	alice, app := client(s, "user/alice"), client(s, "role/App")
	start := time.Date(2030, time.January, 1, 12, 0, 0, 0, time.UTC)
	s.Clock.Set(start)
	made, err := alice.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	require.Equal(t, start, aws.ToTime(made.KeyMetadata.CreationDate).UTC())
	key := made.KeyMetadata.KeyId
	_, err = alice.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)})
	require.NoError(t, err)

	s.Clock.Advance(7*24*time.Hour - time.Second)
	described, err := app.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key}) // its session of long ago was renewed
	require.NoError(t, err)
	require.Equal(t, types.KeyStatePendingDeletion, described.KeyMetadata.KeyState)
	s.Clock.Advance(time.Second)
	_, err = alice.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
	requireCode(t, err, "NotFoundException")

	s.PutPolicy("user/bob", "Until", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*",
		"Condition":{"DateLessThan":{"aws:CurrentTime":"2031-01-01T00:00:00Z"}}}]}`)
	bob := client(s, "user/bob")
	_, err = encrypt(t, bob, appKey, nil)
	require.NoError(t, err)
	session, err := s.Config("role/App").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, s.Clock.Now().Add(time.Hour), session.Expires)
	s.Clock.Set(time.Date(2031, time.January, 1, 0, 0, 0, 0, time.UTC))
	_, err = encrypt(t, bob, appKey, nil)
	requireDenied(t, err)
	expired := client(s, "role/App", func(o *kms.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return session, nil })
	})
	_, err = encrypt(t, expired, appKey, nil)
	requireCode(t, err, "ExpiredTokenException")

	s.Clock.Set(time.Time{})
	before := s.Clock.Now()
	s.Clock.Advance(time.Hour)
	require.WithinDuration(t, before.Add(time.Hour), s.Clock.Now(), time.Minute)
}

// TestStoreDir goes on where an earlier server stopped.
func TestStoreDir(t *testing.T) {
	t.Parallel()
	dir, clock := t.TempDir(), &kmstest.Clock{}
	clock.Set(time.Date(2029, time.May, 1, 0, 0, 0, 0, time.UTC))
	options := []kmstest.Option{kmstest.WithStoreDir(dir), kmstest.WithWorld(appWorld), kmstest.WithClock(clock)}
	first := kmstest.Start(t, options...)
	require.Same(t, clock, first.Clock)
	ciphertext, err := encrypt(t, client(first, "user/alice"), appKey, nil)
	require.NoError(t, err)
	first.PutPolicy("user/bob", "Decrypt", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}]}`)
	first.Stop()
	first.Stop()                   // again does nothing
	_, err = http.Get(first.URL()) //nolint:bodyclose // there is none
	require.Error(t, err)

	second := kmstest.Start(t, options...)
	require.NoError(t, decrypt(t, client(second, "user/bob"), ciphertext, nil))
	described, err := client(second, "user/alice").DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(appKey)})
	require.NoError(t, err)
	require.Equal(t, 2029, described.KeyMetadata.CreationDate.UTC().Year())
}

// TestDefaults says where names belong.
func TestDefaults(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithAccount("444455556666"), kmstest.WithRegion("cn-north-1"))
	made, err := client(s, "root").CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	require.Regexp(t, `^arn:aws-cn:kms:cn-north-1:444455556666:key/`, aws.ToString(made.KeyMetadata.Arn))
}

// TestTemplates and world files come from files, templates with parameters.
func TestTemplates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	template, world := filepath.Join(dir, "app.yaml"), filepath.Join(dir, "world.yaml")
	require.NoError(t, os.WriteFile(template, []byte(`
Parameters: {Name: {Type: String}}
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: "kms:*", Resource: "*"}}}}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${Name}", TargetKeyId: !Ref Key}}
`), 0o600))
	require.NoError(t, os.WriteFile(world, []byte(appWorld), 0o600))
	s := kmstest.Start(t, kmstest.WithTemplate(template, "Name=payments"), kmstest.WithWorldFile(world))
	_, err := encrypt(t, client(s, "user/alice"), "alias/payments", nil)
	require.NoError(t, err)
	_, err = encrypt(t, client(s, "user/alice"), "alias/app", nil)
	require.NoError(t, err)
}

// TestEnforcement says what a lax server does.
func TestEnforcement(t *testing.T) {
	t.Parallel()
	t.Run("soft", func(t *testing.T) {
		t.Parallel()
		log := failureLog(t, func(fake *fakeT) {
			s := kmstest.Start(fake, kmstest.WithWorld(appWorld), kmstest.WithEnforcement("soft"))
			for range 3 {
				_, err := encrypt(t, client(s, "user/bob"), appKey, nil)
				require.NoError(t, err)
			}
		})
		require.Equal(t, 1, strings.Count(log, "would be denied"), log)
	})
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		s := kmstest.Start(t, kmstest.WithWorld(appWorld), kmstest.WithEnforcement("off"))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(), strings.NewReader(`{"KeyId":"alias/app"}`))
		require.NoError(t, err)
		r.Header.Set("X-Amz-Target", "TrentService.DescribeKey")
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
	})
}

// TestExplanations tell what decided.
func TestExplanations(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	_, err := encrypt(t, client(s, "user/bob"), appKey, nil)
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	require.True(t, ok, "%v", err)
	text := s.Explain(response.ServiceRequestID())
	require.Contains(t, text, "Encrypt by arn:aws:iam::111122223333:user/bob")
	require.Contains(t, text, "DENY")
	require.Contains(t, text, "the key policy leaves it to IAM policies, and none of the caller's allows it")

	denied := func(failed bool) func(*fakeT) {
		return func(fake *fakeT) {
			s := kmstest.Start(fake, kmstest.WithWorld(appWorld), kmstest.WithExplainedDenials())
			for range 2 {
				_, err := encrypt(t, client(s, "user/bob"), appKey, nil)
				requireDenied(t, err)
			}
			fake.failed = failed
		}
	}
	log := failureLog(t, denied(true))
	require.Equal(t, 1, strings.Count(log, "none of the caller's allows it"), log)
	require.Empty(t, failureLog(t, denied(false)))
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			c := client(s, "role/App/session-"+strconv.Itoa(i))
			for range 10 {
				_, err := encrypt(t, c, appKey, nil)
				if err != nil {
					t.Error(err)
				}
				s.Clock.Advance(time.Minute)
			}
		})
	}
	group.Wait()
}

// fakeT is a test that may fail.
type fakeT struct {
	t        *testing.T
	failed   bool
	fatal    string
	lock     sync.Mutex
	log      strings.Builder
	cleanups []func()
}

func (f *fakeT) Helper()                  {}
func (f *fakeT) Context() context.Context { return f.t.Context() }
func (f *fakeT) Failed() bool             { return f.failed }
func (f *fakeT) Cleanup(end func())       { f.cleanups = append(f.cleanups, end) }

func (f *fakeT) Logf(format string, args ...any) {
	f.lock.Lock()
	defer f.lock.Unlock()
	_, _ = fmt.Fprintf(&f.log, format+"\n", args...)
}

func (f *fakeT) Fatalf(format string, args ...any) {
	f.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run runs a test to its end.
func (f *fakeT) run(test func(*fakeT)) {
	var group sync.WaitGroup
	group.Go(func() { test(f) })
	group.Wait()
	for _, end := range f.cleanups {
		group.Go(end)
		group.Wait()
	}
}

// failure returns what a test fails with.
func failure(t *testing.T, test func(*fakeT)) string {
	t.Helper()
	f := &fakeT{t: t}
	f.run(test)
	require.NotEmpty(t, f.fatal, "the test did not fail")
	return f.fatal
}

// failureLog returns what a test logs.
func failureLog(t *testing.T, test func(*fakeT)) string {
	t.Helper()
	f := &fakeT{t: t}
	f.run(test)
	require.Empty(t, f.fatal)
	return f.log.String()
}
