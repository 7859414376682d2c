// Package organizations is a slice of the API of AWS Organizations
// (https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html): the tree of an organization, its accounts,
// and the service control and resource control policies that are attached there. They decide the very next call. The
// operations are in tables, a family to a file; see package operation for their form. Everything is asked for and
// changed by the management account.
package organizations
