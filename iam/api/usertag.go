package api

import "github.com/strictkms/strictkms/iam"

var userTagOperations = []operationOf{
	acts("TagUser", tagUser),
	acts("UntagUser", untagUser),
	answers("ListUserTags", listUserTags),
}

type tagUserInput struct {
	UserName *string `iam:"required,min=1,max=128,pattern=name"`
	Tags     []tag   `iam:"required,max=50"`
}

func tagUser(c *call, in *tagUserInput) error {
	return c.changeUser("iam:TagUser", *in.UserName, func(_ *iam.Edit, u *iam.UserDetail) (err error) {
		u.Tags, err = withTags(u.Tags, in.Tags)
		return err
	}, requestTags(in.Tags))
}

type untagUserInput struct {
	UserName *string  `iam:"required,min=1,max=128,pattern=name"`
	TagKeys  []string `iam:"required,max=50,each=min=1;max=128;pattern=tagKey"`
}

func untagUser(c *call, in *untagUserInput) error {
	return c.changeUser("iam:UntagUser", *in.UserName, func(_ *iam.Edit, u *iam.UserDetail) error {
		u.Tags = withoutTags(u.Tags, in.TagKeys)
		return nil
	}, tagKeys(in.TagKeys))
}

// changeUser changes a user whom the caller may do the action on.
func (c *call) changeUser(action, name string, change func(*iam.Edit, *iam.UserDetail) error, more ...keys) error {
	return c.edit(func(e *iam.Edit) error {
		u := e.User(c.Account, name)
		if err := c.authorize(action, c.user(u, name), more...); err != nil {
			return err
		}
		if u == nil {
			return noSuch("user", name)
		}
		if err := change(e, u); err != nil {
			return err
		}
		return e.PutUser(u)
	})
}

// readUser returns a user whom the caller may do the action on.
func (c *call) readUser(action, name string) (*iam.UserDetail, error) {
	u := c.view.User(c.Account, name)
	if err := c.authorize(action, c.user(u, name)); err != nil {
		return nil, err
	}
	if u == nil {
		return nil, noSuch("user", name)
	}
	return u, nil
}

type listUserTagsInput struct {
	UserName *string `iam:"required,min=1,max=128,pattern=name"`
	pageInput
}

type listTagsOutput struct {
	Tags []tag
	pageOutput
}

func listUserTags(c *call, in *listUserTagsInput) (*listTagsOutput, error) {
	u, err := c.readUser("iam:ListUserTags", *in.UserName)
	if err != nil {
		return nil, err
	}
	return listTags(u.Tags, &in.pageInput)
}

// listTags is a page of tags.
func listTags(tags map[string]string, in *pageInput) (*listTagsOutput, error) {
	var out listTagsOutput
	var err error
	out.Tags, out.pageOutput, err = page("tags", in, named(newTags(tags), func(t tag) string { return *t.Key }))
	return &out, err
}
