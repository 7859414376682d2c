// Package iam holds identities: accounts with their organization, users, groups, roles, policies, boundaries, access
// keys, and sessions. It answers which principal stands behind an access key, with every policy that gives it
// permissions or limits it. It decides nothing: package evaluator does.
package iam
