// Package enforce stands between the services and the evaluator: for each call it answers what package kms asks its
// Authorizer, by the identities of package iam, the policies of the key and of the organization, and how the call was
// made. It decides nothing itself.
//
// What is decided is kept with the call ([Call.Decisions]), for the decision log and for explanations. An error while
// deciding denies.
package enforce
