package fetch

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"time"
)

// encode writes an answer of the SDK as the AWS CLI prints it: under the names of the API, without what is not set. The
// policies in answers of IAM, which are URL-encoded, are the JSON that they hold.
func encode(answer any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	err := encoder.Encode(plain(reflect.ValueOf(answer), ""))
	return b.Bytes(), err
}

// urlEncoded are the members of answers of IAM that hold policies
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html).
var urlEncoded = map[string]bool{"PolicyDocument": true, "AssumeRolePolicyDocument": true, "Document": true}

// plain turns a value of the SDK into one that encoding/json writes so; name is the member that it is in.
func plain(v reflect.Value, name string) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem(), name)
	case reflect.Struct:
		if at, ok := reflect.TypeAssert[time.Time](v); ok {
			return at.UTC().Format(time.RFC3339Nano)
		}
		members := map[string]any{}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() || field.Name == "ResultMetadata" {
				continue
			}
			if value := plain(v.Field(i), field.Name); value != nil {
				members[field.Name] = value
			}
		}
		return members
	case reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			list = append(list, plain(v.Index(i), ""))
		}
		if v.IsNil() && name != "" {
			return nil
		}
		return list
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		members := map[string]any{}
		for _, key := range v.MapKeys() {
			members[key.String()] = plain(v.MapIndex(key), key.String())
		}
		return members
	case reflect.String:
		if v.String() == "" && name != "" && v.Type() != reflect.TypeFor[string]() {
			return nil // an enumeration that is not set
		}
		if urlEncoded[name] {
			return document(v.String())
		}
		return v.String()
	default:
		return v.Interface()
	}
}

// document is the JSON in a URL-encoded policy, or the text when it is none.
func document(text string) any {
	decoded, err := url.PathUnescape(text)
	if err != nil || !json.Valid([]byte(decoded)) {
		return text
	}
	return json.RawMessage(decoded)
}
