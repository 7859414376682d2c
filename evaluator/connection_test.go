package evaluator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// fixed answers with the same values always, and notes what it was asked.
type fixed struct {
	values map[string][]string
	asked  map[string]int
}

func (f fixed) ConditionKey(folded string) []string {
	f.asked[folded]++
	return f.values[folded]
}

// A connection is asked for the keys that policies mention and the context does not give, and comes before what the
// evaluator derives.
func TestConnectionGivesConditionKeys(t *testing.T) {
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},
		"Action":"kms:Encrypt","Resource":"*","Condition":{
			"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"StringEquals":{"aws:RequestedRegion":"eu-west-1","aws:UserAgent":"given"}}}]}`
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(text))
	require.False(t, diags.HasErrors())
	connection := fixed{map[string][]string{
		"aws:sourceip": {"192.0.2.7"}, "aws:requestedregion": {"eu-west-1"}, "aws:useragent": {"not this one"},
		"aws:securetransport": {"true"},
	}, map[string]int{}}
	request := evaluator.Request{
		Principal: &evaluator.Principal{Type: evaluator.User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice"},
		Action:    "kms:Encrypt",
		Key:       &evaluator.Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", Policy: doc},
		Context:   evaluator.Context{"aws:UserAgent": {"given"}},
	}
	e := evaluator.New(emptyWorld{})
	without, err := e.Authorize(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, evaluator.Deny, without.Decision)

	request.Connection = connection
	with, err := e.Explain(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, evaluator.Allow, with.Decision)
	require.Zero(t, connection.asked["aws:useragent"], "the context comes first")
	require.Zero(t, connection.asked["aws:securetransport"], "no policy mentions it")
	require.Positive(t, connection.asked["aws:sourceip"])
}
