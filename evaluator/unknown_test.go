package evaluator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// unknownCase is a question about a key of which alice's account is the owner.
type unknownCase struct {
	name       string
	statements []string // of the key policy, behind their Principal, Action and Resource
	grants     []*evaluator.Grant
	context    evaluator.Context
	keys       []string
	want       []string // the ways in words, or the verdict when there are none
	omitted    bool
}

func (c *unknownCase) request(t *testing.T) evaluator.Request {
	t.Helper()
	var texts []string
	for _, s := range c.statements {
		effect, rest, _ := strings.Cut(s, " ")
		if rest != "" {
			rest = `, "Condition": ` + rest
		}
		texts = append(texts, fmt.Sprintf(`{"Effect": %q, "Principal": "*", "Action": "kms:*", "Resource": "*"%s}`, effect, rest))
	}
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy",
		[]byte(`{"Version": "2012-10-17", "Statement": [`+strings.Join(texts, ",")+`]}`), policy.WithoutSizeLimit())
	require.False(t, diags.HasErrors(), "%v", diags)
	return evaluator.Request{
		Principal: &evaluator.Principal{
			Type: evaluator.User, ARN: "arn:aws:iam::" + accountA + ":user/alice", Account: accountA, Name: "alice",
			Tags: map[string]string{"team": "red", "path": "a:b"},
		},
		Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Policy: doc, Grants: c.grants}, Context: c.context,
	}
}

// manyPatterns are patterns of which every set is matched by some text: too many to tell apart.
func manyPatterns() string {
	var out []string
	for i := range 14 {
		out = append(out, fmt.Sprintf(`"*%c*"`, 'a'+i))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// manyValues are so many values that those of two pairs together are too many to try.
func manyValues() string {
	return "[" + strings.Join(numbered(40, `"v%d%.0d"`), ", ") + "]"
}

func numbered(n int, format string) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(format, i, i))
	}
	return out
}

func grantWith(subset map[string]string) *evaluator.Grant {
	return &evaluator.Grant{
		ID: "g", KeyARN: keyOne, GranteePrincipal: "arn:aws:iam::" + accountA + ":user/alice", Operations: []string{"Decrypt"}, EncryptionContextSubset: subset,
	}
}

var unknownCases = []unknownCase{
	{
		name: "the values of two conditions exclude each other", keys: []string{"acme:x"},
		statements: []string{`Allow {"StringEquals": {"acme:x": "a"}, "StringLike": {"acme:x": "b*"}}`}, want: []string{"deny"},
	},
	{
		name: "what allows is denied", keys: []string{"aws:SourceIp"},
		statements: []string{`Allow {"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}`, `Deny {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`},
		want:       []string{"deny"},
	},
	{
		name: "either allows", keys: []string{"aws:SourceVpce"},
		statements: []string{`Allow {"StringLikeIfExists": {"aws:SourceVpce": "vpce-*"}}`, `Allow {"StringNotLike": {"aws:SourceVpce": ["vpce-1*", "vpce-2?"]}}`},
		want:       []string{"allow"},
	},
	{
		name: "one follows from another", keys: []string{"kms:ScheduleKeyDeletionPendingWindowInDays", "aws:MultiFactorAuthAge"},
		statements: []string{`Allow {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}, "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"}}`},
		want:       []string{"aws:MultiFactorAuthAge < 300"},
	},
	{
		name: "a Deny beside values", keys: []string{"kms:ViaService"},
		statements: []string{`Allow {"StringEquals": {"kms:ViaService": ["a", "b"]}}`, `Deny {"StringEquals": {"kms:ViaService": "b"}}`},
		want:       []string{`kms:ViaService is one of "a", "b" and kms:ViaService is not "b" or missing`},
	},
	{
		name: "negated, missing and quantified", keys: []string{"aws:TagKeys", "aws:SourceVpce", "aws:PrincipalOrgID", "aws:SecureTransport", "aws:SourceArn"},
		statements: []string{
			`Allow {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:SourceVpce": "false"}, "ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}`,
			`Deny {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}`,
			`Deny {"ForAnyValue:StringLike": {"aws:TagKeys": "c*"}, "Null": {"aws:PrincipalOrgID": "true"}}`,
			`Deny {"Bool": {"aws:SecureTransport": "false"}}`,
		},
		want: []string{
			`every value of aws:TagKeys is one of "a", "b", or missing and aws:SourceVpce is present and aws:SourceArn is like "arn:aws:s3:::*"` +
				` and aws:PrincipalOrgID = "o-1" and aws:SecureTransport = "true" or missing`,
		},
	},
	{
		name: "a known variable, with what means something in a pattern", keys: []string{"acme:x"},
		statements: []string{`Allow {"StringLike": {"acme:x": "${aws:PrincipalTag/team}/*"}}`, `Allow {"StringEquals": {"acme:x": "${aws:PrincipalTag/none}"}}`},
		want:       []string{`acme:x is like "red/*"`},
	},
	{
		name: "an open variable", keys: []string{"acme:x", "acme:y"}, statements: []string{`Allow {"StringEquals": {"acme:x": "${acme:y}"}}`},
		want: []string{`acme:x = "${acme:y}"`},
	},
	{
		name: "patterns beyond telling apart", keys: []string{"acme:x", "kms:ViaService", "kms:EncryptionContext:*", "aws:ViaAWSService"},
		grants: []*evaluator.Grant{grantWith(map[string]string{"a": "b"})},
		statements: []string{
			`Deny {"StringLike": {"acme:x": ` + manyPatterns() + `}}`, `Deny {"StringLike": {"kms:ViaService": ` + manyPatterns() + `}}`,
			`Deny {"ForAnyValue:StringLike": {"kms:EncryptionContextKeys": ` + manyPatterns() + `}}`, `Deny {"Bool": {"aws:ViaAWSService": "true"}}`,
		},
		want: []string{
			`the encryption context contains {a=b} and PATTERNS`,
		},
	},
	{
		name: "the names of the encryption context are known, its values are not", keys: []string{"kms:EncryptionContext:*"},
		context:    evaluator.Context{"kms:EncryptionContextKeys": {"a"}},
		grants:     []*evaluator.Grant{grantWith(map[string]string{"a": "b"})},
		statements: []string{`Deny {"StringEquals": {"kms:EncryptionContext:a": "c"}}`},
		want:       []string{"the encryption context contains {a=b}"},
	},
	{
		name: "values of a pair beyond telling apart", keys: []string{"kms:EncryptionContext:*"},
		grants:     []*evaluator.Grant{grantWith(map[string]string{"a": "b"})},
		statements: []string{`Deny {"StringLike": {"kms:EncryptionContext:a": ["*c*", ` + manyPatterns()[1:] + `}}`},
		want:       []string{"the encryption context contains {a=b} and PATTERNS"},
	},
	{
		name: "pairs beyond telling apart", keys: []string{"kms:EncryptionContext:*"},
		grants: []*evaluator.Grant{grantWith(map[string]string{"a": "v1", "b": "v1"})},
		statements: []string{
			`Deny {"StringEquals": {"kms:EncryptionContext:a": ` + manyValues() + `}}`, `Deny {"StringEquals": {"kms:EncryptionContext:b": ` + manyValues() + `}}`,
		},
		// Together they cannot hold, which is not seen: each condition is taken to hold or not regardless of others.
		want: []string{"the encryption context contains {a=v1, b=v1} and VALUES"},
	},
	{
		name: "whether a key is of a multi-Region key", keys: []string{"kms:MultiRegionKeyType"},
		statements: []string{`Allow {"StringEquals": {"kms:MultiRegionKeyType": "PRIMARY"}}`}, want: []string{`kms:MultiRegionKeyType = "PRIMARY"`},
	},
	{
		name: "a Boolean is true or false", keys: []string{"aws:MultiFactorAuthPresent"},
		statements: []string{`Allow {"Bool": {"aws:MultiFactorAuthPresent": "x"}}`}, want: []string{"deny"},
	},
	{
		name: "a Boolean is true or false, whatever the operator", keys: []string{"aws:MultiFactorAuthPresent"},
		statements: []string{`Allow {"StringLike": {"aws:MultiFactorAuthPresent": ["x*", "*s*"]}}`}, want: []string{`aws:MultiFactorAuthPresent is like one of "x*", "*s*"`},
	},
	{
		name: "a Boolean that is none of what is listed", keys: []string{"aws:MultiFactorAuthPresent", "acme:x"},
		statements: []string{
			`Allow {"BoolIfExists": {"aws:MultiFactorAuthPresent": ["True", "x"]}}`, `Deny {"Bool": {"acme:x": "x"}}`, `Deny {"Bool": {"acme:x": "${aws:PrincipalTag/none}"}}`,
		},
		want: []string{`aws:MultiFactorAuthPresent = "True" or missing`},
	},
	{
		name: "the source of a call by a grant", keys: []string{"aws:SourceArn"},
		grants: []*evaluator.Grant{{
			ID: "g", KeyARN: keyOne, GranteePrincipal: "arn:aws:iam::" + accountA + ":user/alice", Operations: []string{"Decrypt"}, SourceArn: "arn:aws:s3:::b",
		}},
		statements: []string{`Deny {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::c*"}}`}, want: []string{`aws:SourceArn = "arn:aws:s3:::b"`},
	},
	{
		name: "the whole encryption context by a grant", keys: []string{"kms:EncryptionContext:*"},
		grants: []*evaluator.Grant{{
			ID: "g", KeyARN: keyOne, GranteePrincipal: "arn:aws:iam::" + accountA + ":user/alice", Operations: []string{"Decrypt"},
			EncryptionContextEquals: map[string]string{"a": "b"},
		}},
		statements: []string{`Deny {"StringEquals": {"kms:EncryptionContext:c": "d"}}`}, want: []string{"the encryption context is exactly {a=b}"},
	},
	{
		name: "an open variable that does not matter", keys: []string{"acme:y", "acme:z"}, context: evaluator.Context{"acme:x": {"v"}},
		statements: []string{`Allow {"StringEquals": {"acme:x": ["v", "${acme:y}"]}}`, `Deny {"StringEquals": {"acme:z": "w"}}`},
		want:       []string{`acme:z is not "w" or missing`},
	},
	{
		name: "a time in seconds", keys: []string{"aws:EpochTime"},
		statements: []string{`Allow {"DateLessThan": {"aws:EpochTime": "2024-01-01T00:00:00Z"}}`, `Deny {"NumericGreaterThan": {"aws:EpochTime": "0"}}`},
		want:       []string{"aws:EpochTime before 2024-01-01T00:00:00Z and aws:EpochTime is not > 0 or missing"},
	},
	{
		name: "a list of no values", keys: []string{"kms:EncryptionContextKeys"},
		statements: []string{`Allow {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": []}}`},
		want:       []string{"every value of kms:EncryptionContextKeys is one of no values or missing"},
	},
	{
		name: "a date that is none", keys: []string{"aws:TokenIssueTime"},
		statements: []string{`Allow {"DateLessThan": {"aws:TokenIssueTime": ["2024-01-01T00:00:00Z", "soon"]}}`},
		want:       []string{"aws:TokenIssueTime before one of 2024-01-01T00:00:00Z, soon"},
	},
	{
		name: "values that are listed twice", keys: []string{"acme:x"},
		statements: []string{`Allow {"StringEquals": {"acme:x": ["red", "${aws:PrincipalTag/team}", "red"]}}`}, want: []string{`acme:x = "red"`},
	},
	{
		name: "the empty string is no value for set operators", keys: []string{"aws:PrincipalTag/none"},
		statements: []string{`Deny {"StringEquals": {"aws:PrincipalTag/none": ["a", "b"]}}`, `Allow {"ForAllValues:StringEquals": {"aws:PrincipalTag/none": ["a", "b"]}, "Null": {"aws:PrincipalTag/none": "false"}}`},
		want:       []string{`every value of aws:PrincipalTag/none is one of "a", "b", or missing and aws:PrincipalTag/none is present and aws:PrincipalTag/none is not one of "a", "b", or missing`},
	},
	{
		name: "more ways than are listed", keys: []string{"acme:*"}, statements: numbered(70, `Allow {"StringEquals": {"acme:k%d": "v%d"}}`), omitted: true,
	},
	{
		name: "more ways than are kept", keys: []string{"acme:*"}, omitted: true,
		statements: append(numbered(10, `Deny {"StringEquals": {"acme:k%d": "v"}, "StringLike": {"acme:l%d": "w*"}}`), "Allow "),
	},
}

// TestUnknown asks questions with open condition keys.
func TestUnknown(t *testing.T) {
	t.Parallel()
	e := evaluator.New(mapWorld{})
	for _, c := range unknownCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := e.Resolve(t.Context(), c.request(t), evaluator.Unknown{Keys: c.keys})
			require.NoError(t, err)
			require.Equal(t, c.omitted, r.Omitted)
			if c.omitted {
				require.Equal(t, evaluator.Conditional, r.Decision.Decision)
				require.NotEmpty(t, r.Ways)
				return
			}
			got := r.Conditions
			if len(got) == 0 {
				got = []string{string(r.Decision.Decision)}
			}
			for i := range got {
				for words, short := range map[string]string{
					" and acme:x is not like any of": "PATTERNS", " and kms:EncryptionContext:a is not like any of": "PATTERNS",
					" and kms:EncryptionContext:a is not one of": "VALUES",
				} {
					if at := strings.Index(got[i], words); at > 0 && strings.Contains(c.name, "beyond") {
						got[i] = got[i][:at] + " and " + short
					}
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestUnknownGrantSurvives has no SCP that allows, and a grant that survives that under a condition.
func TestUnknownGrantSurvives(t *testing.T) {
	t.Parallel()
	c := unknownCase{statements: []string{"Allow"}, grants: []*evaluator.Grant{grantWith(map[string]string{"a": "b"})}}
	readings, err := evaluator.ParseReadings("grant-and-scp=survives")
	require.NoError(t, err)
	world := mapWorld{accountA: {ID: accountA, SCPs: [][]*policy.Document{{}}}}
	r, err := evaluator.New(world).Assuming(readings).Resolve(t.Context(), c.request(t), evaluator.Unknown{Keys: []string{"kms:EncryptionContext:*"}})
	require.NoError(t, err)
	require.Equal(t, []string{"the encryption context contains {a=b}"}, r.Conditions)
	require.Contains(t, r.Assumptions, "grant-and-scp=survives")
}

// parsed is a policy of the given statements.
func parsed(t *testing.T, kind policy.Kind, statements string) *policy.Document {
	t.Helper()
	doc, diags := policy.Parse(kind, kind.String(), []byte(`{"Version": "2012-10-17", "Statement": [`+statements+`]}`))
	require.False(t, diags.HasErrors(), "%v", diags)
	return doc
}

// TestUnknownResource has statements that are about the key for some values of an open variable.
func TestUnknownResource(t *testing.T) {
	t.Parallel()
	const tagged = `"arn:aws:kms:*:*:key/${aws:PrincipalTag/key}"`
	const everything = `{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}`
	for statement, want := range map[string]string{
		`{"Effect": "Allow", "Action": "kms:*", "Resource": ` + tagged + `}`:                                                   `matches ` + tagged,
		everything + `, {"Effect": "Deny", "Action": "kms:*", "Resource": [` + tagged + `, "arn:aws:kms:*:*:key/"]}`:           `does not match ` + tagged + `, "arn:aws:kms:*:*:key/"`,
		everything + `, {"Effect": "Deny", "Action": "kms:*", "NotResource": ` + tagged + `}`:                                  `matches ` + tagged,
		`{"Effect": "Allow", "Action": "kms:*", "NotResource": "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}/${aws:username}"}`: `does not match "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}/alice"`,
	} {
		req := evaluator.Request{
			Principal: &evaluator.Principal{
				Type: evaluator.User, ARN: "arn:aws:iam::" + accountA + ":user/alice", Account: accountA, Name: "alice",
				Identity: []*policy.Document{parsed(t, policy.IdentityPolicy, statement)},
			},
			Action: "kms:Decrypt",
			Key: &evaluator.Key{ARN: keyOne, Policy: parsed(t, policy.KeyPolicy,
				`{"Effect": "Allow", "Principal": {"AWS": "`+accountA+`"}, "Action": "kms:*", "Resource": "*"}`)},
		}
		r, err := evaluator.New(mapWorld{}).Resolve(t.Context(), req, evaluator.Unknown{Keys: []string{"aws:PrincipalTag/*"}})
		require.NoError(t, err)
		require.Equal(t, []string{keyOne + " " + want}, r.Conditions, statement)
		require.Len(t, r.Ways, 1)
		require.Equal(t, r.Conditions[0], fmt.Sprint(r.Ways[0].Conditions[0]))
	}
}
