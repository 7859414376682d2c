// Package source holds what documents outside a running server say about accounts,
// principals, keys and grants: a [World]. Its subpackages read the documents
// (CloudFormation templates, world files, …) into one.
package source

import (
	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

// World is everything that was loaded. Loaders add to it; then it is only read: the first
// look-up ([World.Principal], [World.Key], …) ends loading. Look-ups are safe for concurrent use.
type World struct {
	// Defaults are the account, Region and partition that short names refer to.
	Defaults Defaults

	Accounts        map[string]*evaluator.Account // by account id; organization data only
	Users           []*User
	Groups          []*Group
	Roles           []*Role
	ManagedPolicies []*policy.Document // Document.ARN is set
	Keys            []*Key
	// Clusters are AWS CloudHSM clusters, for servers: they decide nothing. Of several with one account, Region and id the
	// last counts.
	Clusters []kms.Cluster
	// Endpoints are the policies of VPC endpoints by id (vpce-…).
	Endpoints map[string]*policy.Document
	// WholeAccounts are the accounts all of whose users, groups, roles and managed policies were loaded, as from a
	// snapshot: there is nobody else in them.
	WholeAccounts map[string]bool
	// Warnings are what the loaders could not resolve, with positions.
	Warnings policy.Diagnostics

	lookups lookups
}

var _ evaluator.World = (*World)(nil)

// Defaults complete names that do not say where they belong.
type Defaults struct {
	Account   string // 12 digits
	Region    string
	Partition string // aws, aws-cn, aws-us-gov
}

// User is an IAM user.
type User struct {
	Account, Path, Name string // Path begins and ends with a slash
	UniqueID            string // AIDA…, empty when not known
	LogicalID           string // name in the template, empty elsewhere
	Tags                map[string]string
	Policies            []*policy.Document // inline
	Attached            []string           // ARNs of managed policies
	Groups              []string           // group names in the same account
	Boundary            string             // ARN of a managed policy, empty for none
	AccessKeys          []AccessKey
	// Unknown lists what could not be loaded about the user, in words; it belongs in
	// [evaluator.Principal].Unknown of everybody it concerns.
	Unknown []string
	// Open are condition keys whose values the source does not know, such as aws:PrincipalTag/*: see
	// [evaluator.Principal].Open.
	Open []string
	Pos  policy.Position
}

// AccessKey is an access key that a source declares; its secret is made when a server loads it.
type AccessKey struct {
	LogicalID string
	Inactive  bool
	Pos       policy.Position
}

// Group is an IAM group.
type Group struct {
	Account, Path, Name string
	LogicalID           string
	Policies            []*policy.Document
	Attached            []string
	// Unknown lists what could not be loaded about the group, in words; it belongs in
	// [evaluator.Principal].Unknown of everybody it concerns.
	Unknown []string
	Pos     policy.Position
}

// Role is an IAM role.
type Role struct {
	Account, Path, Name string
	UniqueID            string // AROA…, empty when not known
	LogicalID           string
	ServiceLinked       bool
	Tags                map[string]string
	Policies            []*policy.Document
	Attached            []string
	Boundary            string
	// Trust is the trust policy, nil when none is known: nobody may assume the role then.
	Trust *policy.Document
	// Unknown lists what could not be loaded about the role, in words; it belongs in
	// [evaluator.Principal].Unknown of everybody it concerns.
	Unknown []string
	// Open are condition keys whose values the source does not know, such as aws:PrincipalTag/*: see
	// [evaluator.Principal].Open.
	Open []string
	Pos  policy.Position
}

// Key is a KMS key with the names that a person may use for it.
type Key struct {
	evaluator.Key
	LogicalID string
	// AliasLogicalIDs are the names of alias resources in the template, each with the alias
	// name (alias/…) it stands for; nil elsewhere.
	AliasLogicalIDs map[string]string
	// Description, Disabled and RotationPeriodInDays (0 for no automatic rotation) decide nothing: a server makes the
	// key with them.
	Description          string
	Disabled             bool
	RotationPeriodInDays int
	// BypassLockoutCheck is true when the source asks KMS to accept a key policy that its author could not change any
	// more; BypassPos is where it says so.
	BypassLockoutCheck bool
	BypassPos          policy.Position
	// After are the logical ids of all that is made before the key, directly or not; nil when the source says nothing
	// about the order.
	After []string
	Pos   policy.Position
}
