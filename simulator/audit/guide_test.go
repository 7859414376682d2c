package audit_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/simulator/audit"
)

// guideExample is a key policy, or statements of one, of the AWS KMS Developer Guide, with other names.
type guideExample struct {
	Name, Source string
	ID           string
	// Whole is true for a policy that the guide shows as a whole. Statements by themselves are put beside the statement
	// for the account that the default key policy has, or, with Administration, one without the use of the key.
	Whole, Administration bool
	Statements            []json.RawMessage
}

const (
	accountStatement        = `{"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}`
	administrationStatement = `{"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
		"Action": ["kms:Describe*", "kms:List*", "kms:Put*", "kms:Get*", "kms:ScheduleKeyDeletion"], "Resource": "*"}`
)

// TestGuideHasNoAlarms audits what the guide recommends: a finding of high or above would be a false alarm.
func TestGuideHasNoAlarms(t *testing.T) {
	src, err := os.ReadFile("testdata/guide.json")
	require.NoError(t, err)
	var examples []guideExample
	require.NoError(t, json.Unmarshal(src, &examples))
	require.Greater(t, len(examples), 50)
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			var statements []string
			switch {
			case e.Whole:
			case e.Administration:
				statements = append(statements, administrationStatement)
			default:
				statements = append(statements, accountStatement)
			}
			for _, s := range e.Statements {
				statements = append(statements, string(s))
			}
			text := `{"Version": "2012-10-17", "Id": "` + e.ID + `", "Statement": [` + strings.Join(statements, ",\n") + "]}"
			for _, f := range findings(t, "policy.json", text) {
				require.Less(t, f.Severity, audit.High, "%s: %s %s\n%s", e.Source, f.Code, f.Message, text)
			}
		})
	}
}

// TestDefaultKeyPolicyIsClean audits the policy of a key that is made without one.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func TestDefaultKeyPolicyIsClean(t *testing.T) {
	for name, text := range map[string]string{
		"document": `{"Version": "2012-10-17", "Id": "key-default-1", "Statement": [` + accountStatement + "]}",
		"template": "Resources:\n  Key:\n    Type: AWS::KMS::Key\n",
		"world":    "accounts:\n  \"111122223333\":\n    keys:\n      a: {}\n",
	} {
		t.Run(name, func(t *testing.T) { require.Empty(t, findings(t, "policy", text)) })
	}
}
