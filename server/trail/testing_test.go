package trail

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
)

const (
	account = "111122223333"
	foreign = "444455556666"
	keyARN  = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

type noAccounts struct{}

func (noAccounts) Account(string) *evaluator.Account { return nil }

func enforcer(t testing.TB, mode enforce.Mode) *enforce.Enforcer {
	t.Helper()
	e, err := enforce.New(enforce.Config{World: noAccounts{}, Mode: mode, Clock: func() time.Time { return now }})
	require.NoError(t, err)
	return e
}

// key is a key of an account that everybody of that account may encrypt with, and alice of the other account too.
func key(t testing.TB) *kms.Key {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[{"Sid":"Everybody","Effect":"Allow",
		"Principal":{"AWS":["arn:aws:iam::111122223333:user/alice","arn:aws:iam::444455556666:user/alice"],
		"Service":"s3.amazonaws.com"},"Action":["kms:Encrypt","kms:ReEncrypt*"],"Resource":"*"}]}`
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(text))
	require.False(t, diags.HasErrors())
	return &kms.Key{ARN: keyARN, Partition: "aws", Region: "us-east-1", Account: account, Policy: text, PolicyDocument: doc}
}

func alice(t testing.TB, account string) *iam.Principal {
	t.Helper()
	doc, diags := policy.Parse(policy.IdentityPolicy, "alices", []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}]}`))
	require.False(t, diags.HasErrors())
	return &iam.Principal{
		Type: iam.User, ARN: "arn:aws:iam::" + account + ":user/alice", Account: account, Name: "alice",
		UniqueID: "AIDAALICE", Identity: []*policy.Document{doc},
	}
}

func by(p *iam.Principal) enforce.Connection {
	return enforce.Connection{
		RequestID: "request-1", Principal: p, Region: "us-east-1", SourceIP: netip.MustParseAddr("203.0.113.7"),
		UserAgent: "aws-cli/2", TLS: true,
	}
}

// encryption is a call of Encrypt that was decided.
func encryption(t testing.TB, connection enforce.Connection, action string) *Entry {
	t.Helper()
	call := enforcer(t, enforce.Strict).Call(connection)
	k := key(t)
	call.Key(k)
	err := call.Authorize(t.Context(), &kms.Access{
		Action: action, Key: k, Context: map[string][]string{"kms:EncryptionContext:tenant": {"a"}},
	})
	return &Entry{
		Call: call, Operation: action[len("kms:"):], AccessKeyID: "AKIAEXAMPLE", Err: err, Latency: 1234 * time.Microsecond,
	}
}

// decoded is a line as its readers see it.
func decoded(t testing.TB, r *record) map[string]any {
	t.Helper()
	line, err := r.line()
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(line, []byte("\n")))
	require.True(t, bytes.HasSuffix(line, []byte("\n")))
	var out map[string]any
	require.NoError(t, json.Unmarshal(line, &out))
	return out
}

// sink is a writer that keeps what it is given, write by write, and fails while err is set.
type sink struct {
	lock   sync.Mutex
	writes []string
	err    error
	// part is how many bytes of a failing write arrive.
	part int
}

func (s *sink) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.err != nil {
		n := min(s.part, len(p))
		if n > 0 {
			s.writes = append(s.writes, string(p[:n]))
		}
		return n, s.err
	}
	s.writes = append(s.writes, string(p))
	return len(p), nil
}

func (s *sink) fail(err error, part int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.err, s.part = err, part
}

func (s *sink) all() []string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]string{}, s.writes...)
}
