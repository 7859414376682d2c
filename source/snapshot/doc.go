// Package snapshot reads what the AWS CLI says about accounts that exist into a [source.World]: the output of
// aws iam get-account-authorization-details, of aws kms list-keys, describe-key, get-key-policy, list-aliases,
// list-grants and list-resource-tags, and of the aws organizations commands that say which policies an account is
// under. Files are told apart by their content; which key, account or unit an answer is about that does not say so
// itself is told by the folders that the file is in (docs/snapshot.md has the layout).
//
// It makes nothing up. What a snapshot should have and has not, because a call was denied or a file is missing, is
// a located warning and an unknown policy, so that whatever depends on it is conditional. The same is true of
// a policy that is in force but cannot be read here.
package snapshot
