package trail

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
)

// The form of https://docs.aws.amazon.com/kms/latest/developerguide/ct-encrypt.html, and what is ours.
func TestRecordOfAnAllowedCall(t *testing.T) {
	e := encryption(t, by(alice(t, account)), "kms:Encrypt")
	require.NoError(t, e.Err)
	e.Call.Material("0b7fd7")
	e.Result.Input = &struct {
		KeyId             *string //nolint:staticcheck // the name of the API
		Plaintext         []byte
		EncryptionContext map[string]string
	}{new(keyARN), []byte("attack at dawn"), map[string]string{"Tenant": "<a>"}}
	e.TLS, e.Host = &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256}, "kms.us-east-1.amazonaws.com"
	records := newRecords(e)
	require.Len(t, records, 1)
	got := decoded(t, records[0])

	require.Regexp(t, `^[0-9a-f-]{36}$`, got["eventID"])
	delete(got, "eventID")
	ours, _ := got["strictkms"].(map[string]any)
	require.Contains(t, ours, "decidingMicroseconds")
	delete(ours, "decidingMicroseconds")
	require.Equal(t, map[string]any{
		"eventVersion": "1.11",
		"userIdentity": map[string]any{
			"type": "IAMUser", "principalId": "AIDAALICE", "arn": "arn:aws:iam::111122223333:user/alice",
			"accountId": account, "accessKeyId": "AKIAEXAMPLE", "userName": "alice",
		},
		"eventTime": "2026-03-04T05:06:07Z", "eventSource": "kms.amazonaws.com", "eventName": "Encrypt",
		"awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2",
		"requestParameters": map[string]any{
			"keyId": keyARN, "encryptionContext": map[string]any{"Tenant": "<a>"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
		},
		"responseElements": nil, "additionalEventData": map[string]any{"keyMaterialId": "0b7fd7"},
		"requestID": "request-1", "readOnly": true,
		"resources":       []any{map[string]any{"accountId": account, "type": "AWS::KMS::Key", "ARN": keyARN}},
		"eventType":       "AwsApiCall",
		"managementEvent": true, "recipientAccountId": account, "eventCategory": "Management",
		"tlsDetails": map[string]any{
			"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
			"clientProvidedHostHeader": "kms.us-east-1.amazonaws.com",
		},
		"strictkms": map[string]any{
			"enforcement": "strict", "decision": "allow", "reason": "direct-key-policy", "latencyMicroseconds": 1234.0,
			"decidingStatements": []any{map[string]any{
				"layer": "key-policy", "policy": "key policy", "sid": "Everybody", "index": 0.0, "source": "1:38", "effect": "Allow",
			}},
		},
	}, got)
}

func TestRecordOfADeniedCall(t *testing.T) {
	e := encryption(t, by(alice(t, account)), "kms:Decrypt")
	require.Error(t, e.Err)
	got := decoded(t, newRecord(e))
	require.Equal(t, "AccessDenied", got["errorCode"], "not AccessDeniedException")
	require.Equal(t, "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt on resource: "+
		keyARN+" because no resource-based policy allows the kms:Decrypt action", got["errorMessage"])
	ours, _ := got["strictkms"].(map[string]any)
	require.Equal(t, "deny", ours["decision"])
	require.Equal(t, "no-key-policy", ours["reason"])
	require.Empty(t, ours["decidingStatements"])
	require.Nil(t, got["requestParameters"])
	require.NotEmpty(t, got["resources"])
}

func TestErrorCodes(t *testing.T) {
	for _, test := range []struct {
		err           error
		code, message string
	}{
		{nil, "", ""},
		{&kms.Error{Code: kms.CodeDisabled, Message: keyARN + " is disabled."}, "DisabledException", keyARN + " is disabled."},
		{&kms.Error{Code: kms.CodeInternal, Cause: errors.New("the disk is gone")}, kms.CodeInternal, ""},
		{errors.New("the disk is gone"), kms.CodeInternal, ""},
		{apiError{}, "ThrottlingException", "Rate exceeded"},
	} {
		code, message := errorOf(test.err)
		require.Equal(t, test.code, code)
		require.Equal(t, test.message, message)
	}
}

type apiError struct{}

func (apiError) Error() string        { return "ThrottlingException: Rate exceeded" }
func (apiError) ErrorCode() string    { return "ThrottlingException" }
func (apiError) ErrorMessage() string { return "Rate exceeded" }

func TestUserIdentity(t *testing.T) {
	role := &iam.Principal{
		Type: iam.RoleSession, ARN: "arn:aws:sts::111122223333:assumed-role/App/s", Account: account,
		Issuer: "arn:aws:iam::111122223333:role/team/App", UniqueID: "AROAAPP", Name: "s", Temporary: true,
		IssuedAt: now.Add(-time.Hour), MFA: now, SourceIdentity: "admin", Provider: "accounts.example.com",
	}
	attributes := map[string]any{"creationDate": "2026-03-04T04:06:07Z", "mfaAuthenticated": "true"}
	roleIdentity := map[string]any{
		"type": "AssumedRole", "principalId": "AROAAPP:s", "arn": role.ARN, "accountId": account, "accessKeyId": "AKIAEXAMPLE",
		"sessionContext": map[string]any{
			"sessionIssuer": map[string]any{
				"type": "Role", "principalId": "AROAAPP", "arn": role.Issuer, "accountId": account, "userName": "App",
			},
			"webIdFederationData": map[string]any{"federatedProvider": "accounts.example.com"},
			"attributes":          attributes, "sourceIdentity": "admin",
		},
	}
	forwarded := map[string]any{"invokedBy": "s3.amazonaws.com"}
	for name, value := range roleIdentity {
		if name != "accessKeyId" { // it is the service's, not the caller's
			forwarded[name] = value
		}
	}
	temporary := alice(t, account)
	temporary.Temporary, temporary.IssuedAt, temporary.MFA = true, now.Add(-time.Hour), now
	service := &iam.Principal{Type: iam.ServicePrincipal, ARN: "s3.amazonaws.com"}
	for _, test := range []struct {
		name             string
		caller, onBehalf *iam.Principal
		want             map[string]any
		sourceIP, agent  string
	}{
		{"role session", role, nil, roleIdentity, "203.0.113.7", "aws-cli/2"},
		{"user with temporary credentials", temporary, nil, map[string]any{
			"type": "IAMUser", "principalId": "AIDAALICE", "arn": temporary.ARN, "accountId": account,
			"accessKeyId": "AKIAEXAMPLE", "userName": "alice", "sessionContext": map[string]any{"attributes": attributes},
		}, "203.0.113.7", "aws-cli/2"},
		{"root", &iam.Principal{Type: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: account, UniqueID: account}, nil, map[string]any{
			"type": "Root", "principalId": account, "arn": "arn:aws:iam::111122223333:root", "accountId": account,
			"accessKeyId": "AKIAEXAMPLE",
		}, "203.0.113.7", "aws-cli/2"},
		{"federated user", &iam.Principal{
			Type: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/carol", Account: account, Name: "carol",
			Issuer: "arn:aws:iam::111122223333:user/alice", Temporary: true, UniqueID: "AIDAALICE",
		}, nil, map[string]any{
			"type": "FederatedUser", "principalId": account + ":carol", "accountId": account, "accessKeyId": "AKIAEXAMPLE",
			"arn": "arn:aws:sts::111122223333:federated-user/carol",
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{
				"type": "IAMUser", "principalId": "AIDAALICE", "arn": "arn:aws:iam::111122223333:user/alice",
				"accountId": account, "userName": "alice",
			}},
		}, "203.0.113.7", "aws-cli/2"},
		{"service", service, nil, map[string]any{"type": "AWSService", "invokedBy": "s3.amazonaws.com"}, "s3.amazonaws.com", "s3.amazonaws.com"},
		{"service for a role session", service, role, forwarded, "s3.amazonaws.com", "s3.amazonaws.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			connection := by(test.caller)
			connection.OnBehalfOf = test.onBehalf
			got := decoded(t, newRecord(encryption(t, connection, "kms:Encrypt")))
			require.Equal(t, test.want, got["userIdentity"])
			require.Equal(t, test.sourceIP, got["sourceIPAddress"])
			require.Equal(t, test.agent, got["userAgent"])
			require.Equal(t, account, got["recipientAccountId"])
		})
	}
	got := decoded(t, newRecord(&Entry{Call: enforcer(t, enforce.Off).Call(enforce.Connection{}), Operation: "ListKeys"}))
	require.Equal(t, map[string]any{"type": "Unknown"}, got["userIdentity"])
	ours, _ := got["strictkms"].(map[string]any)
	require.Equal(t, "none", ours["decision"])
	require.Equal(t, "off", ours["enforcement"])
}

// https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html: across accounts both are told,
// unless the access was denied.
func TestCallAcrossAccounts(t *testing.T) {
	allowed := encryption(t, by(alice(t, foreign)), "kms:Encrypt")
	require.NoError(t, allowed.Err)
	records := newRecords(allowed)
	require.Len(t, records, 2)
	caller, owner := decoded(t, records[0]), decoded(t, records[1])
	require.Equal(t, foreign, caller["recipientAccountId"])
	require.Equal(t, account, owner["recipientAccountId"])
	require.NotEmpty(t, caller["sharedEventID"])
	require.Equal(t, caller["sharedEventID"], owner["sharedEventID"])
	require.NotEqual(t, caller["eventID"], owner["eventID"])
	require.Equal(t, map[string]any{"type": "AWSAccount", "principalId": "AIDAALICE", "accountId": foreign}, owner["userIdentity"])

	denied := encryption(t, by(alice(t, foreign)), "kms:Decrypt")
	require.Error(t, denied.Err)
	require.Len(t, newRecords(denied), 1)
}

// ReEncrypt has two decisions and two materials, which may be the same.
func TestRecordOfReEncrypt(t *testing.T) {
	e := encryption(t, by(alice(t, account)), "kms:ReEncryptFrom")
	require.NoError(t, e.Err)
	require.NoError(t, e.Call.Authorize(t.Context(), &kms.Access{Action: "kms:ReEncryptTo", Key: key(t)}))
	e.Operation = "ReEncrypt"
	e.Call.Material("m1")
	e.Call.Material("m1")
	got := decoded(t, newRecord(e))
	require.Equal(t, map[string]any{"sourceKeyMaterialId": "m1", "destinationKeyMaterialId": "m1"}, got["additionalEventData"])
	require.Len(t, got["resources"], 1, "each once")
	ours, _ := got["strictkms"].(map[string]any)
	require.Len(t, ours["accesses"], 2)
}

func TestAliasesNotesAndEndpoint(t *testing.T) {
	connection := by(alice(t, account))
	connection.Endpoint = &enforce.Endpoint{ID: "vpce-1"}
	call := enforcer(t, enforce.Soft).Call(connection)
	alias := "arn:aws:kms:us-east-1:111122223333:alias/a"
	require.NoError(t, call.Authorize(t.Context(), &kms.Access{Action: "kms:CreateAlias", Alias: alias}))
	require.NoError(t, call.Authorize(t.Context(), &kms.Access{Action: "kms:CreateAlias", Key: key(t)}))
	call.Note("grantId", "g1")
	call.Note("recipient", map[string]string{"attestationDocumentModuleId": "i-1-enc1"})
	got := decoded(t, newRecord(&Entry{Call: call, Operation: "CreateAlias"}))
	require.Equal(t, []any{
		map[string]any{"accountId": account, "type": "AWS::KMS::Key", "ARN": alias},
		map[string]any{"accountId": account, "type": "AWS::KMS::Key", "ARN": keyARN},
	}, got["resources"])
	require.Equal(t, map[string]any{
		"grantId": "g1", "recipient": map[string]any{"attestationDocumentModuleId": "i-1-enc1"},
	}, got["additionalEventData"])
	require.Equal(t, "vpce-1", got["vpcEndpointId"])
	require.Equal(t, false, got["readOnly"])
	require.Empty(t, got["errorCode"], "soft let it pass")
	ours, _ := got["strictkms"].(map[string]any)
	require.Equal(t, "deny", ours["decision"])
	require.Equal(t, "soft", ours["enforcement"])
}

// The members that AWS's published events have are those that ours have.
func TestMembersAreThoseOfCloudTrail(t *testing.T) {
	samples, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	e := encryption(t, by(alice(t, foreign)), "kms:Encrypt")
	e.Call.Material("m")
	own := decoded(t, newRecords(e)[0])
	optional := []string{"errorCode", "errorMessage", "vpcEndpointId", "tlsDetails"}
	for _, sample := range samples {
		src, err := os.ReadFile(sample)
		require.NoError(t, err)
		var event map[string]any
		require.NoError(t, json.Unmarshal(src, &event))
		for name := range event {
			_, ok := own[name]
			require.True(t, ok || slices.Contains(optional, name), "%s has %s", sample, name)
		}
		operation, _ := event["eventName"].(string)
		require.Equal(t, event["readOnly"], readOnly(operation), sample)
	}
}
