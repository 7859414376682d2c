// Package imports holds the rule which package of the module may import which. It has no code:
// the rule is its test, which fails when a package imports what its row does not list, and when a package has no row.
package imports
