package cloudformation

import (
	"maps"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
)

// keys are condition keys that come from the parameters of a request
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html#awscloudformation-policy-keys).
type keys map[string][]string

// everything is the resource of actions that have none.
const everything = "*"

// authorize asks whether the caller may do an action of AWS CloudFormation on a stack.
func (c *call) authorize(action, resource string, more ...keys) error {
	return c.authorizeOn(action, resource, nil, more...)
}

func (c *call) authorizeOn(action, resource string, tags map[string]string, more ...keys) error {
	context := map[string][]string{}
	for _, k := range more {
		maps.Copy(context, k)
	}
	return c.Authorizer.AuthorizeAction(c.ctx, &operation.Access{
		Action: "cloudformation:" + action, Resource: resource, Tags: tags, Context: context,
	})
}

// stackResource is a stack as a resource: its id, or for one that is not there the name with any id.
func (c *call) stackResource(s *stackRecord, nameOrID string) (string, map[string]string) {
	switch {
	case s != nil:
		tags := map[string]string{}
		for _, t := range s.Tags {
			tags[t.Key] = t.Value
		}
		return s.ID, tags
	case isARN(nameOrID):
		return nameOrID, nil
	default:
		return c.arn("stack", nameOrID, "*"), nil
	}
}

// authorizeStack asks whether the caller may do an action on a stack, which may not exist.
func (c *call) authorizeStack(action string, s *stackRecord, nameOrID string, more ...keys) error {
	resource, tags := c.stackResource(s, nameOrID)
	return c.authorizeOn(action, resource, tags, more...)
}

// existing finds a stack, when the caller may do the action on it. missing is what AWS says about one that is not there.
func (c *call) existing(action, nameOrID, missing string) (*stackRecord, error) {
	s, err := c.find(nameOrID)
	if err != nil {
		return nil, err
	}
	if err := c.authorizeStack(action, s, nameOrID); err != nil {
		return nil, err
	}
	if s == nil {
		return nil, invalid(missing, nameOrID)
	}
	return s, nil
}

func isARN(text string) bool {
	_, ok := policy.ParseARN(text)
	return ok
}

func templateURL(url *string) keys {
	if url == nil {
		return nil
	}
	return keys{"cloudformation:TemplateUrl": {*url}}
}

func requestTags(tags []tagInput) keys {
	if len(tags) == 0 {
		return nil
	}
	k := keys{"aws:TagKeys": nil}
	for _, t := range tags {
		k["aws:RequestTag/"+*t.Key] = []string{*t.Value}
		k["aws:TagKeys"] = append(k["aws:TagKeys"], *t.Key)
	}
	return k
}
