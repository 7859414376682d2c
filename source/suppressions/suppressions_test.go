package suppressions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/suppressions"
)

func at(file string, line, column int) policy.Position {
	return policy.Position{File: file, Line: line, Column: column}
}

// TestComments checks which lines a comment is for: from the first to before the second.
func TestComments(t *testing.T) {
	type span struct {
		rule, reason   string
		first, outside int
	}
	for _, c := range []struct {
		name, text string
		want       []span
	}{
		{"none", "a: b # strictkms is good\n# strictkms:ignored KP101\n", nil},
		{
			"alone, for the item below",
			"Statement:\n  # strictkms:ignore KP301 open on purpose\n  - Sid: A\n    Effect: Allow\n\n    # more\n    Action: x\n  - Sid: B\n",
			[]span{{"KP301", "open on purpose", 3, 8}},
		},
		{
			"alone, several codes and comments between",
			"# strictkms:ignore KP301,KP304 why not\n# another\n\na:\n  b: c\nd: e\n",
			[]span{{"KP301", "why not", 4, 6}, {"KP304", "why not", 4, 6}},
		},
		{"behind a value", "a: b # strictkms:ignore KP101 is fine \r\nc: d\n", []span{{"KP101", "is fine", 1, 2}}},
		{"behind a name", "a: # strictkms:ignore KP101 fine\n  b: c\nd: e\n", []span{{"KP101", "fine", 1, 3}}},
		{
			"a list that is not indented",
			"a:\n  # strictkms:ignore KP101 fine\n  Statement:\n  - x: y\n  - z: y\n  other: 1\n",
			[]span{{"KP101", "fine", 3, 6}},
		},
		{"without a reason", "# strictkms:ignore KP101\na: b\n", []span{{"KP101", "", 2, 3}}},
		{"without anything", "# strictkms:ignore\na: b\n", []span{{"", "", 2, 3}}},
		{"at the end", "a: b\n# strictkms:ignore KP101 late\n", []span{{"KP101", "late", 4, 4}}},
		{"in JSON", "{\n  \"a\": \"# strictkms:ignore KP101 no\"\n}\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []span
			for _, s := range suppressions.Comments("f.yaml", []byte(c.text)) {
				require.Equal(t, suppressions.FromComment, s.Origin)
				require.True(t, s.Pos.IsValid())
				got = append(got, span{s.Rule, s.Reason, s.From.Line, s.To.Line})
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestMetadata(t *testing.T) {
	const text = `Resources:
  A:
    Type: AWS::KMS::Key
    Metadata:
      strictkms:
        ignore:
          - {code: KP301, reason: open on purpose, sid: All}
          - code: KP304
  B:
    Type: AWS::KMS::Key
`
	got, err := suppressions.Metadata("t.yaml", []byte(text))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "KP301", got[0].Rule)
	require.Equal(t, "open on purpose", got[0].Reason)
	require.True(t, got[0].Covers(at("t.yaml", 3, 5), "All", ""))
	require.False(t, got[0].Covers(at("t.yaml", 3, 5), "Other", ""))
	require.False(t, got[0].Covers(at("t.yaml", 10, 5), "All", ""), "of another resource")
	require.False(t, got[0].Covers(at("u.yaml", 3, 5), "All", ""), "of another file")
	require.Empty(t, got[1].Reason)

	json := `{"Resources": {"A": {"Type": "AWS::KMS::Key", "Metadata": {"strictkms": {"ignore": [{"code": "KP301", "reason": "x"}]}}}, "B": {}}}`
	got, err = suppressions.Metadata("t.json", []byte(json))
	require.NoError(t, err)
	require.True(t, got[0].Covers(at("t.json", 1, 30), "", ""))
	require.False(t, got[0].Covers(at("t.json", 1, len(json)-3), "", ""), "of B")

	for name, c := range map[string]struct{ text, want string }{
		"not a list":    {"Resources: {A: {Metadata: {strictkms: {ignore: KP301}}}}", "t.yaml:1:48: expected suppressions as a list, found a text"},
		"unknown field": {"Resources: {A: {Metadata: {strictkms: {ignore: [{codes: KP301}]}}}}", `t.yaml:1:50: unknown field "codes" of a suppression: did you mean code?`},
		"no code":       {"Resources: {A: {Metadata: {strictkms: {ignore: [{reason: x}]}}}}", "t.yaml:1:49: expected the code of a rule, for example code: KP304"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := suppressions.Metadata("t.yaml", []byte(c.text))
			require.EqualError(t, err, c.want)
		})
	}
	for name, text := range map[string]string{"broken": "a: [", "no template": "a: b", "a list": "Resources: []", "other metadata": "Resources: {A: {Metadata: {x: y}}, B: c}"} {
		t.Run(name, func(t *testing.T) {
			got, err := suppressions.Metadata("t.yaml", []byte(text))
			require.NoError(t, err)
			require.Empty(t, got)
		})
	}
}

func TestConfig(t *testing.T) {
	const text = `audit:
  fail-on: medium
  severity:
    KP304: critical
  ignore:
    - {code: KP301, reason: public key, file: "keys/*.json", sid: All, key: "1234"}
`
	c, err := suppressions.ReadConfig(".strictkms.yaml", []byte(text))
	require.NoError(t, err)
	require.Equal(t, suppressions.Text{Value: "medium", Pos: c.FailOn.Pos}, c.FailOn)
	require.Equal(t, 2, c.FailOn.Pos.Line)
	require.Equal(t, "KP304", c.Severities[0].Rule.Value)
	require.Equal(t, "critical", c.Severities[0].Severity.Value)
	require.Equal(t, suppressions.Suppression{
		Rule: "KP301", Reason: "public key", Origin: suppressions.FromConfiguration, Pos: c.Ignore[0].Pos, File: "keys/*.json", Sid: "All", Key: "1234",
	}, c.Ignore[0])

	for name, c := range map[string]struct{ text, want string }{
		"not YAML":      {"audit: [", "c.yaml:"},
		"unknown field": {"audits: {}", `c.yaml:1:1: unknown field "audits" of the configuration: did you mean audit?`},
		"every problem": {"audit:\n  failon: x\n  ignore: 3\n", "c.yaml:2:3: unknown field \"failon\" of audit: did you mean fail-on?\nc.yaml:3:11: expected suppressions as a list, found a number"},
		"bad pattern":   {"audit: {ignore: [{code: KP301, file: '[a'}]}", "c.yaml:1:18: the file pattern is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := suppressions.ReadConfig("c.yaml", []byte(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestCoversOfConfiguration(t *testing.T) {
	for _, c := range []struct {
		name           string
		s              suppressions.Suppression
		file, sid, key string
		want           bool
	}{
		{"everything", suppressions.Suppression{}, "a/b.json", "S", "k", true},
		{"the path", suppressions.Suppression{File: "a/*.json"}, "a/b.json", "", "", true},
		{"the path from here", suppressions.Suppression{File: "./a/b.json"}, "a/b.json", "", "", true},
		{"the last part", suppressions.Suppression{File: "*.json"}, "a/b.json", "", "", true},
		{"another folder", suppressions.Suppression{File: "c/*.json"}, "a/b.json", "", "", false},
		{"a Sid", suppressions.Suppression{Sid: "S"}, "a", "S", "", true},
		{"another Sid", suppressions.Suppression{Sid: "S"}, "a", "T", "", false},
		{"an ARN", suppressions.Suppression{Key: "arn:aws:kms:us-east-1:111122223333:key/a"}, "a", "", "arn:aws:kms:us-east-1:111122223333:key/a", true},
		{"a key id", suppressions.Suppression{Key: "a"}, "a", "", "arn:aws:kms:us-east-1:111122223333:key/a", true},
		{"the end of a key id", suppressions.Suppression{Key: "a"}, "a", "", "arn:aws:kms:us-east-1:111122223333:key/ba", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.s.Origin = suppressions.FromConfiguration
			require.Equal(t, c.want, c.s.Covers(at(c.file, 1, 1), c.sid, c.key))
		})
	}
}
