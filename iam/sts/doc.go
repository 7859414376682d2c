// Package sts is the API of AWS Security Token Service: temporary credentials for the identities of package iam
// (https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html). The operations are in tables, a family to a file;
// see package operation for their form. What a session is, and what its token holds, is in package iam.
package sts
