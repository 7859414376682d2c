// Package fetch reads what an AWS account says about its principals, keys and grants, and about the policies of its
// organization, with read-only calls of AWS's SDK, and keeps the answers as files in the form that the AWS CLI prints
// them in: a snapshot, which package source/snapshot reads. It decides nothing and understands no policy.
//
// A call that is refused is noted in the manifest and the rest goes on. Answers about single keys that are there
// already are not asked for again, so that a run that was interrupted can be continued.
package fetch
