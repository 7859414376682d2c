package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// decode reads the JSON of an input. Members that the input does not have are ignored, as AWS does
// (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
func decode(src []byte, in any) error {
	if !utf8.Valid(src) {
		return &Error{Code: CodeSerialization}
	}
	if decodePlain(src, in) {
		return nil
	}
	err := json.Unmarshal(src, in)
	if err == nil && !isObject(src) {
		err = errors.New("the input is null")
	}
	if err == nil {
		return nil
	}
	e := &Error{Code: CodeSerialization, Cause: err}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		e.Message = wrongType(wrong)
	}
	return e
}

// isObject tells an object from null, which json.Unmarshal takes for an empty struct.
func isObject(src []byte) bool {
	for _, b := range src {
		switch b {
		case ' ', '\t', '\n', '\r':
		default:
			return b == '{'
		}
	}
	return false
}

// jsonTokens are what AWS's parser calls the values of JSON.
var jsonTokens = map[string]string{"string": "STRING_VALUE", "number": "NUMBER_VALUE", "bool": "BOOLEAN_VALUE"}

// wrongType says in AWS's words that a member has the wrong type.
func wrongType(e *json.UnmarshalTypeError) string {
	token, scalar := jsonTokens[e.Value]
	switch {
	case e.Value == "object":
		return "Start of structure or map found where not expected."
	case e.Value == "array":
		return "Start of list found where not expected."
	case !scalar:
		return ""
	}
	want := "Structure"
	switch e.Type.Kind().String() {
	case "string":
		want = "String"
	case "bool":
		want = "Boolean"
	case "int32", "int64":
		want = "Integer"
	case "slice":
		want = "List"
	case "map":
		want = "Map"
	default:
	}
	return fmt.Sprintf("%s can not be converted to a %s", token, want)
}
