package iam

import "github.com/strictkms/strictkms/policy"

// IsServiceLinked reports whether a role is a service-linked one, by its own word, its path or its name.
func (r *RoleDetail) IsServiceLinked() bool { return r.serviceLinked() }

// ShownTrust is the trust policy of a role as it counts: a user or role that it named when it was put, and that is not
// there any more or is another one under the same name by now, stands in it by its unique id, as at AWS
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
func (s *Service) ShownTrust(r *RoleDetail) string {
	gone := map[string]string{}
	for principal, id := range r.TrustIDs {
		if now, exists := s.Lookup(principal); !exists || now != id {
			gone[principal] = id
		}
	}
	if len(gone) == 0 {
		return r.Trust
	}
	document, _ := policy.Parse(policy.TrustPolicy, "trust policy", []byte(r.Trust), policy.WithoutSizeLimit())
	if document == nil {
		return r.Trust
	}
	return document.RenamePrincipals(r.Trust, gone)
}
