package trail

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
)

// filler sets every member of a struct, at any depth, and remembers what was put where nobody may see it.
type filler struct {
	n       int
	secrets []string
	public  []string
}

// classified are the members that are secret by name: the API model marks them sensitive, or CloudTrail has them not.
var classified = []string{
	"GrantTokens", "GrantToken", "KeyStorePassword", "RawSecretAccessKey", "AccessKeyId",
}

func (f *filler) fill(v reflect.Value, name string) {
	f.n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name)
	case reflect.String:
		text := fmt.Sprintf("text-%s-%04d", name, f.n)
		v.SetString(text)
		if slices.Contains(classified, name) {
			f.secrets = append(f.secrets, text)
		} else {
			f.public = append(f.public, text)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			secret := fmt.Sprintf("blob %s number %04d", name, f.n)
			v.SetBytes([]byte(secret))
			f.secrets = append(f.secrets, secret)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		f.fill(v.Index(0), name)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, name)
		f.fill(value, name)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(now))
			return
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "ResultMetadata" {
				f.fill(v.Field(i), field.Name)
			}
		}
	}
}

// forms are how a secret could be written.
func forms(secret string) []string {
	return []string{
		secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		hex.EncodeToString([]byte(secret)), strings.ReplaceAll(fmt.Sprintf("%d", []byte(secret)), " ", ","),
	}
}

// No blob of any operation of the API, no password, no grant token of any request or answer is in the trail. The
// types are those of AWS's own SDK, so that an operation that is not built yet is checked too.
func TestNothingSecretIsWritten(t *testing.T) {
	call := enforcer(t, enforce.Strict).Call(by(alice(t, account)))
	client := reflect.TypeFor[*sdk.Client]()
	operations, secrets, public := 0, 0, 0
	for method := range client.Methods() {
		if method.Type.NumIn() != 4 || method.Type.NumOut() != 2 {
			continue
		}
		operations++
		f := &filler{}
		input, output := reflect.New(method.Type.In(2).Elem()), reflect.New(method.Type.Out(0).Elem())
		f.fill(input.Elem(), "")
		wanted := len(f.public)
		f.fill(output.Elem(), "")
		line, err := newRecord(&Entry{
			Call: call, Operation: method.Name, Result: kms.Result{Input: input.Interface(), Output: output.Interface()},
		}).line()
		require.NoError(t, err)
		for _, secret := range f.secrets {
			secrets++
			for _, form := range forms(secret) {
				require.NotContains(t, string(line), form, method.Name)
			}
		}
		if withoutParameters[method.Name] {
			continue
		}
		for _, text := range f.public[:wanted] {
			if !strings.Contains(text, "AccessKeyId") && !strings.Contains(text, "-XksProxyAuthentication") &&
				!strings.Contains(text, "-TrustAnchorCertificate-") && // AWS CloudTrail leaves it out
				!strings.Contains(text, "-KeyEncryptionAlgorithm-") { // of Recipient
				public++
				require.Contains(t, string(line), text, "%s: an unclassified parameter is missing", method.Name)
			}
		}
	}
	require.Greater(t, operations, 50)
	require.Greater(t, secrets, 50)
	require.Greater(t, public, 100)
}

// What the enforcer remembers of a call has nothing secret either: the trail keeps neither input nor output.
func TestRecentKeepsNoInputOrOutput(t *testing.T) {
	trail, err := New(Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, trail.Close()) }()
	e := encryption(t, by(alice(t, account)), "kms:Encrypt")
	e.Result = kms.Result{Input: &sdk.EncryptInput{Plaintext: []byte("p")}, Output: &sdk.EncryptOutput{}}
	trail.Record(e)
	kept, ok := trail.recent.get("request-1")
	require.True(t, ok)
	require.Zero(t, kept.Result)
}

func TestParametersOfSomeOperations(t *testing.T) {
	deletion := time.Date(2021, 11, 2, 23, 25, 25, 0, time.UTC)
	for _, test := range []struct {
		operation         string
		input, output     any
		request, response string
	}{
		{
			"Decrypt", &sdk.DecryptInput{CiphertextBlob: []byte("c"), EncryptionContext: map[string]string{"Project": "Alpha"}},
			&sdk.DecryptOutput{Plaintext: []byte("p"), KeyId: new("k")},
			`{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"Project":"Alpha"}}`, `null`,
		},
		{
			"CreateGrant", &sdk.CreateGrantInput{
				KeyId: new("k"), GranteePrincipal: new("p"), Operations: []types.GrantOperation{"Encrypt", "RetireGrant"},
				Constraints: &types.GrantConstraints{EncryptionContextSubset: map[string]string{"ContextKey1": "Value1"}},
				GrantTokens: []string{"secret"},
			}, &sdk.CreateGrantOutput{GrantId: new("g"), GrantToken: new("secret")},
			`{"keyId":"k","granteePrincipal":"p","operations":["Encrypt","RetireGrant"],
			  "constraints":{"encryptionContextSubset":{"ContextKey1":"Value1"}}}`, `{"grantId":"g"}`,
		},
		{"RetireGrant", &sdk.RetireGrantInput{GrantToken: new("secret")}, nil, `null`, `null`},
		{"GenerateRandom", &sdk.GenerateRandomInput{NumberOfBytes: new(int32(8))}, &sdk.GenerateRandomOutput{Plaintext: []byte("r")}, `null`, `null`},
		{
			"TagResource", &sdk.TagResourceInput{KeyId: new("k"), Tags: []types.Tag{{TagKey: new("Department"), TagValue: new("IT")}}},
			nil, `{"keyId":"k","tags":[{"tagKey":"Department","tagValue":"IT"}]}`, `null`,
		},
		{
			"ScheduleKeyDeletion", &sdk.ScheduleKeyDeletionInput{KeyId: new("k"), PendingWindowInDays: new(int32(30))},
			&sdk.ScheduleKeyDeletionOutput{KeyId: new("arn"), DeletionDate: &deletion, KeyState: "PendingDeletion", PendingWindowInDays: new(int32(30))},
			`{"keyId":"k","pendingWindowInDays":30}`,
			`{"keyId":"arn","deletionDate":"Nov 2, 2021, 11:25:25 PM","keyState":"PendingDeletion","pendingWindowInDays":30}`,
		},
		{
			"CreateKey", &sdk.CreateKeyInput{KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY"},
			&sdk.CreateKeyOutput{KeyMetadata: &types.KeyMetadata{AWSAccountId: new(account), KeyId: new("k"), Enabled: true}},
			`{"keySpec":"RSA_2048","customerMasterKeySpec":"RSA_2048","keyUsage":"SIGN_VERIFY","description":"",
			  "bypassPolicyLockoutSafetyCheck":false,"multiRegion":false,"origin":"AWS_KMS"}`,
			`{"keyMetadata":{"aWSAccountId":"111122223333","keyId":"k","enabled":true}}`,
		},
		{ // https://docs.aws.amazon.com/kms/latest/developerguide/ct-create-keystore.html
			"CreateCustomKeyStore", &sdk.CreateCustomKeyStoreInput{
				CustomKeyStoreName: new("ExampleKeyStore"), CloudHsmClusterId: new("cluster-1a23b4cdefg"),
				TrustAnchorCertificate: new("certificate"), KeyStorePassword: new("secret"),
			},
			&sdk.CreateCustomKeyStoreOutput{CustomKeyStoreId: new("cks-1234567890abcdef0")},
			`{"customKeyStoreName":"ExampleKeyStore","clusterId":"cluster-1a23b4cdefg"}`,
			`{"customKeyStoreId":"cks-1234567890abcdef0"}`,
		},
		{
			"ConnectCustomKeyStore", &sdk.ConnectCustomKeyStoreInput{CustomKeyStoreId: new("cks-1234567890abcdef0")},
			&sdk.ConnectCustomKeyStoreOutput{}, `{"customKeyStoreId":"cks-1234567890abcdef0"}`, `null`,
		},
		{"ListKeys", &sdk.ListKeysInput{}, &sdk.ListKeysOutput{}, `{}`, `null`},
		{"Encrypt", nil, nil, `null`, `null`},
		{"Encrypt", (*sdk.EncryptInput)(nil), nil, `null`, `null`},
		{"Encrypt", "not a struct", nil, `null`, `null`},
		{"Verify", &sdk.VerifyInput{KeyId: new("k"), Message: []byte("m"), Signature: []byte("s")}, &sdk.VerifyOutput{SignatureValid: true}, `{"keyId":"k","messageType":"RAW"}`, `null`},
	} {
		t.Run(test.operation, func(t *testing.T) {
			e := &Entry{Operation: test.operation, Result: kms.Result{Input: test.input, Output: test.output}}
			request, err := json.Marshal(requestParameters(e))
			require.NoError(t, err)
			require.JSONEq(t, test.request, string(request))
			response, err := json.Marshal(responseElements(e))
			require.NoError(t, err)
			require.JSONEq(t, test.response, string(response))
			e.Err = &kms.Error{Code: kms.CodeDisabled}
			require.Nil(t, responseElements(e), "a call that failed has no answer")
		})
	}
}

// Types that no member of the API has are not written: they are not known to be harmless.
func TestUnknownTypesAreNotWritten(t *testing.T) {
	type blob []byte
	out := members(reflect.ValueOf(&struct {
		KeyId   string //nolint:staticcheck // the name of the API
		Array   [4]byte
		Blob    blob
		Blobs   [][]byte
		Mapped  map[string][]byte
		Func    func()
		Wrapped any
		Hidden  string `json:"-"`
		Named   string `json:"KeySpec,omitempty"`
		private string
	}{
		"k",
		[4]byte{1},
		blob("x"),
		[][]byte{[]byte("x")},
		map[string][]byte{"a": []byte("x")},
		func() {}, []byte("x"),
		"hidden", "AES_256", "private",
	}))
	require.Equal(t, map[string]any{"keyId": "k", "blobs": []any{}, "keySpec": "AES_256"}, out)
}
