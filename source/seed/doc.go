// Package seed writes a loaded world to the store of a server: accounts with their organization, identities with
// their access keys, root access keys, keys with aliases, tags, policies and grants, under the ids and ARNs that the
// world has. What the server holds already is kept as it is, so that the next start with the same files changes
// nothing. It also writes the AWS shared credentials file that clients find the access keys in.
package seed
