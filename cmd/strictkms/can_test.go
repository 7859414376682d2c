package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
)

// TestCanAsksNow shows that a policy about dates is decided at the time of the question.
func TestCanAsksNow(t *testing.T) {
	const world = `
accounts:
  "111122223333":
    users:
      alice: {}
    keys:
      k:
        policy:
          Version: 2012-10-17
          Statement:
            Effect: Allow
            Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}
            Action: kms:Decrypt
            Resource: "*"
            Condition:
              DateGreaterThan: {"aws:CurrentTime": "FROM"}
              DateLessThan: {"aws:CurrentTime": "TO"}
              NumericGreaterThan: {"aws:EpochTime": "1772366399"}
`
	for name, test := range map[string]struct {
		from, to string
		code     int
	}{
		"before": {"2026-03-01T12:00:01Z", "2027-01-01T00:00:00Z", exitDenied},
		"during": {"2026-03-01T11:59:59Z", "2026-03-01T12:00:01Z", exitAllowed},
		"after":  {"2026-01-01T00:00:00Z", "2026-03-01T11:59:59Z", exitDenied},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "world.yaml")
			require.NoError(t, os.WriteFile(file, []byte(strings.NewReplacer("FROM", test.from, "TO", test.to).Replace(world)), 0o600))
			_, errw, code := run(nil, "can", "user/alice", "kms:Decrypt", "k", "--load", file)
			require.Empty(t, errw)
			require.Equal(t, test.code, code)
		})
	}
}

func TestSetNow(t *testing.T) {
	c := evaluator.Context{"AWS:securetransport": {"false"}}
	setNow(c, time.Date(2026, time.March, 1, 13, 0, 0, 0, time.FixedZone("CET", 3600)))
	require.Equal(t, evaluator.Context{
		"AWS:securetransport": {"false"}, "aws:CurrentTime": {"2026-03-01T12:00:00Z"}, "aws:EpochTime": {"1772366400"},
	}, c)
}
