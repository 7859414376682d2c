package snapshot

import (
	"slices"

	"github.com/tidwall/gjson"
)

// kind says which command a file is the output of.
type kind int

const (
	unknownKind       kind = iota
	accountDetails         // iam get-account-authorization-details
	keyList                // kms list-keys
	keyMetadata            // kms describe-key
	keyPolicy              // kms get-key-policy
	barePolicy             // the policy of a key by itself: --query Policy --output text
	aliasList              // kms list-aliases
	grantList              // kms list-grants
	tagList                // kms list-resource-tags
	organizationInfo       // organizations describe-organization
	rootList               // organizations list-roots
	unitList               // organizations list-organizational-units-for-parent
	memberList             // organizations list-accounts-for-parent
	attachmentList         // organizations list-policies-for-target
	policyContent          // organizations describe-policy
	endpointList           // ec2 describe-vpc-endpoints
	manifestFile           // what strictkms snapshot notes about itself
	unsupportedOutput      // of a command that lists what another command has in full
)

// ManifestName is the member at the top level of the manifest of a snapshot, a version.
const ManifestName = "strictkmsSnapshot"

// IsSnapshot reports whether JSON with these names at its top level is something that [Load] reads by itself.
func IsSnapshot(names []string) bool {
	for _, known := range kinds {
		if known.kind != barePolicy && slices.Contains(names, known.name) {
			return true
		}
	}
	return false
}

// kindOf finds out which command wrote a file, by the names that only its output has.
func kindOf(root gjson.Result) kind {
	names := map[string]gjson.Result{}
	root.ForEach(func(name, value gjson.Result) bool {
		if _, twice := names[name.Str]; !twice {
			names[name.Str] = value
		}
		return true
	})
	for _, known := range kinds {
		value, ok := names[known.name]
		if ok && (known.has == "" || has(value, known.has)) {
			return known.kind
		}
	}
	return unknownKind
}

// kinds are the names at the top level, the more telling ones first. Where several commands use a name, has is
// a member that only one of them has in the value, or in the entries of the list.
var kinds = []struct {
	name string
	has  string
	kind kind
}{
	{ManifestName, "", manifestFile},
	{"UserDetailList", "", accountDetails},
	{"RoleDetailList", "", accountDetails},
	{"GroupDetailList", "", accountDetails},
	{"KeyMetadata", "", keyMetadata},
	{"Grants", "", grantList},
	{"Aliases", "", aliasList},
	{"Keys", "", keyList},
	{"Organization", "", organizationInfo},
	{"Roots", "", rootList},
	{"OrganizationalUnits", "", unitList},
	{"VpcEndpoints", "", endpointList},
	{"Tags", "TagKey", tagList},
	{"Policies", "PolicyVersionList", accountDetails},
	{"Policies", "AttachmentCount", unsupportedOutput}, // iam list-policies
	{"Policies", "", attachmentList},
	{"Policy", "PolicySummary", policyContent},
	{"Policy", "", keyPolicy},
	{"Statement", "", barePolicy},
	{"Accounts", "", memberList},
	{"Tags", "", tagList},
}

// has reports whether the value, or an entry of the list that it is, has the member.
func has(v gjson.Result, member string) bool {
	if v.IsObject() {
		return v.Get(gjson.Escape(member)).Exists()
	}
	found := false
	if v.IsArray() {
		v.ForEach(func(_, item gjson.Result) bool {
			found = item.IsObject() && item.Get(gjson.Escape(member)).Exists()
			return !found
		})
	}
	return found
}

// command names what writes a kind of file, for messages.
func (k kind) command() string {
	switch k {
	case accountDetails:
		return "aws iam get-account-authorization-details"
	case keyList:
		return "aws kms list-keys"
	case keyMetadata:
		return "aws kms describe-key"
	case keyPolicy, barePolicy:
		return "aws kms get-key-policy"
	case aliasList:
		return "aws kms list-aliases"
	case grantList:
		return "aws kms list-grants"
	case tagList:
		return "aws kms list-resource-tags"
	case organizationInfo:
		return "aws organizations describe-organization"
	case rootList:
		return "aws organizations list-roots"
	case unitList:
		return "aws organizations list-organizational-units-for-parent"
	case memberList:
		return "aws organizations list-accounts-for-parent"
	case attachmentList:
		return "aws organizations list-policies-for-target"
	case policyContent:
		return "aws organizations describe-policy"
	case endpointList:
		return "aws ec2 describe-vpc-endpoints"
	case manifestFile:
		return "strictkms snapshot"
	default:
		return "a command that is not known here"
	}
}
