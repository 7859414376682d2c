package live

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// question is a request as a call of AWS KMS.
type question struct {
	action *policy.Action
	key    policy.ARN
	// keyID is what the call names the key by: its ARN, or that of an alias for kms:RequestAlias.
	keyID string
	// encryption is the encryption context, or of CreateGrant that of the grant's constraint.
	encryption map[string]string
	// given are the parameters that the call takes from condition keys, by folded name.
	given map[string][]string
	// keySpec is what the request says that the key is, for parameters that must fit it.
	keySpec string
	// grantID is the grant that RetireGrant and RevokeGrant are about.
	grantID string
}

// one is a parameter with one value, empty when it is not given.
func (q *question) one(name string) string {
	if values := q.given[policy.FoldKey(name)]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// encryptionContextPrefix is in front of the key of a pair of the encryption context, folded.
const encryptionContextPrefix = "kms:encryptioncontext:"

// newQuestion makes a call of a request. When that cannot be done it says why.
func newQuestion(req evaluator.Request, tls bool) (q *question, why string) {
	action, ok := policy.LookupAction(req.Action)
	if !ok {
		return nil, req.Action + " is no action of AWS KMS"
	}
	op, ok := operations[action.Name]
	switch {
	case !ok:
		return nil, action.Name + " has no DryRun: to ask would be to do it"
	case req.Key == nil: // no reader makes such a request
		return nil, "the request is not about a key"
	case len(req.EndpointPolicies) > 0:
		return nil, "the call would not come through the VPC endpoint"
	}
	q = &question{
		action: action, keyID: req.Key.ARN, encryption: map[string]string{}, given: map[string][]string{}, keySpec: req.Key.Spec,
	}
	q.key, _ = policy.ParseARN(req.Key.ARN)
	for _, name := range slices.Sorted(maps.Keys(req.Context)) {
		if why := q.take(op, name, req, tls); why != "" {
			return nil, why
		}
	}
	for _, name := range op.required {
		if len(q.given[policy.FoldKey(name)]) == 0 {
			return nil, "every call of " + action.Operation() + " has " + name + ", and the request has not"
		}
	}
	return q, q.complete(op, req)
}

// take puts a condition key into the call. It says why when the call cannot have it.
func (q *question) take(op operation, name string, req evaluator.Request, tls bool) (why string) {
	values := req.Context[name]
	folded := policy.FoldKey(name)
	key, known := policy.LookupConditionKey(name)
	switch {
	case len(values) == 0:
		return name + " is given without a value"
	case known && !q.action.PopulatesKey(key):
		return "calls of " + q.action.Operation() + " never have " + name
	case op.takes(name):
		if len(values) > 1 && !key.Multivalued {
			return name + " has several values"
		}
		q.given[folded] = values
		return ""
	case strings.HasPrefix(folded, encryptionContextPrefix) && op.encryption:
		if len(values) > 1 {
			return name + " has several values"
		}
		q.encryption[name[len(encryptionContextPrefix):]] = values[0]
		return ""
	case folded == "kms:encryptioncontextkeys" && op.encryption:
		return "" // compared when the whole encryption context is known
	case folded == "kms:keyspec":
		q.keySpec = values[0]
		return ""
	case ofTheWorld(folded):
		return ""
	}
	fixed, ok := q.fixed(folded, req, tls)
	switch {
	case !ok:
		return name + " is not the caller's to choose"
	case len(values) > 1 || values[0] != fixed:
		return fmt.Sprintf("the call would have %s = %q", name, fixed)
	}
	return ""
}

// ofTheWorld are condition keys about the principal and the key: like the policies of a request, they say what the
// account holds. When it holds something else, that is a difference worth finding.
func ofTheWorld(folded string) bool {
	for _, prefix := range []string{"aws:principaltag/", "aws:resourcetag/"} {
		if strings.HasPrefix(folded, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"aws:principalarn", "aws:principaltype", "aws:userid", "aws:username",
		"aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths",
		"kms:customermasterkeyspec", "kms:customermasterkeyusage", "kms:keyorigin", "kms:keyusage", "kms:multiregion",
		"kms:multiregionkeytype", "kms:resourcealiases",
	}, folded)
}

// fixed are the condition keys that follow from the call. ok is false for those that do not.
func (q *question) fixed(folded string, req evaluator.Request, tls bool) (value string, ok bool) {
	switch folded {
	case "aws:principalaccount", "kms:calleraccount":
		return req.Principal.Account, true
	case "aws:resourceaccount":
		return q.key.Account, true
	case "aws:requestedregion":
		return q.key.Region, true
	case "aws:securetransport":
		return strconv.FormatBool(tls), true
	case "aws:viaawsservice", "aws:principalisawsservice", "kms:grantisforawsresource":
		return "false", true
	case "kms:encryptionalgorithm": // of data keys, which only symmetric keys encrypt
		return symmetricDefault, true
	default:
		return "", false
	}
}

// symmetricDefault is the encryption algorithm of symmetric keys.
const symmetricDefault = "SYMMETRIC_DEFAULT"

// complete checks what takes more than one condition key.
func (q *question) complete(op operation, req evaluator.Request) (why string) {
	for name, values := range req.Context {
		if policy.FoldKey(name) == "kms:encryptioncontextkeys" &&
			!slices.Equal(slices.Sorted(slices.Values(values)), slices.Sorted(maps.Keys(q.encryption))) {
			return name + " is not the keys of the encryption context"
		}
	}
	if alias := q.one("kms:RequestAlias"); alias != "" {
		q.keyID = policy.AliasARN(q.key.Partition, q.key.Region, q.key.Account, alias).String()
	}
	if op.needsGrant {
		if len(req.Key.Grants) != 1 || !isGrantID(req.Key.Grants[0].ID) {
			return "the call needs the GrantId of a grant on the key: grants must hold that grant alone"
		}
		q.grantID = req.Key.Grants[0].ID
	}
	if op.check != nil {
		return op.check(q)
	}
	return ""
}

// grantIDLength is the length of the ids of grants: 64 hexadecimal digits in all that AWS KMS makes; the API takes 1
// to 128 characters (https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html).
const grantIDLength = 64

func isGrantID(id string) bool {
	return len(id) == grantIDLength && strings.Trim(id, "0123456789abcdef") == ""
}
