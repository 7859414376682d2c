// Package operation is what the APIs beside AWS KMS have in common: IAM, STS, Organizations, CloudFormation. An [API] is
// a table of operations. Each is a function from an input struct to an output struct, whose fields are the members of
// AWS's model by name, and knows neither HTTP nor how a request is written: package server decodes the input and
// encodes the output, with server/awsquery or server/awsjson.
//
// A service declares a call type of its own around [Call], tables of operations per family, and one [Table] of all:
//
//	var userOperations = []operation.Operation[*call]{
//		operation.Answers("CreateUser", createUser), // func createUser(c *call, in *createUserInput) (*createUserOutput, error)
//		operation.Acts("DeleteUser", deleteUser),    // func deleteUser(c *call, in *deleteUserInput) error
//	}
//
// Every operation asks the [Authorizer] of its call before it does anything and before it tells anything.
//
// Members of inputs are pointers, slices and structs: *string, *int32, *int64, *bool, *time.Time, []byte, []string,
// lists of structs, map[string]string; nil is a member that was not given. Constraints are struct tags (package
// constraint). Members of outputs can be plain values as well: an empty string, a zero time, and a nil pointer, slice
// or map are left out; numbers and Booleans are not. What is secret is a [Secret].
package operation
