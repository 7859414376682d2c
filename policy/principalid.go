package policy

// PrincipalIDs looks the principals of a policy up, and returns the unique ids of those that have one, nil for none, and
// the first that does not exist, nil when all do. lookup says of the ARN of a user, a role or a session whether it
// exists, and its unique id if it has one. A unique id as a principal stands for what was deleted: it does not exist.
func (d *Document) PrincipalIDs(lookup func(arn string) (id string, exists bool)) (ids map[string]string, missing *Principal) {
	for _, statement := range d.Statements {
		if statement.Principals == nil {
			continue
		}
		for i := range statement.Principals.Values {
			p := &statement.Principals.Values[i]
			id, exists := p.Lookup(lookup)
			if !exists && missing == nil {
				missing = p
			}
			if id != "" {
				if ids == nil {
					ids = map[string]string{}
				}
				ids[p.Text] = id
			}
		}
	}
	return ids, missing
}

// Lookup asks lookup for a principal of a policy, as [Document.PrincipalIDs] does for all. What is no user, role or session
// exists and has no id.
func (p *Principal) Lookup(lookup func(arn string) (id string, exists bool)) (id string, exists bool) {
	switch p.Form {
	case PrincipalUser, PrincipalRole, PrincipalRoleSession, PrincipalFederatedUser:
		return lookup(p.Text)
	case PrincipalUniqueID, PrincipalUnknown:
		return "", false
	default:
		return "", true
	}
}
