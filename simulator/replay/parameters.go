package replay

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// parameters are requestParameters: the request's, with names that begin with a small letter, and without what is
// secret.
type parameters map[string]json.RawMessage

// text is a parameter that is a text, a number or a boolean, empty when it is not there.
func (p parameters) text(name string) string {
	raw := p[name]
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		return s
	}
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null" {
		return ""
	}
	return string(raw)
}

// list is a parameter that is a list of texts.
func (p parameters) list(name string) []string {
	var list []string
	if err := json.Unmarshal(p[name], &list); err != nil {
		return nil
	}
	return list
}

// pairs is a parameter of names and texts.
func (p parameters) pairs(name string) map[string]string {
	var pairs map[string]string
	if err := json.Unmarshal(p[name], &pairs); err != nil {
		return nil
	}
	return pairs
}

// tags are the tags of a request.
func (p parameters) tags() map[string]string {
	var list []struct{ TagKey, TagValue string }
	if err := json.Unmarshal(p["tags"], &list); err != nil {
		return nil
	}
	out := map[string]string{}
	for _, t := range list {
		out[t.TagKey] = t.TagValue
	}
	return out
}

// conditionOf are the condition keys that are parameters by the names of these
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
var conditionOf = map[string]string{
	"encryptionAlgorithm":            "kms:EncryptionAlgorithm",
	"keyPairSpec":                    "kms:DataKeyPairSpec",
	"signingAlgorithm":               "kms:SigningAlgorithm",
	"messageType":                    "kms:MessageType",
	"macAlgorithm":                   "kms:MacAlgorithm",
	"keyAgreementAlgorithm":          "kms:KeyAgreementAlgorithm",
	"granteePrincipal":               "kms:GranteePrincipal",
	"granteeServicePrincipal":        "kms:GranteeServicePrincipal",
	"retiringPrincipal":              "kms:RetiringPrincipal",
	"retiringServicePrincipal":       "kms:RetiringServicePrincipal",
	"keySpec":                        "kms:KeySpec",
	"keyUsage":                       "kms:KeyUsage",
	"origin":                         "kms:KeyOrigin",
	"multiRegion":                    "kms:MultiRegion",
	"bypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck",
	"pendingWindowInDays":            "kms:ScheduleKeyDeletionPendingWindowInDays",
	"rotationPeriodInDays":           "kms:RotationPeriodInDays",
	"replicaRegion":                  "kms:ReplicaRegion",
	"primaryRegion":                  "kms:PrimaryRegion",
	"wrappingAlgorithm":              "kms:WrappingAlgorithm",
	"wrappingKeySpec":                "kms:WrappingKeySpec",
	"expirationModel":                "kms:ExpirationModel",
}

// ofNewKeys are the condition keys that describe the key itself, except where a request makes one: keySpec is another
// parameter of GenerateDataKey.
var ofNewKeys = []string{"kms:KeySpec", "kms:KeyUsage", "kms:KeyOrigin", "kms:MultiRegion"}

// addParameters adds the condition keys that an action takes from the parameters of its request.
func (e *Event) addParameters(c evaluator.Context, action *policy.Action, side reEncryptSide) {
	p := e.RequestParameters
	set := func(key string, values ...string) {
		if len(values) > 0 && values[0] != "" && action.Populates(key) {
			c[key] = values
		}
	}
	for name, key := range conditionOf {
		if !slices.Contains(ofNewKeys, key) || action.Name == "kms:CreateKey" {
			set(key, p.text(name))
		}
	}
	e.addEncryptionContext(c, action, side)
	for key, value := range p.tags() {
		set("aws:RequestTag/"+key, value)
		if action.Populates("aws:TagKeys") {
			c["aws:TagKeys"] = append(c["aws:TagKeys"], key)
		}
	}
	slices.Sort(c["aws:TagKeys"])
	set("aws:TagKeys", p.list("tagKeys")...)
	set("kms:GrantOperations", p.list("operations")...)
	// CloudTrail writes times as Jan 2, 2006, 3:04:05 PM.
	if at, err := time.Parse("Jan 2, 2006, 3:04:05 PM", p.text("validTo")); err == nil {
		set("kms:ValidTo", at.UTC().Format(time.RFC3339))
	}
	if alias := aliasName(p.text(side.parameter("keyId"))); alias != "" {
		set("kms:RequestAlias", alias)
	}
}

// addEncryptionContext adds the encryption context: of the operation, or of the constraint of the grant that it makes.
func (e *Event) addEncryptionContext(c evaluator.Context, action *policy.Action, side reEncryptSide) {
	if !action.Populates("kms:EncryptionContextKeys") {
		return
	}
	pairs := e.RequestParameters.pairs(side.parameter("encryptionContext"))
	if side != notReEncrypt {
		if algorithm := e.RequestParameters.text(side.parameter("encryptionAlgorithm")); algorithm != "" {
			c["kms:EncryptionAlgorithm"] = []string{algorithm}
		}
	}
	var constraints struct {
		EncryptionContextEquals, EncryptionContextSubset map[string]string
		SourceArn                                        string
	}
	if err := json.Unmarshal(e.RequestParameters["constraints"], &constraints); err == nil {
		switch {
		case constraints.EncryptionContextEquals != nil:
			pairs, c["kms:GrantConstraintType"] = constraints.EncryptionContextEquals, []string{"EncryptionContextEquals"}
		case constraints.EncryptionContextSubset != nil:
			pairs, c["kms:GrantConstraintType"] = constraints.EncryptionContextSubset, []string{"EncryptionContextSubset"}
		}
		if constraints.SourceArn != "" {
			c["kms:GrantConstraintSourceArn"] = []string{constraints.SourceArn}
		}
	}
	for name, value := range pairs {
		c["kms:EncryptionContext:"+name] = []string{value}
	}
}

// aliasName is the name of the alias that a key is named by, empty for an id or the ARN of a key.
func aliasName(keyID string) string {
	if arn, ok := policy.ParseARN(keyID); ok {
		name, isAlias := arn.AliasName()
		if !isAlias {
			return ""
		}
		return name
	}
	if strings.HasPrefix(keyID, "alias/") {
		return keyID
	}
	return ""
}

// reEncryptSide is a half of ReEncrypt, whose parameters have names of their own.
type reEncryptSide string

const (
	notReEncrypt reEncryptSide = ""
	reEncryptOf  reEncryptSide = "source"
	reEncryptTo  reEncryptSide = "destination"
)

// parameter is the name of a parameter.
func (s reEncryptSide) parameter(name string) string {
	if s == notReEncrypt {
		return name
	}
	return string(s) + strings.ToUpper(name[:1]) + name[1:]
}
