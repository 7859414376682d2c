// Package policy is the AWS policy language as far as AWS KMS is concerned: documents of every
// kind that meet in a KMS request, and the catalogue of what there is to allow.
//
// [Parse] reads a document and keeps the position of every element; what it finds wrong is a list
// of [Diagnostics], never only the first. The texts of a document are split by [ParsePattern] and
// [ParseText], [Strings.ActionSet] expands an Action element, and [LookupAction] and
// [LookupConditionKey] ask the catalogue.
//
// The package decides nothing: whether a statement matches a request is what the packages above it
// find out. It does no input or output.
//
// The language is described by the IAM User Guide
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html), with the
// differences of key policies in the AWS KMS Developer Guide
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html).
package policy
