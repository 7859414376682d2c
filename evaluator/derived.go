package evaluator

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// derived returns the condition keys that follow from the principal, the key and the action.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (q *query) derived(folded string) []string {
	switch {
	case strings.HasPrefix(folded, principalTagPrefix):
		return foldedTag(q.req.Principal.Tags, folded[len(principalTagPrefix):])
	case strings.HasPrefix(folded, resourceTagPrefix):
		return foldedTag(q.req.resourceTags(), folded[len(resourceTagPrefix):])
	case strings.HasPrefix(folded, iamResourceTagPrefix):
		return foldedTag(q.req.resourceTags(), folded[len(iamResourceTagPrefix):])
	case folded == "kms:encryptioncontextkeys":
		return slices.Sorted(maps.Keys(q.encryptionContext()))
	}
	for _, from := range [...]func(*query, string) []string{
		(*query).fromPrincipal, (*query).fromAccounts, (*query).fromKey, (*query).fromAction,
	} {
		if values := from(q, folded); len(values) > 0 {
			return values
		}
	}
	return nil
}

// one is a list of one value, empty for the empty value.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// foldedTag finds a tag by its key without case: tag keys in condition key names are not case-sensitive.
func foldedTag(tags map[string]string, folded string) []string {
	for key, value := range tags {
		if sameKey(key, folded) {
			return []string{value}
		}
	}
	return nil
}

// checkTags refuses two tags that differ only by case and have different values, like two such condition keys.
func checkTags(of string, tags map[string]string) error {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		folded := policy.FoldKey(key)
		if first, ok := seen[folded]; ok && tags[first] != tags[key] {
			return badRequest("the tags %s and %s of %s differ only by case and have different values: "+
				"AWS does not say which one a policy sees", first, key, of)
		}
		seen[folded] = key
	}
	return nil
}

func (q *query) fromPrincipal(folded string) []string {
	p := q.req.Principal
	service := p.Type == Service
	switch folded {
	case "aws:principalarn":
		return one(p.principalARN())
	case "aws:principalaccount", "kms:calleraccount":
		return one(p.Account)
	case "aws:principaltype":
		return one(p.principalType())
	case "aws:userid":
		return one(p.userID())
	case "aws:username":
		if p.Type == User {
			return one(p.Name)
		}
	case "aws:principalisawsservice":
		return one(strconv.FormatBool(service))
	case "aws:principalservicename", "aws:principalservicenameslist":
		if service {
			return one(p.ARN)
		}
	case "kms:viaservice":
		return one(q.ownService())
	case "aws:viaawsservice":
		return one(strconv.FormatBool(forwarded(q.req.Context)))
	}
	return nil
}

// serviceLinkedPath is in front of the service in the path of a service-linked role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
const serviceLinkedPath = ":role/aws-service-role/"

// ownService is the kms:ViaService of a call that a service makes with its service-linked role, under the one
// reading of the assumption that gives it a value: rds.us-east-1.amazonaws.com for rds.amazonaws.com.
func (q *query) ownService() string {
	p := q.req.Principal
	if !p.ServiceLinked || q.resource.Region == "" || !q.readings.Reads(rego.ServiceRoleViaService, rego.ReadServiceLinked) {
		return ""
	}
	_, path, _ := strings.Cut(p.Issuer, serviceLinkedPath)
	principal, _, _ := strings.Cut(path, "/")
	service, ok := strings.CutSuffix(principal, ".amazonaws.com")
	if !ok || service == "" || strings.Contains(service, ".") { // as in autoscaling.ec2.amazonaws.com: no name is known
		return ""
	}
	return service + "." + q.resource.Region + ".amazonaws.com"
}

// principalARN is aws:PrincipalArn: the role of a session, not the session.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
func (p *Principal) principalARN() string {
	switch p.Type {
	case Service, WebIdentity:
		return ""
	case RoleSession:
		return p.Issuer
	default:
		return p.ARN
	}
}

// principalType is aws:PrincipalType. It has no value for services.
func (p *Principal) principalType() string {
	return map[PrincipalType]string{
		User: "User", RoleSession: "AssumedRole", FederatedUser: "FederatedUser", Root: "Account",
	}[p.Type]
}

// userID is aws:userid.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
func (p *Principal) userID() string {
	switch p.Type {
	case User:
		return p.UniqueID
	case RoleSession:
		if p.UniqueID == "" {
			return ""
		}
		return p.UniqueID + ":" + p.Name
	case FederatedUser:
		return p.Account + ":" + p.Name
	case Root:
		return p.Account
	default:
		return ""
	}
}

func (q *query) fromAccounts(folded string) []string {
	caller, owner := q.account, q.owner
	switch folded {
	case "aws:resourceaccount":
		if q.resourceARN == "*" { // what the caller's own account holds, or will hold
			return one(q.req.Principal.Account)
		}
		return one(q.resource.Account)
	case "aws:requestedregion":
		return one(q.resource.Region)
	case "aws:principalorgid":
		if caller != nil {
			return one(caller.OrganizationID)
		}
	case "aws:principalorgpaths":
		if caller != nil {
			return one(caller.OrganizationPath)
		}
	case "aws:resourceorgid":
		if owner != nil {
			return one(owner.OrganizationID)
		}
	case "aws:resourceorgpaths":
		if owner != nil {
			return one(owner.OrganizationPath)
		}
	}
	return nil
}

func (q *query) fromKey(folded string) []string {
	k := q.req.Key
	if k == nil {
		return nil
	}
	switch folded {
	case "kms:keyspec", "kms:customermasterkeyspec":
		return one(k.Spec)
	case "kms:keyusage", "kms:customermasterkeyusage":
		return one(k.Usage)
	case "kms:keyorigin":
		return one(k.Origin)
	case "kms:multiregion":
		return one(k.MultiRegion)
	case "kms:multiregionkeytype":
		return one(k.MultiRegionKeyType)
	case "kms:resourcealiases":
		return k.Aliases
	}
	return nil
}

// fromAction returns what a parameter of the operation is when the request does not give it.
func (q *query) fromAction(folded string) []string {
	return actionDefaults[q.action.Index][folded]
}

// actionDefaults are [policy.Action.Defaults] by folded key.
var actionDefaults = newActionDefaults()

func newActionDefaults() []map[string][]string {
	actions := policy.Actions()
	out := make([]map[string][]string, len(actions))
	for _, a := range actions {
		out[a.Index] = map[string][]string{}
		for name, value := range a.Defaults {
			out[a.Index][policy.FoldKey(name)] = []string{value}
		}
	}
	return out
}
