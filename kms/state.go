package kms

// state is the snapshot in memory (to be written).
type state struct{}
