package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEnds checks where what was found ends, in JSON and in YAML.
func TestEnds(t *testing.T) {
	find := func(file, text, code string) string {
		found := only(findings(t, file, text), code)
		require.NotEmpty(t, found)
		return found[0].Position.String() + " to " + found[0].End.String()
	}
	require.Equal(t, "p.json:3:39 to p.json:3:50", find("p.json", `{"Version": "2012-10-17", "Statement": [
`+accountStatement+`,
  {"Sid": "S", "Effect": "Allow",     "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}]}`, "KP301"), "the name of an element")
	require.Equal(t, "p.json:3:85 to p.json:3:99", find("p.json", `{"Version": "2012-10-17", "Statement": [
`+accountStatement+`,
  {"Sid": "é", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": ["kms:ListKeys" , "kms:Decrypt"], "Resource": "*"}]}`, "KP104"), "a value, in bytes")
	const world = "accounts:\n  \"111122223333\":\n    keys:\n      a:\n        policy:\n          Version: \"2012-10-17\"\n          Statement:\n            - Effect: Allow\n" +
		"              Principal: {AWS: \"111122223333\"}\n              Action:\n              - kms:ListKeys # all\n              - kms:*\n              Resource: '*'\n"
	require.Equal(t, "w.yaml:11:17 to w.yaml:11:29", find("w.yaml", world, "KP104"), "a word")
}
