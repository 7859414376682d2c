package sts

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/constraint"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
)

// assumption is a session of a role that somebody wants to begin.
type assumption struct {
	action, roleARN, session string
	externalID               *string
	sourceIdentity           string
	// tags are those of the request, transitive the keys of those that are passed on; inherited are tags of the session
	// before it.
	tags       map[string]string
	transitive []string
	inherited  map[string]string
	policy     *string
	policyARNs []policyDescriptor
	duration   *int32
	// claims are the condition keys of the token of an identity provider.
	claims map[string][]string
}

// mayAssume asks whether the session may begin. identity is whom an identity provider vouches for, nil for the caller.
func (c *call) mayAssume(a *assumption, identity *iam.Principal) error {
	named, ok := policy.ParsePrincipal(a.roleARN)
	if !ok || named.Form != policy.PrincipalRole {
		return operation.Errorf(operation.CodeValidation, "%s is invalid", a.roleARN)
	}
	role := c.role(a.roleARN)
	there := role != nil
	if there {
		shown := *role
		shown.Trust = c.service.config.Identities.ShownTrust(role)
		role = &shown
	} else {
		role = &iam.RoleDetail{} // nobody may assume it, and nobody is told that it is not there
	}
	for _, action := range a.actions() {
		err := c.Authorizer.AuthorizeAction(c.ctx, &operation.Access{
			Action: action, Resource: a.roleARN, Role: a.seen(role), Context: a.context(), Identity: identity,
		})
		if err != nil && (there || c.isRoot()) {
			return err
		}
	}
	if there {
		return nil
	}
	if identity != nil {
		return denied("Not authorized to perform %s", a.action)
	}
	arn := ""
	if c.Principal != nil {
		arn = c.Principal.ARN
	}
	return denied("User: %s is not authorized to perform: %s on resource: %s", arn, a.action, a.roleARN)
}

func (c *call) isRoot() bool { return c.Principal != nil && c.Principal.Type == iam.Root }

// role is the role of an ARN, nil when there is none.
func (c *call) role(arn string) *iam.RoleDetail {
	parsed, _ := policy.ParseARN(arn)
	role := c.view.Role(parsed.Account, parsed.Resource[strings.LastIndexByte(parsed.Resource, '/')+1:])
	if role == nil || c.roleARN(parsed.Account, role) != arn {
		return nil
	}
	return role
}

func (c *call) roleARN(account string, role *iam.RoleDetail) string {
	partition := c.Partition
	if a := c.view.Account(account); a != nil {
		partition = a.Partition
	}
	return iam.ARN(partition, account, iam.KindRole, role.Path, role.Name)
}

// seen is the role as its trust policy sees it: inherited tags come before those of the role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining).
func (a *assumption) seen(role *iam.RoleDetail) *iam.RoleDetail {
	if len(a.inherited) == 0 {
		return role
	}
	changed := *role
	changed.Tags = maps.Clone(role.Tags)
	for key := range role.Tags {
		for inherited, value := range a.inherited {
			if hasKey([]string{inherited}, key) {
				changed.Tags[key] = value
			}
		}
	}
	return &changed
}

// actions are what the caller must be allowed: session tags and a source identity take permissions of their own, also
// when they come from the session before
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html).
func (a *assumption) actions() []string {
	actions := []string{a.action}
	if len(a.tags)+len(a.inherited) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if a.sourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return actions
}

// context are the condition keys of the request
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts).
func (a *assumption) context() map[string][]string {
	keys := requestTags(a.tags)
	maps.Copy(keys, a.claims)
	keys["sts:RoleSessionName"] = []string{a.session}
	if a.externalID != nil {
		keys["sts:ExternalId"] = []string{*a.externalID}
	}
	if a.sourceIdentity != "" {
		keys["sts:SourceIdentity"] = []string{a.sourceIdentity}
	}
	if len(a.transitive) > 0 {
		keys["sts:TransitiveTagKeys"] = slices.Clone(a.transitive)
	}
	return keys
}

// begin begins the session. provider is the identity provider of its token, empty for none.
func (c *call) begin(a *assumption, provider string) (iam.Credentials, error) {
	options, err := c.options(a.roleARN, a.policy, a.policyARNs, a.duration)
	if err != nil {
		return iam.Credentials{}, err
	}
	options.Tags = maps.Clone(a.tags)
	options.TransitiveTags = slices.Clone(a.transitive)
	for key, value := range a.inherited {
		if options.Tags == nil {
			options.Tags = map[string]string{}
		}
		options.Tags[key] = value
		options.TransitiveTags = append(options.TransitiveTags, key)
	}
	slices.Sort(options.TransitiveTags)
	options.SourceIdentity, options.Provider = a.sourceIdentity, provider
	made, err := c.service.config.Identities.AssumeRole(c.ctx, a.roleARN, a.session, options)
	if errors.Is(err, iam.ErrUnknownPrincipal) { // it went since it was asked about
		return iam.Credentials{}, denied("Not authorized to perform %s", a.action)
	}
	return made, err
}

// maxPolicy is how many characters a session policy may have
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, Policy). The model of AssumeRole leaves the
// limit to the packed size.
const maxPolicy = 2048

// options are the session policies and the duration of a session that belongs to the account of an ARN.
func (c *call) options(of string, inline *string, arns []policyDescriptor, seconds *int32) (iam.SessionOptions, error) {
	var options iam.SessionOptions
	if seconds != nil {
		options.Duration = time.Duration(*seconds) * time.Second
	}
	if inline != nil {
		if size := constraint.UTF16Length(*inline); size > maxPolicy {
			return options, iam.Errorf(iam.CodePackedPolicyTooLarge,
				"Packed policy consumes %d%% of allotted space, please use smaller policy.", (size*100+maxPolicy-1)/maxPolicy)
		}
		options.Policies = []string{*inline}
	}
	owner, _ := policy.ParseARN(of)
	for _, p := range arns {
		if p.Arn == nil {
			return options, operation.Errorf(operation.CodeValidation, "The ARN of a session policy is missing.")
		}
		arn, ok := policy.ParseARN(*p.Arn)
		switch {
		case !ok || arn.Service != "iam":
			return options, operation.Errorf(operation.CodeValidation, "ARN %s is not valid.", *p.Arn)
		case arn.Account == iam.AWS: // one that is not held here allows nothing
		case arn.Account != owner.Account || c.view.ManagedPolicy(*p.Arn) == nil:
			return options, operation.Errorf(operation.CodeValidation, "Policy %s does not exist in the account %s.", *p.Arn, owner.Account)
		}
		options.PolicyARNs = append(options.PolicyARNs, *p.Arn)
	}
	return options, nil
}
