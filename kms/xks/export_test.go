package xks

// OnlyPublic is the check of addresses.
var OnlyPublic = onlyPublic
