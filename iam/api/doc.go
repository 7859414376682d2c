// Package api is the IAM API: what clients create, read, change and delete with it are the identities of package iam
// (https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html). The operations are in tables, a family to a file;
// see package operation for their form.
//
// Every operation asks whether the caller may do it, on which resource, before it does or tells anything. What is
// asked and what is done is about one state: changes are asked about inside of their transaction.
package api
