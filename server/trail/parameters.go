package trail

import (
	"maps"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// secret are the members of requests and answers that are never written, at any depth, whatever their type. Blobs
// are never written either, whatever their name. Grant tokens are not secret to AWS, but CloudTrail does not have
// them (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#grant_token); what it tells about a recipient is
// in additionalEventData (https://docs.aws.amazon.com/kms/latest/developerguide/ct-attestation.html).
var secret = map[string]bool{
	"AttestationDocument": true, "Ciphertext": true, "CiphertextBlob": true, "CiphertextForRecipient": true,
	"EncryptedKeyMaterial": true, "GrantToken": true, "GrantTokens": true, "ImportToken": true,
	"KeyStorePassword": true, "Mac": true, "Message": true, "NewPassword": true, "OldPassword": true, "Password": true,
	"Plaintext": true, "PrivateKeyCiphertextBlob": true, "PrivateKeyPlaintext": true, "PublicKey": true, "Recipient": true,
	"SAMLAssertion": true, "SecretAccessKey": true, "SessionToken": true, "SharedSecret": true, "Signature": true, "TokenCode": true,
	"WebIdentityToken": true, "XksProxyAuthenticationCredential": true,
}

// withoutParameters are the operations whose requestParameters are null: of RetireGrant the grant's id is in
// additionalEventData, of GenerateRandom there is nothing.
var withoutParameters = map[string]bool{"GenerateRandom": true, "RetireGrant": true}

// implied are the parameters that CloudTrail shows also when the request leaves them out, with their defaults.
var implied = map[string]map[string]any{
	"Decrypt": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
	"Encrypt": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
	"ReEncrypt": {
		"sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
	},
	"CreateKey": {
		"bypassPolicyLockoutSafetyCheck": false, "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "description": "",
		"keySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT", "multiRegion": false, "origin": "AWS_KMS",
	},
	"PutKeyPolicy": {"bypassPolicyLockoutSafetyCheck": false, "policyName": "default"},
	"GetKeyPolicy": {"policyName": "default"},
	"ReplicateKey": {"bypassPolicyLockoutSafetyCheck": false, "description": ""},
	"Sign":         {"messageType": "RAW"},
	"Verify":       {"messageType": "RAW"},
}

// requestParameters are the parameters of the request without what is secret, nil for none.
func requestParameters(e *Entry) map[string]any {
	if e.Service != nil {
		return apiParameters(e)
	}
	if e.Result.Input == nil || withoutParameters[e.Operation] {
		return nil
	}
	out := members(reflect.ValueOf(e.Result.Input))
	if out == nil {
		return nil
	}
	if e.Operation == "CreateKey" { // two names of one parameter
		mirror(out, "keySpec", "customerMasterKeySpec")
		mirror(out, "customerMasterKeySpec", "keySpec")
	}
	if strings.HasSuffix(e.Operation, "CustomKeyStore") {
		nameCluster(out)
	}
	for name, value := range implied[e.Operation] {
		if _, given := out[name]; !given {
			out[name] = value
		}
	}
	return out
}

// nameCluster gives the cluster of an AWS CloudHSM key store the name that CloudTrail has for it, and leaves out its
// certificate (https://docs.aws.amazon.com/kms/latest/developerguide/ct-create-keystore.html).
func nameCluster(out map[string]any) {
	if id, given := out["cloudHsmClusterId"]; given {
		out["clusterId"] = id
	}
	delete(out, "cloudHsmClusterId")
	delete(out, "trustAnchorCertificate")
}

// mirror gives a parameter the value of another, if only the other is given.
func mirror(out map[string]any, name, other string) {
	value, given := out[other]
	if _, own := out[name]; given && !own {
		out[name] = value
	}
}

// answered are the members of the answers that CloudTrail shows: of operations that change something. An operation
// that is not here shows none.
var answered = map[string][]string{
	"CancelKeyDeletion":         {"keyId"},
	"CreateCustomKeyStore":      {"customKeyStoreId"},
	"CreateGrant":               {"grantId", "keyId"},
	"CreateKey":                 {"keyMetadata"},
	"DeleteImportedKeyMaterial": {"keyId", "keyMaterialId"},
	"ImportKeyMaterial":         {"keyId", "keyMaterialId"},
	"ReplicateKey":              {"replicaKeyMetadata", "replicaPolicy", "replicaTags"},
	"ScheduleKeyDeletion":       {"keyId", "keyState", "pendingWindowInDays", "deletionDate"},
}

// responseElements are the members of the answer that CloudTrail shows, nil for none.
func responseElements(e *Entry) map[string]any {
	if e.Service != nil {
		return apiElements(e)
	}
	names := answered[e.Operation]
	if e.Err != nil || e.Result.Output == nil || names == nil {
		return nil
	}
	all := members(reflect.ValueOf(e.Result.Output))
	out := map[string]any{}
	for _, name := range names {
		if value, ok := all[name]; ok {
			out[name] = value
		}
	}
	return out
}

// readOnly reports whether an operation changes nothing. For CloudTrail cryptographic operations do not.
func readOnly(operation string) bool {
	for _, prefix := range [...]string{
		"Get", "List", "Describe", "Encrypt", "Decrypt", "ReEncrypt", "Generate", "Sign", "Verify", "Derive",
		"Encapsulate", "Decapsulate",
	} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}

// members are the members of a struct that have a value, by their names as CloudTrail writes them. Nil is none.
func members(v reflect.Value) map[string]any {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	out := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct { // its members are those of the struct around it
			maps.Copy(out, members(v.Field(i)))
			continue
		}
		name := apiName(field)
		if !field.IsExported() || secret[name] || name == "" {
			continue
		}
		if value, ok := plain(v.Field(i)); ok {
			out[lowerFirst(name)] = value
		}
	}
	return out
}

// apiName is the name of a member on the wire, empty for a member that is not there.
func apiName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch name {
	case "-":
		return ""
	case "":
		return field.Name
	default:
		return name
	}
}

func lowerFirst(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[size:]
}

var timeType = reflect.TypeFor[time.Time]()

// eventDate is how CloudTrail writes the times in requests and answers.
const eventDate = "Jan 2, 2006, 3:04:05 PM"

// plain returns a value as it may be written, false for one that is not there and for everything that is not known
// to be harmless: blobs, and types that no member of the API has.
func plain(v reflect.Value) (any, bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
		if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.String {
			return v.Elem().String(), true // also when it is empty: it was given
		}
		if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Bool {
			return v.Elem().Bool(), true
		}
		return plain(v.Elem())
	case reflect.String:
		return v.String(), v.Len() > 0
	case reflect.Bool:
		return v.Bool(), v.Bool()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Slice:
		return plainList(v)
	case reflect.Map:
		return plainMap(v)
	case reflect.Struct:
		if v.CanConvert(timeType) {
			t, ok := reflect.TypeAssert[time.Time](v.Convert(timeType))
			return t.UTC().Format(eventDate), ok && !t.IsZero()
		}
		return members(v), true
	default:
		return nil, false
	}
}

func plainList(v reflect.Value) (any, bool) {
	if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, false
	}
	list := make([]any, 0, v.Len())
	for i := range v.Len() {
		if value, ok := plain(v.Index(i)); ok {
			list = append(list, value)
		}
	}
	return list, true
}

// plainMap is for encryption contexts: text by text, with the names as they are.
func plainMap(v reflect.Value) (any, bool) {
	if v.IsNil() || v.Type().Key().Kind() != reflect.String || v.Type().Elem().Kind() != reflect.String {
		return nil, false
	}
	out := make(map[string]string, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		out[entries.Key().String()] = entries.Value().String()
	}
	return out, true
}
