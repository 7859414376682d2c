// Package terraform reads Terraform plans and states, as terraform show -json prints them, into a
// [source.World]: KMS keys with their policies, aliases and grants, IAM users, groups, roles and policies,
// organizations and the policies of VPC endpoints
// (https://developer.hashicorp.com/terraform/internals/json-format).
//
// The world is the one after the plan is applied, or, on request, the one before. Terraform is not run and nobody is
// asked. A plan does not know everything: what only AWS will know is a value that is known after apply. Such a value is
// looked up through the configuration in the plan when it refers to something that the plan makes, and to nothing
// else that is unknown; it stays unknown otherwise, which is said, and what depends on it is conditional. The
// configuration in a plan tells what an expression refers to, not how it is written: what was looked up in a policy
// in this way is said as well.
//
// Names and ids that AWS would invent are made from the address, so that the same plan always gives the same ones:
//
//   - a user, group, role or managed policy without a name is called by its name_prefix, or terraform-, and its address;
//   - a key's id is a UUID, or mrk- and 32 hexadecimal digits for a multi-Region key;
//   - the unique ids of users and roles are AIDA or AROA and 17 letters and digits.
package terraform

import (
	"cmp"
	"regexp"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Options say what a plan does not, and which of its worlds is meant.
type Options struct {
	// Account is the account of what the plan does not give one: 12 digits. Empty means that of the world's
	// defaults, or 111122223333.
	Account string
	// Region is the Region of what the plan does not give one. Empty means that of the world's defaults, or
	// us-east-1.
	Region string
	// Before asks for the world as it is before the plan is applied.
	Before bool
}

// regionName is the form of the names of Regions, for example eu-west-2 or us-gov-east-1.
var regionName = regexp.MustCompile(`\A[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\z`)

// Load adds what a plan or a state declares to the world. The error is a [policy.Diagnostics] with every mistake found,
// each with its position; the world is then as it was. What could not be resolved is added to the world's
// warnings. file names the plan in positions.
func Load(w *source.World, file string, src []byte, opts Options) error {
	d := read(file, src)
	if len(d.errors) > 0 {
		return d.errors
	}
	opts.Account = cmp.Or(opts.Account, w.Defaults.Account, "111122223333")
	opts.Region = cmp.Or(opts.Region, w.Defaults.Region, "us-east-1")
	if !policy.IsAccountID(opts.Account) {
		d.fail(0, "invalid-option", "%s is no account id: expected 12 digits", quote(opts.Account))
	}
	if !regionName.MatchString(opts.Region) {
		d.fail(0, "invalid-option", "%s is no Region: expected a name such as eu-west-2", quote(opts.Region))
	}
	p := d.plan(opts)
	if len(d.errors) > 0 {
		d.errors.Sort()
		return d.errors
	}
	b := p.build(w)
	if len(d.errors) > 0 {
		d.errors.Sort()
		return d.errors
	}
	b.addTo(w)
	d.warnings.Sort()
	w.Warnings = append(w.Warnings, d.warnings...)
	return nil
}
