package api

import (
	"maps"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

// resource is what an operation acts on.
type resource struct {
	arn string
	// named is how AWS's denials name what is there already, for example "user alice"; empty for the ARN.
	named string
	tags  map[string]string
}

// everything is the resource of actions that have none.
var everything = resource{arn: "*"}

// keys are condition keys that come from the parameters of a request.
type keys map[string][]string

// authorize asks whether the caller may do an action, for example iam:GetUser.
func (c *call) authorize(action string, on resource, more ...keys) error {
	context := map[string][]string{}
	for _, k := range more {
		maps.Copy(context, k)
	}
	return c.Authorizer.AuthorizeAction(c.ctx, &operation.Access{
		Action: action, Resource: on.arn, Named: on.named, Tags: on.tags, Context: context,
	})
}

// authorizeMaking asks whether the caller may make a thing of a kind, for example a User: iam:CreateUser, and iam:TagUser
// for one with tags.
func (c *call) authorizeMaking(kind string, on resource, tags []tag, more ...keys) error {
	if err := c.authorize("iam:Create"+kind, on, append(more, requestTags(tags))...); err != nil || len(tags) == 0 {
		return err
	}
	return c.authorize("iam:Tag"+kind, on, requestTags(tags))
}

// user is a user as a resource; u is nil for one that is not there.
func (c *call) user(u *iam.UserDetail, name string) resource {
	if u == nil {
		return resource{arn: c.arn(iam.KindUser, "/", name), named: "user " + name}
	}
	return resource{arn: c.arn(iam.KindUser, u.Path, u.Name), named: "user " + u.Name, tags: u.Tags}
}

// group is a group as a resource; g is nil for one that is not there.
func (c *call) group(g *iam.GroupDetail, name string) resource {
	if g == nil {
		return resource{arn: c.arn(iam.KindGroup, "/", name), named: "group " + name}
	}
	return resource{arn: c.arn(iam.KindGroup, g.Path, g.Name), named: "group " + g.Name}
}

// requestTags are the condition keys of tags in a request
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests).
func requestTags(tags []tag) keys {
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

// boundaryKey is the condition key of a permissions boundary, of the request or of the user or role that is there.
func boundaryKey(arn string) keys {
	if arn == "" {
		return nil
	}
	return keys{"iam:PermissionsBoundary": {arn}}
}
