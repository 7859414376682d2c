package trail

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/store/mem"
)

// allowAll decides for the test.
type allowAll struct{}

func (allowAll) Authorize(context.Context, *kms.Access) error     { return nil }
func (allowAll) Would(context.Context, *kms.Access) (bool, error) { return true, nil }

func newService(t *testing.T) *kms.Service {
	t.Helper()
	root, err := material.NewRoot(make([]byte, 32))
	require.NoError(t, err)
	service, err := kms.New(t.Context(), kms.Config{Store: mem.New(), Root: root, Clock: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, service.Close()) })
	return service
}

func do(t *testing.T, service *kms.Service, operation string, input any) (kms.Result, error) {
	t.Helper()
	body, err := json.Marshal(input)
	require.NoError(t, err)
	return service.Do(t.Context(), &kms.Call{
		Account: account, Partition: "aws", Region: "us-east-1", Principal: "arn:aws:iam::111122223333:root", Authorizer: allowAll{},
	}, operation, body)
}

// wire is an input of the SDK as JSON has it: members that are not set are not there.
func wire(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		return wire(v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			return now.Unix()
		}
		out := map[string]any{}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "ResultMetadata" {
				out[field.Name] = wire(v.Field(i))
			}
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		out := []any{}
		for i := range v.Len() {
			out = append(out, wire(v.Index(i)))
		}
		return out
	default:
		return v.Interface()
	}
}

// The inputs that package kms decodes have nothing secret that the trail shows, whatever their types.
func TestNothingSecretOfKMSIsWritten(t *testing.T) {
	service := newService(t)
	call := enforcer(t, enforce.Strict).Call(by(alice(t, account)))
	client := reflect.TypeFor[*sdk.Client]()
	secrets := 0
	for _, operation := range kms.Operations() {
		method, ok := client.MethodByName(operation)
		require.True(t, ok, operation)
		f := &filler{}
		input := reflect.New(method.Type.In(2).Elem())
		f.fill(input.Elem(), "")
		result, err := do(t, service, operation, wire(input))
		require.Error(t, err, "%s takes nonsense", operation)
		require.NotNil(t, result.Input, operation)
		line, err := newRecord(&Entry{Call: call, Operation: operation, Result: result, Err: err}).line()
		require.NoError(t, err)
		for _, secret := range f.secrets {
			secrets++
			for _, form := range forms(secret) {
				require.NotContains(t, string(line), form, operation)
			}
		}
	}
	require.Greater(t, secrets, 25)
}

// Nor have its answers: a data key, a plaintext, a grant token.
func TestNothingSecretOfAnswersIsWritten(t *testing.T) {
	service := newService(t)
	call := enforcer(t, enforce.Strict).Call(by(alice(t, account)))
	created, err := do(t, service, "CreateKey", map[string]any{})
	require.NoError(t, err)
	lineOf := func(operation string, result kms.Result) string {
		line, err := newRecord(&Entry{Call: call, Operation: operation, Result: result}).line()
		require.NoError(t, err)
		return string(line)
	}
	var key struct{ KeyMetadata struct{ KeyId, Arn string } } //nolint:staticcheck // the name of the API
	remarshal(t, created.Output, &key)
	line := lineOf("CreateKey", created)
	require.Contains(t, line, `"arn":"`+key.KeyMetadata.Arn+`"`)
	require.Contains(t, line, `"creationDate":"Mar 4, 2026, 5:06:07 AM"`)
	require.Contains(t, line, `"keySpec":"SYMMETRIC_DEFAULT"`)

	id := key.KeyMetadata.KeyId
	for operation, input := range map[string]map[string]any{
		"Encrypt":             {"KeyId": id, "Plaintext": []byte("attack at dawn")},
		"GenerateDataKey":     {"KeyId": id, "KeySpec": "AES_256"},
		"GenerateDataKeyPair": {"KeyId": id, "KeyPairSpec": "ECC_NIST_P256"},
		"GenerateRandom":      {"NumberOfBytes": 32},
		"CreateGrant":         {"KeyId": id, "GranteePrincipal": "arn:aws:iam::111122223333:user/alice", "Operations": []string{"Encrypt"}},
	} {
		result, err := do(t, service, operation, input)
		require.NoError(t, err, operation)
		var out map[string]any
		remarshal(t, result.Output, &out)
		line := lineOf(operation, result)
		found := 0
		for name, value := range out {
			if text, ok := value.(string); ok && secret[name] {
				found++
				require.NotContains(t, line, text, "%s of %s", name, operation)
			}
		}
		require.Positive(t, found, "%s answers with %v", operation, out)
	}
}

func remarshal(t *testing.T, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, to))
}
