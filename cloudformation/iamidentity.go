package cloudformation

// The lengths of names (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length).
const (
	maxUserName  = 64
	maxRoleName  = 64
	maxOtherName = 128
)

// userProperties are those of AWS::IAM::User
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-user.html), without
// LoginProfile: there is no console to sign in to.
type userProperties struct {
	Groups              []string
	ManagedPolicyArns   []string
	Path                string
	PermissionsBoundary string
	Policies            []inlinePolicy
	Tags                []tagRecord
	UserName            string
}

var userKind = kindOf[userProperties]{
	replaces: []string{"UserName"}, name: "UserName", iam: true,
	create: func(w *work, r *resourceRecord, p *userProperties) error {
		err := w.createIdentity(r, "User", p.UserName, maxUserName, fields{
			"Path": p.Path, "PermissionsBoundary": p.PermissionsBoundary, "Tags": p.Tags,
		})
		if err != nil {
			return err
		}
		return w.giveUser(r, &userProperties{}, p)
	},
	update: func(w *work, r *resourceRecord, before, after *userProperties) error {
		h := holder{"User", r.PhysicalID}
		if before.Path != after.Path {
			if err := w.movePath(r, h, after.Path); err != nil {
				return err
			}
		}
		if err := w.setBoundary(h, before.PermissionsBoundary, after.PermissionsBoundary); err != nil {
			return err
		}
		if err := w.setTags(h, before.Tags, after.Tags); err != nil {
			return err
		}
		return w.giveUser(r, before, after)
	},
	remove: func(w *work, r *resourceRecord, p *userProperties) error {
		return w.removeHolder(holder{"User", r.PhysicalID}, p.Policies, p.ManagedPolicyArns, p.Groups)
	},
}.kind()

func (w *work) giveUser(r *resourceRecord, before, after *userProperties) error {
	h := holder{"User", r.PhysicalID}
	if err := w.setGroups(h.name, before.Groups, after.Groups); err != nil {
		return err
	}
	if err := w.setAttached(h, before.ManagedPolicyArns, after.ManagedPolicyArns); err != nil {
		return err
	}
	return w.setInline(h, before.Policies, after.Policies)
}

// createIdentity makes a user, group or role.
func (w *work) createIdentity(r *resourceRecord, kind, name string, most int, more fields) error {
	var err error
	if name == "" {
		if name, err = w.newName(r, most); err != nil {
			return err
		}
	}
	more[kind+"Name"] = name
	out, err := w.iam("Create"+kind, more)
	if err != nil {
		return err
	}
	r.PhysicalID = name
	arn, err := member(out, kind, "Arn")
	r.Attributes = map[string]string{"Arn": arn}
	if err == nil && kind == "Role" {
		r.Attributes["RoleId"], err = member(out, kind, "RoleId")
	}
	return err
}

// movePath gives a user or group another path, and with it another ARN.
func (w *work) movePath(r *resourceRecord, h holder, path string) error {
	if path == "" {
		path = "/"
	}
	if err := steps(w.iam, step{"Update" + h.kind, h.with(fields{"NewPath": path})}); err != nil {
		return err
	}
	out, err := w.iam("Get"+h.kind, h.with(fields{}))
	if err != nil {
		return err
	}
	arn, err := member(out, h.kind, "Arn")
	r.Attributes = map[string]string{"Arn": arn}
	return err
}

// groupProperties are those of AWS::IAM::Group
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-group.html).
type groupProperties struct {
	GroupName         string
	ManagedPolicyArns []string
	Path              string
	Policies          []inlinePolicy
}

var groupKind = kindOf[groupProperties]{
	replaces: []string{"GroupName"}, name: "GroupName", iam: true,
	create: func(w *work, r *resourceRecord, p *groupProperties) error {
		if err := w.createIdentity(r, "Group", p.GroupName, maxOtherName, fields{"Path": p.Path}); err != nil {
			return err
		}
		return w.giveGroup(r, &groupProperties{}, p)
	},
	update: func(w *work, r *resourceRecord, before, after *groupProperties) error {
		if before.Path != after.Path {
			if err := w.movePath(r, holder{"Group", r.PhysicalID}, after.Path); err != nil {
				return err
			}
		}
		return w.giveGroup(r, before, after)
	},
	remove: func(w *work, r *resourceRecord, p *groupProperties) error {
		return w.removeHolder(holder{"Group", r.PhysicalID}, p.Policies, p.ManagedPolicyArns, nil)
	},
}.kind()

func (w *work) giveGroup(r *resourceRecord, before, after *groupProperties) error {
	h := holder{"Group", r.PhysicalID}
	if err := w.setAttached(h, before.ManagedPolicyArns, after.ManagedPolicyArns); err != nil {
		return err
	}
	return w.setInline(h, before.Policies, after.Policies)
}

// roleProperties are those of AWS::IAM::Role
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html).
type roleProperties struct {
	AssumeRolePolicyDocument document
	Description              string
	ManagedPolicyArns        []string
	MaxSessionDuration       number
	Path                     string
	PermissionsBoundary      string
	Policies                 []inlinePolicy
	RoleName                 string
	Tags                     []tagRecord
}

var roleKind = kindOf[roleProperties]{
	required: []string{"AssumeRolePolicyDocument"}, replaces: []string{"Path", "RoleName"}, name: "RoleName", iam: true,
	create: func(w *work, r *resourceRecord, p *roleProperties) error {
		err := w.createIdentity(r, "Role", p.RoleName, maxRoleName, fields{
			"AssumeRolePolicyDocument": p.AssumeRolePolicyDocument, "Description": p.Description, "Path": p.Path,
			"MaxSessionDuration": int(p.MaxSessionDuration), "PermissionsBoundary": p.PermissionsBoundary, "Tags": p.Tags,
		})
		if err != nil {
			return err
		}
		return w.giveRole(r, &roleProperties{}, p)
	},
	update: updateRole,
	remove: func(w *work, r *resourceRecord, p *roleProperties) error {
		return w.removeHolder(holder{"Role", r.PhysicalID}, p.Policies, p.ManagedPolicyArns, nil)
	},
}.kind()

func updateRole(w *work, r *resourceRecord, before, after *roleProperties) error {
	h := holder{"Role", r.PhysicalID}
	var list []step
	if before.AssumeRolePolicyDocument != after.AssumeRolePolicyDocument {
		list = append(list, step{"UpdateAssumeRolePolicy", h.with(fields{"PolicyDocument": after.AssumeRolePolicyDocument})})
	}
	if before.Description != after.Description || before.MaxSessionDuration != after.MaxSessionDuration {
		list = append(list, step{"UpdateRole", h.with(fields{
			"Description": after.Description, "MaxSessionDuration": int(after.MaxSessionDuration),
		})})
	}
	if err := steps(w.iam, list...); err != nil {
		return err
	}
	if err := w.setBoundary(h, before.PermissionsBoundary, after.PermissionsBoundary); err != nil {
		return err
	}
	if err := w.setTags(h, before.Tags, after.Tags); err != nil {
		return err
	}
	return w.giveRole(r, before, after)
}

func (w *work) giveRole(r *resourceRecord, before, after *roleProperties) error {
	h := holder{"Role", r.PhysicalID}
	if err := w.setAttached(h, before.ManagedPolicyArns, after.ManagedPolicyArns); err != nil {
		return err
	}
	return w.setInline(h, before.Policies, after.Policies)
}

// membershipProperties are those of AWS::IAM::UserToGroupAddition
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-usertogroupaddition.html).
type membershipProperties struct {
	GroupName string
	Users     []string
}

var membershipKind = kindOf[membershipProperties]{
	required: []string{"GroupName", "Users"}, iam: true,
	create: func(w *work, r *resourceRecord, p *membershipProperties) error {
		var err error
		if r.PhysicalID, err = w.newName(r, maxOtherName); err != nil {
			return err
		}
		r.Attributes = map[string]string{"Id": r.PhysicalID}
		return steps(w.iam, memberships("AddUserToGroup", p)...)
	},
	update: func(w *work, _ *resourceRecord, before, after *membershipProperties) error {
		if before.GroupName == after.GroupName {
			gone := membershipProperties{before.GroupName, without(before.Users, after.Users)}
			added := membershipProperties{after.GroupName, without(after.Users, before.Users)}
			before, after = &gone, &added
		}
		if err := steps(w.iam, memberships("AddUserToGroup", after)...); err != nil {
			return err
		}
		return steps(tolerant(w.iam), memberships("RemoveUserFromGroup", before)...)
	},
	remove: func(w *work, _ *resourceRecord, p *membershipProperties) error {
		return steps(tolerant(w.iam), memberships("RemoveUserFromGroup", p)...)
	},
}.kind()

func memberships(name string, p *membershipProperties) []step {
	var list []step
	for _, user := range p.Users {
		list = append(list, step{name, fields{"GroupName": p.GroupName, "UserName": user}})
	}
	return list
}

// accessKeyProperties are those of AWS::IAM::AccessKey
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-accesskey.html).
type accessKeyProperties struct {
	Serial           number
	Status, UserName string
}

var accessKeyKind = kindOf[accessKeyProperties]{
	required: []string{"UserName"}, replaces: []string{"Serial", "UserName"}, iam: true,
	create: func(w *work, r *resourceRecord, p *accessKeyProperties) error {
		out, err := w.iam("CreateAccessKey", fields{"UserName": p.UserName})
		if err != nil {
			return err
		}
		if r.PhysicalID, err = member(out, "AccessKey", "AccessKeyId"); err != nil {
			return err
		}
		secret, err := member(out, "AccessKey", "SecretAccessKey")
		r.Attributes = map[string]string{"SecretAccessKey": secret, "Id": r.PhysicalID}
		if err != nil || p.Status == "" || p.Status == "Active" {
			return err
		}
		return setAccessKey(w, r, p)
	},
	update: func(w *work, r *resourceRecord, _, after *accessKeyProperties) error {
		return setAccessKey(w, r, after)
	},
	remove: func(w *work, r *resourceRecord, p *accessKeyProperties) error {
		_, err := w.iam("DeleteAccessKey", fields{"UserName": p.UserName, "AccessKeyId": r.PhysicalID})
		return err
	},
}.kind()

func setAccessKey(w *work, r *resourceRecord, p *accessKeyProperties) error {
	status := p.Status
	if status == "" {
		status = "Active"
	}
	_, err := w.iam("UpdateAccessKey", fields{"UserName": p.UserName, "AccessKeyId": r.PhysicalID, "Status": status})
	return err
}
