package trail

import (
	"maps"

	"github.com/strictkms/strictkms/policy"
)

// kmsService is how CloudTrail calls AWS KMS when it does something in another Region for a caller.
const kmsService = "kms.amazonaws.com"

// elsewhere is the record that a call has in another Region, made of that in its own; nil for none.
func elsewhere(e *Entry, r *record) *record {
	if e.Service != nil || e.Err != nil {
		return nil
	}
	switch e.Operation {
	case "ReplicateKey":
		return replicaCreated(e, r)
	case "UpdatePrimaryRegion":
		return becamePrimary(e, r)
	default:
		return nil
	}
}

// inRegion is a record of the same request in another Region, where AWS KMS calls itself for the caller.
func (r *record) inRegion(e *Entry, region string) *record {
	other := *r
	other.AWSRegion, other.EventID = region, eventID(e, r.RecipientAccountID)
	who := *r.UserIdentity
	who.InvokedBy = kmsService
	other.UserIdentity = &who
	return &other
}

// becamePrimary is the record in the Region whose key is the primary key now. It tells the key by its ARN, and has no
// resources (https://docs.aws.amazon.com/kms/latest/developerguide/ct-update-primary-region.html).
func becamePrimary(e *Entry, r *record) *record {
	region, ok := r.RequestParameters["primaryRegion"].(string)
	if !ok {
		return nil
	}
	other := r.inRegion(e, region)
	other.Resources = nil
	other.RequestParameters = maps.Clone(r.RequestParameters)
	decisions := e.Call.Decisions()
	for i := range decisions {
		if key := decisions[i].Request.Key; key != nil && regionOf(key.ARN) == region {
			other.RequestParameters["keyId"] = key.ARN
		}
	}
	return other
}

// replicaCreated is the record of CreateKey in the Region of a replica: "a ReplicateKey request results in a ReplicateKey
// operation and a CreateKey operation" (https://docs.aws.amazon.com/kms/latest/developerguide/ct-replicate-key.html). AWS
// shows no example; what the parameters say of the key is what the record of ReplicateKey says.
func replicaCreated(e *Entry, r *record) *record {
	key, ok := r.ResponseElements["replicaKeyMetadata"].(map[string]any)
	arn, isText := key["arn"].(string)
	if !ok || !isText {
		return nil
	}
	other := r.inRegion(e, regionOf(arn))
	other.EventName = "CreateKey"
	other.ResponseElements = map[string]any{"keyMetadata": key}
	other.Resources = []resource{{AccountID: r.RecipientAccountID, Type: "AWS::KMS::Key", ARN: arn}}
	other.RequestParameters = map[string]any{}
	for _, name := range []string{"bypassPolicyLockoutSafetyCheck", "description", "policy", "tags"} {
		if value, given := r.RequestParameters[name]; given {
			other.RequestParameters[name] = value
		}
	}
	for _, name := range []string{"customerMasterKeySpec", "keySpec", "keyUsage", "multiRegion", "origin"} {
		other.RequestParameters[name] = key[name]
	}
	return other
}

// regionOf is the Region of an ARN, empty for one without.
func regionOf(arn string) string {
	parsed, _ := policy.ParseARN(arn)
	return parsed.Region
}
