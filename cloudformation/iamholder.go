package cloudformation

import "slices"

// holder is a user, group or role that policies are given to: its kind is User, Group or Role.
type holder struct{ kind, name string }

func (h holder) with(more fields) fields {
	more[h.kind+"Name"] = h.name
	return more
}

// inlinePolicy is an entry of Policies of AWS::IAM::User, AWS::IAM::Group and AWS::IAM::Role
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-iam-user-policy.html).
type inlinePolicy struct {
	PolicyName     string
	PolicyDocument document
}

// setInline changes inline policies from what they were to what they are to be.
func (w *work) setInline(h holder, before, after []inlinePolicy) error {
	var list []step
	for _, p := range before {
		if !slices.ContainsFunc(after, func(other inlinePolicy) bool { return other.PolicyName == p.PolicyName }) {
			list = append(list, h.deleteInline(p.PolicyName))
		}
	}
	for _, p := range after {
		if !slices.Contains(before, p) {
			list = append(list, h.putInline(p))
		}
	}
	return steps(w.iam, list...)
}

func (h holder) putInline(p inlinePolicy) step {
	return step{"Put" + h.kind + "Policy", h.with(fields{"PolicyName": p.PolicyName, "PolicyDocument": p.PolicyDocument})}
}

func (h holder) deleteInline(name string) step {
	return step{"Delete" + h.kind + "Policy", h.with(fields{"PolicyName": name})}
}

func (h holder) attach(arn string) step {
	return step{"Attach" + h.kind + "Policy", h.with(fields{"PolicyArn": arn})}
}

func (h holder) detach(arn string) step {
	return step{"Detach" + h.kind + "Policy", h.with(fields{"PolicyArn": arn})}
}

// setAttached changes which managed policies are attached.
func (w *work) setAttached(h holder, before, after []string) error {
	var list []step
	for _, arn := range without(before, after) {
		list = append(list, h.detach(arn))
	}
	for _, arn := range without(after, before) {
		list = append(list, h.attach(arn))
	}
	return steps(w.iam, list...)
}

// setBoundary changes the permissions boundary of a user or role.
func (w *work) setBoundary(h holder, before, after string) error {
	switch {
	case before == after:
		return nil
	case after == "":
		return steps(w.iam, step{"Delete" + h.kind + "PermissionsBoundary", h.with(fields{})})
	default:
		return steps(w.iam, step{"Put" + h.kind + "PermissionsBoundary", h.with(fields{"PermissionsBoundary": after})})
	}
}

// setTags changes the tags of a user or role.
func (w *work) setTags(h holder, before, after []tagRecord) error {
	var list []step
	if gone := missingTags(before, after); len(gone) > 0 {
		list = append(list, step{"Untag" + h.kind, h.with(fields{"TagKeys": gone})})
	}
	if added := newTags(before, after); len(added) > 0 {
		list = append(list, step{"Tag" + h.kind, h.with(fields{"Tags": added})})
	}
	return steps(w.iam, list...)
}

// setGroups changes the groups of a user.
func (w *work) setGroups(user string, before, after []string) error {
	var list []step
	for _, g := range without(before, after) {
		list = append(list, step{"RemoveUserFromGroup", fields{"GroupName": g, "UserName": user}})
	}
	for _, g := range without(after, before) {
		list = append(list, step{"AddUserToGroup", fields{"GroupName": g, "UserName": user}})
	}
	return steps(w.iam, list...)
}

// without are the elements of a list that are not in another.
func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
}

// tolerant does operations whose subject may be gone already.
func tolerant(do func(string, fields) (any, error)) func(string, fields) (any, error) {
	return func(name string, input fields) (any, error) {
		out, err := do(name, input)
		if isGone(err) {
			return out, nil
		}
		return out, err
	}
}

// removeHolder deletes a user, group or role with what the template gave it.
func (w *work) removeHolder(h holder, inline []inlinePolicy, attached, groups []string) error {
	var list []step
	for _, g := range groups {
		list = append(list, step{"RemoveUserFromGroup", fields{"GroupName": g, "UserName": h.name}})
	}
	for _, p := range inline {
		list = append(list, h.deleteInline(p.PolicyName))
	}
	for _, arn := range attached {
		list = append(list, h.detach(arn))
	}
	return steps(tolerant(w.iam), append(list, step{"Delete" + h.kind, h.with(fields{})})...)
}
