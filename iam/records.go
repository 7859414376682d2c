package iam

import (
	"strings"
	"time"
)

// Account is an account that is held here.
type Account struct {
	ID        string    `json:"id"` // 12 digits
	Partition string    `json:"partition"`
	Created   time.Time `json:"created"`
	// Alias is the account alias, empty for none.
	Alias string `json:"alias,omitempty"`
}

// UserDetail is an IAM user. One that was read is not to be changed; [Edit.User] returns copies.
type UserDetail struct {
	Account string            `json:"account"`
	Name    string            `json:"name"`
	Path    string            `json:"path"` // begins and ends with a slash
	ID      string            `json:"id"`   // AIDA…
	Created time.Time         `json:"created"`
	Tags    map[string]string `json:"tags,omitempty"`
	Inline  []*Policy         `json:"inline,omitempty"`
	// Attached are ARNs of managed policies.
	Attached []string `json:"attached,omitempty"`
	// Groups are names of groups of the account. One that does not exist is judged as one whose policies are unknown.
	Groups []string `json:"groups,omitempty"`
	// Boundary is the ARN of the managed policy that is the permissions boundary, empty for none.
	Boundary string `json:"boundary,omitempty"`
	// Unknown lists what the source of the user could not compute, in words.
	Unknown []string `json:"unknown,omitempty"`
}

// GroupDetail is an IAM group.
type GroupDetail struct {
	Account  string    `json:"account"`
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	ID       string    `json:"id"` // AGPA…
	Created  time.Time `json:"created"`
	Inline   []*Policy `json:"inline,omitempty"`
	Attached []string  `json:"attached,omitempty"`
	Unknown  []string  `json:"unknown,omitempty"`
}

// RoleDetail is an IAM role.
type RoleDetail struct {
	Account     string    `json:"account"`
	Name        string    `json:"name"`
	Path        string    `json:"path"`
	ID          string    `json:"id"` // AROA…
	Created     time.Time `json:"created"`
	Description string    `json:"description,omitempty"`
	// Trust is the trust policy as it was given (AssumeRolePolicyDocument), empty when none is known.
	Trust string `json:"trust,omitempty"`
	// TrustIDs are the unique ids that the users and roles of the trust policy had when it was put; see
	// [Service.ShownTrust].
	TrustIDs map[string]string `json:"trustIDs,omitempty"`
	// MaxSession is how long a session may last; 0 stands for AWS's default of one hour.
	MaxSession    time.Duration     `json:"maxSession,omitempty"`
	ServiceLinked bool              `json:"serviceLinked,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	Inline        []*Policy         `json:"inline,omitempty"`
	Attached      []string          `json:"attached,omitempty"`
	Boundary      string            `json:"boundary,omitempty"`
	Unknown       []string          `json:"unknown,omitempty"`
}

// ManagedPolicyDetail is a managed policy, of an account or of AWS.
type ManagedPolicyDetail struct {
	Partition string `json:"partition"`
	// Account owns the policy; [AWS] for one that AWS manages.
	Account     string            `json:"account"`
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	ID          string            `json:"id"` // ANPA…
	Created     time.Time         `json:"created"`
	Updated     time.Time         `json:"updated"`
	Description string            `json:"description,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	// Versions are the versions that there are, oldest first; Default is the id of the one that counts.
	Versions []*PolicyVersion `json:"versions"`
	Default  string           `json:"default"`
	// Made is how many versions there ever were, 0 when that is the number of the newest: ids are not used again.
	Made int `json:"made,omitempty"`
	// BuiltIn is true for a policy that AWS manages and this program brings along; it is not in the store.
	BuiltIn bool `json:"-"`
}

// PolicyVersion is a version of a managed policy.
type PolicyVersion struct {
	ID      string    `json:"id"` // v1, v2, …
	Created time.Time `json:"created"`
	Policy  *Policy   `json:"policy"`
}

// AWS is the account of what belongs to AWS: the policies it manages, and the access keys of service principals.
const AWS = "aws"

// iamARN returns the ARN of an IAM resource. kind is user, group, role or policy.
func iamARN(partition, account, kind, path, name string) string {
	return "arn:" + partition + ":iam::" + account + ":" + kind + path + name
}

// ARN returns the ARN of the policy.
func (p *ManagedPolicyDetail) ARN() string {
	return iamARN(p.Partition, p.Account, kindPolicy, p.Path, p.Name)
}

// Current returns the version that counts.
func (p *ManagedPolicyDetail) Current() *PolicyVersion {
	for _, v := range p.Versions {
		if v.ID == p.Default {
			return v
		}
	}
	return nil
}

// serviceLinked reports whether a role is a service-linked one, by its own word, its path or its name
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html).
func (r *RoleDetail) serviceLinked() bool {
	return r.ServiceLinked || strings.HasPrefix(r.Path, "/aws-service-role/") || strings.HasPrefix(r.Name, "AWSServiceRoleFor")
}
