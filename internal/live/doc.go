// Package live asks AWS KMS itself: it puts requests to a real account and compares what AWS says with what was expected.
//
// Every call has DryRun set, so that AWS decides it and does nothing
// (https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html). What cannot be asked that way is
// skipped, with the reason: operations without DryRun, condition keys that a caller does not choose, and principals
// whose credentials are not at hand. Nothing that was not asked counts as the same.
//
// It is not a client of KMS for anything else, and does not decide: that is the evaluator's.
package live
