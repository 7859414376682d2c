package evaluator_test

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// serviceLinked is the ARN of a service-linked role.
var serviceLinked = regexp.MustCompile(`:role/aws-service-role/([^./]+)\.amazonaws\.com/`)

// allKeys returns every condition key of the request by its name in lower case: those that follow from
// the caller, the resource and the action, and over them those that the request gives. Keys of KMS
// that the action does not have are left out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (r *reference) allKeys() map[string][]string {
	keys := map[string][]string{}
	set := func(name string, values ...string) {
		known := len(values) > 1 || len(values) == 1 && (values[0] != "" || strings.Contains(name, "Tag/"))
		if known { // a tag may be empty, what is not known is
			keys[strings.ToLower(name)] = values
		}
	}
	for name, value := range r.action.Defaults {
		set(name, value)
	}
	r.callerKeys(set)
	r.resourceKeys(set)
	if r.reads("service-role-via-service", "service-linked") && r.caller.ServiceLinked && r.resource != "*" {
		if m := serviceLinked.FindStringSubmatch(r.caller.Issuer); m != nil {
			set("kms:ViaService", m[1]+"."+strings.Split(r.resource, ":")[3]+".amazonaws.com")
		}
	}
	set("kms:EncryptionContextKeys", slices.Sorted(maps.Keys(r.pairs))...)
	for name, values := range r.req.Context {
		if len(values) > 0 {
			keys[strings.ToLower(name)] = values
		}
	}
	for name := range keys {
		if strings.HasPrefix(name, "kms:") && !r.action.Populates(name) {
			delete(keys, name)
		}
	}
	return keys
}

func (r *reference) callerKeys(set func(name string, values ...string)) {
	c := r.caller
	service := c.Type == evaluator.Service
	set("aws:PrincipalIsAWSService", strconv.FormatBool(service))
	set("aws:ViaAWSService", strconv.FormatBool(r.forwarded()))
	for tag, value := range c.Tags {
		set("aws:PrincipalTag/"+tag, value)
	}
	if r.account != nil {
		set("aws:PrincipalOrgID", r.account.OrganizationID)
		set("aws:PrincipalOrgPaths", r.account.OrganizationPath)
	}
	if service {
		set("aws:PrincipalServiceName", c.ARN)
		set("aws:PrincipalServiceNamesList", c.ARN)
		return
	}
	set("aws:PrincipalAccount", c.Account)
	set("kms:CallerAccount", c.Account)
	set("aws:PrincipalArn", c.ARN)
	switch c.Type {
	case evaluator.User:
		set("aws:PrincipalType", "User")
		set("aws:username", c.Name)
		set("aws:userid", c.UniqueID)
	case evaluator.RoleSession:
		set("aws:PrincipalType", "AssumedRole")
		set("aws:PrincipalArn", c.Issuer)
		if c.UniqueID != "" {
			set("aws:userid", c.UniqueID+":"+c.Name)
		}
	case evaluator.FederatedUser:
		set("aws:PrincipalType", "FederatedUser")
		set("aws:userid", c.Account+":"+c.Name)
	case evaluator.Root:
		set("aws:PrincipalType", "Account")
		set("aws:userid", c.Account)
	}
}

func (r *reference) resourceKeys(set func(name string, values ...string)) {
	if r.resource != "*" {
		arn := strings.Split(r.resource, ":")
		set("aws:RequestedRegion", arn[3])
		set("aws:ResourceAccount", arn[4])
	} else if r.caller.Account != "" { // what the caller's own account holds, or will hold
		set("aws:ResourceAccount", r.caller.Account)
	}
	if r.owner != nil {
		set("aws:ResourceOrgID", r.owner.OrganizationID)
		set("aws:ResourceOrgPaths", r.owner.OrganizationPath)
	}
	k := r.req.Key
	if k == nil {
		return
	}
	for tag, value := range k.Tags {
		set("aws:ResourceTag/"+tag, value)
	}
	set("kms:KeySpec", k.Spec)
	set("kms:CustomerMasterKeySpec", k.Spec)
	set("kms:KeyUsage", k.Usage)
	set("kms:CustomerMasterKeyUsage", k.Usage)
	set("kms:KeyOrigin", k.Origin)
	set("kms:MultiRegion", k.MultiRegion)
	set("kms:MultiRegionKeyType", k.MultiRegionKeyType)
	set("kms:ResourceAliases", k.Aliases...)
}

// encryptionContext returns the pairs with the case of their keys.
func (r *reference) encryptionContext() map[string]string {
	pairs := map[string]string{}
	for name, values := range r.req.Context {
		const prefix = "kms:encryptioncontext:"
		if strings.HasPrefix(strings.ToLower(name), prefix) && len(values) > 0 && r.action.Populates(name) {
			pairs[name[len(prefix):]] = values[0]
		}
	}
	return pairs
}

// forwarded reports whether a service calls with the caller's credentials.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
func (r *reference) forwarded() bool {
	for name, values := range r.req.Context {
		if len(values) == 0 {
			continue
		}
		switch strings.ToLower(name) {
		case "kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast":
			return true
		case "aws:viaawsservice":
			if values[0] == "true" {
				return true
			}
		}
	}
	return false
}

// mapWorld is a world of accounts by id.
type mapWorld map[string]*evaluator.Account

var _ evaluator.World = mapWorld(nil)

// Account implements [evaluator.World].
func (w mapWorld) Account(id string) *evaluator.Account { return w[id] }

// documentsOf lists the policies of a request for a failure's report.
func documentsOf(world mapWorld, req evaluator.Request) []*policy.Document {
	docs := slices.Concat(req.Principal.Identity, req.Principal.Session, req.EndpointPolicies)
	if req.Principal.Boundary != nil {
		docs = append(docs, req.Principal.Boundary)
	}
	if req.Key != nil && req.Key.Policy != nil {
		docs = append(docs, req.Key.Policy)
	}
	for _, id := range slices.Sorted(maps.Keys(world)) {
		for _, level := range slices.Concat(world[id].SCPs, world[id].RCPs) {
			docs = append(docs, level...)
		}
	}
	return docs
}
