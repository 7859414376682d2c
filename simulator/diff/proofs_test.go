package diff_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/simulator/diff"
)

// opposite is the verdict of a comparison the other way round.
var opposite = map[diff.Verdict]diff.Verdict{diff.Same: diff.Same, diff.Narrower: diff.Wider}

// TestProofs compares ways to write a condition, both ways round: what is narrower one way is wider the other way, and
// nothing is left unproved.
func TestProofs(t *testing.T) {
	deny := func(conditions string) string { return strings.Replace(use(conditions), "Allow", "Deny", 1) }
	const mfa = "aws:MultiFactorAuthPresent"
	for _, c := range []struct {
		name, before, after string
		want                diff.Verdict
	}{
		{"MFA by a Deny", use(`Bool: {` + mfa + `: "true"}`), use("") + deny(`BoolIfExists: {`+mfa+`: "false"}`), diff.Same},
		{"MFA if there is any, by a Deny", use(`BoolIfExists: {` + mfa + `: "true"}`), use("") + deny(`Bool: {`+mfa+`: "false"}`), diff.Same},
		{"TLS by a Deny: every request says so", use(`Bool: {aws:SecureTransport: "true"}`), use("") + deny(`Bool: {aws:SecureTransport: "false"}`), diff.Same},
		{"TLS or not", use(""), use(`Bool: {aws:SecureTransport: ["true", "false"]}`), diff.Same},
		{"MFA or not", use(""), use(`Bool: {` + mfa + `: ["true", "false"]}`), diff.Narrower},
		{"MFA or not, and MFA", use(`Bool: {` + mfa + `: ["true", "false"]}`), use(`Bool: {` + mfa + `: "true"}`), diff.Narrower},
		{"TLS or not, and none", use(`Bool: {aws:SecureTransport: ["true", "false"]}`), use(`Bool: {aws:SecureTransport: "false"}`), diff.Narrower},
		{"large numbers", use(`NumericGreaterThan: {aws:MultiFactorAuthAge: "100"}`), use(`NumericGreaterThan: {aws:MultiFactorAuthAge: "200000000"}`), diff.Narrower},
		{"dates far away", use(`DateGreaterThan: {aws:CurrentTime: "2100-01-01T00:00:00Z"}`), use(`DateGreaterThan: {aws:CurrentTime: "2200-01-01T00:00:00Z"}`), diff.Narrower},
		{"networks of both kinds", use(`IpAddress: {aws:SourceIp: [10.0.0.0/8, "2001:db8::/32"]}`), use(`IpAddress: {aws:SourceIp: 10.0.0.0/8}`), diff.Narrower},
		{"a Boolean as text", use(`Bool: {aws:SecureTransport: "true"}`), use(`StringEquals: {aws:SecureTransport: "true"}`), diff.Same},
		{"a number, by a Deny", use(`NumericLessThan: {aws:MultiFactorAuthAge: "100"}`), use("") + deny(`NumericGreaterThanEqualsIfExists: {aws:MultiFactorAuthAge: "100"}`), diff.Same},
		{"a network, by a Deny", use(`IpAddress: {aws:SourceIp: 10.0.0.0/8}`), use("") + deny(`NotIpAddress: {aws:SourceIp: 10.0.0.0/8}`), diff.Same},
		{"a date by itself", use(`DateLessThan: {aws:CurrentTime: "2027-01-01T00:00:00Z"}`), use(`DateLessThan: {aws:CurrentTime: "2027-01-01"}`), diff.Same},
		{"a date in seconds", use(`DateLessThan: {aws:CurrentTime: "2027-01-01T00:00:00Z"}`), use(`DateLessThan: {aws:CurrentTime: "1798761600"}`), diff.Same},
		{"the case of a text", use(`StringEqualsIgnoreCase: {"kms:EncryptionContext:a": "Red"}`), use(`StringEquals: {"kms:EncryptionContext:a": "red"}`), diff.Narrower},
		{"a pattern without wildcards", use(`StringLike: {"kms:EncryptionContext:a": "red"}`), use(`StringEquals: {"kms:EncryptionContext:a": "red"}`), diff.Same},
		{"a pattern of one character", use(`StringLike: {"kms:EncryptionContext:a": "r?d"}`), use(`StringEquals: {"kms:EncryptionContext:a": "red"}`), diff.Narrower},
		{"a pattern at the end", use(`StringLike: {"kms:EncryptionContext:a": "*d"}`), use(`StringLike: {"kms:EncryptionContext:a": "*ed"}`), diff.Narrower},
		{"a pattern in the middle", use(`StringLike: {"kms:EncryptionContext:a": "a*c"}`), use(`StringLike: {"kms:EncryptionContext:a": "a*b*c"}`), diff.Narrower},
		{"two patterns that leave nothing out", use(`StringLike: {"kms:EncryptionContext:a": "*"}`), use(`StringLike: {"kms:EncryptionContext:a": "a*"}`) + use(`StringNotLike: {"kms:EncryptionContext:a": "a*"}, "Null": {"kms:EncryptionContext:a": "false"}`), diff.Same},
		{"a part of an ARN", use(`ArnLike: {aws:SourceArn: "arn:aws:sns:*:111122223333:*"}`), use(`ArnLike: {aws:SourceArn: "arn:aws:sns:*:111122223333:t"}`), diff.Narrower},
		{"an ARN as text goes on", use(`StringLike: {aws:SourceArn: "arn:aws:sns:*:t"}`), use(`ArnLike: {aws:SourceArn: "arn:aws:sns:*:111122223333:t"}`), diff.Narrower},
		{"an ARN without wildcards", use(`ArnLike: {aws:SourceArn: "arn:aws:s3:::b"}`), use(`StringEquals: {aws:SourceArn: "arn:aws:s3:::b"}`), diff.Same},
		{"a Region of a service", use(`StringLike: {kms:ViaService: "s3.*.amazonaws.com"}`), use(`StringEquals: {kms:ViaService: "s3.us-east-1.amazonaws.com"}`), diff.Narrower},
		{"no other pairs", use(`StringEquals: {"kms:EncryptionContext:a": x}`), use(`StringEquals: {"kms:EncryptionContext:a": x}, "ForAllValues:StringEquals": {kms:EncryptionContextKeys: a}`), diff.Narrower},
		{"a pair has a name", use(`StringEquals: {"kms:EncryptionContext:a": x}`), use(`StringEquals: {"kms:EncryptionContext:a": x}, "ForAnyValue:StringEqualsIgnoreCase": {kms:EncryptionContextKeys: A}`), diff.Same},
	} {
		t.Run(c.name, func(t *testing.T) {
			there, back := compare(t, keyPolicy(c.before), keyPolicy(c.after)), compare(t, keyPolicy(c.after), keyPolicy(c.before))
			require.Equal(t, c.want, there.Verdict, summary(there))
			require.Equal(t, opposite[c.want], back.Verdict, summary(back))
			require.Zero(t, there.Unproved+back.Unproved)
		})
	}
}

// TestGrantConstraints compares constraints of a grant, with each other and with conditions of the key policy.
func TestGrantConstraints(t *testing.T) {
	grant := func(constraints string) string {
		return strings.Replace(keyPolicy(""), "        policy:", `        grants: [{GrantId: g1, GranteePrincipal: "arn:aws:iam::111122223333:user/alice", Operations: [Decrypt], Constraints: {`+constraints+`}}]
        policy:`, 1)
	}
	for _, c := range []struct {
		name, before, after string
		want                diff.Verdict
	}{
		{"exactly the pairs", grant("EncryptionContextSubset: {t: a}"), grant("EncryptionContextEquals: {t: a}"), diff.Narrower},
		{"one more pair", grant("EncryptionContextSubset: {t: a}"), grant("EncryptionContextSubset: {t: a, u: b}"), diff.Narrower},
		{"exactly more pairs", grant("EncryptionContextSubset: {t: a}"), grant("EncryptionContextEquals: {t: a, u: b}"), diff.Narrower},
		{"no constraint", grant(""), grant("EncryptionContextSubset: {t: a}"), diff.Narrower},
		{"a condition instead: its name has no case", keyPolicy(use(`StringEquals: {"kms:EncryptionContext:t": a}`)), grant("EncryptionContextSubset: {t: a}"), diff.Narrower},
		{"a condition on the name as well", keyPolicy(use(`StringEquals: {"kms:EncryptionContext:t": a}, "ForAnyValue:StringEquals": {kms:EncryptionContextKeys: t}`)), grant("EncryptionContextSubset: {t: a}"), diff.Same},
	} {
		t.Run(c.name, func(t *testing.T) {
			there, back := only(compare(t, c.before, c.after)), only(compare(t, c.after, c.before))
			switch c.want {
			case diff.Same:
				require.Empty(t, append(there, back...))
			default:
				require.Equal(t, []diff.Kind{diff.Narrowed}, there)
				require.Equal(t, []diff.Kind{diff.Widened}, back)
			}
		})
	}
	both := grant("EncryptionContextEquals: {t: a}")
	require.Equal(t, []diff.Kind{diff.Widened}, only(compare(t, both, grant("EncryptionContextEquals: {t: a, u: b}"))))
	require.Equal(t, []diff.Kind{diff.MayWiden}, only(compare(t, both, grant(`EncryptionContextEquals: {t: "a=b"}`))), "the name may be t=a")
}

// only are the kinds of change of decrypting.
func only(r *diff.Report) []diff.Kind {
	var out []diff.Kind
	for _, c := range r.Changes {
		if c.Actions[0] == "kms:Decrypt" {
			out = append(out, c.Change)
		}
	}
	return out
}

// TestWhoIsMeant checks that those who stand for others have names of their own accounts, and that sessions of a role that
// was loaded are there under any name.
func TestWhoIsMeant(t *testing.T) {
	everyone := func(conditions string) string {
		return strings.Replace(use(conditions), `Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}`, `Principal: "*"`, 1)
	}
	for _, c := range []struct {
		name, before, after string
		want                []string
	}{
		{"names of one's own account", "", everyone(`ArnLike: {aws:PrincipalArn: "arn:aws:iam::111122223333:role/*"}`), []string{
			`gained role/App: kms:Decrypt on k: never -> always`,
			`gained others in account 111122223333: kms:Decrypt on k: never -> if aws:PrincipalArn is like "role/*" and its IAM policies, which are not loaded, do not deny it`,
		}},
		{"names in any account", "", everyone(`ArnLike: {aws:PrincipalArn: "arn:aws:iam::*:role/Reader"}`), []string{
			`gained anyone in any other account: kms:Decrypt on k: never -> if aws:PrincipalArn is like "arn:aws:iam::*:role/Reader" and its IAM policies, which are not loaded, allow it`,
			`gained others in account 111122223333: kms:Decrypt on k: never -> if aws:PrincipalArn is like "arn:aws:iam::*:role/Reader" and its IAM policies, which are not loaded, do not deny it`,
		}},
		{"accounts by a pattern", "", everyone(`StringLike: {kms:CallerAccount: "4444*"}`), []string{
			`gained anyone in any other account like 4444*: kms:Decrypt on k: never -> if its IAM policies, which are not loaded, allow it`,
		}},
		{"the account of a role by its name, in another way", everyone(`StringEquals: {kms:CallerAccount: "444455556666"}`), everyone(`ArnLike: {aws:PrincipalArn: "arn:*:*::444455556666:*"}`), nil},
		{"a session of a loaded role", use(""), use("") + `- {Sid: Session, Effect: Allow, Principal: {AWS: "arn:aws:sts::111122223333:assumed-role/App/night"}, Action: kms:Decrypt, Resource: "*"}`, []string{
			`gained arn:aws:sts::111122223333:assumed-role/App/night: kms:Decrypt on k: never -> always`,
		}},
		{"a session that the role covers", use("") + `- {Sid: Role, Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:role/App"}, Action: kms:Decrypt, Resource: "*"}`, use("") + `- {Sid: Role, Effect: Allow, Principal: {AWS: ["arn:aws:iam::111122223333:role/App", "arn:aws:sts::111122223333:assumed-role/App/night"]}, Action: kms:Decrypt, Resource: "*"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, summary(compare(t, keyPolicy(c.before), keyPolicy(c.after))))
			back := compare(t, keyPolicy(c.after), keyPolicy(c.before))
			require.False(t, back.Verdict == diff.Wider, summary(back))
		})
	}
}

// TestOpenTags checks that tags whose values are not known are a difference from tags that are, though nothing else differs.
func TestOpenTags(t *testing.T) {
	text := keyPolicy(`- {Sid: Tagged, Effect: Allow, Principal: {AWS: "111122223333"}, Action: kms:Decrypt, Resource: "*"}`)
	text = strings.Replace(text, "alice: {}", `alice: {policies: {P: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:Decrypt", Resource: "*", Condition: {StringEquals: {aws:PrincipalTag/team: red}}}}}}`, 1)
	before, after := load(t, "old.yaml", text), load(t, "new.yaml", text)
	after.World.Users[0].Open = []string{"aws:PrincipalTag/*"}
	r, err := diff.Compare(t.Context(), before, after)
	require.NoError(t, err)
	require.Equal(t, []string{"gained user/alice: kms:Decrypt on k: never -> if aws:PrincipalTag/team = \"red\""}, summary(r))

	before, after = load(t, "old.yaml", text), load(t, "new.yaml", text)
	before.World.Keys[0].Open = []string{"aws:ResourceTag/*"}
	r, err = diff.Compare(t.Context(), before, after)
	require.NoError(t, err)
	require.Empty(t, r.Changes)
	require.NotZero(t, r.Compared, "the key is not the same")
}
