package snapshot

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// policy reads a policy document: an object, a string that holds its JSON, or one whose JSON is URL-encoded, as the
// IAM API has it. AWS has accepted the policy, so that what is wrong with it here is a warning, and the policy is in force
// but unknown.
func (v values) policy(kind policy.Kind, name, arn string, value gjson.Result) *policy.Document {
	if value.Type != gjson.String && !value.IsObject() {
		v.wrongType("the policy "+name, value, "an object, or a string that holds its JSON")
		return nil
	}
	text := v.file.text.Text(value)
	if trimmed := bytes.TrimSpace(text.Bytes); len(trimmed) > 0 && trimmed[0] == '%' {
		if decoded, ok := text.DecodePercent(); ok {
			text = decoded
		}
	}
	options := []policy.Option{
		policy.WithFile(v.file.text.Name), policy.WithLocator(text.Locate), policy.WithoutSizeLimit(),
	}
	if arn != "" {
		options = append(options, policy.WithARN(arn))
	}
	doc, diags := policy.Parse(kind, name, text.Bytes, options...)
	for _, d := range diags {
		if d.Severity != policy.SeverityError && strings.Contains(arn, ":iam::aws:") {
			continue // nobody here can do anything about a policy of AWS
		}
		if d.Severity == policy.SeverityError {
			d.Message = name + " is in force but cannot be read here, so that what it says is unknown: " + d.Message
		}
		d.Severity = policy.SeverityWarning
		v.diags = append(v.diags, d)
	}
	if doc == nil {
		why := name + " cannot be read: " + diags.Errors()[0].Message
		return source.UnknownPolicy(kind, name, arn, why, v.pos(value))
	}
	return doc
}

// policies reads a list of inline policies with their names.
func (v values) policies(owner string, list gjson.Result) []*policy.Document {
	var docs []*policy.Document
	v.items(list, "the policies of "+owner, func(item gjson.Result, members map[string]gjson.Result) {
		name, ok := v.need(item, members, "PolicyName")
		document, has := members["PolicyDocument"]
		switch {
		case !ok:
		case !has:
			v.warn(codeMissing, v.pos(item), "the text of %s/%s is not in the snapshot: what it allows or denies is unknown", owner, name)
			docs = append(docs, source.UnknownPolicy(policy.IdentityPolicy, owner+"/"+name, "",
				"the text of "+owner+"/"+name+" is not in the snapshot", v.pos(item)))
		default:
			if doc := v.policy(policy.IdentityPolicy, owner+"/"+name, "", document); doc != nil {
				docs = append(docs, doc)
			}
		}
	})
	return docs
}

// attached reads the ARNs of the managed policies of a user, group or role.
func (v values) attached(owner string, list gjson.Result) []string {
	var arns []string
	v.items(list, "the attached policies of "+owner, func(item gjson.Result, members map[string]gjson.Result) {
		if arn, ok := v.need(item, members, "PolicyArn"); ok {
			arns = append(arns, arn)
		}
	})
	return arns
}
