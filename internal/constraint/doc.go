// Package constraint holds the inputs of operations to the constraints of AWS's API models, and words what it finds as
// AWS does. The constraints are struct tags of the input structs, under a name that each service chooses:
//
//	KeyId *string `kms:"required,min=1,max=2048"`
//
// with min and max (a number's value, the length of everything else), enum= and pattern= (names in the service's
// tables), each= for the members of a list, with ; in place of the comma, and sensitive for values that no message
// shows. Blobs are never shown. The members of an embedded struct are members of the struct around it.
package constraint
