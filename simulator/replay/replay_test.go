package replay_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/replay"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

// world lets alice do one thing if conditions hold.
func world(t testing.TB, action, conditions string) *source.World {
	t.Helper()
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	require.NoError(t, files.Load(w, "world.yaml", []byte(`
accounts:
  "111122223333":
    users: {alice: {policies: {P: {Version: 2012-10-17, Statement: [{Sid: Use, Effect: Allow, Action: "`+action+`", Resource: "*", Condition: {`+conditions+`}}]}}}}
    roles: {App: {policies: {P: {Version: 2012-10-17, Statement: [{Sid: Use, Effect: Allow, Action: "`+action+`", Resource: "*", Condition: {`+conditions+`}}]}}}}
    keys:
      k: {aliases: [alias/app], policy: {Statement: [
        {Effect: Allow, Principal: {AWS: "111122223333"}, Action: "kms:*", Resource: "*"},
        {Effect: Allow, Principal: {Service: logs.us-east-1.amazonaws.com}, Action: "`+action+`", Resource: "*", Condition: {`+conditions+`}}]}}
      other: {}
`), w.Defaults))
	return w
}

// event is an event with some members, and those that all have.
func event(name, members string) string {
	text := `{"eventTime": "2026-03-04T05:06:07Z", "eventSource": "kms.amazonaws.com", "eventName": "` + name + `", "awsRegion": "us-east-1",
		"eventType": "AwsApiCall", "eventID": "e", "resources": [{"ARN": "arn:aws:kms:us-east-1:111122223333:key/k"}]`
	if !strings.Contains(members, "userIdentity") {
		text += `, "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333"}`
	}
	if members != "" {
		text += ", " + members
	}
	return text + "}"
}

// decide decides one event: same, changed or why it is not decided.
func decide(t testing.TB, w *source.World, src string) string {
	t.Helper()
	r := replay.New(w, evaluator.New(w))
	require.NoError(t, replay.Read("trail.json", strings.NewReader(src), func(e *replay.Event) error { return r.Add(t.Context(), e) }))
	report := r.Report()
	switch {
	case report.Same == 1:
		return "same"
	case len(report.Changes) == 1:
		return fmt.Sprintf("%s now, was %s: %s", report.Changes[0].Now, report.Changes[0].Was, report.Changes[0].Reason)
	default:
		require.Len(t, report.Undecided, 1)
		return report.Undecided[0].Why
	}
}

// TestContext holds what an event tells to the condition keys that a policy asks for: the call was allowed, and is
// allowed if the condition holds.
func TestContext(t *testing.T) {
	session := func(more string) string {
		return `"userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::111122223333:assumed-role/App/s", "accountId": "111122223333"` + more + `}`
	}
	logs := `"userIdentity": {"type": "AWSService", "invokedBy": "logs.us-east-1.amazonaws.com"}`
	for _, c := range []struct{ name, action, condition, event, members string }{
		{"encryption context", "kms:Decrypt", `StringEquals: {"kms:EncryptionContext:t": a}, "ForAllValues:StringEquals": {kms:EncryptionContextKeys: [t]}`, "Decrypt", `"requestParameters": {"encryptionContext": {"t": "a"}}`},
		{"algorithm", "kms:Encrypt", `StringEquals: {kms:EncryptionAlgorithm: RSAES_OAEP_SHA_256}`, "Encrypt", `"requestParameters": {"encryptionAlgorithm": "RSAES_OAEP_SHA_256"}`},
		{"alias", "kms:Decrypt", `StringEquals: {kms:RequestAlias: alias/app}`, "Decrypt", `"requestParameters": {"keyId": "arn:aws:kms:us-east-1:111122223333:alias/app"}`},
		{"no alias", "kms:Decrypt", `"Null": {kms:RequestAlias: "true"}`, "Decrypt", `"requestParameters": {"keyId": "k"}`},
		{"sign", "kms:Sign", `StringEquals: {kms:SigningAlgorithm: ECDSA_SHA_256, kms:MessageType: DIGEST}`, "Sign", `"requestParameters": {"signingAlgorithm": "ECDSA_SHA_256", "messageType": "DIGEST"}`},
		{"MAC", "kms:GenerateMac", `StringEquals: {kms:MacAlgorithm: HMAC_SHA_256}`, "GenerateMac", `"requestParameters": {"macAlgorithm": "HMAC_SHA_256"}`},
		{"key pair", "kms:GenerateDataKeyPair", `StringEquals: {kms:DataKeyPairSpec: RSA_2048}`, "GenerateDataKeyPair", `"requestParameters": {"keyPairSpec": "RSA_2048"}`},
		{"key spec of a data key", "kms:GenerateDataKey", `StringEquals: {kms:KeySpec: SYMMETRIC_DEFAULT}`, "GenerateDataKey", `"requestParameters": {"keySpec": "AES_256"}`},
		{"key spec of a new key", "kms:CreateKey", `StringEquals: {kms:KeySpec: RSA_2048, aws:RequestTag/a: b}, "ForAllValues:StringEquals": {aws:TagKeys: [a]}`, "CreateKey", `"requestParameters": {"keySpec": "RSA_2048", "tags": [{"tagKey": "a", "tagValue": "b"}]}`},
		{
			"grant", "kms:CreateGrant", `"ForAllValues:StringEquals": {kms:GrantOperations: [Decrypt, Encrypt]}, StringEquals: {kms:GranteePrincipal: "arn:aws:iam::111122223333:role/App", kms:GrantConstraintType: EncryptionContextSubset, "kms:EncryptionContext:t": a}`, "CreateGrant",
			`"requestParameters": {"operations": ["Decrypt"], "granteePrincipal": "arn:aws:iam::111122223333:role/App", "constraints": {"encryptionContextSubset": {"t": "a"}}}`,
		},
		{"deletion", "kms:ScheduleKeyDeletion", `NumericGreaterThan: {kms:ScheduleKeyDeletionPendingWindowInDays: "20"}`, "ScheduleKeyDeletion", `"requestParameters": {"pendingWindowInDays": 21}`},
		{"lockout", "kms:PutKeyPolicy", `Bool: {kms:BypassPolicyLockoutSafetyCheck: "false"}`, "PutKeyPolicy", `"requestParameters": {"bypassPolicyLockoutSafetyCheck": false}`},
		{"tag keys", "kms:UntagResource", `"ForAnyValue:StringEquals": {aws:TagKeys: [a]}`, "UntagResource", `"requestParameters": {"tagKeys": ["a"]}`},
		{"expiry", "kms:ImportKeyMaterial", `DateLessThan: {kms:ValidTo: "2027-01-01T00:00:00Z"}, StringEquals: {kms:ExpirationModel: KEY_MATERIAL_EXPIRES}`, "ImportKeyMaterial", `"requestParameters": {"validTo": "Dec 1, 2026, 3:04:05 PM", "expirationModel": "KEY_MATERIAL_EXPIRES"}`},
		{"time", "kms:Decrypt", `DateLessThan: {aws:CurrentTime: "2026-03-04T05:06:08Z"}, NumericGreaterThan: {aws:EpochTime: "1700000000"}`, "Decrypt", ""},
		{"address", "kms:Decrypt", `IpAddress: {aws:SourceIp: 192.0.2.0/24}`, "Decrypt", `"sourceIPAddress": "192.0.2.7"`},
		{"endpoint", "kms:Decrypt", `StringEquals: {aws:SourceVpce: vpce-1}, "Null": {aws:SourceIp: "true"}, IpAddress: {aws:VpcSourceIp: 10.0.0.0/8}`, "Decrypt", `"sourceIPAddress": "10.0.0.7", "vpcEndpointId": "vpce-1"`},
		{"TLS and Region", "kms:Decrypt", `Bool: {aws:SecureTransport: "true"}, StringEquals: {aws:RequestedRegion: us-east-1}`, "Decrypt", ""},
		{"MFA", "kms:Decrypt", `Bool: {aws:MultiFactorAuthPresent: "true"}`, "Decrypt", session(`, "sessionContext": {"attributes": {"mfaAuthenticated": "true", "creationDate": "2026-03-04T05:00:00Z"}}`)},
		{"token", "kms:Decrypt", `DateGreaterThan: {aws:TokenIssueTime: "2026-03-04T00:00:00Z"}`, "Decrypt", session(`, "sessionContext": {"attributes": {"mfaAuthenticated": "false", "creationDate": "2026-03-04T05:00:00Z"}}`)},
		{"session", "kms:Decrypt", `StringLike: {aws:userid: "AROAEXAMPLE:*"}, ArnEquals: {aws:PrincipalArn: "arn:aws:iam::111122223333:role/App"}`, "Decrypt", session("")},
		{"source identity", "kms:Decrypt", `StringEquals: {aws:SourceIdentity: bob}`, "Decrypt", session(`, "sessionContext": {"sourceIdentity": "bob"}`)},
		{"a service for its caller", "kms:Decrypt", `StringEquals: {kms:ViaService: s3.us-east-1.amazonaws.com, aws:CalledViaLast: s3.amazonaws.com}, Bool: {aws:ViaAWSService: "true", kms:GrantIsForAWSResource: "true"}`, "CreateGrant", ""},
		{"a service for itself", "kms:Decrypt", `Bool: {aws:PrincipalIsAWSService: "true"}, "Null": {kms:ViaService: "true"}`, "Decrypt", logs},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.event == "CreateGrant" && c.members == "" {
				c.action, c.members = "kms:CreateGrant", session(`, "invokedBy": "s3.amazonaws.com"`)
			}
			src := event(c.event, c.members)
			require.Equal(t, "same", decide(t, world(t, c.action, c.condition), src))
			// Under a policy that asks for something else it is denied: the condition was not met for nothing.
			other := decide(t, world(t, c.action, `StringEquals: {aws:PrincipalAccount: "999999999999"}`), src)
			require.Contains(t, other, "deny now, was allow: no-")
		})
	}
}

// What an event does not tell makes a policy that asks for it undecided, and no other.
func TestUntold(t *testing.T) {
	role := func(invokedBy string) string {
		return `"userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/App/s", "accountId": "111122223333", "invokedBy": "` + invokedBy + `", "sessionContext": {"attributes": {"mfaAuthenticated": "true", "creationDate": "2026-03-04T05:00:00Z"}}}`
	}
	for _, c := range []struct{ name, condition, members, want string }{
		{"source of a service's call", `StringEquals: {aws:SourceAccount: "111122223333"}`, `"userIdentity": {"type": "AWSService", "invokedBy": "logs.us-east-1.amazonaws.com"}`, `aws:SourceAccount`},
		{"which service", `StringEquals: {kms:ViaService: s3.us-east-1.amazonaws.com}`, role("AWS Internal"), "kms:ViaService"},
		{"AWS KMS in another Region", `StringEquals: {kms:ViaService: kms.us-east-1.amazonaws.com}`, role("kms.amazonaws.com"), "kms:ViaService"},
		{"age of MFA", `NumericLessThan: {aws:MultiFactorAuthAge: "300"}`, role(""), "aws:MultiFactorAuthAge"},
		{"session tags", `StringEquals: {aws:PrincipalTag/team: red}`, role(""), "aws:PrincipalTag/team"},
		{"VPC", `StringEquals: {aws:SourceVpc: vpc-1}`, `"vpcEndpointId": "vpce-1"`, "aws:SourceVpc"},
		{"attestation", `StringEqualsIgnoreCase: {"kms:RecipientAttestation:ImageSha384": "00"}`, `"requestParameters": {"recipient": {}}`, "kms:RecipientAttestation:ImageSha384"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := decide(t, world(t, "kms:Decrypt", c.condition), event("Decrypt", c.members))
			require.Contains(t, got, "it depends on what it does not tell: ")
			require.Contains(t, got, c.want)
			require.Equal(t, "same", decide(t, world(t, "kms:Decrypt", `Bool: {aws:SecureTransport: "true"}`), event("Decrypt", c.members)))
		})
	}
}

// ReEncrypt asks twice, each time with the parameters of that side.
func TestReEncrypt(t *testing.T) {
	src := event("ReEncrypt", `"requestParameters": {"sourceEncryptionContext": {"t": "a"}, "destinationEncryptionContext": {"t": "b"}, "destinationKeyId": "other"}`)
	src = strings.Replace(src, `"resources": [`, `"resources": [{"ARN": "arn:aws:kms:us-east-1:111122223333:key/other"}, `, 1)
	for condition, want := range map[string]string{
		`StringEquals: {"kms:EncryptionContext:t": [a, b]}`:                                               "same",
		`StringEquals: {"kms:EncryptionContext:t": a}`:                                                    "deny now, was allow: no-identity-policy",
		`StringEquals: {"kms:EncryptionContext:t": b}`:                                                    "deny now, was allow: no-identity-policy",
		`StringEquals: {"kms:EncryptionContext:t": [a, b]}, Bool: {kms:ReEncryptOnSameKey: "false"}`:      "same",
		`StringEquals: {"kms:EncryptionContext:t": [a, b]}, Bool: {kms:ReEncryptOnSameKey: "true"}`:       "deny now, was allow: no-identity-policy",
		`StringEquals: {"kms:EncryptionContext:t": [a, b], kms:EncryptionAlgorithm: RSAES_OAEP_SHA_256}`:  "deny now, was allow: no-identity-policy",
		`StringEquals: {"kms:EncryptionContext:t": [a, b], kms:EncryptionAlgorithm: "SYMMETRIC_DEFAULT"}`: "same",
	} {
		require.Equal(t, want, decide(t, world(t, "kms:ReEncrypt*", condition), src), condition)
	}
}

func TestNotDecided(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"no caller", event("Decrypt", `"userIdentity": {"type": "Unknown"}`), "it does not tell who called (userIdentity of type Unknown)"},
		{"a caller that is not understood", event("Decrypt", `"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:x"}`), "its caller arn:aws:iam::1:x is not understood"},
		{"another role of the name", event("Decrypt", `"userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/App/s", "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/x/App"}}}`), "its role arn:aws:iam::111122223333:role/x/App is not loaded, but arn:aws:iam::111122223333:role/App of the same name"},
		{"an operation of the future", event("Levitate", ""), "Levitate is no action of AWS KMS that is known"},
		{"no key", strings.Replace(event("Decrypt", ""), "key/k", "alias/x", 1), "it does not tell the key"},
		{"no alias", event("CreateAlias", ""), "it does not tell the alias"},
		{"a grant that is gone", event("RetireGrant", `"additionalEventData": {"grantId": "g"}`), "the grant that it retires is not loaded"},
		{"a failure before the decision", event("Decrypt", `"errorCode": "NotFoundException"`), "it failed with NotFoundException: whether it was allowed is not told"},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, decide(t, world(t, "kms:*", ""), c.src)) })
	}
}

// The forms in which events come, and what is no event.
func TestRead(t *testing.T) {
	one := event("Decrypt", "")
	quoted, err := json.Marshal(one)
	require.NoError(t, err)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write([]byte(`{"Records": [` + one + "," + one + "]}"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	line := strings.ReplaceAll(one, "\n", " ")
	for _, c := range []struct {
		name, src string
		places    string
	}{
		{"one event", one, "t.json:1:1"},
		{"records", `{"Records": [` + line + ",\n" + line + "]}", "t.json:1:14 t.json:2:1"},
		{"lines", line + "\n\n " + line + "\n", "t.json:1:1 t.json:3:2"},
		{"lines of records", `{"Records": [` + line + "]}\n" + `{"Records": [` + line + "]}", "t.json:1:14 t.json:2:14"},
		{"the answer of LookupEvents", `{"Events": [{"CloudTrailEvent": ` + string(quoted) + `}]}`, "t.json:1:1"},
		{"compressed", zipped.String(), "t.json:1:14 t.json:2:227"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var places []string
			require.NoError(t, replay.Read("t.json", strings.NewReader(c.src), func(e *replay.Event) error {
				require.Equal(t, "Decrypt", e.EventName)
				places = append(places, e.Pos.String())
				return nil
			}))
			require.Equal(t, c.places, strings.Join(places, " "))
		})
	}
}

// TestReadLines checks that a line that is no event does not hide those behind it, nor what else is wrong.
func TestReadLines(t *testing.T) {
	good := strings.ReplaceAll(event("Decrypt", ""), "\n", " ")
	lines := []string{good, "{not json", good, `{"eventName": 5}`, `{"a": 1}}`, good, "5", `{"a`}
	found := 0
	err := replay.Read("t.json", strings.NewReader(strings.Join(lines, "\n")), func(*replay.Event) error { found++; return nil })
	require.Equal(t, 3, found)
	var places []string
	for line := range strings.Lines(err.Error()) {
		places = append(places, strings.Join(strings.SplitN(line, ":", 4)[:3], ":"))
	}
	require.Equal(t, []string{"t.json:2:2", "t.json:4:1", "t.json:5:1", "t.json:5:9", "t.json:7:1", "t.json:8:4"}, places)
}

// TestReadOtherServices checks that an event of another service may look as it likes.
func TestReadOtherServices(t *testing.T) {
	const text = `{"eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventTime": "2026-01-01T00:00:00Z", "requestParameters": "x", "resources": {}, "userIdentity": []}`
	found := 0
	require.NoError(t, replay.Read("t.json", strings.NewReader(text), func(e *replay.Event) error {
		found++
		require.Equal(t, "PutObject", e.EventName)
		return nil
	}))
	require.Equal(t, 1, found)
}

// FuzzRead looks for files on which the reader panics.
func FuzzRead(f *testing.F) {
	f.Add([]byte(event("Decrypt", "")))
	f.Add([]byte(`{"Records": [{}, null, 1]}`))
	f.Add([]byte(`{"Events": [{"CloudTrailEvent": "x"}]}`))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte("[]\n{}\nnull\n\"\""))
	w := world(f, "kms:*", "")
	ev := evaluator.New(w)
	f.Fuzz(func(t *testing.T, src []byte) {
		r := replay.New(w, ev)
		err := replay.Read("t.json", bytes.NewReader(src), func(e *replay.Event) error { return r.Add(t.Context(), e) })
		report := r.Report()
		undecided := 0
		for _, u := range report.Undecided {
			undecided += u.Count
		}
		require.Equal(t, report.Events, report.Same+report.Changed()+undecided, "no event is dropped")
		if err != nil {
			require.Contains(t, err.Error(), "t.json")
		}
	})
}

// TestSharedCorpus replays AWS's samples: each is counted.
func TestSharedCorpus(t *testing.T) {
	names, err := filepath.Glob("../../../shared/corpus/cloudtrail/*.json")
	require.NoError(t, err)
	if len(names) == 0 {
		t.Skip("skipped: ../shared/corpus is not here")
	}
	w := world(t, "kms:*", "")
	r := replay.New(w, evaluator.New(w))
	for _, name := range names {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, replay.Read(name, bytes.NewReader(src), func(e *replay.Event) error { return r.Add(t.Context(), e) }))
	}
	require.Equal(t, len(names), r.Report().Events)
}
